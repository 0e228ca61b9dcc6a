// Hyperliquid by HyperEVM's read precompiles: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::hyperliquid {

Protocol protocol();

}  // namespace margind::adapters::protocols::hyperliquid
