// What an endpoint's operator allows to be asked, and how requests wait for their turn.
#pragma once

#include "risk/model/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

/// Over any second; empty: no bound known.
struct Budget {
    std::optional<double> requests_per_second;
    std::optional<double> compute_units_per_second;
};

/// What one message costs; each part of a batch counts.
struct Cost {
    double requests = 0;
    double units = 0;
    Cost& operator+=(const Cost& other);
};

/// Compute units of one request. Alchemy's published tables, the higher where its older and its newer one differ; 100 for methods
/// that they do not name. Other providers weigh alike or less.
double compute_units(std::string_view method);

/// The departures of the last window, and those that are planned. Pure: time is told. The sum over any window of departures
/// keeps to the budget; the window is longer than the second of the budget, since messages do not travel equally fast.
class BudgetWindow {
public:
    using Clock = std::chrono::steady_clock;
    using Ticket = std::uint64_t;
    static constexpr std::chrono::milliseconds margin{50};

    explicit BudgetWindow(const Budget& budget);

    bool unlimited() const { return !budget_.requests_per_second && !budget_.compute_units_per_second; }
    /// A single message of this cost would break the budget by itself.
    bool too_large(const Cost& cost) const;
    /// Takes the next place in the line.
    Ticket enter() { return ++last_; }
    /// When it may leave, counting all that have left and all that stand before it; `now`: it leaves. Asked again by one that has
    /// left, it had not, and leaves at this turn.
    Clock::time_point turn(Ticket ticket, const Cost& cost, Clock::time_point now);
    void give_up(Ticket ticket);

private:
    struct Entry {
        Ticket ticket = 0;
        Cost cost;
        Clock::time_point time;
        bool left = false;
    };
    Entry& entry_of(Ticket ticket, const Cost& cost, Clock::time_point now);
    void forget(Clock::time_point now);

    Budget budget_;
    Clock::duration window_;
    std::deque<Entry> entries_;
    Ticket last_ = 0;
};

/// One per endpoint; used from the io thread alone. What waits must end before it does.
class Pacer {
public:
    using Clock = BudgetWindow::Clock;
    Pacer(asio::any_io_executor executor, const Budget& budget) : executor_(std::move(executor)), window_(budget) {}

    /// One message's right to leave.
    class Turn {
    public:
        Turn(Pacer& pacer, const Cost& cost) : pacer_(pacer), cost_(cost) {}
        /// Resumes when the message may leave. Called anew for the same message when something (a connection to open) has held it up
        /// since. `limit` with Retry::later when the turn lies beyond `deadline`, with Retry::never when no turn would do.
        asio::awaitable<model::Result<void>> wait(Clock::time_point deadline);
        const Cost& cost() const { return cost_; }

    private:
        Pacer& pacer_;
        Cost cost_;
        std::optional<BudgetWindow::Ticket> ticket_;
    };

private:
    asio::any_io_executor executor_;
    BudgetWindow window_;
};

}  // namespace margind::adapters::rpc
