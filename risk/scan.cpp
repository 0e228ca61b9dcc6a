// Scan, bisection, and the first-touch probability.
#include "risk/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

double log_factor(const Path& path, const U256& origin, const U256& price) {
    return std::log(price.to_double() / origin.to_double()) / path.beta;
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

U256 midpoint(const U256& low, const U256& high) {
    return *checked_add(low, shift_right(*checked_sub(high, low), 1));
}

/// Narrows [inner, outer] (in either order) to two neighbours; the probe is `broken_inner` at the one and not at the other.
Result<std::pair<U256, U256>> bisect(U256 inner, U256 outer, bool broken_inner, const Probe& probe) {
    for (;;) {
        const U256 low = std::min(inner, outer);
        const U256 high = std::max(inner, outer);
        if (*checked_sub(high, low) == U256{1}) return std::pair(inner, outer);
        const U256 middle = midpoint(low, high);
        const Result<bool> broken = probe(middle);
        if (!broken) return fail(broken.error());
        (*broken == broken_inner ? inner : outer) = middle;
    }
}

struct Change {
    /// Neighbours: the nearer to the present price, and the first with the other answer.
    std::optional<std::pair<U256, U256>> at;
    std::optional<Gap> gap;
};

Change scan_side(const Path& path, const std::vector<Mover>& movers, const Policy& policy, Direction side,
                 bool broken_now, const Probe& probe, double within_z) {
    const Mover& followed = movers[path.followed];
    const auto gap_at = [&](const U256& price, const std::string& why) {
        Gap gap;
        gap.text = path.asset + ' ' + to_string(side) + " beyond " + price_text(price, followed.decimals) + ": " + why;
        gap.z = price.is_zero() ? policy.z_watch : sigmas_away(path, followed.price, price);
        return gap;
    };
    const Grid grid = scan_grid(path, movers, policy, side);
    Change change;
    U256 inner = followed.price;
    for (const U256& price : grid.prices) {
        const Result<bool> broken = probe(price);
        if (!broken) {
            change.gap = gap_at(inner, broken.error().message);
            return change;
        }
        if (*broken == broken_now) {
            if (sigmas_away(path, followed.price, price) >= within_z) return change;
            inner = price;
            continue;
        }
        Result<std::pair<U256, U256>> neighbours = bisect(inner, price, broken_now, probe);
        if (neighbours)
            change.at = *neighbours;
        else
            change.gap = gap_at(inner, neighbours.error().message);
        return change;
    }
    if (grid.cut_short) change.gap = gap_at(inner, "the next price of the scan is 0 or does not fit");
    return change;
}

Candidate candidate_of(const Path& path, const Mover& followed, const U256& liquidation_price) {
    Candidate candidate;
    candidate.asset = path.asset;
    candidate.label = followed.label;
    candidate.role = followed.role;
    candidate.price = followed.price;
    candidate.decimals = followed.decimals;
    candidate.liquidation_price = liquidation_price;
    candidate.sigma_24h = path.sigma_24h;
    candidate.sigma_is_default = path.sigma_is_default;
    return candidate;
}

}  // namespace

std::string price_text(const U256& price, std::uint8_t decimals) {
    const double value = price.to_double() * std::pow(10.0, -static_cast<double>(decimals));
    const int before = value > 0 ? static_cast<int>(std::floor(std::log10(value))) : 0;
    return fmt::format("{:.{}f}", value, std::clamp(5 - before, 0, 18));
}

double sigmas_away(const Path& path, const U256& origin, const U256& price) {
    return std::abs(log_factor(path, origin, price)) / path.sigma_24h;
}

Grid scan_grid(const Path& path, const std::vector<Mover>& movers, const Policy& policy, Direction side) {
    const double depth = -std::log1p(-policy.scan_down);
    const double height = std::log1p(policy.scan_up);
    const auto steps = static_cast<double>(policy.scan_steps);
    const double below = std::clamp(std::round(steps * depth / (depth + height)), 1.0, std::max(1.0, steps - 1));
    const double count = side == Direction::down ? below : std::max(1.0, steps - below);
    const double end = side == Direction::down ? -depth : height;

    Grid grid;
    U256 last = movers[path.followed].price;
    for (double k = 1; k <= count; ++k) {
        const std::optional<U256> price = price_at(path, movers, end * (k / count));
        if (!price || price->is_zero()) {
            grid.cut_short = true;
            return grid;
        }
        if (*price == last) continue;
        grid.prices.push_back(*price);
        last = *price;
    }
    return grid;
}

double first_touch(double log_barrier, double sigma_24h, double days) {
    if (log_barrier == 0) return 1;
    const double v = sigma_24h * std::sqrt(days);
    if (!(v > 0)) return 0;
    // Mirrored for a barrier above: x below is the barrier's side turned downwards, the drift with it.
    const double turn = log_barrier < 0 ? 1.0 : -1.0;
    const double x = turn * log_barrier;
    const double drift = turn * (-0.5 * v * v);
    // e^{2 mu x / sigma^2} with mu = -sigma^2 / 2 is e^{-ln(barrier)} on both sides.
    const double touched = normal_cdf((x - drift) / v) + std::exp(-log_barrier) * normal_cdf((x + drift) / v);
    return std::clamp(touched, 0.0, 1.0);
}

PathScan scan_path(const Path& path, const std::vector<Mover>& movers, const Policy& policy, bool broken_now,
                   const Probe& probe, double within_z) {
    const Mover& followed = movers[path.followed];
    PathScan scan;
    double touch = 0;
    for (const Direction side : {Direction::down, Direction::up}) {
        Change change = scan_side(path, movers, policy, side, broken_now, probe, within_z);
        if (change.gap) scan.gaps.push_back(*std::move(change.gap));
        if (!change.at) continue;
        const U256& price = broken_now ? change.at->first : change.at->second;
        Candidate candidate = candidate_of(path, followed, price);
        const double distance = log_factor(path, followed.price, price);
        if (broken_now) {
            candidate.direction = side == Direction::down ? Direction::up : Direction::down;
            candidate.h = std::exp(-std::abs(distance));
            touch = 1;
        } else {
            candidate.direction = side;
            candidate.h = std::exp(std::abs(distance));
            candidate.room = side == Direction::down ? -std::expm1(distance) : std::expm1(distance);
            candidate.z = std::abs(distance) / path.sigma_24h;
            touch += first_touch(distance, path.sigma_24h, 1);
        }
        scan.candidates.push_back(std::move(candidate));
    }
    for (Candidate& candidate : scan.candidates) candidate.p_touch_24h = std::min(1.0, touch);
    return scan;
}

}  // namespace margind::risk
