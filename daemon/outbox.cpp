// Drains the outbox into the sinks: at least once, oldest first, backing off where a receiver fails.
#include "daemon/outbox.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/log_value.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

namespace margind::daemon {
namespace {

using adapters::rpc::run_blocking;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch = 256;
constexpr seconds longest_backoff{60};
constexpr std::size_t most_unsaved_kept = 1'000;

seconds backoff(std::uint64_t failures) {
    const auto doubled = seconds(std::int64_t{1} << std::min<std::uint64_t>(failures - 1, 6));
    return std::min(doubled, longest_backoff);
}

std::int64_t wall_now() {
    return std::int64_t{std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

std::string marked_uncommitted(const std::string& body) {
    auto document = nlohmann::json::parse(body);
    document["uncommitted"] = true;
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct Tried {
    std::uint64_t failures = 0;
    Clock::time_point next{};
};

}  // namespace

// One sink with what failed there. A sink that is unreachable waits as a whole.
struct Outbox::Lane {
    Lane(std::unique_ptr<Sink> s, const asio::any_io_executor& executor) : sink(std::move(s)), timer(executor) {}

    bool due(const std::string& key) {
        seen.insert(key);
        const auto found = tried.find(key);
        return reachable() && (found == tried.end() || Clock::now() >= found->second.next);
    }
    bool reachable() const { return Clock::now() >= whole.next; }
    bool refused_before(const std::string& key) const { return tried.contains(key); }
    void failed(const std::string& key, const model::Error& error) {
        Tried& entry = error.code == model::ErrorCode::unreachable ? whole : tried[key];
        ++entry.failures;
        entry.next = Clock::now() + backoff(entry.failures);
    }
    void delivered(const std::string& key) {
        tried.erase(key);
        whole = Tried{};
    }
    Clock::time_point next() const {
        Clock::time_point at = Clock::now() + longest_backoff;
        for (const auto& [key, entry] : tried) at = std::min(at, entry.next);
        return whole.failures > 0 ? whole.next : at;
    }
    // Failures of what is no longer waiting are forgotten.
    void end_pass() {
        std::erase_if(tried, [&](const auto& entry) { return !seen.contains(entry.first); });
        seen.clear();
    }

    std::unique_ptr<Sink> sink;
    asio::steady_timer timer;
    std::map<std::string, Tried> tried;
    std::set<std::string> seen;
    // Delivered, but the database has not taken that yet: not to be sent again.
    std::set<std::uint64_t> unmarked;
    // Under way from memory, and its number when it is committed meanwhile.
    std::optional<Key> sending;
    std::optional<std::uint64_t> sending_number;
    Tried whole;
    bool woken = false;
    bool ended = true;
};

Outbox::Outbox(asio::any_io_executor executor, asio::any_io_executor pool, storage::History* history, std::vector<std::unique_ptr<Sink>> sinks,
               Metrics& metrics)
    : executor_(std::move(executor)), pool_(std::move(pool)), history_(history), metrics_(metrics) {
    for (std::unique_ptr<Sink>& sink : sinks) lanes_.push_back(std::make_unique<Lane>(std::move(sink), executor_));
}

Outbox::~Outbox() = default;

void Outbox::start() {
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        lane->ended = false;
        adapters::rpc::spawn(executor_, serve(*lane), [this, &held = *lane](std::exception_ptr error) {
            held.ended = true;
            if (error && !stopping_) {
                spdlog::error("event=sink_failed sink={}", held.sink->name());
                std::rethrow_exception(error);
            }
        });
    }
}

void Outbox::wake() {
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        lane->woken = true;
        lane->timer.cancel();
    }
}

void Outbox::send_uncommitted(const std::vector<storage::EventText>& events) {
    for (const storage::EventText& event : events) {
        const Key key{event.incident, event.sequence};
        if (is_unsaved(key)) continue;
        unsaved_.push_back(Unsaved{key, marked_uncommitted(event.json), std::set<std::string>(event.sinks.begin(), event.sinks.end())});
    }
    // Without a database nothing is ever committed: what every sink has taken is kept for readers up to a bound.
    while (!history_ && unsaved_.size() > most_unsaved_kept && unsaved_.front().left.empty()) unsaved_.pop_front();
    wake();
}

std::vector<std::string> Outbox::left(const storage::EventText& event) const {
    for (const Unsaved& unsaved : unsaved_)
        if (unsaved.key == Key{event.incident, event.sequence}) return {unsaved.left.begin(), unsaved.left.end()};
    return event.sinks;
}

bool Outbox::is_unsaved(const Key& key) const {
    return std::any_of(unsaved_.begin(), unsaved_.end(), [&](const Unsaved& u) { return u.key == key; });
}

void Outbox::committed(const std::vector<storage::EventText>& events, const std::vector<std::uint64_t>& numbers) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Key key{events[i].incident, events[i].sequence};
        const auto sent = std::find_if(unsaved_.begin(), unsaved_.end(), [&](const Unsaved& u) { return u.key == key; });
        if (sent == unsaved_.end()) continue;
        for (const std::unique_ptr<Lane>& lane : lanes_) {
            const std::string& name = lane->sink->name();
            if (std::find(events[i].sinks.begin(), events[i].sinks.end(), name) == events[i].sinks.end()) continue;
            if (!sent->left.contains(name)) lane->unmarked.insert(numbers[i]);
            else if (lane->sending == key) lane->sending_number = numbers[i];
        }
    }
    unsaved_.clear();
    wake();
}

std::vector<std::string> Outbox::uncommitted_bodies() const {
    std::vector<std::string> bodies;
    for (const Unsaved& unsaved : unsaved_) bodies.push_back(unsaved.body);
    return bodies;
}

std::vector<std::string> Outbox::sinks_of(bool log_only) const {
    std::vector<std::string> names;
    for (const std::unique_ptr<Lane>& lane : lanes_)
        if (!log_only || lane->sink->name() == log_sink_name) names.push_back(lane->sink->name());
    return names;
}

asio::awaitable<void> Outbox::serve(Lane& lane) {
    for (;;) {
        const bool last = stopping_;
        lane.woken = false;
        co_await pass(lane);
        if (last) co_return;
        if (lane.woken || stopping_) continue;
        lane.timer.expires_at(lane.next());
        boost::system::error_code cancelled;
        co_await lane.timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
}

// What was never tried goes first; what was refused before gives way to what is committed meanwhile.
asio::awaitable<void> Outbox::pass(Lane& lane) {
    static constexpr std::array turns{Turn::first, Turn::again};
    for (const Turn turn : turns) {
        const bool whole = co_await pass_memory(lane, turn);
        if (!whole) co_return;
        if (!history_) continue;
        const bool all = co_await pass_history(lane, turn);
        if (!all) co_return;
    }
    lane.end_pass();
}

asio::awaitable<bool> Outbox::pass_memory(Lane& lane, Turn turn) {
    const std::string name = lane.sink->name();
    std::vector<Key> keys;
    for (const Unsaved& unsaved : unsaved_)
        if (unsaved.left.contains(name)) keys.push_back(unsaved.key);
    for (const Key& key : keys) {
        // The deque may change while a delivery is under way.
        const auto find = [&] { return std::find_if(unsaved_.begin(), unsaved_.end(), [&](const Unsaved& u) { return u.key == key; }); };
        const auto found = find();
        const std::string label = key.first.to_string() + "-" + std::to_string(key.second);
        if (found == unsaved_.end() || !lane.due(label) || lane.refused_before(label) != (turn == Turn::again)) continue;
        if (turn == Turn::again && lane.woken) co_return false;
        std::string body = found->body;
        lane.sending = key;
        lane.sending_number.reset();
        const auto delivered = co_await lane.sink->deliver(std::move(body));
        lane.sending.reset();
        metrics_.delivery(name, delivered.has_value());
        if (!delivered) {
            lane.failed(label, delivered.error());
            spdlog::warn("event=delivery_failed sink={} incident={} error={}", name, label, log_value(delivered.error().message));
            continue;
        }
        lane.delivered(label);
        if (lane.sending_number) lane.unmarked.insert(*lane.sending_number);
        if (const auto still = find(); still != unsaved_.end()) still->left.erase(name);
    }
    co_return true;
}

asio::awaitable<bool> Outbox::pass_history(Lane& lane, Turn turn) {
    const std::string name = lane.sink->name();
    std::uint64_t after = 0;
    for (;;) {
        if (!lane.reachable()) co_return false;
        auto ask = [history = history_, name, after] { return history->undelivered(name, after, batch); };
        const auto rows = co_await run_blocking(pool_, std::move(ask));
        const std::string unreadable = "outbox";
        if (!lane.due(unreadable)) co_return false;
        if (!rows) {
            lane.failed(unreadable, rows.error());
            spdlog::warn("event=outbox_unreadable sink={} error={}", name, log_value(rows.error().message));
            co_return false;
        }
        lane.tried.erase(unreadable);
        for (const storage::OutboxRow& row : *rows) {
            const std::string label = std::to_string(row.event);
            // Committed a moment ago: committed() is about to say which sinks have it.
            if (is_unsaved(Key{row.incident, row.sequence})) continue;
            if (!lane.due(label) || lane.refused_before(label) != (turn == Turn::again)) continue;
            if (turn == Turn::again && lane.woken) co_return false;
            co_await hand_over(lane, row);
        }
        if (rows->size() < batch) co_return true;
        after = rows->back().event;
    }
}

asio::awaitable<void> Outbox::hand_over(Lane& lane, const storage::OutboxRow& row) {
    const std::string name = lane.sink->name();
    const std::uint64_t event = row.event;
    const std::string label = std::to_string(event);
    if (!lane.unmarked.contains(event)) {
        std::string body = row.json;
        const auto delivered = co_await lane.sink->deliver(std::move(body));
        metrics_.delivery(name, delivered.has_value());
        if (!delivered) {
            lane.failed(label, delivered.error());
            const std::string why = delivered.error().message;
            spdlog::warn("event=delivery_failed sink={} number={} error={}", name, event, log_value(why));
            auto count = [history = history_, event, name, why] { return history->mark_failed(event, name, why); };
            const auto counted = co_await run_blocking(pool_, std::move(count));
            if (!counted) spdlog::warn("event=attempt_uncounted sink={} number={} error={}", name, event, log_value(counted.error().message));
            co_return;
        }
    }
    lane.delivered(label);
    auto mark = [history = history_, event, name] { return history->mark_delivered(event, name, wall_now()); };
    const auto marked = co_await run_blocking(pool_, std::move(mark));
    if (marked) {
        lane.unmarked.erase(event);
    } else {
        lane.unmarked.insert(event);
        lane.failed(label, marked.error());
        spdlog::warn("event=delivery_unmarked sink={} number={} error={}", name, event, log_value(marked.error().message));
    }
}

asio::awaitable<void> Outbox::stop() {
    stopping_ = true;
    wake();
    asio::steady_timer timer(executor_);
    while (std::any_of(lanes_.begin(), lanes_.end(), [](const std::unique_ptr<Lane>& lane) { return !lane->ended; })) {
        timer.expires_after(std::chrono::milliseconds(10));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace margind::daemon
