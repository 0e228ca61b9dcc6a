// The calibration in force, brought up to date once a day by the prices that oracles gave.
#pragma once

#include "risk/current_sigmas.hpp"
#include "risk/model/snapshot.hpp"
#include "storage/history.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace margind::daemon {

/// Used on one thread; what at() gives may be read on any.
class CurrentMarket {
public:
    explicit CurrentMarket(const model::Market& calibration) : calibration_(calibration) {}

    /// What was kept of days before.
    void restore(const std::vector<storage::DailyPrice>& kept);
    /// The market at a block time: the same all day long.
    std::shared_ptr<const model::Market> at(std::int64_t time);
    /// The prices of an evaluated snapshot, as the last of its day so far: what is to be kept of them. Only fresh and late ones count.
    std::vector<storage::DailyPrice> note(const model::Snapshot& snapshot);

private:
    void take(const std::vector<storage::DailyPrice>& prices);
    model::Market calibration_;
    risk::DailyCloses closes_;
    std::shared_ptr<const model::Market> current_;
    std::int64_t day_ = -1;
};

}  // namespace margind::daemon
