// Ostium's contracts: calls and replies.
#include "adapters/protocols/ostium/contracts.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

namespace margind::adapters::protocols::ostium {

using evm::AbiWriter;
using model::Address;
using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

constexpr std::size_t word = 32;
constexpr std::size_t pair_head_words = 9;

const evm::Function fn_registry("registry()");
const evm::Function fn_contract("getContractAddress(bytes32)");
const evm::Function fn_max_trades("maxTradesPerPair()");
const evm::Function fn_pairs_count("pairsCount()");
const evm::Function fn_pair("pairs(uint16)");
const evm::Function fn_threshold("liqMarginThresholdP()");
const evm::Function fn_open_count("openTradesCount(address,uint16)");
const evm::Function fn_trade("getOpenTrade(address,uint16,uint8)");
const evm::Function fn_trade_info("getOpenTradeInfo(address,uint16,uint8)");
const evm::Function fn_max_leverage("pairMaxLeverage(uint16)");
const evm::Function fn_overnight("pairOvernightMaxLeverage(uint16)");
const evm::Function fn_last_price("lastTradePrice(uint16)");
const evm::Function fn_pending_funding("getPendingAccFundingFees(uint16)");
const evm::Function fn_rollover_per_block("getRolloverFeePerBlock(uint16)");
const evm::Function fn_liquidation_price("getTradeLiquidationPrice(address,uint16,uint8,uint256,bool,uint256,uint32,uint32)");
const evm::Function fn_liquidation_margin("getTradeLiquidationMargin(uint256,uint32,uint32)");
const evm::Function fn_rollover_fee("getTradeRolloverFee(address,uint16,uint8,uint256,uint32)");
const evm::Function fn_funding_fee("getTradeFundingFee(address,uint16,uint8,bool,uint256,uint32)");

Request ask(const Address& to, const evm::Function& function, const AbiWriter& arguments = {}) { return Call{to, function(arguments), {}, {}, false}; }
AbiWriter number(std::uint64_t value) { return AbiWriter().u256(U256(value)); }
AbiWriter place(const Address& trader, std::uint64_t pair, std::uint64_t index) { return AbiWriter().address(trader).u256(U256(pair)).u256(U256(index)); }

std::optional<model::Error> other_width(Bytes reply, std::size_t words, const char* what) {
    if (reply.size() == words * word) return std::nullopt;
    return model::Error{ErrorCode::decode, std::string(what) + ": " + std::to_string(reply.size()) + " bytes instead of " + std::to_string(words * word), {}};
}

/// Text behind which only zeros stand.
std::string ascii_of(evm::AbiReader& reader) {
    const model::Bytes32 bytes = reader.bytes32();
    std::string text;
    bool ended = false;
    for (const std::byte b : bytes.bytes) {
        const char c = static_cast<char>(b);
        if (b == std::byte{0}) ended = true;
        else if (ended || c <= ' ' || c > '~') {
            reader.reject("the name of a pair's side is not text");
            break;
        } else text.push_back(c);
    }
    if (text.empty()) reader.reject("the name of a pair's side is empty");
    return text;
}

}  // namespace

Result<Trade> decode_trade(Bytes reply) {
    if (const auto bad = other_width(reply, 9, "getOpenTrade")) return fail(*bad);
    evm::AbiReader reader(reply, "getOpenTrade");
    Trade trade;
    trade.collateral = reader.u256();
    trade.open_price = reader.uint(192);
    // Take profit and stop loss.
    reader.uint(192);
    reader.uint(192);
    trade.trader = reader.address();
    trade.leverage = reader.u64(32);
    trade.pair = reader.u64(16);
    trade.index = reader.u64(8);
    trade.is_long = reader.boolean();
    return reader.finish(trade);
}

Result<TradeInfo> decode_trade_info(Bytes reply) {
    if (const auto bad = other_width(reply, 7, "getOpenTradeInfo")) return fail(*bad);
    evm::AbiReader reader(reply, "getOpenTradeInfo");
    TradeInfo info;
    // Number and size in the index.
    reader.skip(2);
    info.initial_leverage = reader.u64(32);
    for (int i = 0; i < 3; ++i) reader.u64(32);
    info.being_closed = reader.boolean();
    return reader.finish(info);
}

Result<std::string> decode_pair_name(Bytes reply) {
    evm::AbiReader reader(reply, "pairs");
    const std::string from = ascii_of(reader);
    const std::string to = ascii_of(reader);
    reader.skip(pair_head_words - 3);
    if (reader.u256() != U256(pair_head_words * word)) reader.reject("the name of its oracle stands elsewhere: another layout");
    return reader.finish(from + '/' + to);
}

Result<I256> decode_funding_fee(Bytes reply) {
    if (const auto bad = other_width(reply, 2, "getTradeFundingFee")) return fail(*bad);
    evm::AbiReader reader(reply, "getTradeFundingFee");
    const I256 fee = reader.sint(160);
    return reader.finish(fee);
}

Result<FundingRate> decode_funding_rate(Bytes reply) {
    if (const auto bad = other_width(reply, 4, "getPendingAccFundingFees")) return fail(*bad);
    evm::AbiReader reader(reply, "getPendingAccFundingFees");
    reader.skip(2);
    const FundingRate rate{reader.sint(64)};
    return reader.finish(rate);
}

Result<U256> decode_number(Bytes reply, const char* what, unsigned bits) {
    if (const auto bad = other_width(reply, 1, what)) return fail(*bad);
    evm::AbiReader reader(reply, what);
    const U256 value = reader.uint(bits);
    return reader.finish(value);
}

Request get_registry(const Address& storage) { return ask(storage, fn_registry); }
Request get_contract(const Contracts& at, std::string_view name) { return ask(at.registry, fn_contract, AbiWriter().fixed_bytes(std::as_bytes(std::span(name)))); }
Request get_max_trades_per_pair(const Contracts& at) { return ask(at.storage, fn_max_trades); }
Request get_pairs_count(const Contracts& at) { return ask(at.pairs_storage, fn_pairs_count); }
Request get_pair(const Contracts& at, std::uint64_t pair) { return ask(at.pairs_storage, fn_pair, number(pair)); }
Request get_liq_threshold(const Contracts& at) { return ask(at.pair_infos, fn_threshold); }
Request get_open_count(const Contracts& at, const Address& trader, std::uint64_t pair) {
    return ask(at.storage, fn_open_count, AbiWriter().address(trader).u256(U256(pair)));
}
Request get_trade(const Contracts& at, const Address& trader, std::uint64_t pair, std::uint64_t index) { return ask(at.storage, fn_trade, place(trader, pair, index)); }
Request get_trade_info(const Contracts& at, const Address& trader, std::uint64_t pair, std::uint64_t index) {
    return ask(at.storage, fn_trade_info, place(trader, pair, index));
}
Request get_max_leverage(const Contracts& at, std::uint64_t pair) { return ask(at.pairs_storage, fn_max_leverage, number(pair)); }
Request get_overnight_max_leverage(const Contracts& at, std::uint64_t pair) { return ask(at.pairs_storage, fn_overnight, number(pair)); }
Request get_last_trade_price(const Contracts& at, std::uint64_t pair) { return ask(at.open_pnl, fn_last_price, number(pair)); }
Request get_pending_funding(const Contracts& at, std::uint64_t pair) { return ask(at.pair_infos, fn_pending_funding, number(pair)); }
Request get_rollover_per_block(const Contracts& at, std::uint64_t pair) { return ask(at.pair_infos, fn_rollover_per_block, number(pair)); }
Request get_liquidation_price(const Contracts& at, const Trade& trade, std::uint64_t max_leverage) {
    return ask(at.pair_infos, fn_liquidation_price,
               place(trade.trader, trade.pair, trade.index).u256(trade.open_price).boolean(trade.is_long).u256(trade.collateral).u256(U256(trade.leverage)).u256(U256(max_leverage)));
}
Request get_liquidation_margin(const Contracts& at, const Trade& trade, std::uint64_t max_leverage) {
    return ask(at.pair_infos, fn_liquidation_margin, AbiWriter().u256(trade.collateral).u256(U256(trade.leverage)).u256(U256(max_leverage)));
}
Request get_rollover_fee(const Contracts& at, const Trade& trade) {
    return ask(at.pair_infos, fn_rollover_fee, place(trade.trader, trade.pair, trade.index).u256(trade.collateral).u256(U256(trade.leverage)));
}
Request get_funding_fee(const Contracts& at, const Trade& trade) {
    return ask(at.pair_infos, fn_funding_fee, place(trade.trader, trade.pair, trade.index).boolean(trade.is_long).u256(trade.collateral).u256(U256(trade.leverage)));
}

}  // namespace margind::adapters::protocols::ostium
