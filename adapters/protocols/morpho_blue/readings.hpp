// What the morpho_blue adapter reads: configuration, one block of its markets, one owner.
#pragma once

#include "adapters/adapter.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace margind::adapters::protocols::morpho_blue {

/// What is configured: the contract, markets by id (none: those that the owners use are searched for), pre-liquidation contracts and
/// factories whose contracts are searched for.
struct Scope {
    model::ChainId chain;
    model::Address morpho;
    std::vector<model::Bytes32> markets;
    std::vector<model::Address> pre_liquidations;
    std::vector<model::Address> pre_liquidation_factories;
    /// No log that is searched for is in an earlier block; 0: not told.
    std::uint64_t from_block = 0;
};

std::unique_ptr<Reading<model::FactsPtr>> config_reading(Scope scope);

/// Two rounds; three where logs named markets beyond those of `config`.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block, const Found& found = {});

/// One account per market in which the owner has anything, `sub` its id; two rounds. `markets`: those in which the owner ever did
/// something, where that is known; one that the venue facts lack becomes an account without facts.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner,
                                                          std::optional<std::vector<model::Bytes32>> markets);

/// The contract's own answers for the accounts that are held, in one round.
std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(model::FactsPtr venue, const model::Address& owner,
                                                                  std::span<const AccountReading> held);

}  // namespace margind::adapters::protocols::morpho_blue
