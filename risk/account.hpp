// One account by itself: its grade, standing, distances, level and actions.
#pragma once

#include "risk/evaluate.hpp"
#include "risk/valuation.hpp"

#include <memory>

namespace margind::risk {

struct AccountEvaluation {
    /// `material` is decided by the portfolio.
    model::AccountReport report;
    /// Null when the account is unknown.
    std::shared_ptr<const model::PreparedAccount> prepared;
};

/// What all accounts of one evaluation share.
struct Surroundings {
    const model::Snapshot& snapshot;
    const Rules& rules;
    const model::Market& market;
    const model::Policy& policy;
    const Valuation& valuation;
};

AccountEvaluation evaluate_account(const model::MarginAccount& account, const Surroundings& around);

/// A holding that counts in the account's equity: all but supplies that the venue does not take as collateral.
bool counts(const model::Position& position);

/// "name: view V, ours O" of the first figure that differs, by name; empty when all views equal ours.
std::string difference(const std::vector<model::NativeFigure>& views, const std::vector<model::NativeFigure>& ours);

}  // namespace margind::risk
