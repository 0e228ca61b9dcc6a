// Weighted sensitivities and their aggregation.
#include "risk/crosschecks/simm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace margind::risk::crosschecks {

namespace {

constexpr double simm_days = 14;
constexpr double quantile_995 = 2.5758293035489004;

double concentration(double exposure, const SimmParameters& parameters) {
    return std::max(1.0, std::sqrt(std::abs(exposure) / parameters.concentration_usd));
}

/// sqrt of the sum of correlation^power x a_i a_j; rounding may bring that sum below 0 for a hedged book.
double together(const std::vector<double>& amounts, const statistics::Matrix& correlations, int power) {
    double sum = 0;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
        for (std::size_t j = 0; j < amounts.size(); ++j) {
            const double correlation = i == j ? 1.0 : correlations(i, j);
            sum += (power == 2 ? correlation * correlation : correlation) * amounts[i] * amounts[j];
        }
    }
    return std::sqrt(std::max(0.0, sum));
}

}  // namespace

model::Result<SimmMargin> simm_margin(std::span<const SimmSensitivity> book, const statistics::Matrix& correlations,
                                      const SimmParameters& parameters) {
    if (correlations.rows != book.size() || correlations.columns != book.size())
        return model::fail(model::ErrorCode::bad_input, fmt::format("{} underlyings and correlations of {} x {} do not fit", book.size(),
                                                                    correlations.rows, correlations.columns));
    const double horizon = std::sqrt(parameters.horizon_days / simm_days);
    std::vector<double> deltas;
    std::vector<double> vegas;
    std::vector<double> curvatures;
    double net = 0;
    double gross = 0;
    for (const SimmSensitivity& row : book) {
        double vega = 0;
        double curvature = 0;
        for (const SimmVega& expiry : row.vegas) {
            vega += expiry.vega_times_vol;
            curvature -= 0.5 * std::min(1.0, parameters.horizon_days / std::max(expiry.days_to_expiry, 1.0)) * expiry.vega_times_vol;
        }
        deltas.push_back(parameters.risk_weight * horizon * row.delta * concentration(row.delta, parameters));
        vegas.push_back(parameters.vega_risk_weight * parameters.historical_vol_ratio * horizon * vega * concentration(vega, parameters));
        curvatures.push_back(curvature);
        net += curvature;
        gross += std::abs(curvature);
    }
    const double theta = gross > 0 ? std::min(net / gross, 0.0) : 0;
    const double lambda = (quantile_995 * quantile_995 - 1) * (1 + theta) - theta;
    SimmMargin margin;
    margin.delta = together(deltas, correlations, 1);
    margin.vega = together(vegas, correlations, 1);
    margin.curvature = std::max(0.0, net + lambda * together(curvatures, correlations, 2));
    return margin;
}

}  // namespace margind::risk::crosschecks
