// Wallets: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::erc20 {

Protocol protocol();

}  // namespace margind::adapters::protocols::erc20
