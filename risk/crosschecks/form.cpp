// HL-RF with a line search, from several starts.
#include "risk/crosschecks/form.hpp"

#include "risk/statistics/normal.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace margind::risk::crosschecks {

namespace {

using Point = std::vector<double>;

double dot(const Point& a, const Point& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

double length(const Point& a) { return std::sqrt(dot(a, a)); }

/// a + factor x b
Point moved(const Point& a, const Point& b, double factor) {
    Point result = a;
    for (std::size_t i = 0; i < a.size(); ++i) result[i] += factor * b[i];
    return result;
}

class Search {
public:
    Search(const LimitState& limit_state, const statistics::Matrix& factor, const FormOptions& options)
        : limit_state_(limit_state), factor_(factor), options_(options) {}

    Point physical(const Point& u) const {
        Point x(u.size());
        for (std::size_t i = 0; i < u.size(); ++i)
            for (std::size_t j = 0; j <= i; ++j) x[i] += factor_(i, j) * u[j];
        return x;
    }

    model::Result<double> at(const Point& u) const {
        const Point x = physical(u);
        return limit_state_(x);
    }

    model::Result<Point> gradient(const Point& u) const {
        Point slopes(u.size());
        for (std::size_t i = 0; i < u.size(); ++i) {
            Point up = u;
            Point down = u;
            up[i] += options_.step;
            down[i] -= options_.step;
            const model::Result<double> above = at(up);
            if (!above) return model::fail(above.error());
            const model::Result<double> below = at(down);
            if (!below) return model::fail(below.error());
            slopes[i] = (*above - *below) / (2 * options_.step);
        }
        return slopes;
    }

    /// Empty where it does not converge within `furthest`. `scale` is the limit state at the origin.
    model::Result<std::optional<Point>> from(Point u, double scale) const {
        double penalty = 0;
        for (std::size_t round = 0; round < options_.iterations; ++round) {
            const model::Result<double> value = at(u);
            if (!value) return model::fail(value.error());
            const model::Result<Point> slopes = gradient(u);
            if (!slopes) return model::fail(slopes.error());
            const double steepness = dot(*slopes, *slopes);
            if (!(steepness > 0) || !std::isfinite(steepness) || !(length(u) <= 10 * options_.furthest)) return std::optional<Point>{};
            // Where the tangent plane's limit state is 0 nearest to the origin.
            const double reach = (dot(*slopes, u) - *value) / steepness;
            Point direction(u.size());
            for (std::size_t i = 0; i < u.size(); ++i) direction[i] = reach * (*slopes)[i] - u[i];
            if (length(direction) <= options_.tolerance * std::max(1.0, length(u)) && std::abs(*value) <= options_.tolerance * scale)
                return length(u) <= options_.furthest ? std::optional(u) : std::nullopt;
            // The merit falls along the direction where the penalty exceeds |u| / |slopes|.
            penalty = std::max(penalty, 2 * std::max(length(u), length(moved(u, direction, 1))) / std::sqrt(steepness));
            const double merit = dot(u, u) / 2 + penalty * std::abs(*value);
            double step = 1;
            for (int halvings = 0; halvings < 40; ++halvings, step /= 2) {
                const Point next = moved(u, direction, step);
                const model::Result<double> there = at(next);
                if (!there) return model::fail(there.error());
                if (dot(next, next) / 2 + penalty * std::abs(*there) < merit) break;
            }
            u = moved(u, direction, step);
        }
        return std::optional<Point>{};
    }

private:
    const LimitState& limit_state_;
    const statistics::Matrix& factor_;
    const FormOptions& options_;
};

}  // namespace

model::Result<BreachPoint> most_likely_breach(const LimitState& limit_state, const statistics::Matrix& covariance, const FormOptions& options) {
    const model::Result<statistics::Matrix> factor = statistics::cholesky(covariance);
    if (!factor) return model::fail(factor.error());
    const Search search(limit_state, *factor, options);
    const Point origin(covariance.rows);
    const model::Result<double> now = search.at(origin);
    if (!now) return model::fail(now.error());
    BreachPoint result;
    if (*now <= 0) {
        result.x = origin;
        result.probability = 1;
        result.importance = origin;
        return result;
    }
    std::vector<Point> starts{origin};
    for (std::size_t i = 0; i < origin.size(); ++i) {
        for (const double side : {1.0, -1.0}) {
            starts.push_back(origin);
            starts.back()[i] = side;
        }
    }
    std::optional<Point> nearest;
    for (const Point& start : starts) {
        const model::Result<std::optional<Point>> found = search.from(start, *now);
        if (!found) return model::fail(found.error());
        if (*found && (!nearest || length(**found) < length(*nearest))) nearest = *found;
    }
    if (!nearest) return model::fail(model::ErrorCode::missing, "no breach was found within the distance that is looked at");
    result.beta = length(*nearest);
    result.probability = statistics::normal_cdf(-result.beta);
    result.x = search.physical(*nearest);
    for (const double u : *nearest) result.importance.push_back(u * u / (result.beta * result.beta));
    return result;
}

}  // namespace margind::risk::crosschecks
