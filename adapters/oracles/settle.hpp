// What the sources of one chain say together. Pure.
#pragma once

#include "adapters/oracles/oracle.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace margind::adapters::oracles {

/// One source's price at a block.
struct Seen {
    config::Feed feed;
    model::ReferencePrice price;
    /// Operators contradict each other about it; empty: they do not.
    std::string contradiction;
};

/// The reference prices of a chain, in the order of `seen`: what is in another token becomes USD; with the sequencer down or back
/// for less than its grace, what comes from the chain is sequencer_grace; sources of one asset that differ by more than both
/// deviations are disputed. A stale or refused price has no say. The sequencer's own status is not among them.
std::vector<model::ReferencePrice> settle(std::vector<Seen> seen, std::int64_t block_time);

}  // namespace margind::adapters::oracles
