// Which block is the head of a chain: the watchers of its operators, and what they agree on.
#pragma once

#include "adapters/rpc/operator.hpp"
#include "daemon/published.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace margind::daemon {

namespace asio = boost::asio;

struct HeadsOptions {
    model::ChainId chain;
    std::chrono::milliseconds block_time{12'000};
    std::chrono::milliseconds poll_interval{2'000};
    /// Mines on demand: silence is no trouble.
    bool quiet = false;
};

/// On the io thread. The rule is quorum.hpp's; here is what asks.
class Heads {
public:
    /// `operators` outlive it.
    Heads(asio::any_io_executor executor, std::vector<adapters::rpc::Operator*> operators, HeadsOptions options, Clocks clocks);
    ~Heads();
    Heads(const Heads&) = delete;
    Heads& operator=(const Heads&) = delete;

    /// Starts a watcher for each operator, which runs until stop().
    void start();
    /// Waits for the requests under way: stop the operators first, and it is quick.
    asio::awaitable<void> stop();
    /// One round without watchers: every operator is asked for its head, and for what links the heads. An operator that does
    /// not answer in the first round is taken to be silent at once instead of after a while.
    asio::awaitable<void> ask_once();

    /// The accepted head; before the first `unreachable`, with each operator's trouble.
    model::Result<adapters::rpc::BlockHeader> head() const;
    /// Counts the changes of head() and troubles().
    std::uint64_t version() const;
    /// Resumes when version() is another than `seen` (at once, when it is already), and after `longest` at the latest.
    asio::awaitable<void> wait(std::uint64_t seen, std::chrono::milliseconds longest);
    /// The block of the accepted chain at that height; empty above its head. Operators are asked for what is not remembered,
    /// as many as must agree on a head; `reorged` when the head has changed meanwhile.
    asio::awaitable<model::Result<std::optional<adapters::rpc::BlockHeader>>> block_at(std::uint64_t number);
    /// When operators last confirmed the accepted head: as many as it takes to accept it answered with it or a descendant.
    std::optional<Steady::time_point> confirmed() const;
    /// The operator's present chain holds this block; false where that is not known.
    bool has(const adapters::rpc::Operator& op, const model::BlockRef& block) const;
    /// It answers, but its head has not moved for max(3 block times, 10 s) while others went on.
    bool demoted(const adapters::rpc::Operator& op) const;
    /// single_source and disputed, as they stand.
    std::vector<model::SourceTrouble> troubles() const;

private:
    struct State;
    /// Shared with the coroutines under way.
    std::shared_ptr<State> state_;
};

}  // namespace margind::daemon
