// The book as a whole, as if money could move at once.
#pragma once

#include "risk/valuation.hpp"

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <span>

namespace margind::risk {

/// One known account of a book, in the order of its key.
struct BookAccount {
    const model::AccountKey& key;
    const model::PreparedAccount& prepared;
    std::span<const model::Position> positions;
};

/// Fails, with a sentence for people, when a reference price is missing, refused or stale, or when a rule has no figure
/// in one of the scenarios.
model::Result<model::Unified> unify(std::span<const BookAccount> accounts, const model::Market& market,
                                    const model::Policy& policy, const Valuation& valuation, unsigned threads = 1);

}  // namespace margind::risk
