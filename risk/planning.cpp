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

bool holds_at(const PreparedAccount& account, const State& state) {
    const Result<Standing> standing = account.at(state);
    return standing && !standing->liquidatable;
}

/// Calls `visit(point, holds)` for the present state and each target, until it answers false.
template <class Wanted, class Visit>
void visit_targets(const PreparedAccount& account, const Goal& goal, const Wanted& wanted, const Visit& visit) {
    const std::vector<Mover> movers = movers_of(account.inputs());
    State state = account.current();
    const Point now;
    if (wanted(now) && !visit(now, holds_at(account, state))) return;
    for (const Path& path : paths_of(movers, goal.market, goal.policy))
        for (const Direction side : {Direction::down, Direction::up}) {
            const Point point{path.asset, side};
            if (!wanted(point)) continue;
            const std::optional<U256> price = price_at(path, movers, target_distance(path, movers, goal, side));
            const bool holds = price && set_prices(path, movers, *price, state.prices) && holds_at(account, state);
            if (!visit(point, holds)) return;
        }
}

std::vector<Point> broken_targets(const PreparedAccount& account, const Goal& goal) {
    std::vector<Point> broken;
    visit_targets(account, goal, [](const Point&) { return true; }, [&](const Point& point, bool holds) {
        if (!holds) broken.push_back(point);
        return true;
    });
    return broken;
}

bool holds_at_targets(const PreparedAccount& account, const Goal& goal, const std::vector<Point>* only = nullptr) {
    bool all = true;
    const auto wanted = [&](const Point& point) {
        return only == nullptr || std::find(only->begin(), only->end(), point) != only->end();
    };
    visit_targets(account, goal, wanted, [&](const Point&, bool holds) { return all = holds; });
    return all;
}

/// Every step of the scan nearer than the targets.
bool holds_before_targets(const PreparedAccount& account, const Goal& goal) {
    const std::vector<Mover> movers = movers_of(account.inputs());
    State state = account.current();
    for (const Path& path : paths_of(movers, goal.market, goal.policy))
        for (const Direction side : {Direction::down, Direction::up}) {
            const std::optional<U256> target = price_at(path, movers, target_distance(path, movers, goal, side));
            if (!target) return false;
            const bool upwards = *target > movers[path.followed].price;
            for (const U256& price : scan_grid(path, movers, goal.policy, side).prices) {
                if (upwards ? price >= *target : price <= *target) break;
                if (!set_prices(path, movers, price, state.prices) || !holds_at(account, state)) return false;
            }
        }
    return true;
}

/// The smallest amount in (0, max] for which `enough` holds, empty when it does not hold for max.
std::optional<U256> smallest(const U256& max, const std::function<bool(const U256&)>& enough) {
    if (max.is_zero() || !enough(max)) return std::nullopt;
    U256 low;
    U256 high = max;
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

    const std::vector<Point> broken = broken_targets(account, goal);
    for (const AdjustmentOption& option : account.options()) {
        const std::optional<double> unit = unit_usd(account, option, *standing, valuation);
        if (!unit) continue;
        const auto adjusted = [&](const U256& amount) { return account.with({option.verb, option.asset, amount}); };
        // What is broken without the action decides nearly always; everything is then checked once.
        const auto mends = [&](const U256& amount) {
            const auto after = adjusted(amount);
            return after && holds_at_targets(**after, goal, &broken);
        };
        const auto enough = [&](const U256& amount) {
            const auto after = adjusted(amount);
            return after && reaches(**after, goal);
        };
        std::optional<U256> amount = smallest(option.max_raw, mends);
        if (amount && !enough(*amount)) amount = smallest(option.max_raw, enough);
        if (!amount) continue;

        const auto after = adjusted(*amount);
        const Result<Distances> found =
            distances(**after, goal.market, goal.policy, goal.prices, goal.chain);
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
