// The contract's rational approximations, coefficient by coefficient.
#include "adapters/protocols/lyra_avalon/fixed_point.hpp"

#include <algorithm>

namespace margind::adapters::protocols::lyra_avalon {

using model::I256;
using model::U256;

const U256 precise_unit = U256::pow10(27);

namespace {

const U256 ten = 10;
const U256 nano = 1'000'000'000;
const U256 tenth_of_nano = 100'000'000;
const U256 tenth_of_precise_unit = U256::pow10(26);
const U256 ten_precise_units = U256::pow10(28);
const U256 ten_units = U256::pow10(19);

U256 whole(const char* digits) { return U256::from_decimal(digits).value(); }
Int integer(const char* digits) { return Int(I256::from_decimal(digits)); }
/// x * 2^bits.
Int shifted(const Int& x, unsigned bits) { return x * Int(Uint(U256::pow2(bits))); }

/// Half up; the sum with 10 is the contract's.
Uint without_last_digit(const Uint& tens) {
    if (tens.reverted()) return tens;
    const std::optional<U256> digit = checked_mod(tens.raw(), ten);
    return (*digit >= U256(5) ? tens + ten : tens) / ten;
}

Int without_last_digit(const Int& tens) {
    if (tens.reverted()) return tens;
    const std::optional<U256> digit = checked_mod(tens.raw().magnitude(), ten);
    if (*digit < U256(5)) return tens / 10;
    return (tens.is_negative() ? tens - 10 : tens + 10) / 10;
}

Int signed_of(const U256& value) { return Int(Uint(value)); }

}  // namespace

Int operator>>(const Int& a, unsigned bits) {
    if (a.reverted()) return a;
    return Int(checked_div(a.raw(), *I256::from(U256::pow2(bits)), model::SignedRounding::floor));
}

Uint multiply_decimal(const Uint& x, const Uint& y) { return x * y / unit; }
Uint divide_decimal(const Uint& x, const Uint& y) { return x * unit / y; }
Uint divide_decimal_round(const Uint& x, const Uint& y) { return without_last_digit(x * ten_units / y); }
Uint multiply_precise(const Uint& x, const Uint& y) { return without_last_digit(x * y / tenth_of_precise_unit); }
Uint divide_precise(const Uint& x, const Uint& y) { return without_last_digit(x * ten_precise_units / y); }
Int multiply_precise(const Int& x, const Int& y) { return without_last_digit(x * y / signed_of(tenth_of_precise_unit)); }
Int divide_precise(const Int& x, const Int& y) { return without_last_digit(x * signed_of(ten_precise_units) / y); }

Uint to_precise(const Uint& decimal) { return decimal * nano; }
Int to_precise(const Int& decimal) { return decimal * signed_of(nano); }
Uint to_decimal(const Uint& precise) { return without_last_digit(precise / tenth_of_nano); }
Int to_decimal(const Int& precise) { return without_last_digit(precise / signed_of(tenth_of_nano)); }

Int ln(const Int& x) {
    if (x.reverted() || x.is_negative() || x.raw().is_zero()) return Int::spoiled();
    static const Int p_terms[] = {integer("24828157081833163892658089445524"), integer("43456485725739037958740375743393"),
                                  integer("-11111509109440967052023855526967"), integer("-45023709667254063763336534515857"),
                                  integer("-14706773417378608786704636184526")};
    static const Int q_terms[] = {integer("71694874799317883764090561454958"), integer("283447036172924575727196451306956"),
                                  integer("401686690394027663651624208769553"), integer("204048457590392012362485061816622"),
                                  integer("31853899698501571402653359427138"), integer("909429971244387300277376558375")};
    static const Int p_first = integer("3273285459638523848632254066296");
    static const Int p_last = shifted(integer("795164235651350426258249787498"), 96);
    static const Int q_first = integer("5573035233440673466300451813936");
    static const Int scale = integer("1677202110996718588342820967067443963516166");
    static const Int ln_2 = integer("16597577552685614221487285958193947469193820559219878177908093499208371");
    static const Int offset = integer("600920179829731861736702779321621459595472258049074101567377883020018308");
    const U256& value = x.raw().magnitude();
    const auto log_2 = static_cast<std::int64_t>(value.bit_width()) - 1;
    const std::int64_t k = log_2 - 96;
    // The leading 97 bits: 2^96 to 2^97.
    const Int y = signed_of(shift_right(shift_left_unchecked(value, static_cast<unsigned>(159 - k)), 159));
    Int p = y + p_first;
    for (const Int& term : p_terms) p = ((p * y) >> 96) + term;
    p = p * y - p_last;
    Int q = y + q_first;
    for (const Int& term : q_terms) q = ((q * y) >> 96) + term;
    return (p / q * scale + ln_2 * k + offset) >> 174;
}

Uint exp(const Int& x) {
    static const Int zero_to = integer("-42139678854452767551");
    static const Int reverts_from = integer("135305999368893231589");
    static const Int five_to_18 = integer("3814697265625");
    static const Int ln_2 = integer("54916777467707473351141471128");
    static const Int half = Int(Uint(U256::pow2(95)));
    static const Int p_first = integer("2772001395605857295435445496992");
    static const Int p_terms[] = {integer("44335888930127919016834873520032"), integer("398888492587501845352592340339721"),
                                  integer("1993839819670624470859228494792842")};
    static const Int p_last = shifted(integer("4385272521454847904632057985693276"), 96);
    static const Int z_first = integer("750530180792738023273180420736");
    static const Int z_term = integer("32788456221302202726307501949080");
    static const Int w_first = integer("2218138959503481824038194425854");
    static const Int w_term = integer("892943633302991980437332862907700");
    static const Int q_first = integer("78174809823045304726920794422040");
    static const Int q_term = integer("4203224763890128580604056984195872");
    static const Uint scale = whole("3822833074963236453042738258902158003155416615667");
    if (x.reverted() || x.raw() >= reverts_from.raw()) return Uint::spoiled();
    if (x.raw() <= zero_to.raw()) return 0;
    // In units of 2^-96; k whole powers of two are taken out.
    const Int y = shifted(x, 78) / five_to_18;
    const Int k = (shifted(y, 96) / ln_2 + half) >> 96;
    const Int r = y - k * ln_2;
    Int p = r + p_first;
    for (const Int& term : p_terms) p = ((p * r) >> 96) + term;
    p = p * r + p_last;
    Int z = r + z_first;
    z = ((z * r) >> 96) + z_term;
    Int w = r - w_first;
    w = ((w * z) >> 96) + w_term;
    Int q = z + w - q_first;
    q = ((q * w) >> 96) + q_term;
    const Uint scaled = (p / q).magnitude() * scale;
    if (scaled.reverted()) return scaled;
    const auto powers = static_cast<std::int64_t>(*k.raw().magnitude().to_u64());
    return shift_right(scaled.raw(), static_cast<unsigned>(195 - (k.is_negative() ? -powers : powers)));
}

Int ln_precise(const Int& x) { return ln(x / signed_of(nano)) * signed_of(nano); }
Uint exp_precise(const Int& x) { return exp(x / signed_of(nano)) * nano; }

Uint square_root(const Uint& x) {
    if (x.reverted() || x.raw().is_zero()) return x;
    U256 rest = x.raw();
    unsigned exponent = 0;
    for (const unsigned bits : {128U, 64U, 32U, 16U, 8U, 4U}) {
        if (rest < U256::pow2(bits)) continue;
        rest = shift_right(rest, bits);
        exponent += bits / 2;
    }
    if (rest >= U256(8)) exponent += 1;
    Uint root = U256::pow2(exponent);
    for (int step = 0; step < 7; ++step) root = Uint(shift_right((root + x / root).raw(), 1));
    const Uint below = x / root;
    return root.raw() >= below.raw() ? below : root;
}

Uint square_root_precise(const Uint& x) { return square_root(x * precise_unit); }

}  // namespace margind::adapters::protocols::lyra_avalon
