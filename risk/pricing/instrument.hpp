// Every kind of holding in doubles and USD, revalued in full under joint moves: the fast way for thousands of states.
//
// A venue's own rule in integers decides whether an account is liquidatable (risk/model/venue_rule.hpp); these are for scenario losses.
#pragma once

#include "risk/model/position.hpp"
#include "risk/pricing/svi.hpp"

#include <optional>
#include <span>
#include <variant>

namespace margind::risk::pricing {

/// What happens to one underlying in many states, side by side. All spans have one length; an empty one means that nothing moves.
struct Moves {
    /// Spot over its present price, and its natural logarithm, taken once for each state.
    std::span<const double> factor;
    std::span<const double> log_factor;
    /// Vol over its present value.
    std::span<const double> vol_factor;
    /// What is added to the basis (mark / spot - 1) of perps and forwards.
    std::span<const double> basis;
    /// That pass in every state.
    double days = 0;
};

/// Spot, debt (quantity below 0) and vault shares. quantity x rate x spot x (1 + growth days).
struct Holding {
    double quantity = 0;
    /// USD per unit of the underlying.
    double spot = 0;
    /// Units of the underlying per unit held: a vault's assets per share.
    double rate = 1;
    /// Interest per day as a fraction, + when the quantity grows (a debt that grows costs its owner).
    double growth = 0;
};

/// Settled in USD: quantity x (mark - entry), mark = spot (1 + basis).
struct LinearPerp {
    double quantity = 0;
    double spot = 0;
    double basis = 0;
    double entry = 0;
    /// Of the notional per day, + when a long receives it.
    double funding = 0;
};

/// Settled in the coin: contracts of 1 USD each, + long, worth contracts x (1/entry - 1/mark) coins. A long loses more coins the further the
/// price falls, and each is worth less.
struct InversePerp {
    double contracts = 0;
    double spot = 0;
    double basis = 0;
    double entry = 0;
    double funding = 0;
};

/// European, cash settled, on spot (1 + basis). `vol` is of its strike and stays with it; with a smile instead, the vol is that of the
/// moneyness of each state (and `vol` is not read).
struct Option {
    double quantity = 0;
    model::OptionKind kind = model::OptionKind::call;
    double spot = 0;
    double basis = 0;
    double strike = 0;
    double years = 0;
    double vol = 0;
    /// Continuous, annualised; for the discount alone.
    double rate = 0;
    std::optional<Svi> smile{};
};

using Instrument = std::variant<Holding, LinearPerp, InversePerp, Option>;

/// USD at present: of a perp its unrealised profit. \pre prices, strikes > 0; vols, years >= 0
double value(const Instrument& instrument);

/// Adds scale x (value in each state - value at present) to out, and what is accrued meanwhile. `out` has the moves' length.
/// A long option never adds less than -scale x its present value.
void add_pnl(const Instrument& instrument, const Moves& moves, double scale, std::span<double> out);

}  // namespace margind::risk::pricing
