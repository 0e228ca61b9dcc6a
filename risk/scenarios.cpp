// Building the main grid.
#include "risk/scenarios.hpp"

#include "risk/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::array spots{-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0};
constexpr std::array tails{-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0};

/// One cell of an array: a spot in units of R or, for a tail, of the price itself.
struct Cell {
    std::string name;
    double spot = 0;
    bool tail = false;
    std::optional<VolMove> vol{};
};

std::vector<Cell> linear_cells() {
    std::vector<Cell> cells;
    for (const double spot : spots) cells.push_back({fmt::format("{:+.2f}R", spot), spot});
    return cells;
}

std::vector<Cell> cells_with_vols() {
    std::vector<Cell> cells;
    const auto add = [&](double spot, std::optional<VolMove> vol) {
        std::string name = spot == 0 ? "" : fmt::format("{:+.2f}R", spot);
        if (vol) name += std::string(name.empty() ? "" : " ") + "vol " + to_string(*vol);
        cells.push_back({std::move(name), spot, false, vol});
    };
    for (const double spot : spots) {
        const bool whole = std::abs(spot) == 1;
        add(spot, VolMove::up);
        if (whole) continue;
        add(spot, std::nullopt);
        add(spot, VolMove::down);
    }
    add(0, VolMove::up);
    add(0, VolMove::down);
    for (const double tail : tails) cells.push_back({fmt::format("{:+.0f}% vol up", tail * 100), tail, true, VolMove::up});
    return cells;
}

/// A tail counts as a linear position's loss at tail_weight x R would.
double weight_of(const Cell& cell, double range, const Policy& policy) {
    return cell.tail ? std::min(1.0, policy.tail_weight * range / std::abs(cell.spot)) : 1.0;
}

double shock_of(const Cell& cell, double range) { return cell.tail ? cell.spot : cell.spot * range; }

void move_vol(Scenario& scenario, const AssetId& asset, const std::optional<VolMove>& vol) {
    if (vol) scenario.vols[asset] = *vol;
}

}  // namespace

double range_of(double table, double sigma_24h, const Policy& policy) {
    return std::min(policy.range_cap, std::max(table, policy.range_sigmas * sigma_24h));
}

double vol_factor(VolMove move, std::int64_t time_to_expiry_s, const Policy& policy) {
    const double days = std::max(static_cast<double>(time_to_expiry_s) / 86'400, policy.vol_days_floor);
    const double stretch = std::pow(30 / days, days <= 30 ? policy.vol_power_short : policy.vol_power_long);
    return move == VolMove::up ? 1 + policy.vol_up * stretch : std::max(0.0, 1 - policy.vol_down * stretch);
}

double vol_moved(double vol, VolMove move, std::int64_t time_to_expiry_s, const Policy& policy) {
    const double there = vol * vol_factor(move, time_to_expiry_s, policy);
    return move == VolMove::up ? std::max(there, policy.vol_up_least) : there;
}

ScenarioGrid scenario_grid(const std::set<AssetId>& underlyings, const std::set<AssetId>& with_vols, const Market& market,
                           const Policy& policy) {
    ScenarioGrid grid;
    const bool calibrated = market.market_sigma_24h > 0 || market.market_range > 0;
    const double market_range = calibrated ? range_of(market.market_range, market.market_sigma_24h, policy)
                                           : range_of(policy.default_range, policy.default_sigma_24h, policy);
    std::map<AssetId, AssetCalibration> rows;
    for (const AssetId& asset : underlyings) rows[asset] = calibration_of(asset, market, policy);

    for (const auto& [asset, row] : rows) {
        const double range = range_of(row.range, row.sigma_24h, policy);
        for (const Cell& cell : with_vols.contains(asset) ? cells_with_vols() : linear_cells()) {
            Scenario scenario{asset.symbol + ' ' + cell.name, {}};
            if (cell.spot != 0) scenario.shocks[asset] = shock_of(cell, range);
            move_vol(scenario, asset, cell.vol);
            scenario.weight = weight_of(cell, range, policy);
            grid.own[asset].push_back(std::move(scenario));
        }
    }
    for (const Cell& cell : with_vols.empty() ? linear_cells() : cells_with_vols()) {
        Scenario together{"market " + cell.name, {}};
        together.weight = weight_of(cell, market_range, policy);
        std::vector<std::pair<AssetId, Scenario>> legs;
        for (const auto& [asset, row] : rows) {
            Scenario leg{asset.symbol + " of " + together.name, {}};
            leg.weight = together.weight;
            leg.leg = true;
            const double shock = std::max(row.beta * shock_of(cell, market_range), -policy.range_cap);
            if (shock != 0) leg.shocks[asset] = shock;
            if (with_vols.contains(asset)) move_vol(leg, asset, cell.vol);
            if (leg.shocks.empty() && leg.vols.empty()) continue;
            together.shocks.insert(leg.shocks.begin(), leg.shocks.end());
            together.vols.insert(leg.vols.begin(), leg.vols.end());
            legs.emplace_back(asset, std::move(leg));
        }
        for (auto& [asset, leg] : legs) grid.own[asset].push_back(std::move(leg));
        if (!legs.empty()) grid.joint.push_back(std::move(together));
    }
    for (const auto& [asset, row] : rows) {
        // What is left of a move cannot exceed the asset's own range (a peg's is below the residual floor).
        const double residual = std::min(range_of(row.range, row.sigma_24h, policy),
                                         std::max(policy.residual_floor, policy.residual_sigmas * row.residual_24h));
        for (const double side : {1.0, -1.0}) {
            Scenario alone{asset.symbol + (side > 0 ? " residual +" : " residual -"), {{asset, side * residual}}};
            grid.joint.push_back(alone);
            alone.leg = true;
            grid.own[asset].push_back(alone);
            if (!with_vols.contains(asset)) continue;
            alone.name += " vol up";
            alone.vols[asset] = VolMove::up;
            grid.own[asset].push_back(alone);
            alone.leg = false;
            grid.joint.push_back(std::move(alone));
        }
    }
    return grid;
}

}  // namespace margind::risk
