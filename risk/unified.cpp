// Equity, exposures, grid margin, netting and distance of a book.
#include "risk/unified.hpp"

#include "risk/account.hpp"
#include "risk/add_ons.hpp"
#include "risk/attribution.hpp"
#include "risk/cross_checks.hpp"
#include "risk/kept_book.hpp"
#include "risk/margin.hpp"
#include "risk/parallel.hpp"
#include "risk/revaluation.hpp"
#include "risk/shortfall.hpp"
#include "risk/stress.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// The terms of MM_u and IM_u, in USD; what is not known is left out and named.
struct Terms {
    double grid = 0;
    std::optional<double> es_star;
    double floor = 0;
    /// Funding, basis and tenor, which ES* holds already.
    double beside_grid = 0;
    /// What counts whatever binds: short options and pegs; liquidity and concentration; and in IM_u alone.
    double always = 0;
    double closing = 0;
    double initial = 0;

    double risk(double factor) const { return std::max({factor * grid + beside_grid, factor * es_star.value_or(0), floor}); }
    /// Without liquidity and concentration: what netting is measured by.
    double model(const Policy& policy) const { return risk(policy.mm_factor) + always; }
    double maintenance(const Policy& policy) const { return model(policy) + closing; }
    double initial_margin() const { return risk(1) + always + closing + initial; }
    const char* rests_on(const Policy& policy) const {
        if (policy.mm_factor * grid + beside_grid >= risk(policy.mm_factor)) return "grid";
        return policy.mm_factor * es_star.value_or(0) >= risk(policy.mm_factor) ? "es" : "floor";
    }
};

/// `book`'s add-ons decide which are known, for each part of it too.
Terms terms_of(const GridLoss& loss, std::optional<double> weighted_es, double floor, std::span<const ChargedAddOn> own,
               std::span<const ChargedAddOn> book, const Policy& policy) {
    Terms terms;
    terms.grid = loss.margin(policy.eta);
    terms.floor = floor;
    if (weighted_es) terms.es_star = std::max(*weighted_es, floor);
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (!book[i].lacks.empty()) continue;
        const std::string& name = own[i].name;
        double& term = name == add_on_funding || name == add_on_basis || name == add_on_tenor ? terms.beside_grid
                       : name == add_on_liquidity || name == add_on_concentration             ? terms.closing
                       : own[i].in_mm                                                         ? terms.always
                                                                                              : terms.initial;
        term += own[i].usd();
    }
    return terms;
}

void add_add_ons(Unified& unified, std::span<const ChargedAddOn> charged) {
    for (const ChargedAddOn& one : charged) {
        AddOn add_on{one.name, one.usd(), one.lacks, one.in_mm};
        if (!one.lacks.empty()) {
            add_on.usd.reset();
            if (one.in_mm) unified.margin_lacks.push_back(one.name + ": " + one.lacks);
        }
        for (const Charge& charge : one.charges) add_on.inputs.push_back(charge.input);
        unified.add_ons.push_back(std::move(add_on));
    }
}

/// Of options, at the venue's vols, from the forward that its mark tells of.
void add_greeks(Unified& unified, const Revaluation& revaluation, const Book& book) {
    std::vector<UnderlyingExposure*> rows;
    for (const AssetId& asset : book.underlyings())
        for (UnderlyingExposure& exposure : unified.exposures)
            if (exposure.asset == asset) rows.push_back(&exposure);
    constexpr double percent = 0.01;
    for (const Holding& holding : revaluation.holdings()) {
        if (holding.contract == Holding::none) continue;
        const OptionContract& contract = revaluation.contracts()[holding.contract];
        const Greeks greeks = greeks_of(contract);
        UnderlyingExposure& row = *rows[contract.mover];
        row.gamma_usd += holding.quantity_usd * greeks.gamma * contract.forward * contract.forward * percent;
        row.vega_usd += holding.quantity_usd * greeks.vega * percent;
        row.theta_usd += holding.quantity_usd * greeks.theta_day;
    }
    for (const UnderlyingExposure& row : unified.exposures) {
        unified.gamma_usd += row.gamma_usd;
        unified.vega_usd += row.vega_usd;
        unified.theta_usd += row.theta_usd;
    }
}

/// The share of offset lost at which the maintenance margin equals the equity; empty outside [0, 1].
std::optional<double> eta_at_breach(const GridLoss& loss, const Terms& terms, double equity, const Policy& policy) {
    const double left = equity - terms.always - terms.closing;
    if (left < terms.floor || left < policy.mm_factor * terms.es_star.value_or(0) || !(loss.sum > loss.joint)) return std::nullopt;
    const double eta = ((left - terms.beside_grid) / policy.mm_factor - loss.joint) / (loss.sum - loss.joint);
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
        exposure.price_usd = book.price(asset);
        bool is_default = false;
        const AssetCalibration row = calibration_of(asset, market, policy, &is_default);
        exposure.sigma_24h = row.sigma_24h;
        exposure.sigma_from = is_default ? "policy's default" : row.sigma_from.empty() ? "calibration" : row.sigma_from;
        // What has no beta is money, not exposure to the market.
        if (row.beta != 0) {
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

Result<UnifiedBook> unify(std::span<const BookAccount> accounts, const Market& market, const Policy& policy, const Valuation& valuation,
                          unsigned threads, const KeptBook* before, Extent extent) {
    const Result<Book> book = Book::make(accounts, valuation);
    if (!book) return fail(book.error());
    const ScenarioGrid scenarios = scenario_grid(book->underlyings(), book->with_vols(), market, policy);
    if (before != nullptr && !before->fits(*book)) before = nullptr;
    const Result<GridMargin> grid = GridMargin::make(*book, scenarios, policy, threads, before);
    if (!grid) return fail(grid.error());
    const Result<double> carry = carry_of(accounts, valuation);
    if (!carry) return fail(carry.error());
    const Result<Revaluation> revaluation = Revaluation::make(accounts, *book, valuation);
    if (!revaluation) return fail(revaluation.error());
    const Result<std::unique_ptr<const Shortfall>> shortfall = Shortfall::make(*revaluation, *book, market, policy, threads, before);
    const AddOnSources sources{accounts, *book, *revaluation, market, policy, valuation};
    const std::vector<ChargedAddOn> charged = add_ons(sources, 0, revaluation->holdings().size());

    UnifiedBook result;
    Unified& unified = result.figures;
    std::vector<std::size_t> all(book->size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<double> alone(book->size());
    for_each_row(book->size(), threads, [&](std::size_t i) {
        const auto [first, last] = revaluation->of_account(i);
        const std::optional<double> es = shortfall ? std::optional<double>((*shortfall)->weighted(first, last)) : std::nullopt;
        const double floor = floor_of(deltas_of(accounts.subspan(i, 1)), *book, policy);
        alone[i] = terms_of(grid->loss({i}), es, floor, add_ons(sources, first, last), charged, policy).model(policy);
    });
    for (const std::size_t i : all) {
        unified.equity_usd += std::max(book->equity(i), 0.0);
        unified.capital_lockup_usd += std::max(book->initial(i), 0.0);
    }
    const Deltas deltas = deltas_of(accounts);
    const GridLoss loss = grid->loss(all);
    unified.floor_usd = floor_of(deltas, *book, policy);
    if (shortfall) {
        unified.tail = (*shortfall)->whole();
    } else {
        unified.tail_reason = shortfall.error().message;
        unified.margin_lacks.push_back("expected shortfall: " + unified.tail_reason);
    }
    const Terms terms =
        terms_of(loss, unified.tail ? std::optional<double>(unified.tail->es_star_usd) : std::nullopt, unified.floor_usd, charged, charged, policy);
    if (unified.tail) unified.tail->es_star_usd = *terms.es_star;
    add_add_ons(unified, charged);
    unified.grid_margin_usd = terms.grid;
    unified.core_usd = std::max(terms.grid, terms.es_star.value_or(0));
    unified.mm_usd = terms.maintenance(policy);
    unified.mm_rests_on = terms.rests_on(policy);
    unified.im_usd = terms.initial_margin();
    if (unified.mm_usd > 0) unified.cover = unified.equity_usd / unified.mm_usd;
    // Never negative but for the last bits of sums in another order, and for basis, which two venues alone have.
    unified.netting_usd = std::max(std::accumulate(alone.begin(), alone.end(), 0.0) - terms.model(policy), 0.0);
    unified.scenarios = grid->results();
    unified.worst_scenario = loss.worst;
    unified.margin_eta_0 = loss.margin(0);
    unified.margin_eta_half = loss.margin(0.5);
    unified.margin_eta_1 = loss.margin(1);
    unified.eta_at_breach = eta_at_breach(loss, terms, unified.equity_usd, policy);
    add_exposures(unified, deltas, loss, *book, market, policy);
    add_greeks(unified, *revaluation, *book);
    if (unified.equity_usd > 0) unified.leverage = unified.gross_delta_usd / unified.equity_usd;
    unified.carry_per_day_usd = *carry;
    unified.days_to_liquidation_by_carry = days_by_carry(accounts, threads);
    if (const Result<void> distance = add_distance(unified, *book, market, policy); !distance) return fail(distance.error());

    if (extent == Extent::figures) return result;
    std::map<AssetId, double> net;
    for (const auto& [asset, delta] : deltas) net[asset] = delta.net;
    result.stress = stress_library(accounts, *book, scenarios, loss, net, market, policy, threads);
    result.attribution = attribute({sources, shortfall ? shortfall->get() : nullptr, *grid, charged, unified});
    result.cross_checks = shortfall ? cross_checks({*book, *revaluation, **shortfall, unified, policy}) : Result<CrossChecks>(fail(shortfall.error()));
    const auto kept = std::make_shared<KeptBook>();
    kept->underlyings = book->underlyings();
    kept->with_vols = book->with_vols();
    grid->keep(*book, *kept);
    if (shortfall) (*shortfall)->keep(*kept);
    result.kept = kept;
    return result;
}

}  // namespace margind::risk
