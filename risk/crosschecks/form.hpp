// First-order reliability: the most likely way into a breach when many factors move at once. Reported, never a trigger: it is of the
// horizon's end, while P24h is of a first touch.
#pragma once

#include "risk/statistics/covariance.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace margind::risk::crosschecks {

/// Excess at a point of the factors: negative is a breach. An error ends the search.
using LimitState = std::function<model::Result<double>(std::span<const double> x)>;

struct FormOptions {
    std::size_t iterations = 200;
    /// Of |u| and of the limit state over its value at the origin.
    double tolerance = 1e-8;
    /// Of the central differences, in standard deviations.
    double step = 1e-5;
    /// Beta beyond which nothing is looked for: 10 standard deviations are no scenario.
    double furthest = 10;
};

struct BreachPoint {
    /// The factors there.
    std::vector<double> x;
    /// Distance in standard deviations of independent normal factors (Hasofer and Lind 1974); 0 when breached at the origin.
    double beta = 0;
    /// Phi(-beta): of the tangent plane; 1 when breached at the origin.
    double probability = 0;
    /// Shares of the factors in it, alpha_i^2 of the independent ones, summing to 1.
    std::vector<double> importance;
};

/// The nearest point with limit state 0 that HL-RF (Rackwitz and Fiessler 1978) with the merit function of Zhang and Der Kiureghian (1995)
/// finds from the origin and from one deviation along each factor to both sides. x = L u, L L' = `covariance`.
///
/// Fails where the covariance is not positive definite, the limit state fails, or no start converges within `furthest`: then nothing is
/// likely enough to be named.
model::Result<BreachPoint> most_likely_breach(const LimitState& limit_state, const statistics::Matrix& covariance, const FormOptions& options = {});

}  // namespace margind::risk::crosschecks
