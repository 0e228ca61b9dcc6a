// What is searched for on the whole chain: the markets of an owner, and pre-liquidation contracts.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/protocols/morpho_blue/market_facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"

#include <span>
#include <vector>

namespace margind::adapters::protocols::morpho_blue {

/// Who has a position supplied or posted something first.
std::vector<Search> owner_searches(const Scope& scope, const model::Address& owner);
/// What the factories made.
std::vector<Search> shared_searches(const Scope& scope);

/// The markets that such logs name, sorted.
std::vector<model::Bytes32> markets_in(std::span<const Log> logs);

struct FoundPreLiquidation {
    model::Address contract;
    model::Bytes32 market;
    PreLiquidationParams params;
};

/// A log that is no CreatePreLiquidation is left out.
std::vector<FoundPreLiquidation> pre_liquidations_in(std::span<const Log> logs);

}  // namespace margind::adapters::protocols::morpho_blue
