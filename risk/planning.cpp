// Exact bisection on the amount of each option.
#include "risk/planning.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

/// ln(factor) to the target on one side, signed.
double target_distance(const PreparedAccount& account, const Path& path, const std::vector<Mover>& movers, const Goal& goal, Direction side) {
    const double by_z = goal.target_z * path.sigma_24h;
    const std::optional<double> deviation = feed_deviation(goal.prices, goal.chain, movers[path.followed].underlying);
    const double room = goal.policy.critical_room_in_deviations * deviation.value_or(0);
    const double band = band_width(account, deviation).value_or(0);
    if (side == Direction::up) return std::max(by_z, std::log1p(room)) + std::log1p(band);
    return -std::max(by_z, room < 1 ? -std::log1p(-room) : by_z) + std::log1p(-band);
}

/// The present state (no asset), or a path's target on one side.
struct Point {
    std::string asset;
    Direction side = Direction::down;
    friend bool operator==(const Point&, const Point&) = default;
};

bool holds(const Result<Standing>& standing) { return standing && !standing->liquidatable; }

/// Where an account must hold: the present state first, then each path's target on both sides. The same for all accounts with
/// these inputs.
class Targets {
public:
    struct Target {
        Point point;
        /// Empty: a price does not fit 256 bits.
        std::optional<State> state;
    };

    Targets(const PreparedAccount& account, const Goal& goal)
        : goal_(goal), inputs_(account.inputs()), movers_(movers_of(inputs_)), paths_(paths_of(movers_, goal.market, goal.policy)) {
        const State now = account.current();
        targets_.push_back({Point{}, now});
        for (const Path& path : paths_)
            for (const Direction side : {Direction::down, Direction::up}) {
                const std::optional<U256> price = price_at(path, movers_, target_distance(account, path, movers_, goal, side));
                State state = now;
                const bool fits = price && set_prices(path, movers_, *price, state.prices);
                targets_.push_back({Point{path.asset, side}, fits ? std::optional<State>(std::move(state)) : std::nullopt});
            }
    }

    /// These, or where `account` has other inputs (an action may bring one in) its own, made in `own`.
    const Targets& of(const PreparedAccount& account, std::optional<Targets>& own) const {
        const auto same = [](const PriceInput& a, const PriceInput& b) {
            return a.underlying == b.underlying && a.price == b.price && a.label == b.label && a.role == b.role && a.decimals == b.decimals;
        };
        const std::vector<PriceInput>& inputs = account.inputs();
        if (std::equal(inputs.begin(), inputs.end(), inputs_.begin(), inputs_.end(), same)) return *this;
        return own.emplace(account, goal_);
    }

    const std::vector<Target>& all() const { return targets_; }
    const std::vector<Mover>& movers() const { return movers_; }
    const std::vector<Path>& paths() const { return paths_; }

private:
    const Goal& goal_;
    std::vector<PriceInput> inputs_;
    std::vector<Mover> movers_;
    std::vector<Path> paths_;
    std::vector<Target> targets_;
};

Result<Standing> standing_at(const PreparedAccount& account, const Targets::Target& target) {
    if (!target.state) return fail(ErrorCode::out_of_range, "a price does not fit 256 bits");
    return account.at(*target.state);
}

bool holds_at_targets(const PreparedAccount& account, const Targets& targets, const std::vector<Point>* only = nullptr) {
    return std::all_of(targets.all().begin(), targets.all().end(), [&](const Targets::Target& target) {
        const bool wanted = only == nullptr || std::find(only->begin(), only->end(), target.point) != only->end();
        return !wanted || (target.state && !account.liquidatable(*target.state).value_or(true));
    });
}

/// What does not hold at the targets, with N - M there.
std::vector<std::pair<Point, double>> broken_targets(const PreparedAccount& account, const Targets& targets) {
    std::vector<std::pair<Point, double>> broken;
    for (const Targets::Target& target : targets.all()) {
        const Result<Standing> there = standing_at(account, target);
        if (!holds(there)) broken.emplace_back(target.point, there ? there->equity.to_double() - there->maintenance.to_double() : 0.0);
    }
    return broken;
}

/// The share of a full action that mends what is broken if N - M is linear in the amount; 0 when nothing says so.
double linear_share(const std::vector<std::pair<Point, double>>& broken, const PreparedAccount& in_full, const Targets& targets) {
    double share = 0;
    for (const Targets::Target& target : targets.all()) {
        const auto before = std::find_if(broken.begin(), broken.end(), [&](const auto& row) { return row.first == target.point; });
        if (before == broken.end()) continue;
        const Result<Standing> there = standing_at(in_full, target);
        if (!there) continue;
        const double gained = there->equity.to_double() - there->maintenance.to_double() - before->second;
        if (before->second < 0 && gained > 0) share = std::max(share, -before->second / gained);
    }
    return share;
}

/// Every step of the scan nearer than the targets.
bool holds_before_targets(const PreparedAccount& account, const Goal& goal, const Targets& targets) {
    const std::vector<Mover>& movers = targets.movers();
    State state = account.current();
    State low = state;
    State high = state;
    for (const Path& path : targets.paths())
        for (const Direction side : {Direction::down, Direction::up}) {
            const std::optional<U256> target = price_at(path, movers, target_distance(account, path, movers, goal, side));
            if (!target) return false;
            const bool upwards = *target > movers[path.followed].price;
            if (enclose_prices(path, movers, movers[path.followed].price, *target, low, high) &&
                certainty(account.between(low, high)) == Certainty::sound)
                continue;
            for (const U256& price : scan_grid(path, movers, goal.policy, side).prices) {
                if (upwards ? price >= *target : price <= *target) break;
                if (!set_prices(path, movers, price, state.prices) || account.liquidatable(state).value_or(true)) return false;
            }
        }
    return true;
}

bool reaches(const PreparedAccount& account, const Goal& goal, const Targets& targets) {
    return holds_at_targets(account, targets) && holds_before_targets(account, goal, targets);
}

/// The smallest amount in (0, max] for which `enough` holds, empty when it does not hold for max. A good `guess` saves
/// most of the bisection; a bad one costs little.
std::optional<U256> smallest(const U256& max, const std::optional<U256>& guess, const std::function<bool(const U256&)>& enough) {
    if (max.is_zero() || !enough(max)) return std::nullopt;
    U256 low;
    U256 high = max;
    if (guess && *guess > low && *guess < high) {
        const bool above = enough(*guess);
        (above ? high : low) = *guess;
        // Away from the guess in growing steps until the other answer.
        std::optional<U256> step = checked_add(shift_right(*guess, 40), 1);
        for (; step; step = checked_mul(*step, 256)) {
            const std::optional<U256> next = above ? checked_sub(high, *step) : checked_add(low, *step);
            if (!next || *next <= low || *next >= high) break;
            const bool there = enough(*next);
            (there ? high : low) = *next;
            if (there != above) break;
        }
    }
    while (*checked_sub(high, low) > U256{1}) {
        const U256 middle = *checked_add(low, shift_right(*checked_sub(high, low), 1));
        (enough(middle) ? high : low) = middle;
    }
    return high;
}

std::optional<double> unit_usd(const PreparedAccount& account, const AdjustmentOption& option, const Standing& standing,
                               const Valuation& valuation) {
    if (const Result<double> price = valuation.price(option.underlying)) return *price * option.units.to_double() * 1e-18;
    const Result<double> numeraire = valuation.price(AssetId{standing.equity.unit});
    if (!numeraire) return std::nullopt;
    // Several tokens may stand for one underlying: the price is this one's where it has a label of its own.
    const PriceInput* own = nullptr;
    for (const PriceInput& input : account.inputs())
        if (input.underlying == option.underlying && (own == nullptr || (own->label != option.label && input.label == option.label))) own = &input;
    const std::optional<I256> raw = own == nullptr ? std::nullopt : I256::from(own->price);
    if (!raw) return std::nullopt;
    return scaled_double(*raw, own->decimals) * *numeraire;
}

}  // namespace

bool reaches(const PreparedAccount& account, const Goal& goal) { return reaches(account, goal, Targets(account, goal)); }

std::vector<Action> smallest_actions(const PreparedAccount& account, const Goal& goal, const Valuation& valuation,
                                     std::uint64_t block) {
    std::vector<Action> actions;
    const Result<Standing> standing = account.at(account.current());
    const Targets targets(account, goal);
    if (!standing || reaches(account, goal, targets)) return actions;

    const std::vector<std::pair<Point, double>> broken = broken_targets(account, targets);
    std::vector<Point> broken_points;
    for (const auto& [point, excess] : broken) broken_points.push_back(point);
    for (const AdjustmentOption& option : account.options()) {
        const std::optional<double> unit = unit_usd(account, option, *standing, valuation);
        if (!unit) continue;
        const auto adjusted = [&](const U256& amount) { return account.with({option.verb, option.asset, amount}); };
        // What is broken without the action decides nearly always; everything is then checked once.
        const auto mends = [&](const U256& amount) {
            const auto after = adjusted(amount);
            std::optional<Targets> own;
            return after && holds_at_targets(**after, targets.of(**after, own), &broken_points);
        };
        const auto enough = [&](const U256& amount) {
            const auto after = adjusted(amount);
            std::optional<Targets> own;
            return after && reaches(**after, goal, targets.of(**after, own));
        };
        const auto in_full = adjusted(option.max_raw);
        std::optional<Targets> own;
        const std::optional<U256> guess =
            in_full ? scaled(option.max_raw, linear_share(broken, **in_full, targets.of(**in_full, own))) : std::nullopt;
        std::optional<U256> amount = smallest(option.max_raw, guess, mends);
        if (amount && !enough(*amount)) amount = smallest(option.max_raw, amount, enough);
        if (!amount) continue;

        const auto after = adjusted(*amount);
        // The smallest amount leaves the account just beyond the target, nearly always.
        const double near = 1.5 * goal.target_z;
        Result<Distances> found = distances(**after, goal.market, goal.policy, goal.prices, goal.chain, 0, near);
        if (found && (found->candidates.empty() || found->candidates.front().z > near))
            found = distances(**after, goal.market, goal.policy, goal.prices, goal.chain);
        if (!found) continue;
        Action action;
        action.verb = option.verb;
        action.asset = option.asset;
        action.label = option.label;
        action.amount_raw = *amount;
        action.decimals = option.decimals;
        action.amount_usd = amount->to_double() * std::pow(10.0, -static_cast<double>(option.decimals)) * *unit;
        action.target_z = goal.target_z;
        action.h_after = found->candidates.empty() ? 1 + goal.policy.scan_up : found->candidates.front().h;
        action.n_after = found->standing.equity;
        action.m_after = found->standing.maintenance;
        action.valid_until_block = block + static_cast<std::uint64_t>(goal.policy.action_valid_blocks);
        actions.push_back(std::move(action));
    }
    std::stable_sort(actions.begin(), actions.end(),
                     [](const Action& a, const Action& b) { return a.amount_usd < b.amount_usd; });
    return actions;
}

}  // namespace margind::risk
