// One account of a comet as plain data, and what it holds at a time.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::protocols::compound_v3 {

/// A value, or "the comet reverts here". The functions of two are empty when one is.
using Maybe = std::optional<model::U256>;

Maybe add(const Maybe& a, const Maybe& b);
Maybe sub(const Maybe& a, const Maybe& b);
/// a * b / divisor, rounded down; empty when a * b passes 2^256.
Maybe mul_div_down(const Maybe& a, const Maybe& b, const Maybe& divisor);
/// By a factor of 18 decimals.
Maybe mul_factor(const Maybe& a, const Maybe& factor);

struct Token {
    model::Address address;
    /// What its quantities and marks are told in: its own, or its base where it grows.
    model::AssetId underlying;
    std::string label;
    model::U256 scale;
    std::uint8_t decimals = 0;
    model::AssetMapping mapping;
};

/// Factors have 18 decimals.
struct Collateral {
    Token token;
    model::U256 balance;
    model::U256 borrow_factor;
    model::U256 liquidate_factor;
    /// What of its value counts against the debt when the account is absorbed.
    model::U256 liquidation_factor;
    /// Under the supply cap.
    model::U256 room;
    /// Which of Book::inputs prices it.
    std::size_t input = 0;
};

/// Index 10^15 is 1; rates are per second with 18 decimals.
struct Book {
    std::uint64_t time = 0;
    Token base;
    model::U256 supply_index;
    model::U256 borrow_index;
    std::uint64_t last_accrual = 0;
    model::U256 supply_rate;
    model::U256 borrow_rate;
    /// Negative: a debt.
    model::I256 principal;
    std::vector<Collateral> collaterals;
    /// The base token first; none where the account has neither a debt nor collateral.
    std::vector<model::PriceInput> inputs;
};

inline constexpr std::size_t base_input = 0;

/// Sums are in the base token itself, also where it grows.
model::Money base_money(const Book& book, const model::I256& raw);

/// Base tokens with interest, rounded down as the comet does.
struct Balance {
    model::U256 supplied;
    model::U256 borrowed;
};

model::Result<Book> read_book(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets);

/// At the indices that are stored, whatever the time: what isLiquidatable goes by.
model::Result<Balance> stored_balance(const Book& book);
/// With interest to `offset_s` after the facts: what absorb goes by.
model::Result<Balance> balance_at(const Book& book, std::int64_t offset_s);

/// Sums at prices, in the feeds' unit.
struct Worth {
    /// Of the base tokens owed.
    model::U256 debt;
    model::U256 collateral;
    /// What the collateral counts against liquidation, for borrowing, and when it is absorbed.
    model::U256 liquidation;
    model::U256 borrowing;
    model::U256 absorbed;
};

model::Result<Worth> worth_at(const Book& book, const model::U256& borrowed, const std::vector<model::U256>& prices);

/// Holdings in the common form. \pre a price for each input
model::Result<std::vector<model::Position>> common_positions(const Book& book, const Balance& balance, const std::vector<model::U256>& prices);
std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const Balance& balance);
/// The book after it, at the comet's own rounding.
model::Result<Book> adjusted(const Book& book, const model::Adjustment& adjustment);

model::Error overflow(const char* what);

}  // namespace margind::adapters::protocols::compound_v3
