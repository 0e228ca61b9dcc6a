// One venue of the local chain, read on the daemon's own road; and the pool's own answer on another one.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/rpc/rounds.hpp"
#include "risk/model/asset.hpp"
#include "tests/support/chain_process.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace margind::tests {

/// Blocks; throws std::runtime_error where the daemon would report an error of the venue.
class VenueRoad {
public:
    VenueRoad(const ChainProcess& chain, std::unique_ptr<adapters::Adapter> adapter);

    const adapters::Adapter& adapter() const { return *adapter_; }
    model::FactsPtr config(const model::BlockRef& block);
    model::Result<model::FactsPtr> try_venue(const model::FactsPtr& config, const model::BlockRef& block);
    /// With the configuration as of that block.
    model::FactsPtr venue(const model::BlockRef& block);
    /// One reading per owner, in their order, all in the same rounds; with all logs up to the block that the venue searches for.
    std::vector<model::Result<adapters::AccountReadings>> accounts(const model::FactsPtr& venue, std::span<const model::Address> owners,
                                                                   const model::BlockRef& block);
    /// Of a venue where an owner has one account; null facts: none.
    std::vector<model::Result<adapters::AccountReading>> single_accounts(const model::FactsPtr& venue, std::span<const model::Address> owners,
                                                                         const model::BlockRef& block);
    /// The venue's own figures alone, one reading per owner; `held` is parallel to `owners`.
    std::vector<model::Result<std::vector<adapters::AccountViews>>> views(const model::FactsPtr& venue, std::span<const model::Address> owners,
                                                                          std::span<const adapters::AccountReadings> held,
                                                                          const model::BlockRef& block);
    /// Of a venue where an owner has one account and what is held does not matter.
    std::vector<model::Result<std::vector<model::NativeFigure>>> single_views(const model::FactsPtr& venue, std::span<const model::Address> owners,
                                                                              const model::BlockRef& block);

private:
    std::vector<adapters::Log> found(const model::Address& owner, const model::BlockRef& block);
    template <class T>
    std::vector<model::Result<T>> run(const std::vector<std::unique_ptr<adapters::Reading<T>>>& readings, const model::BlockRef& block);

    boost::asio::io_context io_;
    adapters::rpc::HttpClient http_;
    adapters::rpc::JsonRpcClient rpc_;
    adapters::rpc::Rounds rounds_;
    /// The one that was read last.
    model::FactsPtr config_;
    std::unique_ptr<adapters::Adapter> adapter_;
};

/// One of the Aave deployments of a local chain.
struct AaveMarket {
    /// Of the tests' parameter.
    const char* name;
    /// Below `addresses`.
    const char* place;
    /// What its verbs begin with, and the verb that makes accounts.
    const char* verbs;
    const char* random;
    /// What the chain is started with.
    std::vector<std::string> options;
};

inline const AaveMarket aave_30{"v3_0", "/aave", "aave", "random_aave", {}};
inline const AaveMarket aave_36{"v3_6", "/aave_v36", "aave36", "random_aave36", {"--with", "aave_v36"}};

VenueRoad aave_road(const ChainProcess& chain, const AaveMarket& market = aave_30);
/// Each token of the local chain, and those of the market alone, as one unit of its feed's underlying: WETH is ETH.
model::AssetMap chain_assets(const ChainProcess& chain, const AaveMarket& market = aave_30);
/// getUserAccountData by raw eth_call, without our client and codec.
std::array<model::U256, 6> aave_truth(const ChainProcess& chain, const model::Address& user, const model::BlockRef& block,
                                      const AaveMarket& market = aave_30);

}  // namespace margind::tests
