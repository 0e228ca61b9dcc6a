// What the monitor holds of one chain. Internal to monitor*.cpp.
#pragma once

#include "daemon/monitor.hpp"

#include <chrono>

namespace margind::daemon {

/// A head below the evaluated block for this long is a chain that was cut, not an endpoint that lags.
inline constexpr std::chrono::seconds cut_after{5};

struct Monitor::Watched {
    explicit Watched(const asio::any_io_executor& executor) : taken(executor) {}

    /// A block that was read, until the evaluation that stands on it is over.
    struct Fresh {
        Head head;
        Steady::time_point seen{};
        /// When its reading began.
        Steady::time_point accepted{};
        double read_seconds = 0;
        std::shared_ptr<const ChainReading> reading;
        /// Set when `last` is no longer on the chain: the highest evaluated block that is; 0 where none is known to be.
        std::optional<std::uint64_t> shared;
    };

    std::unique_ptr<ChainSource> source;
    ChainStatus status;
    /// Its head was asked for at least once.
    bool looked = false;
    /// A new block is being read.
    bool busy = false;
    std::optional<Fresh> fresh;
    /// Cancelled when `fresh` was dealt with.
    asio::steady_timer taken;
    /// The last block that the memory stands on, also that of an earlier run.
    std::optional<model::BlockRef> last;
    /// What was read last, of an earlier run where `read_here` is false.
    std::shared_ptr<const ChainReading> reading;
    bool read_here = false;
    /// When all was last well: a block that fits the clock was confirmed or evaluated. And when that block last changed.
    Steady::time_point good_at{};
    Steady::time_point moved_at{};
    std::optional<model::SourceTrouble> stale;
    std::optional<Steady::time_point> behind_since;
    std::string poll_error;
    std::string read_error;

    /// A new trouble is logged once, and its end.
    void set_poll_error(const std::string& error);
    void set_read_error(const std::string& error);
    /// Whether a block's time fits the wall clock, on a chain that mines by it.
    bool fits_the_clock(const model::BlockRef& block, const Clocks& clocks) const;
    /// Whether it is stale at this moment; the words are those of the moment when it became so.
    void judge(const Clocks& clocks);
    /// What an evaluation stands on; null when nothing was read that may be used.
    std::shared_ptr<const ChainReading> usable() const { return read_here || stale ? reading : nullptr; }
};

}  // namespace margind::daemon
