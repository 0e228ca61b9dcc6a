// What the monitor holds of one chain. Internal to monitor.cpp and monitor_fork.cpp.
#pragma once

#include "daemon/monitor.hpp"

#include <chrono>

namespace margind::daemon {

/// A head below the evaluated block for this long is a chain that was cut, not an endpoint that lags.
inline constexpr std::chrono::seconds cut_after{5};

struct Monitor::Watched {
    std::unique_ptr<ChainSource> source;
    ChainStatus status;
    Steady::time_point next_poll{};
    /// The last poll found a block to read, or failed for the first time on a chain that was never read.
    bool news = false;
    /// Accepted and not yet evaluated.
    std::optional<Head> head;
    Steady::time_point head_seen{};
    /// The last block that the memory stands on, also that of an earlier run.
    std::optional<model::BlockRef> last;
    /// What the last evaluation stood on.
    std::shared_ptr<const ChainReading> reading;
    std::optional<Steady::time_point> behind_since;
    std::string poll_error;
    std::string read_error;

    /// A new trouble is logged once, and its end.
    void set_poll_error(const std::string& error);
    void set_read_error(const std::string& error);
};

}  // namespace margind::daemon
