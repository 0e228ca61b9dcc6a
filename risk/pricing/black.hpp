// Black-76: a European option on a forward, its greeks, and what follows from put-call parity.
#pragma once

#include "risk/model/position.hpp"

namespace margind::risk::pricing {

/// All in the numeraire, annualised, ACT/365. Where there is no time or no vol left the value is the discounted payoff.
struct BlackOption {
    model::OptionKind kind = model::OptionKind::call;
    double forward = 0;
    double strike = 0;
    /// 1 is 100 %.
    double vol = 0;
    double years = 0;
    double discount = 1;
};

/// df (F N(d1) - K N(d2)) for a call, d1 = ln(F/K)/s + s/2, d2 = d1 - s, s = vol sqrt(years) (Black 1976; Haug 2007, 1.1.4).
///
/// The one that is out of the money is computed and the other one is it plus df |F - K|: so neither is ever below its payoff, and
/// call - put = df (F - K) to the last rounding. \pre forward > 0, strike > 0, vol >= 0, years >= 0
double black_value(const BlackOption& option);

/// Of one option held long.
struct BlackGreeks {
    /// By the forward: options per unit of forward.
    double delta = 0;
    /// Change of delta per 1 of forward.
    double gamma = 0;
    /// Per 1.00 of vol (100 points).
    double vega = 0;
    /// Per year that passes, the forward and the discount rate as they are.
    double theta = 0;
};

/// Where there is no time or no vol left: delta is that of the payoff, the others are 0.
BlackGreeks black_greeks(const BlackOption& option);

}  // namespace margind::risk::pricing
