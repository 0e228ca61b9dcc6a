// The contract calls of Morpho Blue and what their answers mean.
#include "adapters/protocols/morpho_blue/calls.hpp"

#include "adapters/protocols/morpho_blue/facts.hpp"
#include "risk/model/keccak.hpp"

#include <array>

namespace margind::adapters::protocols::morpho_blue {

using model::Bytes;
using model::Result;
using model::U256;

namespace {

const evm::Function liquidate("liquidate((address,address,address,address,uint256),address,uint256,uint256,bytes)");
const evm::Function pre_liquidate("preLiquidate(address,uint256,uint256,bytes)");
const evm::Function error_string("Error(string)");
const evm::Function panic("Panic(uint256)");

std::string selector_text(std::string_view signature) { return model::to_hex(evm::Function(signature).selector()); }

/// Revert payloads in hex, as they stand in the error of a call.
const std::string& healthy_position() {
    static const std::string text = model::to_hex(error_string(evm::AbiWriter().string("position is healthy")));
    return text;
}
/// The product of the amount and the price passes 256 bits.
const std::string& overflow() {
    static const std::string text = model::to_hex(panic(evm::AbiWriter().u256(U256(0x11))));
    return text;
}
/// Where the price is 0 nothing overflows, and the amount is refused when it is taken off.
const std::string& above_128_bits() {
    static const std::string text = model::to_hex(error_string(evm::AbiWriter().string("max uint128 exceeded")));
    return text;
}

struct Words {
    std::vector<std::string> yes;
    std::vector<std::string> no;
};

Result<bool> verdict(const Reply& reply, const Words& words, const char* what) {
    if (reply) return model::fail(model::ErrorCode::decode, std::string(what) + " of an impossible amount did not revert");
    const model::Error& error = reply.error();
    if (error.code != model::ErrorCode::reverted) return model::fail(error);
    const auto said = [&](const std::string& payload) { return error.message.find(payload) != std::string::npos; };
    for (const std::string& payload : words.no)
        if (said(payload)) return false;
    for (const std::string& payload : words.yes)
        if (said(payload)) return true;
    return model::fail(error.code, std::string(what) + ": " + error.message, error.retry);
}

}  // namespace

MarketParams read_market_params(evm::AbiReader& reader) {
    MarketParams params;
    params.loan_token = reader.address();
    params.collateral_token = reader.address();
    params.oracle = reader.address();
    params.irm = reader.address();
    params.lltv = reader.u256();
    return params;
}

evm::AbiWriter words_of(const MarketParams& params) {
    return evm::AbiWriter().address(params.loan_token).address(params.collateral_token).address(params.oracle).address(params.irm).u256(params.lltv);
}

model::Bytes32 id_of(const MarketParams& params) { return model::keccak256(words_of(params).encoded()); }

Result<MarketParams> market_params(const model::Facts& facts, const model::Bytes32& market) {
    MarketParams params;
    for (const auto& [field, address] : {std::pair{"loan_token", &params.loan_token}, std::pair{"collateral_token", &params.collateral_token},
                                         std::pair{"oracle", &params.oracle}, std::pair{"irm", &params.irm}}) {
        const Result<model::Address> found = facts.address(market_fact(market, field));
        if (!found) return model::fail(found.error());
        *address = *found;
    }
    const Result<U256> lltv = facts.u256(market_fact(market, "lltv"));
    if (!lltv) return model::fail(lltv.error());
    params.lltv = *lltv;
    return params;
}

MarketState read_market_state(evm::AbiReader& reader) {
    MarketState state;
    state.totals.supply_assets = reader.uint(128);
    state.totals.supply_shares = reader.uint(128);
    state.totals.borrow_assets = reader.uint(128);
    state.totals.borrow_shares = reader.uint(128);
    state.last_update = reader.u64();
    state.fee = reader.uint(128);
    return state;
}

evm::AbiWriter words_of(const MarketState& state) {
    return evm::AbiWriter()
        .u256(state.totals.supply_assets)
        .u256(state.totals.supply_shares)
        .u256(state.totals.borrow_assets)
        .u256(state.totals.borrow_shares)
        .u256(U256(state.last_update))
        .u256(state.fee);
}

Request liquidation_call(const model::Address& morpho, const MarketParams& params, const model::Address& borrower) {
    return call_of(morpho, liquidate, evm::AbiWriter().tuple(words_of(params)).address(borrower).u256(U256::max()).u256(U256{}).bytes({}));
}

Request pre_liquidation_call(const model::Address& contract, const model::Address& borrower) {
    return call_of(contract, pre_liquidate, evm::AbiWriter().address(borrower).u256(U256::max()).u256(U256{}).bytes({}));
}

Result<bool> liquidation_verdict(const Reply& reply) {
    static const Words words{{overflow(), above_128_bits()}, {healthy_position()}};
    return verdict(reply, words, "liquidate");
}

Result<bool> pre_liquidation_verdict(const Reply& reply) {
    static const Words words{{overflow()},
                             {"(" + selector_text("NotPreLiquidatablePosition()") + ")", "(" + selector_text("LiquidatablePosition()") + ")"}};
    return verdict(reply, words, "preLiquidate");
}

}  // namespace margind::adapters::protocols::morpho_blue
