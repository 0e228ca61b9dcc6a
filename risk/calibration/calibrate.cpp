// The figures of a calibration.
#include "risk/calibration/calibrate.hpp"

#include "risk/calibration/archive.hpp"
#include "risk/calibration/joint.hpp"
#include "risk/calibration/sources.hpp"
#include "risk/model/market_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>

namespace margind::risk::calibration {

using namespace model;

namespace {

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
    for (const AssetSource& source : asset_sources())
        for (std::string& name : files_of(source)) names.insert(std::move(name));
    return {names.begin(), names.end()};
}

Result<Market> calibrate(const DataFiles& files) {
    const Result<Archive> archive = Archive::read(files, asset_sources());
    if (!archive) return fail(archive.error());
    Result<Archive::Figures> figures = archive->whole();
    if (!figures) return fail(figures.error());
    Market market = std::move(figures->market);
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
    Result<std::vector<StressDay>> days = stress_days(figures->past, files);
    if (!days) return fail(days.error());
    market.stress_days = *std::move(days);
    market.provenance = provenance_of(market, files, figures->first_day * day_s);
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
