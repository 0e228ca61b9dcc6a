// The incomplete beta function by its continued fraction, and a one-dimensional search over 1 / degrees.
#include "risk/statistics/student.hpp"

#include "risk/statistics/normal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace margind::risk::statistics {

namespace {

/// Lentz's method; converges within some dozen terms for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double result = d;
    for (int m = 1; m < 500; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        result *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        result *= d * c;
        if (std::abs(d * c - 1) < 1e-15) break;
    }
    return result;
}

/// Regularised incomplete beta function I_x(a, b); `rest` is 1 - x with all its digits.
double incomplete_beta(double a, double b, double x, double rest) {
    if (x <= 0) return 0;
    if (rest <= 0) return 1;
    const double front =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(rest));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, rest) / b;
}

double student_log_pdf(double t, double degrees) {
    if (std::isinf(degrees)) return -0.5 * t * t - 0.5 * std::log(2 * std::numbers::pi);
    return std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2) - 0.5 * std::log(degrees * std::numbers::pi) -
           (degrees + 1) / 2 * std::log1p(t * t / degrees);
}

/// The scale of largest likelihood, by iterated reweighting: far values weigh less.
double best_scale(std::span<const double> values, double degrees) {
    double square = 0;
    for (const double value : values) square += value * value;
    square /= static_cast<double>(values.size());
    if (std::isinf(degrees)) return std::sqrt(square);
    for (int i = 0; i < 200; ++i) {
        double next = 0;
        for (const double value : values) next += value * value * (degrees + 1) / (degrees + value * value / square);
        next /= static_cast<double>(values.size());
        const bool settled = std::abs(next / square - 1) < 1e-12;
        square = next;
        if (settled) break;
    }
    return std::sqrt(square);
}

}  // namespace

double student_cdf(double t, double degrees) {
    if (std::isinf(degrees)) return normal_cdf(t);
    const double square = t * t;
    const double below = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square));
    return t <= 0 ? below : 1 - below;
}

double student_quantile(double p, double degrees) {
    if (std::isinf(degrees)) return normal_quantile(p);
    // ln of the distribution is concave in ln|t|: after its first step Newton's iteration comes down to the root from one side.
    double log_t = 0;
    for (int i = 0; i < 100; ++i) {
        const double t = -std::exp(log_t);
        const double below = student_cdf(t, degrees);
        const double slope = -std::exp(student_log_pdf(t, degrees) + log_t) / below;
        const double step = (std::log(below) - std::log(p)) / slope;
        log_t -= step;
        if (std::abs(step) < 1e-14 * std::max(1.0, std::abs(log_t))) break;
    }
    return -std::exp(log_t);
}

double student_shortfall(double p, double degrees) {
    const double quantile = student_quantile(p, degrees);
    const double density = std::exp(student_log_pdf(quantile, degrees));
    if (std::isinf(degrees)) return density / p;
    return density / p * (degrees + quantile * quantile) / (degrees - 1);
}

model::Result<Student> fit_student(std::span<const double> values) {
    constexpr std::size_t fewest = 20;
    if (values.size() < fewest)
        return model::fail(model::ErrorCode::missing, fmt::format("{} values are too few to fit a tail: {} are needed", values.size(), fewest));
    bool any = false;
    for (const double value : values) {
        if (!std::isfinite(value)) return model::fail(model::ErrorCode::out_of_range, fmt::format("cannot fit a tail to {}", value));
        any = any || value != 0;
    }
    if (!any) return model::fail(model::ErrorCode::out_of_range, "cannot fit a tail to values that are all 0");

    const auto degrees_of = [](double inverse) { return inverse > 0 ? 1 / inverse : std::numeric_limits<double>::infinity(); };
    const auto likelihood = [&](double inverse) {
        const double degrees = degrees_of(inverse);
        const double scale = best_scale(values, degrees);
        double sum = 0;
        for (const double value : values) sum += student_log_pdf(value / scale, degrees) - std::log(scale);
        return sum;
    };
    // Golden section.
    constexpr double ratio = 0.6180339887498949;
    double low = 0;
    double high = 1 / 2.05;
    double left = high - ratio * (high - low);
    double right = low + ratio * (high - low);
    double at_left = likelihood(left);
    double at_right = likelihood(right);
    while (high - low > 1e-6) {
        if (at_left >= at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - ratio * (high - low);
            at_left = likelihood(left);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + ratio * (high - low);
            at_right = likelihood(right);
        }
    }
    // What cannot be told from the normal distribution is one.
    const double inverse = likelihood(0) >= std::max(at_left, at_right) ? 0 : (low + high) / 2;
    return Student{degrees_of(inverse), best_scale(values, degrees_of(inverse))};
}

}  // namespace margind::risk::statistics
