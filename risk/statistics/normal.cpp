// A rational start (Abramowitz and Stegun 26.2.23, good to 4.5e-4), then Halley's iteration on the distribution itself.
#include "risk/statistics/normal.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace margind::risk::statistics {

double normal_pdf(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double normal_quantile(double p) {
    if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
    if (p == 0) return -std::numeric_limits<double>::infinity();
    if (p == 1) return std::numeric_limits<double>::infinity();
    // The lower half has all the digits.
    if (p > 0.5) return -normal_quantile(1 - p);
    const double t = std::sqrt(-2 * std::log(p));
    double x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    for (int i = 0; i < 3; ++i) {
        const double density = normal_pdf(x);
        if (!(density > 0)) break;
        const double step = (normal_cdf(x) - p) / density;
        x -= step / (1 + 0.5 * x * step);
    }
    return x;
}

}  // namespace margind::risk::statistics
