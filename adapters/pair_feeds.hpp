// Chainlink feeds for trading pairs of venues whose own prices are on no chain, and pairs in the asset table.
#pragma once

#include "adapters/fact_reader.hpp"
#include "adapters/request.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace margind::adapters {

/// Venue::ids that holds the feeds, a row each: 20 bytes of the feed, 4 of its heartbeat in seconds, 8 of the base's name in ASCII with zeros
/// behind it; the pair is that to USD. Pairs go by name, so that a number that moved never prices another.
inline constexpr const char* price_feeds_name = "price_feeds";

struct PairFeed {
    model::Address feed;
    std::uint64_t heartbeat_s = 0;
    /// As pair_address() has it.
    model::Address pair;
    /// Of its answers; read with the configuration.
    std::uint64_t decimals = 0;
};

/// Refuses a row of another form and a pair that is given twice.
model::Result<std::vector<PairFeed>> pair_feeds(const config::Venue& venue);
Request ask_decimals(const PairFeed& feed);
/// An error where the address is no feed.
model::Result<void> take_decimals(PairFeed& feed, const Reply& reply);
/// As the list "feeds", for configuration facts.
void add_feeds(const std::vector<PairFeed>& feeds, model::FactsBuilder& facts);
std::vector<PairFeed> feeds_in(FactReader& facts);

Request ask_answer(const PairFeed& feed);
/// Answer and time of feed number `i`, for venue facts; 0 where there is none that can be used.
void add_answer(std::size_t i, const Reply& reply, model::FactsBuilder& facts);

struct PairPrice {
    /// 0: there is none.
    model::U256 price;
    /// Its feed is silent for longer than its heartbeat.
    bool old = false;
};
/// By venue facts that hold "feeds", their answers and "time"; rounds down to `decimals`.
PairPrice price_in(FactReader& venue, const model::Address& pair, unsigned decimals);

/// A pair has no contract: in the asset table it stands as its name, "BTC/USD", in ASCII with zeros behind it. Zero: the name is
/// none, or has more than 20 characters.
model::Address pair_address(std::string_view name);
/// The name that pair_address() took.
std::string pair_name(const model::Address& pair);

}  // namespace margind::adapters
