// What a clearing house would add to the risk of prices: the cost of closing, funding, basis, pegs, short options, oracles, gas.
#pragma once

#include "risk/revaluation.hpp"

#include "risk/model/report.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::risk {

/// One thing that is charged, and the holdings that bring it about: a holding's share is its weight over their sum.
struct Charge {
    model::AddOnInput input;
    std::vector<std::pair<std::size_t, double>> parts{};
};

struct ChargedAddOn {
    std::string name;
    bool in_mm = true;
    /// Why the sum is not known; empty: it is.
    std::string lacks{};
    std::vector<Charge> charges{};

    double usd() const;
};

/// Which terms of the formula an add-on belongs to.
inline constexpr const char* add_on_funding = "funding";
inline constexpr const char* add_on_basis = "basis";
inline constexpr const char* add_on_tenor = "tenor";
inline constexpr const char* add_on_liquidity = "liquidity";
inline constexpr const char* add_on_concentration = "concentration";
inline constexpr const char* add_on_short_options = "short_options";
inline constexpr const char* add_on_peg = "peg";
inline constexpr const char* add_on_oracle = "oracle";
inline constexpr const char* add_on_gas = "gas";

struct AddOnSources {
    std::span<const BookAccount> accounts;
    const Book& book;
    const Revaluation& revaluation;
    const model::Market& market;
    const model::Policy& policy;
    const Valuation& valuation;
};

/// Of the holdings [first, last), which are whole accounts. In the order of the names above.
std::vector<ChargedAddOn> add_ons(const AddOnSources& sources, std::size_t first, std::size_t last);

/// Dollars of the underlying that a holding is exposed to, by the venue's own delta.
double exposure_of(const Holding& holding, const AddOnSources& sources);

}  // namespace margind::risk
