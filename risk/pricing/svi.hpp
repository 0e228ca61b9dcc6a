// Gatheral's SVI: the total variance of one expiry as five numbers, and whether it could be arbitraged.
#pragma once

#include "risk/model/result.hpp"

namespace margind::risk::pricing {

/// w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)): vol^2 x years at k = ln(strike / forward) (Gatheral 2004).
struct Svi {
    double a = 0;
    double b = 0;
    double rho = 0;
    double m = 0;
    double sigma = 0;
};

double total_variance(const Svi& slice, double k);

/// sqrt(w(k) / years). \pre years > 0, and check_svi() has passed
double svi_vol(const Svi& slice, double k, double years);

/// g(k) = (1 - k w'/(2w))^2 - w'^2/4 (1/w + 1/4) + w''/2: negative where a butterfly would pay for nothing, since it is the
/// risk-neutral density but for a positive factor (Gatheral and Jacquier 2014, lemma 2.2).
double svi_density(const Svi& slice, double k);

/// What a slice must be before it prices anything: b >= 0, |rho| < 1, sigma > 0, a + b sigma sqrt(1 - rho^2) >= 0, all finite.
model::Result<void> check_svi(const Svi& slice);

/// Whether g >= 0 at 2,001 points of k in [-range, range] and the wings rise no faster than 2 (Lee 2004): b (1 + |rho|) <= 2.
bool is_free_of_butterflies(const Svi& slice, double range = 3);

/// Whether the later slice's total variance is nowhere below the earlier one's: at the same points, and in the wings by their slopes.
bool is_free_of_calendars(const Svi& earlier, const Svi& later, double range = 3);

/// The same slice in a trader's words (Gatheral and Jacquier 2014, definition 3.3); depends on years.
struct SviJumpWings {
    /// At-the-money variance w(0) / years, and its skew.
    double variance = 0;
    double skew = 0;
    /// Slopes of the wings: puts, calls.
    double put_wing = 0;
    double call_wing = 0;
    double least_variance = 0;
};
SviJumpWings jump_wings(const Svi& slice, double years);

/// Inverse of jump_wings(); fails where no slice has them.
model::Result<Svi> from_jump_wings(const SviJumpWings& wings, double years);

}  // namespace margind::risk::pricing
