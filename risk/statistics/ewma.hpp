// Exponentially weighted volatility with a floor at its own median.
#pragma once

#include "risk/model/result.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace margind::risk::statistics {

struct Ewma {
    /// forecast[j] is the sigma of return warm_up + j as known before it; the last one is that of the next return.
    std::vector<double> forecast;
    /// Of what was known after each return that is not of the warm-up.
    double median = 0;

    double now() const { return forecast.back(); }
    /// Quiet times must not talk the next move down: a margin that follows sigma below its median rises most just when money is
    /// scarce (EMIR article 28 asks for such a floor).
    double floored() const { return now() > median ? now() : median; }
};

/// v' = lambda v + (1 - lambda) r^2, no mean (RiskMetrics 1996); the start is the mean of the first `warm_up` squares. The sigmas
/// have the returns' own horizon. Fails where there are not more returns than the warm-up, or one is not finite.
/// \pre 0 < lambda < 1, warm_up > 0
model::Result<Ewma> ewma(std::span<const double> returns, double lambda, std::size_t warm_up);

/// Middle value, or the mean of the two middle ones. \pre not empty
double median(std::vector<double> values);

}  // namespace margind::risk::statistics
