// Wakes coroutines that wait for the same thing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

/// Wakes those who wait, together.
class Signal {
public:
    /// Until notify(), or `until`.
    static asio::awaitable<void> wait(std::shared_ptr<Signal> self, asio::any_io_executor executor, std::chrono::steady_clock::time_point until);
    void notify();

private:
    std::vector<asio::steady_timer*> waiting_;
};

}  // namespace margind::adapters::rpc
