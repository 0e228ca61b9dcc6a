// 256-bit integers on four 64-bit limbs: schoolbook products, long division by Knuth's algorithm D.
#include "risk/model/u256.hpp"

#include "risk/model/hex_digit.hpp"

#include <bit>
#include <stdexcept>

namespace margind::model {
namespace {

using Limb = std::uint64_t;
__extension__ typedef unsigned __int128 Wide;

constexpr std::size_t limbs_256 = 4;
constexpr std::size_t limbs_512 = 8;
/// The largest power of ten in one limb.
constexpr Limb ten_19 = 10'000'000'000'000'000'000ULL;
constexpr unsigned digits_per_limb = 19;

using Limbs256 = std::array<Limb, limbs_256>;
using Limbs512 = std::array<Limb, limbs_512>;

constexpr Limb low(Wide value) { return static_cast<Limb>(value); }
constexpr Limb high(Wide value) { return static_cast<Limb>(value >> 64); }

/// value * factor + addend; returns what does not fit.
constexpr Limb mul_add(Limbs256& value, Limb factor, Limb addend) {
    Limb carry = addend;
    for (Limb& limb : value) {
        const Wide product = Wide{limb} * factor + carry;
        limb = low(product);
        carry = high(product);
    }
    return carry;
}

/// Divides in place; returns the remainder.
constexpr Limb div_small(Limbs256& value, Limb divisor) {
    Limb remainder = 0;
    for (std::size_t i = limbs_256; i-- > 0;) {
        const Limb lower = value[i];
        value[i] = low(((Wide{remainder} << 64) | lower) / divisor);
        remainder = lower - value[i] * divisor;
    }
    return remainder;
}

constexpr std::array<U256, 78> powers_of_ten() {
    std::array<U256, 78> out{};
    Limbs256 power{1, 0, 0, 0};
    for (U256& entry : out) {
        entry = U256(power);
        mul_add(power, 10, 0);
    }
    return out;
}
constexpr std::array<U256, 78> ten_to = powers_of_ten();

constexpr bool add_into(Limbs256& a, const Limbs256& b) {
    Limb carry = 0;
    for (std::size_t i = 0; i < limbs_256; ++i) {
        const Wide sum = Wide{a[i]} + b[i] + carry;
        a[i] = low(sum);
        carry = high(sum);
    }
    return carry != 0;
}

constexpr bool sub_from(Limbs256& a, const Limbs256& b) {
    Limb borrow = 0;
    for (std::size_t i = 0; i < limbs_256; ++i) {
        const Wide difference = Wide{a[i]} - b[i] - borrow;
        a[i] = low(difference);
        borrow = high(difference) != 0 ? 1 : 0;
    }
    return borrow != 0;
}

// Written out, these are one instruction each; as loops they are eight.
Limb load_big_endian(const std::byte* at) {
    const auto byte = [at](std::size_t i) { return std::to_integer<Limb>(at[i]); };
    return byte(0) << 56 | byte(1) << 48 | byte(2) << 40 | byte(3) << 32 | byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
}

void store_big_endian(Limb value, std::byte* at) {
    at[0] = static_cast<std::byte>(value >> 56);
    at[1] = static_cast<std::byte>(value >> 48);
    at[2] = static_cast<std::byte>(value >> 40);
    at[3] = static_cast<std::byte>(value >> 32);
    at[4] = static_cast<std::byte>(value >> 24);
    at[5] = static_cast<std::byte>(value >> 16);
    at[6] = static_cast<std::byte>(value >> 8);
    at[7] = static_cast<std::byte>(value);
}

struct Digit {
    Limb quotient;
    Limb remainder;
};

/// \pre upper < divisor
inline Digit divide_two_limbs(Limb upper, Limb lower, Limb divisor) {
    // One division: the compiler would call the runtime's a second time for %.
    const Limb quotient = low(((Wide{upper} << 64) | lower) / divisor);
    return {quotient, lower - quotient * divisor};
}

template <std::size_t N>
std::size_t significant(const std::array<Limb, N>& value) {
    std::size_t count = N;
    while (count > 0 && value[count - 1] == 0) --count;
    return count;
}

Limbs512 multiply(const Limbs256& a, const Limbs256& b) {
    Limbs512 out{};
    const std::size_t a_size = significant(a);
    const std::size_t b_size = significant(b);
    for (std::size_t i = 0; i < a_size; ++i) {
        Limb carry = 0;
        for (std::size_t j = 0; j < b_size; ++j) {
            const Wide part = Wide{a[i]} * b[j] + out[i + j] + carry;
            out[i + j] = low(part);
            carry = high(part);
        }
        out[i + b_size] = carry;
    }
    return out;
}

template <std::size_t N>
struct Divided {
    std::array<Limb, N> quotient{};
    Limbs256 remainder{};
};

/// One digit of algorithm D: the estimate from the two highest limbs of the divisor, at most one too large.
Limb estimate_digit(Limb u2, Limb u1, Limb u0, Limb v1, Limb v0) {
    Limb digit = ~Limb{0};
    Wide rest = Wide{u1} + v1;
    if (u2 != v1) {
        const Digit estimate = divide_two_limbs(u2, u1, v1);
        digit = estimate.quotient;
        rest = estimate.remainder;
    }
    while (high(rest) == 0 && Wide{digit} * v0 > ((rest << 64) | u0)) {
        --digit;
        rest += v1;
    }
    return digit;
}

/// \pre divisor is not 0.
template <std::size_t N>
Divided<N> divide(const std::array<Limb, N>& numerator, const Limbs256& divisor) {
    Divided<N> out;
    const std::size_t size = significant(numerator);
    const std::size_t n = significant(divisor);
    if (n == 1) {
        for (std::size_t i = size; i-- > 0;) {
            const Digit digit = divide_two_limbs(out.remainder[0], numerator[i], divisor[0]);
            out.quotient[i] = digit.quotient;
            out.remainder[0] = digit.remainder;
        }
        return out;
    }
    if (size < n) {
        for (std::size_t i = 0; i < size; ++i) out.remainder[i] = numerator[i];
        return out;
    }
    if (size == 2) {
        const Wide a = (Wide{numerator[1]} << 64) | numerator[0];
        const Wide b = (Wide{divisor[1]} << 64) | divisor[0];
        const Wide whole = a / b;
        const Wide rest = a - whole * b;
        out.quotient[0] = low(whole);
        out.remainder = {low(rest), high(rest), 0, 0};
        return out;
    }

    // Normalised so that the divisor's highest bit is set: then an estimated digit is off by one at most.
    const auto shift = static_cast<unsigned>(std::countl_zero(divisor[n - 1]));
    const auto shifted = [shift](Limb upper, Limb lower) { return shift == 0 ? upper : (upper << shift) | (lower >> (64 - shift)); };
    Limbs256 v{};
    for (std::size_t i = n; i-- > 0;) v[i] = shifted(divisor[i], i == 0 ? 0 : divisor[i - 1]);
    std::array<Limb, N + 1> u{};
    u[size] = shift == 0 ? 0 : numerator[size - 1] >> (64 - shift);
    for (std::size_t i = size; i-- > 0;) u[i] = shifted(numerator[i], i == 0 ? 0 : numerator[i - 1]);

    for (std::size_t j = size - n + 1; j-- > 0;) {
        Limb digit = estimate_digit(u[j + n], u[j + n - 1], u[j + n - 2], v[n - 1], v[n - 2]);
        Limb carry = 0;
        Limb borrow = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const Wide product = Wide{digit} * v[i] + carry;
            carry = high(product);
            const Wide difference = Wide{u[i + j]} - low(product) - borrow;
            u[i + j] = low(difference);
            borrow = high(difference) != 0 ? 1 : 0;
        }
        const Wide top = Wide{u[j + n]} - carry - borrow;
        u[j + n] = low(top);
        if (high(top) != 0) {
            --digit;
            Limb back = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const Wide sum = Wide{u[i + j]} + v[i] + back;
                u[i + j] = low(sum);
                back = high(sum);
            }
            u[j + n] += back;
        }
        out.quotient[j] = digit;
    }
    for (std::size_t i = 0; i < n; ++i)
        out.remainder[i] = shift == 0 ? u[i] : (u[i] >> shift) | (i + 1 < n ? u[i + 1] << (64 - shift) : u[n] << (64 - shift));
    return out;
}

bool rounds_up(const Limbs256& remainder, const U256& divisor, Rounding rounding) {
    switch (rounding) {
        case Rounding::down: return false;
        case Rounding::up: return !U256(remainder).is_zero();
        case Rounding::half_up: {
            // rest >= divisor - rest, without a branch that half of all inputs would mispredict.
            Limbs256 other = divisor.limbs();
            sub_from(other, remainder);
            Limbs256 compared = remainder;
            return !sub_from(compared, other);
        }
    }
    return false;
}

template <std::size_t N>
std::optional<U256> quotient(const std::array<Limb, N>& numerator, const U256& divisor, Rounding rounding) {
    if (divisor.is_zero()) return std::nullopt;
    const Divided<N> parts = divide(numerator, divisor.limbs());
    Limbs256 low_part{};
    for (std::size_t i = 0; i < N; ++i) {
        if (i < limbs_256) low_part[i] = parts.quotient[i];
        else if (parts.quotient[i] != 0) return std::nullopt;
    }
    const Limb step = rounds_up(parts.remainder, divisor, rounding) ? 1 : 0;
    if (add_into(low_part, {step, 0, 0, 0})) return std::nullopt;
    return U256(low_part);
}

}  // namespace

U256 U256::pow10(unsigned exponent) {
    if (exponent >= ten_to.size()) throw std::out_of_range("U256::pow10: 10^" + std::to_string(exponent) + " does not fit");
    return ten_to[exponent];
}

std::optional<U256> U256::from_decimal(std::string_view digits) {
    if (digits.empty()) return std::nullopt;
    Limbs256 value{};
    while (!digits.empty()) {
        const std::size_t count = digits.size() < digits_per_limb ? digits.size() : digits_per_limb;
        Limb chunk = 0;
        Limb scale = 1;
        for (const char c : digits.substr(0, count)) {
            if (c < '0' || c > '9') return std::nullopt;
            chunk = chunk * 10 + static_cast<Limb>(c - '0');
            scale *= 10;
        }
        if (mul_add(value, scale, chunk) != 0) return std::nullopt;
        digits.remove_prefix(count);
    }
    return U256(value);
}

std::optional<U256> U256::from_hex(std::string_view text) {
    if (text.size() < 3 || text.size() > 66 || text[0] != '0' || text[1] != 'x') return std::nullopt;
    Limbs256 value{};
    unsigned position = 0;
    for (std::size_t i = text.size(); i-- > 2; position += 4) {
        const std::optional<unsigned> digit = hex_digit(text[i]);
        if (!digit) return std::nullopt;
        value[position / 64] |= Limb{*digit} << (position % 64);
    }
    return U256(value);
}

U256 U256::from_big_endian(std::span<const std::byte, 32> bytes) {
    return U256({load_big_endian(&bytes[24]), load_big_endian(&bytes[16]), load_big_endian(&bytes[8]), load_big_endian(bytes.data())});
}

std::array<std::byte, 32> U256::to_big_endian() const {
    std::array<std::byte, 32> out{};
    for (std::size_t i = 0; i < limbs_256; ++i) store_big_endian(limbs_[limbs_256 - 1 - i], &out[8 * i]);
    return out;
}

std::string U256::to_decimal() const {
    std::array<char, 78> text{};
    std::size_t at = text.size();
    Limbs256 value = limbs_;
    do {
        Limb chunk = div_small(value, ten_19);
        const bool last = significant(value) == 0;
        for (unsigned i = 0; i < digits_per_limb && (!last || chunk != 0); ++i) {
            text[--at] = static_cast<char>('0' + chunk % 10);
            chunk /= 10;
        }
    } while (significant(value) != 0);
    if (at == text.size()) text[--at] = '0';
    return std::string(text.data() + at, text.size() - at);
}

std::string U256::to_hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "0x";
    for (unsigned i = is_zero() ? 1 : (bit_width() + 3) / 4; i-- > 0;) out += digits[(limbs_[i / 16] >> (4 * (i % 16))) & 0xf];
    return out;
}

double U256::to_double() const {
    const unsigned width = bit_width();
    if (width <= 64) return static_cast<double>(limbs_[0]);
    // 64 leading bits, the last one sticky for all that follow: enough for one correct rounding to 53. Times 2^dropped, exactly.
    const unsigned dropped = width - 64;
    Limb top = shift_right(*this, dropped).limbs_[0];
    if (!shift_left_unchecked(*this, 256 - dropped).is_zero()) top |= 1;
    return static_cast<double>(top) * std::bit_cast<double>(std::uint64_t{1023 + dropped} << 52);
}

std::optional<std::uint64_t> U256::to_u64() const {
    if ((limbs_[1] | limbs_[2] | limbs_[3]) != 0) return std::nullopt;
    return limbs_[0];
}

unsigned U256::bit_width() const {
    for (unsigned i = limbs_256; i-- > 0;)
        if (limbs_[i] != 0) return i * 64 + static_cast<unsigned>(std::bit_width(limbs_[i]));
    return 0;
}

std::optional<U256> checked_add(const U256& a, const U256& b) {
    Limbs256 sum = a.limbs();
    if (add_into(sum, b.limbs())) return std::nullopt;
    return U256(sum);
}

std::optional<U256> checked_sub(const U256& a, const U256& b) {
    Limbs256 difference = a.limbs();
    if (sub_from(difference, b.limbs())) return std::nullopt;
    return U256(difference);
}

std::optional<U256> checked_mul(const U256& a, const U256& b) {
    const Limbs512 product = multiply(a.limbs(), b.limbs());
    if ((product[4] | product[5] | product[6] | product[7]) != 0) return std::nullopt;
    return U256({product[0], product[1], product[2], product[3]});
}

std::optional<U256> checked_div(const U256& a, const U256& divisor, Rounding rounding) {
    return quotient(a.limbs(), divisor, rounding);
}

std::optional<U256> checked_mod(const U256& a, const U256& divisor) {
    if (divisor.is_zero()) return std::nullopt;
    return U256(divide(a.limbs(), divisor.limbs()).remainder);
}

std::optional<U256> mul_div(const U256& a, const U256& b, const U256& divisor, Rounding rounding) {
    return quotient(multiply(a.limbs(), b.limbs()), divisor, rounding);
}

U256 shift_right(const U256& a, unsigned bits) {
    Limbs256 out{};
    const std::size_t whole = bits / 64;
    const unsigned part = bits % 64;
    for (std::size_t i = 0; i + whole < limbs_256; ++i) {
        out[i] = a.limbs()[i + whole] >> part;
        if (part != 0 && i + whole + 1 < limbs_256) out[i] |= a.limbs()[i + whole + 1] << (64 - part);
    }
    return U256(out);
}

U256 shift_left_unchecked(const U256& a, unsigned bits) {
    Limbs256 out{};
    const std::size_t whole = bits / 64;
    const unsigned part = bits % 64;
    for (std::size_t i = whole; i < limbs_256; ++i) {
        out[i] = a.limbs()[i - whole] << part;
        if (part != 0 && i > whole) out[i] |= a.limbs()[i - whole - 1] >> (64 - part);
    }
    return U256(out);
}

U256 bit_and(const U256& a, const U256& b) {
    Limbs256 out{};
    for (std::size_t i = 0; i < limbs_256; ++i) out[i] = a.limbs()[i] & b.limbs()[i];
    return U256(out);
}

}  // namespace margind::model
