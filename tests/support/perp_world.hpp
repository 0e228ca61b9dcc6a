// The local chain with Perp V2 on it, read on the daemon's own road on one side and by plain eth_calls on the other.
#pragma once

#include "tests/support/chain_process.hpp"
#include "tests/support/venue_road.hpp"

#include <memory>
#include <string>
#include <vector>

namespace margind::tests {

class PerpWorld {
public:
    /// `markets` ("ETH", "BTC") are those that the adapter is told of.
    explicit PerpWorld(const std::vector<std::string>& markets = {"ETH", "BTC"});

    ChainProcess chain;
    /// The collateral tokens and the base tokens ("vETH").
    model::AssetMap assets;
    VenueRoad road;
    const adapters::Adapter& adapter() const { return road.adapter(); }

    model::Address base_token(const std::string& market) const { return chain.address("/perp/base_tokens/" + market); }
    model::Address role(const std::string& name) const;

    /// Traders with WETH as collateral, some with USDC too, in one market or both; the same for the same seed.
    std::vector<model::Address> weth_traders(std::uint64_t seed, std::size_t count) const;

    // On the road.
    model::Result<model::FactsPtr> venue(const model::BlockRef& block) { return road.try_venue(config_, block); }
    model::Result<adapters::AccountReading> account(const model::FactsPtr& venue, const model::Address& owner,
                                                    const model::BlockRef& block);
    model::Result<std::unique_ptr<model::PreparedAccount>> prepared(const model::Address& owner,
                                                                    const model::BlockRef& block);

    // By plain eth_calls; throw when a view reverts.
    /// The figures under the names of the rule's native().
    std::vector<model::NativeFigure> views(const model::Address& owner, const model::BlockRef& block) const;
    model::U256 mark(const std::string& market, const model::BlockRef& block) const;
    /// What liquidate(owner, base) would do in this block: "" when it would go through, else the refusal.
    std::string liquidation_refusal(const model::Address& owner, const model::Address& base,
                                    const model::BlockRef& block) const;
    /// The same of liquidateCollateral(owner, WETH, 0 of it).
    std::string sale_refusal(const model::Address& owner, const model::BlockRef& block) const;
    /// Whether either contract calls the account liquidatable.
    bool liquidatable(const model::Address& owner, const model::BlockRef& block) const;
    std::vector<model::Address> base_tokens_of(const model::Address& owner, const model::BlockRef& block) const;

private:
    /// The words that a contract ("vault") answers about an address.
    std::vector<model::U256> ask(const std::string& contract, std::string_view signature, const model::Address& subject,
                                 const model::BlockRef& block) const;

    /// What the call would do in this block when the liquidator makes it.
    std::string refusal(const model::Address& to, const model::Bytes& data, const model::BlockRef& block) const;

    model::FactsPtr config_;
};

/// One line for each figure that is not the same in both, to the last unit.
std::vector<std::string> differences(const std::vector<model::NativeFigure>& ours,
                                     const std::vector<model::NativeFigure>& chain);

/// Throws when there is none of that name.
const model::NativeFigure& named(const std::vector<model::NativeFigure>& figures, const std::string& name);

}  // namespace margind::tests
