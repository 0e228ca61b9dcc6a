// The three readings: contracts and feeds, prices and parameters of a block, the subaccounts of one owner at a block.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>

namespace margind::adapters::protocols::derive {

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const config::Venue& settings);
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);
/// Every subaccount of the venue is asked whose it is, up to `most_candidates`; with more the reading fails.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::derive
