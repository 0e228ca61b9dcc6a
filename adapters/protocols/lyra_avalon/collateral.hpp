// What a short has to keep, and what a liquidation takes: OptionGreekCache and OptionToken of Lyra Avalon.
#pragma once

#include "adapters/protocols/lyra_avalon/black_scholes.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::lyra_avalon {

/// OptionMarket.OptionType.
enum class OptionType : std::uint8_t { long_call, long_put, short_call_base, short_call_quote, short_put_quote };
inline constexpr std::uint64_t option_types = 5;

constexpr bool is_short(OptionType type) { return type >= OptionType::short_call_base; }
constexpr bool is_put(OptionType type) { return type == OptionType::long_put || type == OptionType::short_put_quote; }

/// MinCollateralParameters; 18 decimals, points in seconds to expiry.
struct CollateralTerms {
    model::U256 static_quote;
    model::U256 static_base;
    model::U256 shock_vol_a;
    model::U256 shock_point_a;
    model::U256 shock_vol_b;
    model::U256 shock_point_b;
    model::U256 call_spot_shock;
    model::U256 put_spot_shock;
};

/// One position at one spot and time.
struct Exposure {
    OptionType type = OptionType::long_call;
    model::U256 strike;
    model::U256 amount;
    model::U256 spot;
    std::uint64_t seconds_to_expiry = 0;
};

/// getShockVol.
Uint shock_vol(const CollateralTerms& terms, std::uint64_t seconds_to_expiry);

/// getMinCollateral, in base for short_call_base and else in quote; empty where it reverts. Of a long the contract gives that of a
/// put with quote.
std::optional<model::U256> min_collateral(const CollateralTerms& terms, const model::I256& rate, const Exposure& exposure);

/// PartialCollateralParameters.
struct PenaltyTerms {
    model::U256 penalty_ratio;
    model::U256 liquidator_ratio;
    model::U256 security_module_ratio;
    /// In quote.
    model::U256 least_fee;
};

/// LiquidationFees: quote, or base for short_call_base; `insolvent` is quote.
struct LiquidationFees {
    model::U256 returned;
    model::U256 lp_premium;
    model::U256 lp_fee;
    model::U256 liquidator_fee;
    model::U256 security_module_fee;
    model::U256 insolvent;
};

/// getLiquidationFees; `least_fee` in the collateral's unit, `insolvency_multiplier` 1 or the spot.
std::optional<LiquidationFees> liquidation_fees(const PenaltyTerms& terms, const model::U256& premium, const model::U256& collateral,
                                                const model::U256& least_fee, const model::U256& insolvency_multiplier);

/// What a market asks for a liquidation's option (ForceCloseParameters, PricingParameters, VarianceFeeParameters and what they stand
/// on); vols and ratios with 18 decimals.
struct ClosingTerms {
    /// iv x skew, each a GWAV over the windows for forced closing.
    model::U256 gwav_vol;
    model::U256 vol_shock;
    model::U256 vol_shock_after_cutoff;
    model::U256 spot_minimum;
    std::uint64_t trading_cutoff_s = 0;
    model::U256 option_fee;
    std::uint64_t option_fee_1x_s = 0;
    std::uint64_t option_fee_2x_s = 0;
    model::U256 spot_fee;
    std::uint64_t spot_fee_1x_s = 0;
    std::uint64_t spot_fee_2x_s = 0;
    model::U256 standard_size;
    model::U256 skew_adjustment;
    bool caps_skew = false;
    model::U256 least_skew;
    model::U256 largest_skew;
    model::U256 variance_fee;
    model::U256 vega_fee;
    model::U256 static_vega;
    model::U256 skew_fee;
    model::U256 static_skew;
    model::U256 reference_skew;
    model::U256 iv_fee;
    model::U256 static_iv;
    model::U256 iv;
    model::U256 skew;
    model::U256 variance_iv_gwav;
    /// Selling base for quote.
    model::U256 base_quote_fee;
};

/// The total cost of the option in quote, without the fee on the pool's vega.
std::optional<model::U256> closing_cost(const ClosingTerms& terms, const model::I256& rate, const Exposure& exposure);
/// estimateExchangeToExactQuote: base for that much quote.
std::optional<model::U256> base_for_quote(const ClosingTerms& terms, const model::U256& spot, const model::U256& quote);

}  // namespace margind::adapters::protocols::lyra_avalon
