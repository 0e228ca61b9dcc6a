// How old a price may be, which answers no one may use, and how much a price counts.
#include "adapters/oracles/grade.hpp"

#include <algorithm>
#include <limits>

namespace margind::adapters::oracles {

using model::PriceGrade;

namespace {

constexpr std::int64_t stale_grace_s = 60;
constexpr std::uint32_t certain_ppm = 1'000'000;

// 4 times the age from which on it is stale: in whole quarters, so that no rounding moves the bound.
std::int64_t stale_quarters(std::int64_t heartbeat_s) { return heartbeat_s * 5 + stale_grace_s * 4; }

}  // namespace

Graded grade_age(std::int64_t updated_at, std::int64_t heartbeat_s, std::int64_t block_time) {
    const std::int64_t age = block_time - updated_at;
    if (age <= heartbeat_s) return {PriceGrade::fresh, {}};
    std::string reason = "age " + std::to_string(age) + " s, heartbeat " + std::to_string(heartbeat_s) + " s";
    return {age * 4 > stale_quarters(heartbeat_s) ? PriceGrade::stale : PriceGrade::late, std::move(reason)};
}

std::uint32_t confidence_ppm(const model::ReferencePrice& price, std::int64_t block_time) {
    if (price.grade == PriceGrade::refused) return 0;
    const std::int64_t age = block_time - price.updated_at;
    std::int64_t share = certain_ppm;
    if (age > price.heartbeat_s) {
        const std::int64_t left = std::max<std::int64_t>(0, stale_quarters(price.heartbeat_s) - age * 4);
        share = certain_ppm * left / (stale_quarters(price.heartbeat_s) - price.heartbeat_s * 4);
    }
    return static_cast<std::uint32_t>(price.grade == PriceGrade::disputed ? share / 2 : share);
}

std::string refusal(const Answer& answer, std::int64_t block_time) {
    if (answer.raw.is_negative() || answer.raw.is_zero()) return "answer " + answer.raw.to_decimal() + " is not positive";
    if (answer.updated_at <= 0) return "updatedAt " + std::to_string(answer.updated_at) + " is no time";
    if (answer.updated_at - future_tolerance_s > block_time)
        return "updatedAt " + std::to_string(answer.updated_at) + " is " + std::to_string(answer.updated_at - block_time) + " s ahead of the block";
    return {};
}

model::ReferencePrice refused_price(const config::Feed& feed, std::string reason) {
    model::ReferencePrice price;
    price.asset = feed.asset;
    price.chain = feed.chain;
    price.source = source_of(feed);
    price.heartbeat_s = feed.heartbeat_s;
    price.deviation_ppm = feed.deviation_ppm;
    price.grade = PriceGrade::refused;
    price.reason = std::move(reason);
    price.confidence_ppm = 0;
    price.second_opinion = feed.second_opinion;
    return price;
}

Observation observe(const config::Feed& feed, const Answer& answer, const std::string& refused, const std::optional<Answer>& previous,
                    std::int64_t block_time) {
    Observation observation;
    observation.price = refused_price(feed, refused);
    model::ReferencePrice& price = observation.price;
    observation.accepted = refused.empty() ? std::optional<Answer>(answer) : previous;
    const Answer& held = observation.accepted ? *observation.accepted : answer;
    price.raw = held.raw;
    price.decimals = held.decimals;
    price.updated_at = held.updated_at;
    if (!observation.accepted) return observation;
    Graded graded = grade_age(held.updated_at, feed.heartbeat_s, block_time);
    price.grade = graded.grade;
    price.reason = std::move(graded.reason);
    if (!refused.empty()) price.reason = "a later answer is refused: " + refused + (price.reason.empty() ? "" : "; ") + price.reason;
    price.deviation_ppm = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{feed.deviation_ppm} + held.interval_ppm, std::numeric_limits<std::uint32_t>::max()));
    price.confidence_ppm = confidence_ppm(price, block_time);
    return observation;
}

}  // namespace margind::adapters::oracles
