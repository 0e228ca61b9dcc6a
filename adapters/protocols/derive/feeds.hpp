// What Derive's feeds make of the last signed message: volatilities, forwards, perp prices, settlement prices.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::derive {

/// A stochastic-volatility-inspired curve of one expiry, with its own forward and time; 18 decimals.
struct SviCurve {
    model::I256 a;
    model::I256 b;
    model::I256 rho;
    model::I256 m;
    model::I256 sigma;
    model::I256 forward;
    /// Years.
    model::I256 reference_tau;
};

/// Annualised, 1e18 is 100 %. Empty where the feed reverts: no forward, a negative total variance.
std::optional<model::I256> svi_volatility(const SviCurve& curve, const model::I256& strike);

/// Within this before expiry the forward becomes the average of spot that options settle at.
inline constexpr std::uint64_t settlement_window_s = 1800;

/// The last message about an expiry's forward; `timestamp` is the message's own.
struct ForwardMessage {
    model::I256 spot_difference;
    std::uint64_t timestamp = 0;
    /// Sums of spot x seconds, at the window's start and at `timestamp`.
    model::I256 start_aggregate;
    model::I256 current_aggregate;
};

/// The forward is fixed + variable; only the variable part still moves with spot.
struct ForwardPortions {
    model::I256 fixed;
    model::I256 variable;
};

std::optional<ForwardPortions> forward_portions(const ForwardMessage& message, std::uint64_t expiry, const model::I256& spot);
/// Empty until the message at expiry itself has come.
std::optional<model::I256> settlement_price(const ForwardMessage& message, std::uint64_t expiry);

/// Spot and the feed's difference, which is held within `cap` x spot on both sides. Empty where the sum is negative.
std::optional<model::I256> perp_price(const model::I256& spot, const model::I256& difference, const model::I256& cap);

}  // namespace margind::adapters::protocols::derive
