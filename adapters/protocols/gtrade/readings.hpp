// What the gtrade adapter reads: collaterals and widths, prices of a block, then the trades of one owner.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/pair_feeds.hpp"
#include "adapters/protocols/gtrade/contracts.hpp"

#include <memory>
#include <vector>

namespace margind::adapters::protocols::gtrade {

struct Settings {
    model::VenueId venue;
    model::Address diamond;
    std::vector<PairFeed> feeds;
};

/// Collaterals, and that the widths are those that are known.
std::unique_ptr<Reading<model::FactsPtr>> config_reading(const Settings& settings);

/// One round: prices of collaterals and pairs, and whether trading is on.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// Three rounds: the trades; their pairs; what their fees and prices of liquidation follow from.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::gtrade
