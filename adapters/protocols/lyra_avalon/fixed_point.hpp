// DecimalMath, SignedDecimalMath and FixedPointMathLib of Lyra Avalon: 18 and 27 decimals, ln, exp and square root.
#pragma once

#include "adapters/protocols/lyra_avalon/words.hpp"

namespace margind::adapters::protocols::lyra_avalon {

inline constexpr std::uint64_t unit = 1'000'000'000'000'000'000;
/// 10^27.
extern const model::U256 precise_unit;

/// Rounded down.
Uint multiply_decimal(const Uint& x, const Uint& y);
Uint divide_decimal(const Uint& x, const Uint& y);
/// Rounded half away from zero, by way of one more digit that is itself cut off.
Uint divide_decimal_round(const Uint& x, const Uint& y);
Uint multiply_precise(const Uint& x, const Uint& y);
Uint divide_precise(const Uint& x, const Uint& y);
Int multiply_precise(const Int& x, const Int& y);
Int divide_precise(const Int& x, const Int& y);

Uint to_precise(const Uint& decimal);
Int to_precise(const Int& decimal);
Uint to_decimal(const Uint& precise);
Int to_decimal(const Int& precise);

/// ln and e^x of 18 decimals. ln reverts at 0 and below, e^x from 135.305999368893231589.
Int ln(const Int& x);
Uint exp(const Int& x);
/// Of 27 decimals, computed with 18.
Int ln_precise(const Int& x);
Uint exp_precise(const Int& x);

/// Of an integer, rounded down: seven steps of Newton's method.
Uint square_root(const Uint& x);
Uint square_root_precise(const Uint& x);

}  // namespace margind::adapters::protocols::lyra_avalon
