// An Aave pool of a local chain with random accounts, and the comparison of our figures with the pool's own.
#pragma once

#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

/// A JSON object.
nlohmann::json object(std::initializer_list<std::pair<const char*, nlohmann::json>> fields);

/// Where our figures differ from the pool's six words; by hand, so that nothing of the adapter stands on both sides.
std::vector<std::string> differences(const std::vector<model::NativeFigure>& ours, const std::array<model::U256, 6>& pool);

/// `facts` is null for one with nothing at the venue.
struct AaveAccount {
    model::Address owner;
    std::string kind;
    model::FactsPtr facts;
};

class AaveTruth : public testing::Test {
protected:
    explicit AaveTruth(AaveMarket market = aave_30) : market_(std::move(market)) {}

    AaveMarket market_;
    ChainProcess chain_{market_.options};
    VenueRoad road_ = aave_road(chain_, market_);
    model::AssetMap assets_ = chain_assets(chain_, market_);
    int checks_ = 0;
    int differences_ = 0;

    void make_accounts(int seed, int count, std::vector<AaveAccount>& accounts);
    /// Reads every account's facts at `block`, and holds the views that come with them against the pool.
    void read_facts(std::vector<AaveAccount>& accounts, const model::FactsPtr& venue, const model::BlockRef& block);
    /// Null after a failure.
    std::unique_ptr<model::PreparedAccount> prepare(const model::FactsPtr& venue, const model::FactsPtr& account);
    void expect_same(const std::vector<model::NativeFigure>& ours, const std::array<model::U256, 6>& pool, const std::string& what);
    /// Figures from `venue` and each account's stored facts against the pool at `block`; at the venue's prices and time, or
    /// at those of `priced_by` and `offset` seconds later.
    void compare(const std::vector<AaveAccount>& accounts, const model::FactsPtr& venue, const model::BlockRef& block,
                 const std::string& what, const model::FactsPtr& priced_by = nullptr, std::int64_t offset = 0);
    void report(const std::string& name) const;
    /// A contract of the market: "pool", "oracle", …
    model::Address part(const char* name) const { return chain_.address(std::string(market_.place) + "/" + name); }
    /// A verb of the market: "supply", "liquidate", …
    nlohmann::json act(const char* verb, const nlohmann::json& arguments) const {
        return chain_.verb(std::string(market_.verbs) + "_" + verb, arguments);
    }
    /// A transaction of a role of the chain, or of an address, in a block of its own.
    void send(const std::string& from, const model::Address& to, const model::Bytes& data);
    void set_price(const char* asset, const char* answer);
};

/// The same on each deployment.
class AaveLines : public AaveTruth, public testing::WithParamInterface<AaveMarket> {
protected:
    AaveLines() : AaveTruth(GetParam()) {}
};

inline std::string name_of_market(const testing::TestParamInfo<AaveMarket>& market) { return market.param.name; }

}  // namespace margind::tests
