// Counts, quantiles and tests.
#include "risk/backtest/judge.hpp"

#include "risk/statistics/coverage.hpp"
#include "risk/statistics/shortfall_test.hpp"
#include "risk/statistics/student.hpp"
#include "risk/statistics/tail.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace margind::risk::backtest {

using namespace model;

namespace {

constexpr double most_breaches_close = 0.005;
constexpr double most_breaches_hour = 0.010;
constexpr double least_p = 0.05;
constexpr double least_green = 0.90;
constexpr double most_swing = 3;
constexpr double most_rise = 0.60;
constexpr std::uint32_t rare_bps = 50;
constexpr std::size_t basel_days = 250;
constexpr std::size_t simulations = 2000;
constexpr std::uint64_t simulation_seed = 7;

/// The paths hold one price per underlying: a book whose legs offset each other there has no loss on any, and no VaR to test.
bool has_tail(const BookDay& day) { return day.var && day.es > 1e-6; }

TailTests tests_of(const std::vector<BookDay>& days, const Policy& policy) {
    const double var_tail = static_cast<double>(policy.var_tail_bps) / 10'000;
    const double es_tail = static_cast<double>(policy.es_tail_bps) / 10'000;
    TailTests tests;
    std::vector<bool> breaches;
    std::vector<statistics::ShortfallForecast> forecasts;
    std::vector<double> standardised;
    std::vector<double> es_star;
    for (const BookDay& day : days) {
        if (!has_tail(day)) continue;
        breaches.push_back(day.loss > *day.var);
        tests.breaches_reported += std::int64_t{day.loss > day.var_reported};
        forecasts.push_back({-day.loss, day.var_at_es, day.es});
        standardised.push_back(-day.loss / day.es);
        es_star.push_back(day.es_star);
    }
    const std::size_t count = breaches.size();
    const auto broken = static_cast<std::size_t>(std::count(breaches.begin(), breaches.end(), true));
    tests.days = static_cast<std::int64_t>(count);
    tests.breaches = static_cast<std::int64_t>(broken);
    tests.kupiec_p = statistics::kupiec(count, broken, var_tail).p_value;
    tests.independence_p = statistics::christoffersen_independence(statistics::transitions(breaches)).p_value;
    tests.coverage_p = statistics::christoffersen_coverage(breaches, var_tail).p_value;
    std::int64_t green = 0;
    std::size_t in_window = 0;
    for (std::size_t i = 0; i < count; ++i) {
        in_window += std::size_t{breaches[i]};
        if (i + 1 < basel_days) continue;
        ++tests.windows;
        green += std::int64_t{statistics::basel_zone(in_window, basel_days, var_tail) == statistics::BaselZone::green};
        in_window -= std::size_t{breaches[i + 1 - basel_days]};
    }
    if (tests.windows > 0) tests.green_share = static_cast<double>(green) / static_cast<double>(tests.windows);
    const Result<statistics::Student> fitted = statistics::fit_student(standardised);
    const Result<double> z2 = statistics::acerbi_szekely_z2(forecasts, es_tail);
    if (fitted && z2) {
        tests.degrees = fitted->degrees;
        tests.z2 = *z2;
        tests.z2_critical = statistics::critical_value(statistics::simulate_z2(fitted->degrees, es_tail, count, simulations, simulation_seed), least_p);
    }
    const Swing swing = swing_of(es_star);
    tests.peak_to_trough = swing.peak_to_trough;
    tests.worst_rise_5d = swing.worst_rise_5d;
    return tests;
}

/// The loss that no more than that share of days exceeds.
double quantile(const std::vector<BookDay>& days, std::uint32_t tail_bps) {
    std::vector<double> losses;
    for (const BookDay& day : days) losses.push_back(day.loss);
    const Result<statistics::TailRisk> tail = statistics::tail_risk(losses, tail_bps);
    return tail ? tail->value_at_risk : 0;
}

}  // namespace

Swing swing_of(const std::vector<double>& values) {
    constexpr std::size_t days = 5;
    Swing swing;
    if (values.empty()) return swing;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    swing.peak_to_trough = *low > 0 ? *high / *low : std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < values.size(); ++i)
        for (std::size_t j = i < days ? 0 : i - days; j < i; ++j)
            if (values[j] > 0) swing.worst_rise_5d = std::max(swing.worst_rise_5d, values[i] / values[j] - 1);
    return swing;
}

BookResult judge(const BookSpec& spec, std::vector<BookDay> days, const Policy& policy) {
    BookResult result;
    result.name = spec.name;
    result.about = spec.about;
    result.synthetic = std::any_of(spec.legs.begin(), spec.legs.end(), [](const Leg& leg) { return leg.kind == Leg::Kind::option; });
    std::int64_t at_close = 0;
    std::int64_t at_hour = 0;
    for (const BookDay& day : days) {
        at_close += std::int64_t{day.loss > day.mm};
        result.mean_mm += day.mm;
        result.mean_floor += day.floor;
        result.worst_loss = std::max(result.worst_loss, day.loss);
        if (!day.worst_hour) continue;
        ++result.days_with_hours;
        at_hour += std::int64_t{*day.worst_hour > day.mm};
    }
    const auto count = static_cast<double>(days.size());
    result.breaches_close = static_cast<double>(at_close) / count;
    if (result.days_with_hours > 0) result.breaches_hour = static_cast<double>(at_hour) / static_cast<double>(result.days_with_hours);
    result.mean_mm /= count;
    result.mean_floor /= count;
    result.loss_995 = quantile(days, rare_bps);
    const double measure = spec.floor_counts ? std::max(result.loss_995, result.mean_floor) : result.loss_995;
    result.mm_over_loss = measure > 0 ? result.mean_mm / measure : std::numeric_limits<double>::infinity();
    const auto aim = [&](const char* figure, double value, double limit, bool at_least = false) {
        result.aims.push_back({spec.name, figure, value, limit, at_least});
    };
    aim("breaches of MM at the close", result.breaches_close, most_breaches_close);
    if (result.days_with_hours > 0) aim("breaches of MM at the worst hour", result.breaches_hour, most_breaches_hour);
    if (spec.most_margin)
        aim(spec.floor_counts ? "mean MM over max(floor, 99.5 % loss)" : "mean MM over the 99.5 % loss", result.mm_over_loss, *spec.most_margin);
    if (std::any_of(days.begin(), days.end(), has_tail)) {
        const TailTests tests = tests_of(days, policy);
        aim("raw VaR 99 %: Kupiec's p", tests.kupiec_p, least_p, true);
        if (tests.windows > 0) aim("raw VaR 99 %: green windows of 250 days", tests.green_share, least_green, true);
        if (tests.degrees > 0) aim("raw ES 97.5 %: Z2", tests.z2, tests.z2_critical, true);
        aim("ES*: peak to trough", tests.peak_to_trough, most_swing);
        aim("ES*: worst rise in 5 days", tests.worst_rise_5d, most_rise);
        result.tail = tests;
    }
    result.days = std::move(days);
    return result;
}

}  // namespace margind::risk::backtest
