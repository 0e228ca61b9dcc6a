// What the aave_v3 adapter reads: configuration, one block of the venue, one user.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/protocols/aave_v3/line.hpp"

#include <memory>

namespace margind::adapters::protocols::aave_v3 {

/// `line` is what the pool is known to keep to; empty: as its revision says.
std::unique_ptr<Reading<model::FactsPtr>> config_reading(const model::Address& addresses_provider, std::optional<Line> line);

std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// Two rounds; one without debts.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);

/// The pool's own figures, in one round; null for a pool that the rule does not know.
std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(const model::FactsPtr& venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::aave_v3
