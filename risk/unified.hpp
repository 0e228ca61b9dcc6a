// The book as a whole, as if money could move at once.
#pragma once

#include "risk/valuation.hpp"

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace margind::risk {

/// One known account of a book, in the order of its key.
struct BookAccount {
    const model::AccountKey& key;
    const model::PreparedAccount& prepared;
    std::span<const model::Position> positions;
    /// Block time of its chain.
    std::int64_t time = 0;
};

struct KeptBook;

struct UnifiedBook {
    model::Unified figures;
    std::vector<model::StressResult> stress;
    model::Attribution attribution;
    model::Result<model::CrossChecks> cross_checks = model::CrossChecks{};
    /// For the next ones under the same market and policy, as long as these accounts live.
    std::shared_ptr<const KeptBook> kept;
};

/// figures: without stress library, attribution, cross-checks and what may be kept.
enum class Extent : std::uint8_t { whole, figures };

/// Fails, with a sentence for people, when a reference price is missing, refused or stale, or when a rule has no figure
/// in one of the scenarios. `before` (null: nothing) spares work and changes no bit.
model::Result<UnifiedBook> unify(std::span<const BookAccount> accounts, const model::Market& market, const model::Policy& policy,
                                 const Valuation& valuation, unsigned threads = 1, const KeptBook* before = nullptr, Extent extent = Extent::whole);

}  // namespace margind::risk
