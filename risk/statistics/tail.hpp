// Value at risk and expected shortfall of equally likely scenarios, by order statistic.
//
// Losses are positive; N of them; the tail is in basis points of probability: 100 is VaR 99 %, 250 is ES 97.5 %.
#pragma once

#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace margind::risk::statistics {

/// k = ceil(N x tail_bps / 10000), in integers: 2000 x (1 - .99) is 21 in doubles and 20 here. \pre 0 < tail_bps <= 10000
std::size_t tail_rank(std::size_t count, std::uint32_t tail_bps);

/// A scenario of the tail and its share of the shortfall.
struct TailMember {
    std::size_t scenario = 0;
    double weight = 0;
};

/// The k worst scenarios, worst first, of equal losses the earlier one. The first k - 1 weigh 1 / (N a) each and the last
/// what is left, so that the weights sum to 1 and sum of weight x loss is ES: the fractional term. With the same
/// weights a position's own losses sum to its share (Euler).
///
/// Fails without losses, with one that is not finite, and with a tail outside (0, 10000].
model::Result<std::vector<TailMember>> tail_members(std::span<const double> losses, std::uint32_t tail_bps);

struct TailRisk {
    /// The k-th worst loss: no interpolation.
    double value_at_risk = 0;
    /// (sum of the k - 1 worst + (N a - (k - 1)) x the k-th) / (N a).
    double expected_shortfall = 0;
    std::size_t rank = 0;
};

/// Fails as tail_members() does.
model::Result<TailRisk> tail_risk(std::span<const double> losses, std::uint32_t tail_bps);

}  // namespace margind::risk::statistics
