// Ostium: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::ostium {

Protocol protocol();

}  // namespace margind::adapters::protocols::ostium
