// The local chain with Morpho Blue on it, read on the daemon's own road on one side and by plain eth_calls on the other.
#pragma once

#include "tests/support/chain_process.hpp"
#include "tests/support/venue_road.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::tests {

struct MorphoMarket {
    /// "WETH/USDC".
    std::string name;
    model::Bytes32 id;
    std::string collateral;
    std::string loan;
    model::Address oracle;
    /// Loan token, collateral token, oracle, rate model, limit.
    std::vector<model::U256> params;
    /// Zero where there is none.
    model::Address pre_liquidation;
};

/// One position of one owner.
struct MorphoAccount {
    model::Address owner;
    std::string kind;
    const MorphoMarket* market = nullptr;
    model::FactsPtr facts;
    std::vector<model::NativeFigure> views;
};

class MorphoWorld {
public:
    MorphoWorld();

    ChainProcess chain;
    std::vector<MorphoMarket> markets;
    model::AssetMap assets;
    VenueRoad road;

    /// A verb's answer; `fields` is a JSON object as text.
    nlohmann::json verb(const std::string& name, const std::string& fields = "{}") const;
    /// "" when the verb went through, else why not.
    std::string refusal(const std::string& name, const std::string& fields) const;

    /// Makes accounts by the verb random_morpho and reads them all; throws when one could not be read.
    std::vector<MorphoAccount> random_accounts(int seed, int count);
    std::vector<model::Address> owners(int seed, int count, std::vector<std::string>& kinds) const;
    /// Those of the readings, by owner.
    std::vector<MorphoAccount> accounts_of(const std::vector<model::Address>& owners, const std::vector<std::string>& kinds,
                                           const model::FactsPtr& venue, const model::BlockRef& block);
    const MorphoMarket& market(const std::string& name) const;
    std::unique_ptr<model::PreparedAccount> prepare(const model::FactsPtr& venue, const model::FactsPtr& account) const;

    // By plain eth_calls.
    /// What liquidate() of one unit of collateral says: that the position is healthy or (past that check) anything else; empty
    /// where the oracle refuses.
    std::optional<bool> liquidatable(const MorphoAccount& account, const model::BlockRef& block) const;
    /// Likewise preLiquidate() of the market's contract; false where the owner did not authorise it.
    std::optional<bool> pre_liquidatable(const MorphoAccount& account, const model::BlockRef& block) const;
    /// What is owed, from the words that Morpho itself has stored after accrueInterest() in a block of `block`'s own time, which
    /// then is undone: ceil(shares x (assets + 1) / (all shares + 10^6)).
    model::U256 borrowed_after_accrual(const MorphoAccount& account, const model::BlockRef& block) const;

    /// From the next block on a contract in the oracle's place answers `price`, or refuses where there is none.
    void replace_oracle(const model::Address& oracle, const std::optional<model::U256>& price) const;

private:
    /// "" when it went through, else the error as the node gives it.
    std::string call_refusal(const model::Address& to, const model::Bytes& data, const model::BlockRef& block) const;
};

/// The value of a figure; throws when there is none.
model::I256 figure(const std::vector<model::NativeFigure>& figures, const std::string& name);
bool has_figure(const std::vector<model::NativeFigure>& figures, const std::string& name);

}  // namespace margind::tests
