// How coroutines are started and how blocking work leaves the io thread.
#include "adapters/rpc/spawn.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>

namespace margind::adapters::rpc {

void spawn(const asio::any_io_executor& executor, asio::awaitable<void> task, std::function<void(std::exception_ptr)> done) {
    asio::co_spawn(executor, std::move(task), std::move(done));
}

asio::awaitable<void> join_all(std::vector<asio::awaitable<void>> tasks) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    using Operation = decltype(asio::co_spawn(executor, std::move(tasks.front()), asio::deferred));
    std::vector<Operation> operations;
    for (asio::awaitable<void>& task : tasks)
        operations.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    if (operations.empty()) co_return;
    auto group = asio::experimental::make_parallel_group(std::move(operations));
    auto [order, errors] = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

}  // namespace margind::adapters::rpc
