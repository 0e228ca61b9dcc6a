// The elementary functions: the contracts' own approximations on two's-complement words, bit for bit.
#include "adapters/protocols/derive/fixed.hpp"

#include <array>

namespace margind::adapters::protocols::derive {
namespace {

using model::I256;
using model::U256;

__extension__ typedef unsigned __int128 Wide;
using Limb = std::uint64_t;

/// 256 bits as the EVM has them: arithmetic wraps. The ranges of the arguments below keep every value inside.
struct WrappingUnchecked {
    std::array<Limb, 4> limb{};

    constexpr bool negative() const { return (limb[3] >> 63) != 0; }
};
using Word = WrappingUnchecked;

constexpr Word operator+(const Word& a, const Word& b) {
    Word out;
    Limb carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Wide sum = Wide{a.limb[i]} + b.limb[i] + carry;
        out.limb[i] = static_cast<Limb>(sum);
        carry = static_cast<Limb>(sum >> 64);
    }
    return out;
}

constexpr Word operator-(const Word& a) {
    Word inverted;
    for (std::size_t i = 0; i < 4; ++i) inverted.limb[i] = ~a.limb[i];
    return inverted + Word{{1, 0, 0, 0}};
}
constexpr Word operator-(const Word& a, const Word& b) { return a + -b; }

constexpr Word operator*(const Word& a, const Word& b) {
    Word out;
    for (std::size_t i = 0; i < 4; ++i) {
        Limb carry = 0;
        for (std::size_t j = 0; i + j < 4; ++j) {
            const Wide part = Wide{a.limb[i]} * b.limb[j] + out.limb[i + j] + carry;
            out.limb[i + j] = static_cast<Limb>(part);
            carry = static_cast<Limb>(part >> 64);
        }
    }
    return out;
}

constexpr Word operator<<(const Word& a, unsigned bits) {
    Word out;
    const unsigned whole = bits / 64;
    const unsigned rest = bits % 64;
    for (unsigned i = 4; i-- > whole;) {
        out.limb[i] = a.limb[i - whole] << rest;
        if (rest != 0 && i > whole) out.limb[i] |= a.limb[i - whole - 1] >> (64 - rest);
    }
    return out;
}

constexpr Word shift_right(const Word& a, unsigned bits, Limb fill) {
    const auto at = [&](unsigned i) { return i < 4 ? a.limb[i] : fill; };
    Word out;
    const unsigned whole = bits / 64;
    const unsigned rest = bits % 64;
    for (unsigned i = 0; i < 4; ++i) {
        out.limb[i] = at(i + whole) >> rest;
        if (rest != 0) out.limb[i] |= at(i + whole + 1) << (64 - rest);
    }
    return out;
}
/// Arithmetic: floor(a / 2^bits).
constexpr Word operator>>(const Word& a, unsigned bits) { return shift_right(a, bits, a.negative() ? ~Limb{0} : 0); }
constexpr Word logical_right(const Word& a, unsigned bits) { return shift_right(a, bits, 0); }

consteval Word word(const char* digits) {
    Word out;
    for (; *digits != '\0'; ++digits) out = out * Word{{10, 0, 0, 0}} + Word{{static_cast<Limb>(*digits - '0'), 0, 0, 0}};
    return out;
}

Word to_word(const I256& value) { return {value.to_word().limbs()}; }
I256 from_word(const Word& value) { return I256::from_word(U256(value.limb)); }

Word divide_magnitudes(const Word& a, const Word& b) { return {checked_div(U256(a.limb), U256(b.limb)).value_or(U256()).limbs()}; }
/// Towards zero, as SDIV.
Word divide(const Word& a, const Word& b) {
    const Word quotient = divide_magnitudes(a.negative() ? -a : a, b.negative() ? -b : b);
    return a.negative() != b.negative() ? -quotient : quotient;
}

/// ((p * x) >> 96) + c for each c in turn.
template <std::size_t N>
Word polynomial(Word p, const Word& x, const std::array<Word, N>& coefficients) {
    for (const Word& c : coefficients) p = ((p * x) >> 96) + c;
    return p;
}
/// The same with unsigned 64.64 numbers.
template <std::size_t N>
Word polynomial_64(Word p, const Word& x, const std::array<Word, N>& coefficients) {
    for (const Word& c : coefficients) p = logical_right(p * x, 64) + c;
    return p;
}

constexpr Word five_to_18 = word("3814697265625");

/// \pre 0 <= x
Word to_binary_64(const Word& x) { return divide_magnitudes(x << 46, five_to_18); }

}  // namespace

std::optional<I256> natural_log(const I256& x) {
    if (x.is_negative() || x.is_zero()) return std::nullopt;
    // x = 2^k * m with m in [1, 2) * 2^96; ln(x) = k ln 2 + ln m, and the base of 10^18 is a constant added at the end.
    const int k = static_cast<int>(x.magnitude().bit_width()) - 1 - 96;
    const Word m = logical_right(to_word(x) << static_cast<unsigned>(159 - k), 159);
    static constexpr std::array numerator = {word("24828157081833163892658089445524"), word("43456485725739037958740375743393"),
                                             -word("11111509109440967052023855526967"), -word("45023709667254063763336534515857"),
                                             -word("14706773417378608786704636184526")};
    static constexpr std::array denominator = {word("71694874799317883764090561454958"),  word("283447036172924575727196451306956"),
                                               word("401686690394027663651624208769553"), word("204048457590392012362485061816622"),
                                               word("31853899698501571402653359427138"),  word("909429971244387300277376558375")};
    const Word p = polynomial(m + word("3273285459638523848632254066296"), m, numerator) * m - (word("795164235651350426258249787498") << 96);
    const Word q = polynomial(m + word("5573035233440673466300451813936"), m, denominator);
    Word r = divide(p, q);
    r = r * word("1677202110996718588342820967067443963516166");
    const Word steps = k < 0 ? -Word{{static_cast<Limb>(-k), 0, 0, 0}} : Word{{static_cast<Limb>(k), 0, 0, 0}};
    r = r + word("16597577552685614221487285958193947469193820559219878177908093499208371") * steps;
    r = r + word("600920179829731861736702779321621459595472258049074101567377883020018308");
    return from_word(r >> 174);
}

std::optional<I256> exponential(const I256& x) {
    static const I256 lowest = *I256::from_decimal("-42139678854452767551");
    static const I256 beyond = *I256::from_decimal("135305999368893231589");
    if (x <= lowest) return I256();
    if (x >= beyond) return std::nullopt;
    constexpr Word ln_2 = word("54916777467707473351141471128");
    // e^x = 2^k * e^y with |y| <= ln(2) / 2, in 2^96.
    Word y = divide(to_word(x) << 78, five_to_18);
    const Word k = (divide(y << 96, ln_2) + (Word{{1, 0, 0, 0}} << 95)) >> 96;
    y = y - k * ln_2;
    static constexpr std::array numerator = {word("44335888930127919016834873520032"), word("398888492587501845352592340339721"),
                                             word("1993839819670624470859228494792842")};
    const Word p = polynomial(y + word("2772001395605857295435445496992"), y, numerator) * y + (word("4385272521454847904632057985693276") << 96);
    const Word z = (((y + word("750530180792738023273180420736")) * y) >> 96) + word("32788456221302202726307501949080");
    Word w = y - word("2218138959503481824038194425854");
    w = ((w * z) >> 96) + word("892943633302991980437332862907700");
    Word q = z + w - word("78174809823045304726920794422040");
    q = ((q * w) >> 96) + word("4203224763890128580604056984195872");
    const Word scaled = divide(p, q) * word("3822833074963236453042738258902158003155416615667");
    const auto shift = static_cast<unsigned>(195 - static_cast<std::int64_t>(k.limb[0]));
    return from_word(logical_right(scaled, shift));
}

std::optional<I256> square_root(const I256& x) {
    if (x.is_negative()) return std::nullopt;
    const std::optional<U256> scaled = checked_mul(x.magnitude(), U256(static_cast<std::uint64_t>(wad)));
    if (!scaled) return std::nullopt;
    if (scaled->is_zero()) return I256();
    // Newton from above: falls until it reaches the floor.
    U256 root = U256::pow2((scaled->bit_width() + 1) / 2);
    for (;;) {
        const U256 next = shift_right(checked_add(root, *checked_div(*scaled, root)).value_or(U256()), 1);
        if (next >= root) return I256::from(root);
        root = next;
    }
}

I256 normal_cdf(const I256& x) {
    static const I256 farthest = *I256::from_decimal("37000000000000000000");
    const I256 distance = magnitude(x);
    if (distance > farthest) return x.is_negative() ? I256() : I256(wad);
    const Word z_18 = to_word(distance);
    const Word half_square = divide_magnitudes(logical_right(z_18, 1) * z_18, word("1000000000000000000"));
    const Word e = to_binary_64(to_word(exponential(from_word(-half_square)).value_or(I256())));
    const Word z = to_binary_64(z_18);
    Word tail;
    if (U256(z.limb) < U256(word("130438178253327725388").limb)) {
        static constexpr std::array numerator = {word("12919787143353136591"),     word("117578849504046139487"),    word("625581961353917287603"),
                                                 word("2067498006223917203771"), word("4080670594171652639712"), word("4062099735652764000328")};
        static constexpr std::array denominator = {word("32386342837845824709"),    word("296331772558254578451"),   word("1600821957476871612085"),
                                                   word("5470644798650576484341"),  word("11756730424506726822413"), word("14643514515380871948050"),
                                                   word("8124199471305528000657")};
        const Word n = polynomial_64(word("650478250178244362"), z, numerator);
        const Word d = polynomial_64(word("1630477228166597028"), z, denominator);
        tail = divide_magnitudes(n * e, d);
    } else {
        Word f = word("11990383647911208550");
        for (Limb level = 4; level > 0; --level) f = divide_magnitudes(Word{{level, 0, 0, 0}} << 128, z + f);
        f = logical_right((f + z) * word("46239130270042206915"), 64);
        tail = divide_magnitudes(e << 64, f);
    }
    const I256 below = from_word(logical_right(tail * five_to_18, 46));
    if (x.is_negative() || x.is_zero()) return below;
    return checked_sub(I256(wad), below).value_or(I256());
}

I256 Checked::exp(const I256& x) { return take(exponential(x)); }
I256 Checked::ln(const I256& x) { return take(natural_log(x)); }
I256 Checked::power(const I256& a, const I256& b) { return exp(mul(ln(a), b)); }

}  // namespace margind::adapters::protocols::derive
