// The three readings: contracts and feeds, prices and parameters of a block, the subaccounts of one owner at a block.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>
#include <span>

namespace margind::adapters::protocols::derive {

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const config::Venue& settings);
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);
/// Of the `candidates` those that are the owner's; with more than `most_candidates` the reading fails.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner,
                                                          std::span<const model::U256> candidates);

}  // namespace margind::adapters::protocols::derive
