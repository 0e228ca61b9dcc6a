// What the REST endpoint reads: the last evaluated state, immutable, swapped as a whole.
#include "daemon/published.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

// A chain that mines by the clock may be this many expected blocks behind the wall clock, and never less than a minute.
constexpr std::int64_t late_blocks = 10;
constexpr std::int64_t least_late_s = 60;
// A head from the future: a wrong clock here or a lying node.
constexpr std::int64_t future_s = 60;

}  // namespace

Clocks system_clocks() {
    return {[] { return Steady::now(); },
            [] {
                const auto now = std::chrono::system_clock::now().time_since_epoch();
                return std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(now).count()};
            }};
}

std::int64_t late_limit_s(std::int64_t block_time_ms) { return std::max(least_late_s, late_blocks * block_time_ms / 1000); }

PublishedState::PublishedState() : current_(std::make_shared<const Published>()) {}

void PublishedState::publish(std::shared_ptr<const Published> next) {
    {
        // The old state is destroyed with the argument, after the lock is gone.
        const std::lock_guard lock(mutex_);
        current_.swap(next);
    }
    settled_.notify_all();
}

std::shared_ptr<const Published> PublishedState::get() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::shared_ptr<const Published> PublishedState::get_settled(std::chrono::milliseconds longest) const {
    std::unique_lock lock(mutex_);
    settled_.wait_for(lock, longest, [this] { return !current_->committing; });
    return current_;
}

std::vector<std::string> not_ready_reasons(const Published& state, const Clocks& clocks) {
    std::vector<std::string> reasons;
    if (!state.evaluation) reasons.push_back("nothing has been evaluated yet");
    const Steady::time_point now = clocks.steady();
    for (const ChainStatus& chain : state.chains) {
        const std::string because = chain.error.empty() ? "" : ": " + chain.error;
        for (const model::SourceTrouble& trouble : chain.troubles)
            if (trouble.kind != model::TroubleKind::single_source) reasons.push_back(fmt::format("{}: {}", model::to_string(trouble.kind), trouble.reason));
        if (!chain.evaluated) {
            reasons.push_back(fmt::format("chain {}: no block has been evaluated{}", chain.id.value, because));
            continue;
        }
        if (!chain.confirmed) {
            reasons.push_back(fmt::format("chain {}: block {} was evaluated by an earlier run, and no endpoint has confirmed it since{}", chain.id.value,
                                          chain.evaluated->number, because));
            continue;
        }
        const auto limit = std::max(confirmation_limit, 2 * chain.poll_interval);
        const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - *chain.confirmed);
        if (age > limit)
            reasons.push_back(fmt::format("chain {}: no endpoint has confirmed block {} as the head for {:.1f} s (limit {} s){}",
                                          chain.id.value, chain.evaluated->number, static_cast<double>(age.count()) / 1000,
                                          limit.count() / 1000, because));
        const std::int64_t behind = clocks.wall() - chain.evaluated->time;
        const std::int64_t late = late_limit_s(chain.block_time_ms);
        if (!chain.quiet && behind > late)
            reasons.push_back(fmt::format("chain {}: block {} is {} s behind the clock (limit {} s); set quiet_chain for a chain that mines on demand",
                                          chain.id.value, chain.evaluated->number, behind, late));
        if (!chain.quiet && behind < -future_s)
            reasons.push_back(fmt::format("chain {}: block {} is {} s ahead of the clock of this machine", chain.id.value,
                                          chain.evaluated->number, -behind));
    }
    return reasons;
}

}  // namespace margind::daemon
