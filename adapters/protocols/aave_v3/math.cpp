// Aave V3's fixed point.
#include "adapters/protocols/aave_v3/math.hpp"

namespace margind::adapters::protocols::aave_v3 {

using model::U256;

namespace {

constexpr std::uint64_t wad_unit = 1'000'000'000'000'000'000;
constexpr std::uint64_t seconds_per_year = 31'536'000;
constexpr std::uint64_t percent_unit = 10'000;

/// (a * scale + b / 2) / b.
Maybe scaled_div(const Maybe& a, const U256& scale, const Maybe& b) {
    if (!b) return std::nullopt;
    return div(add(mul(a, scale), model::shift_right(*b, 1)), b);
}

}  // namespace

U256 ray() {
    static const U256 unit = U256::pow10(27);
    return unit;
}

U256 wad() { return U256(wad_unit); }

Maybe add(const Maybe& a, const Maybe& b) { return a && b ? model::checked_add(*a, *b) : std::nullopt; }
Maybe sub(const Maybe& a, const Maybe& b) { return a && b ? model::checked_sub(*a, *b) : std::nullopt; }
Maybe mul(const Maybe& a, const Maybe& b) { return a && b ? model::checked_mul(*a, *b) : std::nullopt; }
Maybe div(const Maybe& a, const Maybe& divisor) {
    return a && divisor ? model::checked_div(*a, *divisor) : std::nullopt;
}

Maybe div_up(const Maybe& a, const Maybe& divisor) {
    return a && divisor ? model::checked_div(*a, *divisor, model::Rounding::up) : std::nullopt;
}

Maybe ray_mul(const Maybe& a, const Maybe& b) {
    static const U256 half = model::shift_right(ray(), 1);
    return div(add(mul(a, b), half), ray());
}

Maybe ray_mul_down(const Maybe& a, const Maybe& b) { return div(mul(a, b), ray()); }
Maybe ray_mul_up(const Maybe& a, const Maybe& b) { return div_up(mul(a, b), ray()); }
Maybe ray_div_down(const Maybe& a, const Maybe& b) { return div(mul(a, ray()), b); }

Maybe ray_div(const Maybe& a, const Maybe& b) { return scaled_div(a, ray(), b); }
Maybe wad_div(const Maybe& a, const Maybe& b) { return scaled_div(a, wad(), b); }

Maybe percent_mul(const Maybe& a, const Maybe& bps) {
    return div(add(mul(a, bps), U256(percent_unit / 2)), U256(percent_unit));
}

Maybe percent_div(const Maybe& a, const Maybe& bps) { return scaled_div(a, U256(percent_unit), bps); }
Maybe percent_div_up(const Maybe& a, const Maybe& bps) { return div_up(mul(a, U256(percent_unit)), bps); }

Maybe base_value(const Maybe& balance, const U256& price, const U256& unit) { return div(mul(balance, price), unit); }

Maybe linear_interest(const U256& rate, std::uint64_t seconds) {
    return add(ray(), div(mul(rate, U256(seconds)), U256(seconds_per_year)));
}

Maybe compounded_interest(const U256& rate, std::uint64_t seconds) {
    if (seconds == 0) return ray();
    const U256 n(seconds);
    const U256 n1(seconds - 1);
    const U256 n2(seconds > 2 ? seconds - 2 : 0);
    const U256 year(seconds_per_year);
    const Maybe square = div(ray_mul(rate, rate), U256(seconds_per_year * seconds_per_year));
    const Maybe cube = div(ray_mul(square, rate), year);
    const Maybe second = div(mul(mul(n, n1), square), U256(2));
    const Maybe third = div(mul(mul(mul(n, n1), n2), cube), U256(6));
    return add(add(add(ray(), div(mul(rate, n), year)), second), third);
}

}  // namespace margind::adapters::protocols::aave_v3
