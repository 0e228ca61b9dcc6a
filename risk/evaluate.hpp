// The pure core: a snapshot, rules, a calibration and a policy in; a report out. Then what must be remembered.
#pragma once

#include "risk/model/incident.hpp"
#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <functional>
#include <memory>
#include <string>

namespace margind::risk {

/// The rule of a protocol by its name, null when there is none. Callable from any thread.
using Rules = std::function<const model::VenueRule*(const std::string& protocol)>;

/// No memory, no clock, no I/O; the same bits for the same input and any number of threads, of which the calling one is one.
model::Report evaluate(const model::Snapshot& snapshot, const Rules& rules, const model::Market& market,
                       const model::Policy& policy, unsigned threads = 1);

/// What an evaluation found that the next one need not find again. Immutable.
class Kept;

struct Reevaluated {
    model::Report report;
    std::shared_ptr<const Kept> kept;
};

/// The report that evaluate() gives, to the last bit. `before` (null: nothing) is of any evaluation under the same rules: an
/// account is taken from it where all that decides its figures is the same, as on a chain without a new block.
Reevaluated reevaluate(const std::shared_ptr<const Kept>& before, const model::Snapshot& snapshot, const Rules& rules,
                       const model::Market& market, const model::Policy& policy, unsigned threads = 1);

/// Time is block time. `memory` is the result of the step before, or empty.
model::StepResult step(const model::Memory& memory, const model::Report& report, const model::Policy& policy);

/// The rule of the incident that tells of it: "source.stale:1".
std::string source_rule(const model::SourceTrouble& trouble);

/// After a reorganisation: `at_fork` is the memory after the last block that both branches share, `now` the present one.
/// The result is `at_fork` with the sequence numbers of `now`; its events retract what was opened since, and take back
/// what was eased, escalated or cleared since. Incidents of the sources rest on no block and stay as they are.
model::StepResult retract(const model::Memory& at_fork, const model::Memory& now);

}  // namespace margind::risk
