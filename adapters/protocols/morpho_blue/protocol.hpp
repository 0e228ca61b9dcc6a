// Morpho Blue: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::morpho_blue {

Protocol protocol();

}  // namespace margind::adapters::protocols::morpho_blue
