// What a book's days come to: counts, ratios and tests against figures worked out by hand or published.
#include "risk/backtest/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk::backtest {
namespace {

BookDay day_of(std::int64_t number, double loss, double mm) {
    BookDay day;
    day.day = number;
    day.loss = loss;
    day.mm = mm;
    day.floor = 0.02;
    return day;
}

const Aim* find(const BookResult& result, const std::string& figure) {
    for (const Aim& aim : result.aims)
        if (aim.figure.find(figure) != std::string::npos) return &aim;
    return nullptr;
}

TEST(Judge, counts_days_above_the_margin_and_compares_it_with_the_rare_loss) {
    // 400 days: losses 0.001 to 0.400, of which 0.5 % are two: the second worst, 0.399. Margin 0.398: two days above it, 0.5 %.
    std::vector<BookDay> days;
    for (int i = 1; i <= 400; ++i) days.push_back(day_of(i, i / 1000.0, 0.398));
    days[0].worst_hour = 0.397;
    days[1].worst_hour = 0.5;
    const BookResult result = judge({"book", "", {}}, days, {});
    EXPECT_DOUBLE_EQ(result.breaches_close, 0.005);
    EXPECT_EQ(result.days_with_hours, 2);
    EXPECT_DOUBLE_EQ(result.breaches_hour, 0.5);
    EXPECT_DOUBLE_EQ(result.loss_995, 0.399);
    EXPECT_NEAR(result.mm_over_loss, 0.398 / 0.399, 1e-12);
    EXPECT_DOUBLE_EQ(result.worst_loss, 0.4);
    ASSERT_NE(find(result, "at the close"), nullptr);
    EXPECT_TRUE(find(result, "at the close")->met()) << "0.5 % is within the aim";
    EXPECT_FALSE(find(result, "worst hour")->met());
    EXPECT_FALSE(result.tail) << "no day has a VaR";
}

TEST(Judge, takes_the_floor_where_it_is_larger_and_counts) {
    std::vector<BookDay> days;
    for (int i = 0; i < 10; ++i) days.push_back(day_of(i, 0.001, 0.03));
    EXPECT_NEAR(judge({"a", "", {}, 1.6, true}, days, {}).mm_over_loss, 1.5, 1e-12);
    EXPECT_NEAR(judge({"a", "", {}, 1.6, false}, days, {}).mm_over_loss, 30, 1e-9);
    EXPECT_EQ(find(judge({"a", "", {}, std::nullopt, false}, days, {}), "mean MM"), nullptr);
}

TEST(Judge, tests_var_as_published) {
    // 255 days with 1 breach at 1 %: Kupiec's region of 255 days at 95 % is N < 7 (Kupiec 1995, table), so 1 is not rejected and 7 are.
    const auto with = [](int breaches) {
        std::vector<BookDay> days;
        for (int i = 0; i < 255; ++i) {
            BookDay day = day_of(i, i < breaches * 30 && i % 30 == 0 ? 0.11 : (i % 2 == 0 ? 0.01 : -0.01) * (1 + i % 7), 1);
            day.var = 0.1;
            day.var_at_es = 0.1;
            day.var_reported = 0.2;
            day.es = 0.11;
            day.es_star = 0.1 + 0.0001 * i;
            days.push_back(day);
        }
        return judge({"a", "", {}}, days, {});
    };
    const BookResult good = with(1);
    ASSERT_TRUE(good.tail);
    EXPECT_EQ(good.tail->days, 255);
    EXPECT_EQ(good.tail->breaches, 1);
    EXPECT_EQ(good.tail->breaches_reported, 0);
    EXPECT_TRUE(find(good, "Kupiec")->met());
    EXPECT_EQ(good.tail->windows, 6);
    EXPECT_DOUBLE_EQ(good.tail->green_share, 1);
    const BookResult bad = with(7);
    EXPECT_EQ(bad.tail->breaches, 7);
    EXPECT_FALSE(find(bad, "Kupiec")->met());
    EXPECT_DOUBLE_EQ(bad.tail->green_share, 0) << "5 breaches in 250 days are yellow";
    // Z2 = 1 - 7 x .11 / (255 x .025 x .11).
    EXPECT_NEAR(bad.tail->z2, 1 - 7 / (255 * 0.025), 1e-12);
}

TEST(Judge, tests_no_var_where_no_path_has_a_loss) {
    std::vector<BookDay> days(300, day_of(0, 0.001, 0.03));
    for (BookDay& day : days) day.var = 0;
    EXPECT_FALSE(judge({"basis", "", {}}, days, {}).tail);
}

TEST(Swing, is_peak_to_trough_and_the_worst_five_days) {
    const Swing swing = swing_of({1, 1, 2, 2, 2, 2, 2, 3, 1.5});
    EXPECT_DOUBLE_EQ(swing.peak_to_trough, 3);
    // From 1 to 2 at once; from 1 to 3 takes six days.
    EXPECT_DOUBLE_EQ(swing.worst_rise_5d, 1);
    EXPECT_DOUBLE_EQ(swing_of({}).peak_to_trough, 1);
}

}  // namespace
}  // namespace margind::risk::backtest
