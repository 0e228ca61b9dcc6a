// Sums, products and quotients of U256 that are compiled into their caller: in inner loops a call costs more than the arithmetic.
#pragma once

#include "risk/model/u256.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace margind::model::inlined {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t low(Wide value) { return static_cast<std::uint64_t>(value); }
constexpr std::uint64_t high(Wide value) { return static_cast<std::uint64_t>(value >> 64); }

/// As checked_add().
inline std::optional<U256> add(const U256& a, const U256& b) {
    std::array<std::uint64_t, 4> sum{};
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < sum.size(); ++i) {
        const Wide limb = Wide{a.limbs()[i]} + b.limbs()[i] + carry;
        sum[i] = low(limb);
        carry = high(limb);
    }
    if (carry != 0) return std::nullopt;
    return U256(sum);
}

/// As checked_mul() by one limb.
inline std::optional<U256> mul(const U256& a, std::uint64_t b) {
    std::array<std::uint64_t, 4> product{};
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < product.size(); ++i) {
        const Wide limb = Wide{a.limbs()[i]} * b + carry;
        product[i] = low(limb);
        carry = high(limb);
    }
    if (carry != 0) return std::nullopt;
    return U256(product);
}

/// \pre upper < divisor
inline std::uint64_t divide_two_limbs(std::uint64_t upper, std::uint64_t lower, std::uint64_t divisor) {
#if defined(__x86_64__)
    // The compiler calls its runtime for what is one instruction.
    std::uint64_t quotient = 0;
    std::uint64_t remainder = 0;
    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "0"(lower), "1"(upper), "r"(divisor) : "cc");
    return quotient;
#else
    return low(((Wide{upper} << 64) | lower) / divisor);
#endif
}

/// As checked_div(), rounded down. \pre divisor is not 0
inline U256 div(const U256& a, std::uint64_t divisor) {
    std::array<std::uint64_t, 4> quotient{};
    std::uint64_t remainder = 0;
    for (std::size_t i = quotient.size(); i-- > 0;) {
        const std::uint64_t limb = a.limbs()[i];
        if (remainder == 0 && limb < divisor) {
            remainder = limb;
            continue;
        }
        quotient[i] = remainder == 0 ? limb / divisor : divide_two_limbs(remainder, limb, divisor);
        remainder = limb - quotient[i] * divisor;
    }
    return U256(quotient);
}

/// a * b / c rounded down, empty where the product does not fit or c is 0.
inline std::optional<U256> product_quotient(const U256& a, const U256& b, const U256& c) {
    const auto small = [](const U256& value) { return (value.limbs()[1] | value.limbs()[2] | value.limbs()[3]) == 0; };
    if (!small(b) || !small(c) || c.is_zero()) {
        const std::optional<U256> product = checked_mul(a, b);
        return product ? checked_div(*product, c) : std::nullopt;
    }
    const std::optional<U256> product = mul(a, b.limbs()[0]);
    if (!product) return std::nullopt;
    return div(*product, c.limbs()[0]);
}

}  // namespace margind::model::inlined
