// Decimal text and doubles of scaled integers.
#include "risk/model/money.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace margind::model {
namespace {

/// Integers up to here and powers of ten up to 10^22 are exact doubles: their quotient is rounded once.
constexpr std::uint64_t exact_double_limit = std::uint64_t{1} << 53;
constexpr std::array<double, 23> exact_power_of_ten = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint8_t decimals_of_a_limb = 19;

/// magnitude / 10^decimals for a magnitude of at most 128 bits: the case of nearly all amounts, with one division.
double divided(const U256& magnitude, std::uint8_t decimals) {
    const Wide whole = (Wide{magnitude.limbs()[1]} << 64) | magnitude.limbs()[0];
    const std::uint64_t divisor = *U256::pow10(decimals).to_u64();
    // So far to the left that the quotient has 63 or 64 bits, the last one sticky for what follows: one correct rounding to 53.
    const int left = static_cast<int>(std::bit_width(divisor)) + 63 - static_cast<int>(magnitude.bit_width());
    const Wide shifted = left >= 0 ? whole << left : whole >> -left;
    const bool lost = left < 0 && (shifted << -left) != whole;
    auto quotient = static_cast<std::uint64_t>(shifted / divisor);
    if (lost || shifted % divisor != 0) quotient |= 1;
    return std::ldexp(static_cast<double>(quotient), -left);
}

double scaled_magnitude(const U256& magnitude, std::uint8_t decimals) {
    if (const auto small = magnitude.to_u64(); small && *small <= exact_double_limit && decimals < exact_power_of_ten.size())
        return static_cast<double>(*small) / exact_power_of_ten[decimals];
    if (decimals <= decimals_of_a_limb && magnitude.bit_width() <= 128) return divided(magnitude, decimals);
    if (decimals <= max_decimals) {
        // At least 136 quotient bits, the last one sticky for the remainder: one correct rounding to 53.
        const unsigned shift = 256 - magnitude.bit_width();
        const U256 scaled = shift_left_unchecked(magnitude, shift);
        const U256 divisor = U256::pow10(decimals);
        auto limbs = checked_div(scaled, divisor)->limbs();
        if (!checked_mod(scaled, divisor)->is_zero()) limbs[0] |= 1;
        return std::ldexp(U256(limbs).to_double(), -static_cast<int>(shift));
    }
    const std::string text = magnitude.to_decimal() + "e-" + std::to_string(decimals);
    double out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

std::optional<Money> combine(const Money& a, const Money& b, std::optional<I256> raw) {
    if (!raw || a.decimals != b.decimals || a.unit != b.unit) return std::nullopt;
    return Money{*raw, a.decimals, a.unit};
}

}  // namespace

std::string decimal_text(const I256& raw, std::uint8_t decimals) {
    std::string digits = raw.magnitude().to_decimal();
    if (decimals > 0) {
        if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
        digits.insert(digits.size() - decimals, 1, '.');
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.back() == '.') digits.pop_back();
    }
    return raw.is_negative() ? "-" + digits : digits;
}

std::optional<I256> parse_decimal(std::string_view text, std::uint8_t decimals) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    std::string digits(text.substr(0, point));
    if (digits.empty()) return std::nullopt;
    std::size_t given = 0;
    if (point != std::string_view::npos) {
        const std::string_view fraction = text.substr(point + 1);
        if (fraction.empty() || fraction.size() > decimals) return std::nullopt;
        given = fraction.size();
        digits += fraction;
    }
    digits.append(decimals - given, '0');
    const std::optional<U256> magnitude = U256::from_decimal(digits);
    if (!magnitude) return std::nullopt;
    return I256::make(negative, *magnitude);
}

double scaled_double(const I256& raw, std::uint8_t decimals) {
    const double magnitude = scaled_magnitude(raw.magnitude(), decimals);
    return raw.is_negative() ? -magnitude : magnitude;
}

std::string Money::to_string() const { return decimal_text(raw, decimals); }

double Money::to_double() const { return scaled_double(raw, decimals); }

std::optional<Money> checked_add(const Money& a, const Money& b) { return combine(a, b, checked_add(a.raw, b.raw)); }

std::optional<Money> checked_sub(const Money& a, const Money& b) { return combine(a, b, checked_sub(a.raw, b.raw)); }

}  // namespace margind::model
