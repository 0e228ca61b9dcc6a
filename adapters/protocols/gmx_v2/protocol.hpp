// GMX V2: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::gmx_v2 {

Protocol protocol();

}  // namespace margind::adapters::protocols::gmx_v2
