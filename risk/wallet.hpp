// What a wallet is worth at reference prices, and how it counts beside accounts.
#pragma once

#include "risk/model/report.hpp"
#include "risk/model/snapshot.hpp"
#include "risk/valuation.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace margind::risk {

/// A wallet as an account without margin, so that a book can hold it.
struct WalletEvaluation {
    model::WalletReport report;
    /// Null where it has no value.
    std::unique_ptr<model::PreparedAccount> prepared;
    /// The report's, as what counts.
    std::vector<model::Position> counted;
};

WalletEvaluation evaluate_wallet(const model::MarginAccount& account, const model::Snapshot& snapshot, const model::AssetMap& assets,
                                 const model::VenueRule& rule, const Valuation& valuation);

/// The snapshot's asset map with the ratios that its venues read.
model::AssetMap with_ratios(const model::Snapshot& snapshot, const std::function<const model::VenueRule*(const std::string&)>& rules);

}  // namespace margind::risk
