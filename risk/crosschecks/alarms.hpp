// Where two ways of measuring the same thing disagree: a reason to look, never a margin.
#pragma once

#include "risk/model/result.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace margind::risk::crosschecks {

/// Tails of a set of scenario losses by three ways.
struct TailAlarm {
    /// Order statistic; of a normal with the same mean and deviation; by Cornish-Fisher.
    double historical_var = 0;
    double normal_var = 0;
    double cornish_fisher_var = 0;
    /// Empty: they agree. Else the first reason, for people.
    std::string alarm;
};

/// Alarms where Cornish-Fisher's expansion is not monotone, or where the historical and the normal figure differ by more than `tolerance`
/// of the larger (0.25: ES of a normal at 97.5 % is about its VaR at 99 %, and a quarter more is a fat tail). Fails as
/// statistics::tail_risk() and statistics::moments() do.
model::Result<TailAlarm> tail_alarm(std::span<const double> losses, std::uint32_t tail_bps, double tolerance = 0.25);

/// Sigma of the next return by two models.
struct VolatilityCheck {
    double ewma = 0;
    double garch = 0;
    /// Of GARCH: where sigma returns to, and how slowly (days to get half way).
    double long_run = 0;
    double half_life = 0;
    std::string alarm;
};

/// Alarms where the two differ by more than `tolerance` of the larger, or GARCH is all but integrated (half-life above 250 returns), so
/// that it knows no long-run level. Fails as statistics::ewma() and statistics::fit_garch() do.
model::Result<VolatilityCheck> volatility_check(std::span<const double> returns, double lambda, std::size_t warm_up, double tolerance = 0.25);

}  // namespace margind::risk::crosschecks
