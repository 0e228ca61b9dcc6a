// Aave V3's fixed point: wad, ray and percent with the pool's roundings; empty where the contract would revert.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::aave_v3 {

/// A value, or "the contract reverts here". Every function below is empty when an argument is.
using Maybe = std::optional<model::U256>;

model::U256 ray();
model::U256 wad();

Maybe add(const Maybe& a, const Maybe& b);
Maybe sub(const Maybe& a, const Maybe& b);
Maybe mul(const Maybe& a, const Maybe& b);
/// Rounds down.
Maybe div(const Maybe& a, const Maybe& divisor);
Maybe div_up(const Maybe& a, const Maybe& divisor);

/// a * b / 10^27, half up; empty when a * b + 10^27 / 2 passes 2^256.
Maybe ray_mul(const Maybe& a, const Maybe& b);
/// a * b / 10^27; empty when a * b passes 2^256.
Maybe ray_mul_down(const Maybe& a, const Maybe& b);
Maybe ray_mul_up(const Maybe& a, const Maybe& b);
/// a * 10^27 / b, rounded down.
Maybe ray_div_down(const Maybe& a, const Maybe& b);
/// a * 10^27 / b, half up (b / 2 rounded down).
Maybe ray_div(const Maybe& a, const Maybe& b);
/// a * 10^18 / b, half up (b / 2 rounded down).
Maybe wad_div(const Maybe& a, const Maybe& b);
/// a * bps / 10000, half up.
Maybe percent_mul(const Maybe& a, const Maybe& bps);
/// a * 10000 / bps, half up (bps / 2 rounded down).
Maybe percent_div(const Maybe& a, const Maybe& bps);
/// a * 10000 / bps, rounded up.
Maybe percent_div_up(const Maybe& a, const Maybe& bps);

/// balance * price / unit, rounded down.
Maybe base_value(const Maybe& balance, const model::U256& price, const model::U256& unit);

/// 1 + rate * seconds / year in ray; `rate` in ray per year of 365 days.
Maybe linear_interest(const model::U256& rate, std::uint64_t seconds);
/// (1 + rate / year)^seconds in ray, by the first three terms of the binomial series: 3.0.x pools.
Maybe compounded_interest(const model::U256& rate, std::uint64_t seconds);

}  // namespace margind::adapters::protocols::aave_v3
