// The standard normal distribution.
#pragma once

namespace margind::risk::statistics {

double normal_pdf(double x);

/// By erfc, so that far tails keep their digits: normal_cdf(-38) is 2.9e-316.
double normal_cdf(double x);

/// Inverse of normal_cdf(): -infinity at 0, +infinity at 1, NaN outside [0, 1].
double normal_quantile(double p);

}  // namespace margind::risk::statistics
