// Building the main grid.
#include "risk/scenarios.hpp"

#include "risk/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::array spots{-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0};

}  // namespace

double range_of(double table, double sigma_24h, const Policy& policy) {
    return std::min(policy.range_cap, std::max(table, policy.range_sigmas * sigma_24h));
}

ScenarioGrid scenario_grid(const std::set<AssetId>& underlyings, const Market& market, const Policy& policy) {
    ScenarioGrid grid;
    grid.own_array = spots.size();
    const bool calibrated = market.market_sigma_24h > 0 || market.market_range > 0;
    const double market_range = calibrated ? range_of(market.market_range, market.market_sigma_24h, policy)
                                           : range_of(policy.default_range, policy.default_sigma_24h, policy);
    std::map<AssetId, AssetCalibration> rows;
    for (const AssetId& asset : underlyings) rows[asset] = calibration_of(asset, market, policy);

    for (const auto& [asset, row] : rows) {
        const double range = range_of(row.range, row.sigma_24h, policy);
        for (const double spot : spots)
            grid.own[asset].push_back({fmt::format("{} {:+.2f}R", asset.symbol, spot), {{asset, spot * range}}});
    }
    for (const double spot : spots) {
        Scenario together{fmt::format("market {:+.2f}R", spot), {}};
        for (const auto& [asset, row] : rows) {
            const double shock = std::max(row.beta * spot * market_range, -policy.range_cap);
            if (shock == 0) continue;
            together.shocks[asset] = shock;
            grid.own[asset].push_back({asset.symbol + " of " + together.name, {{asset, shock}}});
        }
        if (!together.shocks.empty()) grid.joint.push_back(std::move(together));
    }
    for (const auto& [asset, row] : rows) {
        // What is left of a move cannot exceed the asset's own range (a peg's is below the residual floor).
        const double residual = std::min(range_of(row.range, row.sigma_24h, policy),
                                         std::max(policy.residual_floor, policy.residual_sigmas * row.residual_24h));
        for (const double side : {1.0, -1.0}) {
            Scenario alone{asset.symbol + (side > 0 ? " residual +" : " residual -"), {{asset, side * residual}}};
            grid.own[asset].push_back(alone);
            grid.joint.push_back(std::move(alone));
        }
    }
    return grid;
}

}  // namespace margind::risk
