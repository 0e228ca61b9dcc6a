// The node behind a FaultProxy, asked over kept connections by a client that is not the project's own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::tests {

/// Used from one thread alone.
class Upstream {
public:
    /// \pre `io` outlives it.
    Upstream(boost::asio::io_context& io, std::uint16_t port);
    ~Upstream();

    /// The body of the node's answer to a POST; empty when the node is away.
    boost::asio::awaitable<std::optional<std::string>> exchange(std::string body);

private:
    struct Connection;
    boost::asio::awaitable<std::unique_ptr<Connection>> open();

    boost::asio::io_context& io_;
    std::uint16_t port_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace margind::tests
