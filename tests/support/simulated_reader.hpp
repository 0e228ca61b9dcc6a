// The reader of a chain over operators of a simulated world: the real reader, agreement and heads; the doubles are below them.
#pragma once

#include "daemon/chain_reader.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/simulated_venue.hpp"

#include <array>
#include <memory>
#include <optional>
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
    /// `searched_from`: with the venue that is searched, from that block on; `history` (may be null) keeps what was found. `clocks` are
    /// those of the heads.
    SimulatedReader(boost::asio::io_context& io, const config::Settings& settings, std::vector<SimulatedOperator*> operators,
                    std::optional<std::uint64_t> searched_from = {}, storage::History* history = nullptr,
                    daemon::Clocks clocks = daemon::system_clocks())
        : io_(io), owners_(settings.portfolios.at(0).owners) {
        std::vector<adapters::rpc::Operator*> pointers(operators.begin(), operators.end());
        daemon::HeadsOptions options;
        options.chain = model::ChainId{1};
        options.block_time = std::chrono::milliseconds(1'000);
        heads_ = std::make_unique<daemon::Heads>(io.get_executor(), pointers, options, std::move(clocks));
        daemon::Adapters venues;
        const std::array<const char*, SimulatedWorld::venue_count> protocols{"linear", "silent", "found"};
        for (std::size_t venue = 0; venue < SimulatedWorld::venue_count; ++venue) {
            if (venue == SimulatedWorld::searched && !searched_from) continue;
            model::VenueId id;
            id.protocol = protocols[venue];
            id.chain = options.chain;
            std::optional<std::uint64_t> from;
            if (venue == SimulatedWorld::searched) from = searched_from;
            venues.emplace(id, std::make_unique<SimulatedVenue>(id, SimulatedWorld::contract(venue), venue == 0, from));
        }
        daemon::SearcherParts searches{io.get_executor(), options.chain, pointers, *heads_, options.block_time, io.get_executor(), history};
        searcher_ = std::make_unique<daemon::Searcher>(std::move(searches));
        daemon::ChainReaderParts parts{io.get_executor(), settings, options.chain, pointers, *heads_, nullptr, nullptr, searcher_.get()};
        reader_ = std::make_unique<daemon::ChainReader>(std::move(parts), std::move(venues));
    }

    daemon::ChainReader& reader() { return *reader_; }
    daemon::Heads& heads() { return *heads_; }
    daemon::Searcher& searcher() { return *searcher_; }

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
    std::unique_ptr<daemon::Searcher> searcher_;
    std::unique_ptr<daemon::ChainReader> reader_;
};

}  // namespace margind::tests
