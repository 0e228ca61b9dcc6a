// One operator's endpoints of one chain, behind which one of them answers.
#include "adapters/rpc/operator.hpp"

#include "adapters/rpc/latencies.hpp"
#include "adapters/rpc/node.hpp"
#include "adapters/rpc/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <map>
#include <type_traits>
#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Result;
using model::Retry;
using Clock = std::chrono::steady_clock;

/// An endpoint beside which another one lives is given up after this.
constexpr std::chrono::milliseconds patience_with_siblings = Health::deadly_silence;

/// An endpoint's failures of one kind are told once in this time.
constexpr std::chrono::seconds told_once_in{60};

/// What the operator and its coroutines share; it ends with the last of them.
struct State {
    State(asio::any_io_executor of, HttpClient& http, OperatorOptions given)
        : executor(std::move(of)),
          options(std::move(given)),
          stop_requested(executor, Clock::time_point::max()),
          subscription_lost(executor, Clock::time_point::max()) {
        for (const EndpointOptions& one : options.endpoints) nodes.push_back(std::make_unique<Node>(executor, http, options, one));
    }

    asio::any_io_executor executor;
    OperatorOptions options;
    std::vector<std::unique_ptr<Node>> nodes;
    Latencies latencies;
    bool stopped = false;
    /// Expires with stop().
    asio::steady_timer stop_requested;
    std::function<void(const BlockHeader&)> on_head;
    /// Whose pushes are followed; null between two subscriptions.
    Node* followed = nullptr;
    /// Cancelled when that subscription has ended.
    asio::steady_timer subscription_lost;
    Pushes pushes;

    void unfollow(const Node& node) {
        if (followed != &node) return;
        followed = nullptr;
        subscription_lost.cancel();
    }
    std::map<std::pair<const Node*, ErrorCode>, Clock::time_point> told;

    /// Those alive, the suspect ones last.
    std::vector<Node*> candidates() const {
        const Clock::time_point now = Clock::now();
        std::vector<Node*> out;
        for (const auto& node : nodes)
            if (!node->health().dead()) out.push_back(node.get());
        std::stable_partition(out.begin(), out.end(), [&](const Node* node) { return !node->health().suspect(now); });
        return out;
    }
    bool alive() const {
        return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return !node->health().dead(); });
    }
    std::string trouble() const {
        std::string out;
        if (alive()) return out;
        for (const auto& node : nodes) out += (out.empty() ? "" : "; ") + node->health().trouble();
        return out;
    }
    model::Error unusable(std::optional<model::Error> last) const {
        if (last) return std::move(*last);
        return {ErrorCode::unreachable, stopped ? options.name + ": stopped" : trouble(), Retry::later};
    }
};
using StatePtr = std::shared_ptr<State>;

asio::awaitable<void> wait(asio::steady_timer& timer) {
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

template <class T>
asio::awaitable<void> keep(asio::awaitable<Result<T>> task, std::optional<Result<T>>& kept) {
    auto answer = co_await std::move(task);
    kept = std::move(answer);
}

/// Runs `task` unless the operator is stopped first: then the task is cancelled. Throws what the task throws (Asio's operator ||
/// would take that for no end, and wait for the stop).
template <class T>
asio::awaitable<Result<T>> until_stopped(StatePtr state, asio::awaitable<Result<T>> task) {
    if (!state->stopped) {
        std::optional<Result<T>> answer;
        auto kept = asio::co_spawn(state->executor, keep(std::move(task), answer), asio::deferred);
        auto stop = asio::co_spawn(state->executor, wait(state->stop_requested), asio::deferred);
        auto both = asio::experimental::make_parallel_group(std::move(kept), std::move(stop));
        auto [order, failed, ignored] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        if (order.front() == 0 && failed) std::rethrow_exception(failed);
        if (order.front() == 0) co_return std::move(*answer);
    }
    co_return model::fail(ErrorCode::unreachable, state->options.name + ": stopped", Retry::never);
}

asio::awaitable<void> revive(StatePtr state, Node& node) {
    asio::steady_timer timer(state->executor);
    while (!state->stopped && node.health().dead()) {
        using namespace asio::experimental::awaitable_operators;
        timer.expires_after(state->options.probe_every);
        auto pause = wait(timer) || wait(state->stop_requested);
        co_await std::move(pause);
        if (state->stopped) co_return;
        auto task = until_stopped(state, node.probe(patience_with_siblings));
        const auto done = co_await std::move(task);
        (void)done;
    }
}

void start_reviving(const StatePtr& state, Node& node) {
    if (!node.begin_reviving()) return;
    // A connection that keeps silent may never break by itself.
    node.client().close();
    state->unfollow(node);
    spawn(state->executor, revive(state, node), [state, &node](std::exception_ptr failed) {
        node.end_reviving();
        if (failed) std::rethrow_exception(failed);
    });
}

/// One line for whoever runs the daemon: one operator's failure holds nothing up where others answer, and shows nowhere else.
void tell(const StatePtr& state, const Node& node, const model::Error& error) {
    const Clock::time_point now = Clock::now();
    const auto [last, inserted] = state->told.try_emplace(std::pair(&node, error.code), now);
    if (!inserted && now - last->second < told_once_in) return;
    last->second = now;
    spdlog::warn("event=endpoint_failed chain={} operator={} error={:?}", state->options.chain.value, state->options.name, error.message);
}

/// What came of a request. True: that is the answer; false: to be asked elsewhere.
bool settle(const StatePtr& state, Node& node, const model::Error* error, Clock::time_point start, bool little) {
    const Clock::duration took = Clock::now() - start;
    std::optional<model::Error> named;
    if (error != nullptr) named = node.named(*error);
    if (named && (named->code == ErrorCode::limit || standing_of(error) != Standing::own_word)) tell(state, node, *named);
    if (node.health().note(named ? &*named : nullptr, took, Clock::now(), little)) start_reviving(state, node);
    if (standing_of(error) != Standing::own_word) return false;
    state->latencies.add(took);
    return true;
}

/// How long a node may take to answer: until the deadline, less where another one lives. Null: no time is left.
std::optional<std::chrono::milliseconds> time_for(const State& state, bool has_sibling, Clock::time_point until) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left <= std::chrono::milliseconds::zero()) return std::nullopt;
    if (has_sibling) left = std::min(left, patience_with_siblings);
    return std::min(left, state.options.limits.total);
}

asio::awaitable<Result<void>> prepare(StatePtr state, Node& node, std::chrono::milliseconds total) {
    auto ready = co_await node.prepare(total);
    if (!ready) tell(state, node, ready.error());
    if (node.health().dead()) start_reviving(state, node);
    co_return ready;
}

template <class T>
using Question = std::function<asio::awaitable<Result<T>>(Node&, JsonRpcClient&)>;

/// The first of `candidates` from `place` on that serves the chain, with the time that it has; null where there is none, and `last`
/// says why.
struct Chosen {
    Node* node = nullptr;
    std::chrono::milliseconds total{};
};
asio::awaitable<Chosen> choose(StatePtr state, const std::vector<Node*>& candidates, std::size_t& place, Clock::time_point until,
                               std::optional<model::Error>& last) {
    for (; place < candidates.size(); ++place) {
        Node& node = *candidates[place];
        const bool has_sibling = place + 1 < candidates.size();
        const auto time = time_for(*state, has_sibling, until);
        if (node.health().dead() || !time) continue;
        const auto ready = co_await prepare(state, node, *time);
        const auto left = time_for(*state, has_sibling, until);
        if (!ready) last = ready.error();
        if (!ready || !left) continue;
        ++place;
        co_return Chosen{&node, *left};
    }
    co_return Chosen{};
}

/// The answer of the first endpoint that gives one. Of logs there may honestly be too many; everything else that is asked is little.
template <class T>
asio::awaitable<Result<T>> ask(StatePtr state, Question<T> request) {
    constexpr bool little = !std::is_same_v<T, std::vector<Log>>;
    const Clock::time_point until = Clock::now() + state->options.limits.total;
    const std::vector<Node*> candidates = state->candidates();
    std::optional<model::Error> last;
    std::size_t place = 0;
    for (;;) {
        const Chosen chosen = co_await choose(state, candidates, place, until, last);
        if (chosen.node == nullptr) break;
        Node& node = *chosen.node;
        JsonRpcClient client = node.client().within(chosen.total);
        const Clock::time_point start = Clock::now();
        auto answer = co_await request(node, client);
        if (little && !answer) answer = model::fail(of_little(std::move(answer).error()));
        if (settle(state, node, answer ? nullptr : &answer.error(), start, little)) {
            if (!answer) answer = model::fail(node.named(std::move(answer).error()));
            co_return answer;
        }
        last = node.named(answer.error());
    }
    co_return model::fail(state->unusable(std::move(last)));
}

template <class T>
asio::awaitable<Result<T>> ask_until_stopped(StatePtr state, Question<T> request) {
    auto task = ask<T>(state, std::move(request));
    return until_stopped(std::move(state), std::move(task));
}

/// Readings cannot be asked twice, so only an endpoint that is not ready is passed over. Each of their requests has the time of one.
asio::awaitable<Result<void>> run_on_first(StatePtr state, std::vector<AnyReading*> readings, model::BlockRef block) {
    const Clock::time_point until = Clock::now() + state->options.limits.total;
    const std::vector<Node*> candidates = state->candidates();
    std::optional<model::Error> last;
    std::size_t place = 0;
    const Chosen chosen = co_await choose(state, candidates, place, until, last);
    if (chosen.node == nullptr) co_return model::fail(state->unusable(std::move(last)));
    Node& node = *chosen.node;
    const std::chrono::milliseconds total = place < candidates.size() ? patience_with_siblings : state->options.limits.total;
    const Clock::time_point start = Clock::now();
    auto done = co_await node.run(std::move(readings), std::move(block), std::min(total, state->options.limits.total));
    settle(state, node, done ? nullptr : &done.error(), start, false);
    if (!done) done = model::fail(node.named(std::move(done).error()));
    co_return done;
}

void take_head(const StatePtr& state, Node& node, const nlohmann::json& pushed) {
    const auto header = pushed_header(node.client(), node.chain(), pushed, node.header_check());
    if (!header || state->stopped || state->followed != &node) return;
    state->pushes.pushed();
    state->on_head(*header);
}

/// A subscription that is silent while the head moves is made anew, on a new connection.
void note_polled(const StatePtr& state, Node& node, const Result<BlockHeader>& head) {
    if (!head || state->followed != &node || !state->pushes.polled(head->ref.number)) return;
    tell(state, node, {ErrorCode::unreachable, node.shown() + ": heads are not pushed any more, subscribing anew", Retry::later});
    node.client().close();
    state->unfollow(node);
}

void lose_subscription(const StatePtr& state, Node& node, const model::Error& error) {
    settle(state, node, &error, Clock::now(), false);
    state->unfollow(node);
}

asio::awaitable<Result<BlockHeader>> poll(StatePtr state, Node& node, JsonRpcClient& by) {
    auto head = co_await rpc::block_by_tag(by, node.chain(), BlockTag::latest, node.header_check());
    note_polled(state, node, head);
    co_return head;
}

asio::awaitable<Result<std::string>> subscribe(StatePtr state, Node& node) {
    const auto ready = co_await prepare(state, node, state->options.limits.total);
    if (!ready) co_return model::fail(ready.error());
    const std::weak_ptr<State> weak = state;
    std::function<void(const nlohmann::json&)> on_notification = [weak, &node](const nlohmann::json& pushed) {
        if (const StatePtr living = weak.lock()) take_head(living, node, pushed);
    };
    std::function<void(const model::Error&)> on_lost = [weak, &node](const model::Error& error) {
        if (const StatePtr living = weak.lock()) lose_subscription(living, node, error);
    };
    state->followed = &node;
    state->pushes = Pushes();
    auto subscription = co_await node.client().subscribe(R"(["newHeads"])", std::move(on_notification), std::move(on_lost));
    if (!subscription) {
        const model::Error error = subscription.error();
        settle(state, node, &error, Clock::now(), false);
        state->unfollow(node);
    }
    co_return subscription;
}

/// Follows the first endpoint that is alive and can push, for as long as it does.
asio::awaitable<void> follow(StatePtr state) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer pause(state->executor);
    while (!state->stopped) {
        const std::vector<Node*> candidates = state->candidates();
        const auto pushing = std::find_if(candidates.begin(), candidates.end(), [](Node* node) { return node->client().can_push(); });
        if (pushing != candidates.end()) {
            auto task = until_stopped(state, subscribe(state, **pushing));
            const auto subscription = co_await std::move(task);
            while (subscription && state->followed == *pushing && !state->stopped) {
                auto lost = wait(state->subscription_lost) || wait(state->stop_requested);
                co_await std::move(lost);
            }
            if (subscription) continue;
        }
        if (state->stopped) co_return;
        pause.expires_after(state->options.probe_every);
        auto until = wait(pause) || wait(state->stop_requested);
        co_await std::move(until);
    }
}

class Endpoints final : public Operator {
public:
    explicit Endpoints(StatePtr state) : state_(std::move(state)) {}
    ~Endpoints() override { stop_all(); }
    Endpoints(const Endpoints&) = delete;
    Endpoints& operator=(const Endpoints&) = delete;

    const std::string& name() const override { return state_->options.name; }
    bool alive() const override { return state_->alive(); }
    std::string trouble() const override { return state_->trouble(); }
    std::optional<std::chrono::milliseconds> p95() const override { return state_->latencies.p95(); }

    asio::awaitable<Result<model::ChainId>> chain_id() override {
        return ask_until_stopped<model::ChainId>(state_, [](Node&, JsonRpcClient& by) { return rpc::chain_id(by); });
    }
    asio::awaitable<Result<BlockHeader>> block_by_tag(BlockTag tag) override {
        return ask_until_stopped<BlockHeader>(state_, [tag, state = state_](Node& node, JsonRpcClient& by) {
            return tag == BlockTag::latest ? poll(state, node, by) : rpc::block_by_tag(by, node.chain(), tag, node.header_check());
        });
    }
    asio::awaitable<Result<BlockHeader>> block_by_number(std::uint64_t number) override {
        return ask_until_stopped<BlockHeader>(state_, [number](Node& node, JsonRpcClient& by) {
            return rpc::block_by_number(by, node.chain(), number, node.header_check());
        });
    }
    asio::awaitable<Result<BlockHeader>> block_by_hash(model::Bytes32 hash) override {
        return ask_until_stopped<BlockHeader>(state_, [hash](Node& node, JsonRpcClient& by) {
            return rpc::block_by_hash(by, node.chain(), hash, node.header_check());
        });
    }
    asio::awaitable<Result<std::vector<Log>>> logs_of_block(Logs filter, model::Bytes32 block) override {
        return ask_until_stopped<std::vector<Log>>(state_, [filter = std::move(filter), block](Node&, JsonRpcClient& by) {
            return rpc::logs_of_block(by, filter, block);
        });
    }
    asio::awaitable<Result<std::vector<Log>>> logs(Logs filter) override {
        return ask_until_stopped<std::vector<Log>>(state_,
                                                   [filter = std::move(filter), bounds = state_->options.logs](Node& node, JsonRpcClient& by) {
                                                       return rpc::logs(by, filter, node.log_range(), bounds);
                                                   });
    }
    asio::awaitable<Result<void>> run(std::vector<AnyReading*> readings, model::BlockRef block) override {
        auto task = run_on_first(state_, std::move(readings), std::move(block));
        return until_stopped(state_, std::move(task));
    }
    bool pinned() const override {
        return std::all_of(state_->nodes.begin(), state_->nodes.end(), [](const auto& node) { return node->health().dead() || node->pinned(); });
    }
    bool follow_heads(std::function<void(const BlockHeader&)> on_head) override {
        const bool can = std::any_of(state_->nodes.begin(), state_->nodes.end(), [](const auto& node) { return node->client().can_push(); });
        const bool following = static_cast<bool>(std::exchange(state_->on_head, std::move(on_head)));
        if (can && !following && !state_->stopped)
            spawn(state_->executor, follow(state_), [](std::exception_ptr failed) {
                if (failed) std::rethrow_exception(failed);
            });
        return can;
    }
    void stop() override { stop_all(); }

private:
    void stop_all() {
        state_->stopped = true;
        state_->stop_requested.cancel();
        for (const auto& node : state_->nodes) node->client().close();
    }

    StatePtr state_;
};

}  // namespace

std::unique_ptr<Operator> make_operator(asio::any_io_executor executor, HttpClient& http, OperatorOptions options) {
    auto state = std::make_shared<State>(std::move(executor), http, std::move(options));
    return std::make_unique<Endpoints>(std::move(state));
}

}  // namespace margind::adapters::rpc
