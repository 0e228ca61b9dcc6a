// What the ostium adapter reads: contracts and pairs, threshold and prices of a block, then the trades of one owner.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/pair_feeds.hpp"
#include "adapters/protocols/ostium/contracts.hpp"

#include <memory>
#include <vector>

namespace margind::adapters::protocols::ostium {

struct Settings {
    model::VenueId venue;
    model::Address storage;
    model::Address collateral_token;
    std::vector<PairFeed> feeds;
};

/// Contracts by the registry, names of all pairs, and that the widths are those that are known.
std::unique_ptr<Reading<model::FactsPtr>> config_reading(const Settings& settings);

/// One round.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// Three rounds: in which pairs; the trades, leverages and last prices; fees and prices of liquidation.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::ostium
