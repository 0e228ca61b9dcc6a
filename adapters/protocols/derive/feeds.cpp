// The feeds' own formulas.
#include "adapters/protocols/derive/feeds.hpp"

#include "adapters/protocols/derive/fixed.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {

using model::I256;

std::optional<I256> svi_volatility(const SviCurve& curve, const I256& strike) {
    if (strike.is_zero()) return I256();
    if (curve.forward.is_zero()) return std::nullopt;
    static const I256 largest_variance = *I256::from_decimal("144000000000000000000");
    Checked c;
    // ln(strike / forward) within four standard deviations at the money.
    const I256 bound = c.mul(c.take(square_root(c.add(curve.a, c.mul(curve.b, curve.sigma)))), I256(4 * wad));
    const I256 ratio = c.div(strike, curve.forward);
    const I256 k = ratio.is_zero() ? c.negate(bound) : std::clamp(c.ln(ratio), c.negate(bound), bound);
    const I256 from_m = c.sub(k, curve.m);
    const I256 smooth = c.take(square_root(c.add(c.mul(from_m, from_m), c.mul(curve.sigma, curve.sigma))));
    const I256 variance = c.add(curve.a, c.mul(curve.b, c.add(smooth, c.mul(curve.rho, from_m))));
    if (variance.is_negative()) return std::nullopt;
    const I256 vol = c.take(square_root(c.div(std::min(variance, largest_variance), curve.reference_tau)));
    if (!c.ok()) return std::nullopt;
    return vol;
}

std::optional<ForwardPortions> forward_portions(const ForwardMessage& message, std::uint64_t expiry, const I256& spot) {
    Checked c;
    const I256 unscaled = c.add(spot, message.spot_difference);
    if (unscaled.is_negative() || message.timestamp > expiry) return std::nullopt;
    const std::uint64_t left = expiry - message.timestamp;
    if (left >= settlement_window_s) return ForwardPortions{{}, unscaled};
    const I256 window(static_cast<std::int64_t>(settlement_window_s));
    const ForwardPortions portions{c.take(checked_div(c.sub(message.current_aggregate, message.start_aggregate), window)),
                                   c.mul_div(unscaled, I256(static_cast<std::int64_t>(left)), window)};
    if (!c.ok() || portions.fixed.is_negative()) return std::nullopt;
    return portions;
}

std::optional<I256> settlement_price(const ForwardMessage& message, std::uint64_t expiry) {
    if (message.timestamp != expiry) return std::nullopt;
    Checked c;
    const I256 window(static_cast<std::int64_t>(settlement_window_s));
    const I256 price = c.take(checked_div(c.sub(message.current_aggregate, message.start_aggregate), window));
    if (!c.ok() || price.is_negative()) return std::nullopt;
    return price;
}

std::optional<I256> perp_price(const I256& spot, const I256& difference, const I256& cap) {
    Checked c;
    const I256 most = magnitude(c.mul(spot, cap));
    const I256 price = c.add(spot, std::clamp(difference, c.negate(most), most));
    if (!c.ok() || price.is_negative()) return std::nullopt;
    return price;
}

}  // namespace margind::adapters::protocols::derive
