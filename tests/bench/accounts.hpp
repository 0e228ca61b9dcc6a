// Many random Aave accounts on the local chain, and blocks that change some of them.
#pragma once

#include "tests/support/chain_process.hpp"

#include <cstddef>
#include <vector>

namespace margind::tests::bench {

/// At least `count`, by seed.
std::vector<model::Address> make_accounts(const ChainProcess& chain, std::size_t count);

/// A transaction of each of these owners that the pool logs, in one block.
void touch(const ChainProcess& chain, const std::vector<model::Address>& owners);

/// A block in which the price of ether changes, and nothing else.
void move_price(const ChainProcess& chain, int dollars);

}  // namespace margind::tests::bench
