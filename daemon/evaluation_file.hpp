// The evaluation file {snapshot, market, policy, memory}: all that a report and the next memory follow from.
#pragma once

#include "daemon/published.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace margind::daemon {

/// Of texts that hold snapshots or memories: those of a thousand accounts stay well below.
inline constexpr model::JsonLimits evaluation_limits{.bytes = std::size_t{512} << 20, .depth = 64, .values = 16'777'216, .number_chars = 80};

struct EvaluationFile {
    model::Snapshot snapshot;
    model::Market market;
    model::Policy policy;
    /// Null in a file without one: remembered fields of the report are then null.
    std::optional<model::Memory> memory;
};

/// `memory` null: the evaluation had none before it.
std::string evaluation_file_text(const model::Snapshot& snapshot, const model::Market& market, const model::Policy& policy, const model::Memory* memory);
/// Errors name the part that is wrong; a policy must stay within the ranges of a configuration.
model::Result<EvaluationFile> parse_evaluation_file(std::string_view text);

/// The full report as one line of JSON.
std::string report_json(const model::Report& report);

/// {"report": …, "memory": …, "events": […]}: what the daemon would have made of it, bit for bit.
std::string evaluation_result_text(const model::Report& report, const model::StepResult& step);

}  // namespace margind::daemon
