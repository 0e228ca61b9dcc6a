// Levels on z.
#include "risk/level.hpp"

#include <fmt/format.h>

#include <cmath>

namespace margind::risk {

using namespace model;

namespace {

/// ln(factor) to the candidate's liquidation, signed.
double log_barrier(const Candidate& candidate) {
    if (candidate.band) return candidate.direction == Direction::down ? std::log1p(-candidate.band->near_room) : std::log1p(candidate.band->near_room);
    return candidate.direction == Direction::down ? -std::log(candidate.h) : std::log(candidate.h);
}

Level by_z(double z, const Policy& policy) {
    if (z < policy.z_critical) return Level::critical;
    if (z < policy.z_call) return Level::call;
    if (z < policy.z_warn) return Level::warn;
    if (z < policy.z_watch) return Level::watch;
    return Level::ok;
}

Level by_touch(const Candidate& candidate, const Policy& policy) {
    if (policy.reaction_time_s <= policy.delay_matters_s) return Level::ok;
    const double days = static_cast<double>(policy.reaction_time_s) / 86400;
    const double touch = first_touch(log_barrier(candidate), candidate.sigma_24h, days);
    if (touch > policy.touch_critical) return Level::critical;
    if (touch > policy.touch_call) return Level::call;
    if (touch > policy.touch_warn) return Level::warn;
    return Level::ok;
}

bool within_deviation(const Candidate& candidate, const Policy& policy) {
    return candidate.feed_deviation && room_of(candidate) < policy.critical_room_in_deviations * *candidate.feed_deviation;
}

}  // namespace

Level level_of(const Candidate& candidate, const Policy& policy) {
    Level level = worse(by_z(z_of(candidate), policy), by_touch(candidate, policy));
    if (within_deviation(candidate, policy)) level = worse(level, Level::critical);
    return level;
}

std::string describe(const Candidate& candidate) {
    std::string text = fmt::format("{} {} {:.1f} % to {} ({} {}), z {:.2f}, P24h {:.1f} %", candidate.asset, to_string(candidate.direction),
                                   100 * candidate.room,
                                   price_text(candidate.liquidation_price, candidate.decimals),
                                   to_string(candidate.role), candidate.label, candidate.z, 100 * candidate.p_touch_24h);
    if (candidate.band)
        text += fmt::format(", from {:.1f} % and z {:.2f} by a price {:.2f} % off what is on chain", 100 * candidate.band->near_room,
                            candidate.band->near_z, 100 * candidate.band->half_width);
    return text;
}

Judgement judge_cover(double cover, const Policy& policy) {
    Judgement judgement;
    judgement.level = cover < policy.cover_warn ? Level::warn : cover < policy.cover_watch ? Level::watch : Level::ok;
    judgement.reason = fmt::format("cover {:.2f}: the equity of the book against its unified margin", cover);
    return judgement;
}

Judgement judge(const Distances& distances, const Policy& policy) {
    if (distances.standing.liquidatable) {
        Judgement judgement{Level::liquidatable, "liquidatable now"};
        if (!distances.candidates.empty() && distances.candidates.front().h > 0)
            judgement.reason += fmt::format(": {} would have to be {:.1f} % {}", distances.candidates.front().asset,
                                            100 * std::abs(distances.candidates.front().direction == Direction::down
                                                               ? 1 / distances.candidates.front().h - 1
                                                               : 1 - distances.candidates.front().h),
                                            distances.candidates.front().direction == Direction::down ? "higher" : "lower");
        return judgement;
    }
    Judgement judgement{Level::ok, "no price in the scanned range liquidates it"};
    if (!distances.candidates.empty()) judgement.reason = describe(distances.candidates.front());
    for (const Candidate& candidate : distances.candidates) {
        const Level level = level_of(candidate, policy);
        if (level >= judgement.level) continue;
        judgement.level = level;
        judgement.reason = describe(candidate);
        if (level < by_z(z_of(candidate), policy) && within_deviation(candidate, policy))
            judgement.reason += fmt::format(", within {:.1f} deviations of {:.2f} % of its feed",
                                            policy.critical_room_in_deviations, 100 * *candidate.feed_deviation);
    }
    for (const Gap& gap : distances.gaps) {
        if (gap.z >= policy.z_watch || judgement.level <= Level::unknown) continue;
        judgement.level = Level::unknown;
        judgement.reason = "not known " + gap.text;
    }
    return judgement;
}

}  // namespace margind::risk
