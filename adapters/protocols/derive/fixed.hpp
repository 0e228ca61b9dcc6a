// Fixed-point arithmetic with 18 decimals, rounded as Derive's contracts round.
#pragma once

#include "risk/model/u256.hpp"

#include <optional>

namespace margind::adapters::protocols::derive {

inline constexpr std::int64_t wad = 1'000'000'000'000'000'000;

/// A contract reverts at the first overflow; here results after it mean nothing and ok() says so once at the end.
class Checked {
public:
    bool ok() const { return ok_; }

    model::I256 add(const model::I256& a, const model::I256& b) { return take(checked_add(a, b)); }
    model::I256 sub(const model::I256& a, const model::I256& b) { return take(checked_sub(a, b)); }
    model::I256 negate(const model::I256& a) { return take(model::negate(a)); }
    /// a * b / 1e18, towards zero.
    model::I256 mul(const model::I256& a, const model::I256& b) { return mul_div(a, b, wad); }
    /// a * 1e18 / b, towards zero.
    model::I256 div(const model::I256& a, const model::I256& b) { return mul_div(a, wad, b); }
    /// a * b / divisor, towards zero.
    model::I256 mul_div(const model::I256& a, const model::I256& b, const model::I256& divisor) { return take(model::mul_div(a, b, divisor)); }
    model::I256 exp(const model::I256& x);
    model::I256 ln(const model::I256& x);
    /// a^b as exp(ln(a) * b).
    model::I256 power(const model::I256& a, const model::I256& b);
    /// Remembers a failure found by the caller.
    void fail() { ok_ = false; }

    template <class T>
    T take(const std::optional<T>& value) {
        if (!value) ok_ = false;
        return value.value_or(T{});
    }

private:
    bool ok_ = true;
};

inline model::I256 magnitude(const model::I256& value) { return value.is_negative() ? negate(value).value_or(model::I256()) : value; }

/// ln(x); empty where x <= 0. A rational approximation of the (8, 8) kind, good to the last digits; equal to the contracts' to the unit.
std::optional<model::I256> natural_log(const model::I256& x);
/// e^x; 0 below -42.14; empty from 135.3 on.
std::optional<model::I256> exponential(const model::I256& x);
/// floor(sqrt(x * 1e18)); empty where x < 0 or x * 1e18 does not fit.
std::optional<model::I256> square_root(const model::I256& x);
/// Cumulative standard normal distribution: Hart's approximation, beyond 7.07 a continued fraction.
model::I256 normal_cdf(const model::I256& x);

}  // namespace margind::adapters::protocols::derive
