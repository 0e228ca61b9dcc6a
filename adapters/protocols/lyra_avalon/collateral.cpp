// Minimum collateral, the price of a forced close, and how a liquidation shares the collateral out.
#include "adapters/protocols/lyra_avalon/collateral.hpp"

#include <algorithm>

namespace margind::adapters::protocols::lyra_avalon {

using model::I256;
using model::U256;

namespace {

Uint larger(const Uint& a, const Uint& b) { return a.reverted() || b.reverted() ? Uint::spoiled() : Uint(std::max(a.raw(), b.raw())); }
Uint smaller(const Uint& a, const Uint& b) { return a.reverted() || b.reverted() ? Uint::spoiled() : Uint(std::min(a.raw(), b.raw())); }
Uint distance(const Uint& a, const Uint& b) { return a.raw() > b.raw() ? a - b : b - a; }

/// getTimeWeightedFee.
Uint fee_by_time(std::uint64_t seconds, std::uint64_t once, std::uint64_t twice, const U256& coefficient) {
    if (seconds <= once) return coefficient;
    return multiply_decimal(coefficient, Uint(unit) + Uint(seconds - once) * unit / (Uint(twice) - once));
}

/// getVarianceFee of a liquidation, which buys the option back and leaves the board's iv.
Uint variance_fee(const ClosingTerms& terms, const I256& rate, const Exposure& exposure) {
    if (terms.variance_fee.is_zero()) return 0;
    const Uint order = divide_decimal(exposure.amount, terms.standard_size) / 100;
    Uint skew = Uint(terms.skew) + multiply_decimal(order, terms.skew_adjustment);
    if (terms.caps_skew) skew = larger(smaller(skew, terms.largest_skew), terms.least_skew);
    const OptionInputs inputs{exposure.seconds_to_expiry, multiply_decimal(terms.iv, skew), exposure.spot, exposure.strike, rate};
    const std::optional<OptionValues> values = option_values(inputs);
    if (!values) return Uint::spoiled();
    const Uint by_vega = Uint(terms.static_vega) + multiply_decimal(values->vega, terms.vega_fee);
    const Uint by_skew = Uint(terms.static_skew) + multiply_decimal(distance(skew, terms.reference_skew), terms.skew_fee);
    const Uint by_iv = Uint(terms.static_iv) + multiply_decimal(distance(terms.variance_iv_gwav, terms.iv), terms.iv_fee);
    const Uint product = multiply_decimal(multiply_decimal(multiply_decimal(terms.variance_fee, by_vega), by_skew), by_iv);
    return multiply_decimal(product, exposure.amount);
}

}  // namespace

Uint shock_vol(const CollateralTerms& terms, std::uint64_t seconds_to_expiry) {
    const U256 seconds = seconds_to_expiry;
    if (seconds <= terms.shock_point_a) return terms.shock_vol_a;
    if (seconds >= terms.shock_point_b) return terms.shock_vol_b;
    const Uint fall = (Uint(terms.shock_vol_a) - terms.shock_vol_b) * (Uint(seconds) - terms.shock_point_a);
    return Uint(terms.shock_vol_a) - fall / (Uint(terms.shock_point_b) - terms.shock_point_a);
}

std::optional<U256> min_collateral(const CollateralTerms& terms, const I256& rate, const Exposure& exposure) {
    if (exposure.amount.is_zero()) return U256();
    const Uint shocked = multiply_decimal(exposure.spot, exposure.type == OptionType::short_put_quote ? terms.put_spot_shock : terms.call_spot_shock);
    const std::optional<OptionPrices> prices =
        option_prices({exposure.seconds_to_expiry, shock_vol(terms, exposure.seconds_to_expiry), shocked, exposure.strike, rate});
    if (!prices) return std::nullopt;
    const Uint amount = exposure.amount;
    switch (exposure.type) {
        case OptionType::short_call_base:
            return smaller(larger(divide_decimal(multiply_decimal(prices->call, amount), shocked), terms.static_base), amount).value();
        case OptionType::short_call_quote: return larger(multiply_decimal(prices->call, amount), terms.static_quote).value();
        case OptionType::long_call:
        case OptionType::long_put:
        case OptionType::short_put_quote: break;
    }
    return smaller(larger(multiply_decimal(prices->put, amount), terms.static_quote), multiply_decimal(amount, exposure.strike)).value();
}

std::optional<LiquidationFees> liquidation_fees(const PenaltyTerms& terms, const U256& premium, const U256& collateral,
                                                const U256& least_fee, const U256& insolvency_multiplier) {
    const Uint owed = Uint(premium) + least_fee;
    if (owed.reverted()) return std::nullopt;
    Uint penalty;
    Uint returned;
    Uint insolvent;
    if (collateral >= owed.raw()) {
        const Uint rest = Uint(collateral) - premium;
        penalty = larger(multiply_decimal(rest, terms.penalty_ratio), least_fee);
        returned = rest - penalty;
    } else if (collateral >= least_fee) {
        penalty = least_fee;
        insolvent = multiply_decimal(owed - collateral, insolvency_multiplier);
    } else {
        penalty = collateral;
        insolvent = multiply_decimal(premium, insolvency_multiplier);
    }
    const Uint security_module = multiply_decimal(penalty, terms.security_module_ratio);
    const Uint liquidator = multiply_decimal(penalty, terms.liquidator_ratio);
    const Uint lp_fee = penalty - (security_module + liquidator);
    const Uint lp_premium = Uint(collateral) - penalty - returned;
    if (returned.reverted() || lp_fee.reverted() || lp_premium.reverted() || insolvent.reverted()) return std::nullopt;
    return LiquidationFees{returned.raw(), lp_premium.raw(), lp_fee.raw(), liquidator.raw(), security_module.raw(), insolvent.raw()};
}

std::optional<U256> closing_cost(const ClosingTerms& terms, const I256& rate, const Exposure& exposure) {
    const bool after_cutoff = exposure.seconds_to_expiry < terms.trading_cutoff_s;
    const Uint vol = multiply_decimal(terms.gwav_vol, after_cutoff ? terms.vol_shock_after_cutoff : terms.vol_shock);
    const std::optional<OptionPrices> prices = option_prices({exposure.seconds_to_expiry, vol, exposure.spot, exposure.strike, rate});
    if (!prices) return std::nullopt;
    const bool put = is_put(exposure.type);
    const U256& above = put ? exposure.strike : exposure.spot;
    const U256& below = put ? exposure.spot : exposure.strike;
    const Uint parity = above > below ? Uint(above) - below : Uint(0);
    const Uint price = larger(put ? prices->put : prices->call, parity + multiply_decimal(exposure.spot, terms.spot_minimum));
    const Uint premium = multiply_decimal(price, exposure.amount);
    const Uint by_option = fee_by_time(exposure.seconds_to_expiry, terms.option_fee_1x_s, terms.option_fee_2x_s, terms.option_fee);
    const Uint by_spot = fee_by_time(exposure.seconds_to_expiry, terms.spot_fee_1x_s, terms.spot_fee_2x_s, terms.spot_fee);
    const Uint fees = multiply_decimal(by_option, premium) + multiply_decimal(multiply_decimal(by_spot, exposure.spot), exposure.amount) +
                      variance_fee(terms, rate, exposure);
    return (premium + fees).value();
}

std::optional<U256> base_for_quote(const ClosingTerms& terms, const U256& spot, const U256& quote) {
    return divide_decimal_round(divide_decimal_round(quote, Uint(unit) - terms.base_quote_fee), spot).value();
}

}  // namespace margind::adapters::protocols::lyra_avalon
