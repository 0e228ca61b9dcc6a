// One chain through one endpoint: heads, and everything configured for it in a few requests per block.
#pragma once

#include "adapters/oracles/chainlink/chainlink.hpp"
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"
#include "daemon/chain_source.hpp"
#include "daemon/venues.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace margind::daemon {

class NodeSource : public ChainSource {
public:
    /// `http` must outlive it. Of `settings` it takes the chain with its venues and feeds, and the owners to remember; fails
    /// as make_adapters does.
    static model::Result<std::unique_ptr<NodeSource>> make(adapters::rpc::HttpClient& http, adapters::rpc::Endpoint endpoint,
                                                           const config::Settings& settings, model::ChainId chain);

    /// Deadlines and bounds of one request to a node.
    static adapters::rpc::HttpLimits limits();

    /// `wrong_chain` when the endpoint serves another chain than the configuration says.
    asio::awaitable<model::Result<void>> check_chain();
    /// Checks the chain id first where the endpoint has failed since it was last checked.
    asio::awaitable<model::Result<Head>> head() override;
    asio::awaitable<void> wait(std::chrono::milliseconds longest) override;
    std::vector<model::SourceTrouble> troubles() const override { return {}; }
    asio::awaitable<model::Result<std::optional<Head>>> block_at(std::uint64_t number) override;
    asio::awaitable<model::Result<ChainReading>> read(model::BlockRef block, std::vector<model::Address> owners, ReadOptions options) override;
    ChainReading unread(const std::vector<model::Address>& owners, const std::string& reason) const override;

    asio::awaitable<model::Result<Head>> block_by_hash(model::Bytes32 hash);
    /// Nothing to read here.
    bool has_no_venue() const { return adapters_.empty(); }

private:
    NodeSource(adapters::rpc::HttpClient& http, adapters::rpc::Endpoint endpoint, const config::Chain& chain, Adapters venues);

    using Prices = std::vector<model::ReferencePrice>;
    struct VenueState {
        model::FactsPtr config;
        model::FactsPtr facts;
        std::string reason;
        /// The venue said that its configuration no longer fits.
        bool config_outdated = false;
    };
    using Venues = std::map<model::VenueId, VenueState>;

    /// Whether the block that was read last is an ancestor of `block`, or `block` itself.
    asio::awaitable<model::Result<bool>> goes_on_from_last(model::BlockRef block);
    /// Fills in configurations that are null.
    asio::awaitable<model::Result<void>> read_configs(Venues& venues, model::BlockRef block);
    /// Fills in the facts of venues that have a configuration and no facts; `prices` null: not asked again.
    asio::awaitable<model::Result<void>> read_venues(Venues& venues, Prices* prices, model::BlockRef block);
    asio::awaitable<model::Result<void>> read_accounts(const Venues& venues, std::vector<model::MarginAccount>& accounts,
                                                       std::vector<model::Address> owners, model::BlockRef block);
    model::ReferencePrice refused_price(const config::Feed& feed, std::string reason) const;
    model::MarginAccount unknown_account(const model::VenueId& venue, const model::Address& owner, const model::BlockRef& block, std::string reason) const;

    model::ChainId chain_;
    adapters::rpc::JsonRpcClient rpc_;
    adapters::rpc::Rounds rounds_;
    Adapters adapters_;
    std::vector<config::Feed> feeds_;
    std::map<model::VenueId, model::FactsPtr> configs_;
    /// Owners of the portfolios; of others nothing is kept.
    std::set<model::Address> owners_;
    /// When an owner was last seen to hold nothing at a venue, in block time.
    std::map<std::pair<model::VenueId, model::Address>, std::int64_t> empty_;
    /// Last accepted round of a feed, on the branch of `last_`.
    std::map<model::Address, adapters::oracles::chainlink::Round> accepted_;
    /// The block that was read last.
    model::BlockRef last_;
    /// Hash of the head that was seen last, and its parent's.
    std::pair<model::Bytes32, model::Bytes32> last_head_;
    /// Feeds that said to be what the configuration says.
    std::set<model::Address> described_;
    /// The endpoint was asked for its chain id since it last failed.
    bool chain_checked_ = false;
};

}  // namespace margind::daemon
