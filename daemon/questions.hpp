// What is asked of one operator at one block, and what it answered.
#pragma once

#include "adapters/oracles/oracle.hpp"
#include "daemon/venues.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace margind::daemon {

/// What can be asked of a chain: its venues and feeds, by their places here.
struct Scope {
    model::ChainId chain;
    Adapters adapters;
    /// Sorted by id; each points into `adapters`.
    std::vector<const adapters::Adapter*> venues;
    /// And the uptime feed of the chain's sequencer, as config::feeds_of gives them.
    std::vector<config::Feed> feeds;
};

/// An owner at a venue, by their places in Scope::venues and Questions::owners. All accounts that one owner has there are read,
/// compared and carried forward together.
struct Holder {
    std::uint32_t venue = 0;
    std::uint32_t owner = 0;
    friend auto operator<=>(const Holder&, const Holder&) = default;
};

struct FeedQuestion {
    adapters::oracles::Before before;
    /// Whether it is the feed that the configuration says.
    bool description = false;
};

/// Of an owner's accounts that are known from before, all with facts.
struct ViewsQuestion {
    model::FactsPtr venue;
    std::shared_ptr<const adapters::AccountReadings> held;
};

/// `filter` over its range, unless that is empty (from_block > to_block), and over each of `blocks` by its hash.
struct LogQuestion {
    adapters::Logs filter;
    std::vector<model::BlockRef> blocks;
    /// Hashes of blocks of the range, where they are known: a log of another branch is refused.
    std::map<std::uint64_t, model::Bytes32> branch;
};

/// What the searches of a venue have found; see adapters::Found.
struct VenueFound {
    std::vector<adapters::Log> shared;
    std::vector<adapters::Log> owned;
};

struct Questions {
    std::shared_ptr<const std::vector<model::Address>> owners;
    /// Of venues that search, and of their owners.
    std::map<std::uint32_t, std::shared_ptr<const VenueFound>> found;
    std::map<Holder, std::shared_ptr<const std::vector<adapters::Log>>> found_of_owner;
    std::set<std::uint32_t> configs;
    /// By configuration.
    std::map<std::uint32_t, model::FactsPtr> venues;
    std::map<std::uint32_t, FeedQuestion> feeds;
    /// By venue facts.
    std::map<Holder, model::FactsPtr> accounts;
    std::optional<LogQuestion> logs;
    /// Of one operator alone: the views of accounts whose facts are known; and, by venue facts, owners who had nothing.
    std::map<Holder, ViewsQuestion> views;
    /// Those of `views` that every operator is asked.
    std::set<Holder> views_of_all;
    std::map<Holder, model::FactsPtr> empties;
    bool empty() const {
        return configs.empty() && venues.empty() && feeds.empty() && accounts.empty() && !logs && views.empty() && empties.empty();
    }
};

/// One for each question; what failed alone is there with its reason.
struct Answers {
    std::map<std::uint32_t, model::Result<model::FactsPtr>> configs;
    std::map<std::uint32_t, model::Result<model::FactsPtr>> venues;
    std::map<std::uint32_t, model::Result<adapters::oracles::Observation>> feeds;
    std::map<Holder, model::Result<adapters::AccountReadings>> accounts;
    std::optional<model::Result<std::vector<adapters::Log>>> logs;
    std::map<Holder, model::Result<std::vector<adapters::AccountViews>>> views;
    std::map<Holder, model::Result<adapters::AccountReadings>> empties;
};

/// "unreachable: …", for people.
std::string in_short(const model::Error& error);

}  // namespace margind::daemon
