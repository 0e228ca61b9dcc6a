// Scan, bisection, and the first-touch probability.
#include "risk/scan.hpp"

#include "risk/statistics/normal.hpp"

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

/// ln(factor) at the last step of a side, and the number of its steps.
struct Side {
    double end = 0;
    double count = 0;
};

Side side_of(const Policy& policy, Direction side) {
    const double depth = -std::log1p(-policy.scan_down);
    const double height = std::log1p(policy.scan_up);
    const auto steps = static_cast<double>(policy.scan_steps);
    const double below = std::clamp(std::round(steps * depth / (depth + height)), 1.0, std::max(1.0, steps - 1));
    if (side == Direction::down) return {-depth, below};
    return {height, std::max(1.0, steps - below)};
}

/// The steps of one side, each computed when asked for: step 0 is the present price. The prices are those of scan_grid(),
/// but may repeat.
class Steps {
public:
    Steps(const Path& path, const std::vector<Mover>& movers, const Policy& policy, Direction side)
        : path_(path), movers_(movers) {
        const Side all = side_of(policy, side);
        end_ = all.end;
        count_ = all.count;
        // So far apart the library's exp is monotone, and below this no product of a price overflows before its quotient.
        const double reach = std::abs(path.beta * end_);
        const bool regular = reach / count_ > 1e-9 && reach < 30;
        const std::optional<U256> last = regular ? price_at(path, movers, end_) : std::nullopt;
        if (last && !last->is_zero()) return;
        grid_ = scan_grid(path, movers, policy, side);
    }

    std::size_t count() const { return grid_ ? grid_->prices.size() : static_cast<std::size_t>(count_); }
    bool cut_short() const { return grid_ && grid_->cut_short; }
    U256 price(std::size_t step) const {
        if (step == 0) return movers_[path_.followed].price;
        if (grid_) return grid_->prices[step - 1];
        return *price_at(path_, movers_, end_ * (static_cast<double>(step) / count_));
    }

private:
    const Path& path_;
    const std::vector<Mover>& movers_;
    double end_ = 0;
    double count_ = 0;
    std::optional<Grid> grid_;
};

struct Change {
    /// Neighbours: the nearer to the present price, and the first with the other answer.
    std::optional<std::pair<U256, U256>> at;
    std::optional<Gap> gap;
};

/// The first step with another answer than the present one, or with an error.
class FirstChange {
public:
    FirstChange(const Steps& steps, bool broken_now, const Probe& probe, const Proof& proof)
        : steps_(steps), same_(broken_now ? Certainty::broken : Certainty::sound), broken_now_(broken_now), probe_(probe), proof_(proof) {}

    /// In (0, to].
    bool find(std::size_t to) {
        if (!proof_ || to <= few) return find(0, to);
        const Certainty whole = proof_(steps_.price(0), steps_.price(to));
        if (whole == same_) return false;
        const std::size_t found = whole == Certainty::unknown ? 0 : any_change(to);
        if (found == 0) return find(0, to);
        // Nearly always it is the first one, and that can be proved at once.
        if (found > 1 && proof_(steps_.price(0), steps_.price(found - 1)) != same_) return find(0, found);
        step = found;
        return true;
    }

    std::size_t step = 0;
    std::optional<Error> error;

private:
    // A proof costs about two probes.
    static constexpr std::size_t few = 2;

    bool differs(std::size_t at, bool& failed) const {
        const Result<bool> broken = probe_(steps_.price(at));
        failed = failed || !broken;
        return broken && *broken != broken_now_;
    }

    /// A step with another answer than the one before it; 0: the last has the present one, or a probe failed.
    std::size_t any_change(std::size_t to) const {
        bool failed = false;
        std::size_t same = 0;
        if (!differs(to, failed)) return 0;
        while (to - same > 1 && !failed) {
            const std::size_t middle = same + (to - same) / 2;
            (differs(middle, failed) ? to : same) = middle;
        }
        return failed ? 0 : to;
    }

    /// In (from, to], where `from` answers as the present price does.
    bool find(std::size_t from, std::size_t to) {
        if (proof_ && to - from > few) {
            const Certainty certainty = proof_(steps_.price(from), steps_.price(to));
            if (certainty == same_) return false;
            if (certainty != Certainty::unknown) {
                const std::size_t middle = from + (to - from) / 2;
                return find(from, middle) || find(middle, to);
            }
        }
        for (step = from + 1; step <= to; ++step) {
            const Result<bool> broken = probe_(steps_.price(step));
            if (!broken) error = broken.error();
            if (!broken || *broken != broken_now_) return true;
        }
        return false;
    }

    const Steps& steps_;
    Certainty same_;
    bool broken_now_;
    const Probe& probe_;
    const Proof& proof_;
};

bool is_at_or_beyond(const Path& path, const U256& origin, const U256& price, double within_z) {
    return price != origin && sigmas_away(path, origin, price) >= within_z;
}

/// The first step at or beyond `within_z`; the last when there is none.
std::size_t last_within(const Path& path, const Steps& steps, const U256& origin, double within_z) {
    std::size_t first = 1;
    std::size_t last = steps.count();
    if (!std::isfinite(within_z)) return last;
    while (first < last) {
        const std::size_t middle = first + (last - first) / 2;
        if (is_at_or_beyond(path, origin, steps.price(middle), within_z))
            last = middle;
        else
            first = middle + 1;
    }
    return last;
}

Change scan_side(const Path& path, const std::vector<Mover>& movers, const Policy& policy, Direction side,
                 bool broken_now, const Probe& probe, const Proof& proof, double within_z) {
    const Mover& followed = movers[path.followed];
    const auto gap_at = [&](const U256& price, const std::string& why) {
        Gap gap;
        gap.text = path.asset + ' ' + to_string(side) + " beyond " + price_text(price, followed.decimals) + ": " + why;
        gap.z = price.is_zero() ? policy.z_watch : sigmas_away(path, followed.price, price);
        return gap;
    };
    const Steps steps(path, movers, policy, side);
    const std::size_t last = last_within(path, steps, followed.price, within_z);
    Change change;
    FirstChange first(steps, broken_now, probe, proof);
    if (first.find(last)) {
        const U256 inner = steps.price(first.step - 1);
        if (first.error) {
            change.gap = gap_at(inner, first.error->message);
            return change;
        }
        Result<std::pair<U256, U256>> neighbours = bisect(inner, steps.price(first.step), broken_now, probe);
        if (neighbours)
            change.at = *neighbours;
        else
            change.gap = gap_at(inner, neighbours.error().message);
        return change;
    }
    if (steps.cut_short() && !is_at_or_beyond(path, followed.price, steps.price(last), within_z))
        change.gap = gap_at(steps.price(last), "the next price of the scan is 0 or does not fit");
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
    const auto [end, count] = side_of(policy, side);
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
    const double touched = statistics::normal_cdf((x - drift) / v) + std::exp(-log_barrier) * statistics::normal_cdf((x + drift) / v);
    return std::clamp(touched, 0.0, 1.0);
}

PathScan scan_path(const Path& path, const std::vector<Mover>& movers, const Policy& policy, bool broken_now,
                   const Probe& probe, const Proof& proof, double within_z) {
    const Mover& followed = movers[path.followed];
    PathScan scan;
    double touch = 0;
    for (const Direction side : {Direction::down, Direction::up}) {
        Change change = scan_side(path, movers, policy, side, broken_now, probe, proof, within_z);
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
