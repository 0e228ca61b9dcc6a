// The logs of a comet that tell whose stored state changed.
#pragma once

#include "adapters/adapter.hpp"

#include <optional>
#include <vector>

namespace margind::adapters::protocols::compound_v3 {

std::optional<Watch> watch(const model::Facts& venue);
std::vector<model::Address> touched(const Log& log);

}  // namespace margind::adapters::protocols::compound_v3
