// Delta-gamma value at risk: a second opinion from the greeks and a covariance alone.
#pragma once

#include "risk/statistics/covariance.hpp"
#include "risk/statistics/moments.hpp"

#include <cstdint>
#include <span>

namespace margind::risk::crosschecks {

/// Of the P&L d'x + x'Gx/2 for normal x with covariance O, G diagonal: mean tr(GO)/2, variance d'Od + tr((GO)^2)/2, third cumulant
/// 3 d'OGOd + tr((GO)^3), fourth 12 d'O(GO)^2d + 3 tr((GO)^4).
struct DeltaGamma {
    statistics::Moments moments;
    /// Losses at the tail: of a normal with these moments, and by Cornish-Fisher.
    double normal_var = 0;
    double cornish_fisher_var = 0;
    /// Whether the second means anything: on short gamma alone it may be off by orders of magnitude.
    bool monotone = true;
};

/// `deltas`: USD gained per 1.00 of a factor's return (delta x price); `gammas`: gamma x price^2; `covariance`: of the returns over the
/// horizon. Fails where sizes differ, the tail is not in (0, 10000) bps, or the book does not move at all.
model::Result<DeltaGamma> delta_gamma(std::span<const double> deltas, std::span<const double> gammas, const statistics::Matrix& covariance,
                                      std::uint32_t tail_bps);

}  // namespace margind::risk::crosschecks
