// Second opinions on a book: from its greeks, from the shape of its losses, and the likeliest way into a breach.
#pragma once

#include "risk/shortfall.hpp"

#include "risk/model/report.hpp"

namespace margind::risk {

struct CrossCheckSources {
    const Book& book;
    const Revaluation& revaluation;
    const Shortfall& shortfall;
    const model::Unified& figures;
    const model::Policy& policy;
};

/// The covariance is that of the filtered paths. Fails where none of the book's underlyings moves on them or the greeks are all 0.
model::Result<model::CrossChecks> cross_checks(const CrossCheckSources& sources);

}  // namespace margind::risk
