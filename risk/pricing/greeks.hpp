// What a book is exposed to, in a trader's units, by underlying.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/pricing/instrument.hpp"

#include <map>
#include <span>
#include <utility>

namespace margind::risk::pricing {

/// Of one underlying; sums of them are those of the book. Vol is of the strike and stays where it is when the price moves.
struct Greeks {
    /// USD gained for 1 USD of the underlying's spot: units of it. Basis stays a fraction of spot.
    double delta = 0;
    /// Change of delta per 1 USD of spot.
    double gamma = 0;
    /// USD gained for 1.00 of vol (100 points).
    double vega = 0;
    /// USD gained by one day passing, with interest and funding.
    double theta = 0;

    Greeks& operator+=(const Greeks& other);
};

Greeks greeks(const Instrument& instrument);

/// Summed in the order given.
std::map<model::AssetId, Greeks> greeks_by_underlying(std::span<const std::pair<model::AssetId, Instrument>> book);

}  // namespace margind::risk::pricing
