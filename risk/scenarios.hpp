// The main grid: what moves, by how much, alone and together.
#pragma once

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace margind::risk {

/// Relative moves of prices and moves of vols by underlying; what is not named stays.
struct Scenario {
    /// "ETH +0.50R", "market -1.00R", "ETH residual +", "ETH of market +0.25R", "ETH +200% vol up".
    std::string name;
    std::map<model::AssetId, double> shocks;
    std::map<model::AssetId, model::VolMove> vols{};
    /// The share of its profit or loss that counts.
    double weight = 1;
    /// An underlying's part of a joint scenario.
    bool leg = false;
};

/// Eight spots per array: +-.25, .5, .75 and 1 times R. An underlying with vols has each of them and the unmoved spot with vol
/// up and down too, R itself with vol up alone, and eight tails with vol up. The unmoved state is a member of every array
/// and costs nothing.
struct ScenarioGrid {
    /// By underlying: its own array, then its leg of every joint scenario that moves others too.
    std::map<model::AssetId, std::vector<Scenario>> own;
    /// All underlyings by beta, then a residual shock of each to both sides.
    std::vector<Scenario> joint;
};

/// R = min(range_cap, max(table, range_sigmas x sigma_24h)).
double range_of(double table, double sigma_24h, const model::Policy& policy);

/// The factor of a vol, by the days to expiry of what is valued with it; never negative.
double vol_factor(model::VolMove move, std::int64_t time_to_expiry_s, const model::Policy& policy);
/// A vol where it moves; one that goes up is at least vol_up_least.
double vol_moved(double vol, model::VolMove move, std::int64_t time_to_expiry_s, const model::Policy& policy);

/// `with_vols`: those of the underlyings that some account's equity depends on a vol of.
ScenarioGrid scenario_grid(const std::set<model::AssetId>& underlyings, const std::set<model::AssetId>& with_vols,
                           const model::Market& market, const model::Policy& policy);

}  // namespace margind::risk
