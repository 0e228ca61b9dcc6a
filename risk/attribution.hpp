// Who brings how much of ES, of the grid margin and of MM_u: components that add up to them.
#pragma once

#include "risk/add_ons.hpp"
#include "risk/margin.hpp"
#include "risk/shortfall.hpp"

#include "risk/model/report.hpp"

#include <span>

namespace margind::risk {

struct AttributionSources {
    const AddOnSources& book;
    /// Null where there is none.
    const Shortfall* shortfall = nullptr;
    const GridMargin& grid;
    std::span<const ChargedAddOn> add_ons;
    const model::Unified& figures;
};

/// By position, venue, underlying and factor. Shares of ES are means over the tail (Euler), of the grid the profits in the binding
/// scenarios, of an add-on by what each brings to it.
model::Attribution attribute(const AttributionSources& sources);

}  // namespace margind::risk
