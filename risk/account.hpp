// One account by itself: its grade, standing, distances, level and actions.
#pragma once

#include "risk/evaluate.hpp"
#include "risk/valuation.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

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
    /// The snapshot's, with the ratios that its venues read.
    const model::AssetMap& assets;
    const Rules& rules;
    const model::Market& market;
    const model::Policy& policy;
    const Valuation& valuation;
};

AccountEvaluation evaluate_account(const model::MarginAccount& account, const Surroundings& around);

/// A holding that counts in the account's equity: all but supplies that the venue does not take as collateral.
bool counts(const model::Position& position);

/// Of the binding candidate; 0 where the account is liquidatable, by its rule or by the venue's views alone; empty where
/// nothing in the scanned range liquidates it.
std::optional<double> z_of(const model::AccountReport& account);
std::optional<double> room_of(const model::AccountReport& account);

/// "name: view V, ours O" of the first figure that differs, by name; empty when all views equal ours.
std::string difference(const std::vector<model::NativeFigure>& views, const std::vector<model::NativeFigure>& ours);

}  // namespace margind::risk
