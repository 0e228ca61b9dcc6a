// Exact bisection on the amount of each option.
#include "risk/planning.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
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

/// All target points of all paths, without the steps of the scan before them.
bool holds_at_targets(const PreparedAccount& account, const std::vector<Mover>& movers, const std::vector<Path>& paths,
                      const Goal& goal) {
    State state = account.current();
    const Result<Standing> now = account.at(state);
    if (!now || now->liquidatable) return false;
    for (const Path& path : paths)
        for (const Direction side : {Direction::down, Direction::up}) {
            const std::optional<U256> price = price_at(path, movers, target_distance(path, movers, goal, side));
            if (!price || !set_prices(path, movers, *price, state.prices)) return false;
            const Result<Standing> there = account.at(state);
            if (!there || there->liquidatable) return false;
        }
    return true;
}

bool holds_before_targets(const PreparedAccount& account, const std::vector<Mover>& movers, const std::vector<Path>& paths,
                          const Goal& goal) {
    State state = account.current();
    for (const Path& path : paths)
        for (const Direction side : {Direction::down, Direction::up}) {
            const std::optional<U256> target = price_at(path, movers, target_distance(path, movers, goal, side));
            if (!target) return false;
            const bool upwards = *target > movers[path.followed].price;
            for (const U256& price : scan_grid(path, movers, goal.policy, side).prices) {
                if (upwards ? price >= *target : price <= *target) break;
                if (!set_prices(path, movers, price, state.prices)) return false;
                const Result<Standing> there = account.at(state);
                if (!there || there->liquidatable) return false;
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
    const std::vector<Mover> movers = movers_of(account.inputs());
    const std::vector<Path> paths = paths_of(movers, goal.market, goal.policy);
    return holds_at_targets(account, movers, paths, goal) && holds_before_targets(account, movers, paths, goal);
}

std::vector<Action> smallest_actions(const PreparedAccount& account, const Goal& goal, const Valuation& valuation,
                                     std::uint64_t block) {
    std::vector<Action> actions;
    const Result<Standing> standing = account.at(account.current());
    if (!standing || reaches(account, goal)) return actions;

    for (const AdjustmentOption& option : account.options()) {
        const std::optional<double> unit = unit_usd(account, option, *standing, valuation);
        if (!unit) continue;
        const auto adjusted = [&](const U256& amount) { return account.with({option.verb, option.asset, amount}); };
        // The targets alone decide nearly always; every step before them is then checked once.
        const auto enough_at_targets = [&](const U256& amount) {
            const auto after = adjusted(amount);
            if (!after) return false;
            const std::vector<Mover> movers = movers_of((*after)->inputs());
            return holds_at_targets(**after, movers, paths_of(movers, goal.market, goal.policy), goal);
        };
        const auto enough = [&](const U256& amount) {
            const auto after = adjusted(amount);
            return after && reaches(**after, goal);
        };
        std::optional<U256> amount = smallest(option.max_raw, enough_at_targets);
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
