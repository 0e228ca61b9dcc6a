// A book of accounts in USD: what it is worth and what it would be worth elsewhere.
#pragma once

#include "risk/scan.hpp"
#include "risk/scenarios.hpp"
#include "risk/unified.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace margind::risk {

/// Accounts in the order of their keys; every sum runs in that order.
class Book {
public:
    static model::Result<Book> make(std::span<const BookAccount> accounts, const Valuation& valuation);

    std::size_t size() const { return rows_.size(); }
    /// Of prices and of numeraires, without USD.
    const std::set<model::AssetId>& underlyings() const { return underlyings_; }
    double price(const model::AssetId& asset) const { return prices_.at(asset); }
    /// In USD, at the present prices.
    double equity(std::size_t account) const { return rows_[account].equity; }
    double initial(std::size_t account) const { return rows_[account].initial; }

    /// N(x) - N(0) in USD, uncapped, by full revaluation; 0 where nothing of the account moves.
    model::Result<double> pnl(std::size_t account, const Scenario& scenario) const;

    /// One mover per underlying at its reference price.
    const std::vector<Mover>& movers() const { return movers_; }
    /// sum N - M in USD where the movers stand at `prices`.
    model::Result<double> excess(const std::vector<model::U256>& prices) const;

private:
    struct Row {
        BookAccount account;
        model::AssetId numeraire;
        double equity = 0;
        double excess = 0;
        double initial = 0;
        /// Whether a move of the underlying moves this account.
        std::set<model::AssetId> exposed;
    };
    std::vector<Row> rows_;
    std::set<model::AssetId> underlyings_;
    std::map<model::AssetId, double> prices_;
    std::vector<Mover> movers_;
};

}  // namespace margind::risk
