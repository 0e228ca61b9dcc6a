// What the figures of one book found that those of the next need not find again.
#pragma once

#include "risk/revaluation.hpp"

#include <map>
#include <set>
#include <vector>

namespace margind::risk {

/// Under one market and one policy. What is taken from it is what would be computed, to the last bit.
struct KeptBook {
    /// All of it follows from these too: scenarios and paths.
    std::set<model::AssetId> underlyings;
    std::set<model::AssetId> with_vols;
    /// An account's profit in each line of the grid, where its money had that worth.
    struct Lines {
        double unit = 0;
        std::vector<double> pnl;
    };
    /// By the account as it was prepared, which lives as long as this is used.
    std::map<const model::PreparedAccount*, Lines> lines;
    KeptProfits filtered;
    KeptProfits stressed;

    bool fits(const Book& book) const { return underlyings == book.underlyings() && with_vols == book.with_vols(); }
};

}  // namespace margind::risk
