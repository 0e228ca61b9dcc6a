// Candidates of one account.
#include "risk/distance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace margind::risk {

using namespace model;

std::optional<double> feed_deviation(std::span<const ReferencePrice> prices, ChainId chain, const AssetId& asset) {
    std::optional<double> widest;
    for (const ReferencePrice& price : prices)
        if (price.chain == chain && price.asset == asset && !price.second_opinion)
            widest = std::max(widest.value_or(0), static_cast<double>(price.deviation_ppm) / 1e6);
    return widest;
}

namespace {

/// A band never reaches the price 0.
constexpr double widest_band = 0.999;

Band band_of(const Candidate& candidate, double width) {
    Band band;
    band.half_width = width;
    const double apart = candidate.direction == Direction::down ? std::log(candidate.h) + std::log1p(-width) : std::log(candidate.h) - std::log1p(width);
    // Liquidatable now: the point is the edge.
    if (candidate.room <= 0 || apart <= 0) return band;
    band.near_room = candidate.direction == Direction::down ? -std::expm1(-apart) : std::expm1(apart);
    band.near_z = candidate.sigma_24h > 0 ? apart / candidate.sigma_24h : candidate.z;
    return band;
}

}  // namespace

std::optional<double> band_width(const PreparedAccount& account, std::optional<double> feed_deviation) {
    const std::optional<std::uint32_t> own = account.off_chain().band_ppm;
    if (!own) return std::nullopt;
    return std::min(static_cast<double>(*own) / 1e6 + feed_deviation.value_or(0), widest_band);
}

double z_of(const Candidate& candidate) { return candidate.band ? candidate.band->near_z : candidate.z; }
double room_of(const Candidate& candidate) { return candidate.band ? candidate.band->near_room : candidate.room; }

Certainty certainty(const std::optional<Enclosure>& enclosure) {
    if (!enclosure) return Certainty::unknown;
    if (!enclosure->liquidatable) return Certainty::mixed;
    return *enclosure->liquidatable ? Certainty::broken : Certainty::sound;
}

Result<Distances> distances(const PreparedAccount& account, const Market& market, const Policy& policy,
                            std::span<const ReferencePrice> prices, ChainId chain, std::int64_t time_offset_s,
                            double within_z) {
    State state = account.current();
    state.time_offset_s = time_offset_s;
    Result<Standing> standing = account.at(state);
    if (!standing) return fail(standing.error());

    Distances result;
    result.standing = *std::move(standing);
    const bool now = result.standing.liquidatable;
    const std::vector<Mover> movers = movers_of(account.inputs());
    const std::vector<Path> paths = paths_of(movers, market, policy);

    std::vector<Candidate> found;
    std::vector<State> states;
    std::vector<double> away;
    for (const Path& path : paths) {
        State moved = state;
        State low = state;
        State high = state;
        const Probe probe = [&](const U256& p) -> Result<bool> {
            if (!set_prices(path, movers, p, moved.prices))
                return fail(ErrorCode::out_of_range, "a price that moves with it does not fit 256 bits");
            return account.liquidatable(moved);
        };
        const Proof proof = [&](const U256& from, const U256& to) {
            if (!enclose_prices(path, movers, from, to, low, high)) return Certainty::unknown;
            return certainty(account.between(low, high));
        };
        PathScan scan = scan_path(path, movers, policy, now, probe, proof, within_z);
        const Mover& followed = movers[path.followed];
        for (Candidate& candidate : scan.candidates) {
            candidate.feed_deviation = feed_deviation(prices, chain, followed.underlying);
            if (const auto width = band_width(account, candidate.feed_deviation)) candidate.band = band_of(candidate, *width);
            away.push_back(sigmas_away(path, followed.price, candidate.liquidation_price));
            State there = state;
            if (!set_prices(path, movers, candidate.liquidation_price, there.prices))
                return fail(ErrorCode::out_of_range, "the state at " + path.asset + "'s liquidation price does not fit");
            states.push_back(std::move(there));
            found.push_back(std::move(candidate));
        }
        for (Gap& gap : scan.gaps) result.gaps.push_back(std::move(gap));
    }
    for (const Mover& mover : movers)
        if (mover.price.is_zero() && calibration_of(mover.underlying, market, policy).sigma_24h > 0)
            result.gaps.push_back({mover.underlying.symbol + ": the venue's price of " + mover.label + " is 0", 0});
    if (now && found.empty() && !paths.empty()) {
        const Mover& followed = movers[paths.front().followed];
        Candidate hopeless;
        hopeless.asset = paths.front().asset;
        hopeless.label = followed.label;
        hopeless.role = followed.role;
        hopeless.price = followed.price;
        hopeless.liquidation_price = followed.price;
        hopeless.decimals = followed.decimals;
        hopeless.sigma_24h = paths.front().sigma_24h;
        hopeless.sigma_is_default = paths.front().sigma_is_default;
        hopeless.p_touch_24h = 1;
        hopeless.feed_deviation = feed_deviation(prices, chain, followed.underlying);
        if (const auto width = band_width(account, hopeless.feed_deviation)) hopeless.band = band_of(hopeless, *width);
        found.push_back(std::move(hopeless));
        states.push_back(state);
        away.push_back(0);
    }

    std::vector<std::size_t> order(found.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(z_of(found[a]), away[a]) < std::pair(z_of(found[b]), away[b]);
    });
    for (const std::size_t i : order) {
        result.candidates.push_back(std::move(found[i]));
        result.states.push_back(std::move(states[i]));
    }
    return result;
}

}  // namespace margind::risk
