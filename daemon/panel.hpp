// Asks several operators at once and goes on when enough have answered.
#pragma once

#include "adapters/rpc/operator.hpp"
#include "daemon/agreement.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace margind::daemon {

namespace asio = boost::asio;

struct Heard {
    /// By place in the configuration; at most as many as were wanted.
    std::vector<Voice> voices;
    /// Places of those that failed.
    std::vector<std::size_t> silent;
    /// Places of those that were not waited for.
    std::vector<std::size_t> late;
    /// Why the last one that failed did.
    std::optional<model::Error> error;
};

/// The operators of one chain in the order of the configuration; they must outlive what was asked of them, which ends after stop().
/// On the io thread.
class Panel {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// `solo`: what is asked of one operator alone goes to this one.
    using Ask = std::function<asio::awaitable<model::Result<Answers>>(adapters::rpc::Operator& of, bool solo)>;

    Panel(asio::any_io_executor executor, std::vector<adapters::rpc::Operator*> operators, std::chrono::milliseconds block_time);
    ~Panel();

    std::size_t size() const { return operators_.size(); }
    adapters::rpc::Operator& at(std::size_t place) const { return *operators_[place]; }
    /// Those that are alive, else all, beginning with another one at each turn.
    std::vector<std::size_t> order(std::uint64_t turn) const;

    /// The first `wanted` of `order`, and further ones for each that fails or has not answered within its p95 (at least 100 ms).
    /// One that does not know the block is asked again for two block times while `known` holds; one that hangs is waited for
    /// until `until`, or for 3 s after the first answer.
    asio::awaitable<Heard> hear(Ask ask, std::vector<std::size_t> order, std::size_t wanted, Time until, std::function<bool()> known);

private:
    struct Race;
    static asio::awaitable<void> run(std::shared_ptr<Race> race, std::size_t place, bool solo);
    void start(const std::shared_ptr<Race>& race, std::size_t place, bool solo);

    asio::any_io_executor executor_;
    std::vector<adapters::rpc::Operator*> operators_;
    std::chrono::milliseconds block_time_;
};

}  // namespace margind::daemon
