// Chainlink price feeds: an aggregator, or the proxy in front of its phases.
#pragma once

#include "adapters/oracles/oracle.hpp"

namespace margind::adapters::oracles::chainlink {

Kind kind();
/// Empty unless `answer` is before `previous`: of an earlier phase, or of the same one with an earlier round or time.
std::string going_back(const Answer& answer, const Answer& previous);
/// Empty unless `answer` stands at a bound of its aggregator or beyond.
std::string cut_off(const Answer& answer);

}  // namespace margind::adapters::oracles::chainlink
