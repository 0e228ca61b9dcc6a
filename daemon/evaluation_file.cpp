// The evaluation file {snapshot, market, policy, memory}: all that a report and the next memory follow from.
#include "daemon/evaluation_file.hpp"

#include "daemon/as_json.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace margind::daemon {
namespace {

using nlohmann::json;

// A file of a thousand accounts stays well below.
constexpr model::JsonLimits file_limits{.bytes = std::size_t{512} << 20, .depth = 64, .values = 16'777'216, .number_chars = 80};

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
    const auto document = model::parse_json(text, file_limits);
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
