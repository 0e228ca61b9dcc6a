// Drains the outbox into the sinks: at least once, oldest first, backing off where a receiver fails.
#pragma once

#include "daemon/metrics.hpp"
#include "daemon/sinks.hpp"
#include "storage/history.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace margind::daemon {

/// On the io thread; the database is asked on `pool`. What a sink refuses is tried again after 1, 2, 4 … 60 s, behind
/// all that was never tried; when a sink is unreachable the whole sink waits.
class Outbox {
public:
    /// References must outlive it; `history` null: events come from memory alone.
    Outbox(asio::any_io_executor executor, asio::any_io_executor pool, storage::History* history, std::vector<std::unique_ptr<Sink>> sinks,
           Metrics& metrics);
    ~Outbox();

    /// Starts one coroutine per sink.
    void start();
    /// Something was committed.
    void wake();
    /// The database refused these: they go out at once, with "uncommitted": true in their bodies.
    void send_uncommitted(const std::vector<storage::EventText>& events);
    /// The sinks that have not taken an uncommitted event yet; those of `event` itself when it was never sent so.
    std::vector<std::string> left(const storage::EventText& event) const;
    /// `events` are committed under `numbers`, with the sinks that were left when the transaction began; what a sink has taken
    /// since is not sent to it again.
    void committed(const std::vector<storage::EventText>& events, const std::vector<std::uint64_t>& numbers);
    std::vector<std::string> uncommitted_bodies() const;

    /// Tries what is due once more, then ends. Resumes when every sink has ended.
    asio::awaitable<void> stop();
    /// The sinks that an event goes to: all, or the log alone.
    std::vector<std::string> sinks_of(bool log_only) const;

private:
    using Key = std::pair<model::Bytes32, std::uint64_t>;
    /// The two turns of a pass: what was never tried, and what was refused before.
    enum class Turn : std::uint8_t { first, again };
    struct Lane;
    struct Unsaved {
        Key key;
        std::string body;
        std::set<std::string> left;
    };

    bool is_unsaved(const Key& key) const;
    asio::awaitable<void> serve(Lane& lane);
    asio::awaitable<void> pass(Lane& lane);
    /// False: it was cut short.
    asio::awaitable<bool> pass_memory(Lane& lane, Turn turn);
    asio::awaitable<bool> pass_history(Lane& lane, Turn turn);
    /// `row` must outlive the task.
    asio::awaitable<void> hand_over(Lane& lane, const storage::OutboxRow& row);

    asio::any_io_executor executor_;
    asio::any_io_executor pool_;
    storage::History* history_;
    Metrics& metrics_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::deque<Unsaved> unsaved_;
    bool stopping_ = false;
};

}  // namespace margind::daemon
