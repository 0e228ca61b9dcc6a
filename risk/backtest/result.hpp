// What a backtest found: books against their margin, warnings against what happened, and what was aimed at.
#pragma once

#include "risk/model/report.hpp"
#include "risk/statistics/coverage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::risk::backtest {

/// One figure against its aim. `at_least`: the limit is a floor, else a ceiling.
struct Aim {
    std::string of;
    std::string figure;
    double value = 0;
    double limit = 0;
    bool at_least = false;

    bool met() const { return at_least ? value >= limit : value <= limit; }
};

/// One day of one book, frozen at its start (00:00 UTC), as shares of the dollars of its larger side. Losses are positive.
struct BookDay {
    std::int64_t day = 0;
    double loss = 0;
    /// Of the hours of the day; empty where there are no hours.
    std::optional<double> worst_hour{};
    double mm = 0;
    double grid = 0;
    double floor = 0;
    /// VaR 99 %, VaR at the tail of ES, and ES, all raw: by sigmas without their floor, which makes the reported ones larger in quiet times.
    /// Empty before two years of history.
    std::optional<double> var{};
    double var_at_es = 0;
    double es = 0;
    /// As reported.
    double var_reported = 0;
    double es_star = 0;
};

/// Tests of the raw VaR 99 % and ES 97.5 %, on the days that have them.
struct TailTests {
    std::int64_t days = 0;
    std::int64_t breaches = 0;
    /// Of VaR as it is reported.
    std::int64_t breaches_reported = 0;
    double kupiec_p = 1;
    double independence_p = 1;
    double coverage_p = 1;
    /// Of the windows of 250 days.
    double green_share = 1;
    std::int64_t windows = 0;
    double z2 = 0;
    /// At 5 %, simulated for the fitted tail.
    double z2_critical = 0;
    double degrees = 0;
    /// Of ES*.
    double peak_to_trough = 1;
    double worst_rise_5d = 0;
};

struct BookResult {
    std::string name;
    /// What it is, for people.
    std::string about;
    /// Its prices are a model's.
    bool synthetic = false;
    std::vector<BookDay> days;
    double breaches_close = 0;
    double breaches_hour = 0;
    std::int64_t days_with_hours = 0;
    double mean_mm = 0;
    double mean_floor = 0;
    /// The loss that 99.5 % of days do not exceed.
    double loss_995 = 0;
    double worst_loss = 0;
    /// mean_mm over max(loss_995, the floor where it may bind).
    double mm_over_loss = 0;
    /// Empty where no day has a loss on any path.
    std::optional<TailTests> tail{};
    std::vector<Aim> aims;
};

/// Accounts of one venue, one leverage and both sides.
struct AlarmRow {
    std::string asset;
    std::string venue;
    double leverage = 1;
    std::int64_t accounts = 0;
    double months = 0;
    std::int64_t liquidations = 0;
    /// At CALL or worse without a break since that long before.
    std::int64_t called_60 = 0;
    std::int64_t called_15 = 0;
    std::int64_t calls = 0;
    std::int64_t false_calls = 0;
    /// Minutes between the call and the liquidation, sorted.
    std::vector<double> leads{};
};

/// A forecast and what happened.
struct TouchBin {
    double from = 0;
    double to = 0;
    std::int64_t forecasts = 0;
    double mean_forecast = 0;
    double frequency = 0;
};

struct TracePoint {
    std::int64_t time = 0;
    double price = 0;
    model::Level level = model::Level::ok;
};

/// One account that was liquidated, for the eye.
struct Trace {
    std::string title;
    double liquidation_price = 0;
    std::vector<TracePoint> points;
};

struct AlarmResult {
    std::string asset;
    std::string file;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t bar_s = 0;
    std::vector<AlarmRow> rows;
    AlarmRow total;
    AlarmRow at_5x;
    double brier = 0;
    /// Of always forecasting the frequency itself.
    double brier_of_frequency = 0;
    std::vector<TouchBin> touch;
    std::vector<Trace> traces;
    std::vector<Aim> aims;
};

struct RangeRise {
    std::string asset;
    double worst_rise_5d = 0;
};

struct Backtest {
    std::int64_t first_day = 0;
    std::int64_t last_day = 0;
    std::vector<BookResult> books;
    std::vector<AlarmResult> alarms;
    /// Of R, whose own aim is 150 %.
    std::vector<RangeRise> ranges;
    /// What was left out for want of a file, in a sentence each.
    std::vector<std::string> left_out;
    /// "prices/NAME.csv.gz (sha256 ...)".
    std::vector<std::string> files;
};

}  // namespace margind::risk::backtest
