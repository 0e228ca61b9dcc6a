// Reading and checking a calibration.
#include "risk/market_file.hpp"

#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/market_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

constexpr double largest = 10;

Result<void> check(const std::string& path, double value, double lowest) {
    if (std::isfinite(value) && value >= lowest && value <= largest) return {};
    return fail(ErrorCode::out_of_range, fmt::format("market: {}: {} is outside {} to {}", path, value, lowest, largest));
}

Result<void> check(const AssetId& asset, const AssetCalibration& row) {
    const std::string path = "assets." + asset.symbol + '.';
    if (asset.symbol.empty() || asset.symbol == "market")
        return fail(ErrorCode::bad_input, "market: assets: \"" + asset.symbol + "\" is no name of an asset");
    for (const auto& [name, value, lowest] : {std::tuple("sigma_24h", row.sigma_24h, 0.0), std::tuple("beta", row.beta, -largest),
                                              std::tuple("residual_24h", row.residual_24h, 0.0), std::tuple("range", row.range, 0.0)})
        if (Result<void> right = check(path + name, value, lowest); !right) return right;
    for (const auto& [name, value] :
         {std::pair("ewma_24h", row.ewma_24h), std::pair("sigma_floor", row.sigma_floor),
          std::pair("funding_long_24h", row.funding_long_24h.value_or(0)), std::pair("funding_short_24h", row.funding_short_24h.value_or(0)),
          std::pair("basis_24h", row.basis_24h.value_or(0))})
        if (Result<void> right = check(path + name, value, 0.0); !right) return right;
    if (row.days < 0) return fail(ErrorCode::out_of_range, fmt::format("market: {}days: {} is below 0", path, row.days));
    if (!row.liquidity) return {};
    if (Result<void> right = check(path + "liquidity.half_spread", row.liquidity->half_spread.value_or(0), 0.0); !right) return right;
    if (std::isfinite(row.liquidity->adv_usd) && row.liquidity->adv_usd > 0) return {};
    return fail(ErrorCode::out_of_range, fmt::format("market: {}liquidity.adv_usd: {} is not above 0", path, row.liquidity->adv_usd));
}

/// "wstETH" of "ETH": a row that is no claim itself.
Result<void> check_claims(const Market& market) {
    for (const auto& [asset, row] : market.assets) {
        if (row.claim.empty()) continue;
        const auto base = market.assets.find({row.claim});
        if (base == market.assets.end() || !base->second.claim.empty())
            return fail(ErrorCode::bad_input,
                        fmt::format("market: assets.{}.claim: \"{}\" is no asset with a past of its own", asset.symbol, row.claim));
    }
    return {};
}

/// As many as there are windows, each a logarithm that a price can move by; sigmas above 0.
Result<void> check_moves(const std::string& path, const std::vector<LogMove>& moves, std::size_t count, std::int32_t lowest) {
    constexpr std::int32_t largest_move = 1'000'000;
    if (moves.size() != count) return fail(ErrorCode::bad_input, fmt::format("market: {}: {} values for {} windows", path, moves.size(), count));
    for (std::size_t i = 0; i < count; ++i)
        if (moves[i] && (*moves[i] < lowest || *moves[i] > largest_move))
            return fail(ErrorCode::out_of_range, fmt::format("market: {}[{}]: {} is outside {} to {}", path, i, *moves[i], lowest, largest_move));
    return {};
}

Result<void> check_rising(const std::string& path, const std::vector<std::int64_t>& hours) {
    constexpr std::int64_t latest = 10'000'000;
    for (std::size_t i = 0; i < hours.size(); ++i)
        if (hours[i] < 0 || hours[i] > latest || (i > 0 && hours[i] <= hours[i - 1]))
            return fail(ErrorCode::out_of_range, fmt::format("market: {}[{}]: {} does not rise from 0", path, i, hours[i]));
    return {};
}

Result<void> check(const PastMoves& past) {
    constexpr std::size_t most = 20'000;
    constexpr std::int32_t lowest = -1'000'000;
    if (past.end_hours.size() > most)
        return fail(ErrorCode::limit, fmt::format("market: past.end_hours: {} are more than {}", past.end_hours.size(), most));
    if (past.stressed_end_hours.size() > most)
        return fail(ErrorCode::limit, fmt::format("market: past.stressed_end_hours: {} are more than {}", past.stressed_end_hours.size(), most));
    if (Result<void> right = check_rising("past.end_hours", past.end_hours); !right) return right;
    if (Result<void> right = check_rising("past.stressed_end_hours", past.stressed_end_hours); !right) return right;
    for (const auto& [asset, series] : past.assets) {
        const std::string path = "past.assets." + asset.symbol;
        if (Result<void> right = check_moves(path + ".returns", series.returns, past.end_hours.size(), lowest); !right) return right;
        if (series.sigmas.empty()) continue;
        if (Result<void> right = check_moves(path + ".sigmas", series.sigmas, past.end_hours.size(), 1); !right) return right;
    }
    for (const auto& [asset, moves] : past.stressed)
        if (Result<void> right = check_moves("past.stressed." + asset.symbol, moves, past.stressed_end_hours.size(), lowest); !right) return right;
    const std::vector<LogMove> factor(past.stressed_factor.begin(), past.stressed_factor.end());
    return check_moves("past.stressed_factor", factor, past.stressed_end_hours.size(), lowest);
}

Result<void> check(const StressDay& day) {
    const std::string path = "stress_days." + day.name + '.';
    constexpr double lowest = -1;
    if (Result<void> right = check(path + "factor", day.factor, lowest); !right) return right;
    for (const auto& [asset, move] : day.moves)
        if (Result<void> right = check(path + "moves." + asset.symbol, move, lowest); !right) return right;
    return {};
}

}  // namespace

Result<Market> parse_market(std::string_view text) {
    const Result<nlohmann::json> document = parse_json(text);
    if (!document) return fail(document.error().code, "market: " + document.error().message);
    Result<Market> market = from_json<Market>(*document);
    if (!market) return fail(market.error().code, "market: " + market.error().message);
    if (market->version.empty()) return fail(ErrorCode::bad_input, "market: version: \"\" names no calibration");
    if (Result<void> right = check("market_sigma_24h", market->market_sigma_24h, 0); !right) return fail(right.error());
    if (Result<void> right = check("market_range", market->market_range, 0); !right) return fail(right.error());
    for (const auto& [asset, row] : market->assets)
        if (Result<void> right = check(asset, row); !right) return fail(right.error());
    if (Result<void> right = check_claims(*market); !right) return fail(right.error());
    if (Result<void> right = check(market->past.moves()); !right) return fail(right.error());
    for (const StressDay& day : market->stress_days)
        if (Result<void> right = check(day); !right) return fail(right.error());
    for (const auto& [name, value] :
         {std::pair("market_ewma_24h", market->market_ewma_24h), std::pair("market_sigma_floor", market->market_sigma_floor)})
        if (Result<void> right = check(name, value, 0); !right) return fail(right.error());
    for (const GasPrice& gas : market->gas)
        if (!std::isfinite(gas.p95_gwei) || gas.p95_gwei < 0)
            return fail(ErrorCode::out_of_range,
                        fmt::format("market: gas of chain {}: p95_gwei: {} is not a number from 0", gas.chain.value, gas.p95_gwei));
    return market;
}

}  // namespace margind::risk
