// Black-76 in scalar code; kernels_lanes.ipp does the same side by side.
#include "risk/pricing/black.hpp"

#include "risk/statistics/normal.hpp"

#include <algorithm>
#include <cmath>

namespace margind::risk::pricing {

using model::OptionKind;
using statistics::normal_cdf;
using statistics::normal_pdf;

double black_value(const BlackOption& option) {
    const auto [kind, forward, strike, vol, years, discount] = option;
    const double deviation = vol * std::sqrt(years);
    const double side = forward < strike ? 1 : -1;
    double value = 0;
    if (deviation > 0) {
        const double d1 = std::log(forward / strike) / deviation + deviation / 2;
        value = std::max(0.0, side * (forward * normal_cdf(side * d1) - strike * normal_cdf(side * (d1 - deviation))));
    }
    const bool in_the_money = (kind == OptionKind::call) != (side > 0);
    return discount * (in_the_money ? value + std::abs(forward - strike) : value);
}

BlackGreeks black_greeks(const BlackOption& option) {
    const auto [kind, forward, strike, vol, years, discount] = option;
    const double side = kind == OptionKind::call ? 1 : -1;
    const double root = std::sqrt(years);
    const double deviation = vol * root;
    BlackGreeks greeks;
    if (!(deviation > 0)) {
        greeks.delta = side * (forward - strike) > 0 ? side * discount : 0;
        return greeks;
    }
    const double d1 = std::log(forward / strike) / deviation + deviation / 2;
    const double density = normal_pdf(d1);
    greeks.delta = side * discount * normal_cdf(side * d1);
    greeks.gamma = discount * density / (forward * deviation);
    greeks.vega = discount * forward * density * root;
    // A discount of exp(-r years) grows by r = -ln(discount) / years.
    const double rate = -std::log(discount) / years;
    greeks.theta = rate * black_value(option) - discount * forward * density * vol / (2 * root);
    return greeks;
}

}  // namespace margind::risk::pricing
