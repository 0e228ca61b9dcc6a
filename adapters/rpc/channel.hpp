// One connection that carries JSON texts both ways: a WebSocket, or a Unix socket.
#pragma once

#include "adapters/rpc/http.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace margind::adapters::rpc {

/// `error` set: the connection is of no use any more; `text` is then what had arrived of a message.
struct Received {
    std::string text;
    std::optional<model::Error> error;
};

/// Used from the io thread alone, opened once. Errors name the endpoint as shown().
class Channel {
public:
    using Clock = std::chrono::steady_clock;
    virtual ~Channel() = default;
    virtual asio::awaitable<model::Result<void>> open(Clock::time_point until) = 0;
    /// One at a time; `message` must outlive it.
    virtual asio::awaitable<model::Result<void>> send(const std::string& message) = 0;
    /// One at a time. The bounds of json_bounds.hpp hold while a message arrives.
    virtual asio::awaitable<Received> receive() = 0;
    /// What is under way ends with an error.
    virtual void close() = 0;
};

std::shared_ptr<Channel> make_websocket(asio::any_io_executor executor, const Endpoint& endpoint, std::shared_ptr<Dialer> dialer);
std::shared_ptr<Channel> make_ipc(asio::any_io_executor executor, const Endpoint& endpoint);

}  // namespace margind::adapters::rpc
