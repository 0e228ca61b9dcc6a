// A rate limit: a bucket of tokens that refills with time.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

namespace margind::daemon {

/// Any thread may call take(). Starts full.
class TokenBucket {
public:
    using Clock = std::chrono::steady_clock;
    TokenBucket(double capacity, double per_second) : capacity_(capacity), per_second_(per_second), tokens_(capacity) {}

    /// False: too soon; nothing is taken.
    bool take(Clock::time_point now) {
        const std::lock_guard lock(mutex_);
        if (last_ && now > *last_) {
            const double passed = std::chrono::duration<double>(now - *last_).count();
            tokens_ = std::min(capacity_, tokens_ + passed * per_second_);
        }
        if (!last_ || now > *last_) last_ = now;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    const double capacity_;
    const double per_second_;
    std::mutex mutex_;
    double tokens_;
    std::optional<Clock::time_point> last_;
};

}  // namespace margind::daemon
