// Morpho Blue's fixed point and a market's interest, with the contract's roundings; empty where the contract would revert.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::morpho_blue {

/// A value, or "the contract reverts here". Every function below is empty when an argument is.
using Maybe = std::optional<model::U256>;

model::U256 wad();
/// Of an oracle's price: collateral units times this price over 10^36 are loan units.
model::U256 price_scale();

/// a * b / divisor, rounded down; empty when a * b passes 2^256.
Maybe mul_div_down(const Maybe& a, const Maybe& b, const Maybe& divisor);
/// (a * b + divisor - 1) / divisor; empty when that sum passes 2^256.
Maybe mul_div_up(const Maybe& a, const Maybe& b, const Maybe& divisor);
/// a * b / 10^18, rounded down.
Maybe w_mul_down(const Maybe& a, const Maybe& b);
/// a * 10^18 / b, rounded down, or up.
Maybe w_div_down(const Maybe& a, const Maybe& b);
Maybe w_div_up(const Maybe& a, const Maybe& b);

/// Shares count against a virtual 10^6 of them and one unit of assets.
Maybe assets_down(const Maybe& shares, const model::U256& assets, const model::U256& all_shares);
Maybe assets_up(const Maybe& shares, const model::U256& assets, const model::U256& all_shares);
Maybe shares_down(const Maybe& amount, const model::U256& assets, const model::U256& all_shares);

/// min(1.15, 1 / (1 - 0.3 (1 - lltv))) with 18 decimals. \pre lltv <= 10^18
model::U256 liquidation_incentive_factor(const model::U256& lltv);

/// What a market has stored.
struct Totals {
    model::U256 supply_assets;
    model::U256 supply_shares;
    model::U256 borrow_assets;
    model::U256 borrow_shares;
};

/// With the interest of `seconds` at `rate` (per second, 18 decimals) and the fee's shares minted, as the contract does before anything else.
std::optional<Totals> accrued(const Totals& stored, const model::U256& rate, std::uint64_t seconds, const model::U256& fee);

}  // namespace margind::adapters::protocols::morpho_blue
