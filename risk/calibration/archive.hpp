// Histories read once, from which the calibration of any day follows by what had happened until then.
#pragma once

#include "risk/calibration/data.hpp"
#include "risk/calibration/history.hpp"
#include "risk/calibration/joint.hpp"
#include "risk/calibration/sources.hpp"
#include "risk/model/market.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::risk::calibration {

/// Days of the least squares behind a beta: long enough for a stable estimate, short enough for the present regime.
inline constexpr std::int64_t beta_days = 730;

class Archive {
public:
    /// The files of these assets, of which BTC and ETH, the market factor, must be two.
    static model::Result<Archive> read(const DataFiles& files, std::span<const AssetSource> sources);

    struct Figures {
        /// Without remembered days, claims and provenance.
        model::Market market;
        std::map<model::AssetId, Past24h> past;
        /// The first day of all.
        std::int64_t first_day = 0;
    };
    /// Of all that was read. Fails on what is too short, naming it.
    model::Result<Figures> whole() const;
    /// Of what had happened by `time`, the end of a day: nothing that came after counts. An asset whose past is too short by then is left out,
    /// and so is funding and basis; fails where BTC or ETH is.
    model::Result<Figures> until(std::int64_t time) const;

    /// \pre one of the assets
    const History& history(const model::AssetId& asset) const { return assets_.at(asset).history; }
    /// What longs paid, by the time of payment; and prices of the perpetual. Empty where the source names none.
    const Series& funding(const model::AssetId& asset) const { return assets_.at(asset).funding; }
    const Series& perp(const model::AssetId& asset) const { return assets_.at(asset).perp; }

private:
    struct Asset {
        AssetSource source;
        History history;
        Series funding{};
        Series perp{};
    };
    static model::Result<Figures> figures(const std::map<model::AssetId, Asset>& assets, bool may_lack);
    static model::Result<model::AssetCalibration> row_of(const Asset& asset, const DailyReturns& factor, bool may_lack);

    std::map<model::AssetId, Asset> assets_;
};

/// The files that an asset's row is made of.
std::vector<std::string> files_of(const AssetSource& source);

}  // namespace margind::risk::calibration
