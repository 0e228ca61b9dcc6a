// Comparisons and their sentences.
#include "risk/crosschecks/alarms.hpp"

#include "risk/statistics/ewma.hpp"
#include "risk/statistics/garch.hpp"
#include "risk/statistics/moments.hpp"
#include "risk/statistics/normal.hpp"
#include "risk/statistics/tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace margind::risk::crosschecks {

namespace {

bool differ(double a, double b, double tolerance) { return std::abs(a - b) > tolerance * std::max(std::abs(a), std::abs(b)); }

}  // namespace

model::Result<TailAlarm> tail_alarm(std::span<const double> losses, std::uint32_t tail_bps, double tolerance) {
    const model::Result<statistics::TailRisk> tail = statistics::tail_risk(losses, tail_bps);
    if (!tail) return model::fail(tail.error());
    const model::Result<statistics::Moments> moments = statistics::moments(losses);
    if (!moments) return model::fail(moments.error());
    const double p = 1 - tail_bps / 10'000.0;
    if (!(p > 0)) return model::fail(model::ErrorCode::out_of_range, fmt::format("a tail of {} bps has no quantile", tail_bps));
    const statistics::CornishFisher expansion = statistics::cornish_fisher(p, moments->skew, moments->excess_kurtosis);
    TailAlarm result;
    result.historical_var = tail->value_at_risk;
    result.normal_var = moments->mean + moments->deviation * statistics::normal_quantile(p);
    result.cornish_fisher_var = moments->mean + moments->deviation * expansion.quantile;
    if (!expansion.monotone)
        result.alarm = fmt::format("skew {:.2f} and excess kurtosis {:.2f} are beyond Cornish-Fisher: parametric figures mean nothing", moments->skew,
                                   moments->excess_kurtosis);
    else if (differ(result.historical_var, result.normal_var, tolerance))
        result.alarm = fmt::format("value at risk is {:.2f} by history and {:.2f} by a normal distribution", result.historical_var, result.normal_var);
    return result;
}

model::Result<VolatilityCheck> volatility_check(std::span<const double> returns, double lambda, std::size_t warm_up, double tolerance) {
    const model::Result<statistics::Ewma> filter = statistics::ewma(returns, lambda, warm_up);
    if (!filter) return model::fail(filter.error());
    const model::Result<statistics::GarchFit> fit = statistics::fit_garch(returns);
    if (!fit) return model::fail(fit.error());
    constexpr double longest_half_life = 250;
    VolatilityCheck result;
    result.ewma = filter->now();
    result.garch = std::sqrt(fit->variances.back());
    result.long_run = std::sqrt(fit->model.long_run_variance());
    result.half_life = std::log(0.5) / std::log(fit->model.persistence());
    if (result.half_life > longest_half_life)
        result.alarm = fmt::format("GARCH has no long-run level: half-life {:.0f} returns", result.half_life);
    else if (differ(result.ewma, result.garch, tolerance))
        result.alarm = fmt::format("sigma of the next return is {:.4f} by EWMA and {:.4f} by GARCH", result.ewma, result.garch);
    return result;
}

}  // namespace margind::risk::crosschecks
