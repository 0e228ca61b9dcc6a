// BlackScholes.sol of Lyra Avalon, to the last unit.
#pragma once

#include "adapters/protocols/lyra_avalon/fixed_point.hpp"

#include <optional>

namespace margind::adapters::protocols::lyra_avalon {

/// 18 decimals; vol and rate are annualised, a year has 365 days.
struct OptionInputs {
    std::uint64_t seconds_to_expiry = 0;
    Uint vol;
    Uint spot;
    Uint strike;
    Int rate;
};

/// 18 decimals, of one option.
struct OptionValues {
    model::U256 call_price;
    model::U256 put_price;
    model::I256 call_delta;
    model::I256 put_delta;
    /// For 100 % of vol; std_vega is scaled to 30 days and a hundredth.
    model::U256 vega;
    model::U256 std_vega;
};

struct OptionPrices {
    model::U256 call;
    model::U256 put;
};

/// Empty where the contract reverts.
std::optional<OptionPrices> option_prices(const OptionInputs& inputs);
std::optional<OptionValues> option_values(const OptionInputs& inputs);

}  // namespace margind::adapters::protocols::lyra_avalon
