// What the wallet adapter reads: which tokens there are, their ratios at one block, the balances of one owner.
#pragma once

#include "adapters/adapter.hpp"

#include <memory>
#include <vector>

namespace margind::adapters::protocols::erc20 {

/// Addresses as the configuration lists them.
struct Tokens {
    /// Whose balances are read.
    std::vector<model::Address> held;
    /// That grow against their base: shares of a vault, wstETH, and those that a feed tells the rate of.
    std::vector<model::Address> erc4626;
    std::vector<model::Address> wsteth;
    std::vector<model::Address> rate_feed;
    /// Of `rate_feed`, in its order and as many.
    std::vector<model::Address> feeds;
};

std::unique_ptr<Reading<model::FactsPtr>> config_reading(Tokens tokens);
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// The tokens of `venue` that have a balance, and those balances as the views.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner);
/// The balances of the tokens of `venue` that are not 0.
std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(model::FactsPtr venue, const model::Address& owner);

}  // namespace margind::adapters::protocols::erc20
