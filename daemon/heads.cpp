// Which block is the head of a chain: what asks its operators.
#include "daemon/heads.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/heads_state.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

using Header = adapters::rpc::BlockHeader;
using model::ErrorCode;
using model::Result;

/// What one operator may be asked at a stretch to link its head.
constexpr std::size_t links_at_a_stretch = 64;

/// Keeps a timer among those that an event cancels.
class Listed {
public:
    Listed(std::set<asio::steady_timer*>& all, asio::steady_timer& timer) : all_(all), timer_(timer) { all_.insert(&timer_); }
    ~Listed() { all_.erase(&timer_); }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;

private:
    std::set<asio::steady_timer*>& all_;
    asio::steady_timer& timer_;
};

asio::awaitable<void> sleep(asio::steady_timer& timer) {
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> ask_number(adapters::rpc::Operator& op, std::uint64_t number, Result<Header>& answer) {
    answer = co_await op.block_by_number(number);
}

template <class State>
asio::awaitable<void> ask(std::shared_ptr<State> state, std::size_t op) {
    auto& watcher = state->watchers[op];
    const std::uint64_t pushed = watcher.pushed;
    watcher.asked = state->clocks.steady();
    watcher.asking = true;
    const auto said = co_await state->operators[op]->block_by_tag(adapters::rpc::BlockTag::latest);
    watcher.asking = false;
    if (!state->stopping) state->on_answer(op, said, pushed);
}

template <class State>
asio::awaitable<void> link(std::shared_ptr<State> state, std::size_t op) {
    std::size_t left = links_at_a_stretch;
    for (auto wanted = state->wanted_of(op); wanted && left > 0 && !state->stopping; wanted = state->wanted_of(op), --left) {
        Result<Header> said = model::fail(ErrorCode::missing, "");
        if (wanted->hash) said = co_await state->operators[op]->block_by_hash(*wanted->hash);
        else said = co_await state->operators[op]->block_by_number(wanted->number);
        if (!state->stopping) state->on_linked(op, *wanted, said);
    }
    if (!state->stopping) state->give_up_linking(op);
    state->watchers[op].linking = false;
}

template <class State>
asio::awaitable<void> watch(std::shared_ptr<State> state, std::size_t op) {
    while (!state->stopping) {
        co_await ask(state, op);
        if (state->stopping) break;
        state->watchers[op].wake.expires_after(state->pace(op));
        co_await sleep(state->watchers[op].wake);
    }
}

/// What `needed` of them say alike.
std::optional<Header> agreed(const std::vector<Result<Header>>& answers, std::size_t needed) {
    for (const Result<Header>& answer : answers) {
        if (!answer) continue;
        const auto same = std::count_if(answers.begin(), answers.end(), [&](const Result<Header>& other) { return other && *other == *answer; });
        if (static_cast<std::size_t>(same) >= needed) return *answer;
    }
    return std::nullopt;
}

}  // namespace

Heads::Heads(asio::any_io_executor executor, std::vector<adapters::rpc::Operator*> operators, HeadsOptions options, Clocks clocks)
    : state_(std::make_shared<State>(std::move(executor), std::move(operators), options, std::move(clocks))) {}

Heads::~Heads() {
    state_->stopping = true;
    state_->link = nullptr;
    state_->wake_all();
}

void Heads::start() {
    // The function is part of the state, which must not hold itself.
    state_->link = [weak = std::weak_ptr<State>(state_)](std::size_t op) {
        const auto state = weak.lock();
        if (!state || state->stopping) return;
        state->watchers[op].linking = true;
        state->run(state, link(state, op));
    };
    for (std::size_t op = 0; op < state_->operators.size(); ++op) {
        state_->watchers[op].pushing = state_->operators[op]->follow_heads([weak = std::weak_ptr<State>(state_), op](const Header& head) {
            if (const auto state = weak.lock()) state->on_push(op, head);
        });
        state_->run(state_, watch(state_, op));
    }
}

asio::awaitable<void> Heads::stop() {
    const auto state = state_;
    state->stopping = true;
    state->wake_all();
    while (state->running > 0) {
        asio::steady_timer timer(state->executor, std::chrono::seconds(1));
        const Listed listed(state->waiting, timer);
        co_await sleep(timer);
    }
}

asio::awaitable<void> Heads::ask_once() {
    const auto state = state_;
    const bool first = !state->quorum.head();
    std::vector<asio::awaitable<void>> asked;
    for (std::size_t op = 0; op < state->operators.size(); ++op) asked.push_back(ask(state, op));
    co_await adapters::rpc::join_all(std::move(asked));
    if (first) state->quorum.hurry(state->clocks.steady());
    for (std::size_t round = 0; round < links_at_a_stretch && !state->quorum.wanted().empty() && !state->stopping; ++round) {
        std::vector<asio::awaitable<void>> links;
        for (std::size_t op = 0; op < state->operators.size(); ++op)
            if (state->wanted_of(op)) links.push_back(link(state, op));
        co_await adapters::rpc::join_all(std::move(links));
    }
    if (first && !state->quorum.head()) state->quorum.hurry(state->clocks.steady());
    state->notice();
}

Result<Header> Heads::head() const {
    if (!state_->quorum.head()) return model::fail(state_->no_head());
    return *state_->quorum.head();
}

std::uint64_t Heads::version() const { return state_->version; }

asio::awaitable<void> Heads::wait(std::uint64_t seen, std::chrono::milliseconds longest) {
    const auto state = state_;
    if (state->version != seen || state->stopping) co_return;
    asio::steady_timer timer(state->executor, longest);
    const Listed listed(state->waiting, timer);
    co_await sleep(timer);
}

asio::awaitable<Result<std::optional<Header>>> Heads::block_at(std::uint64_t number) {
    const auto state = state_;
    const auto head = state->quorum.head();
    if (!head) co_return model::fail(state->no_head());
    std::optional<Header> found;
    if (number > head->ref.number) co_return found;
    found = state->quorum.canonical(number);
    if (found) co_return found;
    std::vector<std::size_t> may_say = state->quorum.supporters();
    const std::size_t needed = state->quorum.needed();
    std::vector<Result<Header>> answers(may_say.size(), model::fail(ErrorCode::missing, "not asked"));
    // As many as it needs; where they do not agree, the others too.
    for (std::size_t from = 0, to = needed; may_say.size() >= needed && from < to; from = to, to = may_say.size()) {
        std::vector<asio::awaitable<void>> asked;
        for (std::size_t i = from; i < to; ++i) asked.push_back(ask_number(*state->operators[may_say[i]], number, answers[i]));
        co_await adapters::rpc::join_all(std::move(asked));
        found = agreed(answers, needed);
        if (found && found->ref.number == number) break;
        found.reset();
    }
    if (state->quorum.canonical(head->ref.number) != head)
        co_return model::fail(ErrorCode::reorged, "block " + std::to_string(head->ref.number) + " is not of the accepted chain any more", model::Retry::later);
    if (!found)
        co_return model::fail(ErrorCode::unreachable, std::to_string(needed) + " operators do not agree on block " + std::to_string(number), model::Retry::later);
    if (!state->quorum.remember(*found))
        co_return model::fail(ErrorCode::reorged, "block " + std::to_string(number) + " as the operators have it is not of the accepted chain", model::Retry::later);
    co_return found;
}

std::optional<Steady::time_point> Heads::confirmed() const { return state_->quorum.confirmed(); }

bool Heads::has(const adapters::rpc::Operator& op, const model::BlockRef& block) const {
    const std::size_t place = state_->place_of(op);
    return place < state_->operators.size() && state_->quorum.holds(place, block);
}

bool Heads::demoted(const adapters::rpc::Operator& op) const {
    const std::size_t place = state_->place_of(op);
    return place < state_->operators.size() && state_->quorum.demoted(place);
}

std::vector<model::SourceTrouble> Heads::troubles() const { return state_->quorum.troubles(); }

}  // namespace margind::daemon
