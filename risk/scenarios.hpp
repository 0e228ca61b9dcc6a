// The main grid: what moves, by how much, alone and together.
#pragma once

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace margind::risk {

/// Relative moves of prices by underlying; what is not named stays.
struct Scenario {
    /// "ETH +0.50R", "market -1.00R", "ETH residual +", "ETH of market +0.25R".
    std::string name;
    std::map<model::AssetId, double> shocks;
};

/// Eight spots per array: +-.25, .5, .75 and 1 times R. The unmoved state is a member of every array and costs nothing.
struct ScenarioGrid {
    /// By underlying: its own array, then its leg of every joint scenario that moves others too.
    std::map<model::AssetId, std::vector<Scenario>> own;
    /// How many of `own` are the underlying's own array; the rest are legs.
    std::size_t own_array = 0;
    /// All underlyings by beta, then a residual shock of each to both sides.
    std::vector<Scenario> joint;
};

/// R = min(range_cap, max(table, range_sigmas x sigma_24h)).
double range_of(double table, double sigma_24h, const model::Policy& policy);

ScenarioGrid scenario_grid(const std::set<model::AssetId>& underlyings, const model::Market& market,
                           const model::Policy& policy);

}  // namespace margind::risk
