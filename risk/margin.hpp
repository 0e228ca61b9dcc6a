// The grid margin of any part of a book, from the profit and loss of each account in each scenario.
#pragma once

#include "risk/book.hpp"
#include "risk/kept_book.hpp"

#include <string>
#include <vector>

namespace margind::risk {

/// What a part of the book would lose.
struct GridLoss {
    /// Over the joint scenarios, and as a sum over each underlying's own array; both at least 0, the sum at least the joint.
    double joint = 0;
    double sum = 0;
    /// The joint scenario of the worst loss; empty when none loses.
    std::string worst;
    /// By underlying, over its own array and legs.
    std::map<model::AssetId, double> own;

    /// (1 - eta) joint + eta sum.
    double margin(double eta) const { return joint + eta * (sum - joint); }
};

class GridMargin {
public:
    /// Revalues every account in every scenario. `before` (null: nothing): what is known of the same grid.
    static model::Result<GridMargin> make(const Book& book, const ScenarioGrid& grid, const model::Policy& policy, unsigned threads = 1,
                                          const KeptBook* before = nullptr);
    /// What the next one may take over.
    void keep(const Book& book, KeptBook& kept) const;
    /// Of the accounts with these indices, in this order.
    GridLoss loss(const std::vector<std::size_t>& accounts) const;
    /// The lines that a margin rests on, each with what it counts for in `margin(eta)`: the worst joint one and the worst of each
    /// underlying's own; where the sum is taken as the joint loss, that one alone. `pnl` is by account, whole.
    struct Binding {
        const Scenario* scenario = nullptr;
        double weight = 0;
        const std::vector<double>* pnl = nullptr;
    };
    std::vector<Binding> binding(double eta) const;
    /// Each scenario of the grid but the legs, with the whole book's profit and loss.
    std::vector<model::ScenarioResult> results() const;

private:
    struct Line {
        Scenario scenario;
        /// By account, whole.
        std::vector<double> pnl;
    };
    /// All lines in one order.
    std::vector<const Line*> lines() const;

    std::map<model::AssetId, std::vector<Line>> own_;
    std::vector<Line> joint_;
};

}  // namespace margind::risk
