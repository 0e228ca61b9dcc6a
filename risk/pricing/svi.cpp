// SVI and its conditions.
#include "risk/pricing/svi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace margind::risk::pricing {

namespace {

constexpr int points = 2000;

double point(int i, double range) { return range * (2.0 * i / points - 1); }

double root(const Svi& slice, double k) { return std::sqrt((k - slice.m) * (k - slice.m) + slice.sigma * slice.sigma); }

}  // namespace

double total_variance(const Svi& slice, double k) { return slice.a + slice.b * (slice.rho * (k - slice.m) + root(slice, k)); }

double svi_vol(const Svi& slice, double k, double years) { return std::sqrt(std::max(0.0, total_variance(slice, k)) / years); }

double svi_density(const Svi& slice, double k) {
    const double away = k - slice.m;
    const double length = root(slice, k);
    const double w = total_variance(slice, k);
    const double first = slice.b * (slice.rho + away / length);
    const double second = slice.b * slice.sigma * slice.sigma / (length * length * length);
    const double tilt = 1 - k * first / (2 * w);
    return tilt * tilt - first * first / 4 * (1 / w + 0.25) + second / 2;
}

model::Result<void> check_svi(const Svi& slice) {
    const auto [a, b, rho, m, sigma] = slice;
    const bool finite = std::isfinite(a) && std::isfinite(b) && std::isfinite(rho) && std::isfinite(m) && std::isfinite(sigma);
    if (!finite || b < 0 || std::abs(rho) >= 1 || sigma <= 0 || a + b * sigma * std::sqrt(1 - rho * rho) < 0)
        return model::fail(model::ErrorCode::out_of_range, fmt::format("no SVI slice: a {}, b {}, rho {}, m {}, sigma {}", a, b, rho, m, sigma));
    return {};
}

bool is_free_of_butterflies(const Svi& slice, double range) {
    if (!check_svi(slice) || slice.b * (1 + std::abs(slice.rho)) > 2) return false;
    for (int i = 0; i <= points; ++i) {
        const double k = point(i, range);
        if (!(total_variance(slice, k) > 0) || svi_density(slice, k) < 0) return false;
    }
    return true;
}

bool is_free_of_calendars(const Svi& earlier, const Svi& later, double range) {
    for (int i = 0; i <= points; ++i)
        if (total_variance(later, point(i, range)) < total_variance(earlier, point(i, range))) return false;
    return later.b * (1 - later.rho) >= earlier.b * (1 - earlier.rho) && later.b * (1 + later.rho) >= earlier.b * (1 + earlier.rho);
}

SviJumpWings jump_wings(const Svi& slice, double years) {
    const auto [a, b, rho, m, sigma] = slice;
    const double w = total_variance(slice, 0);
    const double scale = b / std::sqrt(w);
    return {w / years, scale / 2 * (rho - m / std::sqrt(m * m + sigma * sigma)), scale * (1 - rho), scale * (1 + rho),
            (a + b * sigma * std::sqrt(1 - rho * rho)) / years};
}

model::Result<Svi> from_jump_wings(const SviJumpWings& wings, double years) {
    const auto none = [&] {
        return model::fail(model::ErrorCode::out_of_range,
                           fmt::format("no SVI slice has variance {}, skew {}, wings {} and {}, least variance {} at {} years", wings.variance,
                                       wings.skew, wings.put_wing, wings.call_wing, wings.least_variance, years));
    };
    const double w = wings.variance * years;
    if (!(w > 0) || !(wings.put_wing + wings.call_wing > 0)) return none();
    Svi slice;
    slice.b = std::sqrt(w) / 2 * (wings.put_wing + wings.call_wing);
    slice.rho = 1 - wings.put_wing * std::sqrt(w) / slice.b;
    const double beta = slice.rho - 2 * wings.skew * std::sqrt(w) / slice.b;
    if (!(std::abs(beta) <= 1) || !(std::abs(slice.rho) < 1)) return none();
    const double flat = std::sqrt(1 - slice.rho * slice.rho);
    const double drop = (wings.variance - wings.least_variance) * years / slice.b;
    if (beta == 0) {
        // At the money is the middle: m = 0, and b sigma (1 - sqrt(1 - rho^2)) is the drop to the least variance.
        if (flat == 1) return none();
        slice.sigma = drop / (1 - flat);
    } else {
        const double alpha = std::copysign(std::sqrt(1 / (beta * beta) - 1), beta);
        slice.m = drop / (-slice.rho + std::copysign(std::sqrt(1 + alpha * alpha), alpha) - alpha * flat);
        slice.sigma = alpha * slice.m;
    }
    slice.a = wings.least_variance * years - slice.b * slice.sigma * flat;
    if (model::Result<void> sound = check_svi(slice); !sound) return none();
    return slice;
}

}  // namespace margind::risk::pricing
