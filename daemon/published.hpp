// What the REST endpoint reads: the last evaluated state, immutable, swapped as a whole.
#pragma once

#include "risk/model/incident.hpp"
#include "risk/model/market.hpp"
#include "risk/model/report.hpp"
#include "risk/model/snapshot.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace margind::daemon {

using Steady = std::chrono::steady_clock;

/// Injected, so that ages and readiness are tested without waiting. `wall` in unix seconds.
struct Clocks {
    std::function<Steady::time_point()> steady;
    std::function<std::int64_t()> wall;
};
Clocks system_clocks();

/// One watched chain. `evaluated` is the block that the published report stands on, null when it stands on none.
struct ChainStatus {
    model::ChainId id;
    std::string name;
    std::optional<model::BlockRef> evaluated;
    /// When an endpoint last said that `evaluated` is its head; null for a state of an earlier run.
    std::optional<Steady::time_point> confirmed;
    std::int64_t block_time_ms = 0;
    std::chrono::milliseconds poll_interval{};
    bool quiet = false;
    /// How long nothing may be confirmed before the chain is stale.
    std::chrono::milliseconds stale_after{30'000};
    /// Why the last poll or reading failed; empty when it did not.
    std::string error;
    /// What is wrong with its sources, sorted by kind.
    std::vector<model::SourceTrouble> troubles;
};

/// One evaluation. `before` is the memory that it started from (null for the first), `after` what it left.
struct Evaluation {
    std::shared_ptr<const model::Snapshot> snapshot;
    std::shared_ptr<const model::Report> report;
    std::shared_ptr<const model::Memory> before;
    std::shared_ptr<const model::Memory> after;
    /// The calibration that it stands on.
    std::shared_ptr<const model::Market> market{};
};

struct Published {
    /// Null before the first evaluation.
    std::shared_ptr<const Evaluation> evaluation;
    /// Sorted by id.
    std::vector<ChainStatus> chains;
    /// The evaluation is on its way into the database.
    bool committing = false;
    /// Why the database refused the last commit; empty when it did not.
    std::string storage_error;
    /// Bodies of events that are sent but not committed.
    std::vector<std::string> uncommitted_events;
};

/// Any thread may call get(); the io thread alone publishes.
class PublishedState {
public:
    PublishedState();
    void publish(std::shared_ptr<const Published> next);
    std::shared_ptr<const Published> get() const;
    /// The same once it is in the database, so that who has seen a state finds it there; after `longest` as it is then.
    std::shared_ptr<const Published> get_settled(std::chrono::milliseconds longest) const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable settled_;
    std::shared_ptr<const Published> current_;
};

/// Longest time without a confirmation of the evaluated block as the head; twice the poll interval where that is longer.
inline constexpr std::chrono::milliseconds confirmation_limit{8'000};

/// How far a block may lie behind the wall clock on a chain that mines by it, in seconds.
std::int64_t late_limit_s(std::int64_t block_time_ms);

/// Why the state must not be relied on; empty: ready. Each reason is one sentence with its numbers.
std::vector<std::string> not_ready_reasons(const Published& state, const Clocks& clocks);

}  // namespace margind::daemon
