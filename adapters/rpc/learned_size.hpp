// How much at once an endpoint takes, as its refusals teach. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

namespace margind::adapters::rpc {

/// Halved where it was too much; after many successes it grows again, step by step, until the next refusal.
class LearnedSize {
public:
    /// So many runs after a refusal nothing more is tried.
    static constexpr std::size_t patience = 64;

    LearnedSize(std::size_t least, std::size_t most) : least_(std::min(least, most)), most_(most), now_(most) {}

    std::size_t now() const { return now_; }
    void too_much(std::size_t size) {
        now_ = std::min(now_, std::max(least_, size / 2));
        rest_ = patience;
    }
    void went_well() {
        if (rest_ > 0)
            --rest_;
        else
            now_ = std::min(most_, now_ + std::max<std::size_t>(1, most_ / 16));
    }

private:
    std::size_t least_;
    std::size_t most_;
    std::size_t now_;
    std::size_t rest_ = 0;
};

}  // namespace margind::adapters::rpc
