// One trader's account at a clearing house, decoded from facts, and what the contracts compute from it at a state.
#pragma once

#include "adapters/protocols/perp_v2/liquidity.hpp"
#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace margind::adapters {
class Checked;
}  // namespace margind::adapters

namespace margind::adapters::protocols::perp_v2 {

enum class MarketStatus : std::uint8_t { open, paused, closed };

/// Amounts and prices have 18 decimals; ratios are of 1e6. Signs are the contracts': a long's notional is negative,
/// funding is what the trader pays.
struct HeldMarket {
    model::Address token;
    model::AssetId underlying;
    std::string label;
    MarketStatus status = MarketStatus::open;
    /// Mark when open, index price at the pause when paused, closing price when closed.
    model::U256 reference_price;
    /// (market TWAP - index TWAP, clamped) as Q.96 of the price: what a long of one unit owes per day. 0 unless open.
    model::I256 premium_x96;
    model::U256 sqrt_price;
    model::U256 fee_ratio;

    model::I256 taker_size;
    model::I256 taker_notional;
    model::I256 funding;
    model::U256 pending_fee;
    model::U256 base_debt;
    model::U256 quote_debt;
    std::vector<Range> orders;
};

/// A token other than the settlement token; `balance` in its own decimals.
struct HeldCollateral {
    model::Address token;
    model::AssetId underlying;
    std::string label;
    std::uint8_t decimals = 0;
    model::U256 price;
    std::uint8_t price_decimals = 0;
    model::U256 ratio;
    /// What a liquidator who buys it gets off its price.
    model::U256 discount_ratio;
    /// What the vault takes of it before its cap is reached.
    model::U256 deposit_room;
    model::U256 balance;
};

struct Book {
    model::Address settlement_token;
    model::AssetId settlement;
    std::string settlement_label;
    std::uint8_t settlement_decimals = 0;
    /// What the vault takes before its cap is reached, in the token's own decimals.
    model::U256 settlement_room;
    model::U256 im_ratio;
    model::U256 mm_ratio;
    model::U256 penalty_ratio;
    model::U256 mm_ratio_buffer;
    model::U256 debt_value_ratio;
    /// Part of the debt that one sale of collateral may repay, all of it up to `sale_dust` (settlement decimals).
    model::U256 sale_ratio;
    model::U256 sale_dust;
    /// Insurance fund's part of what the buyer of collateral pays.
    model::U256 sale_fee_ratio;

    /// Settlement token in the vault, in its own decimals.
    model::I256 balance;
    model::I256 owed_realized_pnl;
    model::U256 debt_threshold;
    /// Every market that the account is registered in.
    std::vector<HeldMarket> markets;
    std::vector<HeldCollateral> collaterals;
};

struct MarketFigures {
    model::U256 price;
    /// Size and open notional with what the orders hold and owe.
    model::I256 size;
    model::I256 open_notional;
    model::I256 value;
    /// At the state's time; + is what the trader pays.
    model::I256 funding;
};

/// 18 decimals unless said otherwise.
struct Figures {
    std::vector<MarketFigures> markets;
    /// One per collateral: the state's price, and the value before the haircut.
    std::vector<model::U256> collateral_prices;
    std::vector<model::U256> collateral_values;
    /// What `collateralRatio` takes off in all.
    model::I256 haircut;
    model::I256 unrealized_pnl;
    /// Settlement balance with pending fees, funding and owed pnl; then with haircut collateral.
    model::I256 settlement_balance;
    /// Settlement balance with unrealized pnl: below 0 it is the debt that other collateral bears.
    model::I256 settlement_value;
    model::I256 weighted_collateral;
    model::I256 total_collateral;
    model::I256 account_value;
    /// Rounded down to the settlement token's decimals: in those, and scaled back as the clearing house compares it.
    model::I256 vault_account_value;
    model::I256 house_account_value;
    model::U256 absolute_value;
    model::I256 requirement;
    model::U256 debt_value;
    /// min(collateral, account value) - debt value * ratio, before it is cut at zero.
    model::I256 free_at_initial;
    model::I256 free_at_maintenance;
};

/// Open markets first, then collaterals, in the book's order: what a State must price.
std::vector<model::PriceInput> inputs_of(const Book& book);

/// Fails with bad_input for a state of another shape, and with out_of_range where a contract would revert.
model::Result<Figures> figures_at(const Book& book, const model::State& state);

/// An amount of collateral at a price, 18 decimals.
model::U256 value_of(const HeldCollateral& held, const model::U256& amount, const model::U256& price, Checked& m);

/// 1 in a ratio, and in an 18-decimal amount.
inline constexpr std::uint64_t ratio_one = 1'000'000;
inline constexpr std::uint64_t one_x18 = 1'000'000'000'000'000'000;

}  // namespace margind::adapters::protocols::perp_v2
