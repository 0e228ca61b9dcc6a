// Moments of a sample, and the Cornish-Fisher quantile: an alarm, never a margin.
#pragma once

#include "risk/model/result.hpp"

#include <span>

namespace margind::risk::statistics {

/// Of the sample itself (divided by N, not N - 1); a normal one has skew 0 and excess kurtosis 0.
struct Moments {
    double mean = 0;
    double deviation = 0;
    double skew = 0;
    double excess_kurtosis = 0;
};

/// Fails without values, with one that is not finite, or where all are the same.
model::Result<Moments> moments(std::span<const double> values);

struct CornishFisher {
    /// In units of the deviation from the mean.
    double quantile = 0;
    /// Whether the expansion rises with probability from 1e-6 to 1 - 1e-6. Where it does not (short gamma does that), the quantile means nothing.
    bool monotone = true;
};

/// z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36 at the normal quantile z of p (Cornish and Fisher 1937, Zangari 1996). \pre 0 < p < 1
CornishFisher cornish_fisher(double p, double skew, double excess_kurtosis);

}  // namespace margind::risk::statistics
