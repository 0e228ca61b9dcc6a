// Any number of requests at once over one kept connection, and what the server pushes.
#include "adapters/rpc/duplex.hpp"

#include "adapters/rpc/json_rpc_reply.hpp"
#include "adapters/rpc/messages.hpp"
#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Result;
using model::Retry;

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5'000};

void stop_on_bug(std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
}

}  // namespace

/// Holds a request's place among the pending ones, however its coroutine ends.
class Duplex::Registered {
public:
    Registered(Duplex& duplex, std::uint64_t first, std::size_t count, std::shared_ptr<Pending> pending)
        : duplex_(duplex), first_(first), count_(count) {
        for (std::size_t i = 0; i < count_; ++i) duplex_.pending_[first_ + i] = pending;
    }
    ~Registered() {
        for (std::size_t i = 0; i < count_; ++i) duplex_.pending_.erase(first_ + i);
    }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

private:
    Duplex& duplex_;
    std::uint64_t first_;
    std::size_t count_;
};

Duplex::Duplex(asio::any_io_executor executor, Endpoint endpoint, std::shared_ptr<Dialer> dialer, std::shared_ptr<Pacer> pacer)
    : executor_(std::move(executor)), endpoint_(std::move(endpoint)), dialer_(std::move(dialer)), pacer_(std::move(pacer)) {}

asio::awaitable<Result<Answer>> Duplex::exchange(std::shared_ptr<Duplex> self, std::uint64_t first, std::size_t count, std::string message,
                                                 Cost cost, HttpLimits limits, std::shared_ptr<Listener> listener) {
    const Clock::time_point deadline = Clock::now() + limits.total;
    auto allowed = co_await leave(self, cost, limits, deadline);
    if (!allowed) co_return model::fail(std::move(allowed).error());
    auto pending = std::make_shared<Pending>();
    pending->left = Clock::now();
    pending->batch = count > 1;
    pending->listener = std::move(listener);
    const Registered registered(*self, first, count, pending);
    self->sending_ = true;
    spawn(self->executor_, write(self, self->channel_, std::move(message)), stop_on_bug);
    const std::shared_ptr<Channel> channel = self->channel_;
    while (!pending->outcome && Clock::now() < deadline) co_await Signal::wait(pending->done, self->executor_, deadline);
    if (pending->outcome) co_return std::move(*pending->outcome);
    const model::Error late{ErrorCode::unreachable, fmt::format("{}: no answer within {} ms", self->endpoint_.shown(), limits.total.count()),
                            Retry::other_endpoint};
    if (self->heard_ < pending->left) self->lose(channel, late);
    co_return model::fail(late);
}

/// Resumes when there is a connection on which nothing is being written and the budget allows the message.
asio::awaitable<Result<void>> Duplex::leave(std::shared_ptr<Duplex> self, Cost cost, HttpLimits limits, Clock::time_point deadline) {
    Pacer::Turn turn(*self->pacer_, cost);
    for (;;) {
        auto allowed = co_await turn.wait(deadline);
        if (!allowed) {
            allowed.error().message = self->endpoint_.shown() + ": " + allowed.error().message;
            co_return allowed;
        }
        if (self->connected_ && !self->sending_) co_return allowed;
        auto connected = co_await ready(self, limits, deadline);
        if (!connected) co_return connected;
    }
}

asio::awaitable<Result<void>> Duplex::ready(std::shared_ptr<Duplex> self, HttpLimits limits, Clock::time_point deadline) {
    const std::string name = self->endpoint_.shown();
    while (!self->connected_ || self->sending_) {
        const Clock::time_point now = Clock::now();
        if (now >= deadline)
            co_return model::fail(ErrorCode::unreachable,
                                  fmt::format("{}: {} within {} ms", name, self->connected_ ? "not taken by the connection" : "no connection",
                                              limits.total.count()),
                                  Retry::other_endpoint);
        if (!self->channel_) {
            if (now < self->not_before_) co_return model::fail(*self->lost_);
            self->channel_ = self->endpoint_.scheme == Scheme::ipc ? make_ipc(self->executor_, self->endpoint_)
                                                                   : make_websocket(self->executor_, self->endpoint_, self->dialer_);
            spawn(self->executor_, run(self, self->channel_, limits), stop_on_bug);
        }
        const std::shared_ptr<Channel> awaited = self->channel_;
        co_await Signal::wait(self->changed_, self->executor_, deadline);
        if (self->channel_ != awaited && !self->connected_ && self->lost_) co_return model::fail(*self->lost_);
    }
    co_return Result<void>();
}

asio::awaitable<void> Duplex::run(std::shared_ptr<Duplex> self, std::shared_ptr<Channel> channel, HttpLimits limits) {
    const Clock::time_point until = Clock::now() + std::min(limits.connect, limits.total);
    Pacer::Turn turn(*self->pacer_, Cost{1, compute_units("eth_chainId")});
    auto opened = co_await turn.wait(until);
    if (opened) opened = co_await channel->open(until);
    if (!opened) {
        self->lose(channel, opened.error());
        co_return;
    }
    if (self->channel_ != channel) co_return channel->close();
    ++self->opened_;
    self->connected_ = true;
    self->heard_ = Clock::now();
    self->changed_->notify();
    while (self->channel_ == channel) {
        Received received = co_await channel->receive();
        if (self->channel_ != channel) break;
        self->heard_ = Clock::now();
        if (received.error) {
            if (const auto id = answered_id(received.text)) self->fail_one(*id, *received.error);
            self->lose(channel, *received.error);
            break;
        }
        self->pause_ = Clock::duration::zero();
        self->dispatch(std::move(received.text));
    }
    channel->close();
}

asio::awaitable<void> Duplex::write(std::shared_ptr<Duplex> self, std::shared_ptr<Channel> channel, std::string message) {
    const auto sent = co_await channel->send(message);
    if (self->channel_ != channel) co_return;
    self->sending_ = false;
    if (!sent) self->lose(channel, sent.error());
    self->changed_->notify();
}

void Duplex::dispatch(std::string text) {
    if (const auto id = answered_id(text)) {
        const auto found = pending_.find(*id);
        // An answer after its deadline, or to nothing that was asked.
        if (found == pending_.end()) return;
        const std::shared_ptr<Pending> pending = found->second;
        if (pending->listener) {
            const std::string shown = endpoint_.shown();
            const auto subscription = parse_reply(text, Asked{*id, shown, "eth_subscribe"});
            if (subscription && subscription->is_string()) listeners_[subscription->get<std::string>()] = pending->listener;
        }
        settle(*pending, Answer{std::move(text), Clock::now() - pending->left});
        return;
    }
    if (const auto notification = parse_notification(text)) {
        const auto found = listeners_.find(notification->subscription);
        if (found == listeners_.end()) return;
        const std::shared_ptr<Listener> listener = found->second;
        listener->on_notification(notification->result);
        return;
    }
    // Pushed, and of nothing that was subscribed to: a server's greeting, say.
    if (is_pushed(text)) return;
    // An error without an id answers what the server could not read: the only request, or the only batch, there is.
    std::vector<std::shared_ptr<Pending>> all;
    std::vector<std::shared_ptr<Pending>> batches;
    for (const auto& [id, pending] : pending_) {
        if (!all.empty() && all.back() == pending) continue;
        all.push_back(pending);
        if (pending->batch) batches.push_back(pending);
    }
    const auto& candidates = batches.size() == 1 ? batches : all;
    if (candidates.size() == 1) settle(*candidates.front(), Answer{std::move(text), Clock::now() - candidates.front()->left});
}

void Duplex::settle(Pending& pending, Result<Answer> outcome) {
    if (!pending.outcome) pending.outcome = std::move(outcome);
    pending.done->notify();
}

void Duplex::fail_one(std::uint64_t id, const model::Error& error) {
    const auto found = pending_.find(id);
    if (found != pending_.end()) settle(*found->second, model::fail(error));
}

void Duplex::lose(const std::shared_ptr<Channel>& channel, const model::Error& error) {
    if (channel_ != channel) return;
    // What was refused was refused to one; for the others the connection broke. One that never was is nobody's.
    const bool refused = connected_ && error.code != ErrorCode::unreachable && error.retry != Retry::later;
    channel->close();
    channel_ = nullptr;
    connected_ = false;
    sending_ = false;
    pause_ = std::clamp<Clock::duration>(pause_ * 2, first_pause, longest_pause);
    not_before_ = Clock::now() + pause_;
    lost_ = error;
    if (refused) lost_ = model::Error{ErrorCode::unreachable, fmt::format("{} (the connection was ended)", error.message), Retry::later};
    for (const auto& [id, pending] : pending_) settle(*pending, model::fail(*lost_));
    for (auto& [id, listener] : std::exchange(listeners_, {}))
        if (listener->on_lost) listener->on_lost(*lost_);
    changed_->notify();
}

void Duplex::close() {
    listeners_.clear();
    if (channel_) lose(channel_, {ErrorCode::unreachable, endpoint_.shown() + ": closed", Retry::later});
    not_before_ = {};
    pause_ = {};
}

}  // namespace margind::adapters::rpc
