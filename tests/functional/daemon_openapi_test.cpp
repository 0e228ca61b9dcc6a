// The OpenAPI document against what a running daemon answers.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

namespace margind::tests {
namespace {

using nlohmann::json;

bool has_type(const json& value, const std::string& type) {
    if (type == "null") return value.is_null();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return false;
}

// What of JSON Schema the document uses. Empty: valid; else the first place that is not.
std::string invalid(const json& value, const json& schema, const json& document, const std::string& place) {
    if (schema.contains("$ref")) return invalid(value, document.at(json::json_pointer(schema.at("$ref").get<std::string>().substr(1))), document, place);
    if (schema.contains("oneOf")) {
        for (const json& one : schema.at("oneOf"))
            if (invalid(value, one, document, place).empty()) return {};
        return place + ": none of oneOf fits " + value.dump();
    }
    if (schema.contains("type")) {
        const json& type = schema.at("type");
        bool good = false;
        if (type.is_array())
            for (const json& one : type) good = good || has_type(value, one);
        else
            good = has_type(value, type);
        if (!good) return place + ": " + value.dump().substr(0, 80) + " is no " + type.dump();
    }
    if (value.is_object()) {
        for (const json& name : schema.value("required", json::array()))
            if (!value.contains(name.get<std::string>())) return place + " has no " + name.get<std::string>();
        const json properties = schema.value("properties", json::object());
        for (const auto& [name, property] : properties.items()) {
            if (!value.contains(name)) continue;
            if (const std::string found = invalid(value.at(name), property, document, place + "/" + name); !found.empty()) return found;
        }
    }
    if (value.is_array() && schema.contains("items"))
        for (const json& item : value)
            if (const std::string found = invalid(item, schema.at("items"), document, place + "[]"); !found.empty()) return found;
    return {};
}

TEST(OpenApi, describes_every_answer_of_a_running_daemon) {
    ChainProcess chain;
    const std::string owner = chain.ready().at("accounts").at(0);
    const std::string other = chain.ready().at("accounts").at(1);
    chain.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
    chain.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "23000"}});
    const TempFolder folder;
    DaemonProcess daemon(folder, config_text(chain, {.owners = {owner}}));
    daemon.await("/v1/incidents", [](const Answer& a) { return !a.body.at("events").empty(); });
    const json document = daemon.get("/v1/openapi.json").body;
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    EXPECT_EQ(document.at("paths").size(), 13U);
    for (const auto& [path, item] : document.at("paths").items()) {
        std::string asked = path;
        const auto put = [&](const std::string& name, const std::string& value) {
            if (const auto at = asked.find(name); at != std::string::npos) asked.replace(at, name.size(), value);
        };
        put("{name}", "desk");
        put("{chain}", "31337");
        put("{address}", other);
        const Answer answer = daemon.get(asked);
        EXPECT_EQ(answer.status, 200) << asked << ": " << answer.text.substr(0, 300);
        const json& content = item.at("get").at("responses").at("200").at("content");
        const std::string type = content.begin().key();
        EXPECT_EQ(answer.content_type.substr(0, type.size()), type) << asked;
        if (type != "application/json") continue;
        EXPECT_EQ(invalid(answer.body, content.begin().value().at("schema"), document, asked), "");
    }
    // Errors as well.
    const json& problem = document.at("components").at("schemas").at("Problem");
    for (const char* path : {"/nothing", "/v1/portfolios/none", "/v1/incidents?after=x", "/v1/accounts/31337/0x1"}) {
        const Answer answer = daemon.get(path);
        EXPECT_GE(answer.status, 400) << path;
        EXPECT_EQ(answer.content_type, "application/problem+json") << path;
        EXPECT_EQ(invalid(answer.body, problem, document, path), "");
    }
}

}  // namespace
}  // namespace margind::tests
