// One chain of the monitor: its head, what is read of it, and when it counts as stale. Chains do not wait for each other.
#include "daemon/monitor_chain.hpp"

#include "daemon/log_value.hpp"
#include "daemon/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace margind::daemon {
namespace {

using std::chrono::milliseconds;

// How soon a stop is noticed by who waits for a head; how soon after a look the next may follow.
constexpr milliseconds longest_wait{250};
constexpr milliseconds shortest_pause{5};

// So many block times without a new block are a chain that stands still: three missed slots in a row are rarer than one in years.
constexpr int missed_blocks = 4;

double seconds_between(Steady::time_point from, Steady::time_point to) { return std::chrono::duration<double>(to - from).count(); }

std::string last_figures(const model::BlockRef& block, const Clocks& clocks) {
    return fmt::format("all figures are those of block {} of {}, {} s old", block.number, utc_text(block.time), std::max(clocks.wall() - block.time, std::int64_t{0}));
}

}  // namespace

void Monitor::Watched::set_poll_error(const std::string& error) {
    if (error != poll_error) {
        if (error.empty()) spdlog::info("event=poll_recovered chain={}", status.id.value);
        else spdlog::warn("event=poll_failed chain={} error={}", status.id.value, log_value(error));
    }
    poll_error = error;
    status.error = poll_error.empty() ? read_error : poll_error;
}

void Monitor::Watched::set_read_error(const std::string& error) {
    if (error != read_error) {
        if (error.empty()) spdlog::info("event=read_recovered chain={}", status.id.value);
        else spdlog::warn("event=read_failed chain={} error={}", status.id.value, log_value(error));
    }
    read_error = error;
    status.error = poll_error.empty() ? read_error : poll_error;
}

bool Monitor::Watched::fits_the_clock(const model::BlockRef& block, const Clocks& clocks) const {
    return status.quiet || clocks.wall() - block.time <= late_limit_s(status.block_time_ms);
}

void Monitor::Watched::judge(const Clocks& clocks) {
    const Steady::time_point now = clocks.steady();
    const bool unconfirmed = now - good_at >= status.stale_after;
    const milliseconds standstill = std::max(status.stale_after, milliseconds(missed_blocks * status.block_time_ms));
    const bool still = !status.quiet && now - moved_at >= standstill;
    if (!unconfirmed && !still) {
        if (stale) spdlog::info("event=stale_over chain={}", status.id.value);
        stale.reset();
        return;
    }
    if (stale) return;
    const std::string chain = fmt::format("chain {} ({})", status.id.value, status.name);
    const std::string because = status.error.empty() ? "" : ": " + status.error;
    stale.emplace();
    stale->chain = status.id;
    if (!reading || reading->block.number == 0)
        stale->reason = fmt::format("{}: no block could be read for {:.0f} s{}; its accounts are unknown", chain, seconds_between(good_at, now), because);
    else if (read_here && !fits_the_clock(reading->block, clocks))
        stale->reason = fmt::format("{}: the head is far behind the clock{}; {}", chain, because, last_figures(reading->block, clocks));
    else if (unconfirmed)
        stale->reason = fmt::format("{}: nothing has been confirmed for {:.0f} s, since {}{}; {}", chain, seconds_between(good_at, now),
                                    utc_text(clocks.wall() - static_cast<std::int64_t>(seconds_between(good_at, now))), because, last_figures(reading->block, clocks));
    else
        stale->reason = fmt::format("{}: no new block for {:.0f} s where one comes every {} s{}; {}", chain, seconds_between(moved_at, now),
                                    static_cast<double>(status.block_time_ms) / 1000, because, last_figures(reading->block, clocks));
    spdlog::warn("event=stale chain={} reason={}", status.id.value, log_value(stale->reason));
}

asio::awaitable<void> Monitor::follow(Watched& chain) {
    boost::system::error_code cancelled;
    while (!stopping_) {
        const Steady::time_point looked_at = Steady::now();
        co_await look(chain);
        chain.looked = true;
        signal();
        // What came meanwhile is seen by the next look, at once.
        if (chain.fresh) {
            while (chain.fresh && !stopping_) {
                chain.taken.expires_at(Steady::time_point::max());
                co_await chain.taken.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
            }
            continue;
        }
        const Steady::time_point due = looked_at + chain.status.poll_interval;
        bool news = false;
        while (!stopping_ && !news && Steady::now() < due) {
            const Steady::time_point before = Steady::now();
            const milliseconds longest = std::min(std::chrono::ceil<milliseconds>(due - before), longest_wait);
            co_await chain.source->wait(longest);
            news = Steady::now() - before < longest;
        }
        const Steady::time_point soonest = looked_at + shortest_pause;
        if (stopping_ || Steady::now() >= soonest) continue;
        chain.taken.expires_at(soonest);
        co_await chain.taken.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
}

asio::awaitable<void> Monitor::look(Watched& chain) {
    const auto head = co_await chain.source->head();
    if (!head) {
        parts_.metrics.read_failed(chain.status.id, head.error().code);
        chain.set_poll_error(head.error().message);
        co_return;
    }
    const Steady::time_point now = parts_.clocks.steady();
    const Steady::time_point confirmed = std::min(now, chain.source->confirmed().value_or(now));
    // A state of an earlier run is read again: the configuration may have changed since.
    if (chain.read_here && chain.reading->block == head->block && chain.status.evaluated == head->block) {
        chain.set_poll_error({});
        chain.set_read_error({});
        chain.status.confirmed = confirmed;
        chain.behind_since.reset();
        if (chain.fits_the_clock(head->block, parts_.clocks)) chain.good_at = confirmed;
        co_return;
    }
    if (chain.last && head->block.number < chain.last->number) {
        // Either this endpoint lags or the chain was cut: only time tells.
        if (!chain.behind_since) chain.behind_since = now;
        if (now - *chain.behind_since < cut_after) {
            chain.set_poll_error(fmt::format("the endpoint's head is block {}, behind the evaluated block {}", head->block.number, chain.last->number));
            co_return;
        }
    }
    chain.set_poll_error({});
    chain.behind_since.reset();
    chain.busy = true;
    co_await read_head(chain, *head, confirmed);
    chain.busy = false;
}

asio::awaitable<void> Monitor::read_head(Watched& chain, Head head, Steady::time_point seen) {
    const Steady::time_point start = parts_.clocks.steady();
    Watched::Fresh fresh;
    fresh.head = head;
    fresh.seen = seen;
    fresh.accepted = start;
    if (chain.last) {
        const auto shared = co_await shared_below(chain, head);
        if (!shared) {
            parts_.metrics.read_failed(chain.status.id, shared.error().code);
            chain.set_read_error(shared.error().message);
            co_return;
        }
        fresh.shared = *shared;
    }
    model::BlockRef block = head.block;
    std::vector<model::Address> owners = owners_;
    ReadOptions options;
    options.close = close_accounts(chain.status.id);
    auto reading = co_await chain.source->read(std::move(block), std::move(owners), std::move(options));
    if (!reading) {
        parts_.metrics.read_failed(chain.status.id, reading.error().code);
        chain.set_read_error(reading.error().message);
        // The last state stays and ages, unless its block was reorganised away.
        if (!fresh.shared || !chain.reading || chain.reading->block.number == 0) co_return;
        fresh.reading = std::make_shared<const ChainReading>(chain.source->unread(owners_, reading.error().message));
    } else {
        chain.set_read_error({});
        fresh.reading = std::make_shared<const ChainReading>(std::move(*reading));
    }
    fresh.read_seconds = seconds_between(start, parts_.clocks.steady());
    chain.fresh = std::move(fresh);
}

std::set<model::AccountKey> Monitor::close_accounts(model::ChainId chain) const {
    std::set<model::AccountKey> close;
    if (evaluation_)
        for (const model::PortfolioReport& portfolio : evaluation_->report->portfolios)
            for (const model::AccountReport& account : portfolio.accounts)
                if (account.key.venue.chain == chain && account.level <= model::Level::unknown) close.insert(account.key);
    for (const auto& [name, portfolio] : memory_->portfolios)
        for (const auto& [key, account] : portfolio.accounts) {
            const bool near = account.level && *account.level <= model::Level::warn;
            if (key.venue.chain == chain && (near || account.unknown_since || !account.open.empty())) close.insert(key);
        }
    return close;
}

}  // namespace margind::daemon
