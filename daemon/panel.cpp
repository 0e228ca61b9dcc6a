// Asks several operators at once and goes on when enough have answered.
#include "daemon/panel.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/ask.hpp"
#include "daemon/log_value.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::rpc::Operator;
using model::Result;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds least_patience{100};
// Of an operator that has not answered anything yet.
constexpr milliseconds first_patience{1'000};
constexpr milliseconds second_voice_patience{3'000};
constexpr milliseconds lag_pause{100};

asio::awaitable<void> sleep(asio::steady_timer& timer) {
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace

// Shared with those who answer too late to count.
struct Panel::Race {
    struct Runner {
        Clock::time_point due;
        bool solo = false;
        /// Another one was started in its stead.
        bool hedged = false;
    };
    Race(const asio::any_io_executor& executor, Ask question, std::function<bool()> still_known)
        : ask(std::move(question)), known(std::move(still_known)), changed(executor) {}

    Ask ask;
    std::function<bool()> known;
    std::vector<Operator*> operators;
    Clock::time_point lag_until;
    std::map<std::size_t, Runner> running;
    Heard heard;
    std::size_t failed = 0;
    std::optional<Clock::time_point> first_answer;
    /// Nobody waits for an answer any more.
    bool over = false;
    asio::steady_timer changed;

    void settle(std::size_t place, Result<Answers> result) {
        if (over) return;
        running.erase(place);
        if (result) {
            Voice voice;
            voice.by = place;
            voice.pinned = operators[place]->pinned();
            voice.answers = std::move(*result);
            heard.voices.push_back(std::move(voice));
            if (!first_answer) first_answer = Clock::now();
        } else {
            heard.error = std::move(result).error();
            heard.silent.push_back(place);
            ++failed;
        }
        changed.cancel();
    }
};

Panel::Panel(asio::any_io_executor executor, std::vector<Operator*> operators, milliseconds block_time)
    : executor_(std::move(executor)), operators_(std::move(operators)), block_time_(block_time) {}
Panel::~Panel() = default;

std::vector<std::size_t> Panel::order(std::uint64_t turn) const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < operators_.size(); ++i)
        if (operators_[i]->alive()) places.push_back(i);
    if (places.empty())
        for (std::size_t i = 0; i < operators_.size(); ++i) places.push_back(i);
    std::rotate(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(turn % places.size()), places.end());
    return places;
}

asio::awaitable<void> Panel::run(std::shared_ptr<Race> race, std::size_t place, bool solo) {
    Operator& of = *race->operators[place];
    asio::steady_timer pause(race->changed.get_executor());
    for (;;) {
        auto answers = co_await race->ask(of, solo);
        const bool again = !answers && is_lag(answers.error()) && !race->over && race->known() && Clock::now() + lag_pause < race->lag_until;
        if (!again) {
            race->settle(place, std::move(answers));
            co_return;
        }
        pause.expires_after(lag_pause);
        co_await sleep(pause);
        if (race->over) co_return;
    }
}

void Panel::start(const std::shared_ptr<Race>& race, std::size_t place, bool solo) {
    const auto p95 = operators_[place]->p95();
    const milliseconds patience = p95 ? std::max(*p95, least_patience) : first_patience;
    race->running[place] = Race::Runner{Clock::now() + patience, solo, false};
    adapters::rpc::spawn(executor_, run(race, place, solo), [race, place](std::exception_ptr error) {
        if (!error) return;
        std::string what = "unknown";
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            what = e.what();
        }
        spdlog::error("event=ask_failed operator={} error={}", race->operators[place]->name(), log_value(what));
        race->settle(place, model::fail(model::ErrorCode::upstream, what));
    });
}

asio::awaitable<Heard> Panel::hear(Ask ask, std::vector<std::size_t> order, std::size_t wanted, Time until, std::function<bool()> known) {
    const auto race = std::make_shared<Race>(executor_, std::move(ask), std::move(known));
    race->operators = operators_;
    race->lag_until = std::min(until, Clock::now() + 2 * block_time_);
    std::size_t next = 0;
    std::size_t target = std::min(wanted, order.size());
    for (; next < target; ++next) start(race, order[next], next == 0);
    for (;;) {
        const Clock::time_point now = Clock::now();
        for (auto& [place, runner] : race->running)
            if (now >= runner.due && !runner.hedged) {
                runner.hedged = true;
                ++target;
            }
        // One more for each that failed or is late; it also takes over what only one is asked.
        while (next < std::min(order.size(), target + race->failed)) start(race, order[next++], true);
        if (race->heard.voices.size() >= wanted || race->running.empty() || now >= until) break;
        Clock::time_point wake = until;
        if (race->first_answer) {
            const Clock::time_point patience = *race->first_answer + second_voice_patience;
            if (now >= patience) break;
            wake = std::min(wake, patience);
        }
        if (next < order.size())
            for (const auto& [place, runner] : race->running)
                if (!runner.hedged) wake = std::min(wake, runner.due);
        race->changed.expires_at(wake);
        co_await sleep(race->changed);
    }
    race->over = true;
    for (const auto& [place, runner] : race->running) race->heard.late.push_back(place);
    Heard heard = std::move(race->heard);
    if (heard.voices.size() > wanted) heard.voices.resize(wanted);
    std::sort(heard.voices.begin(), heard.voices.end(), [](const Voice& a, const Voice& b) { return a.by < b.by; });
    co_return heard;
}

}  // namespace margind::daemon
