// Whether a value at risk was broken as often as it says, and not in clusters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace margind::risk::statistics {

/// A likelihood ratio and the probability of one at least as large if the model is right.
struct LikelihoodRatio {
    double statistic = 0;
    double p_value = 1;
};

/// Kupiec 1995, proportion of failures: -2 ln[(1-p)^(T-x) p^x] + 2 ln[(1-x/T)^(T-x) (x/T)^x], chi-squared with 1 degree.
/// `tail` is p, 0.01 for VaR 99 %. Too few breaches are rejected as too many are. Days must not overlap.
/// \pre 0 < tail < 1, breaches <= days, days > 0
LikelihoodRatio kupiec(std::size_t days, std::size_t breaches, double tail);

/// Numbers of breaches, both inclusive.
struct Region {
    std::size_t low = 0;
    std::size_t high = 0;
};

/// Those that Kupiec's test does not reject at `significance` (0.05); empty when it rejects all.
std::optional<Region> kupiec_region(std::size_t days, double tail, double significance);

/// Pairs of consecutive days: n01 is one without a breach and then one with it.
struct Transitions {
    std::size_t n00 = 0;
    std::size_t n01 = 0;
    std::size_t n10 = 0;
    std::size_t n11 = 0;
};
Transitions transitions(const std::vector<bool>& breaches);

/// Christoffersen 1998: whether a breach makes one on the next day likelier; chi-squared with 1 degree.
LikelihoodRatio christoffersen_independence(const Transitions& pairs);

/// Kupiec's ratio and that of independence together; chi-squared with 2 degrees.
LikelihoodRatio christoffersen_coverage(const std::vector<bool>& breaches, double tail);

/// P(X <= successes) of `trials` with probability p each.
double binomial_cdf(std::size_t successes, std::size_t trials, double p);

enum class BaselZone : std::uint8_t { green, yellow, red };
const char* to_string(BaselZone zone);

/// Basel Committee 1996 (MAR32): yellow from where that number or fewer has probability 95 %, red from 99.99 %. For 250 days
/// at 99 %: yellow from 5, red from 10.
BaselZone basel_zone(std::size_t breaches, std::size_t days, double tail);

/// What is added to the multiplier 3 for breaches in 250 days at 99 %: 0 to 4 nothing, then .40, .50, .65, .75, .85, from 10 on 1.
double basel_plus_factor(std::size_t breaches);

}  // namespace margind::risk::statistics
