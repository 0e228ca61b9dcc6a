// How coroutines are started and how blocking work leaves the io thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

/// The one way to start a coroutine: `done` is called once on `executor`, with what the task threw or null, and
/// decides what that means (log, stop, start again). An exception is never lost.
void spawn(const asio::any_io_executor& executor, asio::awaitable<void> task, std::function<void(std::exception_ptr)> done);

/// Runs all tasks at once on the caller's executor and resumes when the last has ended; rethrows the first exception.
asio::awaitable<void> join_all(std::vector<asio::awaitable<void>> tasks);

/// Runs on whoever resumes it.
template <typename F>
asio::awaitable<std::invoke_result_t<F>> call(F fn) {
    co_return fn();
}

/// Runs `fn` on `pool`; the caller resumes on its own executor. `fn` is a named local, moved in (g++ 12 destroys a
/// capturing lambda written inside a co_await expression twice).
template <typename F>
asio::awaitable<std::invoke_result_t<F>> run_blocking(asio::any_io_executor pool, F fn) {
    auto task = call(std::move(fn));
    co_return co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);
}

}  // namespace margind::adapters::rpc
