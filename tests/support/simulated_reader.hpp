// The reader of a chain over operators of a simulated world: the real reader, agreement and heads; the doubles are below them.
#pragma once

#include "daemon/chain_reader.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/simulated_venue.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

/// Two venues and a feed on chain 1, and one portfolio.
inline config::Settings simulated_settings(const std::vector<model::Address>& owners) {
    config::Settings settings;
    config::Chain chain;
    chain.id = model::ChainId{1};
    chain.name = "simulated";
    chain.block_time = std::chrono::milliseconds(1'000);
    chain.poll_interval = std::chrono::milliseconds(1'000);
    settings.chains[chain.id] = chain;
    config::Feed feed;
    feed.chain = chain.id;
    feed.asset.symbol = "ETH";
    feed.address = SimulatedWorld::feed();
    feed.heartbeat_s = 1'000'000'000;
    feed.description = "ETH / USD";
    settings.feeds.push_back(feed);
    model::Portfolio desk;
    desk.name = "desk";
    desk.owners = owners;
    settings.portfolios.push_back(desk);
    return settings;
}

class SimulatedReader {
public:
    /// All must outlive it.
    SimulatedReader(boost::asio::io_context& io, const config::Settings& settings, std::vector<SimulatedOperator*> operators)
        : io_(io), owners_(settings.portfolios.at(0).owners) {
        std::vector<adapters::rpc::Operator*> pointers(operators.begin(), operators.end());
        daemon::HeadsOptions options;
        options.chain = model::ChainId{1};
        options.block_time = std::chrono::milliseconds(1'000);
        heads_ = std::make_unique<daemon::Heads>(io.get_executor(), pointers, options, daemon::system_clocks());
        daemon::Adapters venues;
        for (std::size_t venue = 0; venue < SimulatedWorld::venue_count; ++venue) {
            model::VenueId id;
            id.protocol = venue == 0 ? "linear" : "silent";
            id.chain = options.chain;
            venues.emplace(id, std::make_unique<SimulatedVenue>(id, SimulatedWorld::contract(venue), venue == 0));
        }
        daemon::ChainReaderParts parts{io.get_executor(), settings, options.chain, pointers, *heads_, nullptr};
        reader_ = std::make_unique<daemon::ChainReader>(std::move(parts), std::move(venues));
    }

    daemon::ChainReader& reader() { return *reader_; }
    daemon::Heads& heads() { return *heads_; }

    model::Result<daemon::ChainReading> read_at(const model::BlockRef& block, daemon::ReadOptions options = {}) {
        return run_coroutine(io_, reader_->read(block, owners_, std::move(options)));
    }
    /// At the head that the operators agree on.
    model::Result<daemon::ChainReading> read(daemon::ReadOptions options = {}) {
        run_coroutine(io_, heads_->ask_once());
        const auto head = heads_->head();
        if (!head) return model::fail(head.error());
        return read_at(head->ref, std::move(options));
    }

private:
    boost::asio::io_context& io_;
    std::vector<model::Address> owners_;
    std::unique_ptr<daemon::Heads> heads_;
    std::unique_ptr<daemon::ChainReader> reader_;
};

}  // namespace margind::tests
