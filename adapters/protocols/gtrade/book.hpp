// One trade at gTrade as read, and its liquidation test.
#pragma once

#include "risk/model/facts.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/venue_rule.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace margind::adapters::protocols::gtrade {

inline constexpr const char* config_schema = "gtrade.config/1";
inline constexpr const char* venue_schema = "gtrade.venue/1";
inline constexpr const char* account_schema = "gtrade.account/1";

inline constexpr unsigned price_decimals = 10;
inline constexpr unsigned collateral_price_decimals = 8;

/// Money in the collateral's smallest units, prices in 10^10, that of the collateral in 10^8 USD, percent in 10^10, leverage in thousandths.
struct RawTrade {
    /// As pair_address() has it.
    model::Address pair;
    model::Address collateral_token;
    bool is_long = false;
    /// Its feed is silent for longer than its heartbeat.
    bool price_is_old = false;
    std::uint64_t collateral_decimals = 0;
    /// That it was opened with: 0 before 9.2, 1 9.2, 2 10.
    std::uint64_t contracts_version = 0;
    std::uint64_t leverage = 0;
    std::uint64_t max_leverage = 0;
    /// Of a counter-trade's fee, in thousandths; 0: 1.
    std::uint64_t fee_multiplier = 0;
    std::uint64_t max_liq_spread = 0;
    std::uint64_t start_threshold = 0;
    std::uint64_t end_threshold = 0;
    std::uint64_t start_leverage = 0;
    std::uint64_t end_leverage = 0;
    model::U256 collateral;
    model::U256 open_price;
    model::U256 price;
    model::U256 collateral_price;
    /// The pair's and the trader's own; half of it counts at a close.
    model::U256 spread;
    model::U256 position_size_fee;
    /// 10^18 USD.
    model::U256 min_position_size;
    /// Pending at `price`, and at twice that; + is a cost.
    model::I256 holding_fees;
    model::I256 holding_fees_at_twice;
    model::I256 realized_pnl;
    model::U256 realized_trading_fees;
    /// 10^-10 % a second.
    model::U256 borrowing_per_second;
    /// 10^-18 % a second, what the trade's side pays; 0 where it receives.
    model::U256 funding_per_second;
};

struct Named {
    model::AssetId underlying;
    std::string label;
};
struct Book {
    RawTrade raw;
    Named index;
    Named collateral;
    /// For the grade.
    std::vector<std::string> notes{};
};

/// Refuses what the contracts never hold.
model::Result<void> check(const RawTrade& raw);

/// Percent with 10 decimals, not below -100.
model::I256 percent_profit(const model::U256& open, const model::U256& price, bool is_long, std::uint64_t leverage);
/// The share of the collateral that a loss may eat, in percent with 10 decimals.
model::U256 loss_threshold(const RawTrade& raw);

struct Figures {
    model::I256 percent_profit;
    model::U256 closing_fee;
    model::I256 holding_fees;
    /// Closing, holding and realised.
    model::I256 fees;
    /// Not cut off at 0.
    model::I256 value;
    model::U256 threshold;
    /// In percent with 10 decimals; 0 for trades from before 9.2.
    model::U256 closing_spread;
    model::U256 maintenance;
    model::U256 liquidation_price;
    bool liquidatable = false;
};
/// Where the market stands: the pair's price, the collateral's, and seconds after the trade was read.
struct Place {
    model::U256 price;
    model::U256 collateral_price;
    std::int64_t seconds = 0;
};
model::Result<Figures> figures_of(const RawTrade& raw, const Place& place);
inline Place place_of(const RawTrade& raw) { return {raw.price, raw.collateral_price, 0}; }

std::unique_ptr<model::PreparedAccount> prepared(Book book);
const model::VenueRule& rule();

model::Result<RawTrade> raw_trade(const model::Facts& account);
void add_facts(const RawTrade& raw, model::FactsBuilder& facts);

// Name of the native figure, as the contract has it.
inline constexpr const char* view_liquidation_price = "Diamond.getTradeLiquidationPrice";

constexpr auto describe(const RawTrade*) {
    using R = RawTrade;
    return std::tuple(
        model::field("pair", &R::pair), model::field("collateral_token", &R::collateral_token), model::field("is_long", &R::is_long),
        model::field("price_is_old", &R::price_is_old), model::field("collateral_decimals", &R::collateral_decimals),
        model::field("contracts_version", &R::contracts_version), model::field("leverage", &R::leverage), model::field("max_leverage", &R::max_leverage),
        model::field("fee_multiplier", &R::fee_multiplier), model::field("max_liq_spread", &R::max_liq_spread), model::field("start_threshold", &R::start_threshold),
        model::field("end_threshold", &R::end_threshold), model::field("start_leverage", &R::start_leverage), model::field("end_leverage", &R::end_leverage),
        model::field("collateral", &R::collateral), model::field("open_price", &R::open_price), model::field("price", &R::price),
        model::field("collateral_price", &R::collateral_price), model::field("spread", &R::spread), model::field("position_size_fee", &R::position_size_fee),
        model::field("min_position_size", &R::min_position_size), model::field("holding_fees", &R::holding_fees),
        model::field("holding_fees_at_twice", &R::holding_fees_at_twice), model::field("realized_pnl", &R::realized_pnl),
        model::field("realized_trading_fees", &R::realized_trading_fees), model::field("borrowing_per_second", &R::borrowing_per_second),
        model::field("funding_per_second", &R::funding_per_second));
}
/// What a trade that is written down may leave out is 0 or false.
constexpr int since(const RawTrade*, std::string_view name) {
    return model::is_one_of(name, {"is_long", "collateral_decimals", "contracts_version", "leverage", "max_leverage", "collateral", "open_price", "price", "collateral_price"})
               ? 0
               : 1;
}

}  // namespace margind::adapters::protocols::gtrade
