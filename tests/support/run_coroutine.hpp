// Runs one coroutine to its end, from a test.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <utility>

namespace margind::tests {

/// Blocks until `io` has nothing left to do; rethrows what the task threw.
template <class T>
T run_coroutine(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    auto result = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
    io.restart();
    io.run();
    return result.get();
}

}  // namespace margind::tests
