// Prices and greeks in 27 decimals; the normal distribution is Hart's rational approximation.
#include "adapters/protocols/lyra_avalon/black_scholes.hpp"

#include <algorithm>
#include <array>

namespace margind::adapters::protocols::lyra_avalon {

using model::I256;
using model::U256;

namespace {

constexpr std::uint64_t seconds_per_year = 31'536'000;
constexpr std::uint64_t seconds_per_day = 86'400;
constexpr std::uint64_t least_vega_days = 7;

U256 digits(const char* text) { return U256::from_decimal(text).value(); }

struct Precise {
    Uint years;
    Uint vol;
    Uint spot;
    Uint strike;
    Int rate;
    Int d1;
    Int d2;
};

Precise precise(const OptionInputs& inputs) {
    static const Uint least_years = precise_unit / Uint(seconds_per_year);
    static const Uint least_vol = precise_unit / Uint(10'000);
    Precise p;
    p.years = divide_precise(Uint(inputs.seconds_to_expiry), Uint(seconds_per_year));
    p.vol = to_precise(inputs.vol);
    p.spot = to_precise(inputs.spot);
    p.strike = to_precise(inputs.strike);
    p.rate = to_precise(inputs.rate);
    const Uint years = p.years.raw() < least_years.raw() ? least_years : p.years;
    const Uint vol = !p.vol.reverted() && p.vol.raw() < least_vol.raw() ? least_vol : p.vol;
    const Int deviation{multiply_precise(vol, square_root_precise(years))};
    const Int log = ln_precise(Int(divide_precise(p.spot, p.strike)));
    const Int drift = multiply_precise(Int(multiply_precise(vol, vol) / 2) + p.rate, Int(years));
    p.d1 = divide_precise(log + drift, deviation);
    p.d2 = p.d1 - deviation;
    return p;
}

/// c0 + z (c1 + z (c2 + ...)), each step cut to 27 decimals.
template <std::size_t N>
Uint polynomial(const std::array<Uint, N>& from_last, const Uint& z) {
    Uint sum = from_last[0];
    for (std::size_t i = 1; i < N; ++i) sum = sum * z / precise_unit + from_last[i];
    return sum;
}

Uint numerator(const Uint& z) {
    static const std::array<Uint, 7> terms{
        digits("35262496599891100000000000"),       digits("700383064443688000000000000"),     digits("6373962203531650000000000000"),
        digits("33912866078383000000000000000"),    digits("112079291497871000000000000000"),  digits("221213596169931000000000000000"),
        digits("220206867912376000000000000000")};
    return polynomial(terms, z);
}

Uint denominator(const Uint& z) {
    static const std::array<Uint, 8> terms{
        digits("88388347648318400000000000"),       digits("1755667163182640000000000000"),    digits("16064177579207000000000000000"),
        digits("86780732202946100000000000000"),    digits("296564248779674000000000000000"),  digits("637333633378831000000000000000"),
        digits("793826512519948000000000000000"),   digits("440413735824752000000000000000")};
    return polynomial(terms, z);
}

const U256& square_root_of_two_pi() {
    static const U256 value = digits("2506628274631000502415765285");
    return value;
}

Uint normal_density(const Int& x) {
    return divide_precise(exp_precise(-multiply_precise(x, x / 2)), square_root_of_two_pi());
}

Uint normal_cdf(const Int& x) {
    static const U256 farthest = digits("37000000000000000000000000000");
    static const U256 split = digits("7071067811865470000000000000");
    static const Uint tail_constant = digits("650000000000000000000000000");
    if (x.reverted()) return Uint::spoiled();
    const Uint z = x.magnitude();
    Uint tail = 0;
    if (z.raw() <= farthest) {
        const Uint density = exp_precise(-Int(multiply_precise(z, z / 2)));
        if (z.raw() < split) {
            tail = multiply_precise(divide_precise(numerator(z), denominator(z)), density);
        } else {
            Uint fraction = z + tail_constant;
            for (const std::uint64_t k : {4U, 3U, 2U, 1U}) fraction = z + divide_precise(Uint(k) * precise_unit, fraction);
            tail = divide_precise(density, multiply_precise(fraction, square_root_of_two_pi()));
        }
    }
    return x.is_negative() || x.raw().is_zero() ? tail : Uint(precise_unit) - tail;
}

struct PrecisePrices {
    Uint call;
    Uint put;
};

PrecisePrices prices(const Precise& p) {
    const Uint present_strike = multiply_precise(p.strike, exp_precise(-multiply_precise(p.rate, Int(p.years))));
    const Uint spot_part = multiply_precise(p.spot, normal_cdf(p.d1));
    const Uint strike_part = multiply_precise(present_strike, normal_cdf(p.d2));
    if (spot_part.reverted() || strike_part.reverted()) return {Uint::spoiled(), Uint::spoiled()};
    const Uint call = strike_part.raw() <= spot_part.raw() ? spot_part - strike_part : Uint(0);
    const Uint parity = call + present_strike;
    if (parity.reverted()) return {Uint::spoiled(), Uint::spoiled()};
    return {call, p.spot.raw() <= parity.raw() ? parity - p.spot : Uint(0)};
}

}  // namespace

std::optional<OptionPrices> option_prices(const OptionInputs& inputs) {
    const PrecisePrices both = prices(precise(inputs));
    const std::optional<U256> call = to_decimal(both.call).value();
    const std::optional<U256> put = to_decimal(both.put).value();
    if (!call || !put) return std::nullopt;
    return OptionPrices{*call, *put};
}

std::optional<OptionValues> option_values(const OptionInputs& inputs) {
    const Precise p = precise(inputs);
    const PrecisePrices both = prices(p);
    const std::uint64_t days = std::max(inputs.seconds_to_expiry / seconds_per_day, least_vega_days);
    const Uint vega = multiply_precise(square_root_precise(p.years), multiply_precise(normal_density(p.d1), p.spot));
    const Uint normalisation = square_root_precise(Uint(30) * precise_unit / days) / 100;
    const Int call_delta{normal_cdf(p.d1)};
    const std::optional<U256> call = to_decimal(both.call).value();
    const std::optional<U256> put = to_decimal(both.put).value();
    const std::optional<I256> delta_of_call = to_decimal(call_delta).value();
    const std::optional<I256> delta_of_put = to_decimal(call_delta - Int(Uint(precise_unit))).value();
    const std::optional<U256> plain = to_decimal(vega).value();
    const std::optional<U256> standard = to_decimal(multiply_precise(vega, normalisation)).value();
    if (!call || !put || !delta_of_call || !delta_of_put || !plain || !standard) return std::nullopt;
    return OptionValues{*call, *put, *delta_of_call, *delta_of_put, *plain, *standard};
}

}  // namespace margind::adapters::protocols::lyra_avalon
