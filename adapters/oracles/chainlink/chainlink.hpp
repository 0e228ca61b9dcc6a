// Chainlink price feeds: one round at one block, graded.
#pragma once

#include "adapters/adapter.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace margind::adapters::oracles::chainlink {

/// What latestRoundData gives; `id` is the proxy's (phase in the upper bits). Times in unix seconds.
struct Round {
    model::U256 id;
    model::I256 answer;
    std::int64_t updated_at = 0;
    friend bool operator==(const Round&, const Round&) = default;
};

struct Graded {
    model::PriceGrade grade = model::PriceGrade::refused;
    /// Empty for fresh.
    std::string reason;
    friend bool operator==(const Graded&, const Graded&) = default;
};

/// Ages are block time minus `updated_at`: late past the heartbeat, stale past 1.25 heartbeats and 60 s. Refused: an
/// answer that is not positive, no update time or one more than 60 s ahead of the block, a round before `previous` (by id
/// or time). `previous` must be of the same chain history: drop it after a reorganisation.
Graded grade(const Round& round, const std::optional<Round>& previous, std::int64_t heartbeat_s, std::int64_t block_time);

struct Observation {
    /// A refused round leaves the accepted one in place: it ages, and `reason` tells why. With none, grade and raw are
    /// those of the refused round.
    model::ReferencePrice price;
    /// To be handed in as `previous` next time.
    std::optional<Round> accepted;
};

/// latestRoundData and decimals in one round. Fails with no_code or decode when `feed.address` is no feed; a revert of
/// latestRoundData is a refusal.
std::unique_ptr<Reading<Observation>> read_price(config::Feed feed, std::optional<Round> previous, const model::BlockRef& block);

/// The feed's description. Fails with bad_input when `feed.description` is given and differs.
std::unique_ptr<Reading<std::string>> read_description(config::Feed feed);

}  // namespace margind::adapters::oracles::chainlink
