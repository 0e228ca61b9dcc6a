// Daily closes out of snapshots.
#include "daemon/current_market.hpp"

#include "risk/valuation.hpp"

#include <set>

namespace margind::daemon {
namespace {

constexpr std::int64_t day_s = 86'400;
/// A price of noon is no close: the last of a day counts from this long before its end.
constexpr std::int64_t latest_part_s = 2 * 3600;

}  // namespace

void CurrentMarket::take(const std::vector<storage::DailyPrice>& prices) {
    for (const storage::DailyPrice& price : prices)
        if (price.time >= (price.day + 1) * day_s - latest_part_s) closes_[{price.asset}][price.day] = price.usd;
}

void CurrentMarket::restore(const std::vector<storage::DailyPrice>& kept) {
    take(kept);
    current_.reset();
}

std::shared_ptr<const model::Market> CurrentMarket::at(std::int64_t time) {
    const std::int64_t day = time / day_s;
    if (!current_ || day != day_) current_ = std::make_shared<const model::Market>(risk::with_current_sigmas(calibration_, closes_, day * day_s));
    day_ = day;
    return current_;
}

std::vector<storage::DailyPrice> CurrentMarket::note(const model::Snapshot& snapshot) {
    const risk::Valuation valuation(snapshot.prices);
    std::set<model::AssetId> assets;
    for (const model::ReferencePrice& price : snapshot.prices) assets.insert(price.asset);
    std::vector<storage::DailyPrice> kept;
    for (const model::AssetId& asset : assets) {
        const model::ReferencePrice* const best = valuation.find(asset);
        const auto usd = valuation.price(asset);
        if (best == nullptr || !usd || (best->grade != model::PriceGrade::fresh && best->grade != model::PriceGrade::late)) continue;
        kept.push_back({asset.symbol, snapshot.time / day_s, *usd, snapshot.time, best->source});
    }
    take(kept);
    return kept;
}

}  // namespace margind::daemon
