// The three readings: contracts and markets, the venue at a block, one trader at a block.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>

namespace margind::adapters::protocols::perp_v2 {

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const config::Venue& settings);
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config);
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::perp_v2
