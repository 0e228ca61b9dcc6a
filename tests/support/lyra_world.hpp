// Lyra Avalon on a local chain with random positions, and the contracts' own answers by raw eth_call, without our client and codec.
#pragma once

#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "tests/support/venue_road.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::tests {

/// One option position as its token lists it.
struct LyraPosition {
    std::string market;
    model::Address owner;
    std::string kind;
    model::U256 id;
    model::U256 strike;
    std::uint64_t type = 0;
    model::U256 amount;
    model::U256 collateral;
    model::U256 strike_price;
    model::U256 board;
    model::U256 expiry;
    /// AccountKey::sub of it.
    std::string sub() const { return "s" + market + "/" + id.to_decimal(); }
};

/// A position with our facts of it.
struct HeldOption {
    LyraPosition position;
    model::FactsPtr facts;
    std::vector<model::NativeFigure> views;
};

class LyraWorld {
public:
    explicit LyraWorld(const std::vector<std::string>& options = {"--with", "lyra"});

    const ChainProcess& chain() const { return chain_; }
    VenueRoad& road() { return road_; }
    const model::AssetMap& assets() const { return assets_; }
    nlohmann::json verb(const char* name, std::initializer_list<std::pair<const char*, nlohmann::json>> fields) const;
    model::Address contract(const std::string& market, const char* name) const;
    std::vector<std::string> markets() const { return {"BTC", "ETH"}; }

    /// Owners of random accounts; those that positions were moved to are among them.
    std::vector<model::Address> make_accounts(int seed, int count);
    /// What the option tokens list for an owner.
    std::vector<LyraPosition> positions_of(const model::Address& owner, const model::BlockRef& block) const;
    /// Facts by the adapter; fails the test where they hold other positions than the tokens list.
    std::vector<HeldOption> read(const model::FactsPtr& venue, const std::vector<model::Address>& owners, const model::BlockRef& block);
    std::unique_ptr<model::PreparedAccount> prepare(const model::FactsPtr& venue, const model::FactsPtr& account) const;

    /// The words of a call at a block; empty: it reverts.
    std::optional<std::vector<model::U256>> ask(const model::Address& to, const char* signature, const std::vector<model::U256>& words,
                                                const model::BlockRef& block) const;
    model::U256 spot(const std::string& market, const model::BlockRef& block) const;
    std::optional<model::U256> min_collateral(const LyraPosition& position, const model::U256& spot, const model::BlockRef& block) const;
    bool can_liquidate(const LyraPosition& position, const model::U256& spot, const model::BlockRef& block) const;
    /// TestBlackScholes.pricesDeltaStdVega_pub: call, put, their deltas, vega, stdVega.
    std::optional<std::vector<model::U256>> black_scholes(const model::U256& seconds, const model::U256& vol, const model::U256& spot,
                                                          const model::U256& strike, const model::U256& rate, const model::BlockRef& block) const;
    /// The liquidation sent by a liquidator as a static call: empty where it goes through, else the error's selector "0x…".
    std::string liquidation_refusal(const LyraPosition& position, const model::BlockRef& block) const;

private:
    ChainProcess chain_;
    VenueRoad road_;
    model::AssetMap assets_;
};

/// Selectors of liquidatePosition's refusals.
std::string selector_of(const char* error);
/// OptionToken's: the position has enough.
std::string not_liquidatable();

}  // namespace margind::tests
