// The ways prices move together: one underlying alone, or all by their beta along the market ray.
#pragma once

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/venue_rule.hpp"

#include <optional>
#include <string>
#include <vector>

namespace margind::risk {

/// What moves: an underlying's price and how it is named and scaled. An account's PriceInput, or a reference price.
struct Mover {
    model::AssetId underlying;
    std::string label;
    model::PriceRole role = model::PriceRole::oracle;
    model::U256 price;
    std::uint8_t decimals = 0;
};

/// Followed by the integer price p of one mover: mover j stands at price_j x (p / P)^exponent_j, rounded down.
struct Path {
    /// The underlying's symbol, or "market".
    std::string asset;
    std::size_t followed = 0;
    /// By mover; 0 stays where it is, 1 is exact in integers.
    std::vector<double> exponents;
    /// ln(p / P) = beta x ln(factor): 1 for an asset alone, the followed mover's beta on the ray.
    double beta = 1;
    /// Of ln(factor) over 24 h.
    double sigma_24h = 0;
    bool sigma_is_default = false;
};

/// sigma and beta of an underlying; the policy's defaults where the market has no calibration.
model::AssetCalibration calibration_of(const model::AssetId& asset, const model::Market& market,
                                       const model::Policy& policy, bool* is_default = nullptr);

/// One path per underlying that can move (sigma > 0, price > 0), sorted by symbol, then the market ray, which is left
/// out where fewer than two underlyings have a beta: it would be the same path under a second sigma.
std::vector<Path> paths_of(const std::vector<Mover>& movers, const model::Market& market, const model::Policy& policy);
std::vector<Mover> movers_of(const std::vector<model::PriceInput>& inputs);

/// floor(price x factor) in exact arithmetic on the bits of `factor`; empty when it is negative, not finite or too large.
std::optional<model::U256> scaled(const model::U256& price, double factor);

/// Sets `prices` (one per mover) to where they stand when the followed price is `p`; false when one does not fit.
[[nodiscard]] bool set_prices(const Path& path, const std::vector<Mover>& movers, const model::U256& p,
                              std::vector<model::U256>& prices);

/// Bounds of each mover's price over all followed prices from `a` to `b`, in either order, at all of which set_prices() is
/// true. False: not known.
[[nodiscard]] bool enclose_prices(const Path& path, const std::vector<Mover>& movers, const model::U256& a,
                                  const model::U256& b, model::State& low, model::State& high);

/// The followed price at ln(factor) = `log_factor`, rounded away from the present price. Empty when it does not fit.
std::optional<model::U256> price_at(const Path& path, const std::vector<Mover>& movers, double log_factor);

}  // namespace margind::risk
