// The smallest action at a venue that brings an account to a distance.
#pragma once

#include "risk/distance.hpp"
#include "risk/valuation.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace margind::risk {

struct Goal {
    const model::Market& market;
    const model::Policy& policy;
    std::span<const model::ReferencePrice> prices;
    model::ChainId chain;
    double target_z = 0;
};

/// Not liquidatable now, nor at any step of the scan up to the target distance, nor at the target distance itself: each
/// underlying alone and the ray, on both sides. The target distance is target_z sigmas, and no less than the room
/// below which the feed's own deviation makes an account CRITICAL. An error of the rule anywhere there: not reached.
bool reaches(const model::PreparedAccount& account, const Goal& goal);

/// For each option the smallest amount_raw with which the account reaches the goal (exact: one unit less does not),
/// sorted by amount_usd. Options that do not reach it, even in full, are left out; so are those whose amount has no
/// price in USD. Empty when the goal is reached already.
std::vector<model::Action> smallest_actions(const model::PreparedAccount& account, const Goal& goal,
                                            const Valuation& valuation, std::uint64_t block);

}  // namespace margind::risk
