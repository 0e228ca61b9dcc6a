// Cumulants of a quadratic form of normal variables.
#include "risk/crosschecks/parametric.hpp"

#include "risk/statistics/normal.hpp"

#include <fmt/format.h>

#include <Eigen/Core>

#include <cmath>

namespace margind::risk::crosschecks {

model::Result<DeltaGamma> delta_gamma(std::span<const double> deltas, std::span<const double> gammas, const statistics::Matrix& covariance,
                                      std::uint32_t tail_bps) {
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const std::size_t count = deltas.size();
    if (count == 0 || gammas.size() != count || covariance.rows != count || covariance.columns != count)
        return model::fail(model::ErrorCode::bad_input, fmt::format("{} deltas, {} gammas and a covariance of {} x {} do not fit", count,
                                                                    gammas.size(), covariance.rows, covariance.columns));
    if (tail_bps == 0 || tail_bps >= 10'000) return model::fail(model::ErrorCode::out_of_range, fmt::format("a tail of {} bps", tail_bps));
    const auto size = static_cast<Eigen::Index>(count);
    const Eigen::Map<const Eigen::VectorXd> d(deltas.data(), size);
    const Eigen::Map<const Eigen::VectorXd> g(gammas.data(), size);
    const Eigen::Map<const RowMajor> omega(covariance.values.data(), size, size);
    const Eigen::MatrixXd go = g.asDiagonal() * omega;
    const Eigen::MatrixXd go2 = go * go;
    const Eigen::VectorXd od = omega * d;
    const double variance = d.dot(od) + go2.trace() / 2;
    if (!(variance > 0) || !std::isfinite(variance))
        return model::fail(model::ErrorCode::out_of_range, fmt::format("a P&L with variance {} has no parametric value at risk", variance));
    DeltaGamma result;
    statistics::Moments& moments = result.moments;
    moments.mean = go.trace() / 2;
    moments.deviation = std::sqrt(variance);
    const double third = 3 * od.dot(g.cwiseProduct(od)) + (go2 * go).trace();
    const Eigen::VectorXd bent = g.cwiseProduct(od);
    const double fourth = 12 * bent.dot(omega * bent) + 3 * (go2 * go2).trace();
    moments.skew = third / (variance * moments.deviation);
    moments.excess_kurtosis = fourth / (variance * variance);
    const double p = tail_bps / 10'000.0;
    const statistics::CornishFisher expansion = statistics::cornish_fisher(p, moments.skew, moments.excess_kurtosis);
    result.normal_var = -(moments.mean + moments.deviation * statistics::normal_quantile(p));
    result.cornish_fisher_var = -(moments.mean + moments.deviation * expansion.quantile);
    result.monotone = expansion.monotone;
    return result;
}

}  // namespace margind::risk::crosschecks
