// Any number of requests at once over one kept connection, and what the server pushes.
#pragma once

#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/channel.hpp"
#include "adapters/rpc/signal.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace margind::adapters::rpc {

struct Answer {
    std::string text;
    std::chrono::steady_clock::duration took{};
};

/// What is called on the io thread for a subscription, never after close().
struct Listener {
    /// The `result` of each notification, as JSON text.
    std::function<void(const std::string&)> on_notification;
    /// Once, when the connection broke: nothing comes any more, subscribe again.
    std::function<void(const model::Error&)> on_lost;
};

/// Used from the io thread alone. Connects when first needed and again after a break, with a small pause that grows while it fails.
/// A break fails all that is under way; so does a request that ran into its deadline while nothing at all was heard. The budget is
/// asked for each message and each connection.
class Duplex : public std::enable_shared_from_this<Duplex> {
public:
    using Clock = std::chrono::steady_clock;
    Duplex(asio::any_io_executor executor, Endpoint endpoint, std::shared_ptr<Dialer> dialer, std::shared_ptr<Pacer> pacer);

    /// The answer to the message with the ids `first` to `first` + `count` - 1. `listener`: the message subscribes.
    static asio::awaitable<model::Result<Answer>> exchange(std::shared_ptr<Duplex> self, std::uint64_t first, std::size_t count,
                                                           std::string message, Cost cost, HttpLimits limits, std::shared_ptr<Listener> listener);
    /// Ends the connection and all that is under way; the next request opens a new one.
    void close();
    std::uint64_t connections_opened() const { return opened_; }

private:
    struct Pending {
        std::optional<model::Result<Answer>> outcome;
        Clock::time_point left;
        bool batch = false;
        std::shared_ptr<Listener> listener;
        std::shared_ptr<Signal> done = std::make_shared<Signal>();
    };
    class Registered;

    static asio::awaitable<void> run(std::shared_ptr<Duplex> self, std::shared_ptr<Channel> channel, HttpLimits limits);
    static asio::awaitable<void> write(std::shared_ptr<Duplex> self, std::shared_ptr<Channel> channel, std::string message);
    static asio::awaitable<model::Result<void>> ready(std::shared_ptr<Duplex> self, HttpLimits limits, Clock::time_point deadline);
    static asio::awaitable<model::Result<void>> leave(std::shared_ptr<Duplex> self, Cost cost, HttpLimits limits, Clock::time_point deadline);
    void dispatch(std::string text);
    void settle(Pending& pending, model::Result<Answer> outcome);
    void fail_one(std::uint64_t id, const model::Error& error);
    void lose(const std::shared_ptr<Channel>& channel, const model::Error& error);

    asio::any_io_executor executor_;
    Endpoint endpoint_;
    std::shared_ptr<Dialer> dialer_;
    std::shared_ptr<Pacer> pacer_;
    /// Null: not connected, nor on the way.
    std::shared_ptr<Channel> channel_;
    bool connected_ = false;
    bool sending_ = false;
    /// A connection was made or lost, or a message is written.
    std::shared_ptr<Signal> changed_ = std::make_shared<Signal>();
    std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
    std::map<std::string, std::shared_ptr<Listener>> listeners_;
    std::optional<model::Error> lost_;
    Clock::duration pause_{};
    Clock::time_point not_before_{};
    Clock::time_point heard_{};
    std::uint64_t opened_ = 0;
};

}  // namespace margind::adapters::rpc
