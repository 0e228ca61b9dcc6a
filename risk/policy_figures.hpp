// Every number of a policy with its default and where it comes from.
#pragma once

#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <vector>

namespace margind::risk {

/// In the order of Policy's fields.
std::vector<model::PolicyFigure> policy_figures(const model::Policy& policy);

}  // namespace margind::risk
