// The uptime feed of a rollup's sequencer: whether the chain's prices may be relied on.
#pragma once

#include "adapters/oracles/oracle.hpp"

namespace margind::adapters::oracles::sequencer {

/// Its observation's grade is fresh where the sequencer is up and has been for longer than the grace, else sequencer_grace with
/// the reason; `raw` is the answer and `updated_at` the time since which it stands.
Kind kind();

}  // namespace margind::adapters::oracles::sequencer
