// Equity, exposures, grid margin, netting and distance of a book.
#include "risk/unified.hpp"

#include "risk/account.hpp"
#include "risk/margin.hpp"
#include "risk/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t carry_horizon_s = 32'768 * day_s;

struct Delta {
    double net = 0;
    double gross = 0;
};
using Deltas = std::map<AssetId, Delta>;

Deltas deltas_of(std::span<const BookAccount> accounts) {
    Deltas deltas;
    for (const BookAccount& account : accounts)
        for (const Position& position : account.positions) {
            if (!counts(position)) continue;
            const double quantity = position.quantity.to_double() * (position.option ? position.option->delta.to_double() : 1.0);
            Delta& delta = deltas[position.underlying];
            delta.net += quantity;
            delta.gross += std::abs(quantity);
        }
    return deltas;
}

/// sum of 2 % of net and 1 % of hedged delta, in USD; USD itself needs none.
double floor_of(const Deltas& deltas, const Book& book, const Policy& policy) {
    double floor = 0;
    for (const auto& [asset, delta] : deltas) {
        if (asset.symbol == "USD") continue;
        const double hedged = (delta.gross - std::abs(delta.net)) / 2;
        floor += (policy.floor_net * std::abs(delta.net) + policy.floor_hedged * hedged) * book.price(asset);
    }
    return floor;
}

double maintenance_of(const GridLoss& loss, double floor, const Policy& policy) {
    return std::max(policy.mm_factor * loss.margin(policy.eta), floor);
}

/// The share of offset lost at which the maintenance margin equals the equity; empty outside [0, 1].
std::optional<double> eta_at_breach(const GridLoss& loss, double floor, double equity, const Policy& policy) {
    if (equity < floor || !(loss.sum > loss.joint)) return std::nullopt;
    const double eta = (equity / policy.mm_factor - loss.joint) / (loss.sum - loss.joint);
    return eta >= 0 && eta <= 1 ? std::optional<double>(eta) : std::nullopt;
}

/// One row per underlying of the book, also where only a numeraire or a price input brings it in.
void add_exposures(Unified& unified, const Deltas& deltas, const GridLoss& loss, const Book& book, const Market& market,
                   const Policy& policy) {
    Deltas rows = deltas;
    for (const AssetId& asset : book.underlyings()) rows.try_emplace(asset);
    for (const auto& [asset, delta] : rows) {
        UnderlyingExposure exposure;
        exposure.asset = asset;
        exposure.net_delta = delta.net;
        exposure.gross_delta = delta.gross;
        exposure.net_delta_usd = delta.net * book.price(asset);
        exposure.gross_delta_usd = delta.gross * book.price(asset);
        if (const auto worst = loss.own.find(asset); worst != loss.own.end()) exposure.worst_loss_usd = worst->second;
        // What has no beta is money, not exposure to the market.
        if (calibration_of(asset, market, policy).beta != 0) {
            unified.net_delta_usd += exposure.net_delta_usd;
            unified.gross_delta_usd += exposure.gross_delta_usd;
        }
        unified.exposures.push_back(std::move(exposure));
    }
}

Result<double> carry_of(std::span<const BookAccount> accounts, const Valuation& valuation) {
    double carry = 0;
    for (const BookAccount& account : accounts)
        for (const Position& position : account.positions) {
            if (!counts(position)) continue;
            const Result<double> usd = valuation.usd(position.carry_per_day);
            if (!usd) return fail(usd.error());
            carry += *usd;
        }
    return carry;
}

/// Until the account is liquidatable at the present prices: by doubling steps from a day, then to the second. Empty when
/// it does not become so within 90 years or before `soonest`, or when the rule has no figure at a step before.
std::optional<std::int64_t> seconds_by_carry(const PreparedAccount& account, const std::atomic<std::int64_t>& soonest) {
    State state = account.current();
    const auto liquidatable_at = [&](std::int64_t offset) {
        state.time_offset_s = offset;
        const Result<bool> liquidatable = account.liquidatable(state);
        return liquidatable ? std::optional<bool>(*liquidatable) : std::nullopt;
    };
    std::int64_t before = -1;
    for (std::int64_t after = 0; after <= carry_horizon_s && before < soonest; after = after == 0 ? day_s : 2 * after) {
        const std::optional<bool> reached = liquidatable_at(after);
        if (!reached) return std::nullopt;
        if (!*reached) {
            before = after;
            continue;
        }
        while (after - before > 1) {
            const std::int64_t middle = before + (after - before) / 2;
            (liquidatable_at(middle).value_or(true) ? after : before) = middle;
        }
        return after;
    }
    return std::nullopt;
}

/// Of the account that is the first. The least is the same in any order of the accounts.
std::optional<double> days_by_carry(std::span<const BookAccount> accounts, unsigned threads) {
    constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    std::atomic<std::int64_t> soonest = never;
    for_each_row(accounts.size(), threads, [&](std::size_t i) {
        const std::optional<std::int64_t> seconds = seconds_by_carry(accounts[i].prepared, soonest);
        std::int64_t least = soonest;
        while (seconds && *seconds < least && !soonest.compare_exchange_weak(least, *seconds)) {
        }
    });
    if (soonest == never) return std::nullopt;
    return static_cast<double>(soonest.load()) / static_cast<double>(day_s);
}

/// Distance on sum N = sum M along each underlying and the ray.
Result<void> add_distance(Unified& unified, const Book& book, const Market& market, const Policy& policy) {
    const std::vector<Mover>& movers = book.movers();
    std::vector<U256> prices;
    for (const Mover& mover : movers) prices.push_back(mover.price);
    const Result<double> now = book.excess(prices);
    if (!now) return fail(now.error());
    State low{prices, 0};
    State high{prices, 0};
    double nearest = std::numeric_limits<double>::infinity();
    double nearest_gap = nearest;
    for (const Path& path : paths_of(movers, market, policy)) {
        const Probe probe = [&](const U256& p) -> Result<bool> {
            if (!set_prices(path, movers, p, prices)) return fail(ErrorCode::out_of_range, "a price does not fit 256 bits");
            const Result<double> excess = book.excess(prices);
            if (!excess) return fail(excess.error());
            return *excess < 0;
        };
        const Proof proof = [&](const U256& from, const U256& to) {
            return enclose_prices(path, movers, from, to, low, high) ? book.deficit(low.prices, high.prices) : Certainty::unknown;
        };
        PathScan scan = scan_path(path, movers, policy, *now < 0, probe, proof);
        for (Candidate& candidate : scan.candidates) {
            const double away = sigmas_away(path, candidate.price, candidate.liquidation_price);
            if (unified.binding && away >= nearest) continue;
            nearest = away;
            unified.binding = std::move(candidate);
        }
        for (Gap& gap : scan.gaps) {
            nearest_gap = std::min(nearest_gap, gap.z);
            unified.unscanned.push_back(std::move(gap.text));
        }
    }
    if (*now < 0 && !unified.binding) {
        unified.h_u = 0;
        unified.z_u = 0;
    }
    if (*now >= 0 && nearest_gap < nearest) unified.binding.reset();
    if (unified.binding) {
        unified.h_u = unified.binding->h;
        unified.z_u = unified.binding->z;
    }
    return {};
}

}  // namespace

Result<Unified> unify(std::span<const BookAccount> accounts, const Market& market, const Policy& policy,
                      const Valuation& valuation, unsigned threads) {
    const Result<Book> book = Book::make(accounts, valuation);
    if (!book) return fail(book.error());
    const Result<GridMargin> grid = GridMargin::make(*book, scenario_grid(book->underlyings(), book->with_vols(), market, policy), policy, threads);
    if (!grid) return fail(grid.error());
    const Result<double> carry = carry_of(accounts, valuation);
    if (!carry) return fail(carry.error());

    Unified unified;
    std::vector<std::size_t> all(book->size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    double alone = 0;
    for (const std::size_t i : all) {
        unified.equity_usd += std::max(book->equity(i), 0.0);
        unified.capital_lockup_usd += std::max(book->initial(i), 0.0);
        alone += maintenance_of(grid->loss({i}), floor_of(deltas_of(accounts.subspan(i, 1)), *book, policy), policy);
    }
    const Deltas deltas = deltas_of(accounts);
    const GridLoss loss = grid->loss(all);
    unified.floor_usd = floor_of(deltas, *book, policy);
    unified.grid_margin_usd = loss.margin(policy.eta);
    unified.mm_usd = maintenance_of(loss, unified.floor_usd, policy);
    unified.im_usd = std::max(unified.grid_margin_usd, unified.floor_usd);
    if (unified.mm_usd > 0) unified.cover = unified.equity_usd / unified.mm_usd;
    // Never negative but for the last bits of sums in another order.
    unified.netting_usd = std::max(alone - unified.mm_usd, 0.0);
    unified.scenarios = grid->results();
    unified.worst_scenario = loss.worst;
    unified.margin_eta_0 = loss.margin(0);
    unified.margin_eta_half = loss.margin(0.5);
    unified.margin_eta_1 = loss.margin(1);
    unified.eta_at_breach = eta_at_breach(loss, unified.floor_usd, unified.equity_usd, policy);
    add_exposures(unified, deltas, loss, *book, market, policy);
    if (unified.equity_usd > 0) unified.leverage = unified.gross_delta_usd / unified.equity_usd;
    unified.carry_per_day_usd = *carry;
    unified.days_to_liquidation_by_carry = days_by_carry(accounts, threads);
    if (const Result<void> distance = add_distance(unified, *book, market, policy); !distance) return fail(distance.error());
    return unified;
}

}  // namespace margind::risk
