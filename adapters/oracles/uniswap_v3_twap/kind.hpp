// The time-weighted average price of a Uniswap v3 pool.
#pragma once

#include "adapters/oracles/oracle.hpp"

#include <optional>

namespace margind::adapters::oracles::uniswap_v3_twap {

/// Prices are in units of the pool's other token, with 18 decimals: oracles::settle turns them into USD.
Kind kind();

/// Two answers of observe([window, 0]): each cumulative at the start and at the end.
struct Window {
    std::int64_t seconds = 0;
    model::I256 tick_start;
    model::I256 tick_end;
    /// Wraps at 2^160.
    model::U256 per_liquidity_start;
    model::U256 per_liquidity_end;
};

/// The mean tick, rounded towards minus infinity; empty when it is none of the pool's ticks. \pre seconds > 0
std::optional<std::int32_t> mean_tick(const Window& window);
/// The harmonic mean of the liquidity in range, as OracleLibrary.consult; 0 when there was none.
model::U256 mean_liquidity(const Window& window);

}  // namespace margind::adapters::oracles::uniswap_v3_twap
