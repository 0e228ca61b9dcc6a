// The diamond of gTrade: what is asked of it, and its replies.
#pragma once

#include "adapters/request.hpp"
#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace margind::adapters::protocols::gtrade {

using Bytes = std::span<const std::byte>;

/// A trade is asked about in some ten calls.
inline constexpr std::size_t most_trades = 200;
inline constexpr std::size_t most_collaterals = 64;

/// ITradingStorage.Trade. Leverage in thousandths, prices in 10^10, the collateral in its token's smallest units.
struct Trade {
    model::Address user;
    std::uint64_t index = 0;
    std::uint64_t pair = 0;
    std::uint64_t leverage = 0;
    bool is_long = false;
    bool is_open = false;
    /// From 1.
    std::uint64_t collateral = 0;
    /// 0: a position; 1 and 2: orders that wait.
    std::uint64_t type = 0;
    model::U256 collateral_amount;
    model::U256 open_price;
    bool is_counter_trade = false;
};
/// IPairsStorage.GroupLiquidationParams: 10^10 is 1 %, leverages in thousandths.
struct LiquidationParams {
    std::uint64_t max_liq_spread = 0;
    std::uint64_t start_threshold = 0;
    std::uint64_t end_threshold = 0;
    std::uint64_t start_leverage = 0;
    std::uint64_t end_leverage = 0;
};
/// Of IFundingFees.TradeFeesData.
struct FeesData {
    model::U256 realized_trading_fees;
    model::I256 realized_pnl;
};
struct Collateral {
    model::Address token;
    std::uint64_t decimals = 0;
    friend bool operator==(const Collateral&, const Collateral&) = default;
};

// Refused where the width is another than the reference has.
model::Result<std::vector<Trade>> decode_trades(Bytes reply);
/// The version of the contracts that each was opened with: 0 before 9.2, 1 9.2, 2 10.
model::Result<std::vector<std::uint64_t>> decode_versions(Bytes reply);
model::Result<std::vector<LiquidationParams>> decode_liquidation_params(Bytes reply);
model::Result<std::vector<Collateral>> decode_collaterals(Bytes reply);
/// Of one trade.
model::Result<FeesData> decode_fees_data(Bytes reply);
/// The sum of what is pending.
model::Result<model::I256> decode_holding_fees(Bytes reply);
/// "BTC/USD".
model::Result<std::string> decode_pair_name(Bytes reply);
/// 10^-10 % a second, of one pair.
model::Result<model::U256> decode_borrowing_rate(Bytes reply);
/// 10^-18 % a second, of one pair; +: longs pay.
model::Result<model::I256> decode_funding_rate(Bytes reply);
/// One word of `bits`.
model::Result<model::U256> decode_number(Bytes reply, const char* what, unsigned bits = 256);
/// A single struct of so many words, as of an empty slot.
model::Result<void> check_width(Bytes reply, std::size_t words, const char* what);

Request get_trades(const model::Address& diamond, const model::Address& user);
Request get_trade_infos(const model::Address& diamond, const model::Address& user);
Request get_trades_liquidation_params(const model::Address& diamond, const model::Address& user);
Request get_trade(const model::Address& diamond, const model::Address& user, std::uint64_t index);
Request get_trade_info(const model::Address& diamond, const model::Address& user, std::uint64_t index);
Request get_trade_liquidation_params(const model::Address& diamond, const model::Address& user, std::uint64_t index);
Request get_collaterals(const model::Address& diamond);
Request get_collateral_price(const model::Address& diamond, std::uint64_t collateral);
Request get_trading_activated(const model::Address& diamond);
Request get_pairs_count(const model::Address& diamond);
Request get_pair(const model::Address& diamond, std::uint64_t pair);
Request get_fees_data(const model::Address& diamond, const Trade& trade);
Request get_holding_fees(const model::Address& diamond, const Trade& trade, const model::U256& price);
Request get_liquidation_price(const model::Address& diamond, const Trade& trade, const LiquidationParams& params, const model::U256& price);
Request get_pair_spread(const model::Address& diamond, const Trade& trade);
Request get_position_size_fee(const model::Address& diamond, std::uint64_t pair);
Request get_min_position_size(const model::Address& diamond, std::uint64_t pair);
Request get_max_leverage(const model::Address& diamond, std::uint64_t pair);
Request get_borrowing_rate(const model::Address& diamond, const Trade& trade);
Request get_funding_rate(const model::Address& diamond, const Trade& trade);
Request get_counter_trade_multiplier(const model::Address& diamond, std::uint64_t pair);

}  // namespace margind::adapters::protocols::gtrade
