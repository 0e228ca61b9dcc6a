// Bounds of JSON texts while they arrive, against the parser that builds them.
#include "adapters/rpc/json_bounds.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace margind::adapters::rpc {
namespace {

constexpr model::JsonLimits small{.bytes = 200, .depth = 3, .values = 6, .number_chars = 5};
/// The parser takes any integer of 64 bits, which has up to 20 characters.
constexpr model::JsonLimits medium{.bytes = 200, .depth = 3, .values = 6, .number_chars = 24};

struct Verdict {
    JsonBreach breach;
    bool complete;
    std::size_t taken;
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

Verdict judge(std::string_view text, const model::JsonLimits& limits, std::size_t step) {
    JsonBounds bounds(limits);
    std::size_t taken = 0;
    while (taken < text.size()) {
        const std::string_view piece = text.substr(taken, step);
        const std::size_t now = bounds.take(piece);
        taken += now;
        if (now < piece.size()) break;
    }
    return {bounds.breach(), bounds.complete(), taken};
}

TEST(JsonBounds, refuses_at_the_first_byte_beyond_a_bound) {
    struct Case {
        std::string text;
        JsonBreach breach;
        bool complete;
        std::size_t taken;
    };
    const std::vector<Case> cases{
        {"[[[]]]", JsonBreach::none, true, 6},
        {"[[[[]]]]", JsonBreach::depth, false, 4},
        {R"({"a":{"b":{"c":1}}})", JsonBreach::none, true, 19},
        {R"({"a":{"b":{"c":[]}}})", JsonBreach::depth, false, 16},
        {"[1,2,3,4,5]", JsonBreach::none, true, 11},
        {"[1,2,3,4,5,6]", JsonBreach::values, false, 12},
        {R"({"a":1,"b":2,"c":[3,4]})", JsonBreach::none, true, 23},
        {R"({"a":1,"b":2,"c":[3,4],"d":null})", JsonBreach::values, false, 28},
        {R"(["[[[[","a\"]",5,{}])", JsonBreach::none, true, 20},
        {R"(["\\"])", JsonBreach::none, true, 6},
        {"12345", JsonBreach::none, false, 5},
        {"[123456]", JsonBreach::number, false, 7},
        {"[-1.5e]", JsonBreach::none, true, 7},
        {R"("text" 1)", JsonBreach::none, true, 6},
        {"{}{}", JsonBreach::none, true, 2},
        {" \n[]", JsonBreach::none, true, 4},
        {"]", JsonBreach::shape, false, 1},
        {"", JsonBreach::none, false, 0},
        {std::string(200, ' '), JsonBreach::none, false, 200},
        {std::string(201, ' '), JsonBreach::bytes, false, 200},
        {'"' + std::string(198, 'x') + '"', JsonBreach::none, true, 200},
        {'"' + std::string(199, 'x') + '"', JsonBreach::bytes, false, 200},
    };
    for (const Case& c : cases)
        for (const std::size_t step : {1U, 2U, 3U, 7U, 1000U})
            EXPECT_EQ(judge(c.text, small, step), (Verdict{c.breach, c.complete, c.taken})) << c.text << " by " << step;
}

TEST(JsonBounds, stops_a_hostile_text_after_its_first_bytes) {
    EXPECT_EQ(judge(std::string(100'000, '['), reply_limits, 4096), (Verdict{JsonBreach::depth, false, 65}));
    EXPECT_EQ(judge(std::string(1'000'000, '7'), reply_limits, 4096), (Verdict{JsonBreach::number, false, 81}));
    // A text of escapes is judged in one pass.
    EXPECT_EQ(judge('"' + std::string(17'000'000, '\\'), reply_limits, 20'000'000), (Verdict{JsonBreach::bytes, false, std::size_t{16} << 20}));
}

rc::Gen<std::string> texts() {
    // Valid texts are built from a random tree; others are strings of the characters that matter.
    const auto noise = rc::gen::container<std::string>(rc::gen::elementOf(std::string("[]{},:\"\\ 1-e.tn")));
    const auto tree = rc::gen::exec([] {
        const auto value = [](const auto& self, int depth) -> std::string {
            switch (*rc::gen::inRange(0, depth > 4 ? 4 : 6)) {
                case 0: return "null";
                case 1: return std::to_string(*rc::gen::inRange(-99'999, 999'999));
                case 2: return "1." + std::string(*rc::gen::inRange<std::size_t>(1, 30), '5');
                case 3: return nlohmann::json(*rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\"\\[{,:")))).dump();
                case 4: {
                    std::string out = "[";
                    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) out += self(self, depth + 1) + (i > 1 ? " ," : "");
                    return out + "]";
                }
                default: {
                    std::string out = "{";
                    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
                        out += "\"k" + std::to_string(i) + "\" :" + self(self, depth + 1) + (i > 1 ? "," : "");
                    return out + "}";
                }
            }
        };
        return value(value, 0);
    });
    return rc::gen::oneOf(noise, tree, tree);
}

RC_GTEST_PROP(JsonBoundsLaws, any_split_gives_the_same_verdict, ()) {
    const std::string text = *texts();
    const Verdict whole = judge(text, small, text.size() + 1);
    for (const std::size_t step : {1U, 2U, 5U}) RC_ASSERT(judge(text, small, step) == whole);
}

RC_GTEST_PROP(JsonBoundsLaws, agrees_with_the_parser_on_every_limit, ()) {
    const std::string text = *texts();
    const Verdict verdict = judge(text, medium, text.size() + 1);
    const auto parsed = model::parse_json(text, medium);
    if (parsed) {
        RC_ASSERT(verdict.breach == JsonBreach::none);
        RC_ASSERT(verdict.complete == (parsed->is_structured() || parsed->is_string()));
    } else if (parsed.error().code == model::ErrorCode::limit) {
        RC_ASSERT(verdict.breach != JsonBreach::none);
    }
    RC_CLASSIFY(parsed.has_value(), "valid");
    RC_CLASSIFY(verdict.breach != JsonBreach::none, "refused");
}

}  // namespace
}  // namespace margind::adapters::rpc
