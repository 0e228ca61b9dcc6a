// Joint moves: windows, stressed days, named days.
#include "risk/calibration/joint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace margind::risk::calibration {

using namespace model;

namespace {

constexpr std::int64_t hour_s = 3600;
/// 13 has no factor in common with 24: windows begin at every hour of the day.
constexpr std::int64_t step_s = 13 * hour_s;
constexpr std::size_t most_windows = 2000;
constexpr std::size_t stressed_days = 250;
constexpr double unit = 1e-5;

LogMove as_move(const std::optional<double>& value) { return value ? LogMove(static_cast<std::int32_t>(std::lround(*value / unit))) : std::nullopt; }

/// The market factor over 24 hours.
std::optional<double> factor_to(const std::map<AssetId, Past24h>& assets, std::int64_t time) {
    const std::optional<double> btc = assets.at({"BTC"}).history().return_to(time);
    const std::optional<double> eth = assets.at({"ETH"}).history().return_to(time);
    return btc && eth ? std::optional<double>((*btc + *eth) / 2) : std::nullopt;
}

double relative(double log_move) { return std::expm1(log_move); }

/// Six digits: a remembered day is not known better.
double short_of(double value) { return std::round(value * 1e6) / 1e6; }

/// The last value at or before a time, no older than two hours.
std::optional<double> value_at(const Series& series, std::int64_t time) {
    auto found = series.upper_bound(time);
    if (found == series.begin() || (--found)->first < time - 2 * hour_s) return std::nullopt;
    return found->second;
}

std::int64_t time_of(std::string_view date) {
    const auto digits = [&](std::size_t from, std::size_t count) {
        int value = 0;
        for (const char digit : date.substr(from, count)) value = value * 10 + (digit - '0');
        return value;
    };
    const std::chrono::year_month_day day{std::chrono::year(digits(0, 4)), std::chrono::month(static_cast<unsigned>(digits(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(digits(8, 2)))};
    return std::chrono::sys_days(day).time_since_epoch().count() * day_s;
}

}  // namespace

DailyReturns factor_of(const DailyReturns& btc, const DailyReturns& eth) {
    DailyReturns factor;
    for (const auto& [day, value] : btc)
        if (const auto other = eth.find(day); other != eth.end()) factor[day] = (value + other->second) / 2;
    return factor;
}

DailyReturns residuals(const DailyReturns& returns, const DailyReturns& factor, double beta) {
    DailyReturns left;
    for (const auto& [day, value] : returns)
        if (const auto market = factor.find(day); market != factor.end()) left[day] = value - beta * market->second;
    return left;
}

Result<Past24h> Past24h::make(const History& history, const DailyReturns& factor, double beta, bool pegged, const std::string& symbol) {
    Past24h past(history);
    Result<Sigma> sigma = sigma_of(history.daily(), symbol);
    if (!sigma) return fail(sigma.error());
    past.sigma_ = *std::move(sigma);
    past.residuals_ = calibration::residuals(history.daily(), factor, beta);
    past.beta_ = beta;
    past.pegged_ = pegged;
    return past;
}

std::optional<double> Past24h::move_to(std::int64_t time, double factor_move) const {
    if (history_.hourly()) return history_.return_to(time);
    // More than half of the 24 hours lie in the day of their end when they end after noon.
    const std::int64_t day = (time - day_s / 2 - 1) / day_s;
    const auto residual = residuals_.find(day);
    return residual == residuals_.end() ? std::nullopt : std::optional<double>(beta_ * factor_move + residual->second);
}

PastMoves joint_past(const std::map<AssetId, Past24h>& assets, const DailyReturns& factor, std::int64_t end) {
    PastMoves past;
    std::vector<std::pair<std::int64_t, double>> windows;
    for (std::int64_t i = 0; i < std::int64_t{most_windows}; ++i)
        if (const std::optional<double> move = factor_to(assets, end - i * step_s)) windows.emplace_back(end - i * step_s, *move);
    std::reverse(windows.begin(), windows.end());
    for (const auto& [time, move] : windows) past.end_hours.push_back(time / hour_s);
    for (const auto& [asset, one] : assets) {
        PastSeries& series = past.assets[asset];
        for (const auto& [time, move] : windows) {
            const std::optional<double> own = one.move_to(time, move);
            const std::optional<double> sigma = one.sigma_at(time - day_s);
            series.returns.push_back(as_move(one.pegged() || sigma ? own : std::nullopt));
            if (!one.pegged()) series.sigmas.push_back(as_move(own ? sigma : std::nullopt));
        }
    }

    std::vector<std::int64_t> days;
    for (const auto& [day, value] : factor) days.push_back(day);
    std::stable_sort(days.begin(), days.end(), [&](std::int64_t a, std::int64_t b) { return std::abs(factor.at(a)) > std::abs(factor.at(b)); });
    days.resize(std::min(days.size(), stressed_days));
    std::sort(days.begin(), days.end());
    for (const std::int64_t day : days) {
        past.stressed_end_hours.push_back((day + 1) * 24);
        past.stressed_factor.push_back(*as_move(factor.at(day)));
    }
    for (const auto& [asset, one] : assets)
        for (const std::int64_t day : days) {
            const auto own = one.daily().find(day);
            past.stressed[asset].push_back(as_move(own == one.daily().end() ? std::nullopt : std::optional<double>(own->second)));
        }
    return past;
}

Result<std::vector<StressDay>> stress_days(const std::map<AssetId, Past24h>& assets, const DataFiles& files) {
    const Result<Series> quarter_hours = read_column(files, std::string(depeg_file), "close");
    if (!quarter_hours) return fail(quarter_hours.error());
    if (quarter_hours->empty()) return fail(ErrorCode::missing, fmt::format("{}.csv.gz: no rows", depeg_file));
    Series depeg;
    for (const auto& [opened, close] : *quarter_hours) depeg[opened + hour_s / 4] = close;
    const Result<Series> staking = read_column(files, std::string(staking_file), "steth_eth_ratio_close");
    if (!staking) return fail(staking.error());
    std::vector<StressDay> days;
    for (const NamedDay& named : named_days()) {
        const std::int64_t from = time_of(named.from);
        const std::int64_t to = time_of(named.to) + day_s;
        const bool peg = depeg.begin()->first < from && depeg.rbegin()->first > to;
        std::optional<double> worst;
        StressDay day;
        day.name = named.name;
        for (std::int64_t time = from + hour_s; time <= to; time += hour_s) {
            const std::optional<double> drives = peg ? value_at(depeg, time) : factor_to(assets, time);
            if (!drives || !factor_to(assets, time) || (worst && *drives >= *worst)) continue;
            worst = drives;
            day.end = time;
        }
        if (!worst)
            return fail(ErrorCode::missing, fmt::format("stress day {}: no hours of BTC and ETH from {} to {}", named.name, named.from, named.to));
        const double factor = *factor_to(assets, day.end);
        day.factor = short_of(relative(factor));
        for (const auto& [asset, one] : assets)
            if (const std::optional<double> own = one.move_to(day.end, factor)) day.moves[asset] = short_of(relative(*own));
        if (peg) {
            const std::optional<double> before = value_at(depeg, day.end - day_s);
            if (!before) return fail(ErrorCode::missing, fmt::format("{}.csv.gz: nothing 24 h before {}", depeg_file, day.end));
            day.moves[{"USDC"}] = short_of(*worst / *before - 1);
        }
        if (std::string_view(named.name).find("stETH") != std::string_view::npos) {
            double lowest = 1;
            for (auto ratio = staking->lower_bound(from); ratio != staking->end() && ratio->first < to; ++ratio)
                lowest = std::min(lowest, ratio->second);
            for (const Claims& claim : claims())
                for (const std::string_view symbol : claim.symbols)
                    if (claim.staked) day.moves[{std::string(symbol)}] = short_of((1 + day.moves.at({std::string(claim.on)})) * lowest - 1);
        }
        days.push_back(std::move(day));
    }
    return days;
}

}  // namespace margind::risk::calibration
