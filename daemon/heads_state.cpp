// What the watchers of one chain's heads share: the events, and what follows from them.
#include "daemon/heads_state.hpp"

#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

QuorumOptions quorum_options(const std::vector<adapters::rpc::Operator*>& operators, const HeadsOptions& options) {
    QuorumOptions quorum;
    quorum.chain = options.chain;
    quorum.block_time = options.block_time;
    quorum.quiet = options.quiet;
    for (const adapters::rpc::Operator* op : operators) quorum.operators.push_back(op->name());
    return quorum;
}

}  // namespace

Heads::State::State(asio::any_io_executor executor_, std::vector<adapters::rpc::Operator*> operators_, HeadsOptions options_, Clocks clocks_)
    : executor(std::move(executor_)),
      operators(std::move(operators_)),
      options(options_),
      clocks(std::move(clocks_)),
      quorum(quorum_options(operators, options)) {
    watchers.reserve(operators.size());
    for (std::size_t op = 0; op < operators.size(); ++op) watchers.emplace_back(executor);
}

void Heads::State::on_answer(std::size_t op, const model::Result<Header>& said, std::uint64_t pushed_before) {
    Watcher& watcher = watchers[op];
    const auto now = clocks.steady();
    if (!said) {
        quorum.failed(op, now);
    } else if (watcher.pushed != pushed_before && quorum.holds(op, said->ref)) {
        // Sent before what was pushed meanwhile.
        quorum.answered(op, now);
    } else {
        if (watcher.head != *said) {
            watcher.moved = now;
            watcher.pushing = false;
        }
        watcher.head = *said;
        quorum.saw(op, *said, now);
        wake_others(op, *said);
    }
    notice();
}

void Heads::State::on_push(std::size_t op, const Header& head) {
    if (stopping) return;
    Watcher& watcher = watchers[op];
    const auto now = clocks.steady();
    ++watcher.pushed;
    watcher.pushing = true;
    if (watcher.head != head) watcher.moved = now;
    watcher.head = head;
    quorum.saw(op, head, now);
    wake_others(op, head);
    notice();
}

void Heads::State::on_linked(std::size_t op, const Quorum::Wanted& wanted, const model::Result<Header>& said) {
    const auto now = clocks.steady();
    const bool fits = said && said->ref.number == wanted.number && (!wanted.hash || said->ref.hash == *wanted.hash);
    if (!fits || !quorum.told(op, *said, now)) quorum.lacks(op, wanted.number, now);
    notice();
}

void Heads::State::give_up_linking(std::size_t op) {
    for (auto wanted = wanted_of(op); wanted; wanted = wanted_of(op)) quorum.lacks(op, wanted->number, clocks.steady());
    notice();
}

void Heads::State::notice() {
    if (link)
        for (std::size_t op = 0; op < operators.size(); ++op)
            if (!watchers[op].linking && wanted_of(op)) link(op);
    auto troubles = quorum.troubles();
    if (last_head == quorum.head() && last_troubles == troubles) return;
    last_head = quorum.head();
    last_troubles = std::move(troubles);
    ++version;
    for (asio::steady_timer* timer : waiting) timer->cancel();
}

std::optional<Quorum::Wanted> Heads::State::wanted_of(std::size_t op) const {
    const auto& all = quorum.wanted();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Quorum::Wanted& wanted) { return wanted.op == op; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::chrono::milliseconds Heads::State::pace(std::size_t op) const {
    const Watcher& watcher = watchers[op];
    const std::chrono::milliseconds seldom = 3 * options.poll_interval;
    if (watcher.pushing) return seldom;
    if (options.quiet || !watcher.moved || !quorum.alive(op)) return options.poll_interval;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(clocks.steady() - *watcher.moved);
    return std::clamp(options.block_time - since, options.poll_interval, seldom);
}

void Heads::State::wake_others(std::size_t op, const Header& head) {
    if (quorum.head() && head.ref.number <= quorum.head()->ref.number && quorum.supporters().size() == operators.size()) return;
    const auto now = clocks.steady();
    for (std::size_t other = 0; other < watchers.size(); ++other) {
        Watcher& watcher = watchers[other];
        const bool behind = watcher.head && watcher.head->ref.number < head.ref.number;
        if (other != op && behind && !watcher.asking && !watcher.pushing && now - watcher.asked >= options.poll_interval / 2) watcher.wake.cancel();
    }
}

void Heads::State::wake_all() {
    for (Watcher& watcher : watchers) watcher.wake.cancel();
    for (asio::steady_timer* timer : waiting) timer->cancel();
}

void Heads::State::run(const Self& self, asio::awaitable<void> task) {
    ++running;
    adapters::rpc::spawn(executor, std::move(task), [self](std::exception_ptr error) {
        --self->running;
        if (self->running == 0) self->wake_all();
        if (error) std::rethrow_exception(error);
    });
}

std::size_t Heads::State::place_of(const adapters::rpc::Operator& op) const {
    return static_cast<std::size_t>(std::find(operators.begin(), operators.end(), &op) - operators.begin());
}

model::Error Heads::State::no_head() const {
    std::string reasons;
    for (const adapters::rpc::Operator* op : operators) {
        if (!reasons.empty()) reasons += "; ";
        reasons += op->alive() ? op->name() + " answers" : op->trouble();
    }
    model::Error error;
    error.code = model::ErrorCode::unreachable;
    error.retry = model::Retry::later;
    error.message = fmt::format("no head of chain {} is accepted, {} of {} operators must agree: {}", options.chain.value, quorum.needed(), operators.size(),
                                reasons.empty() ? "none is configured" : reasons);
    return error;
}

}  // namespace margind::daemon
