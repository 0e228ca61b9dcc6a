// The evaluation file {snapshot, market, policy, memory}: all that a report and the next memory follow from.
#include "daemon/evaluation_file.hpp"

#include "config/policy_fields.hpp"
#include "daemon/as_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <variant>

namespace margind::daemon {
namespace {

using nlohmann::json;

// A policy outside of its ranges could ask for a scan without end.
model::Result<void> check_policy(const model::Policy& policy) {
    for (const config::PolicyField& field : config::policy_fields()) {
        const double value = std::visit([&](auto member) { return static_cast<double>(policy.*member); }, field.member);
        if (!(value >= field.min && value <= field.max))
            return model::fail(model::ErrorCode::out_of_range, fmt::format("$.policy.{}: {:.16g} is not from {} to {}", field.name, value, field.min, field.max));
    }
    return {};
}

}  // namespace

std::string evaluation_file_text(const model::Snapshot& snapshot, const model::Market& market, const model::Policy& policy, const model::Memory* memory) {
    auto document = json::object();
    document["snapshot"] = as_json(snapshot);
    document["market"] = as_json(market);
    document["policy"] = as_json(policy);
    document["memory"] = memory ? as_json(*memory) : json(nullptr);
    return model::print_json(document);
}

model::Result<EvaluationFile> parse_evaluation_file(std::string_view text) {
    const auto document = model::parse_json(text, evaluation_limits);
    if (!document) return model::fail(document.error());
    const model::JsonReader in(*document);
    static constexpr std::array<std::string_view, 4> keys{"snapshot", "market", "policy", "memory"};
    EvaluationFile file;
    in.only_keys(keys);
    if (!in.failed()) read_json(model::JsonReader(in, keys[0]), file.snapshot);
    if (!in.failed()) read_json(model::JsonReader(in, keys[1]), file.market);
    if (!in.failed()) read_json(model::JsonReader(in, keys[2]), file.policy);
    // A file without a state leaves what is remembered null.
    if (!in.failed() && in.has(keys[3])) read_json(model::JsonReader(in, keys[3]), file.memory);
    if (in.error()) return model::fail(*in.error());
    if (const auto good = check_policy(file.policy); !good) return model::fail(good.error());
    return file;
}

std::string report_json(const model::Report& report) { return model::print_json(as_json(report)); }

std::string evaluation_result_text(const model::Report& report, const model::StepResult& step) {
    auto document = json::object();
    document["report"] = as_json(report);
    document["memory"] = as_json(step.memory);
    document["events"] = as_json(step.events);
    return model::print_json(document);
}

}  // namespace margind::daemon
