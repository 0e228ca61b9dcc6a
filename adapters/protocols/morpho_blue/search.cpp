// What is searched for on the whole chain.
#include "adapters/protocols/morpho_blue/search.hpp"

#include "adapters/evm/topic.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>

namespace margind::adapters::protocols::morpho_blue {

using model::Address;
using model::Bytes32;

namespace {

const Bytes32 supply = model::keccak256("Supply(bytes32,address,address,uint256,uint256)");
const Bytes32 supply_collateral = model::keccak256("SupplyCollateral(bytes32,address,address,uint256)");
const Bytes32 create_pre_liquidation =
    model::keccak256("CreatePreLiquidation(address,bytes32,(uint256,uint256,uint256,uint256,uint256,address))");

/// As configured; else in which block the known deployments were made (npm @morpho-org/morpho-ts 2.8.0), and 0 elsewhere.
std::uint64_t first_block(const Scope& scope) {
    if (scope.from_block > 0) return scope.from_block;
    switch (scope.chain.value) {
        case 1: return 18'883'124;
        case 10: return 130'770'075;
        case 8453: return 13'977'148;
        case 42161: return 296'446'593;
        default: return 0;
    }
}

}  // namespace

std::vector<Search> owner_searches(const Scope& scope, const Address& owner) {
    Search search;
    search.filter.addresses = {scope.morpho};
    search.filter.topics = {{supply, supply_collateral}, {}, {}, {evm::topic_of(owner)}};
    search.from_block = first_block(scope);
    return {search};
}

std::vector<Search> shared_searches(const Scope& scope) {
    if (scope.pre_liquidation_factories.empty()) return {};
    Search search;
    search.filter.addresses = scope.pre_liquidation_factories;
    search.filter.topics = {{create_pre_liquidation}};
    search.from_block = first_block(scope);
    return {search};
}

std::vector<Bytes32> markets_in(std::span<const Log> logs) {
    std::vector<Bytes32> markets;
    for (const Log& log : logs)
        if (log.topics.size() > 1 && (log.topics[0] == supply || log.topics[0] == supply_collateral)) markets.push_back(log.topics[1]);
    std::sort(markets.begin(), markets.end());
    markets.erase(std::unique(markets.begin(), markets.end()), markets.end());
    return markets;
}

std::vector<FoundPreLiquidation> pre_liquidations_in(std::span<const Log> logs) {
    std::vector<FoundPreLiquidation> found;
    for (const Log& log : logs) {
        if (log.topics.size() < 2 || log.topics[0] != create_pre_liquidation) continue;
        FoundPreLiquidation one;
        one.contract = evm::address_in(log.topics[1]);
        evm::AbiReader reader(log.data, "CreatePreLiquidation");
        one.market = reader.bytes32();
        one.params = read_pre_liquidation_params(reader);
        if (reader.error() == nullptr) found.push_back(std::move(one));
    }
    return found;
}

}  // namespace margind::adapters::protocols::morpho_blue
