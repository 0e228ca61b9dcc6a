// RedStone: prices that several signers put their names to, whoever hands them on.
#pragma once

#include "adapters/oracles/oracle.hpp"

#include <optional>
#include <string>

namespace margind::adapters::oracles::redstone {

/// Reads nothing from the chain: its answer is what was delivered, judged at the block's time.
Kind kind();

struct Verdict {
    Answer answer;
    /// Empty: accepted.
    std::string refused;
};

/// The median of the newest packages that are not ahead of the block and that `threshold` distinct configured signers made;
/// refused when there are none, when they were stale already, and when they are before `previous`. At the time of `previous`
/// it is `previous` again.
Verdict judge(const config::RedstoneFeed& source, std::int64_t heartbeat_s, const Delivery* delivery, const std::optional<Answer>& previous,
              std::int64_t block_time);

}  // namespace margind::adapters::oracles::redstone
