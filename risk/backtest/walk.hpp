// Day after day through the past, each with the market as it was known at its start.
#pragma once

#include "risk/calibration/archive.hpp"
#include "risk/current_sigmas.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace margind::risk::backtest {

/// What is under way, how much of it is done, of how much. Called on one thread.
using Progress = std::function<void(std::string_view what, std::size_t done, std::size_t of)>;

/// A calibration at the start of each month, from what had happened by then, and between two of them the sigmas of each day go on as the
/// daemon's do (with_current_sigmas). No figure of a day follows from anything after its start.
class Walk {
public:
    /// From the first month by whose start BTC and ETH have 90 days, to the last day that both have whole. Fails where there is none.
    static model::Result<Walk> make(const calibration::Archive& archive, const std::vector<model::AssetId>& assets, const Progress& progress);

    std::int64_t first_day() const { return first_day_; }
    /// One after the last.
    std::int64_t end_day() const { return end_day_; }
    /// As known at 00:00 UTC of the day. \pre first_day() <= day <= end_day()
    model::Market market(std::int64_t day) const;

private:
    std::int64_t first_day_ = 0;
    std::int64_t end_day_ = 0;
    DailyCloses closes_;
    struct Month {
        std::int64_t day = 0;
        model::Market market;
    };
    std::vector<Month> months_;
};

}  // namespace margind::risk::backtest
