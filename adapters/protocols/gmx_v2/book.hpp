// One position of GMX V2 as read, and its liquidation test.
#pragma once

#include "adapters/protocols/gmx_v2/reader.hpp"
#include "risk/model/facts.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/venue_rule.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace margind::adapters::protocols::gmx_v2 {

inline constexpr const char* config_schema = "gmx_v2.config/1";
inline constexpr const char* venue_schema = "gmx_v2.venue/1";
inline constexpr const char* account_schema = "gmx_v2.account/1";

/// USD, factors and prices per smallest unit have 30 decimals; amounts are in their token's smallest units; `_impact`, `_pnl`: + to the owner.
struct RawPosition {
    model::Address market;
    model::Address index_token;
    model::Address long_token;
    model::Address short_token;
    model::Address collateral_token;
    bool is_long = false;
    std::uint64_t index_decimals = 0;
    std::uint64_t collateral_decimals = 0;

    model::U256 size_usd;
    model::U256 size_tokens;
    model::U256 collateral_amount;
    model::I256 pending_impact_amount;

    model::U256 index_min;
    model::U256 index_max;
    /// The long token for a long, the short one for a short: its pool pays profits.
    model::U256 pnl_token_min;
    model::U256 collateral_min;

    /// Pending, of a full close: what is owed in tokens whatever their price, and the rest, in tokens at `collateral_min`.
    model::U256 funding_fee_amount;
    model::U256 cost_without_funding;
    model::I256 price_impact_usd;

    model::U256 min_collateral_usd;
    model::U256 min_collateral_factor;
    model::U256 min_collateral_factor_for_liquidation;
    model::U256 open_interest_multiplier;
    model::U256 max_impact_factor_for_liquidations;
    model::U256 liquidation_fee_factor;
    model::U256 max_pnl_factor;
    /// Of the position's side, in both collateral tokens.
    model::U256 open_interest;
    model::U256 open_interest_in_tokens;
    model::U256 pool_amount;

    /// Of the position's side, per second; funding where it pays, else 0.
    model::U256 borrowing_per_second;
    model::U256 funding_per_second;
    /// Nothing can be done about it then.
    bool market_disabled = false;
};

struct Named {
    model::AssetId underlying;
    std::string label;
};
struct Book {
    RawPosition raw;
    Named index;
    Named collateral;
    Named pnl_token;
};

/// Refuses what the contracts never hold.
model::Result<void> check(const RawPosition& raw);

/// The terms of the test, in 10^30 USD.
struct Figures {
    model::I256 pnl;
    model::I256 uncapped_pnl;
    model::I256 collateral_usd;
    model::I256 pending_impact;
    /// As the test takes it: not above 0, not below its cap.
    model::I256 impact;
    model::I256 cost;
    model::I256 remaining;
    /// size x factor.
    model::U256 by_leverage;
    bool liquidatable = false;
};
/// At prices as in RawPosition, `seconds` after it was read.
model::Result<Figures> figures_of(const RawPosition& raw, std::int64_t seconds);
/// The impact that may still come before its cap, of the position's value at its index price, in hundredths of a basis point, up.
std::uint32_t impact_band_ppm(const RawPosition& raw);

std::unique_ptr<model::PreparedAccount> prepared(Book book);
const model::VenueRule& rule();

model::Result<RawPosition> raw_position(const model::Facts& account);
void add_facts(const RawPosition& raw, model::FactsBuilder& facts);

// Names of the native figures, as PositionInfo's fields have them; the last is the Reader's own test.
inline constexpr const char* view_base_pnl = "PositionInfo.basePnlUsd";
inline constexpr const char* view_uncapped_pnl = "PositionInfo.uncappedBasePnlUsd";
inline constexpr const char* view_pending_impact = "PositionInfo.proportionalPendingImpactUsd";
inline constexpr const char* view_liquidatable = "Reader.isPositionLiquidatable";

constexpr auto describe(const RawPosition*) {
    using R = RawPosition;
    return std::tuple(
        model::field("market", &R::market), model::field("index_token", &R::index_token), model::field("long_token", &R::long_token),
        model::field("short_token", &R::short_token), model::field("collateral_token", &R::collateral_token), model::field("is_long", &R::is_long),
        model::field("index_decimals", &R::index_decimals), model::field("collateral_decimals", &R::collateral_decimals), model::field("size_usd", &R::size_usd),
        model::field("size_tokens", &R::size_tokens), model::field("collateral_amount", &R::collateral_amount),
        model::field("pending_impact_amount", &R::pending_impact_amount), model::field("index_min", &R::index_min), model::field("index_max", &R::index_max),
        model::field("pnl_token_min", &R::pnl_token_min), model::field("collateral_min", &R::collateral_min),
        model::field("funding_fee_amount", &R::funding_fee_amount), model::field("cost_without_funding", &R::cost_without_funding),
        model::field("price_impact_usd", &R::price_impact_usd), model::field("min_collateral_usd", &R::min_collateral_usd),
        model::field("min_collateral_factor", &R::min_collateral_factor),
        model::field("min_collateral_factor_for_liquidation", &R::min_collateral_factor_for_liquidation),
        model::field("open_interest_multiplier", &R::open_interest_multiplier),
        model::field("max_impact_factor_for_liquidations", &R::max_impact_factor_for_liquidations),
        model::field("liquidation_fee_factor", &R::liquidation_fee_factor), model::field("max_pnl_factor", &R::max_pnl_factor),
        model::field("open_interest", &R::open_interest), model::field("open_interest_in_tokens", &R::open_interest_in_tokens),
        model::field("pool_amount", &R::pool_amount), model::field("borrowing_per_second", &R::borrowing_per_second),
        model::field("funding_per_second", &R::funding_per_second), model::field("market_disabled", &R::market_disabled));
}
/// What an account that is written down may leave out is 0.
constexpr int since(const RawPosition*, std::string_view name) {
    for (const std::string_view needed : {"collateral_token", "is_long", "index_decimals", "collateral_decimals", "size_usd", "size_tokens", "collateral_amount",
                                          "index_min", "index_max", "collateral_min", "min_collateral_usd", "min_collateral_factor_for_liquidation"})
        if (name == needed) return 0;
    return 1;
}

}  // namespace margind::adapters::protocols::gmx_v2
