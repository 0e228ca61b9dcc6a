// Wakes coroutines that wait for the same thing.
#include "adapters/rpc/signal.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace margind::adapters::rpc {

asio::awaitable<void> Signal::wait(std::shared_ptr<Signal> self, asio::any_io_executor executor, std::chrono::steady_clock::time_point until) {
    struct Place {
        Signal& signal;
        asio::steady_timer timer;
        ~Place() { std::erase(signal.waiting_, &timer); }
    } place{*self, asio::steady_timer(executor, until)};
    self->waiting_.push_back(&place.timer);
    boost::system::error_code ignored;
    co_await place.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Signal::notify() {
    for (asio::steady_timer* timer : std::exchange(waiting_, {})) timer->cancel();
}

}  // namespace margind::adapters::rpc
