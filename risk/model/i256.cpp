// Signed 256-bit integers as sign and magnitude; two's complement only at the edges.
#include "risk/model/u256.hpp"

namespace margind::model {
namespace {

constexpr U256 min_magnitude = U256::pow2(255);

/// 2^256 - value; 0 for 0.
U256 twos_complement(const U256& value) {
    if (value.is_zero()) return value;
    const auto& limbs = value.limbs();
    std::array<std::uint64_t, 4> out{};
    std::uint64_t carry = 1;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = ~limbs[i] + carry;
        carry = (carry != 0 && out[i] == 0) ? 1 : 0;
    }
    return U256(out);
}

std::optional<I256> with_sign(bool negative, const std::optional<U256>& magnitude) {
    if (!magnitude) return std::nullopt;
    return I256::make(negative, *magnitude);
}

Rounding magnitude_rounding(bool negative, SignedRounding rounding) {
    return negative && rounding == SignedRounding::floor ? Rounding::up : Rounding::down;
}

}  // namespace

std::optional<I256> I256::make(bool negative, const U256& magnitude) {
    if (magnitude > min_magnitude || (!negative && magnitude == min_magnitude)) return std::nullopt;
    return I256(magnitude, negative && !magnitude.is_zero());
}

std::optional<I256> I256::from_decimal(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    const std::optional<U256> magnitude = U256::from_decimal(text);
    if (!magnitude) return std::nullopt;
    return make(negative, *magnitude);
}

I256 I256::from_word(const U256& word) {
    return word.bit(255) ? I256(twos_complement(word), true) : I256(word, false);
}

U256 I256::to_word() const { return negative_ ? twos_complement(magnitude_) : magnitude_; }

std::string I256::to_decimal() const { return negative_ ? "-" + magnitude_.to_decimal() : magnitude_.to_decimal(); }

double I256::to_double() const { return negative_ ? -magnitude_.to_double() : magnitude_.to_double(); }

std::strong_ordering operator<=>(const I256& a, const I256& b) {
    if (a.negative_ != b.negative_) return a.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
    return a.negative_ ? b.magnitude_ <=> a.magnitude_ : a.magnitude_ <=> b.magnitude_;
}

std::optional<I256> negate(const I256& a) { return I256::make(!a.is_negative(), a.magnitude()); }

std::optional<I256> checked_add(const I256& a, const I256& b) {
    if (a.is_negative() == b.is_negative()) return with_sign(a.is_negative(), checked_add(a.magnitude(), b.magnitude()));
    if (a.magnitude() >= b.magnitude()) return with_sign(a.is_negative(), checked_sub(a.magnitude(), b.magnitude()));
    return with_sign(b.is_negative(), checked_sub(b.magnitude(), a.magnitude()));
}

std::optional<I256> checked_sub(const I256& a, const I256& b) {
    if (a.is_negative() != b.is_negative()) return with_sign(a.is_negative(), checked_add(a.magnitude(), b.magnitude()));
    if (a.magnitude() >= b.magnitude()) return with_sign(a.is_negative(), checked_sub(a.magnitude(), b.magnitude()));
    return with_sign(!a.is_negative(), checked_sub(b.magnitude(), a.magnitude()));
}

std::optional<I256> checked_mul(const I256& a, const I256& b) {
    return with_sign(a.is_negative() != b.is_negative(), checked_mul(a.magnitude(), b.magnitude()));
}

std::optional<I256> checked_div(const I256& a, const I256& divisor, SignedRounding rounding) {
    const bool negative = a.is_negative() != divisor.is_negative();
    return with_sign(negative, checked_div(a.magnitude(), divisor.magnitude(), magnitude_rounding(negative, rounding)));
}

std::optional<I256> mul_div(const I256& a, const I256& b, const I256& divisor, SignedRounding rounding) {
    const bool negative = (a.is_negative() != b.is_negative()) != divisor.is_negative();
    return with_sign(negative,
                           mul_div(a.magnitude(), b.magnitude(), divisor.magnitude(), magnitude_rounding(negative, rounding)));
}

}  // namespace margind::model
