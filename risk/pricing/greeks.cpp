// Closed forms of the derivatives of instrument.cpp's values.
#include "risk/pricing/greeks.hpp"

#include "risk/pricing/black.hpp"

#include <cmath>

namespace margind::risk::pricing {

namespace {

constexpr double days_per_year = 365;

Greeks of(const Holding& holding) {
    const double units = holding.quantity * holding.rate;
    return {units, 0, 0, units * holding.spot * holding.growth};
}

Greeks of(const LinearPerp& perp) {
    const double units = perp.quantity * (1 + perp.basis);
    return {units, 0, 0, units * perp.spot * perp.funding};
}

/// contracts (S / entry - 1 / (1 + basis)): linear in spot, since the coins are sold at it.
Greeks of(const InversePerp& perp) { return {perp.contracts / perp.entry, 0, 0, perp.contracts * perp.funding / (1 + perp.basis)}; }

Greeks of(const Option& option) {
    const double carry = 1 + option.basis;
    const double forward = option.spot * carry;
    double vol = option.vol;
    if (option.smile) vol = option.years > 0 ? svi_vol(*option.smile, std::log(option.strike / forward), option.years) : 0;
    const BlackGreeks black =
        black_greeks({option.kind, forward, option.strike, vol, option.years, std::exp(-option.rate * option.years)});
    return {option.quantity * black.delta * carry, option.quantity * black.gamma * carry * carry, option.quantity * black.vega,
            option.quantity * black.theta / days_per_year};
}

}  // namespace

Greeks& Greeks::operator+=(const Greeks& other) {
    delta += other.delta;
    gamma += other.gamma;
    vega += other.vega;
    theta += other.theta;
    return *this;
}

Greeks greeks(const Instrument& instrument) {
    return std::visit([](const auto& kind) { return of(kind); }, instrument);
}

std::map<model::AssetId, Greeks> greeks_by_underlying(std::span<const std::pair<model::AssetId, Instrument>> book) {
    std::map<model::AssetId, Greeks> sums;
    for (const auto& [underlying, instrument] : book) sums[underlying] += greeks(instrument);
    return sums;
}

}  // namespace margind::risk::pricing
