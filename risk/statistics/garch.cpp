// The filter, and a fit by the simplex method of Nelder and Mead (1965).
#include "risk/statistics/garch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace margind::risk::statistics {

namespace {

constexpr std::size_t dimensions = 4;
using Point = std::array<double, dimensions>;

struct Vertex {
    Point point{};
    double value = 0;
};

/// a + factor x (b - a)
Point towards(const Point& a, const Point& b, double factor) {
    Point result{};
    for (std::size_t i = 0; i < dimensions; ++i) result[i] = a[i] + factor * (b[i] - a[i]);
    return result;
}

template <class Objective>
Vertex minimise(const Objective& objective, const Point& start, double size) {
    std::array<Vertex, dimensions + 1> simplex;
    for (std::size_t i = 0; i <= dimensions; ++i) {
        simplex[i].point = start;
        if (i < dimensions) simplex[i].point[i] += size;
        simplex[i].value = objective(simplex[i].point);
    }
    const auto by_value = [](const Vertex& a, const Vertex& b) { return a.value < b.value; };
    for (int round = 0; round < 4000; ++round) {
        std::stable_sort(simplex.begin(), simplex.end(), by_value);
        const Vertex& best = simplex.front();
        Vertex& worst = simplex.back();
        if (worst.value - best.value <= 1e-15 * std::abs(best.value)) break;
        Point centre{};
        for (std::size_t i = 0; i < dimensions; ++i)
            for (std::size_t j = 0; j < dimensions; ++j) centre[j] += simplex[i].point[j] / static_cast<double>(dimensions);
        const auto at = [&](double factor) {
            const Point point = towards(centre, worst.point, factor);
            return Vertex{point, objective(point)};
        };
        const Vertex reflected = at(-1);
        if (reflected.value < best.value) {
            const Vertex expanded = at(-2);
            worst = expanded.value < reflected.value ? expanded : reflected;
        } else if (reflected.value < simplex[dimensions - 1].value) {
            worst = reflected;
        } else {
            const Vertex contracted = at(reflected.value < worst.value ? -0.5 : 0.5);
            if (contracted.value < std::min(reflected.value, worst.value)) {
                worst = contracted;
            } else {
                for (std::size_t i = 1; i <= dimensions; ++i) {
                    simplex[i].point = towards(best.point, simplex[i].point, 0.5);
                    simplex[i].value = objective(simplex[i].point);
                }
            }
        }
    }
    return *std::min_element(simplex.begin(), simplex.end(), by_value);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }

/// All of R^4 is allowed: the mean in units of sigma, ln of omega in units of the variance, persistence, alpha's part of it.
Garch model_of(const Point& point, double sigma) {
    Garch model;
    model.mean = point[0] * sigma;
    model.omega = std::exp(point[1]) * sigma * sigma;
    const double persistence = logistic(point[2]);
    model.alpha = persistence * logistic(point[3]);
    model.beta = persistence - model.alpha;
    return model;
}

double mean_square(std::span<const double> returns, double mean) {
    double sum = 0;
    for (const double value : returns) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(returns.size());
}

double first_variance(const Garch& model, std::span<const double> returns) {
    return model.omega + model.persistence() * mean_square(returns, model.mean);
}

double negative_log_likelihood(const Garch& model, std::span<const double> returns) {
    double variance = first_variance(model, returns);
    double sum = 0;
    for (const double value : returns) {
        const double square = (value - model.mean) * (value - model.mean);
        sum += std::log(variance) + square / variance;
        variance = model.omega + model.alpha * square + model.beta * variance;
    }
    sum = 0.5 * (sum + static_cast<double>(returns.size()) * std::log(2 * std::numbers::pi));
    return std::isfinite(sum) ? sum : std::numeric_limits<double>::max();
}

}  // namespace

std::vector<double> garch_filter(const Garch& model, std::span<const double> returns, double start) {
    std::vector<double> variances{start};
    variances.reserve(returns.size() + 1);
    for (const double value : returns) {
        const double residual = value - model.mean;
        variances.push_back(model.omega + model.alpha * residual * residual + model.beta * variances.back());
    }
    return variances;
}

model::Result<GarchFit> fit_garch(std::span<const double> returns) {
    constexpr std::size_t fewest = 100;
    if (returns.size() < fewest)
        return model::fail(model::ErrorCode::missing, fmt::format("{} returns are too few for GARCH: {} are needed", returns.size(), fewest));
    double mean = 0;
    for (const double value : returns) {
        if (!std::isfinite(value)) return model::fail(model::ErrorCode::out_of_range, fmt::format("a return of {}", value));
        mean += value / static_cast<double>(returns.size());
    }
    const double sigma = std::sqrt(mean_square(returns, mean));
    // The mean of equal values is rounded, so their deviation from it need not be 0.
    if (!(sigma > 1e-9 * std::abs(mean))) return model::fail(model::ErrorCode::out_of_range, "returns without variation have no volatility to fit");

    const auto objective = [&](const Point& point) { return negative_log_likelihood(model_of(point, sigma), returns); };
    Vertex best{{mean / sigma, std::log(0.1), logit(0.9), logit(0.1 / 0.9)}, 0};
    best.value = objective(best.point);
    // A simplex may collapse early: started anew around the best point until that gains nothing.
    for (int round = 0; round < 20; ++round) {
        const Vertex next = minimise(objective, best.point, 0.2);
        const bool settled = best.value - next.value <= 1e-12 * std::abs(best.value);
        if (next.value < best.value) best = next;
        if (settled) break;
    }
    GarchFit fit;
    fit.model = model_of(best.point, sigma);
    fit.log_likelihood = -best.value;
    fit.variances = garch_filter(fit.model, returns, first_variance(fit.model, returns));
    return fit;
}

}  // namespace margind::risk::statistics
