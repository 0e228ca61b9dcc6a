// How badly the accounts of a venue stand, to choose among answers that nobody decides between. Pure.
#pragma once

#include "adapters/adapter.hpp"

#include <compare>
#include <optional>
#include <span>

namespace margind::daemon {

/// The greater is the worse.
struct Plight {
    bool liquidatable = false;
    /// Maintenance margin over equity: 0 where none is required, infinite where it is and there is no equity. To compare, never to show.
    double burden = 0;
    friend std::partial_ordering operator<=>(const Plight&, const Plight&) = default;
};

/// Of the worst of the accounts, at the prices of the venue's facts. Empty: the rule can tell of none.
std::optional<Plight> plight_of(const model::VenueRule& rule, const model::Facts& venue, std::span<const model::FactsPtr> accounts, const model::AssetMap& assets);

}  // namespace margind::daemon
