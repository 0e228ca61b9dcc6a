// Messages on a connection that carries many: where one ends, and whom it is for.
#include "adapters/rpc/messages.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::rpc {
namespace {

TEST(JsonTexts, cuts_texts_however_they_arrive) {
    const std::string stream = "{\"a\":\"}\\\"{\"}\n[1,{}] \r\n{}";
    for (const std::size_t step : {1U, 3U, 100U}) {
        JsonTexts texts;
        std::vector<std::string> out;
        for (std::size_t at = 0; at < stream.size(); at += step)
            EXPECT_EQ(texts.take(std::string_view(stream).substr(at, step), out), JsonBreach::none);
        EXPECT_EQ(out, (std::vector<std::string>{"{\"a\":\"}\\\"{\"}", "[1,{}]", "{}"})) << step;
        EXPECT_EQ(texts.partial(), "");
    }
}

TEST(JsonTexts, take_nothing_more_after_a_breach) {
    for (const auto& [stream, breach] : {std::pair("{}x", JsonBreach::shape), std::pair("{}{\"a\":[[", JsonBreach::depth)}) {
        JsonTexts texts({.bytes = 100, .depth = 2, .values = 100, .number_chars = 20});
        std::vector<std::string> out;
        EXPECT_EQ(texts.take(stream, out), breach) << stream;
        EXPECT_EQ(out.size(), 1U) << stream;
        EXPECT_EQ(texts.take("{}", out), breach) << stream;
        EXPECT_EQ(out.size(), 1U) << stream;
    }
}

TEST(Messages, name_the_request_that_they_answer) {
    struct Case {
        const char* text;
        std::optional<std::uint64_t> id;
    };
    for (const Case& c : {Case{R"({"jsonrpc":"2.0","id":7,"result":null})", 7}, Case{R"({"result":{"id":1,"x":["}"]},"id":18446744073709551615})", ~std::uint64_t{0}},
                          Case{R"([{"error":{}},{"id":9}])", 9}, Case{R"({"id":7,"result":"0x12)", 7}, Case{R"({"id":"7"})", {}}, Case{R"({"id":7.5})", {}},
                          Case{R"({"id":18446744073709551616})", {}}, Case{R"({"id":-1})", {}}, Case{R"({"id":7)", {}}, Case{"[]", {}}, Case{"", {}}, Case{"id", {}},
                          Case{R"({"method":"eth_subscription","params":{"id":1}})", {}}})
        EXPECT_EQ(answered_id(c.text), c.id) << c.text;
}

TEST(Messages, tell_what_is_pushed_from_what_is_answered) {
    const auto pushed = parse_notification(R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"a":"b"}}})");
    ASSERT_TRUE(pushed);
    EXPECT_EQ(pushed->subscription, "0x1");
    EXPECT_EQ(pushed->result, R"({"a":"b"})");
    for (const char* text : {R"({"id":1,"method":"eth_subscription","params":{"subscription":"0x1","result":1}})", R"({"method":"eth_subscription"})",
                             R"({"method":"other","params":{"subscription":"0x1","result":1}})", R"({"method":"eth_subscription","params":{"subscription":1,"result":1}})",
                             "[]", ""})
        EXPECT_FALSE(parse_notification(text)) << text;
    EXPECT_TRUE(is_pushed(R"({"jsonrpc":"2.0","method":"welcome","params":{}})"));
    for (const char* text : {R"({"id":null,"method":"eth_call","error":{}})", R"({"error":{"code":-32700}})", R"([{"method":"a"}])", "hello", ""})
        EXPECT_FALSE(is_pushed(text)) << text;
}

}  // namespace
}  // namespace margind::adapters::rpc
