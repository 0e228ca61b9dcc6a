// An endpoint's budget: no window of departures exceeds it, and none waits longer than it must.
#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/latencies.hpp"
#include "adapters/rpc/retry_after.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace margind::adapters::rpc {
namespace {

using Clock = BudgetWindow::Clock;
using std::chrono::milliseconds;

Clock::time_point at(int ms) { return Clock::time_point(std::chrono::hours(1)) + milliseconds(ms); }

TEST(BudgetWindow, lets_a_burst_leave_and_the_rest_after_the_window) {
    BudgetWindow window({.requests_per_second = 3, .compute_units_per_second = std::nullopt});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(window.turn(window.enter(), {1, 26}, at(i * 10)), at(i * 10));
    const auto fourth = window.enter();
    const auto fifth = window.enter();
    EXPECT_EQ(window.turn(fourth, {1, 26}, at(30)), at(1050));
    EXPECT_EQ(window.turn(fifth, {1, 26}, at(30)), at(1060));
    // It woke late, so the one behind it still finds its place.
    EXPECT_EQ(window.turn(fourth, {1, 26}, at(1058)), at(1058));
    EXPECT_EQ(window.turn(fifth, {1, 26}, at(1060)), at(1060));
    EXPECT_EQ(window.turn(window.enter(), {1, 26}, at(1061)), at(1070));
}

TEST(BudgetWindow, counts_compute_units_and_parts_of_batches) {
    BudgetWindow window({.requests_per_second = std::nullopt, .compute_units_per_second = 100});
    EXPECT_EQ(window.turn(window.enter(), {3, 78}, at(0)), at(0));
    EXPECT_EQ(window.turn(window.enter(), {1, 20}, at(1)), at(1));
    EXPECT_EQ(window.turn(window.enter(), {1, 26}, at(2)), at(1050));
    EXPECT_TRUE(window.too_large({4, 104}));
    EXPECT_FALSE(window.too_large({3, 78}));
}

TEST(BudgetWindow, stretches_for_less_than_one_request_a_second) {
    BudgetWindow window({.requests_per_second = 0.5, .compute_units_per_second = std::nullopt});
    EXPECT_EQ(window.turn(window.enter(), {1, 26}, at(0)), at(0));
    EXPECT_EQ(window.turn(window.enter(), {1, 26}, at(1)), at(2050));
    EXPECT_FALSE(window.too_large({1, 26}));
    EXPECT_TRUE(window.too_large({2, 52}));
}

TEST(BudgetWindow, gives_the_place_of_one_that_gave_up_to_the_next) {
    BudgetWindow window({.requests_per_second = 1, .compute_units_per_second = std::nullopt});
    EXPECT_EQ(window.turn(window.enter(), {1, 0}, at(0)), at(0));
    const auto second = window.enter();
    const auto third = window.enter();
    EXPECT_EQ(window.turn(second, {1, 0}, at(0)), at(1050));
    EXPECT_EQ(window.turn(third, {1, 0}, at(0)), at(2100));
    window.give_up(second);
    EXPECT_EQ(window.turn(third, {1, 0}, at(0)), at(1050));
}

// Messages that enter at random times, wake late, are held up and leave again: never more than the budget in a window.
RC_GTEST_PROP(BudgetLaws, no_window_of_departures_exceeds_the_budget, ()) {
    const int rate = *rc::gen::inRange(1, 6);
    BudgetWindow window({.requests_per_second = rate, .compute_units_per_second = 100});
    struct Waiting {
        BudgetWindow::Ticket ticket;
        Cost cost;
        int next;
        int leaves;
    };
    std::vector<Waiting> waiting;
    std::map<BudgetWindow::Ticket, std::pair<int, Cost>> left;
    const auto entries = *rc::gen::inRange(1, 30);
    for (int i = 0; i < entries; ++i) {
        const Cost cost{1, static_cast<double>(*rc::gen::inRange(0, 100))};
        waiting.push_back({window.enter(), cost, *rc::gen::inRange(0, 2000), *rc::gen::inRange(1, 3)});
    }
    std::vector<std::pair<int, Cost>> departures;
    while (!waiting.empty()) {
        const auto first = std::min_element(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) { return a.next < b.next; });
        const int now = first->next;
        const auto turn = window.turn(first->ticket, first->cost, at(now));
        if (turn > at(now)) {
            first->next = static_cast<int>(std::chrono::ceil<milliseconds>(turn - at(0)).count()) + *rc::gen::inRange(0, 30);
            continue;
        }
        if (--first->leaves > 0) {
            first->next = now + *rc::gen::inRange(0, 300);
            continue;
        }
        departures.emplace_back(now, first->cost);
        waiting.erase(first);
    }
    for (const auto& [start, ignored] : departures) {
        Cost sum;
        for (const auto& [time, cost] : departures)
            if (time >= start && time < start + 1050) sum += cost;
        RC_ASSERT(sum.requests <= rate);
        RC_ASSERT(sum.units <= 100);
    }
}

TEST(Latencies, gives_percentiles_of_the_last_128) {
    Latencies latencies;
    EXPECT_FALSE(latencies.p95());
    latencies.add(std::chrono::microseconds(6500));
    EXPECT_EQ(latencies.p50(), milliseconds(7));
    EXPECT_EQ(latencies.p95(), milliseconds(7));
    for (int i = 1; i <= 100; ++i) latencies.add(milliseconds(1000));
    for (int i = 1; i <= 128; ++i) latencies.add(milliseconds(129 - i));
    EXPECT_EQ(latencies.p50(), milliseconds(64));
    EXPECT_EQ(latencies.p95(), milliseconds(122));
}

// The date is the example of RFC 9110, 5.6.7; its UNIX time by `date -d`.
TEST(RetryAfter, is_seconds_or_a_date) {
    using std::chrono::seconds;
    const std::chrono::system_clock::time_point then{seconds(784'111'777)};
    EXPECT_EQ(parse_retry_after("120", then), seconds(120));
    EXPECT_EQ(parse_retry_after("0", then), seconds(0));
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", then - seconds(30)), seconds(30));
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", then + seconds(30)), seconds(0));
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", then - std::chrono::milliseconds(1)), seconds(1));
    // More nanoseconds away than 64 bits hold: servers say «never» like this.
    EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", then), seconds(253'402'300'799 - 784'111'777));
    for (const char* text : {"", "-1", "1.5", "99999999999999999999", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT"})
        EXPECT_FALSE(parse_retry_after(text, then)) << text;
}

}  // namespace
}  // namespace margind::adapters::rpc
