// What the gmx_v2 adapter reads: markets and the Reader's width, then the positions of one owner.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/protocols/gmx_v2/reader.hpp"

#include <map>
#include <memory>

namespace margind::adapters::protocols::gmx_v2 {

struct Settings {
    model::VenueId venue;
    Contracts at;
    /// Of index tokens without code, where their feed does not tell.
    std::map<model::Address, std::uint64_t> decimals;
};

/// Contracts, all markets, and by the first open position the width of the Reader's PositionInfo.
std::unique_ptr<Reading<model::FactsPtr>> config_reading(const Settings& settings);

/// One round.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config);

/// Three rounds: positions; prices and parameters of their markets; pending fees and impact at those prices.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::gmx_v2
