// GMX's Reader and its price provider: calls, and replies as structs.
#pragma once

#include "adapters/evm/abi_writer.hpp"
#include "adapters/request.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace margind::adapters::protocols::gmx_v2 {

/// USD of 30 decimals per smallest unit of the token.
struct Price {
    model::U256 min;
    model::U256 max;
    friend bool operator==(const Price&, const Price&) = default;
};
struct MarketPrices {
    Price index;
    Price long_token;
    Price short_token;
};
struct Market {
    model::Address token;
    model::Address index_token;
    model::Address long_token;
    model::Address short_token;
};

/// Position.Props, 14 words; USD in 10^30, amounts in their tokens' smallest units.
struct PositionProps {
    model::Address account;
    model::Address market;
    model::Address collateral_token;
    model::U256 size_usd;
    model::U256 size_tokens;
    model::U256 collateral_amount;
    model::I256 pending_impact_amount;
    model::U256 borrowing_factor;
    model::U256 increased_at;
    model::U256 decreased_at;
    bool is_long = false;
    friend bool operator==(const PositionProps&, const PositionProps&) = default;
};

/// What counts of PositionInfo: 67 words in v2.2c, 66 before. Fees are pending ones, of a full close.
struct PositionInfo {
    model::Bytes32 key;
    PositionProps position;
    model::U256 funding_fee_amount;
    model::U256 claimable_long;
    model::U256 claimable_short;
    model::U256 borrowing_fee_usd;
    model::U256 ui_fee_amount;
    Price collateral_price;
    model::U256 position_fee_amount;
    model::U256 cost_without_funding;
    model::U256 cost;
    model::I256 price_impact_usd;
    model::I256 pending_impact_usd;
    model::I256 base_pnl_usd;
    model::I256 uncapped_base_pnl_usd;
};
struct PositionInfos {
    std::vector<PositionInfo> all;
    /// Words of each; 0 where there are none.
    std::size_t width = 0;
};

/// Of MarketInfo's 29 words; factors per second in 10^30.
struct MarketRates {
    model::U256 borrowing_long;
    model::U256 borrowing_short;
    bool longs_pay_shorts = false;
    model::U256 funding;
    bool disabled = false;
};

inline constexpr std::size_t position_words = 14;
inline constexpr std::size_t info_words_v2_2 = 66;
inline constexpr std::size_t info_words_v2_2c = 67;
inline constexpr std::size_t max_positions = 256;
inline constexpr std::size_t markets_per_page = 500;

using Bytes = std::span<const std::byte>;
/// Each takes the width from the reply and refuses any that is not known.
model::Result<std::vector<PositionProps>> decode_positions(Bytes reply);
model::Result<PositionProps> decode_position(Bytes reply);
model::Result<PositionInfos> decode_position_infos(Bytes reply);
model::Result<std::vector<Market>> decode_markets(Bytes reply);
model::Result<MarketRates> decode_market_info(Bytes reply, const model::Address& market);
/// Refuses the price of another token, a zero and min above max.
model::Result<Price> decode_price(Bytes reply, const model::Address& token);
model::Result<bool> decode_liquidatable(Bytes reply);

struct Contracts {
    model::Address reader;
    model::Address data_store;
    model::Address referral_storage;
    model::Address price_provider;
};

Request get_markets(const Contracts& at, std::uint64_t from);
Request get_position(const Contracts& at, const model::Bytes32& key);
Request get_account_positions(const Contracts& at, const model::Address& account, std::uint64_t end);
/// PositionInfo[] of that one position: a list, since the single form leaves the key out.
Request get_position_info(const Contracts& at, const model::Bytes32& key, const MarketPrices& prices);
Request get_market_info(const Contracts& at, const MarketPrices& prices, const model::Address& market);
Request is_position_liquidatable(const Contracts& at, const model::Bytes32& key, const Market& market, const MarketPrices& prices);
Request get_oracle_price(const Contracts& at, const model::Address& token);
Request get_uint(const Contracts& at, const model::Bytes32& key);
Request get_address(const Contracts& at, const model::Bytes32& key);
Request get_address_count(const Contracts& at, const model::Bytes32& key);
/// The first value of a set, where it has one.
Request get_first_bytes32(const Contracts& at, const model::Bytes32& key);

}  // namespace margind::adapters::protocols::gmx_v2
