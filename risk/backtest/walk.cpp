// Monthly calibrations, daily sigmas.
#include "risk/backtest/walk.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace margind::risk::backtest {

using namespace model;
using calibration::day_s;

namespace {

constexpr std::int64_t least_days = 90;

bool begins_month(std::int64_t day) {
    return static_cast<unsigned>(std::chrono::year_month_day{std::chrono::sys_days(std::chrono::days(day))}.day()) == 1;
}

}  // namespace

Result<Walk> Walk::make(const calibration::Archive& archive, const std::vector<AssetId>& assets, const Progress& progress) {
    Walk walk;
    const auto& btc = archive.history({"BTC"}).daily();
    const auto& eth = archive.history({"ETH"}).daily();
    if (btc.empty() || eth.empty()) return fail(ErrorCode::missing, "BTC and ETH have no whole day in the data");
    walk.first_day_ = std::max(btc.begin()->first, eth.begin()->first) + least_days;
    while (!begins_month(walk.first_day_)) ++walk.first_day_;
    walk.end_day_ = std::min(btc.rbegin()->first, eth.rbegin()->first) + 1;
    if (walk.first_day_ >= walk.end_day_)
        return fail(ErrorCode::missing, "BTC and ETH have no day after the first month by whose start there are 90 days of history");
    for (const AssetId& asset : assets)
        for (const auto& bars : archive.history(asset).files())
            for (const auto& [time, close] : bars.closes)
                if (time % day_s == 0) walk.closes_[asset][time / day_s - 1] = close;
    std::vector<std::int64_t> starts;
    for (std::int64_t day = walk.first_day_; day < walk.end_day_; ++day)
        if (begins_month(day)) starts.push_back(day);
    for (const std::int64_t day : starts) {
        if (progress) progress("calibrations", walk.months_.size(), starts.size());
        Result<calibration::Archive::Figures> figures = archive.until(day * day_s);
        if (!figures) return fail(figures.error());
        walk.months_.push_back({day, std::move(figures->market)});
    }
    if (progress) progress("calibrations", starts.size(), starts.size());
    return walk;
}

Market Walk::market(std::int64_t day) const {
    auto month = std::upper_bound(months_.begin(), months_.end(), day, [](std::int64_t d, const Month& m) { return d < m.day; });
    --month;
    DailyCloses since;
    for (const auto& [asset, closes] : closes_) since[asset] = {closes.lower_bound(month->market.calibrated_to / day_s - 1), closes.lower_bound(day)};
    return with_current_sigmas(month->market, since, day * day_s);
}

}  // namespace margind::risk::backtest
