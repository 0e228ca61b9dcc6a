// A book's positions in doubles, for scenarios by the thousand: linear ones by their value, options by Black-76.
#pragma once

#include "risk/book.hpp"
#include "risk/paths.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace margind::risk {

/// One option contract in its venue's numeraire; equal ones are one.
struct OptionContract {
    model::OptionKind kind = model::OptionKind::call;
    double forward = 0;
    double strike = 0;
    double vol = 0;
    /// 0 where only the payoff is left.
    std::int64_t time_to_expiry_s = 0;
    std::size_t mover = 0;
    friend auto operator<=>(const OptionContract&, const OptionContract&) = default;
};

/// What of one position moves. Its profit where its underlying moves by s and its numeraire by n:
/// usd s (1 + n), or quantity_usd (value there - value) (1 + n) of an option.
struct Holding {
    static constexpr std::size_t none = ~std::size_t{0};
    std::size_t account = 0;
    /// In the account's list; none: what the account is worth, which moves with its numeraire.
    std::size_t position = none;
    /// Places among the book's underlyings; none: USD, or the account's own money.
    std::size_t mover = none;
    std::size_t numeraire = none;
    double usd = 0;
    double carry_usd = 0;
    std::size_t contract = none;
    /// Of an option: contracts times USD of one numeraire.
    double quantity_usd = 0;
};

class Revaluation {
public:
    /// Of the same accounts in the same order. Money is converted at the book's own prices.
    static model::Result<Revaluation> make(std::span<const BookAccount> accounts, const Book& book, const Valuation& valuation);

    /// In the order of accounts and positions.
    const std::vector<Holding>& holdings() const { return holdings_; }
    const std::vector<OptionContract>& contracts() const { return contracts_; }
    /// Of one account: [first, last) of the holdings.
    std::pair<std::size_t, std::size_t> of_account(std::size_t account) const { return {first_[account], first_[account + 1]}; }

    /// By holding, at once and without the scenario's weight: what prices alone make, and what the vols' moves add.
    struct Move {
        double spot = 0;
        double vol = 0;
    };
    std::vector<Move> moves(const Scenario& scenario, const Book& book, const model::Policy& policy) const;

private:
    std::vector<Holding> holdings_;
    std::vector<OptionContract> contracts_;
    std::vector<std::size_t> first_;
};

/// Of contracts: value a day later on each path less the present one, of one contract in its numeraire.
using Profits = std::shared_ptr<const std::vector<double>>;
using KeptProfits = std::map<OptionContract, Profits>;

/// A book over paths: every contract revalued once on each, a day later.
class PathBook {
public:
    /// `before` (null: nothing): what was found over the same paths.
    PathBook(const Revaluation& book, const Paths& paths, unsigned threads, const KeptProfits* before = nullptr);
    KeptProfits kept() const;

    std::size_t count() const { return paths_.count; }
    /// Losses (gains are negative) of the holdings with these indices, with a day's carry.
    std::vector<double> losses(std::span<const std::size_t> holdings) const;
    std::vector<double> losses(std::size_t first, std::size_t last) const;
    /// A holding's loss on one path, without what time alone makes of it; and that.
    double loss_by_price(const Holding& holding, std::size_t path) const;
    double loss_by_time(const Holding& holding) const;

private:
    template <class Indices>
    std::vector<double> sum(const Indices& indices) const;
    const Revaluation& book_;
    const Paths& paths_;
    /// By contract.
    std::vector<Profits> profits_;
    /// The same at unmoved prices.
    std::vector<double> by_time_;
};

/// Sensitivities of one contract in its numeraire: per unit of the forward, twice; per 1.00 of vol; value a day later less now.
struct Greeks {
    double delta = 0;
    double gamma = 0;
    double vega = 0;
    double theta_day = 0;
};
Greeks greeks_of(const OptionContract& contract);

/// Value where the forward moves by `move`, of what expires `later_s` sooner at that vol.
double value_of(const OptionContract& contract, double move, std::int64_t later_s, double vol);

}  // namespace margind::risk
