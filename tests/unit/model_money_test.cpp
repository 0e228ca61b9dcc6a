// Amounts: text, doubles, and sums that do not mix scales.
#include "risk/model/money.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <charconv>

namespace margind::model {
namespace {

struct Row {
    const char* raw;
    std::uint8_t decimals;
    const char* text;
};

constexpr Row rows[] = {{"0", 0, "0"},          {"0", 18, "0"},     {"1", 6, "0.000001"},         {"-1", 6, "-0.000001"}, {"1000000", 6, "1"},
                        {"-1500000", 6, "-1.5"}, {"120", 0, "120"},  {"100", 2, "1"},              {"10", 2, "0.1"},       {"2362500000000000000", 18, "2.3625"},
                        {"123456", 3, "123.456"}, {"5", 1, "0.5"},    {"-100000000000", 8, "-1000"}};

TEST(Decimal, prints_the_shortest_exact_text_and_reads_it_back) {
    for (const Row& row : rows) {
        const I256 raw = I256::from_decimal(row.raw).value();
        EXPECT_EQ(decimal_text(raw, row.decimals), row.text);
        EXPECT_EQ(parse_decimal(row.text, row.decimals), raw);
        EXPECT_EQ((Money{raw, row.decimals, "USD"}.to_string()), row.text);
    }
}

RC_GTEST_PROP(Decimal, round_trips, (std::uint64_t low, std::uint64_t high, bool negative)) {
    const auto decimals = *rc::gen::inRange<std::uint8_t>(0, 255);
    const I256 raw = I256::make(negative, U256({low, high, low, high >> 1})).value();
    RC_ASSERT(parse_decimal(decimal_text(raw, decimals), decimals) == raw);
}

TEST(Decimal, refuses_what_is_not_exact_decimal_text) {
    for (const char* text : {"", "-", ".", "1.", ".5", "1e3", "1E3", " 1", "1 ", "1,000", "1_000", "+1", "--1", "0x1", "1.2345678", "1..2", "1.-2", "1.2.3", "nan", "inf"})
        EXPECT_FALSE(parse_decimal(text, 6)) << text;
    EXPECT_FALSE(parse_decimal("1" + std::string(77, '0'), 1));
}

// The standard library's correctly rounding parser is the other side.
RC_GTEST_PROP(ScaledDouble, is_the_nearest_double, (std::uint64_t low, std::uint64_t high, bool negative)) {
    const auto decimals = *rc::gen::inRange<std::uint8_t>(0, 80);
    const auto width = *rc::gen::inRange<unsigned>(0, 256);
    const I256 raw = I256::make(negative, shift_right(U256({low, high, low ^ high, low * 7}), 256 - width)).value_or(I256(0));
    const std::string text = raw.to_decimal() + "e-" + std::to_string(decimals);
    double expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    RC_ASSERT(scaled_double(raw, decimals) == expected);
}

TEST(Money, adds_only_what_has_one_scale_and_unit) {
    const Money a{I256(150), 2, "USD"};
    EXPECT_EQ(checked_add(a, Money{I256(-50), 2, "USD"}), (Money{I256(100), 2, "USD"}));
    EXPECT_EQ(checked_sub(a, Money{I256(200), 2, "USD"}), (Money{I256(-50), 2, "USD"}));
    EXPECT_FALSE(checked_add(a, Money{I256(1), 3, "USD"}));
    EXPECT_FALSE(checked_sub(a, Money{I256(1), 2, "ETH"}));
    const I256 highest = I256::from(checked_sub(U256::pow2(255), 1).value()).value();
    EXPECT_FALSE(checked_add(Money{highest, 2, "USD"}, Money{I256(1), 2, "USD"}));
}

}  // namespace
}  // namespace margind::model
