// One chain through one endpoint: heads, and everything configured for it in a few requests per block.
#include "daemon/node_source.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace margind::daemon {
namespace {

using adapters::AnyReading;
using adapters::Reading;
using model::ErrorCode;
using model::Result;
namespace chainlink = adapters::oracles::chainlink;

// An endpoint that says nothing for this long is down: several polls fit into the limit of readiness.
constexpr std::chrono::milliseconds connect_deadline{2'000};
constexpr std::chrono::milliseconds request_deadline{5'000};

// Who held nothing at a venue is taken to hold nothing while it cannot be read, but not for longer than this.
constexpr std::int64_t empty_for_s = 600;

adapters::rpc::RoundLimits round_limits(const config::Chain& chain) {
    adapters::rpc::RoundLimits limits;
    limits.multicall = chain.multicall3;
    return limits;
}

Head head_of(const adapters::rpc::BlockHeader& header) { return Head{header.ref, header.parent}; }

template <class T>
AnyReading* pointer(const std::unique_ptr<Reading<T>>& reading) {
    return reading.get();
}

std::string in_short(const model::Error& error) { return fmt::format("{}: {}", model::to_string(error.code), error.message); }

}  // namespace

adapters::rpc::HttpLimits NodeSource::limits() {
    adapters::rpc::HttpLimits limits;
    limits.connect = connect_deadline;
    limits.total = request_deadline;
    return limits;
}

NodeSource::NodeSource(adapters::rpc::HttpClient& http, adapters::rpc::Endpoint endpoint, const config::Chain& chain, Adapters venues)
    : chain_(chain.id), rpc_(http, std::move(endpoint), limits()), rounds_(rpc_, round_limits(chain)), adapters_(std::move(venues)) {}

Result<std::unique_ptr<NodeSource>> NodeSource::make(adapters::rpc::HttpClient& http, adapters::rpc::Endpoint endpoint, const config::Settings& settings,
                                                     model::ChainId chain) {
    auto venues = make_adapters(settings, chain);
    if (!venues) return model::fail(venues.error());
    std::unique_ptr<NodeSource> source(new NodeSource(http, std::move(endpoint), settings.chains.at(chain), std::move(*venues)));
    for (const config::Feed& feed : settings.feeds)
        if (feed.chain == chain) source->feeds_.push_back(feed);
    for (const model::Portfolio& portfolio : settings.portfolios) source->owners_.insert(portfolio.owners.begin(), portfolio.owners.end());
    return source;
}

asio::awaitable<Result<void>> NodeSource::check_chain() {
    const auto served = co_await adapters::rpc::chain_id(rpc_);
    if (!served) co_return model::fail(served.error());
    if (*served != chain_)
        co_return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, the configuration says chain {}; correct the [[chain]] or the endpoint",
                                                                  rpc_.endpoint().shown(), served->value, chain_.value));
    chain_checked_ = true;
    co_return Result<void>{};
}

asio::awaitable<Result<Head>> NodeSource::head() {
    if (!chain_checked_) {
        const auto right = co_await check_chain();
        if (!right) co_return model::fail(right.error());
    }
    const auto header = co_await adapters::rpc::block_by_tag(rpc_, chain_, adapters::rpc::BlockTag::latest);
    if (!header) {
        chain_checked_ = false;
        co_return model::fail(header.error());
    }
    last_head_ = std::pair(header->ref.hash, header->parent);
    co_return head_of(*header);
}

asio::awaitable<void> NodeSource::wait(std::chrono::milliseconds longest) {
    asio::steady_timer timer(co_await asio::this_coro::executor, longest);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Result<std::optional<Head>>> NodeSource::block_at(std::uint64_t number) {
    const auto header = co_await adapters::rpc::block_by_number(rpc_, chain_, number);
    std::optional<Head> found;
    if (header) found = head_of(*header);
    else if (header.error().code != ErrorCode::missing) co_return model::fail(header.error());
    co_return found;
}

asio::awaitable<Result<Head>> NodeSource::block_by_hash(model::Bytes32 hash) {
    const auto header = co_await adapters::rpc::block_by_hash(rpc_, chain_, hash);
    if (!header) co_return model::fail(header.error());
    co_return head_of(*header);
}

model::MarginAccount NodeSource::unknown_account(const model::VenueId& venue, const model::Address& owner, const model::BlockRef& block,
                                                 std::string reason) const {
    model::MarginAccount account;
    account.key.venue = venue;
    account.key.owner = owner;
    account.read_at = block;
    account.reason = std::move(reason);
    account.qualifiers.single_source = true;
    return account;
}

model::ReferencePrice NodeSource::refused_price(const config::Feed& feed, std::string reason) const {
    model::ReferencePrice price;
    price.asset = feed.asset;
    price.chain = chain_;
    price.source = fmt::format("chainlink:{}:{}", chain_.value, feed.address.to_string());
    price.heartbeat_s = feed.heartbeat_s;
    price.deviation_ppm = feed.deviation_ppm;
    price.grade = model::PriceGrade::refused;
    price.reason = std::move(reason);
    return price;
}

ChainReading NodeSource::unread(const std::vector<model::Address>& owners, const std::string& reason) const {
    ChainReading reading;
    reading.block.chain = chain_;
    for (const auto& [id, adapter] : adapters_) {
        model::Venue venue;
        venue.id = id;
        venue.read_at = reading.block;
        venue.reason = reason;
        reading.venues.push_back(std::move(venue));
        for (const model::Address& owner : owners) reading.accounts.push_back(unknown_account(id, owner, reading.block, reason));
    }
    return reading;
}

asio::awaitable<Result<bool>> NodeSource::goes_on_from_last(model::BlockRef block) {
    if (accepted_.empty() || block.hash == last_.hash || last_head_ == std::pair(block.hash, last_.hash)) co_return true;
    if (block.number <= last_.number) co_return false;
    const std::uint64_t number = last_.number;
    const auto below = co_await block_at(number);
    if (!below) co_return model::fail(below.error());
    co_return below->has_value() && (*below)->block.hash == last_.hash;
}

asio::awaitable<Result<ChainReading>> NodeSource::read(model::BlockRef block, std::vector<model::Address> owners, ReadOptions options) {
    const auto continues = co_await goes_on_from_last(block);
    if (!continues) co_return model::fail(continues.error());
    if (!*continues) accepted_.clear();
    last_ = block;
    Venues venues;
    for (const auto& [id, adapter] : adapters_) {
        VenueState& state = venues[id];
        if (const auto cached = configs_.find(id); cached != configs_.end() && !options.fresh_config) state.config = cached->second;
    }
    ChainReading reading;
    reading.block = block;
    const auto configured = co_await read_configs(venues, block);
    if (!configured) co_return model::fail(configured.error());
    const auto venues_read = co_await read_venues(venues, &reading.prices, block);
    if (!venues_read) co_return model::fail(venues_read.error());
    const bool outdated = std::any_of(venues.begin(), venues.end(), [](const auto& entry) { return entry.second.config_outdated; });
    if (outdated) {
        for (auto& [id, state] : venues)
            if (state.config_outdated) state.config = nullptr;
        const auto again = co_await read_configs(venues, block);
        if (!again) co_return model::fail(again.error());
        const auto facts_again = co_await read_venues(venues, nullptr, block);
        if (!facts_again) co_return model::fail(facts_again.error());
    }
    for (const auto& [id, state] : venues) {
        if (state.config) configs_[id] = state.config;
        model::Venue venue;
        venue.id = id;
        venue.facts = state.facts;
        venue.read_at = block;
        venue.reason = state.reason;
        reading.venues.push_back(std::move(venue));
    }
    const auto accounts_read = co_await read_accounts(venues, reading.accounts, std::move(owners), block);
    if (!accounts_read) co_return model::fail(accounts_read.error());
    co_return reading;
}

asio::awaitable<Result<void>> NodeSource::read_configs(Venues& venues, model::BlockRef block) {
    std::vector<std::pair<model::VenueId, std::unique_ptr<Reading<model::FactsPtr>>>> readings;
    std::vector<AnyReading*> pointers;
    for (const auto& [id, state] : venues) {
        if (state.config) continue;
        readings.emplace_back(id, adapters_.at(id)->read_config());
        pointers.push_back(pointer(readings.back().second));
    }
    if (readings.empty()) co_return Result<void>{};
    const auto done = co_await rounds_.run(std::move(pointers), block);
    if (!done) co_return model::fail(done.error());
    for (auto& [id, reading] : readings) {
        auto facts = reading->result();
        VenueState& state = venues.at(id);
        state.config_outdated = false;
        if (facts) state.config = std::move(*facts);
        else state.reason = "configuration of the venue: " + in_short(facts.error());
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> NodeSource::read_venues(Venues& venues, Prices* prices, model::BlockRef block) {
    std::vector<std::pair<model::VenueId, std::unique_ptr<Reading<model::FactsPtr>>>> readings;
    struct FeedReading {
        const config::Feed* feed;
        std::unique_ptr<Reading<chainlink::Observation>> price;
        /// Null for a feed that has told already.
        std::unique_ptr<Reading<std::string>> description;
    };
    std::vector<FeedReading> feeds;
    std::vector<AnyReading*> pointers;
    for (const auto& [id, state] : venues) {
        if (!state.config || state.facts) continue;
        readings.emplace_back(id, adapters_.at(id)->read_venue(state.config, block));
        pointers.push_back(pointer(readings.back().second));
    }
    if (prices) {
        for (const config::Feed& feed : feeds_) {
            std::optional<chainlink::Round> previous;
            if (const auto known = accepted_.find(feed.address); known != accepted_.end()) previous = known->second;
            FeedReading reading;
            reading.feed = &feed;
            reading.price = chainlink::read_price(feed, previous, block);
            pointers.push_back(pointer(reading.price));
            if (!described_.contains(feed.address)) {
                reading.description = chainlink::read_description(feed);
                pointers.push_back(pointer(reading.description));
            }
            feeds.push_back(std::move(reading));
        }
    }
    if (pointers.empty()) co_return Result<void>{};
    const auto done = co_await rounds_.run(std::move(pointers), block);
    if (!done) co_return model::fail(done.error());
    for (auto& [id, reading] : readings) {
        auto facts = reading->result();
        VenueState& state = venues.at(id);
        if (facts) {
            state.facts = std::move(*facts);
            state.reason.clear();
        } else {
            state.config_outdated = facts.error().code == ErrorCode::missing;
            state.reason = in_short(facts.error());
        }
    }
    for (FeedReading& reading : feeds) {
        const config::Feed& feed = *reading.feed;
        if (reading.description) {
            const auto description = reading.description->result();
            if (!description) {
                prices->push_back(refused_price(feed, in_short(description.error())));
                continue;
            }
            described_.insert(feed.address);
        }
        auto observation = reading.price->result();
        if (!observation) {
            prices->push_back(refused_price(feed, in_short(observation.error())));
            continue;
        }
        if (observation->accepted) accepted_[feed.address] = *observation->accepted;
        prices->push_back(std::move(observation->price));
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> NodeSource::read_accounts(const Venues& venues, std::vector<model::MarginAccount>& accounts,
                                                        std::vector<model::Address> owners, model::BlockRef block) {
    std::vector<std::pair<model::AccountKey, std::unique_ptr<Reading<adapters::AccountReading>>>> readings;
    std::vector<AnyReading*> pointers;
    for (const auto& [id, state] : venues) {
        for (const model::Address& owner : owners) {
            if (!state.facts) {
                const auto empty = empty_.find(std::make_pair(id, owner));
                if (empty == empty_.end() || block.time - empty->second > empty_for_s)
                    accounts.push_back(unknown_account(id, owner, block, state.reason));
                continue;
            }
            model::AccountKey key;
            key.venue = id;
            key.owner = owner;
            readings.emplace_back(std::move(key), adapters_.at(id)->read_account(state.facts, owner, block));
            pointers.push_back(pointer(readings.back().second));
        }
    }
    if (pointers.empty()) co_return Result<void>{};
    const auto done = co_await rounds_.run(std::move(pointers), block);
    if (!done) co_return model::fail(done.error());
    for (auto& [key, reading] : readings) {
        auto read = reading->result();
        const auto owner_at_venue = std::make_pair(key.venue, key.owner);
        if (!read) {
            accounts.push_back(unknown_account(key.venue, key.owner, block, in_short(read.error())));
            continue;
        }
        if (!read->facts) {
            if (owners_.contains(key.owner)) empty_[owner_at_venue] = block.time;
            continue;
        }
        empty_.erase(owner_at_venue);
        model::MarginAccount account;
        account.key = key;
        account.facts = std::move(read->facts);
        account.read_at = block;
        account.views = std::move(read->views);
        account.verified_at = block;
        account.qualifiers.single_source = true;
        accounts.push_back(std::move(account));
    }
    co_return Result<void>{};
}

}  // namespace margind::daemon
