// The road of one block: head, read, snapshot, evaluate, commit, publish. And the way back after a reorganisation.
#pragma once

#include "config/settings.hpp"
#include "daemon/chain_source.hpp"
#include "daemon/metrics.hpp"
#include "daemon/outbox.hpp"
#include "daemon/published.hpp"
#include "risk/evaluate.hpp"
#include "storage/history.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace margind::daemon {

/// References must outlive the monitor; `history` null: none is kept.
struct MonitorParts {
    asio::any_io_executor executor;
    /// Where evaluations and the database run.
    asio::any_io_executor pool;
    const config::Settings& settings;
    const model::Market& market;
    risk::Rules rules;
    storage::History* history = nullptr;
    PublishedState& published;
    Outbox& outbox;
    Metrics& metrics;
    Clocks clocks;
    /// Of one evaluation.
    unsigned threads = 1;
};

/// All of it on the io thread.
class Monitor {
public:
    Monitor(MonitorParts parts, std::map<model::ChainId, std::unique_ptr<ChainSource>> sources);
    ~Monitor();

    /// Takes up the memory of the last run and publishes its last state, unconfirmed. Fails when the database cannot be read.
    model::Result<void> resume();
    /// Polls, evaluates and publishes until stop(); what is under way is finished first.
    asio::awaitable<void> run();
    void stop();

    /// One address at the head of a chain, without memory.
    asio::awaitable<model::Result<std::shared_ptr<const Evaluation>>> read_address(model::ChainId chain, model::Address owner);

private:
    struct Watched;
    /// Memory from which to go on, and what was orphaned on the way to it.
    struct Ground {
        std::shared_ptr<const model::Memory> memory;
        std::vector<model::IncidentEvent> events;
        std::vector<storage::Orphaned> orphaned;
    };

    model::Result<void> restore();
    asio::awaitable<void> poll(Watched& chain);
    asio::awaitable<void> turn();
    /// Whether every evaluated block is still on its chain; where not, the memory at the fork. Postpones a chain that cannot say.
    asio::awaitable<Ground> find_ground();
    /// Its head is asked for again; until then it keeps its last state.
    void postpone(Watched& chain, const model::Error& error);
    asio::awaitable<model::Result<bool>> is_canonical(Watched& chain, const model::BlockRef& block);
    asio::awaitable<model::Result<bool>> was_orphaned(Watched& chain, const model::BlockRef& block);
    asio::awaitable<model::Result<std::shared_ptr<const model::Memory>>> memory_at_fork(Watched& chain, std::shared_ptr<const model::Memory> from);
    asio::awaitable<bool> read_chains(const Ground& ground, bool fresh_config);
    asio::awaitable<void> evaluate_and_commit(Ground ground, double read_seconds);
    asio::awaitable<void> commit(storage::CommitBatch batch);
    bool drift_wants_fresh_config(const model::Report& report);
    void publish();

    MonitorParts parts_;
    std::vector<model::Address> owners_;
    std::vector<std::unique_ptr<Watched>> chains_;
    std::shared_ptr<const model::Memory> memory_;
    std::shared_ptr<const Evaluation> evaluation_;
    /// Recent memories, newest last: a reorganisation is undone from here before the database is asked.
    std::deque<std::shared_ptr<const model::Memory>> recent_;
    /// What the database refused, to be committed with what comes next.
    std::optional<storage::CommitBatch> pending_;
    std::string storage_error_;
    std::optional<Steady::time_point> last_fresh_config_;
    asio::steady_timer timer_;
    bool stopping_ = false;
};

}  // namespace margind::daemon
