// Moves of all assets over the same 24 hours.
#pragma once

#include "risk/calibration/history.hpp"
#include "risk/model/market.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::risk::calibration {

/// Mean of the two, on days that both have.
DailyReturns factor_of(const DailyReturns& btc, const DailyReturns& eth);
/// return - beta x factor, on days that both have.
DailyReturns residuals(const DailyReturns& returns, const DailyReturns& factor, double beta);

/// What an asset did over any 24 hours, and the sigma that it had before.
class Past24h {
public:
    static model::Result<Past24h> make(const History& history, const DailyReturns& factor, double beta, bool pegged, const std::string& symbol);

    /// Of hours, exact. Of days alone: beta x the factor's move over those hours, and the residual of the day that most of them lie in.
    std::optional<double> move_to(std::int64_t time, double factor_move) const;
    std::optional<double> sigma_at(std::int64_t time) const { return sigma_.at(time); }
    const DailyReturns& daily() const { return history_.daily(); }
    const History& history() const { return history_; }
    bool pegged() const { return pegged_; }

private:
    explicit Past24h(History history) : history_(std::move(history)) {}
    History history_;
    DailyReturns residuals_;
    Sigma sigma_;
    double beta_ = 0;
    bool pegged_ = false;
};

/// Every 13th hour back from `end`, at most 2,000, where BTC and ETH have both hours; and the days of the largest factor.
model::PastMoves joint_past(const std::map<model::AssetId, Past24h>& assets, const DailyReturns& factor, std::int64_t end);

/// The named days.
model::Result<std::vector<model::StressDay>> stress_days(const std::map<model::AssetId, Past24h>& assets, const DataFiles& files);

}  // namespace margind::risk::calibration
