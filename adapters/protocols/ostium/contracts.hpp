// Ostium's contracts: what is asked of them, and their replies.
#pragma once

#include "adapters/request.hpp"
#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace margind::adapters::protocols::ostium {

using Bytes = std::span<const std::byte>;

inline constexpr std::uint64_t most_pairs = 1000;
inline constexpr std::uint64_t most_per_pair = 255;

struct Contracts {
    model::Address storage;
    model::Address registry;
    model::Address pair_infos;
    model::Address pairs_storage;
    model::Address open_pnl;
};

/// IOstiumTradingStorage.Trade: money in 10^6 USDC, prices in 10^18, leverage in hundredths.
struct Trade {
    model::U256 collateral;
    model::U256 open_price;
    model::Address trader;
    std::uint64_t leverage = 0;
    std::uint64_t pair = 0;
    std::uint64_t index = 0;
    bool is_long = false;
};
struct TradeInfo {
    std::uint64_t initial_leverage = 0;
    bool being_closed = false;
};
struct FundingRate {
    /// 10^18 of the position per block; +: longs pay.
    model::I256 per_block;
};

// Refused where the width is another than the reference has.
model::Result<Trade> decode_trade(Bytes reply);
model::Result<TradeInfo> decode_trade_info(Bytes reply);
model::Result<std::string> decode_pair_name(Bytes reply);
model::Result<model::I256> decode_funding_fee(Bytes reply);
model::Result<FundingRate> decode_funding_rate(Bytes reply);
/// One word of `bits`.
model::Result<model::U256> decode_number(Bytes reply, const char* what, unsigned bits = 256);

Request get_registry(const model::Address& storage);
/// `name` is left-aligned ASCII.
Request get_contract(const Contracts& at, std::string_view name);
Request get_max_trades_per_pair(const Contracts& at);
Request get_pairs_count(const Contracts& at);
Request get_pair(const Contracts& at, std::uint64_t pair);
Request get_liq_threshold(const Contracts& at);
Request get_open_count(const Contracts& at, const model::Address& trader, std::uint64_t pair);
Request get_trade(const Contracts& at, const model::Address& trader, std::uint64_t pair, std::uint64_t index);
Request get_trade_info(const Contracts& at, const model::Address& trader, std::uint64_t pair, std::uint64_t index);
Request get_max_leverage(const Contracts& at, std::uint64_t pair);
Request get_overnight_max_leverage(const Contracts& at, std::uint64_t pair);
Request get_last_trade_price(const Contracts& at, std::uint64_t pair);
Request get_pending_funding(const Contracts& at, std::uint64_t pair);
Request get_rollover_per_block(const Contracts& at, std::uint64_t pair);
Request get_liquidation_price(const Contracts& at, const Trade& trade, std::uint64_t max_leverage);
Request get_liquidation_margin(const Contracts& at, const Trade& trade, std::uint64_t max_leverage);
Request get_rollover_fee(const Contracts& at, const Trade& trade);
Request get_funding_fee(const Contracts& at, const Trade& trade);

}  // namespace margind::adapters::protocols::ostium
