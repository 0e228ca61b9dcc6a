// The logs of Morpho Blue that tell whose stored state changed.
#pragma once

#include "adapters/adapter.hpp"

#include <optional>
#include <vector>

namespace margind::adapters::protocols::morpho_blue {

std::optional<Watch> watch(const model::Facts& venue);
std::vector<model::Address> touched(const Log& log);

}  // namespace margind::adapters::protocols::morpho_blue
