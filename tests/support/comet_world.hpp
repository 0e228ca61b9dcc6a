// One of the local chain's comets (doubles: tests/chain/contracts/compound), read on the daemon's own road on one side and by plain
// eth_calls on the other.
#pragma once

#include "tests/support/chain_process.hpp"
#include "tests/support/venue_road.hpp"

#include <memory>
#include <string>
#include <vector>

namespace margind::tests {

struct CometAccount {
    model::Address owner;
    std::string kind;
    model::FactsPtr facts;
};

class CometWorld {
public:
    /// `on`, a chain with compound, must outlive it; `token` is the symbol of the comet's base token.
    CometWorld(const ChainProcess& on, const std::string& token);

    const ChainProcess& chain;
    std::string base;
    model::Address comet;
    model::AssetMap assets;
    VenueRoad road;

    /// On this comet; `fields` is a JSON object as text.
    nlohmann::json verb(const std::string& name, const std::string& fields) const;
    void set_price(const std::string& symbol, const model::U256& answer, std::int64_t at = 0) const;
    /// Those that hold something.
    std::vector<CometAccount> random_accounts(int seed, int count);
    std::unique_ptr<model::PreparedAccount> prepare(const model::FactsPtr& venue, const CometAccount& account) const;

    // By plain eth_calls.
    /// balanceOf, borrowBalanceOf, isLiquidatable, isBorrowCollateralized.
    std::vector<model::U256> views(const model::Address& owner, const model::BlockRef& block) const;
    /// Whether absorb() would take the account in this block; another refusal than NotLiquidatable() fails the test.
    bool absorbs(const model::Address& owner, const model::BlockRef& block) const;
};

}  // namespace margind::tests
