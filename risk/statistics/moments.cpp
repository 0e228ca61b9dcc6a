// Sample moments and the expansion's own derivative.
#include "risk/statistics/moments.hpp"

#include "risk/statistics/normal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace margind::risk::statistics {

model::Result<Moments> moments(std::span<const double> values) {
    if (values.empty()) return model::fail(model::ErrorCode::missing, "no values to take moments of");
    const auto count = static_cast<double>(values.size());
    Moments result;
    for (const double value : values) {
        if (!std::isfinite(value)) return model::fail(model::ErrorCode::out_of_range, fmt::format("a value of {}", value));
        result.mean += value;
    }
    result.mean /= count;
    double square = 0;
    double cube = 0;
    double fourth = 0;
    for (const double value : values) {
        const double away = value - result.mean;
        square += away * away;
        cube += away * away * away;
        fourth += away * away * away * away;
    }
    const double variance = square / count;
    if (!(variance > 0)) return model::fail(model::ErrorCode::out_of_range, "values without variation have no moments");
    result.deviation = std::sqrt(variance);
    result.skew = cube / count / (variance * result.deviation);
    result.excess_kurtosis = fourth / count / (variance * variance) - 3;
    return result;
}

CornishFisher cornish_fisher(double p, double skew, double excess_kurtosis) {
    const double z = normal_quantile(p);
    CornishFisher result;
    result.quantile = z + (z * z - 1) * skew / 6 + (z * z * z - 3 * z) * excess_kurtosis / 24 -
                      (2 * z * z * z - 5 * z) * skew * skew / 36;
    // The derivative is a z^2 + b z + c.
    const double a = excess_kurtosis / 8 - skew * skew / 6;
    const double b = skew / 3;
    const double c = 1 - excess_kurtosis / 8 + 5 * skew * skew / 36;
    const auto slope = [&](double at) { return (a * at + b) * at + c; };
    // The normal quantile of 1e-6, on both sides.
    constexpr double furthest = 4.7534;
    const double turn = a != 0 ? std::clamp(-b / (2 * a), -furthest, furthest) : furthest;
    result.monotone = slope(-furthest) >= 0 && slope(furthest) >= 0 && slope(turn) >= 0;
    return result;
}

}  // namespace margind::risk::statistics
