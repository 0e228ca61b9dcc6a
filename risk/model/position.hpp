// A holding in the common form that every venue's positions are brought to.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/money.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace margind::model {

enum class Instrument : std::uint8_t { spot, perp, option, debt, vault_share };
const char* to_string(Instrument instrument);

/// `quantity` is signed in units of the underlying (a debt and a short are negative). Money is in the venue's
/// numeraire; what the owner receives is positive.
struct Position {
    Instrument instrument = Instrument::spot;
    AssetId underlying;
    std::string label;
    Money quantity;
    Money mark;
    /// quantity x mark.
    Money notional;
    std::optional<Money> entry;
    /// Funding and fees accrued and not yet settled.
    Money accrued;
    /// Interest or funding for one day at the present rate.
    Money carry_per_day;
    /// Whether the venue counts it towards margin.
    bool collateral = false;
    friend bool operator==(const Position&, const Position&) = default;
};

}  // namespace margind::model
