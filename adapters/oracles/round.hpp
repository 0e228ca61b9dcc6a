// The five words of latestRoundData, which price feeds and uptime feeds answer alike.
#pragma once

#include "adapters/request.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace margind::adapters::oracles {

/// Times in unix seconds. `id` is a proxy's: phase << 64 | round of the aggregator.
struct Round {
    model::U256 id;
    model::I256 answer;
    std::int64_t started_at = 0;
    std::int64_t updated_at = 0;
};

Call latest_round_data(const model::Address& feed);
model::Result<Round> decode_round(std::span<const std::byte> bytes, std::string_view what);

}  // namespace margind::adapters::oracles
