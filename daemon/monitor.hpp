// The road of one block: head, read, snapshot, evaluate, publish, commit. And the way back after a reorganisation.
#pragma once

#include "config/settings.hpp"
#include "daemon/chain_source.hpp"
#include "daemon/current_market.hpp"
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
#include <set>
#include <utility>
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

    // monitor_chain.cpp: one task for each chain.
    asio::awaitable<void> follow(Watched& chain);
    asio::awaitable<void> look(Watched& chain);
    asio::awaitable<void> read_head(Watched& chain, Head head, Steady::time_point seen);
    /// At WARN or worse, or unknown, in any portfolio.
    std::set<model::AccountKey> close_accounts(model::ChainId chain) const;

    // monitor.cpp: the one task that evaluates what the others read.
    asio::awaitable<void> evaluate_all();
    asio::awaitable<void> stop_if_it_fails(asio::awaitable<void> task);
    /// Resumes at signal() or at that time.
    asio::awaitable<void> sleep_until(Steady::time_point time);
    void signal();
    void judge_sources();
    bool troubles_changed() const;
    /// Something to evaluate, and nothing that is worth waiting for is under way.
    bool due();
    asio::awaitable<void> turn();
    /// Its task goes on.
    void release(Watched& chain);
    void publish();

    // monitor_evaluate.cpp
    std::shared_ptr<const model::Snapshot> snapshot_of_readings(const model::Memory& before);
    asio::awaitable<bool> read_again(const std::vector<Watched*>& taken);
    asio::awaitable<void> evaluate_and_commit(Ground ground, std::vector<Watched*> taken);
    bool drift_wants_fresh_config(const model::Report& report, const std::vector<Watched*>& taken);
    asio::awaitable<void> commit(storage::CommitBatch batch);

    // monitor_fork.cpp
    asio::awaitable<Ground> find_ground(std::vector<Watched*>& taken);
    asio::awaitable<model::Result<bool>> is_canonical(Watched& chain, const Head& head, const model::BlockRef& block);
    /// The highest evaluated block of the chain at or below `number`, on the branch of the memory.
    asio::awaitable<model::Result<std::optional<model::BlockRef>>> evaluated_at(Watched& chain, std::uint64_t number);
    /// Empty when the last block is an ancestor of `head`; else the highest evaluated block that is, 0 when none is known.
    asio::awaitable<model::Result<std::optional<std::uint64_t>>> shared_below(Watched& chain, Head head);
    /// The newest memory that stands on no block above these; empty when none is left.
    asio::awaitable<model::Result<std::shared_ptr<const model::Memory>>> memory_within(std::map<model::ChainId, std::uint64_t> limits);

    MonitorParts parts_;
    std::vector<model::Address> owners_;
    std::vector<std::unique_ptr<Watched>> chains_;
    std::shared_ptr<const model::Memory> memory_;
    std::shared_ptr<const Evaluation> evaluation_;
    CurrentMarket market_;
    /// Of the last evaluation, to spare work of the next.
    std::shared_ptr<const risk::Kept> kept_;
    /// Recent memories, newest last: a reorganisation is undone from here before the database is asked.
    std::deque<std::shared_ptr<const model::Memory>> recent_;
    /// What the database refused, to be committed with what comes next.
    std::optional<storage::CommitBatch> pending_;
    std::string storage_error_;
    std::optional<Steady::time_point> last_fresh_config_;
    /// Chain and kind of what the last evaluation of this run was told of.
    std::vector<std::pair<model::ChainId, model::TroubleKind>> told_;
    Steady::time_point started_{};
    /// Since when something waits to be evaluated.
    std::optional<Steady::time_point> waiting_since_;
    asio::steady_timer timer_;
    bool signalled_ = false;
    /// What is published is on its way into the database.
    bool committing_ = false;
    bool stopping_ = false;
};

}  // namespace margind::daemon
