// How the parameters of markets and pre-liquidation contracts, which never change, become facts.
#pragma once

#include "adapters/protocols/morpho_blue/calls.hpp"
#include "risk/model/facts.hpp"

#include <array>
#include <string_view>

namespace margind::adapters::protocols::morpho_blue {

/// What preLiquidationParams() answers and CreatePreLiquidation says, in the order of the struct.
struct PreLiquidationParams {
    static constexpr std::array<std::string_view, 5> fields{"pre_lltv", "close_factor_1", "close_factor_2", "incentive_1", "incentive_2"};
    std::array<model::U256, fields.size()> values;
    model::Address oracle;
};

PreLiquidationParams read_pre_liquidation_params(evm::AbiReader& reader);

void add_market(model::FactsBuilder& facts, const model::Bytes32& market, const MarketParams& params);
/// A token that does not tell its decimals makes the accounts of its markets unknown, and nothing else. `replies`: of the loan token
/// and of the collateral.
void add_decimals(model::FactsBuilder& facts, const model::Bytes32& market, std::span<const Reply> replies);
std::vector<Request> decimals_calls(const MarketParams& params);
void add_pre_liquidation(model::FactsBuilder& facts, const model::Address& contract, const model::Bytes32& market,
                         const PreLiquidationParams& params);

}  // namespace margind::adapters::protocols::morpho_blue
