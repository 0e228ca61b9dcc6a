// 256-bit integers with checked arithmetic and explicit rounding.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace margind::model {

enum class Rounding : std::uint8_t { down, up, half_up };

/// Unsigned 256-bit integer. Arithmetic is by the named functions below; what does
/// not fit is an empty optional, never a wrapped value.
class U256 {
public:
    constexpr U256() = default;
    constexpr U256(std::uint64_t low) : limbs_{low, 0, 0, 0} {}  // NOLINT: integers are U256
    /// Least significant limb first.
    constexpr explicit U256(const std::array<std::uint64_t, 4>& limbs) : limbs_(limbs) {}
    static constexpr U256 max() { return U256({~0ULL, ~0ULL, ~0ULL, ~0ULL}); }
    /// 10^exponent. \pre exponent <= 77
    static U256 pow10(unsigned exponent);
    /// 2^exponent. \pre exponent <= 255
    static constexpr U256 pow2(unsigned exponent) {
        std::array<std::uint64_t, 4> limbs{};
        limbs[exponent / 64] = 1ULL << (exponent % 64);
        return U256(limbs);
    }

    /// Digits only: no sign, blank, separator or exponent; "" is refused.
    static std::optional<U256> from_decimal(std::string_view digits);
    /// "0x" and 1 to 64 hex digits (JSON-RPC quantity or word; leading zeros allowed).
    static std::optional<U256> from_hex(std::string_view text);
    static U256 from_big_endian(std::span<const std::byte, 32> bytes);
    std::array<std::byte, 32> to_big_endian() const;

    std::string to_decimal() const;
    /// Shortest "0x…" form, as JSON-RPC quantities are written.
    std::string to_hex() const;
    /// Nearest double.
    double to_double() const;
    std::optional<std::uint64_t> to_u64() const;

    constexpr bool is_zero() const { return (limbs_[0] | limbs_[1] | limbs_[2] | limbs_[3]) == 0; }
    constexpr bool bit(unsigned index) const { return ((limbs_[index / 64] >> (index % 64)) & 1U) != 0; }
    /// Position of the highest set bit plus one; 0 for 0.
    unsigned bit_width() const;
    constexpr const std::array<std::uint64_t, 4>& limbs() const { return limbs_; }

    // Not defaulted: g++ 12 calls memcmp for the array.
    friend constexpr bool operator==(const U256& a, const U256& b) {
        return ((a.limbs_[0] ^ b.limbs_[0]) | (a.limbs_[1] ^ b.limbs_[1]) | (a.limbs_[2] ^ b.limbs_[2]) | (a.limbs_[3] ^ b.limbs_[3])) == 0;
    }
    friend constexpr std::strong_ordering operator<=>(const U256& a, const U256& b) {
        for (std::size_t i = 4; i-- > 0;)
            if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
        return std::strong_ordering::equal;
    }

private:
    std::array<std::uint64_t, 4> limbs_{};
};

std::optional<U256> checked_add(const U256& a, const U256& b);
/// Empty when b > a.
std::optional<U256> checked_sub(const U256& a, const U256& b);
std::optional<U256> checked_mul(const U256& a, const U256& b);
/// Empty when divisor is 0.
std::optional<U256> checked_div(const U256& a, const U256& divisor, Rounding rounding = Rounding::down);
std::optional<U256> checked_mod(const U256& a, const U256& divisor);
/// a * b / divisor with a 512-bit product. Empty when divisor is 0 or the quotient does not fit.
std::optional<U256> mul_div(const U256& a, const U256& b, const U256& divisor, Rounding rounding);
U256 shift_right(const U256& a, unsigned bits);
/// Bits shifted out are lost: for masks and layouts, not for amounts.
U256 shift_left_unchecked(const U256& a, unsigned bits);
U256 bit_and(const U256& a, const U256& b);

/// Signed integer in Solidity's int256 range [-2^255, 2^255 - 1].
class I256 {
public:
    constexpr I256() = default;
    constexpr I256(std::int64_t value)  // NOLINT: integers are I256
        : magnitude_(value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value)),
          negative_(value < 0) {}
    /// Empty when outside the range.
    static std::optional<I256> make(bool negative, const U256& magnitude);
    /// Empty when above 2^255 - 1.
    static std::optional<I256> from(const U256& value) { return make(false, value); }
    /// Optional '-', then digits.
    static std::optional<I256> from_decimal(std::string_view text);
    /// Two's complement, as an ABI word holds it.
    static I256 from_word(const U256& word);
    U256 to_word() const;
    std::string to_decimal() const;
    double to_double() const;

    constexpr bool is_negative() const { return negative_; }
    constexpr bool is_zero() const { return magnitude_.is_zero(); }
    constexpr const U256& magnitude() const { return magnitude_; }

    friend constexpr bool operator==(const I256&, const I256&) = default;
    friend std::strong_ordering operator<=>(const I256& a, const I256& b);

private:
    constexpr I256(const U256& magnitude, bool negative) : magnitude_(magnitude), negative_(negative) {}
    U256 magnitude_;
    bool negative_ = false;
};

std::optional<I256> negate(const I256& a);
std::optional<I256> checked_add(const I256& a, const I256& b);
std::optional<I256> checked_sub(const I256& a, const I256& b);
std::optional<I256> checked_mul(const I256& a, const I256& b);
/// Quotients of signed numbers: `truncate` as Solidity's `/`, `floor` towards minus infinity.
enum class SignedRounding : std::uint8_t { truncate, floor };
std::optional<I256> checked_div(const I256& a, const I256& divisor, SignedRounding rounding = SignedRounding::truncate);
std::optional<I256> mul_div(const I256& a, const I256& b, const I256& divisor, SignedRounding rounding = SignedRounding::truncate);

}  // namespace margind::model
