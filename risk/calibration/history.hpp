// One asset's past: daily returns, the sigma at any time, and returns over any 24 hours.
#pragma once

#include "risk/calibration/sources.hpp"
#include "risk/calibration/data.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::risk::calibration {

inline constexpr std::int64_t day_s = 86'400;
inline constexpr double ewma_lambda = 0.97;
/// EWMA needs a start: the mean of the first squared returns, which are then left out of the median.
inline constexpr std::size_t warm_up_days = 60;

/// Log returns by the day (since 1970) in which they were made.
using DailyReturns = std::map<std::int64_t, double>;

/// Of daily closes at 00:00 UTC; a gap of days gives no return.
DailyReturns daily_returns(const Series& closes);

struct Sigma {
    /// After the last day, unfloored; the median of its own history.
    double now = 0;
    double floor = 0;
    /// After each day.
    std::map<std::int64_t, double> after{};

    double floored() const { return now > floor ? now : floor; }
    /// What was known at `time`: by the last of the seven days before it; empty where there is none.
    std::optional<double> at(std::int64_t time) const;
};
/// EWMA of daily returns. Fails when there are no more than the warm-up.
model::Result<Sigma> sigma_of(const DailyReturns& returns, const std::string& of);

class History {
public:
    /// Joins the files of a source: each return comes from one file alone, so none jumps from one venue's price to another's.
    static model::Result<History> read(const DataFiles& files, const AssetSource& source);

    const DailyReturns& daily() const { return daily_; }
    /// ln(price at `to` / price at `from`), both of one file; empty where none has both.
    std::optional<double> move(std::int64_t from, std::int64_t to) const;
    /// Over the 24 h before `time`.
    std::optional<double> return_to(std::int64_t time) const { return move(time - day_s, time); }
    /// Of the last file that has that time.
    std::optional<double> price_at(std::int64_t time) const;
    /// What was known at `time`.
    History until(std::int64_t time) const;
    /// Whether the histories tell of hours, not of days alone.
    bool hourly() const { return hourly_; }
    /// Median of the daily turnover over the last 90 days of the last file.
    double median_turnover() const;
    const std::vector<Bars>& files() const { return files_; }

private:
    std::vector<Bars> files_;
    DailyReturns daily_;
    bool hourly_ = false;
};

}  // namespace margind::risk::calibration
