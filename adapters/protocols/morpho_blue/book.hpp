// One position in one market as plain data, and its figures at a state of the market.
#pragma once

#include "adapters/protocols/morpho_blue/math.hpp"
#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::protocols::morpho_blue {

struct Token {
    model::Address address;
    /// What its quantities and marks are told in: its own, or its base where it grows.
    model::AssetId underlying;
    std::string label;
    std::uint8_t decimals = 0;
    model::AssetMapping mapping;
};

/// A contract that the owner authorised. Shares and factors have 18 decimals; close factor and incentive grow from the first to
/// the second between its own limit and the market's.
struct PreLiquidator {
    model::Address contract;
    model::U256 pre_lltv;
    model::U256 close_factor_1;
    model::U256 close_factor_2;
    model::U256 incentive_1;
    model::U256 incentive_2;
    /// Which of Book::inputs is its oracle's price.
    std::size_t input = 0;
};

struct Book {
    /// Block time of the venue facts.
    std::uint64_t time = 0;
    Token loan;
    Token collateral;
    model::U256 lltv;
    Totals totals;
    std::uint64_t last_update = 0;
    model::U256 fee;
    /// Per second with 18 decimals; 0 where the market has no rate model.
    model::U256 rate;
    model::U256 supply_shares;
    model::U256 borrow_shares;
    model::U256 collateral_amount;
    /// The owner authorised a pre-liquidation contract.
    bool authorized = false;
    /// Those of them whose oracle gives a price; without one a contract cannot act.
    std::vector<PreLiquidator> pre_liquidators;
    /// First the loan token against itself now, then the market's oracle where the position needs it, then other oracles.
    std::vector<model::PriceInput> inputs;

    bool needs_price() const { return !borrow_shares.is_zero() || !collateral_amount.is_zero(); }
};

inline constexpr std::size_t loan_input = 0;
inline constexpr std::size_t oracle_input = 1;

/// Sums are in the loan token itself, also where it grows against a base.
model::Money loan_money(const Book& book, const model::I256& raw);

/// In loan units, at one time.
struct Debt {
    Totals totals;
    /// Rounded up.
    model::U256 borrowed;
    /// Rounded down.
    model::U256 supplied;
};

model::Result<Book> read_book(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets);

/// `offset_s` after the facts.
model::Result<Debt> debt_at(const Book& book, std::int64_t offset_s);

/// An oracle's price where the loan token stands at `loan` (18 decimals, 1 at the facts): less the more the loan token is worth.
Maybe price_in_loan(const model::U256& price, const model::U256& loan);
/// The largest debt that a collateral worth `quoted` allows.
Maybe allowed_debt(const model::U256& quoted, const model::U256& lltv);
/// What the collateral is worth in loan units.
Maybe quoted_at(const Book& book, const model::U256& price);

/// Holdings in the common form. \pre a price for each input
model::Result<std::vector<model::Position>> common_positions(const Book& book, const Debt& debt, const std::vector<model::U256>& prices);

/// What the owner can do, and the book after it at the contract's own rounding.
std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const Debt& debt);
model::Result<Book> adjusted(const Book& book, const Debt& debt, const model::Adjustment& adjustment);

model::Error overflow(const char* what);

}  // namespace margind::adapters::protocols::morpho_blue
