// From what was read to what is committed: snapshot, evaluation, step, the published state, one transaction.
#include "daemon/monitor_chain.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/log_value.hpp"
#include "daemon/stored.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace margind::daemon {
namespace {

using adapters::rpc::run_blocking;
using MemoryPtr = std::shared_ptr<const model::Memory>;

// A venue whose figures keep differing from ours is not read from scratch at every block.
constexpr std::chrono::seconds fresh_config_pause{60};

double seconds_between(Steady::time_point from, Steady::time_point to) { return std::chrono::duration<double>(to - from).count(); }

struct Evaluated {
    std::shared_ptr<const model::Report> report;
    std::shared_ptr<const risk::Kept> kept;
    std::shared_ptr<const model::Memory> memory;
    std::vector<model::IncidentEvent> events;
};

// All that needs a processor and no state: the worker's part of a block, before it is served.
Evaluated evaluate_snapshot(const model::Snapshot& snapshot, const risk::Rules& rules, const model::Market& market, const model::Policy& policy,
                            const model::Memory& before, const std::shared_ptr<const risk::Kept>& kept, unsigned threads) {
    Evaluated result;
    risk::Reevaluated found = risk::reevaluate(kept, snapshot, rules, market, policy, threads);
    result.report = std::make_shared<const model::Report>(std::move(found.report));
    result.kept = std::move(found.kept);
    model::StepResult step = risk::step(before, *result.report, policy);
    result.memory = std::make_shared<const model::Memory>(std::move(step.memory));
    result.events = std::move(step.events);
    return result;
}

// And after: what the history keeps of it.
storage::CommitBatch texts_of(const Evaluation& evaluation) {
    storage::CommitBatch texts;
    const model::Report& report = *evaluation.report;
    texts.snapshot = snapshot_text(*evaluation.snapshot, report.snapshot_hash);
    for (const model::PortfolioReport& portfolio : report.portfolios) {
        const auto remembered = evaluation.after->portfolios.find(portfolio.name);
        const model::Headline& headline = remembered == evaluation.after->portfolios.end() ? portfolio.headline : remembered->second.headline;
        texts.reports.push_back(report_text(portfolio, headline, report.time));
    }
    texts.memory = memory_text(*evaluation.after);
    return texts;
}

}  // namespace

bool Monitor::drift_wants_fresh_config(const model::Report& report, const std::vector<Watched*>& taken) {
    const auto read_now = [&](const model::AccountReport& account) {
        return std::any_of(taken.begin(), taken.end(), [&](const Watched* chain) { return chain->status.id == account.key.venue.chain; });
    };
    const bool drift = std::any_of(report.portfolios.begin(), report.portfolios.end(), [&](const model::PortfolioReport& portfolio) {
        return std::any_of(portfolio.accounts.begin(), portfolio.accounts.end(), [&](const model::AccountReport& account) {
            return account.grade.kind == model::GradeKind::drift && read_now(account);
        });
    });
    const Steady::time_point now = parts_.clocks.steady();
    if (!drift || (last_fresh_config_ && now - *last_fresh_config_ < fresh_config_pause)) return false;
    last_fresh_config_ = now;
    return true;
}

// Their blocks anew, with configurations that are not from the cache. False: nothing could be read.
asio::awaitable<bool> Monitor::read_again(const std::vector<Watched*>& taken) {
    bool any = false;
    for (Watched* chain : taken) {
        if (chain->reading->block.number == 0) continue;
        model::BlockRef block = chain->reading->block;
        std::vector<model::Address> owners = owners_;
        ReadOptions options;
        options.fresh_config = true;
        options.close = close_accounts(chain->status.id);
        auto reading = co_await chain->source->read(std::move(block), std::move(owners), std::move(options));
        if (!reading) {
            parts_.metrics.read_failed(chain->status.id, reading.error().code);
            continue;
        }
        chain->reading = std::make_shared<const ChainReading>(std::move(*reading));
        any = true;
    }
    co_return any;
}

// What may not be used counts as not read: unknown, with the reason.
std::shared_ptr<const model::Snapshot> Monitor::snapshot_of_readings(const model::Memory& before) {
    std::vector<std::shared_ptr<const ChainReading>> kept;
    std::vector<const ChainReading*> readings;
    std::vector<model::SourceTrouble> troubles;
    for (const std::unique_ptr<Watched>& chain : chains_) {
        kept.push_back(chain->usable());
        if (!kept.back()) {
            const std::string reason = chain->status.error.empty() ? "not read yet" : "unreachable: " + chain->status.error;
            kept.back() = std::make_shared<const ChainReading>(chain->source->unread(owners_, reason));
        }
        readings.push_back(kept.back().get());
        troubles.insert(troubles.end(), chain->status.troubles.begin(), chain->status.troubles.end());
        if (kept.back()->block.number > 0) {
            chain->status.evaluated = kept.back()->block;
            continue;
        }
        chain->status.evaluated.reset();
        chain->status.confirmed.reset();
    }
    auto snapshot = std::make_shared<model::Snapshot>(assemble(readings, parts_.settings.assets, parts_.settings.portfolios));
    snapshot->troubles = std::move(troubles);
    keep_remembered_accounts(*snapshot, before);
    // Without any block no time has passed.
    if (snapshot->blocks.empty()) snapshot->time = before.time;
    return snapshot;
}

asio::awaitable<void> Monitor::evaluate_and_commit(Ground ground, std::vector<Watched*> taken) {
    std::shared_ptr<const model::Snapshot> snapshot;
    Evaluated evaluated;
    double evaluate_seconds = 0;
    std::shared_ptr<const model::Market> market;
    for (;;) {
        snapshot = snapshot_of_readings(*ground.memory);
        market = market_.at(snapshot->time);
        const Steady::time_point start = parts_.clocks.steady();
        auto work = [this, snapshot, market, before = ground.memory, kept = kept_] {
            return evaluate_snapshot(*snapshot, parts_.rules, *market, parts_.settings.policy, *before, kept, parts_.threads);
        };
        evaluated = co_await run_blocking(parts_.pool, std::move(work));
        evaluate_seconds = seconds_between(start, parts_.clocks.steady());
        kept_ = evaluated.kept;
        if (!drift_wants_fresh_config(*evaluated.report, taken)) break;
        const bool again = co_await read_again(taken);
        if (!again) break;
    }
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->snapshot = snapshot;
    evaluation->report = evaluated.report;
    evaluation->before = ground.memory;
    evaluation->after = evaluated.memory;
    evaluation->market = market;
    told_.clear();
    for (const model::SourceTrouble& trouble : snapshot->troubles) told_.emplace_back(trouble.chain, trouble.kind);

    for (Watched* chain : taken) {
        if (chain->reading->block.number == 0) {
            chain->last.reset();
            continue;
        }
        chain->last = chain->reading->block;
        chain->status.confirmed = chain->fresh->seen;
        parts_.metrics.block_evaluated(chain->status.id, chain->fresh->read_seconds, evaluate_seconds);
    }
    for (const storage::Orphaned& orphaned : ground.orphaned) {
        parts_.metrics.reorganisation(orphaned.chain);
        spdlog::warn("event=reorganised chain={} fork={} retracted_or_taken_back={}", orphaned.chain.value, orphaned.above, ground.events.size());
        std::erase_if(recent_, [&](const MemoryPtr& memory) {
            return std::any_of(memory->blocks.begin(), memory->blocks.end(),
                               [&](const model::BlockRef& block) { return block.chain == orphaned.chain && block.number > orphaned.above; });
        });
    }
    evaluation_ = evaluation;
    memory_ = evaluation->after;
    recent_.push_back(memory_);
    if (recent_.size() > storage::kept_memories) recent_.pop_front();

    // Who reads the state need not wait until it is written down; who is warned does.
    committing_ = parts_.history != nullptr;
    publish();
    for (const Watched* chain : taken)
        if (chain->reading->block.number > 0) parts_.metrics.published(chain->status.id, seconds_between(chain->fresh->accepted, parts_.clocks.steady()));
    storage::CommitBatch batch;
    if (parts_.history) {
        auto writing = [evaluation = evaluation_] { return texts_of(*evaluation); };
        batch = co_await run_blocking(parts_.pool, std::move(writing));
    }
    batch.orphaned = ground.orphaned;
    batch.daily_prices = market_.note(*snapshot);
    for (const std::vector<model::IncidentEvent>* events : {&ground.events, &evaluated.events})
        for (const model::IncidentEvent& event : *events) {
            parts_.metrics.event(event.type);
            batch.events.push_back(event_text(event, evaluation->report->time, parts_.outbox.sinks_of(event.log_only)));
        }
    co_await commit(std::move(batch));
    committing_ = false;
}

asio::awaitable<void> Monitor::commit(storage::CommitBatch batch) {
    if (!parts_.history) {
        parts_.outbox.send_uncommitted(batch.events);
        co_return;
    }
    if (pending_) {
        // What was refused before goes first; of snapshots only the newest is kept.
        batch.orphaned.insert(batch.orphaned.begin(), pending_->orphaned.begin(), pending_->orphaned.end());
        batch.events.insert(batch.events.begin(), std::make_move_iterator(pending_->events.begin()), std::make_move_iterator(pending_->events.end()));
        batch.daily_prices.insert(batch.daily_prices.begin(), std::make_move_iterator(pending_->daily_prices.begin()), std::make_move_iterator(pending_->daily_prices.end()));
        pending_.reset();
    }
    const auto sending = std::make_shared<storage::CommitBatch>(batch);
    for (storage::EventText& event : sending->events) event.sinks = parts_.outbox.left(event);
    const Steady::time_point start = parts_.clocks.steady();
    auto work = [history = parts_.history, sending] { return history->commit(*sending); };
    const auto done = co_await run_blocking(parts_.pool, std::move(work));
    if (done) {
        if (!storage_error_.empty()) spdlog::info("event=storage_recovered");
        storage_error_.clear();
        parts_.metrics.committed(seconds_between(start, parts_.clocks.steady()));
        parts_.outbox.committed(sending->events, *done);
        co_return;
    }
    if (storage_error_.empty()) spdlog::error("event=commit_refused events={} error={}", batch.events.size(), log_value(done.error().message));
    storage_error_ = done.error().message;
    parts_.metrics.commit_refused();
    parts_.outbox.send_uncommitted(batch.events);
    pending_ = std::move(batch);
}

}  // namespace margind::daemon
