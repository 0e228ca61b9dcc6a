// One message of a client of a FaultProxy, and what is answered.
#include "tests/support/fault_message.hpp"

#include "tests/support/fault_bodies.hpp"

#include <algorithm>
#include <utility>

namespace margind::tests {
namespace {

using nlohmann::json;

constexpr std::int64_t id_shift = 1'000'003;

json id_of(const json& call) { return call.contains("id") ? call.at("id") : json(); }

/// One answer to each call, as a batch or alone.
template <class F>
std::string answers(const FaultMessage& message, F fill) {
    json all = json::array();
    for (const json& call : message.calls) {
        json answer = json::object();
        answer["jsonrpc"] = "2.0";
        answer["id"] = id_of(call);
        fill(answer);
        all.push_back(std::move(answer));
    }
    return message.batch ? all.dump() : all.empty() ? std::string("null") : all.front().dump();
}

std::string with_wrong_ids(const std::string& text) {
    json answer = json::parse(text, nullptr, false);
    const auto shift = [](json& one) {
        if (one.is_object()) one["id"] = one.value("id", json()).is_number_integer() ? json(one.at("id").get<std::int64_t>() + id_shift) : json("wrong");
    };
    if (answer.is_array())
        for (json& one : answer) shift(one);
    shift(answer);
    return answer.dump();
}

void limit(json& answer) {
    json error = json::object();
    error["code"] = -32005;
    error["message"] = "limit exceeded";
    answer["error"] = std::move(error);
}

}  // namespace

std::vector<std::string> FaultMessage::methods() const {
    std::vector<std::string> out;
    for (const json& call : calls) out.push_back(call.value("method", json()).is_string() ? call.at("method").get<std::string>() : "?");
    if (out.empty()) out.emplace_back("?");
    return out;
}

std::string FaultMessage::id() const { return calls.empty() ? "null" : id_of(calls.front()).dump(); }

FaultMessage parse_message(std::uint64_t number, std::string text) {
    FaultMessage out;
    out.number = number;
    json message = json::parse(text, nullptr, false);
    out.batch = message.is_array();
    if (out.batch) {
        for (json& call : message)
            if (call.is_object()) out.calls.push_back(std::move(call));
    } else if (message.is_object()) {
        out.calls.push_back(std::move(message));
    }
    out.text = std::move(text);
    return out;
}

Disruption disruption_of(const FaultPlan& plan, const FaultMessage& message) {
    const auto named = [&](const std::string& method) { return std::ranges::find(plan.methods, method) != plan.methods.end(); };
    if (!plan.methods.empty() && std::ranges::none_of(message.methods(), named)) return Disruption::none;
    return plan.disruption != Disruption::none ? plan.disruption : disruption_of(plan, message.number);
}

bool spoils_an_answer(Disruption disruption) {
    using enum Disruption;
    return disruption == drop_inside || disruption == truncate || disruption == wrong_id;
}

std::string disrupted_text(Disruption disruption, const FaultMessage& message, const std::string& answer) {
    using enum Disruption;
    switch (disruption) {
        case none:
        case drop_inside: return answer;
        case truncate: return answer.substr(0, answer.size() / 2);
        case wrong_id: return with_wrong_ids(answer);
        case null_result: return answers(message, [](json& one) { one["result"] = nullptr; });
        case too_many_requests:
        case limit_exceeded: return answers(message, limit);
        case html:
        case server_error: return html_page();
        case nested: return nested_answer(message.id());
        case huge: return endless_answer(message.id());
        case stall:
        case drop_before:
        case gzip_bomb: return {};
    }
    return {};
}

}  // namespace margind::tests
