// The diamond of gTrade: calls and replies.
#include "adapters/protocols/gtrade/contracts.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

namespace margind::adapters::protocols::gtrade {

using evm::AbiReader;
using evm::AbiWriter;
using model::Address;
using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

constexpr std::size_t word = 32;
constexpr std::size_t trade_words = 15;
constexpr std::size_t info_words = 9;
constexpr std::size_t params_words = 5;
constexpr std::size_t fees_words = 8;

const evm::Function fn_trades("getTrades(address)");
const evm::Function fn_trade_infos("getTradeInfos(address)");
const evm::Function fn_trades_params("getTradesLiquidationParams(address)");
const evm::Function fn_trade("getTrade(address,uint32)");
const evm::Function fn_trade_info("getTradeInfo(address,uint32)");
const evm::Function fn_trade_params("getTradeLiquidationParams(address,uint32)");
const evm::Function fn_collaterals("getCollaterals()");
const evm::Function fn_collateral_price("getCollateralPriceUsd(uint8)");
const evm::Function fn_activated("getTradingActivated()");
const evm::Function fn_pairs_count("pairsCount()");
const evm::Function fn_pair("pairs(uint256)");
const evm::Function fn_fees_data("getTradeFeesDataArray(address[],uint32[])");
const evm::Function fn_holding_fees("getTradePendingHoldingFeesCollateral(address,uint32,uint64)");
const evm::Function fn_liquidation_price(
    "getTradeLiquidationPrice((uint8,address,uint16,uint32,uint64,bool,uint256,uint256,int256,(uint40,uint40,uint40,uint24,uint24),uint64,bool,uint256,bool))");
const evm::Function fn_spread("pairSpreadP(address,uint256)");
const evm::Function fn_size_fee("pairTotalPositionSizeFeeP(uint256)");
const evm::Function fn_min_size("pairMinPositionSizeUsd(uint256)");
const evm::Function fn_max_leverage("pairMaxLeverage(uint256)");
const evm::Function fn_borrowing("getPairBorrowingFeeParams(uint8[],uint16[])");
const evm::Function fn_funding("getPairFundingFeeData(uint8[],uint16[])");
const evm::Function fn_counter("getPairCounterTradeFeeRateMultiplier(uint16)");

Request ask(const Address& to, const evm::Function& function, const AbiWriter& arguments = {}) { return Call{to, function(arguments), {}, {}, false}; }
AbiWriter number(std::uint64_t value) { return AbiWriter().u256(U256(value)); }
AbiWriter place(const Address& user, std::uint64_t index) { return AbiWriter().address(user).u256(U256(index)); }
/// Two arrays of one each.
AbiWriter one_each(const AbiWriter& a, const AbiWriter& b) { return AbiWriter().array(1, a).array(1, b); }

/// An array of static structs of `words` each, of at most `most`; `read(reader)` for each.
template <class F>
auto array_of(Bytes reply, std::size_t words, std::size_t most, const char* what, F read) -> Result<std::vector<decltype(read(std::declval<AbiReader&>()))>> {
    AbiReader reader(reply, what);
    auto all = reader.array(most, read);
    if (reader.error() == nullptr && reply.size() != (2 + all.size() * words) * word)
        reader.reject(std::to_string(reply.size()) + " bytes for " + std::to_string(all.size()) + " elements: another layout");
    return reader.finish(std::move(all));
}

/// The only element of such an array.
template <class F>
auto one_of(Bytes reply, std::size_t words, const char* what, F read) -> Result<decltype(read(std::declval<AbiReader&>()))> {
    auto all = array_of(reply, words, 1, what, read);
    if (!all) return fail(all.error());
    if (all->size() != 1) return fail(ErrorCode::decode, std::string(what) + ": nothing for what was asked for");
    return std::move(all->front());
}

Trade read_trade(AbiReader& reader) {
    Trade trade;
    trade.user = reader.address();
    trade.index = reader.u64(32);
    trade.pair = reader.u64(16);
    trade.leverage = reader.u64(24);
    trade.is_long = reader.boolean();
    trade.is_open = reader.boolean();
    trade.collateral = reader.u64(8);
    trade.type = reader.u64(8);
    trade.collateral_amount = reader.uint(120);
    trade.open_price = reader.uint(64);
    // Take profit and stop loss.
    reader.u64(64);
    reader.u64(64);
    trade.is_counter_trade = reader.boolean();
    reader.uint(160);
    reader.skip(1);
    return trade;
}

LiquidationParams read_params(AbiReader& reader) {
    LiquidationParams params;
    params.max_liq_spread = reader.u64(40);
    params.start_threshold = reader.u64(40);
    params.end_threshold = reader.u64(40);
    params.start_leverage = reader.u64(24);
    params.end_leverage = reader.u64(24);
    return params;
}

}  // namespace

Result<std::vector<Trade>> decode_trades(Bytes reply) { return array_of(reply, trade_words, most_trades, "getTrades", read_trade); }

Result<std::vector<std::uint64_t>> decode_versions(Bytes reply) {
    return array_of(reply, info_words, most_trades, "getTradeInfos", [](AbiReader& reader) {
        // Blocks of making and of changes, slippage, time and price at opening.
        for (int i = 0; i < 3; ++i) reader.u64(32);
        reader.u64(16);
        reader.u64(48);
        reader.u64(48);
        const std::uint64_t version = reader.u64(8);
        reader.u64(32);
        reader.skip(1);
        return version;
    });
}

Result<std::vector<LiquidationParams>> decode_liquidation_params(Bytes reply) {
    return array_of(reply, params_words, most_trades, "getTradesLiquidationParams", read_params);
}

Result<std::vector<Collateral>> decode_collaterals(Bytes reply) {
    return array_of(reply, 5, most_collaterals, "getCollaterals", [](AbiReader& reader) {
        Collateral collateral;
        collateral.token = reader.address();
        reader.boolean();
        reader.skip(1);
        const U256 precision = reader.uint(128);
        const U256 delta = reader.uint(128);
        while (collateral.decimals < 18 && U256::pow10(static_cast<unsigned>(collateral.decimals)) != precision) ++collateral.decimals;
        if (precision != U256::pow10(static_cast<unsigned>(collateral.decimals)) || delta != U256::pow10(18 - static_cast<unsigned>(collateral.decimals)))
            reader.reject("a precision of " + precision.to_decimal() + " and " + delta.to_decimal());
        return collateral;
    });
}

Result<FeesData> decode_fees_data(Bytes reply) {
    return one_of(reply, fees_words, "getTradeFeesDataArray", [](AbiReader& reader) {
        FeesData data;
        data.realized_trading_fees = reader.uint(128);
        data.realized_pnl = reader.sint(128);
        reader.skip(4);
        reader.sint(128);
        reader.uint(128);
        return data;
    });
}

Result<I256> decode_holding_fees(Bytes reply) {
    const Result<void> width = check_width(reply, 4, "getTradePendingHoldingFeesCollateral");
    if (!width) return fail(width.error());
    AbiReader reader(reply, "getTradePendingHoldingFeesCollateral");
    const I256 funding = reader.sint(160);
    const U256 borrowing = reader.uint(160);
    const U256 borrowing_before = reader.uint(160);
    const I256 total = reader.sint(168);
    const auto costs = checked_add(borrowing, borrowing_before);
    const auto signed_costs = costs ? I256::from(*costs) : std::nullopt;
    const auto sum = signed_costs ? checked_add(funding, *signed_costs) : std::nullopt;
    if (!sum || *sum != total) reader.reject("the last word is not the sum of the others: another layout");
    return reader.finish(total);
}

Result<std::string> decode_pair_name(Bytes reply) {
    AbiReader reader(reply, "pairs");
    AbiReader pair = reader.tuple();
    const std::string from(pair.string());
    const std::string to(pair.string());
    if (from.empty() || to.empty() || from.size() + to.size() > 64) reader.reject("no names of a pair");
    return reader.finish(from + '/' + to);
}

Result<U256> decode_borrowing_rate(Bytes reply) {
    return one_of(reply, 2, "getPairBorrowingFeeParams", [](AbiReader& reader) {
        const U256 rate = reader.uint(24);
        reader.skip(1);
        return rate;
    });
}

Result<I256> decode_funding_rate(Bytes reply) {
    return one_of(reply, 5, "getPairFundingFeeData", [](AbiReader& reader) {
        reader.sint(128);
        reader.sint(128);
        const I256 rate = reader.sint(56);
        reader.u64(32);
        reader.skip(1);
        return rate;
    });
}

Result<U256> decode_number(Bytes reply, const char* what, unsigned bits) {
    const Result<void> width = check_width(reply, 1, what);
    if (!width) return fail(width.error());
    AbiReader reader(reply, what);
    const U256 value = reader.uint(bits);
    return reader.finish(value);
}

Result<void> check_width(Bytes reply, std::size_t words, const char* what) {
    if (reply.size() == words * word) return {};
    return fail(ErrorCode::decode, std::string(what) + ": " + std::to_string(reply.size()) + " bytes instead of " + std::to_string(words * word));
}

Request get_trades(const Address& diamond, const Address& user) { return ask(diamond, fn_trades, AbiWriter().address(user)); }
Request get_trade_infos(const Address& diamond, const Address& user) { return ask(diamond, fn_trade_infos, AbiWriter().address(user)); }
Request get_trades_liquidation_params(const Address& diamond, const Address& user) { return ask(diamond, fn_trades_params, AbiWriter().address(user)); }
Request get_trade(const Address& diamond, const Address& user, std::uint64_t index) { return ask(diamond, fn_trade, place(user, index)); }
Request get_trade_info(const Address& diamond, const Address& user, std::uint64_t index) { return ask(diamond, fn_trade_info, place(user, index)); }
Request get_trade_liquidation_params(const Address& diamond, const Address& user, std::uint64_t index) { return ask(diamond, fn_trade_params, place(user, index)); }
Request get_collaterals(const Address& diamond) { return ask(diamond, fn_collaterals); }
Request get_collateral_price(const Address& diamond, std::uint64_t collateral) { return ask(diamond, fn_collateral_price, number(collateral)); }
Request get_trading_activated(const Address& diamond) { return ask(diamond, fn_activated); }
Request get_pairs_count(const Address& diamond) { return ask(diamond, fn_pairs_count); }
Request get_pair(const Address& diamond, std::uint64_t pair) { return ask(diamond, fn_pair, number(pair)); }
Request get_fees_data(const Address& diamond, const Trade& trade) { return ask(diamond, fn_fees_data, one_each(AbiWriter().address(trade.user), number(trade.index))); }
Request get_holding_fees(const Address& diamond, const Trade& trade, const U256& price) {
    return ask(diamond, fn_holding_fees, place(trade.user, trade.index).u256(price));
}
Request get_liquidation_price(const Address& diamond, const Trade& trade, const LiquidationParams& params, const U256& price) {
    AbiWriter input;
    input.u256(U256(trade.collateral)).address(trade.user).u256(U256(trade.pair)).u256(U256(trade.index)).u256(trade.open_price).boolean(trade.is_long);
    input.u256(trade.collateral_amount).u256(U256(trade.leverage)).i256(I256());
    for (const std::uint64_t one : {params.max_liq_spread, params.start_threshold, params.end_threshold, params.start_leverage, params.end_leverage}) input.u256(U256(one));
    // The whole trade, which was opened.
    return ask(diamond, fn_liquidation_price, input.u256(price).boolean(trade.is_counter_trade).u256(U256::pow10(18)).boolean(false));
}
Request get_pair_spread(const Address& diamond, const Trade& trade) { return ask(diamond, fn_spread, place(trade.user, trade.pair)); }
Request get_position_size_fee(const Address& diamond, std::uint64_t pair) { return ask(diamond, fn_size_fee, number(pair)); }
Request get_min_position_size(const Address& diamond, std::uint64_t pair) { return ask(diamond, fn_min_size, number(pair)); }
Request get_max_leverage(const Address& diamond, std::uint64_t pair) { return ask(diamond, fn_max_leverage, number(pair)); }
Request get_borrowing_rate(const Address& diamond, const Trade& trade) { return ask(diamond, fn_borrowing, one_each(number(trade.collateral), number(trade.pair))); }
Request get_funding_rate(const Address& diamond, const Trade& trade) { return ask(diamond, fn_funding, one_each(number(trade.collateral), number(trade.pair))); }
Request get_counter_trade_multiplier(const Address& diamond, std::uint64_t pair) { return ask(diamond, fn_counter, number(pair)); }

}  // namespace margind::adapters::protocols::gtrade
