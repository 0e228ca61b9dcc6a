// Perpetual Protocol V2 (Curie): its row in the table of protocols.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::perp_v2 {

Protocol protocol();

}  // namespace margind::adapters::protocols::perp_v2
