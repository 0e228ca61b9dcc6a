// The figures of a calibration.
#include "risk/calibration/calibrate.hpp"

#include "risk/calibration/history.hpp"
#include "risk/calibration/joint.hpp"
#include "risk/calibration/sources.hpp"
#include "risk/model/market_fields.hpp"
#include "risk/statistics/ewma.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

namespace margind::risk::calibration {

using namespace model;

namespace {

/// Days of the least squares behind a beta: long enough for a stable estimate, short enough for the present regime.
constexpr std::ptrdiff_t beta_days = 730;
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
    for (auto day = days.end() - std::min(beta_days, std::ssize(days)); day != days.end(); ++day) {
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
Result<void> add_funding(AssetCalibration& row, const DataFiles& files, const std::string& name) {
    const Result<Series> rates = read_column(files, name, "funding_rate_per_interval");
    if (!rates) return fail(rates.error());
    std::map<std::int64_t, double> by_day;
    for (const auto& [time, rate] : *rates) by_day[time / day_s] += rate;
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
Result<double> basis_sigma(const DataFiles& files, const std::string& perp, const History& spot) {
    const Result<Bars> bars = read_bars(files, perp);
    if (!bars) return fail(bars.error());
    DailyReturns changes;
    for (const auto& [day, value] : daily_returns(bars->closes))
        if (const auto same = spot.daily().find(day); same != spot.daily().end()) changes[day] = value - same->second;
    if (changes.size() < warm_up_days)
        return fail(ErrorCode::missing, fmt::format("{}.csv.gz: {} days beside spot are too few", perp, changes.size()));
    return root_mean_square(changes);
}

Result<AssetCalibration> row_of(const AssetSource& source, const History& history, const DailyReturns& factor, const DataFiles& files) {
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
        if (Result<void> added = add_funding(row, files, std::string(source.funding)); !added) return fail(added.error());
    if (!source.perp.empty()) {
        const Result<double> basis = basis_sigma(files, std::string(source.perp), history);
        if (!basis) return fail(basis.error());
        row.basis_24h = rounded(*basis);
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

std::string provenance_of(const Market& market, const DataFiles& files, std::int64_t first) {
    std::vector<std::string> proxies;
    for (const Claims& claim : claims()) proxies.push_back(fmt::format("{} take {}", fmt::join(claim.symbols, ", "), claim.on));
    std::vector<std::string> listed;
    for (const std::string& name : needed_files()) listed.push_back(fmt::format("{}.csv.gz (sha256 {})", name, files.at(name).sha256.substr(0, 16)));
    return fmt::format(
        "Daily closes (UTC) {} to {} of Binance spot, OP from mid-2025 Binance perpetual, USDC from 2025 Bybit spot (both against USDT), ATOM, DAI, "
        "ENS, "
        "KNC, LDO, MKR Coinbase spot. Sigma: EWMA of squared log returns, lambda {:.2f}, floored at the median of its own history; DAI and USDC also "
        "at "
        "their whole history's. Market factor: mean of BTC and ETH. Beta: least squares over the last {} days; pegged 0. Residual: sigma of return - "
        "beta x "
        "factor. Ranges: policy table. Past: {} windows of 24 h, every 13th hour; assets with daily files alone take beta x factor and the residual "
        "of the day "
        "that most of a window lies in. Stressed: the {} days of the largest absolute factor. Funding: 99 % of days, Binance. Basis: Binance "
        "perpetual against "
        "spot. Rows with days = 0 are proxies: {}. Written by margind calibrate from {}",
        date_text(first), date_text(market.calibrated_to - 1), ewma_lambda, beta_days, market.past.moves().end_hours.size(),
        market.past.moves().stressed_end_hours.size(), fmt::join(proxies, "; "), fmt::join(listed, ", "));
}

/// "name": value, one to a line.
template <class Map>
std::string lines_of(const Map& rows) {
    std::string text = "{";
    const char* separator = "\n";
    for (const auto& [key, row] : rows) {
        text += fmt::format("{}{}: {}", std::exchange(separator, ",\n"), json_text_of(to_text(key)), json_text_of(row));
    }
    return text + "\n}";
}

}  // namespace

std::vector<std::string> needed_files() {
    std::set<std::string> names{std::string(depeg_file), std::string(staking_file)};
    for (const AssetSource& source : asset_sources()) {
        for (const std::string_view entry : source.histories) names.emplace(entry.substr(0, entry.find(':')));
        for (const std::string_view other : {source.funding, source.perp})
            if (!other.empty()) names.emplace(other);
    }
    return {names.begin(), names.end()};
}

Result<Market> calibrate(const DataFiles& files) {
    std::map<AssetId, History> histories;
    for (const AssetSource& source : asset_sources()) {
        Result<History> history = History::read(files, source);
        if (!history) return fail(history.error());
        if (history->daily().size() <= warm_up_days)
            return fail(ErrorCode::missing, fmt::format("{}: {} daily returns are too few", source.symbol, history->daily().size()));
        histories.emplace(AssetId{std::string(source.symbol)}, *std::move(history));
    }
    const DailyReturns factor = factor_of(histories.at({"BTC"}).daily(), histories.at({"ETH"}).daily());
    const Result<Sigma> market_sigma = sigma_of(factor, "the market factor");
    if (!market_sigma) return fail(market_sigma.error());

    Market market;
    market.market_sigma_24h = rounded(market_sigma->floored());
    market.market_ewma_24h = rounded(market_sigma->now);
    market.market_sigma_floor = rounded(market_sigma->floor);
    market.market_range = market_range;
    std::int64_t first = factor.begin()->first;
    std::int64_t last = 0;
    std::map<AssetId, Past24h> past;
    for (const AssetSource& source : asset_sources()) {
        const AssetId asset{std::string(source.symbol)};
        const History& history = histories.at(asset);
        first = std::min(first, history.daily().begin()->first);
        last = std::max(last, history.daily().rbegin()->first);
        Result<AssetCalibration> row = row_of(source, history, factor, files);
        if (!row) return fail(row.error());
        Result<Past24h> moves = Past24h::make(history, factor, row->beta, source.pegged, std::string(source.symbol));
        if (!moves) return fail(moves.error());
        past.emplace(asset, *std::move(moves));
        market.assets[asset] = *std::move(row);
    }
    for (const Claims& claim : claims())
        for (const std::string_view symbol : claim.symbols) {
            AssetCalibration row = market.assets.at({std::string(claim.on)});
            row.days = 0;
            row.claim = claim.on;
            // Where it trades is not where the asset does.
            row.liquidity.reset();
            row.funding_long_24h.reset();
            row.funding_short_24h.reset();
            row.basis_24h.reset();
            market.assets[{std::string(symbol)}] = std::move(row);
        }
    market.calibrated_to = (last + 1) * day_s;
    market.version = "hourly-fhs/" + date_text(market.calibrated_to - 1);
    market.past = Past(joint_past(past, factor, market.calibrated_to));
    Result<std::vector<StressDay>> days = stress_days(past, files);
    if (!days) return fail(days.error());
    market.stress_days = *std::move(days);
    market.provenance = provenance_of(market, files, first * day_s);
    return market;
}

std::string market_text(const Market& market) {
    Market rest = market;
    rest.assets.clear();
    rest.past = Past();
    const PastMoves& moves = market.past.moves();
    std::string text = json_text_of(rest);
    const auto fill = [&](std::string_view empty, const std::string& content) {
        const std::size_t at = text.find(empty);
        text.replace(at, empty.size(), content);
    };
    const std::string none = json_text_of(PastMoves{});
    fill("\"past\":" + none,
         fmt::format("\"past\":{{\"assets\":{},\n\"end_hours\":{},\n\"stressed\":{},\n\"stressed_end_hours\":{},\n\"stressed_factor\":{}}}",
                     lines_of(moves.assets), json_text_of(moves.end_hours), lines_of(moves.stressed), json_text_of(moves.stressed_end_hours),
                     json_text_of(moves.stressed_factor)));
    fill("\"assets\":{},\"calibrated_to\"", "\"assets\":" + lines_of(market.assets) + ",\n\"calibrated_to\"");
    return text + "\n";
}

}  // namespace margind::risk::calibration
