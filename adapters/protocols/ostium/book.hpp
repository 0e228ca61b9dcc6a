// One trade at Ostium as read, and its liquidation test.
#pragma once

#include "risk/model/facts.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/venue_rule.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace margind::adapters::protocols::ostium {

inline constexpr const char* config_schema = "ostium.config/1";
inline constexpr const char* venue_schema = "ostium.venue/1";
inline constexpr const char* account_schema = "ostium.account/1";

inline constexpr unsigned price_decimals = 18;
inline constexpr unsigned money_decimals = 6;
/// Fees accrue by Arbitrum's blocks, of 250 ms.
inline constexpr std::uint64_t blocks_per_second = 4;

/// Money in 10^6 USDC, prices in 10^18, leverage in hundredths, rates in 10^18 of the position per block.
struct RawTrade {
    /// As pair_address() has it.
    model::Address pair;
    model::Address collateral_token;
    bool is_long = false;
    /// It is of the pair's last trade, or of a silent feed.
    bool price_is_old = false;
    std::uint64_t leverage = 0;
    std::uint64_t initial_leverage = 0;
    std::uint64_t max_leverage = 0;
    /// Above it a trade is closed at the end of the trading day; 0: never.
    std::uint64_t overnight_max_leverage = 0;
    /// Whole percent.
    std::uint64_t liq_margin_threshold = 0;
    model::U256 collateral;
    model::U256 open_price;
    model::U256 price;
    /// Pending; + is a cost.
    model::U256 rollover_fee;
    model::I256 funding_fee;
    model::U256 rollover_per_block;
    /// What the trade's side pays; 0 where it receives.
    model::U256 funding_per_block;
};

struct Named {
    model::AssetId underlying;
    std::string label;
};
struct Book {
    RawTrade raw;
    Named index;
    Named collateral;
};

/// Refuses what the contracts never hold.
model::Result<void> check(const RawTrade& raw);

struct Figures {
    /// Percent with 6 decimals; not above +900, less where the leverage came down since.
    model::I256 percent_profit;
    model::I256 rollover;
    model::I256 funding;
    model::I256 value;
    model::U256 liquidation_margin;
    model::U256 liquidation_price;
    bool liquidatable = false;
};
/// At raw.price, `seconds` after it was read.
model::Result<Figures> figures_of(const RawTrade& raw, std::int64_t seconds);

std::unique_ptr<model::PreparedAccount> prepared(Book book);
const model::VenueRule& rule();

model::Result<RawTrade> raw_trade(const model::Facts& account);
void add_facts(const RawTrade& raw, model::FactsBuilder& facts);

// Names of the native figures, as the contract has them.
inline constexpr const char* view_liquidation_price = "PairInfos.getTradeLiquidationPrice";
inline constexpr const char* view_liquidation_margin = "PairInfos.getTradeLiquidationMargin";

constexpr auto describe(const RawTrade*) {
    using R = RawTrade;
    return std::tuple(model::field("pair", &R::pair), model::field("collateral_token", &R::collateral_token), model::field("is_long", &R::is_long),
                      model::field("price_is_old", &R::price_is_old), model::field("leverage", &R::leverage),
                      model::field("initial_leverage", &R::initial_leverage), model::field("max_leverage", &R::max_leverage),
                      model::field("overnight_max_leverage", &R::overnight_max_leverage), model::field("liq_margin_threshold", &R::liq_margin_threshold),
                      model::field("collateral", &R::collateral), model::field("open_price", &R::open_price), model::field("price", &R::price),
                      model::field("rollover_fee", &R::rollover_fee), model::field("funding_fee", &R::funding_fee),
                      model::field("rollover_per_block", &R::rollover_per_block), model::field("funding_per_block", &R::funding_per_block));
}
/// What a trade that is written down may leave out is 0 or false.
constexpr int since(const RawTrade*, std::string_view name) {
    return model::is_one_of(name, {"is_long", "leverage", "max_leverage", "liq_margin_threshold", "collateral", "open_price", "price"}) ? 0 : 1;
}

}  // namespace margind::adapters::protocols::ostium
