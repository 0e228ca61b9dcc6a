// JSON text: the public suite of accepted and refused texts, and every bound.
#include "risk/model/json_text.hpp"

#include "risk/model/ids.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <sstream>

namespace margind::model {
namespace {

struct SuiteRow {
    std::string name;
    std::string text;
};

std::vector<SuiteRow> suite() {
    std::ifstream file(MARGIND_SOURCE_DIR "/tests/unit/data/json_test_suite.txt");
    std::vector<SuiteRow> out;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t blank = line.find(' ');
        const Bytes bytes = bytes_from_hex("0x" + line.substr(blank + 1)).value();
        out.push_back({line.substr(0, blank), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
    }
    std::string opening;
    for (int i = 0; i < 50'000; ++i) opening += "[{\"\":";
    out.push_back({"n_structure_open_array_object", opening});
    out.push_back({"n_structure_100000_opening_arrays", std::string(100'000, '[')});
    return out;
}

TEST(JsonText, follows_the_public_suite) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (const auto& [name, text] : suite()) {
        const Result<nlohmann::json> document = parse_json(text);
        if (name == "y_number_double_close_to_zero") {
            // 81 characters: one more than a number may have here.
            EXPECT_EQ(document.error().code, ErrorCode::limit);
            EXPECT_TRUE(parse_json(text, {.number_chars = 81}));
        } else if (name.starts_with("y_object_duplicated_key")) {
            ASSERT_FALSE(document) << name;
            EXPECT_NE(document.error().message.find("given twice"), std::string::npos);
        } else if (name.starts_with("y_")) {
            EXPECT_TRUE(document) << name << ": " << document.error().message;
            ++accepted;
        } else if (name.starts_with("n_")) {
            EXPECT_FALSE(document) << name;
            ++refused;
        }
        // What was read prints, whatever it is.
        EXPECT_TRUE(!document || !print_json(*document).empty()) << name;
    }
    EXPECT_GE(accepted, 30U);
    EXPECT_EQ(refused, 87U);
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, stops_at_each_limit_and_not_before) {
    EXPECT_TRUE(parse_json(nested(64)));
    EXPECT_EQ(parse_json(nested(65)).error().code, ErrorCode::limit);
    EXPECT_TRUE(parse_json("[1,2,3]", {.values = 4}));
    EXPECT_EQ(parse_json("[1,2,3,4]", {.values = 4}).error().code, ErrorCode::limit);
    EXPECT_TRUE(parse_json("[1]", {.bytes = 3}));
    EXPECT_EQ(parse_json("[1 ]", {.bytes = 3}).error().code, ErrorCode::limit);
    EXPECT_TRUE(parse_json("1." + std::string(78, '1')));
    EXPECT_EQ(parse_json("1." + std::string(79, '1')).error().code, ErrorCode::limit);
}

TEST(JsonText, keeps_every_integer_or_refuses_it) {
    EXPECT_EQ(parse_json("18446744073709551615")->get<std::uint64_t>(), 18446744073709551615ULL);
    EXPECT_EQ(parse_json("-9223372036854775808")->get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"}) {
        const Result<nlohmann::json> document = parse_json(text);
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error().code, ErrorCode::out_of_range);
        EXPECT_NE(document.error().message.find(text), std::string::npos);
    }
    EXPECT_EQ(parse_json("1e400").error().code, ErrorCode::out_of_range);
}

struct Refusal {
    const char* text;
    const char* message;
};

TEST(JsonText, names_the_place) {
    constexpr Refusal refusals[] = {
        {R"({"a": {"b": 1, "b": 2}})", "$.a.b: key \"b\" is given twice"},
        {R"({"a": [1, [2, 99999999999999999999]]})", "$.a[1][1]: the integer \"99999999999999999999\""},
        {R"({"a": [0, tru]})", "$.a[1]: malformed JSON at byte "},
        {"{\"a\": 1}\n x", "malformed JSON at byte 11"},
    };
    for (const auto& [text, message] : refusals) {
        const Result<nlohmann::json> document = parse_json(text);
        ASSERT_FALSE(document) << text;
        EXPECT_NE(document.error().message.find(message), std::string::npos) << document.error().message;
    }
}

TEST(JsonText, keeps_error_messages_short) {
    const std::string key(1'000'000, 'k');
    EXPECT_LT(parse_json("{\"" + key + "\":1,\"" + key + "\":1}").error().message.size(), 1000U);
    EXPECT_LT(parse_json("[\"" + key).error().message.size(), 1000U);
}

TEST(JsonText, prints_what_is_not_utf8) { EXPECT_EQ(print_json(nlohmann::json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace margind::model
