// How the parameters of markets and pre-liquidation contracts become facts.
#include "adapters/protocols/morpho_blue/market_facts.hpp"

#include "adapters/protocols/morpho_blue/facts.hpp"

namespace margind::adapters::protocols::morpho_blue {

using model::U256;

namespace {

const evm::Function decimals_of("decimals()");

}  // namespace

PreLiquidationParams read_pre_liquidation_params(evm::AbiReader& reader) {
    PreLiquidationParams params;
    for (U256& value : params.values) value = reader.u256();
    params.oracle = reader.address();
    return params;
}

void add_market(model::FactsBuilder& facts, const model::Bytes32& market, const MarketParams& params) {
    facts.add(market_fact(market, "loan_token"), params.loan_token);
    facts.add(market_fact(market, "collateral_token"), params.collateral_token);
    facts.add(market_fact(market, "oracle"), params.oracle);
    facts.add(market_fact(market, "irm"), params.irm);
    facts.add(market_fact(market, "lltv"), params.lltv);
}

std::vector<Request> decimals_calls(const MarketParams& params) {
    return {call_of(params.loan_token, decimals_of), call_of(params.collateral_token, decimals_of)};
}

void add_decimals(model::FactsBuilder& facts, const model::Bytes32& market, std::span<const Reply> replies) {
    for (const auto& [k, field] : {std::pair{std::size_t{0}, "loan_decimals"}, std::pair{std::size_t{1}, "collateral_decimals"}}) {
        const model::Result<U256> decimals = decoded(replies[k], field, u256_value);
        if (decimals && *decimals <= U256(model::max_decimals))
            facts.add(market_fact(market, field), *decimals);
        else
            facts.add(market_fact(market, std::string(field) + "_refused"),
                      text_fact(decimals ? "decimals() is " + decimals->to_decimal() : decimals.error().message));
    }
}

void add_pre_liquidation(model::FactsBuilder& facts, const model::Address& contract, const model::Bytes32& market,
                         const PreLiquidationParams& params) {
    facts.add(pre_liquidation_fact(contract, "market"), market);
    for (std::size_t i = 0; i < params.values.size(); ++i)
        facts.add(pre_liquidation_fact(contract, PreLiquidationParams::fields[i]), params.values[i]);
    facts.add(pre_liquidation_fact(contract, "oracle"), params.oracle);
}

}  // namespace margind::adapters::protocols::morpho_blue
