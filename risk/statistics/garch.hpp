// GARCH(1,1): volatility that returns to a long-run level. A cross-check of EWMA, which has none.
#pragma once

#include "risk/model/result.hpp"

#include <span>
#include <vector>

namespace margind::risk::statistics {

/// r = mean + e, e ~ N(0, h), h' = omega + alpha e^2 + beta h (Bollerslev 1986).
struct Garch {
    double mean = 0;
    double omega = 0;
    double alpha = 0;
    double beta = 0;

    double persistence() const { return alpha + beta; }
    /// omega / (1 - alpha - beta). \pre persistence() < 1
    double long_run_variance() const { return omega / (1 - alpha - beta); }
};

/// Variances, one more than returns: the first is `start`, that of return i is known before it, the last is the next return's.
std::vector<double> garch_filter(const Garch& model, std::span<const double> returns, double start);

struct GarchFit {
    Garch model;
    double log_likelihood = 0;
    /// As of garch_filter(); h and e^2 before the first return are the mean of e^2 (Fiorentini, Calzolari and Panattoni 1996).
    std::vector<double> variances;
};

/// Normal maximum likelihood over mean, omega > 0, alpha, beta >= 0 with alpha + beta < 1. Fails with fewer than 100 returns, one
/// that is not finite, or no variation.
model::Result<GarchFit> fit_garch(std::span<const double> returns);

}  // namespace margind::risk::statistics
