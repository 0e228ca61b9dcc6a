// The road of one block: head, read, snapshot, evaluate, publish, commit.
#include "daemon/monitor.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/assemble.hpp"
#include "daemon/log_value.hpp"
#include "daemon/monitor_chain.hpp"
#include "daemon/stored.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

namespace margind::daemon {
namespace {

using model::ErrorCode;
using model::Result;

// What the database refused is offered again at least this often.
constexpr std::chrono::seconds longest_pause{1};

// How long a block that was read waits for those of other chains that are being read; at the start, for chains that were never read.
constexpr std::chrono::milliseconds patience{100};
constexpr std::chrono::seconds first_patience{5};

}  // namespace

Monitor::Monitor(MonitorParts parts, std::map<model::ChainId, std::unique_ptr<ChainSource>> sources)
    : parts_(std::move(parts)), memory_(std::make_shared<const model::Memory>()), market_(parts_.market), timer_(parts_.executor) {
    std::set<model::Address> owners;
    for (const model::Portfolio& portfolio : parts_.settings.portfolios)
        for (const auto* list : {&portfolio.owners, &portfolio.wallets}) owners.insert(list->begin(), list->end());
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
    constexpr std::int64_t day_s = 86'400;
    const auto prices = parts_.history->daily_prices(parts_.market.calibrated_to / day_s - 1);
    if (!prices) return model::fail(prices.error());
    market_.restore(*prices);
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
    evaluation->market = market_.at(snapshot->time);
    evaluation->report = std::make_shared<const model::Report>(risk::evaluate(*snapshot, parts_.rules, *evaluation->market, parts_.settings.policy, parts_.threads));
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

void Monitor::publish() {
    auto next = std::make_shared<Published>();
    next->evaluation = evaluation_;
    for (const std::unique_ptr<Watched>& chain : chains_) next->chains.push_back(chain->status);
    next->committing = committing_;
    next->storage_error = storage_error_;
    next->uncommitted_events = parts_.outbox.uncommitted_bodies();
    parts_.published.publish(std::move(next));
}

}  // namespace margind::daemon
