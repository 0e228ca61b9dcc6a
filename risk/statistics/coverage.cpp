// Likelihood ratios of breach counts.
#include "risk/statistics/coverage.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace margind::risk::statistics {

namespace {

/// count x ln(p), 0 where the count is 0 whatever p is.
double times_log(std::size_t count, double p) { return count == 0 ? 0.0 : static_cast<double>(count) * std::log(p); }

double share(std::size_t part, std::size_t whole) { return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole); }

/// ln likelihood of `hits` and `misses` where a hit has probability p.
double log_likelihood(std::size_t hits, std::size_t misses, double p) { return times_log(hits, p) + times_log(misses, 1 - p); }

/// Rounding may bring a ratio of equal likelihoods below 0.
LikelihoodRatio with_one_degree(double statistic) {
    statistic = std::max(0.0, statistic);
    return {statistic, std::erfc(std::sqrt(statistic / 2))};
}

}  // namespace

LikelihoodRatio kupiec(std::size_t days, std::size_t breaches, double tail) {
    const std::size_t quiet = days - breaches;
    return with_one_degree(2 * (log_likelihood(breaches, quiet, share(breaches, days)) - log_likelihood(breaches, quiet, tail)));
}

std::optional<Region> kupiec_region(std::size_t days, double tail, double significance) {
    std::optional<Region> region;
    for (std::size_t breaches = 0; breaches <= days; ++breaches) {
        if (kupiec(days, breaches, tail).p_value < significance) {
            if (region) break;
            continue;
        }
        if (!region) region = Region{breaches, breaches};
        region->high = breaches;
    }
    return region;
}

Transitions transitions(const std::vector<bool>& breaches) {
    Transitions pairs;
    for (std::size_t i = 1; i < breaches.size(); ++i) {
        if (breaches[i - 1])
            ++(breaches[i] ? pairs.n11 : pairs.n10);
        else
            ++(breaches[i] ? pairs.n01 : pairs.n00);
    }
    return pairs;
}

LikelihoodRatio christoffersen_independence(const Transitions& pairs) {
    const std::size_t hits = pairs.n01 + pairs.n11;
    const std::size_t misses = pairs.n00 + pairs.n10;
    const double same = log_likelihood(hits, misses, share(hits, hits + misses));
    const double apart = log_likelihood(pairs.n01, pairs.n00, share(pairs.n01, pairs.n01 + pairs.n00)) +
                         log_likelihood(pairs.n11, pairs.n10, share(pairs.n11, pairs.n11 + pairs.n10));
    return with_one_degree(2 * (apart - same));
}

LikelihoodRatio christoffersen_coverage(const std::vector<bool>& breaches, double tail) {
    const auto count = static_cast<std::size_t>(std::count(breaches.begin(), breaches.end(), true));
    const double statistic =
        kupiec(breaches.size(), count, tail).statistic + christoffersen_independence(transitions(breaches)).statistic;
    return {statistic, std::exp(-statistic / 2)};
}

double binomial_cdf(std::size_t successes, std::size_t trials, double p) {
    if (successes >= trials) return 1;
    const auto n = static_cast<double>(trials);
    double sum = 0;
    for (std::size_t k = 0; k <= successes; ++k) {
        const auto x = static_cast<double>(k);
        const double ways = std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1);
        sum += std::exp(ways + times_log(k, p) + times_log(trials - k, 1 - p));
    }
    return std::min(1.0, sum);
}

const char* to_string(BaselZone zone) {
    switch (zone) {
        case BaselZone::green: return "green";
        case BaselZone::yellow: return "yellow";
        case BaselZone::red: return "red";
    }
    return "invalid";
}

BaselZone basel_zone(std::size_t breaches, std::size_t days, double tail) {
    const double cumulative = binomial_cdf(breaches, days, tail);
    if (cumulative >= 0.9999) return BaselZone::red;
    return cumulative >= 0.95 ? BaselZone::yellow : BaselZone::green;
}

double basel_plus_factor(std::size_t breaches) {
    constexpr std::array yellow{0.40, 0.50, 0.65, 0.75, 0.85};
    if (breaches < 5) return 0;
    return breaches < 10 ? yellow[breaches - 5] : 1.0;
}

}  // namespace margind::risk::statistics
