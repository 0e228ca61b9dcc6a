// Compound III: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::compound_v3 {

Protocol protocol();

}  // namespace margind::adapters::protocols::compound_v3
