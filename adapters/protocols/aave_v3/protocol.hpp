// Aave V3: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::aave_v3 {

Protocol protocol();

}  // namespace margind::adapters::protocols::aave_v3
