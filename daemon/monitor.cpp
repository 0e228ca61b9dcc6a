// The road of one block: head, read, snapshot, evaluate, commit, publish.
#include "daemon/monitor.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/assemble.hpp"
#include "daemon/log_value.hpp"
#include "daemon/monitor_chain.hpp"
#include "daemon/stored.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace margind::daemon {
namespace {

using adapters::rpc::run_blocking;
using model::ErrorCode;
using model::Result;
using MemoryPtr = std::shared_ptr<const model::Memory>;

// A venue whose figures keep differing from ours is not read from scratch at every block.
constexpr std::chrono::seconds fresh_config_pause{60};

// What the database refused is offered again at least this often.
constexpr std::chrono::seconds longest_pause{1};

// How long a block that was read waits for those of other chains that are being read; at the start, for chains that were never read.
constexpr std::chrono::milliseconds patience{100};
constexpr std::chrono::seconds first_patience{5};

double seconds_between(Steady::time_point from, Steady::time_point to) { return std::chrono::duration<double>(to - from).count(); }

struct Evaluated {
    std::shared_ptr<const model::Report> report;
    std::shared_ptr<const model::Memory> memory;
    std::vector<model::IncidentEvent> events;
    storage::CommitBatch texts;
};

// All that needs a processor and no state: the worker's part of a block.
Evaluated evaluate_snapshot(const model::Snapshot& snapshot, const risk::Rules& rules, const model::Market& market, const model::Policy& policy,
                            const model::Memory& before, unsigned threads) {
    Evaluated result;
    result.report = std::make_shared<const model::Report>(risk::evaluate(snapshot, rules, market, policy, threads));
    model::StepResult step = risk::step(before, *result.report, policy);
    result.memory = std::make_shared<const model::Memory>(std::move(step.memory));
    result.events = std::move(step.events);
    result.texts.snapshot = snapshot_text(snapshot, result.report->snapshot_hash);
    for (const model::PortfolioReport& portfolio : result.report->portfolios) {
        const auto remembered = result.memory->portfolios.find(portfolio.name);
        const model::Headline& headline = remembered == result.memory->portfolios.end() ? portfolio.headline : remembered->second.headline;
        result.texts.reports.push_back(report_text(portfolio, headline, result.report->time));
    }
    result.texts.memory = memory_text(*result.memory);
    return result;
}

}  // namespace

Monitor::Monitor(MonitorParts parts, std::map<model::ChainId, std::unique_ptr<ChainSource>> sources)
    : parts_(std::move(parts)), memory_(std::make_shared<const model::Memory>()), timer_(parts_.executor) {
    std::set<model::Address> owners;
    for (const model::Portfolio& portfolio : parts_.settings.portfolios) owners.insert(portfolio.owners.begin(), portfolio.owners.end());
    owners_.assign(owners.begin(), owners.end());
    for (auto& [id, source] : sources) {
        const config::Chain& chain = parts_.settings.chains.at(id);
        auto watched = std::make_unique<Watched>(parts_.executor);
        watched->source = std::move(source);
        watched->status.id = id;
        watched->status.name = chain.name;
        watched->status.block_time_ms = chain.block_time.count();
        watched->status.quiet = chain.quiet_chain;
        watched->status.poll_interval = chain.poll_interval;
        watched->status.stale_after = chain.stale_after;
        chains_.push_back(std::move(watched));
    }
    publish();
}

Monitor::~Monitor() = default;

Result<void> Monitor::resume() {
    if (!parts_.history) return {};
    const auto text = parts_.history->latest_memory();
    if (!text) return model::fail(text.error());
    if (!*text) return {};
    auto memory = memory_of(**text);
    if (!memory) return model::fail(memory.error().code, "the memory of the last run: " + memory.error().message);
    memory_ = std::make_shared<const model::Memory>(std::move(*memory));
    recent_.push_back(memory_);
    for (const model::BlockRef& block : memory_->blocks)
        for (const std::unique_ptr<Watched>& chain : chains_)
            if (chain->status.id == block.chain && block.number > 0) chain->last = block;
    spdlog::info("event=resumed time={} portfolios={}", memory_->time, memory_->portfolios.size());
    return restore();
}

Result<void> Monitor::restore() {
    const auto text = parts_.history->snapshot_at(parts_.settings.portfolios.front().name, memory_->time);
    // Of a portfolio that was watched long ago, it was dropped for its age.
    if (!text && text.error().code == ErrorCode::missing) return {};
    if (!text) return model::fail(text.error());
    if (!*text) return {};
    const auto snapshot = snapshot_of(**text);
    if (!snapshot && snapshot.error().code == ErrorCode::storage) return model::fail(snapshot.error().code, "the last snapshot: " + snapshot.error().message);
    if (!snapshot) {
        spdlog::warn("event=snapshot_of_another_version error={}", log_value(snapshot.error().message));
        return {};
    }
    // Of other owners or chains, or not the memory's: nothing that this run would publish.
    const model::Snapshot asked = assemble({}, parts_.settings.assets, parts_.settings.portfolios);
    const bool all_watched = std::all_of(memory_->blocks.begin(), memory_->blocks.end(), [this](const model::BlockRef& block) {
        return std::any_of(chains_.begin(), chains_.end(), [&](const std::unique_ptr<Watched>& chain) { return chain->last == block; });
    });
    if (!all_watched || snapshot->portfolios != asked.portfolios || (*text)->blocks != memory_->blocks) return {};
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->snapshot = std::make_shared<const model::Snapshot>(*snapshot);
    evaluation->report = std::make_shared<const model::Report>(risk::evaluate(*snapshot, parts_.rules, parts_.market, parts_.settings.policy, parts_.threads));
    evaluation->after = memory_;
    evaluation_ = std::move(evaluation);
    for (const std::unique_ptr<Watched>& chain : chains_) {
        chain->status.evaluated = chain->last;
        if (chain->last) chain->reading = std::make_shared<const ChainReading>(reading_of(*evaluation_->snapshot, chain->status.id));
    }
    publish();
    return {};
}

void Monitor::stop() {
    stopping_ = true;
    timer_.cancel();
    for (const std::unique_ptr<Watched>& chain : chains_) chain->taken.cancel();
}

asio::awaitable<void> Monitor::stop_if_it_fails(asio::awaitable<void> task) {
    try {
        co_await std::move(task);
    } catch (...) {
        stop();
        throw;
    }
}

asio::awaitable<void> Monitor::run() {
    started_ = Steady::now();
    std::vector<asio::awaitable<void>> tasks;
    for (const std::unique_ptr<Watched>& chain : chains_) {
        chain->good_at = chain->moved_at = parts_.clocks.steady();
        tasks.push_back(stop_if_it_fails(follow(*chain)));
    }
    tasks.push_back(stop_if_it_fails(evaluate_all()));
    co_await adapters::rpc::join_all(std::move(tasks));
    if (pending_) {
        storage::CommitBatch last = std::move(*pending_);
        pending_.reset();
        co_await commit(std::move(last));
    }
}

void Monitor::signal() {
    signalled_ = true;
    timer_.cancel();
}

asio::awaitable<void> Monitor::sleep_until(Steady::time_point time) {
    if (!signalled_) {
        timer_.expires_at(time);
        boost::system::error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    signalled_ = false;
}

asio::awaitable<void> Monitor::evaluate_all() {
    Steady::time_point retry{};
    while (!stopping_) {
        judge_sources();
        if (due()) {
            co_await turn();
        } else if (pending_ && Steady::now() >= retry) {
            storage::CommitBatch again = std::move(*pending_);
            pending_.reset();
            co_await commit(std::move(again));
            retry = Steady::now() + longest_pause;
        }
        publish();
        if (stopping_) break;
        Steady::time_point next = Steady::now() + longest_pause;
        if (waiting_since_) next = std::min(next, Steady::now() + patience);
        co_await sleep_until(next);
    }
}

void Monitor::judge_sources() {
    for (const std::unique_ptr<Watched>& chain : chains_) {
        chain->judge(parts_.clocks);
        chain->status.troubles = chain->source->troubles();
        if (chain->stale) chain->status.troubles.push_back(*chain->stale);
        std::ranges::sort(chain->status.troubles, {}, &model::SourceTrouble::kind);
    }
}

// Words and numbers in a reason may differ from one moment to the next: only what begins and ends counts.
bool Monitor::troubles_changed() const {
    std::vector<std::pair<model::ChainId, model::TroubleKind>> present;
    for (const std::unique_ptr<Watched>& chain : chains_)
        for (const model::SourceTrouble& trouble : chain->status.troubles) present.emplace_back(trouble.chain, trouble.kind);
    return present != told_;
}

bool Monitor::due() {
    const auto any = [this](auto good) { return std::any_of(chains_.begin(), chains_.end(), [&](const auto& chain) { return good(*chain); }); };
    const bool usable = any([](const Watched& chain) { return chain.usable() || chain.stale; });
    if (!any([](const Watched& chain) { return chain.fresh.has_value(); }) && !(usable && troubles_changed())) {
        waiting_since_.reset();
        return false;
    }
    const Steady::time_point now = Steady::now();
    if (!waiting_since_) waiting_since_ = now;
    // At the start the others are given the time of a request that is not answered.
    const bool late = any([&](const Watched& chain) { return !chain.looked || (chain.busy && !chain.usable() && !chain.stale); }) &&
                      now - started_ < first_patience;
    if (late) return false;
    if (any([](const Watched& chain) { return chain.busy; }) && now - *waiting_since_ < patience) return false;
    waiting_since_.reset();
    return true;
}

void Monitor::release(Watched& chain) {
    chain.fresh.reset();
    chain.taken.cancel();
}

asio::awaitable<void> Monitor::turn() {
    std::vector<Watched*> taken;
    for (const std::unique_ptr<Watched>& chain : chains_)
        if (chain->fresh) taken.push_back(chain.get());
    const std::vector<Watched*> all = taken;
    Ground ground = co_await find_ground(taken);
    for (Watched* chain : taken) {
        const model::BlockRef& block = chain->fresh->reading->block;
        chain->reading = chain->fresh->reading;
        chain->read_here = true;
        if (block.number == 0) continue;
        if (chain->status.evaluated != block) chain->moved_at = parts_.clocks.steady();
        if (chain->fits_the_clock(block, parts_.clocks)) chain->good_at = chain->fresh->seen;
    }
    judge_sources();
    const bool known = std::any_of(chains_.begin(), chains_.end(), [](const std::unique_ptr<Watched>& chain) {
        return chain->stale || (chain->usable() && chain->usable()->block.number > 0);
    });
    // What is orphaned is taken back even where nothing takes its place.
    const bool gone = !ground.orphaned.empty();
    if (known || gone) co_await evaluate_and_commit(std::move(ground), taken);
    publish();
    for (Watched* chain : all) release(*chain);
}

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
std::shared_ptr<const model::Snapshot> Monitor::snapshot_of_readings(std::int64_t least_time) {
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
    if (snapshot->blocks.empty()) snapshot->time = least_time;
    return snapshot;
}

asio::awaitable<void> Monitor::evaluate_and_commit(Ground ground, std::vector<Watched*> taken) {
    std::shared_ptr<const model::Snapshot> snapshot;
    Evaluated evaluated;
    double evaluate_seconds = 0;
    for (;;) {
        // Without any block no time has passed.
        snapshot = snapshot_of_readings(ground.memory->time);
        const Steady::time_point start = parts_.clocks.steady();
        auto work = [this, snapshot, before = ground.memory] {
            return evaluate_snapshot(*snapshot, parts_.rules, parts_.market, parts_.settings.policy, *before, parts_.threads);
        };
        evaluated = co_await run_blocking(parts_.pool, std::move(work));
        evaluate_seconds = seconds_between(start, parts_.clocks.steady());
        if (!drift_wants_fresh_config(*evaluated.report, taken)) break;
        const bool again = co_await read_again(taken);
        if (!again) break;
    }
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->snapshot = snapshot;
    evaluation->report = evaluated.report;
    evaluation->before = ground.memory;
    evaluation->after = evaluated.memory;
    told_.clear();
    for (const model::SourceTrouble& trouble : snapshot->troubles) told_.emplace_back(trouble.chain, trouble.kind);

    storage::CommitBatch batch = std::move(evaluated.texts);
    batch.orphaned = ground.orphaned;
    for (const std::vector<model::IncidentEvent>* events : {&ground.events, &evaluated.events})
        for (const model::IncidentEvent& event : *events) {
            parts_.metrics.event(event.type);
            batch.events.push_back(event_text(event, evaluation->report->time, parts_.outbox.sinks_of(event.log_only)));
        }
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
    co_await commit(std::move(batch));
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

void Monitor::publish() {
    auto next = std::make_shared<Published>();
    next->evaluation = evaluation_;
    for (const std::unique_ptr<Watched>& chain : chains_) next->chains.push_back(chain->status);
    next->storage_error = storage_error_;
    next->uncommitted_events = parts_.outbox.uncommitted_bodies();
    parts_.published.publish(std::move(next));
}

}  // namespace margind::daemon
