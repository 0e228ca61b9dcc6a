// The readings: contracts and boards, the venue at a block, one owner's options at a block, the views of held ones.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace margind::adapters::protocols::lyra_avalon {

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const model::VenueId& venue, const model::Address& viewer);
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);
std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(model::FactsPtr venue, const model::Address& owner,
                                                                  std::span<const AccountReading> held);

/// Every log after which a position's stored state may be another.
std::optional<Watch> watch(const model::Facts& venue);
std::vector<model::Address> touched(const Log& log);

}  // namespace margind::adapters::protocols::lyra_avalon
