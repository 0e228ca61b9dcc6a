// A book of accounts in USD: what it is worth and what it would be worth elsewhere.
#pragma once

#include "risk/scan.hpp"
#include "risk/scenarios.hpp"
#include "risk/unified.hpp"

#include <cstddef>
#include <map>
#include <optional>
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
    /// USD of one of the account's money.
    double unit(std::size_t account) const { return rows_[account].unit; }
    const model::PreparedAccount& prepared(std::size_t account) const { return rows_[account].account.prepared; }

    const model::AssetId& numeraire(std::size_t account) const { return rows_[account].numeraire; }
    /// Its place among the underlyings; the largest number for what is none of them, as USD.
    std::size_t mover_of(const model::AssetId& underlying) const;

    /// Those that some account's equity depends on a vol of.
    const std::set<model::AssetId>& with_vols() const { return with_vols_; }

    /// N(x) - N(0) in USD of each account, uncapped and whole (without the scenario's weight), by full revaluation; 0 where nothing
    /// of the account moves.
    /// `known`: those that are not null are taken instead; as many as accounts, or none.
    model::Result<std::vector<double>> pnl(const Scenario& scenario, const model::Policy& policy, std::span<const double* const> known = {}) const;

    /// As the venue would have it: a loss with the penalty where it liquidates there, at most what the account is worth.
    struct Outcome {
        double pnl = 0;
        bool liquidated = false;
    };
    model::Result<std::vector<Outcome>> outcomes(const Scenario& scenario, const model::Policy& policy) const;

    /// One mover per underlying at its reference price.
    const std::vector<Mover>& movers() const { return movers_; }
    /// sum N - M in USD where the movers stand at `prices`.
    model::Result<double> excess(const std::vector<model::U256>& prices) const;
    /// Whether excess() is negative wherever the movers stand between `low` and `high`; sound: at no price, and it fails at
    /// none. Unknown where an account's rule cannot tell.
    Certainty deficit(const std::vector<model::U256>& low, const std::vector<model::U256>& high) const;

private:
    static constexpr std::size_t nowhere = ~std::size_t{0};
    struct Row {
        BookAccount account;
        model::AssetId numeraire;
        /// USD of one numeraire.
        double unit = 0;
        double equity = 0;
        double excess = 0;
        double initial = 0;
        /// Which movers move this account: that of each price input and of the numeraire; `nowhere` is USD.
        std::vector<std::size_t> input_movers;
        std::vector<std::size_t> vol_movers;
        std::size_t numeraire_mover = nowhere;
        model::State now;
    };
    /// An input's price and where it is moved to: accounts of one venue share them.
    struct Moved {
        model::U256 from;
        std::optional<model::U256> to;
    };
    /// Where a mover stands and where it stood; null: it did not move.
    struct Move {
        const model::U256* to = nullptr;
        const model::U256* from = nullptr;
        std::optional<Moved> last{};
        explicit operator bool() const { return to != nullptr; }
    };
    /// What a scenario does to a mover.
    struct Shock {
        std::optional<double> spot;
        std::optional<model::VolMove> vol;
        std::optional<Moved> last{};
        explicit operator bool() const { return spot.has_value(); }
    };
    void add_underlying(const model::AssetId& asset);
    std::vector<Move> moves_to(const std::vector<model::U256>& prices) const;
    template <class Moves>
    static bool is_moved(const Row& row, const Moves& moves);
    std::vector<Shock> shocks_of(const Scenario& scenario) const;
    /// Where a scenario brings an account's own inputs; false where nothing of it moves.
    static model::Result<bool> move(const Row& row, const Scenario& scenario, const model::Policy& policy,
                                    std::vector<Shock>& shocks, model::State& state);
    static model::Result<double> pnl(const Row& row, const Scenario& scenario, const model::Policy& policy,
                                     std::vector<Shock>& shocks, model::State& state);
    static model::Result<Outcome> outcome(const Row& row, const Scenario& scenario, const model::Policy& policy,
                                          std::vector<Shock>& shocks, model::State& state);
    static double unit(const Row& row, const std::vector<Shock>& shocks);
    static model::Result<void> move(const Row& row, std::vector<Move>& moves, model::State& state);
    static double unit(const Row& row, const std::vector<Move>& moves);

    std::vector<Row> rows_;
    std::set<model::AssetId> underlyings_;
    std::set<model::AssetId> with_vols_;
    std::map<model::AssetId, double> prices_;
    std::vector<Mover> movers_;
};

}  // namespace margind::risk
