// From distances to a level and the sentence that gives its reason.
#pragma once

#include "risk/distance.hpp"

#include <string>

namespace margind::risk {

struct Judgement {
    model::Level level = model::Level::ok;
    std::string reason;
};

/// Of one candidate: by z, by room against the feed's deviation, and, where the reaction time is longer than
/// `delay_matters_s`, by the probability of a touch within it. Never LIQUIDATABLE.
model::Level level_of(const model::Candidate& candidate, const model::Policy& policy);

/// The worst of all candidates. A part that could not be scanned and begins nearer than z_watch counts as UNKNOWN.
Judgement judge(const Distances& distances, const model::Policy& policy);

/// The band of E_u / MM_u: WATCH, WARN, never more.
Judgement judge_cover(double cover, const model::Policy& policy);

/// "ETH down 13.6 % to 1723.45 (oracle WETH), z 1.42, P24h 15.2 %", and the near edge of a band.
std::string describe(const model::Candidate& candidate);

}  // namespace margind::risk
