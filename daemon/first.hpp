// The account and the candidate that a trader reads first.
#pragma once

#include "risk/model/report.hpp"

namespace margind::daemon {

/// `account` null: nothing in the scanned ranges liquidates any known account. `candidate` null: the account is
/// liquidatable by what its venue's views say, without a price known to us.
struct FirstLiquidation {
    const model::AccountReport* account = nullptr;
    const model::Candidate* candidate = nullptr;
};

/// The material account with the smallest z; liquidatable ones come before all others. Points into `portfolio`.
FirstLiquidation first_liquidation(const model::PortfolioReport& portfolio);

}  // namespace margind::daemon
