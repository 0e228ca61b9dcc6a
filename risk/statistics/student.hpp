// Student's t distribution: what the tails of standardised returns are fitted with.
#pragma once

#include "risk/model/result.hpp"

#include <span>

namespace margind::risk::statistics {

/// A scaled t with mean 0. `degrees` infinity is the normal distribution; its variance is scale^2 x degrees / (degrees - 2).
struct Student {
    double degrees = 0;
    double scale = 1;
};

/// Of the unscaled distribution, for any real degrees > 0.
double student_cdf(double t, double degrees);

/// t with student_cdf(t) = p. \pre 0 < p < 0.5: the lower tail
double student_quantile(double p, double degrees);

/// -E[X | X <= its p-quantile], a positive loss. \pre 0 < p < 0.5, degrees > 1
double student_shortfall(double p, double degrees);

/// Maximum likelihood; degrees between 2.05 and infinity. Fails with fewer than 20 values, one that is not finite, or all 0.
model::Result<Student> fit_student(std::span<const double> values);

}  // namespace margind::risk::statistics
