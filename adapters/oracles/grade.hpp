// How old a price may be, which answers no one may use, and how much a price counts.
#pragma once

#include "adapters/oracles/oracle.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace margind::adapters::oracles {

struct Graded {
    model::PriceGrade grade = model::PriceGrade::refused;
    /// Empty for fresh.
    std::string reason;
    friend bool operator==(const Graded&, const Graded&) = default;
};

/// Ahead of the block by more than this is no time.
constexpr std::int64_t future_tolerance_s = 60;

/// Age is block time minus `updated_at`: late past the heartbeat, stale past 1.25 heartbeats and 60 s.
Graded grade_age(std::int64_t updated_at, std::int64_t heartbeat_s, std::int64_t block_time);
/// 1,000,000 up to the heartbeat, from there linearly to 0 where it becomes stale; half of that when disputed, 0 when refused.
std::uint32_t confidence_ppm(const model::ReferencePrice& price, std::int64_t block_time);
/// Not positive, no time, or ahead of the block; empty when none of these.
std::string refusal(const Answer& answer, std::int64_t block_time);

/// The observation of an answer whose own refusal is `refused`; empty: it is accepted.
Observation observe(const config::Feed& feed, const Answer& answer, const std::string& refused, const std::optional<Answer>& previous,
                    std::int64_t block_time);
/// A price of this feed with nothing in it but the reason.
model::ReferencePrice refused_price(const config::Feed& feed, std::string reason);

}  // namespace margind::adapters::oracles
