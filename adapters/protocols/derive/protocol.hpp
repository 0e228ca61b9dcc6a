// Derive (Lyra V2): its row in the table of protocols.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::derive {

Protocol protocol();

}  // namespace margind::adapters::protocols::derive
