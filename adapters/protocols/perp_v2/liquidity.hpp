// What liquidity in a Uniswap v3 range holds at a price, rounded as the pool's libraries round.
#pragma once

#include "adapters/evm/tick_math.hpp"
#include "risk/model/u256.hpp"

namespace margind::adapters::protocols::perp_v2 {

using evm::max_tick;
using evm::sqrt_ratio_at_tick;

/// Liquidity of one order (below 2^128) between two square-root prices (Q64.96, lower < upper).
struct Range {
    model::U256 liquidity;
    model::U256 sqrt_lower;
    model::U256 sqrt_upper;
};

struct TokenAmounts {
    model::U256 base;
    model::U256 quote;
};

/// \pre sqrt_price below 2^160.
TokenAmounts amounts_at(const Range& range, const model::U256& sqrt_price);

/// The square-root price when the price goes from `from` to `to`; the same bits back when they are equal.
/// \pre from > 0, and `to` below 2^127.
model::U256 moved_sqrt_price(const model::U256& sqrt_price, const model::U256& from, const model::U256& to);

}  // namespace margind::adapters::protocols::perp_v2
