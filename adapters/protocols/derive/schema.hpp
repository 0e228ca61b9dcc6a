// Names of the facts: what the readings write and the rule understands.
#pragma once

#include "adapters/fact_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace margind::adapters::protocols::derive {

inline constexpr const char* config_schema = "derive.config/1";
inline constexpr const char* venue_schema = "derive.venue/1";
inline constexpr const char* account_schema = "derive.account/1";

// Lists of the venue: markets of the Standard Manager, and portfolio managers, each with the feeds and parameters of its currency.
inline constexpr const char* markets = "market";
inline constexpr const char* managers = "manager";
inline constexpr const char* feeds = "feed";
// Lists of an account: its markets (of either list above), and tokens that PMRM 2 takes.
inline constexpr const char* tokens = "token";

/// "manager.2.scenario", "market.0.expiry", "market.0.expiry.1.option": lists of an item of a list.
inline std::string list_of(const char* list, std::size_t index, const char* inner) { return item(list, index, inner); }

/// Bounds on what a chain may claim to hold.
inline constexpr std::uint64_t most_markets = 128;
inline constexpr std::uint64_t most_managers = 32;
inline constexpr std::uint64_t most_scenarios = 64;
inline constexpr std::uint64_t most_balances = 256;
inline constexpr std::uint64_t most_feeds = 1024;
/// Subaccounts that ever came to one owner: all of them are asked whose they are.
inline constexpr std::size_t most_candidates = 1024;

}  // namespace margind::adapters::protocols::derive
