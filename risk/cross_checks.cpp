// The cross-checks of crosschecks/ on what a book's own figures found.
#include "risk/cross_checks.hpp"

#include "risk/crosschecks/alarms.hpp"
#include "risk/crosschecks/form.hpp"
#include "risk/crosschecks/parametric.hpp"
#include "risk/crosschecks/simm.hpp"
#include "risk/statistics/covariance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

constexpr double percent = 0.01;
constexpr double day_s = 86'400;
/// Of the greeks against the paths' own VaR.
constexpr double tolerance = 0.25;
/// What a search for the likeliest breach may ask of accounts' rules in all, and what it takes at least.
constexpr std::size_t most_questions = 4'000;
constexpr std::size_t least_questions = 100;

struct Factors {
    /// Places among the book's underlyings of those that move on the paths.
    std::vector<std::size_t> places;
    statistics::Matrix covariance;
};

Result<Factors> factors_of(const Paths& paths, CrossChecks& checks) {
    Factors factors;
    for (std::size_t i = 0; i < paths.logs.size(); ++i) {
        const std::vector<double>& logs = paths.logs[i];
        if (std::any_of(logs.begin(), logs.end(), [&](double log) { return log != logs.front(); })) factors.places.push_back(i);
    }
    statistics::Matrix observations(paths.count, factors.places.size());
    for (std::size_t day = 0; day < paths.count; ++day)
        for (std::size_t i = 0; i < factors.places.size(); ++i) observations(day, i) = paths.logs[factors.places[i]][day];
    const auto shrunk = statistics::ledoit_wolf(observations, statistics::ShrinkageTarget::constant_correlation);
    if (!shrunk) return fail(shrunk.error());
    auto repaired = statistics::repair_covariance(shrunk->covariance);
    if (!repaired) return fail(repaired.error());
    checks.shrinkage = shrunk->shrinkage;
    checks.least_eigenvalue = repaired->least_eigenvalue;
    checks.repaired = repaired->repaired;
    factors.covariance = std::move(repaired->covariance);
    return factors;
}

/// By place among the book's underlyings: USD per 1.00 of the price, its change, and vega times vol by expiry.
struct Sensitivities {
    std::vector<double> deltas;
    std::vector<double> gammas;
    std::vector<std::map<std::int64_t, double>> vegas;
};

Sensitivities sensitivities_of(const CrossCheckSources& sources) {
    Sensitivities all;
    for (const AssetId& asset : sources.book.underlyings())
        for (const UnderlyingExposure& exposure : sources.figures.exposures) {
            if (exposure.asset != asset) continue;
            all.deltas.push_back(exposure.net_delta_usd);
            all.gammas.push_back(exposure.gamma_usd / percent);
        }
    all.vegas.resize(all.deltas.size());
    for (const Holding& holding : sources.revaluation.holdings()) {
        if (holding.contract == Holding::none) continue;
        const OptionContract& contract = sources.revaluation.contracts()[holding.contract];
        all.vegas[contract.mover][contract.time_to_expiry_s] += holding.quantity_usd * greeks_of(contract).vega * contract.vol;
    }
    return all;
}

Result<double> simm_of(const Sensitivities& sensitivities, const Factors& factors) {
    const std::size_t count = factors.places.size();
    statistics::Matrix correlations(count, count);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < count; ++j)
            correlations(i, j) = i == j ? 1 : factors.covariance(i, j) / std::sqrt(factors.covariance(i, i) * factors.covariance(j, j));
    std::vector<std::vector<crosschecks::SimmVega>> vegas(count);
    std::vector<crosschecks::SimmSensitivity> book;
    for (std::size_t i = 0; i < count; ++i) {
        for (const auto& [left_s, vega] : sensitivities.vegas[factors.places[i]])
            vegas[i].push_back({vega, std::max(static_cast<double>(left_s) / day_s, 1.0)});
        book.push_back({sensitivities.deltas[factors.places[i]], vegas[i]});
    }
    const auto margin = crosschecks::simm_margin(book, correlations, {});
    if (!margin) return fail(margin.error());
    return margin->total();
}

void add_breach(CrossChecks& checks, const CrossCheckSources& sources, const Factors& factors) {
    const std::vector<Mover>& movers = sources.book.movers();
    std::size_t questions = 0;
    const std::size_t most = most_questions / std::max<std::size_t>(sources.book.size(), 1);
    if (most < least_questions) {
        checks.breach_reason = fmt::format("not looked for in a book of {} accounts", sources.book.size());
        return;
    }
    const crosschecks::LimitState excess = [&](std::span<const double> logs) -> Result<double> {
        if (++questions > most) return fail(ErrorCode::limit, "the search asks too much of so many accounts");
        std::vector<U256> prices;
        for (const Mover& mover : movers) prices.push_back(mover.price);
        for (std::size_t i = 0; i < logs.size(); ++i) {
            const std::optional<U256> price = scaled(prices[factors.places[i]], std::exp(logs[i]));
            if (!price) return fail(ErrorCode::out_of_range, "a price does not fit 256 bits");
            prices[factors.places[i]] = *price;
        }
        return sources.book.excess(prices);
    };
    const auto found = crosschecks::most_likely_breach(excess, factors.covariance);
    if (!found) {
        checks.breach_reason = found.error().message;
        return;
    }
    checks.breach_beta = found->beta;
    checks.breach_probability = found->probability;
    for (std::size_t i = 0; i < factors.places.size(); ++i)
        checks.breach.push_back({movers[factors.places[i]].underlying, std::expm1(found->x[i]), found->importance[i]});
}

}  // namespace

Result<CrossChecks> cross_checks(const CrossCheckSources& sources) {
    CrossChecks checks;
    const Result<Factors> factors = factors_of(sources.shortfall.paths(), checks);
    if (!factors) return fail(factors.error());
    const Sensitivities sensitivities = sensitivities_of(sources);
    std::vector<double> deltas;
    std::vector<double> gammas;
    for (const std::size_t place : factors->places) {
        deltas.push_back(sensitivities.deltas[place]);
        gammas.push_back(sensitivities.gammas[place]);
    }
    const auto tail_bps = static_cast<std::uint32_t>(sources.policy.var_tail_bps);
    const auto parametric = crosschecks::delta_gamma(deltas, gammas, factors->covariance, tail_bps);
    if (!parametric) return fail(parametric.error());
    checks.parametric_var_usd = parametric->normal_var;
    checks.cornish_fisher_var_usd = parametric->cornish_fisher_var;
    checks.monotone = parametric->monotone;
    const Result<double> simm = simm_of(sensitivities, *factors);
    if (!simm) return fail(simm.error());
    checks.simm_usd = *simm;
    const std::vector<double> losses = sources.shortfall.filtered_book().losses(0, sources.revaluation.holdings().size());
    const auto alarm = crosschecks::tail_alarm(losses, tail_bps);
    if (!alarm) return fail(alarm.error());
    checks.paths_normal_var_usd = alarm->normal_var;
    checks.paths_cornish_fisher_var_usd = alarm->cornish_fisher_var;
    if (!alarm->alarm.empty()) checks.alarms.push_back("losses on the paths: " + alarm->alarm);
    if (!checks.monotone) checks.alarms.push_back("greeks: Cornish-Fisher's expansion is not monotone, the book is bent: believe the scenarios");
    const double apart = std::abs(checks.parametric_var_usd - alarm->historical_var);
    if (apart > tolerance * std::max(std::abs(checks.parametric_var_usd), std::abs(alarm->historical_var)))
        checks.alarms.push_back(fmt::format("greeks: a VaR of {:.2f} USD against {:.2f} on the paths", checks.parametric_var_usd, alarm->historical_var));
    if (checks.repaired) checks.alarms.push_back("covariance: no book could have it as it was; repaired");
    add_breach(checks, sources, *factors);
    return checks;
}

}  // namespace margind::risk
