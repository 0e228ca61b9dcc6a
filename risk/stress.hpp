// The stress library: states of the world that no distribution holds, each as the venues would have it.
#pragma once

#include "risk/book.hpp"
#include "risk/margin.hpp"

#include "risk/model/report.hpp"

#include <map>
#include <span>
#include <vector>

namespace margind::risk {

/// In the order: remembered days, pegs, and for the worse of the market's moves by R: each venue's oracle frozen, overshooting,
/// each venue paused, the best account deleveraged; then correlation 1 and 0. A report, no part of any margin.
std::vector<model::StressResult> stress_library(std::span<const BookAccount> accounts, const Book& book, const ScenarioGrid& grid,
                                                const GridLoss& loss, const std::map<model::AssetId, double>& net_delta, const model::Market& market,
                                                const model::Policy& policy, unsigned threads);

}  // namespace margind::risk
