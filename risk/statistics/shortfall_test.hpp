// Acerbi and Szekely's second test: whether losses beyond the value at risk were as large as the expected shortfall said.
#pragma once

#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace margind::risk::statistics {

/// One day: what was earned (a loss is negative), and what had been forecast as positive losses.
struct ShortfallForecast {
    double pnl = 0;
    double value_at_risk = 0;
    double expected_shortfall = 0;
};

/// Z2 = sum over days with pnl < -VaR of pnl / (T x tail x ES), + 1 (Acerbi and Szekely 2014). 0 is expected; negative: losses
/// came oftener or were larger than forecast. Fails without days, or where an ES is not positive.
model::Result<double> acerbi_szekely_z2(std::span<const ShortfallForecast> days, double tail);

/// Z2 of `paths` simulated histories of a right model whose P&L is t-distributed with `degrees` (infinity: normal), sorted.
/// The same for the same seed on every machine with the same mathematical library. \pre 0 < tail < 0.5, degrees > 1
std::vector<double> simulate_z2(double degrees, double tail, std::size_t days, std::size_t paths, std::uint64_t seed);

/// The value that `significance` of the sorted sample lies below: a smaller Z2 rejects the model.
double critical_value(std::span<const double> sorted, double significance);

/// The share of the sorted sample that is at most `z2`.
double p_value(std::span<const double> sorted, double z2);

}  // namespace margind::risk::statistics
