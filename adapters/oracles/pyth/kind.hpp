// Pyth: the price that was last pushed to the chain, with its confidence interval.
#pragma once

#include "adapters/oracles/oracle.hpp"

namespace margind::adapters::oracles::pyth {

Kind kind();

}  // namespace margind::adapters::oracles::pyth
