// A margin from greeks alone, in the manner of ISDA SIMM: fast, independent of the scenario grid, never the headline.
#pragma once

#include "risk/statistics/covariance.hpp"

#include <limits>
#include <span>

namespace margind::risk::crosschecks {

/// SIMM 2.6 has no bucket for crypto assets; these are of its commodity bucket 16 ("other"), as ORE's source has them.
struct SimmParameters {
    /// Of a price over SIMM's ten business days, 99 %.
    double risk_weight = 0.68;
    double vega_risk_weight = 0.55;
    /// What implied vols moved historically over what realised ones would say.
    double historical_vol_ratio = 0.74;
    /// USD of |delta| (and of |vega x vol|) of one underlying above which it weighs by sqrt(exposure / threshold).
    double concentration_usd = std::numeric_limits<double>::infinity();
    /// Calendar days; 14 is SIMM's own ten business days. Delta and vega scale by the root, curvature by its SF.
    double horizon_days = 1;
};

/// One expiry of one underlying.
struct SimmVega {
    /// USD per 1.00 of vol, times the vol.
    double vega_times_vol = 0;
    double days_to_expiry = 0;
};

/// One underlying.
struct SimmSensitivity {
    /// USD per 1.00 of relative price change.
    double delta = 0;
    std::span<const SimmVega> vegas;
};

struct SimmMargin {
    double delta = 0;
    double vega = 0;
    double curvature = 0;

    double total() const { return delta + vega + curvature; }
};

/// Delta and vega: sqrt(sum of r_ij WS_i WS_j), tenors netted. Curvature: max(sum + lambda sqrt(sum of r_ij^2 C_i C_j), 0) with
/// C = -SF vega vol (short options lose by large moves: SIMM takes the sign of who holds the margin), SF = .5 min(1, horizon / days),
/// lambda = (2.5758^2 - 1)(1 + theta) - theta, theta = min(sum C / sum |C|, 0). `correlations` between underlyings. Fails where sizes differ.
model::Result<SimmMargin> simm_margin(std::span<const SimmSensitivity> book, const statistics::Matrix& correlations,
                                      const SimmParameters& parameters);

}  // namespace margind::risk::crosschecks
