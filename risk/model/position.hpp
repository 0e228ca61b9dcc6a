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

enum class OptionKind : std::uint8_t { call, put };
const char* to_string(OptionKind kind);

/// What an option pays on. Calls and puts are European, one unit of the underlying each.
struct OptionTerms {
    OptionKind kind = OptionKind::call;
    /// In the venue's numeraire.
    Money strike;
    /// Unix seconds.
    std::int64_t expiry = 0;
    /// Annualised, 1 is 100 %; empty where the mark does not rest on one (expired, settled).
    std::optional<Money> vol;
    /// Where the vol comes from, in the venue's words.
    std::string vol_source;
    /// Of one unit held long, in units of the underlying; 0 once the price that it pays on is fixed.
    Money delta;
    /// The price that it pays on, once the venue has fixed it.
    std::optional<Money> settlement_price;
    friend bool operator==(const OptionTerms&, const OptionTerms&) = default;
};

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
    /// Of an option: quantity counts options, and its exposure to the underlying is quantity x delta.
    std::optional<OptionTerms> option{};
    friend bool operator==(const Position&, const Position&) = default;
};

}  // namespace margind::model
