// By which logs the subaccounts of an owner are found.
#pragma once

#include "adapters/adapter.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace margind::adapters::protocols::derive {

/// Subaccounts that were deposited in Matching for the owner, and those that SubAccounts gave to the owner. `config` are facts of the
/// configuration.
std::vector<Search> owner_searches(const model::Facts& config, const model::Address& owner, std::uint64_t from_block);

/// The subaccounts that such logs name, rising, none twice: whose they are at a block is read.
std::vector<model::U256> subaccounts_in(std::span<const Log> logs);

}  // namespace margind::adapters::protocols::derive
