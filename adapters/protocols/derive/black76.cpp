// Prices are those of forward 1 and discount 1, scaled afterwards.
#include "adapters/protocols/derive/black76.hpp"

#include "adapters/protocols/derive/fixed.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::I256;

constexpr std::int64_t seconds_per_year = 365LL * 86'400;

bool is_unsigned(const I256& value, unsigned bits) { return !value.is_negative() && value.magnitude().bit_width() <= bits; }

struct StandardCall {
    I256 price;
    I256 delta;
};

/// \param moneyness strike / forward. \param total_vol volatility x sqrt(time).
StandardCall standard_call(const I256& moneyness, const I256& total_vol, Checked& m) {
    // From 24 on N(d1) is 1 and N(d2) is 0 for every moneyness that fits.
    static const I256 largest = *I256::from_decimal("24000000000000000000");
    if (total_vol >= largest) return {wad, wad};
    const I256 v = std::max(total_vol, I256(1));
    const I256 ratio = std::max(moneyness, I256(1));
    const I256 half_variance = m.mul(m.take(I256::from(shift_right(v.magnitude(), 1))), v);
    const I256 d1 = m.div(m.sub(half_variance, m.ln(ratio)), v);
    const I256 delta = normal_cdf(d1);
    const I256 paid = m.mul(ratio, normal_cdf(m.sub(d1, v)));
    return {std::max(m.sub(delta, paid), I256()), delta};
}

}  // namespace

I256 annualised(std::uint64_t seconds) {
    Checked m;
    return m.mul_div(m.take(I256::from(model::U256(seconds))), wad, seconds_per_year);
}

std::optional<OptionPrices> black76(std::uint64_t seconds, const I256& discount, const I256& volatility, const I256& forward, const I256& strike) {
    if (!is_unsigned(volatility, 128) || !is_unsigned(forward, 128) || !is_unsigned(strike, 128) || !is_unsigned(discount, 64)) return std::nullopt;
    Checked m;
    const I256 forward_now = m.mul(forward, discount);
    if (strike.is_zero()) return OptionPrices{forward_now, {}, discount};
    const I256 strike_now = m.mul(strike, discount);
    if (forward.is_zero()) return OptionPrices{{}, strike_now, {}};
    const I256 moneyness = m.div(strike, forward);
    const I256 total_vol = m.mul(volatility, m.take(square_root(annualised(seconds))));
    const StandardCall call = standard_call(moneyness, total_vol, m);
    const I256 put = std::max(m.sub(m.add(call.price, moneyness), wad), I256());
    const OptionPrices prices{std::min(m.mul(call.price, forward_now), forward_now), std::min(m.mul(put, forward_now), strike_now),
                              m.mul(call.delta, discount)};
    if (!m.ok()) return std::nullopt;
    return prices;
}

}  // namespace margind::adapters::protocols::derive
