// What an endpoint's operator allows to be asked, and how requests wait for their turn.
#include "adapters/rpc/budget.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;

// https://www.alchemy.com/docs/reference/compute-unit-costs, and the older docs.alchemyapi.io/documentation/compute-units.
constexpr std::array<std::pair<std::string_view, double>, 17> published{{{"eth_chainId", 10},
                                                                         {"net_version", 10},
                                                                         {"eth_syncing", 10},
                                                                         {"eth_blockNumber", 10},
                                                                         {"eth_subscribe", 10},
                                                                         {"eth_unsubscribe", 10},
                                                                         {"eth_feeHistory", 10},
                                                                         {"web3_clientVersion", 20},
                                                                         {"eth_getBlockByNumber", 20},
                                                                         {"eth_getBlockByHash", 21},
                                                                         {"eth_getStorageAt", 20},
                                                                         {"eth_getCode", 20},
                                                                         {"eth_getBalance", 20},
                                                                         {"eth_getProof", 21},
                                                                         {"eth_call", 26},
                                                                         {"eth_getLogs", 75},
                                                                         {"eth_estimateGas", 87}}};
constexpr double unnamed_method = 100;
/// A sum of weights is not exact.
constexpr double slack = 1e-9;

bool within(const std::optional<double>& bound, double sum) { return !bound || sum <= *bound + slack; }

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
    requests += other.requests;
    units += other.units;
    return *this;
}

double compute_units(std::string_view method) {
    const auto row = std::find_if(published.begin(), published.end(), [&](const auto& known) { return known.first == method; });
    return row == published.end() ? unnamed_method : row->second;
}

BudgetWindow::BudgetWindow(const Budget& budget) : budget_(budget), window_(std::chrono::seconds(1) + margin) {
    // Less than one request a second: one request in a longer window.
    if (budget_.requests_per_second && *budget_.requests_per_second < 1) {
        const double seconds = 1 / std::max(*budget_.requests_per_second, 1e-6);
        window_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)) + margin;
        budget_.requests_per_second = 1;
        if (budget_.compute_units_per_second) *budget_.compute_units_per_second *= seconds;
    }
}

bool BudgetWindow::too_large(const Cost& cost) const {
    return !within(budget_.requests_per_second, cost.requests) || !within(budget_.compute_units_per_second, cost.units);
}

BudgetWindow::Entry& BudgetWindow::entry_of(Ticket ticket, const Cost& cost, Clock::time_point now) {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), ticket,
                                        [](const Entry& entry, Ticket value) { return entry.ticket < value; });
    if (place != entries_.end() && place->ticket == ticket) return *place;
    return *entries_.insert(place, Entry{ticket, cost, now, false});
}

BudgetWindow::Clock::time_point BudgetWindow::turn(Ticket ticket, const Cost& cost, Clock::time_point now) {
    forget(now);
    Entry& own = entry_of(ticket, cost, now);
    // Those that count against it, oldest first.
    std::vector<const Entry*> others;
    Clock::time_point at = now;
    for (const Entry& entry : entries_) {
        if (entry.ticket == ticket || (!entry.left && entry.ticket > ticket)) continue;
        others.push_back(&entry);
        if (!entry.left) at = std::max(at, entry.time);
    }
    std::sort(others.begin(), others.end(), [](const Entry* a, const Entry* b) { return a->time < b->time; });
    Cost sum = own.cost;
    for (const Entry* other : others)
        if (other->time + window_ > at) sum += other->cost;
    for (const Entry* other : others) {
        if (within(budget_.requests_per_second, sum.requests) && within(budget_.compute_units_per_second, sum.units)) break;
        if (other->time + window_ <= at) continue;
        at = other->time + window_;
        sum.requests -= other->cost.requests;
        sum.units -= other->cost.units;
    }
    own.time = at;
    own.left = at <= now;
    return at;
}

void BudgetWindow::give_up(Ticket ticket) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.ticket == ticket; });
}

void BudgetWindow::forget(Clock::time_point now) {
    // What was planned for so long ago is not waited for by anyone, or comes back by itself.
    std::erase_if(entries_, [&](const Entry& entry) { return entry.time + window_ <= now; });
}

asio::awaitable<model::Result<void>> Pacer::Turn::wait(Clock::time_point deadline) {
    BudgetWindow& window = pacer_.window_;
    if (window.unlimited()) co_return model::Result<void>();
    if (window.too_large(cost_))
        co_return model::fail(ErrorCode::limit,
                              fmt::format("not sent, {} requests of {} compute units are more than the endpoint's budget for a second",
                                          cost_.requests, cost_.units),
                              Retry::never);
    if (!ticket_) ticket_ = window.enter();
    for (;;) {
        const Clock::time_point now = Clock::now();
        const Clock::time_point at = window.turn(*ticket_, cost_, now);
        if (at <= now) co_return model::Result<void>();
        if (at > deadline) {
            window.give_up(*ticket_);
            ticket_.reset();
            co_return model::fail(ErrorCode::limit,
                                  fmt::format("not sent, its turn within the endpoint's budget comes in {} ms, after its deadline",
                                              std::chrono::ceil<std::chrono::milliseconds>(at - now).count()),
                                  Retry::later);
        }
        asio::steady_timer timer(pacer_.executor_, at);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace margind::adapters::rpc
