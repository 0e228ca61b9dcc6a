// Black's 1976 formula as Derive's contracts compute it: integers with 18 decimals, equal to the unit.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::derive {

struct OptionPrices {
    model::I256 call;
    model::I256 put;
    /// Of a call, discounted; of a put it is this less the discount.
    model::I256 call_delta;
};

/// Seconds as a fraction of 365 days.
model::I256 annualised(std::uint64_t seconds);

/// Per contract of one underlying. At expiry, or with no volatility, the discounted payoff at the forward. Empty where an argument is
/// negative or beyond what the contract's types hold: 128 bits for volatility, forward and strike, 64 for the discount.
std::optional<OptionPrices> black76(std::uint64_t seconds, const model::I256& discount, const model::I256& volatility, const model::I256& forward,
                                    const model::I256& strike);

}  // namespace margind::adapters::protocols::derive
