// What the hyperliquid adapter reads: how many perps there are, and the accounts of one owner.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/protocols/hyperliquid/book.hpp"

#include <map>
#include <memory>
#include <vector>

namespace margind::adapters::protocols::hyperliquid {

/// A perp dex and the token that its margin is kept in.
struct Dex {
    std::uint64_t number = 0;
    std::uint64_t token = usdc_token;
};
/// A spot token to show, and the pair (spot index) that prices it.
struct SpotPair {
    std::uint64_t token = 0;
    std::uint64_t pair = 0;
};

struct Settings {
    model::VenueId venue;
    model::Address multicall;
    /// The main one first.
    std::vector<Dex> dexes;
    std::vector<TierRow> tiers;
    std::vector<SpotPair> spots;
    std::map<model::Address, Mode> modes;
};

/// Probes the indices of each dex, 32 a round, each alone, up to the first that is none.
std::unique_ptr<Reading<model::FactsPtr>> config_reading(const Settings& settings);

/// One round: the index behind the last of each dex; fails with `missing` where it is one.
std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block);

/// Two rounds: all indices, then everything about those that are held, at one state.
std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner, const model::BlockRef& block, Mode mode);

/// Of different moments: the same positions, and within two blocks prices, cash and balances that differ by at most 2 %.
bool agree(const AccountReading& a, const AccountReading& b);

}  // namespace margind::adapters::protocols::hyperliquid
