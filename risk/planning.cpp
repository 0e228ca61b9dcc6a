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
double target_distance(const Path& path, const std::vector<Mover>& movers, const Goal& goal, Direction side) {
    const double by_z = goal.target_z * path.sigma_24h;
    const double room = goal.policy.critical_room_in_deviations *
                        feed_deviation(goal.prices, goal.chain, movers[path.followed].underlying).value_or(0);
    if (side == Direction::up) return std::max(by_z, std::log1p(room));
    return -std::max(by_z, room < 1 ? -std::log1p(-room) : by_z);
}

/// The present state (no asset), or a path's target on one side.
struct Point {
    std::string asset;
    Direction side = Direction::down;
    friend bool operator==(const Point&, const Point&) = default;
};

bool holds(const Result<Standing>& standing) { return standing && !standing->liquidatable; }

/// Calls `visit(point, standing there)` for the present state and each target, until it answers false.
template <class Wanted, class Visit>
void visit_targets(const PreparedAccount& account, const Goal& goal, const Wanted& wanted, const Visit& visit) {
    const std::vector<Mover> movers = movers_of(account.inputs());
    State state = account.current();
    const Point now;
    if (wanted(now) && !visit(now, account.at(state))) return;
    for (const Path& path : paths_of(movers, goal.market, goal.policy))
        for (const Direction side : {Direction::down, Direction::up}) {
            const Point point{path.asset, side};
            if (!wanted(point)) continue;
            const std::optional<U256> price = price_at(path, movers, target_distance(path, movers, goal, side));
            const bool fits = price && set_prices(path, movers, *price, state.prices);
            const Result<Standing> there =
                fits ? account.at(state) : Result<Standing>(fail(ErrorCode::out_of_range, "a price does not fit 256 bits"));
            if (!visit(point, there)) return;
        }
}

bool holds_at_targets(const PreparedAccount& account, const Goal& goal, const std::vector<Point>* only = nullptr) {
    bool all = true;
    const auto wanted = [&](const Point& point) {
        return only == nullptr || std::find(only->begin(), only->end(), point) != only->end();
    };
    visit_targets(account, goal, wanted, [&](const Point&, const Result<Standing>& there) { return all = holds(there); });
    return all;
}

/// What does not hold at the targets, with N - M there.
std::vector<std::pair<Point, double>> broken_targets(const PreparedAccount& account, const Goal& goal) {
    std::vector<std::pair<Point, double>> broken;
    visit_targets(account, goal, [](const Point&) { return true; }, [&](const Point& point, const Result<Standing>& there) {
        if (!holds(there)) broken.emplace_back(point, there ? there->equity.to_double() - there->maintenance.to_double() : 0.0);
        return true;
    });
    return broken;
}

/// The share of a full action that mends what is broken if N - M is linear in the amount; 0 when nothing says so.
double linear_share(const std::vector<std::pair<Point, double>>& broken, const PreparedAccount& in_full, const Goal& goal) {
    double share = 0;
    visit_targets(in_full, goal, [](const Point&) { return true; }, [&](const Point& point, const Result<Standing>& there) {
        const auto before = std::find_if(broken.begin(), broken.end(), [&](const auto& row) { return row.first == point; });
        if (before == broken.end() || !there) return true;
        const double gained = there->equity.to_double() - there->maintenance.to_double() - before->second;
        if (before->second < 0 && gained > 0) share = std::max(share, -before->second / gained);
        return true;
    });
    return share;
}

/// Every step of the scan nearer than the targets.
bool holds_before_targets(const PreparedAccount& account, const Goal& goal) {
    const std::vector<Mover> movers = movers_of(account.inputs());
    State state = account.current();
    State low = state;
    State high = state;
    for (const Path& path : paths_of(movers, goal.market, goal.policy))
        for (const Direction side : {Direction::down, Direction::up}) {
            const std::optional<U256> target = price_at(path, movers, target_distance(path, movers, goal, side));
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
    if (const Result<double> price = valuation.price(option.underlying)) return *price;
    const Result<double> numeraire = valuation.price(AssetId{standing.equity.unit});
    if (!numeraire) return std::nullopt;
    for (const PriceInput& input : account.inputs())
        if (input.underlying == option.underlying) {
            const std::optional<I256> raw = I256::from(input.price);
            if (raw) return scaled_double(*raw, input.decimals) * *numeraire;
        }
    return std::nullopt;
}

}  // namespace

bool reaches(const PreparedAccount& account, const Goal& goal) {
    return holds_at_targets(account, goal) && holds_before_targets(account, goal);
}

std::vector<Action> smallest_actions(const PreparedAccount& account, const Goal& goal, const Valuation& valuation,
                                     std::uint64_t block) {
    std::vector<Action> actions;
    const Result<Standing> standing = account.at(account.current());
    if (!standing || reaches(account, goal)) return actions;

    const std::vector<std::pair<Point, double>> broken = broken_targets(account, goal);
    std::vector<Point> broken_points;
    for (const auto& [point, excess] : broken) broken_points.push_back(point);
    for (const AdjustmentOption& option : account.options()) {
        const std::optional<double> unit = unit_usd(account, option, *standing, valuation);
        if (!unit) continue;
        const auto adjusted = [&](const U256& amount) { return account.with({option.verb, option.asset, amount}); };
        // What is broken without the action decides nearly always; everything is then checked once.
        const auto mends = [&](const U256& amount) {
            const auto after = adjusted(amount);
            return after && holds_at_targets(**after, goal, &broken_points);
        };
        const auto enough = [&](const U256& amount) {
            const auto after = adjusted(amount);
            return after && reaches(**after, goal);
        };
        const auto in_full = adjusted(option.max_raw);
        const std::optional<U256> guess =
            in_full ? scaled(option.max_raw, linear_share(broken, **in_full, goal)) : std::nullopt;
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
