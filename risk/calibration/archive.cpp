// The rows of a calibration.
#include "risk/calibration/archive.hpp"

#include "risk/statistics/ewma.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace margind::risk::calibration {

using namespace model;

namespace {

constexpr double market_range = 0.18;

/// Six significant digits: what the estimate is good for, and short text.
double rounded(double value) {
    char text[32];
    const auto printed = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6);
    double short_value = 0;
    std::from_chars(text, printed.ptr, short_value);
    return short_value;
}

/// Least squares through the origin over the last days that both have.
double beta_of(const DailyReturns& returns, const DailyReturns& factor) {
    std::vector<std::int64_t> days;
    for (const auto& [day, value] : returns)
        if (factor.contains(day)) days.push_back(day);
    long double both = 0;
    long double square = 0;
    for (auto day = days.end() - std::min<std::ptrdiff_t>(beta_days, std::ssize(days)); day != days.end(); ++day) {
        both += static_cast<long double>(returns.at(*day)) * factor.at(*day);
        square += static_cast<long double>(factor.at(*day)) * factor.at(*day);
    }
    return static_cast<double>(both / square);
}

double root_mean_square(const DailyReturns& returns) {
    long double square = 0;
    for (const auto& [day, value] : returns) square += static_cast<long double>(value) * value;
    return static_cast<double>(std::sqrt(square / static_cast<long double>(returns.size())));
}

/// The smallest value that 99 of 100 are not above; not below 0.
double p99(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t rank = (values.size() * 99 + 99) / 100;
    return std::max(values[rank - 1], 0.0);
}

/// Sums by whole days of what longs paid.
Result<void> add_funding(AssetCalibration& row, const Series& rates, std::string_view name) {
    std::map<std::int64_t, double> by_day;
    for (const auto& [time, rate] : rates) by_day[time / day_s] += rate;
    std::vector<double> longs;
    std::vector<double> shorts;
    for (const auto& [day, paid] : by_day) {
        if (day == by_day.begin()->first || day == by_day.rbegin()->first) continue;
        longs.push_back(paid);
        shorts.push_back(-paid);
    }
    if (longs.size() < warm_up_days)
        return fail(ErrorCode::missing, fmt::format("{}.csv.gz: {} whole days of funding are too few", name, longs.size()));
    row.funding_long_24h = rounded(p99(std::move(longs)));
    row.funding_short_24h = rounded(p99(std::move(shorts)));
    return {};
}

/// Of the day's change of ln(perp / spot), at daily closes that both have.
Result<double> basis_sigma(const Series& perp, std::string_view name, const History& spot) {
    DailyReturns changes;
    for (const auto& [day, value] : daily_returns(perp))
        if (const auto same = spot.daily().find(day); same != spot.daily().end()) changes[day] = value - same->second;
    if (changes.size() < warm_up_days)
        return fail(ErrorCode::missing, fmt::format("{}.csv.gz: {} days beside spot are too few", name, changes.size()));
    return root_mean_square(changes);
}

Series up_to(const Series& series, std::int64_t time) { return {series.begin(), series.upper_bound(time)}; }

}  // namespace

Result<AssetCalibration> Archive::row_of(const Asset& asset, const DailyReturns& factor, bool may_lack) {
    const AssetSource& source = asset.source;
    const History& history = asset.history;
    const std::string symbol(source.symbol);
    AssetCalibration row;
    const double beta = source.pegged ? 0.0 : beta_of(history.daily(), factor);
    const Result<Sigma> sigma = sigma_of(history.daily(), symbol);
    if (!sigma) return fail(sigma.error());
    const Result<Sigma> residual = sigma_of(residuals(history.daily(), factor, beta), symbol + "'s residual");
    if (!residual) return fail(residual.error());
    // The quiet between two breaks of a peg says nothing of the next one.
    const double long_run = source.pegged ? root_mean_square(history.daily()) : 0.0;
    row.beta = rounded(beta);
    row.ewma_24h = rounded(sigma->now);
    row.sigma_floor = rounded(std::max(sigma->floor, long_run));
    row.sigma_24h = rounded(std::max(sigma->floored(), long_run));
    row.residual_24h = rounded(std::max(residual->floored(), long_run));
    row.range = source.range;
    row.days = std::ssize(history.daily());
    row.pegged = source.pegged;
    if (!source.funding.empty())
        if (Result<void> added = add_funding(row, asset.funding, source.funding); !added && !may_lack) return fail(added.error());
    if (!source.perp.empty()) {
        const Result<double> basis = basis_sigma(asset.perp, source.perp, history);
        if (!basis && !may_lack) return fail(basis.error());
        if (basis) row.basis_24h = rounded(*basis);
    }
    Liquidity liquidity;
    liquidity.half_spread = source.half_spread;
    liquidity.adv_usd = rounded(history.median_turnover());
    liquidity.source = "volume: median of the last 90 days of " + std::string(source.histories.back());
    if (source.half_spread) liquidity.source += "; half spread: " + std::string(source.spread_source);
    liquidity.date = date_text((history.daily().rbegin()->first + 1) * day_s - 1);
    row.liquidity = std::move(liquidity);
    return row;
}

std::vector<std::string> files_of(const AssetSource& source) {
    std::vector<std::string> names;
    for (const std::string_view entry : source.histories) names.emplace_back(entry.substr(0, entry.find(':')));
    for (const std::string_view other : {source.funding, source.perp})
        if (!other.empty()) names.emplace_back(other);
    return names;
}

Result<Archive> Archive::read(const DataFiles& files, std::span<const AssetSource> sources) {
    Archive archive;
    for (const AssetSource& source : sources) {
        Result<History> history = History::read(files, source);
        if (!history) return fail(history.error());
        Asset asset{source, *std::move(history)};
        if (!source.funding.empty()) {
            Result<Series> rates = read_column(files, std::string(source.funding), "funding_rate_per_interval");
            if (!rates) return fail(rates.error());
            asset.funding = *std::move(rates);
        }
        if (!source.perp.empty()) {
            Result<Bars> bars = read_bars(files, std::string(source.perp));
            if (!bars) return fail(bars.error());
            asset.perp = std::move(bars->closes);
        }
        archive.assets_.emplace(AssetId{std::string(source.symbol)}, std::move(asset));
    }
    return archive;
}

Result<Archive::Figures> Archive::whole() const { return figures(assets_, false); }

Result<Archive::Figures> Archive::until(std::int64_t time) const {
    std::map<AssetId, Asset> cut;
    for (const auto& [asset, one] : assets_)
        cut.emplace(asset, Asset{one.source, one.history.until(time), up_to(one.funding, time), up_to(one.perp, time)});
    return figures(cut, true);
}

Result<Archive::Figures> Archive::figures(const std::map<AssetId, Asset>& assets, bool may_lack) {
    const auto too_short = [](const Asset& asset) { return asset.history.daily().size() <= warm_up_days; };
    for (const auto& [id, asset] : assets)
        if (too_short(asset) && (!may_lack || id.symbol == "BTC" || id.symbol == "ETH"))
            return fail(ErrorCode::missing, fmt::format("{}: {} daily returns are too few", id.symbol, asset.history.daily().size()));
    const DailyReturns factor = factor_of(assets.at({"BTC"}).history.daily(), assets.at({"ETH"}).history.daily());
    const Result<Sigma> market_sigma = sigma_of(factor, "the market factor");
    if (!market_sigma) return fail(market_sigma.error());

    Figures result;
    Market& market = result.market;
    market.market_sigma_24h = rounded(market_sigma->floored());
    market.market_ewma_24h = rounded(market_sigma->now);
    market.market_sigma_floor = rounded(market_sigma->floor);
    market.market_range = market_range;
    result.first_day = factor.begin()->first;
    std::int64_t last = 0;
    for (const auto& [id, asset] : assets) {
        if (too_short(asset)) continue;
        const DailyReturns& daily = asset.history.daily();
        result.first_day = std::min(result.first_day, daily.begin()->first);
        last = std::max(last, daily.rbegin()->first);
        Result<AssetCalibration> row = row_of(asset, factor, may_lack);
        if (!row) return fail(row.error());
        Result<Past24h> moves = Past24h::make(asset.history, factor, row->beta, asset.source.pegged, id.symbol);
        if (!moves) return fail(moves.error());
        result.past.emplace(id, *std::move(moves));
        market.assets[id] = *std::move(row);
    }
    market.calibrated_to = (last + 1) * day_s;
    market.version = "hourly-fhs/" + date_text(market.calibrated_to - 1);
    market.past = Past(joint_past(result.past, factor, market.calibrated_to));
    return result;
}

}  // namespace margind::risk::calibration
