// One message of a client of a FaultProxy, and what is answered.
#pragma once

#include "tests/support/fault_plan.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace margind::tests {

struct FaultMessage {
    std::uint64_t number = 0;
    std::string text;
    /// The single request, or those of a batch.
    std::vector<nlohmann::json> calls;
    bool batch = false;

    std::vector<std::string> methods() const;
    /// The id of the first request, as JSON text.
    std::string id() const;
};
FaultMessage parse_message(std::uint64_t number, std::string text);

struct FaultAnswer {
    Disruption how = Disruption::none;
    std::uint64_t message = 0;
    std::string id;
    /// A complete JSON text, unless `how` says otherwise.
    std::string text;
};

/// How the plan disrupts this message.
Disruption disruption_of(const FaultPlan& plan, const FaultMessage& message);
/// True: the node is asked, and its answer spoilt.
bool spoils_an_answer(Disruption disruption);
/// The text that is sent for a disruption; `answer` is the node's, where spoils_an_answer().
std::string disrupted_text(Disruption disruption, const FaultMessage& message, const std::string& answer);

}  // namespace margind::tests
