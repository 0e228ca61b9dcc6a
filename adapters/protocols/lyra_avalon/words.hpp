// Solidity's uint256 and int256: what would revert leaves a value that spoils every result made from it.
#pragma once

#include "risk/model/u256.hpp"

#include <optional>

namespace margind::adapters::protocols::lyra_avalon {

/// uint256 of checked arithmetic. A computation that overflows, goes below zero or divides by zero ends as `reverted`, whatever
/// follows, so formulas read as the contract's do and are asked once, at their end.
class Uint {
public:
    constexpr Uint() = default;
    constexpr Uint(std::uint64_t value) : value_(value) {}       // NOLINT: integers are Uint
    constexpr Uint(const model::U256& value) : value_(value) {}  // NOLINT: as above
    explicit Uint(const std::optional<model::U256>& value) : value_(value.value_or(model::U256())), reverted_(!value) {}

    bool reverted() const { return reverted_; }
    /// Empty where the contract reverts.
    std::optional<model::U256> value() const { return reverted_ ? std::nullopt : std::optional<model::U256>(value_); }
    /// 0 means nothing where it reverted.
    const model::U256& raw() const { return value_; }

    friend Uint operator+(const Uint& a, const Uint& b) { return either(a, b) ? spoiled() : Uint(checked_add(a.value_, b.value_)); }
    friend Uint operator-(const Uint& a, const Uint& b) { return either(a, b) ? spoiled() : Uint(checked_sub(a.value_, b.value_)); }
    friend Uint operator*(const Uint& a, const Uint& b) { return either(a, b) ? spoiled() : Uint(checked_mul(a.value_, b.value_)); }
    friend Uint operator/(const Uint& a, const Uint& b) { return either(a, b) ? spoiled() : Uint(checked_div(a.value_, b.value_)); }
    static Uint spoiled() {
        Uint result;
        result.reverted_ = true;
        return result;
    }

private:
    static bool either(const Uint& a, const Uint& b) { return a.reverted_ || b.reverted_; }
    model::U256 value_;
    bool reverted_ = false;
};

/// int256 likewise; `/` truncates towards zero, `>>` rounds down.
class Int {
public:
    constexpr Int() = default;
    constexpr Int(std::int64_t value) : value_(value) {}        // NOLINT: integers are Int
    constexpr Int(const model::I256& value) : value_(value) {}  // NOLINT: as above
    explicit Int(const std::optional<model::I256>& value) : value_(value.value_or(model::I256())), reverted_(!value) {}
    /// int(x), which no formula here feeds with more than 2^255 - 1.
    explicit Int(const Uint& value) : Int(value.reverted() ? std::nullopt : model::I256::from(value.raw())) {}

    bool reverted() const { return reverted_; }
    std::optional<model::I256> value() const { return reverted_ ? std::nullopt : std::optional<model::I256>(value_); }
    const model::I256& raw() const { return value_; }
    bool is_negative() const { return value_.is_negative(); }
    /// uint(|x|).
    Uint magnitude() const { return reverted_ ? Uint::spoiled() : Uint(value_.magnitude()); }

    friend Int operator+(const Int& a, const Int& b) { return either(a, b) ? spoiled() : Int(checked_add(a.value_, b.value_)); }
    friend Int operator-(const Int& a, const Int& b) { return either(a, b) ? spoiled() : Int(checked_sub(a.value_, b.value_)); }
    friend Int operator*(const Int& a, const Int& b) { return either(a, b) ? spoiled() : Int(checked_mul(a.value_, b.value_)); }
    friend Int operator/(const Int& a, const Int& b) { return either(a, b) ? spoiled() : Int(checked_div(a.value_, b.value_)); }
    friend Int operator-(const Int& a) { return Int(0) - a; }
    friend Int operator>>(const Int& a, unsigned bits);
    static Int spoiled() {
        Int result;
        result.reverted_ = true;
        return result;
    }

private:
    static bool either(const Int& a, const Int& b) { return a.reverted_ || b.reverted_; }
    model::I256 value_;
    bool reverted_ = false;
};

}  // namespace margind::adapters::protocols::lyra_avalon
