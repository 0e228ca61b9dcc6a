// The contract calls of Morpho Blue and its pre-liquidation contracts, and what their answers mean.
#pragma once

#include "adapters/staged_reading.hpp"
#include "adapters/protocols/morpho_blue/math.hpp"

#include <optional>

namespace margind::adapters::protocols::morpho_blue {

/// The five words whose hash is the market's id.
struct MarketParams {
    model::Address loan_token;
    model::Address collateral_token;
    model::Address oracle;
    /// Zero: a market without interest.
    model::Address irm;
    model::U256 lltv;
};

MarketParams read_market_params(evm::AbiReader& reader);
evm::AbiWriter words_of(const MarketParams& params);
model::Bytes32 id_of(const MarketParams& params);
/// Those of the market's facts.
model::Result<MarketParams> market_params(const model::Facts& facts, const model::Bytes32& market);

/// The six words of market(id).
struct MarketState {
    Totals totals;
    std::uint64_t last_update = 0;
    model::U256 fee;
};

MarketState read_market_state(evm::AbiReader& reader);
evm::AbiWriter words_of(const MarketState& state);

/// liquidate() of more collateral than there can be. It changes nothing: it reverts where the position is healthy, and where it
/// is not, over the amount.
Request liquidation_call(const model::Address& morpho, const MarketParams& params, const model::Address& borrower);
/// preLiquidate(), likewise.
Request pre_liquidation_call(const model::Address& contract, const model::Address& borrower);
/// What the refusal says: whether it could be done. An error where it says neither (an oracle that gives no price).
model::Result<bool> liquidation_verdict(const Reply& reply);
model::Result<bool> pre_liquidation_verdict(const Reply& reply);

}  // namespace margind::adapters::protocols::morpho_blue
