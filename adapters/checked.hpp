// Integer arithmetic as a contract does it, remembering whether anything did not fit.
#pragma once

#include "risk/model/u256.hpp"

#include <optional>

namespace margind::adapters {

/// A contract reverts at the first overflow; here results after it mean nothing and ok() says so once at the end.
class Checked {
public:
    bool ok() const { return ok_; }

    model::U256 add(const model::U256& a, const model::U256& b) { return take(checked_add(a, b)); }
    model::U256 sub(const model::U256& a, const model::U256& b) { return take(checked_sub(a, b)); }
    model::U256 mul(const model::U256& a, const model::U256& b) { return take(checked_mul(a, b)); }
    model::U256 div(const model::U256& a, const model::U256& b) { return take(checked_div(a, b)); }
    model::U256 mul_div(const model::U256& a, const model::U256& b, const model::U256& divisor,
                        model::Rounding rounding = model::Rounding::down) {
        return take(model::mul_div(a, b, divisor, rounding));
    }

    model::I256 add(const model::I256& a, const model::I256& b) { return take(checked_add(a, b)); }
    model::I256 sub(const model::I256& a, const model::I256& b) { return take(checked_sub(a, b)); }
    model::I256 mul(const model::I256& a, const model::I256& b) { return take(checked_mul(a, b)); }
    model::I256 div(const model::I256& a, const model::I256& b,
                    model::SignedRounding rounding = model::SignedRounding::truncate) {
        return take(checked_div(a, b, rounding));
    }
    /// Truncates towards zero, with a 512-bit product.
    model::I256 mul_div(const model::I256& a, const model::I256& b, const model::U256& divisor) {
        return take(model::I256::make(a.is_negative() != b.is_negative(),
                                      mul_div(a.magnitude(), b.magnitude(), divisor)));
    }
    model::I256 negate(const model::I256& a) { return take(model::negate(a)); }
    model::I256 to_signed(const model::U256& a) { return take(model::I256::from(a)); }

    template <class T>
    T take(const std::optional<T>& value) {
        if (!value) ok_ = false;
        return value.value_or(T{});
    }

private:
    bool ok_ = true;
};

}  // namespace margind::adapters
