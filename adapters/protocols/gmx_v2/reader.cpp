// GMX's Reader: calls and replies.
#include "adapters/protocols/gmx_v2/reader.hpp"

#include "adapters/evm/abi_reader.hpp"

#include <string>

namespace margind::adapters::protocols::gmx_v2 {

using evm::AbiWriter;
using model::Address;
using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;

namespace {

constexpr std::size_t word = 32;
const std::string prices_type = "((uint256,uint256),(uint256,uint256),(uint256,uint256))";
const evm::Function fn_get_markets("getMarkets(address,uint256,uint256)");
const evm::Function fn_get_position("getPosition(address,bytes32)");
const evm::Function fn_get_account_positions("getAccountPositions(address,address,uint256,uint256)");
const evm::Function fn_infos("getPositionInfoList(address,address,bytes32[]," + prices_type + "[],address)");
const evm::Function fn_market_info("getMarketInfo(address," + prices_type + ",address)");
const evm::Function fn_liquidatable("isPositionLiquidatable(address,address,bytes32,(address,address,address,address)," + prices_type + ",bool,bool)");
const evm::Function fn_oracle_price("getOraclePrice(address,bytes)");
const evm::Function fn_get_uint("getUint(bytes32)");
const evm::Function fn_get_address("getAddress(bytes32)");
const evm::Function fn_address_count("getAddressCount(bytes32)");
const evm::Function fn_bytes32_values("getBytes32ValuesAt(bytes32,uint256,uint256)");

Request ask(const Address& to, const evm::Function& function, const AbiWriter& arguments) { return Call{to, function(arguments), {}, {}, false}; }

AbiWriter words(const MarketPrices& prices) {
    AbiWriter writer;
    for (const Price* price : {&prices.index, &prices.long_token, &prices.short_token}) writer.u256(price->min).u256(price->max);
    return writer;
}

/// An array of static structs: 0x20, its length, and as many words for each. Gives the words of each.
Result<std::size_t> width_of(Bytes reply, std::size_t max_count, const char* what) {
    const auto bad = [&](const std::string& why) { return fail(ErrorCode::decode, std::string(what) + ": " + why); };
    if (reply.size() < 2 * word || reply.size() % word != 0) return bad(std::to_string(reply.size()) + " bytes are no array");
    if (U256::from_big_endian(reply.first<word>()) != U256(word)) return bad("the reply does not begin with an array");
    const U256 count = U256::from_big_endian(reply.subspan(word).first<word>());
    const std::size_t left = reply.size() / word - 2;
    if (count > U256(max_count)) return bad(count.to_decimal() + " elements, more than " + std::to_string(max_count));
    const auto n = static_cast<std::size_t>(count.limbs()[0]);
    if (n == 0) {
        if (left != 0) return bad(std::to_string(left) + " words behind an empty array");
        return std::size_t{0};
    }
    if (left % n != 0) return bad(std::to_string(left) + " words for " + std::to_string(n) + " elements");
    return left / n;
}

std::size_t count_of(Bytes reply) { return static_cast<std::size_t>(U256::from_big_endian(reply.subspan(word).first<word>()).limbs()[0]); }

PositionProps read_position(evm::AbiReader& reader) {
    PositionProps p;
    p.account = reader.address();
    p.market = reader.address();
    p.collateral_token = reader.address();
    p.size_usd = reader.u256();
    p.size_tokens = reader.u256();
    p.collateral_amount = reader.u256();
    p.pending_impact_amount = reader.i256();
    p.borrowing_factor = reader.u256();
    // Funding per size, stored.
    reader.skip(3);
    p.increased_at = reader.u256();
    p.decreased_at = reader.u256();
    p.is_long = reader.boolean();
    return p;
}

/// Numbers of the words are those of the reference (perps.md 1.3).
PositionInfo read_info(evm::AbiReader& reader, std::size_t width) {
    PositionInfo info;
    info.key = reader.bytes32();
    info.position = read_position(reader);
    // 15 to 27: referral and pro.
    reader.skip(13);
    info.funding_fee_amount = reader.u256();
    info.claimable_long = reader.u256();
    info.claimable_short = reader.u256();
    // 31 to 33: latest funding per size.
    reader.skip(3);
    info.borrowing_fee_usd = reader.u256();
    // 35 to 39.
    reader.skip(5);
    info.ui_fee_amount = reader.u256();
    // 41 to 44: liquidation fees, 0 in the Reader.
    reader.skip(4);
    info.collateral_price.min = reader.u256();
    info.collateral_price.max = reader.u256();
    // 47 to 52.
    reader.skip(6);
    info.position_fee_amount = reader.u256();
    info.cost_without_funding = reader.u256();
    info.cost = reader.u256();
    reader.skip(1);
    info.price_impact_usd = reader.i256();
    // 58: execution price, 59: whether the balance was improved.
    reader.skip(2);
    info.pending_impact_usd = reader.i256();
    // 61 and 62: total impact by the ordinary caps.
    reader.skip(2);
    info.base_pnl_usd = reader.i256();
    info.uncapped_base_pnl_usd = reader.i256();
    reader.skip(1 + (width - info_words_v2_2));
    const auto sum = checked_add(info.cost_without_funding, info.funding_fee_amount);
    if (!sum || *sum != info.cost) reader.reject("word 55 is not the sum of words 54 and 28: another layout");
    if (info.collateral_price.min.is_zero() || info.collateral_price.min > info.collateral_price.max) reader.reject("words 45 and 46 are no price");
    return info;
}

}  // namespace

Result<std::vector<PositionProps>> decode_positions(Bytes reply) {
    const Result<std::size_t> width = width_of(reply, max_positions, "getAccountPositions");
    if (!width) return fail(width.error());
    std::vector<PositionProps> all;
    if (*width == 0) return all;
    if (*width != position_words) return fail(ErrorCode::decode, "getAccountPositions: positions of " + std::to_string(*width) + " words");
    evm::AbiReader reader(reply, "getAccountPositions");
    reader.skip(2);
    for (std::size_t i = count_of(reply); i > 0 && reader.error() == nullptr; --i) all.push_back(read_position(reader));
    return reader.finish(std::move(all));
}

Result<PositionProps> decode_position(Bytes reply) {
    if (reply.size() != position_words * word) return fail(ErrorCode::decode, "getPosition: " + std::to_string(reply.size()) + " bytes");
    evm::AbiReader reader(reply, "getPosition");
    PositionProps position = read_position(reader);
    return reader.finish(std::move(position));
}

Result<PositionInfos> decode_position_infos(Bytes reply) {
    const Result<std::size_t> width = width_of(reply, max_positions, "PositionInfo[]");
    if (!width) return fail(width.error());
    PositionInfos infos;
    infos.width = *width;
    if (*width == 0) return infos;
    if (*width != info_words_v2_2 && *width != info_words_v2_2c)
        return fail(ErrorCode::decode, "PositionInfo has " + std::to_string(*width) + " words; 66 and 67 are known: the Reader is of another release");
    evm::AbiReader reader(reply, "PositionInfo[]");
    reader.skip(2);
    for (std::size_t i = count_of(reply); i > 0 && reader.error() == nullptr; --i) infos.all.push_back(read_info(reader, *width));
    return reader.finish(std::move(infos));
}

Result<std::vector<Market>> decode_markets(Bytes reply) {
    const Result<std::size_t> width = width_of(reply, markets_per_page, "getMarkets");
    if (!width) return fail(width.error());
    std::vector<Market> all;
    if (*width == 0) return all;
    if (*width != 4) return fail(ErrorCode::decode, "getMarkets: markets of " + std::to_string(*width) + " words");
    evm::AbiReader reader(reply, "getMarkets");
    reader.skip(2);
    for (std::size_t i = count_of(reply); i > 0 && reader.error() == nullptr; --i) {
        Market market;
        market.token = reader.address();
        market.index_token = reader.address();
        market.long_token = reader.address();
        market.short_token = reader.address();
        all.push_back(market);
    }
    return reader.finish(std::move(all));
}

Result<MarketRates> decode_market_info(Bytes reply, const Address& market) {
    if (reply.size() != 29 * word) return fail(ErrorCode::decode, "getMarketInfo: " + std::to_string(reply.size() / word) + " words instead of 29");
    evm::AbiReader reader(reply, "getMarketInfo");
    MarketRates rates;
    if (reader.address() != market) reader.reject("it is of another market");
    reader.skip(3);
    rates.borrowing_long = reader.u256();
    rates.borrowing_short = reader.u256();
    reader.skip(8);
    rates.longs_pay_shorts = reader.boolean();
    rates.funding = reader.u256();
    reader.skip(12);
    rates.disabled = reader.boolean();
    return reader.finish(std::move(rates));
}

Result<Price> decode_price(Bytes reply, const Address& token) {
    if (reply.size() != 5 * word) return fail(ErrorCode::decode, "getOraclePrice: " + std::to_string(reply.size()) + " bytes instead of 160");
    evm::AbiReader reader(reply, "getOraclePrice");
    if (reader.address() != token) reader.reject("it is of another token");
    Price price;
    price.min = reader.u256();
    price.max = reader.u256();
    if (price.min.is_zero() || price.min > price.max) reader.reject("min " + price.min.to_decimal() + " and max " + price.max.to_decimal());
    return reader.finish(std::move(price));
}

Result<bool> decode_liquidatable(Bytes reply) {
    // 6 words with an empty reason, else 7 or more.
    if (reply.size() < 6 * word || reply.size() % word != 0) return fail(ErrorCode::decode, "isPositionLiquidatable: " + std::to_string(reply.size()) + " bytes");
    evm::AbiReader reader(reply, "isPositionLiquidatable");
    const bool liquidatable = reader.boolean();
    if (reader.u256() != U256(5 * word)) reader.reject("the reason stands elsewhere: another layout");
    return reader.finish(liquidatable);
}

Request get_markets(const Contracts& at, std::uint64_t from) {
    return ask(at.reader, fn_get_markets, AbiWriter().address(at.data_store).u256(U256(from)).u256(U256(from + markets_per_page)));
}
Request get_position(const Contracts& at, const model::Bytes32& key) { return ask(at.reader, fn_get_position, AbiWriter().address(at.data_store).bytes32(key)); }
Request get_account_positions(const Contracts& at, const Address& account, std::uint64_t end) {
    return ask(at.reader, fn_get_account_positions, AbiWriter().address(at.data_store).address(account).u256(U256(0)).u256(U256(end)));
}
Request get_position_info(const Contracts& at, const model::Bytes32& key, const MarketPrices& prices) {
    return ask(at.reader, fn_infos,
               AbiWriter().address(at.data_store).address(at.referral_storage).array(1, AbiWriter().bytes32(key)).array(1, AbiWriter().tuple(words(prices))).address(Address{}));
}
Request get_market_info(const Contracts& at, const MarketPrices& prices, const Address& market) {
    return ask(at.reader, fn_market_info, AbiWriter().address(at.data_store).tuple(words(prices)).address(market));
}
Request is_position_liquidatable(const Contracts& at, const model::Bytes32& key, const Market& market, const MarketPrices& prices) {
    const AbiWriter props = AbiWriter().address(market.token).address(market.index_token).address(market.long_token).address(market.short_token);
    return ask(at.reader, fn_liquidatable,
               AbiWriter().address(at.data_store).address(at.referral_storage).bytes32(key).tuple(props).tuple(words(prices)).boolean(true).boolean(true));
}
Request get_oracle_price(const Contracts& at, const Address& token) { return ask(at.price_provider, fn_oracle_price, AbiWriter().address(token).bytes({})); }
Request get_uint(const Contracts& at, const model::Bytes32& key) { return ask(at.data_store, fn_get_uint, AbiWriter().bytes32(key)); }
Request get_address(const Contracts& at, const model::Bytes32& key) { return ask(at.data_store, fn_get_address, AbiWriter().bytes32(key)); }
Request get_address_count(const Contracts& at, const model::Bytes32& key) { return ask(at.data_store, fn_address_count, AbiWriter().bytes32(key)); }
Request get_first_bytes32(const Contracts& at, const model::Bytes32& key) {
    return ask(at.data_store, fn_bytes32_values, AbiWriter().bytes32(key).u256(U256(0)).u256(U256(1)));
}

}  // namespace margind::adapters::protocols::gmx_v2
