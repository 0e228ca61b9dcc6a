// What the watchers of one chain's heads share; for heads*.cpp alone.
#pragma once

#include "daemon/heads.hpp"
#include "daemon/quorum.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <set>

namespace margind::daemon {

struct Heads::State {
    using Header = adapters::rpc::BlockHeader;
    using Self = std::shared_ptr<State>;

    struct Watcher {
        explicit Watcher(const asio::any_io_executor& executor) : wake(executor) {}
        asio::steady_timer wake;
        bool asking = false;
        bool linking = false;
        /// When it was asked last, and when its head became another.
        Steady::time_point asked{};
        std::optional<Steady::time_point> moved;
        std::optional<Header> head;
        /// Heads that were pushed, and whether the last one came so.
        std::uint64_t pushed = 0;
        bool pushing = false;
    };

    State(asio::any_io_executor executor, std::vector<adapters::rpc::Operator*> operators, HeadsOptions options, Clocks clocks);

    /// Each of these is an event: what follows from it is done before it returns.
    void on_answer(std::size_t op, const model::Result<Header>& said, std::uint64_t pushed_before);
    void on_push(std::size_t op, const Header& head);
    void on_linked(std::size_t op, const Quorum::Wanted& wanted, const model::Result<Header>& said);
    void give_up_linking(std::size_t op);
    void notice();

    std::optional<Quorum::Wanted> wanted_of(std::size_t op) const;
    std::chrono::milliseconds pace(std::size_t op) const;
    void wake_others(std::size_t op, const Header& head);
    void wake_all();
    void run(const Self& self, asio::awaitable<void> task);
    std::size_t place_of(const adapters::rpc::Operator& op) const;
    model::Error no_head() const;

    asio::any_io_executor executor;
    std::vector<adapters::rpc::Operator*> operators;
    HeadsOptions options;
    Clocks clocks;
    Quorum quorum;
    std::vector<Watcher> watchers;
    std::set<asio::steady_timer*> waiting;
    std::uint64_t version = 0;
    std::optional<Header> last_head;
    std::vector<model::SourceTrouble> last_troubles;
    /// Starts what links heads; empty without watchers.
    std::function<void(std::size_t)> link;
    bool stopping = false;
    std::size_t running = 0;
};

}  // namespace margind::daemon
