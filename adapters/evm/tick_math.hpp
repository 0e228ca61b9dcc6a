// Prices of Uniswap v3's ticks, in the pool's own integers and roundings. Pure.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::evm {

constexpr std::int32_t max_tick = 887'272;

/// sqrt(1.0001^tick) * 2^96, as TickMath.getSqrtRatioAtTick. \pre |tick| <= max_tick
model::U256 sqrt_ratio_at_tick(std::int32_t tick);
/// What `base_amount` of one token of the pool is worth in the other, rounded down, as OracleLibrary.getQuoteAtTick; `base_is_token0`
/// says which. Empty when it does not fit.
std::optional<model::U256> quote_at_tick(std::int32_t tick, const model::U256& base_amount, bool base_is_token0);

}  // namespace margind::adapters::evm
