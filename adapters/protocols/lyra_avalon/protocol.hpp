// Lyra Avalon as the build collects it.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::lyra_avalon {

Protocol protocol();

}  // namespace margind::adapters::protocols::lyra_avalon
