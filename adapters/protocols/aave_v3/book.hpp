// One Aave user as plain data: what the rule computes with, decoded once from the facts.
#pragma once

#include "adapters/protocols/aave_v3/line.hpp"
#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::protocols::aave_v3 {

/// A reserve that the user has a bit or a balance in. Shares are in basis points with the user's e-mode applied.
struct Reserve {
    unsigned id = 0;
    model::Address asset;
    model::AssetId underlying;
    std::string label;
    /// The asset's row, by whose ratio quantities and marks are told in units of the underlying.
    model::AssetMapping mapping;
    std::uint8_t decimals = 0;
    /// 10^decimals.
    model::U256 unit;
    /// Which of Book::inputs prices it.
    std::size_t input = 0;
    /// Counted as collateral: the user's bit is set and, in 3.0, the reserve has a liquidation threshold.
    bool collateral = false;
    bool borrowing = false;
    std::uint32_t liquidation_threshold = 0;
    std::uint32_t ltv = 0;
    /// 10500 = 5 %.
    std::uint32_t liquidation_bonus = 0;
    /// In basis points of the bonus.
    std::uint32_t liquidation_protocol_fee = 0;
    /// The category whose price source takes the place of the reserve's own, in 3.0.
    std::uint32_t emode_category = 0;
    /// Until then, inclusive, nobody may be liquidated in this reserve; 3.6.
    std::uint64_t grace_until = 0;
    bool active = false;
    bool frozen = false;
    bool paused = false;
    /// In whole tokens; 0: none.
    std::uint64_t supply_cap = 0;
    /// Scaled supply of all users plus the treasury's share.
    model::U256 market_scaled_supply;

    model::U256 scaled_supply;
    model::U256 scaled_variable_debt;
    model::U256 stable_principal;
    model::U256 stable_rate;
    std::uint64_t stable_updated = 0;

    model::U256 liquidity_index;
    model::U256 liquidity_rate;
    model::U256 variable_borrow_index;
    model::U256 variable_borrow_rate;
    std::uint64_t updated = 0;
    /// Both indices with interest up to the facts; empty until accrue_indices(), and where the pool would revert.
    std::optional<model::U256> income_now;
    std::optional<model::U256> debt_index_now;
};

struct Book {
    Line line = Line::v3_0;
    /// Block time of the venue facts.
    std::uint64_t time = 0;
    /// Decimals and name of the oracle's base currency.
    std::uint8_t base_decimals = 0;
    std::string numeraire;
    std::vector<Reserve> reserves;
    std::vector<model::PriceInput> inputs;
};

/// Token units, interest included.
struct Balance {
    model::U256 supply;
    model::U256 variable_debt;
    model::U256 stable_debt;
};

model::Result<Book> read_book(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets);

/// Computes what every balance at the time of the facts needs, once for the book and all that come from it by adjusted().
void accrue_indices(Book& book);

/// One balance per reserve, `offset_s` after the facts; out_of_range where the pool would revert.
model::Result<std::vector<Balance>> balances_at(const Book& book, std::int64_t offset_s);

/// The liquidity index with interest up to `offset_s` after the facts.
model::Result<model::U256> income_at(const Book& book, const Reserve& reserve, std::int64_t offset_s);
/// The variable borrow index likewise.
model::Result<model::U256> debt_index_at(const Book& book, const Reserve& reserve, std::int64_t offset_s);

/// Variable and stable debt together.
model::Result<model::U256> debt_of(const Balance& balance, const Reserve& reserve);

/// The holdings in the common form: supplies, then debts, by reserve id.
model::Result<std::vector<model::Position>> common_positions(const Book& book, const std::vector<Balance>& balances,
                                                             const model::State& state);

/// Repayments and deposits that the pool would accept; `balances` are those of the facts.
std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const std::vector<Balance>& balances);
/// The book after a repayment or a deposit in the facts' own block.
model::Result<Book> adjusted(const Book& book, const std::vector<Balance>& balances, const model::Adjustment& adjustment);

/// What the pool answers with a revert: arithmetic that does not fit.
model::Error overflow(const Reserve& reserve, const char* what);
model::Error overflow(const char* what);

}  // namespace margind::adapters::protocols::aave_v3
