// What the compound_v3 adapter reads: configuration, one block of the comet, one account.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>

namespace margind::adapters::protocols::compound_v3 {

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const model::Address& comet);

/// Two rounds.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// Two rounds; one without collateral.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

/// The comet's own answers, in one round.
std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(model::FactsPtr venue, const model::Address& owner,
                                                                  std::span<const AccountReading> held);

}  // namespace margind::adapters::protocols::compound_v3
