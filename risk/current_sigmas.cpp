// EWMA beyond the calibration's last day.
#include "risk/current_sigmas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr double lambda = 0.97;

/// By the day in which they were made.
std::map<std::int64_t, double> returns_after(const std::map<std::int64_t, double>& closes, std::int64_t calibrated_to, std::int64_t now) {
    std::map<std::int64_t, double> returns;
    for (const auto& [day, close] : closes) {
        const auto before = closes.find(day - 1);
        if (before == closes.end() || (day + 1) * day_s <= calibrated_to || (day + 1) * day_s > now) continue;
        if (close > 0 && before->second > 0) returns[day] = std::log(close / before->second);
    }
    return returns;
}

double ewma_after(double sigma, const std::map<std::int64_t, double>& returns) {
    double variance = sigma * sigma;
    for (const auto& [day, value] : returns) variance = lambda * variance + (1 - lambda) * value * value;
    return std::sqrt(variance);
}

std::string source_of(const std::map<std::int64_t, double>& returns) {
    return fmt::format("oracle prices, {} daily returns to day {}", returns.size(), returns.rbegin()->first);
}

}  // namespace

Market with_current_sigmas(const Market& calibration, const DailyCloses& closes, std::int64_t now) {
    Market market = calibration;
    std::map<AssetId, std::map<std::int64_t, double>> returns;
    std::int64_t last = 0;
    for (const auto& [asset, days] : closes) {
        std::map<std::int64_t, double> own = returns_after(days, calibration.calibrated_to, now);
        if (own.empty()) continue;
        last = std::max(last, own.rbegin()->first);
        returns[asset] = std::move(own);
    }
    if (returns.empty()) return market;
    for (auto& [asset, row] : market.assets) {
        if (!(row.ewma_24h > 0)) continue;
        auto own = returns.find(asset);
        if (own == returns.end() && !row.claim.empty()) own = returns.find(AssetId{row.claim});
        if (own == returns.end()) continue;
        row.ewma_24h = ewma_after(row.ewma_24h, own->second);
        row.sigma_24h = std::max(row.ewma_24h, row.sigma_floor);
        row.sigma_from = source_of(own->second);
    }
    const auto btc = returns.find({"BTC"});
    const auto eth = returns.find({"ETH"});
    if (market.market_ewma_24h > 0 && btc != returns.end() && eth != returns.end()) {
        std::map<std::int64_t, double> factor;
        for (const auto& [day, value] : btc->second)
            if (const auto other = eth->second.find(day); other != eth->second.end()) factor[day] = (value + other->second) / 2;
        market.market_ewma_24h = ewma_after(market.market_ewma_24h, factor);
        market.market_sigma_24h = std::max(market.market_ewma_24h, market.market_sigma_floor);
    }
    market.version += fmt::format("+oracles/{}", last);
    market.provenance +=
        fmt::format(" Sigmas of {} assets go on over daily oracle prices to day {} since 1970, as kept by this daemon.", returns.size(), last);
    return market;
}

}  // namespace margind::risk
