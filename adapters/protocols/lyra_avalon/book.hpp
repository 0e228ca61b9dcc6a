// One option position, decoded from facts, and what its market computes from it at a spot and a time.
#pragma once

#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "risk/model/asset.hpp"
#include "risk/model/facts.hpp"
#include "risk/model/ids.hpp"
#include "risk/model/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace margind::adapters::protocols::lyra_avalon {

struct Token {
    model::Address address;
    /// What its quantities and marks are told in: its own, or its base where it grows.
    model::AssetId underlying;
    std::string label;
    model::AssetMapping mapping;
};

/// Amounts, prices and vols have 18 decimals.
struct Book {
    model::Address option_market;
    Token base;
    Token quote;
    std::uint64_t time = 0;
    /// Of nobody's options anything can be done; of this market's none can be traded or liquidated.
    bool all_paused = false;
    bool paused = false;
    /// Empty where a fixed settlement needs no price.
    std::optional<model::U256> spot;

    OptionType type = OptionType::long_call;
    model::U256 amount;
    model::U256 collateral;
    model::U256 strike;
    std::uint64_t expiry = 0;
    std::string label;

    /// Its board is among the venue's, so that its market answers for its margin.
    bool listed = false;
    bool frozen = false;
    /// The price that the board was settled at.
    std::optional<model::U256> settled_at;
    /// Base that a short call with base collateral owes per option.
    model::U256 base_ratio;
    model::U256 base_settlement_fee;

    model::I256 rate;
    /// ivGWAV x skewGWAV over the windows that the pool's own value is computed with; 0 once settled.
    model::U256 vol;
    CollateralTerms collateral_terms;
    PenaltyTerms penalty_terms;
    ClosingTerms closing_terms;

    bool settled() const { return settled_at.has_value(); }
    bool base_collateral() const { return type == OptionType::short_call_base; }
    std::uint64_t seconds_to_expiry(std::int64_t time_offset_s) const;
    Exposure exposure(const model::U256& at_spot, std::int64_t time_offset_s) const {
        return {type, strike, amount, at_spot, seconds_to_expiry(time_offset_s)};
    }
};

model::Result<Book> book_of(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets);

/// What the position is worth, in quote.
struct Value {
    /// Of one option held long.
    model::U256 mark;
    model::I256 delta;
    /// Of all options, + to the owner.
    model::I256 options;
    /// 0 for longs.
    model::U256 collateral;
    /// options + collateral; after expiry never below 0, as what is missing is the pool's loss.
    model::I256 equity;
    /// The minimum collateral in its own unit and in quote, rounded up; 0 where none is asked.
    model::U256 minimum;
    model::U256 minimum_in_quote;
    bool expired = false;
};

/// Empty where the contract reverts.
std::optional<Value> value_of(const Book& book, const model::U256& spot, const model::U256& vol, std::int64_t time_offset_s);

}  // namespace margind::adapters::protocols::lyra_avalon
