// How far one account is from liquidation: its candidates, found on the rule's own `liquidatable`.
#pragma once

#include "risk/scan.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace margind::risk {

struct Distances {
    /// At the present prices and `time_offset_s`.
    model::Standing standing;
    /// Sorted by z (of a band, its near edge); the first is binding. Liquidatable now and no price in the scanned range cures it: one candidate
    /// at the present price with h = 0.
    std::vector<model::Candidate> candidates;
    /// The state at each candidate's liquidation price, in the same order.
    std::vector<model::State> states;
    std::vector<Gap> gaps;
};

/// Each underlying alone and the market ray, `time_offset_s` after the facts' block. `prices` give the deviation of the
/// feed of each underlying on the account's chain (the largest, where there are several).
///
/// A finite `within_z` leaves out what is further away (and may leave out any of it): the binding candidate is right where
/// its z is not above it.
///
/// Fails when the rule has no figure at the present prices. An error further out is a gap, never a missing root.
model::Result<Distances> distances(const model::PreparedAccount& account, const model::Market& market,
                                   const model::Policy& policy, std::span<const model::ReferencePrice> prices,
                                   model::ChainId chain, std::int64_t time_offset_s = 0,
                                   double within_z = std::numeric_limits<double>::infinity());

/// Of `liquidatable`.
Certainty certainty(const std::optional<model::Enclosure>& enclosure);

/// Relative deviation threshold of an underlying's feeds on a chain, second opinions aside; empty when none is known.
std::optional<double> feed_deviation(std::span<const model::ReferencePrice> prices, model::ChainId chain,
                                     const model::AssetId& asset);

/// Half width of the band of a price that the venue liquidates on where that is not on chain: the deviation of its feeds, as far as one is known,
/// and what the rule adds. Empty where it is on chain.
std::optional<double> band_width(const model::PreparedAccount& account, std::optional<double> feed_deviation);

/// What levels go by: the near edge of a band, the point where there is none.
double z_of(const model::Candidate& candidate);
double room_of(const model::Candidate& candidate);

}  // namespace margind::risk
