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
        auto watched = std::make_unique<Watched>();
        watched->source = std::move(source);
        watched->status.id = id;
        watched->status.name = chain.name;
        watched->status.block_time_ms = chain.block_time.count();
        watched->status.quiet = chain.quiet_chain;
        watched->status.poll_interval = chain.poll_interval;
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
    if (!snapshot) return model::fail(snapshot.error().code, "the last snapshot: " + snapshot.error().message);
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
    for (const std::unique_ptr<Watched>& chain : chains_) chain->status.evaluated = chain->last;
    publish();
    return {};
}

void Monitor::stop() {
    stopping_ = true;
    timer_.cancel();
}

asio::awaitable<void> Monitor::run() {
    while (!stopping_) {
        // At once: a node that hangs must not hold up the other chains.
        std::vector<asio::awaitable<void>> polls;
        const Steady::time_point now = Steady::now();
        for (const std::unique_ptr<Watched>& chain : chains_) {
            chain->news = false;
            if (now < chain->next_poll) continue;
            chain->next_poll = now + chain->status.poll_interval;
            polls.push_back(poll(*chain));
        }
        co_await adapters::rpc::join_all(std::move(polls));
        if (stopping_) break;
        const bool news = std::any_of(chains_.begin(), chains_.end(), [](const std::unique_ptr<Watched>& chain) { return chain->news; });
        if (news) {
            co_await turn();
        } else if (pending_) {
            storage::CommitBatch again = std::move(*pending_);
            pending_.reset();
            co_await commit(std::move(again));
        }
        publish();
        if (stopping_) break;
        Steady::time_point next = Steady::now() + longest_pause;
        for (const std::unique_ptr<Watched>& chain : chains_) next = std::min(next, chain->next_poll);
        timer_.expires_at(next);
        boost::system::error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    if (pending_) {
        storage::CommitBatch last = std::move(*pending_);
        pending_.reset();
        co_await commit(std::move(last));
    }
}

void Monitor::Watched::set_poll_error(const std::string& error) {
    if (error != poll_error) {
        if (error.empty()) spdlog::info("event=poll_recovered chain={}", status.id.value);
        else spdlog::warn("event=poll_failed chain={} error={}", status.id.value, log_value(error));
    }
    poll_error = error;
    status.error = poll_error.empty() ? read_error : poll_error;
}

void Monitor::Watched::set_read_error(const std::string& error) {
    if (error != read_error) {
        if (error.empty()) spdlog::info("event=read_recovered chain={}", status.id.value);
        else spdlog::warn("event=read_failed chain={} error={}", status.id.value, log_value(error));
    }
    read_error = error;
    status.error = poll_error.empty() ? read_error : poll_error;
}

asio::awaitable<void> Monitor::poll(Watched& chain) {
    const auto head = co_await chain.source->head();
    if (!head) {
        parts_.metrics.read_failed(chain.status.id, head.error().code);
        // The owners' accounts there are unknown, and the headline has to say so.
        chain.news = !chain.reading && chain.poll_error.empty();
        // Asked for again, a head that was accepted and not read would hold up the chains that answer.
        chain.head.reset();
        chain.set_poll_error(head.error().message);
        co_return;
    }
    // A state of an earlier run is read again: the configuration may have changed since.
    if (chain.reading && chain.reading->block == head->block && chain.status.evaluated == head->block) {
        chain.set_poll_error({});
        chain.set_read_error({});
        chain.status.confirmed = chain.source->confirmed().value_or(parts_.clocks.steady());
        chain.behind_since.reset();
        chain.head.reset();
        co_return;
    }
    if (chain.last && head->block.number < chain.last->number) {
        // Either this endpoint lags or the chain was cut: only time tells.
        const Steady::time_point now = parts_.clocks.steady();
        if (!chain.behind_since) chain.behind_since = now;
        if (now - *chain.behind_since < cut_after) {
            chain.set_poll_error(fmt::format("the endpoint's head is block {}, behind the evaluated block {}", head->block.number, chain.last->number));
            co_return;
        }
    }
    chain.set_poll_error({});
    chain.behind_since.reset();
    chain.head = *head;
    chain.head_seen = parts_.clocks.steady();
    chain.news = true;
}

asio::awaitable<void> Monitor::turn() {
    const Steady::time_point start = parts_.clocks.steady();
    Ground ground = co_await find_ground();
    const bool read = co_await read_chains(ground, false);
    if (!read) co_return;
    const double seconds = seconds_between(start, parts_.clocks.steady());
    co_await evaluate_and_commit(std::move(ground), seconds);
}

// False: nothing new could be read, or no chain has ever been read.
asio::awaitable<bool> Monitor::read_chains(const Ground& ground, bool fresh_config) {
    bool any = false;
    bool known = false;
    for (const std::unique_ptr<Watched>& chain : chains_) {
        if (!chain->head) {
            if (!chain->reading) {
                const std::string reason = "unreachable: " + chain->status.error;
                chain->reading = std::make_shared<const ChainReading>(chain->source->unread(owners_, reason));
                any = true;
            }
            known = known || chain->reading->block.number > 0;
            continue;
        }
        const bool again = chain->reading && chain->reading->block == chain->head->block;
        if (again && !fresh_config) {
            known = true;
            continue;
        }
        model::BlockRef block = chain->head->block;
        std::vector<model::Address> owners = owners_;
        ReadOptions options;
        options.fresh_config = fresh_config;
        auto reading = co_await chain->source->read(std::move(block), std::move(owners), std::move(options));
        if (!reading) {
            // The last state stays and ages, unless its block was reorganised away.
            parts_.metrics.read_failed(chain->status.id, reading.error().code);
            chain->set_read_error(reading.error().message);
            const model::ChainId id = chain->status.id;
            const bool orphaned = std::any_of(ground.orphaned.begin(), ground.orphaned.end(),
                                              [id](const storage::Orphaned& above) { return above.chain == id; });
            if (!chain->reading || (orphaned && chain->reading->block.number > 0)) {
                chain->reading = std::make_shared<const ChainReading>(chain->source->unread(owners_, reading.error().message));
                any = true;
            }
            known = known || chain->reading->block.number > 0;
            continue;
        }
        chain->set_read_error({});
        chain->reading = std::make_shared<const ChainReading>(std::move(*reading));
        any = true;
        known = true;
    }
    co_return any && known;
}

bool Monitor::drift_wants_fresh_config(const model::Report& report) {
    const bool drift = std::any_of(report.portfolios.begin(), report.portfolios.end(), [](const model::PortfolioReport& portfolio) {
        return std::any_of(portfolio.accounts.begin(), portfolio.accounts.end(),
                           [](const model::AccountReport& account) { return account.grade.kind == model::GradeKind::drift; });
    });
    const Steady::time_point now = parts_.clocks.steady();
    if (!drift || (last_fresh_config_ && now - *last_fresh_config_ < fresh_config_pause)) return false;
    last_fresh_config_ = now;
    return true;
}

asio::awaitable<void> Monitor::evaluate_and_commit(Ground ground, double read_seconds) {
    std::shared_ptr<const model::Snapshot> snapshot;
    Evaluated evaluated;
    double evaluate_seconds = 0;
    for (;;) {
        std::vector<const ChainReading*> readings;
        for (const std::unique_ptr<Watched>& chain : chains_) readings.push_back(chain->reading.get());
        snapshot = std::make_shared<const model::Snapshot>(assemble(readings, parts_.settings.assets, parts_.settings.portfolios));
        const Steady::time_point start = parts_.clocks.steady();
        auto work = [this, snapshot, before = ground.memory] {
            return evaluate_snapshot(*snapshot, parts_.rules, parts_.market, parts_.settings.policy, *before, parts_.threads);
        };
        evaluated = co_await run_blocking(parts_.pool, std::move(work));
        evaluate_seconds = seconds_between(start, parts_.clocks.steady());
        if (!drift_wants_fresh_config(*evaluated.report)) break;
        const bool again = co_await read_chains(ground, true);
        if (!again) break;
    }
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->snapshot = snapshot;
    evaluation->report = evaluated.report;
    evaluation->before = ground.memory;
    evaluation->after = evaluated.memory;

    storage::CommitBatch batch = std::move(evaluated.texts);
    batch.orphaned = ground.orphaned;
    for (const std::vector<model::IncidentEvent>* events : {&ground.events, &evaluated.events})
        for (const model::IncidentEvent& event : *events) {
            parts_.metrics.event(event.type);
            batch.events.push_back(event_text(event, evaluation->report->time, parts_.outbox.sinks_of(event.log_only)));
        }
    for (const std::unique_ptr<Watched>& chain : chains_) {
        if (chain->reading->block.number == 0) {
            chain->status.evaluated.reset();
            chain->status.confirmed.reset();
        }
        if (!chain->head || chain->reading->block != chain->head->block) continue;
        chain->status.evaluated = chain->head->block;
        chain->status.confirmed = chain->head_seen;
        chain->last = chain->head->block;
        chain->head.reset();
        parts_.metrics.block_evaluated(chain->status.id, read_seconds, evaluate_seconds);
    }
    for (const storage::Orphaned& orphaned : ground.orphaned) {
        for (const std::unique_ptr<Watched>& chain : chains_)
            if (chain->status.id == orphaned.chain && chain->reading->block.number == 0) chain->last.reset();
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

asio::awaitable<Result<std::shared_ptr<const Evaluation>>> Monitor::read_address(model::ChainId chain, model::Address owner) {
    const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const std::unique_ptr<Watched>& w) { return w->status.id == chain; });
    if (found == chains_.end()) co_return model::fail(ErrorCode::missing, fmt::format("chain {} is not watched", chain.value));
    ChainSource& source = *(*found)->source;
    const auto head = co_await source.head();
    if (!head) co_return model::fail(head.error());
    model::BlockRef block = head->block;
    std::vector<model::Address> owners(1, owner);
    ReadOptions options;
    const auto reading = co_await source.read(std::move(block), std::move(owners), std::move(options));
    if (!reading) co_return model::fail(reading.error());
    std::vector<const ChainReading*> readings(1, &*reading);
    model::Portfolio portfolio;
    portfolio.name = owner.to_string();
    portfolio.owners.push_back(owner);
    std::vector<model::Portfolio> portfolios(1, portfolio);
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->snapshot = std::make_shared<const model::Snapshot>(assemble(readings, parts_.settings.assets, std::move(portfolios)));
    auto work = [this, snapshot = evaluation->snapshot] {
        return std::make_shared<const model::Report>(risk::evaluate(*snapshot, parts_.rules, parts_.market, parts_.settings.policy, parts_.threads));
    };
    evaluation->report = co_await run_blocking(parts_.pool, std::move(work));
    co_return std::shared_ptr<const Evaluation>(evaluation);
}

}  // namespace margind::daemon
