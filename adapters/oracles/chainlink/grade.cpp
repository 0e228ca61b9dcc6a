// How old a round may be, and which rounds no one may use.
#include "adapters/oracles/chainlink/chainlink.hpp"

namespace margind::adapters::oracles::chainlink {

using model::PriceGrade;

namespace {

constexpr std::int64_t future_tolerance_s = 60;
constexpr std::int64_t stale_grace_s = 60;

std::string refusal(const Round& round, const std::optional<Round>& previous, std::int64_t block_time) {
    if (round.answer.is_negative() || round.answer.is_zero()) return "answer " + round.answer.to_decimal() + " is not positive";
    if (round.updated_at <= 0) return "updatedAt " + std::to_string(round.updated_at) + " is no time";
    if (round.updated_at - future_tolerance_s > block_time)
        return "updatedAt " + std::to_string(round.updated_at) + " is " + std::to_string(round.updated_at - block_time) +
               " s ahead of the block";
    if (!previous) return {};
    if (round.id < previous->id) return "round " + round.id.to_decimal() + " is before round " + previous->id.to_decimal();
    if (round.updated_at < previous->updated_at)
        return "updatedAt " + std::to_string(round.updated_at) + " is before " + std::to_string(previous->updated_at) +
               " of the last round";
    return {};
}

}  // namespace

Graded grade(const Round& round, const std::optional<Round>& previous, std::int64_t heartbeat_s, std::int64_t block_time) {
    std::string refused = refusal(round, previous, block_time);
    if (!refused.empty()) return {PriceGrade::refused, std::move(refused)};
    const std::int64_t age = block_time - round.updated_at;
    if (age <= heartbeat_s) return {PriceGrade::fresh, {}};
    std::string reason = "age " + std::to_string(age) + " s, heartbeat " + std::to_string(heartbeat_s) + " s";
    // 1.25 heartbeats in whole quarters, so that no rounding moves the bound.
    const bool stale = (age - stale_grace_s) * 4 > heartbeat_s * 5;
    return {stale ? PriceGrade::stale : PriceGrade::late, std::move(reason)};
}

}  // namespace margind::adapters::oracles::chainlink
