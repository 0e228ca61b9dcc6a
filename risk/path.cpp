// Paths of prices: calibration lookup, exact scaling of integers, and the followed price of a factor.
#include "risk/path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

namespace margind::risk {

using namespace model;

AssetCalibration calibration_of(const AssetId& asset, const Market& market, const Policy& policy, bool* is_default) {
    if (is_default != nullptr) *is_default = false;
    if (const auto row = market.assets.find(asset); row != market.assets.end()) return row->second;
    // The unit of account does not move against itself.
    if (asset.symbol == "USD") return {};
    if (is_default != nullptr) *is_default = true;
    AssetCalibration defaults;
    defaults.sigma_24h = policy.default_sigma_24h;
    defaults.beta = policy.default_beta;
    defaults.residual_24h = policy.default_sigma_24h;
    defaults.range = policy.default_range;
    return defaults;
}

std::vector<Mover> movers_of(const std::vector<PriceInput>& inputs) {
    std::vector<Mover> movers;
    movers.reserve(inputs.size());
    for (const PriceInput& input : inputs)
        movers.push_back({input.underlying, input.label, input.role, input.price, input.decimals});
    return movers;
}

std::vector<Path> paths_of(const std::vector<Mover>& movers, const Market& market, const Policy& policy) {
    std::set<AssetId> underlyings;
    for (const Mover& mover : movers)
        if (!mover.price.is_zero()) underlyings.insert(mover.underlying);

    std::vector<Path> paths;
    for (const AssetId& underlying : underlyings) {
        Path path;
        const AssetCalibration calibration = calibration_of(underlying, market, policy, &path.sigma_is_default);
        if (!(calibration.sigma_24h > 0)) continue;
        path.asset = underlying.symbol;
        path.sigma_24h = calibration.sigma_24h;
        const auto first = std::find_if(movers.begin(), movers.end(), [&](const Mover& mover) {
            return mover.underlying == underlying && !mover.price.is_zero();
        });
        path.followed = static_cast<std::size_t>(first - movers.begin());
        for (const Mover& mover : movers) path.exponents.push_back(mover.underlying == underlying ? 1.0 : 0.0);
        paths.push_back(std::move(path));
    }

    Path ray;
    ray.asset = "market";
    ray.beta = 0;
    std::set<AssetId> moving;
    std::vector<double> betas;
    for (std::size_t i = 0; i < movers.size(); ++i) {
        const double beta = movers[i].price.is_zero() ? 0.0 : calibration_of(movers[i].underlying, market, policy).beta;
        betas.push_back(beta);
        if (beta == 0) continue;
        moving.insert(movers[i].underlying);
        if (std::abs(beta) > std::abs(ray.beta)) {
            ray.beta = beta;
            ray.followed = i;
        }
    }
    if (moving.size() < 2) return paths;
    for (const double beta : betas) ray.exponents.push_back(beta / ray.beta);
    ray.sigma_is_default = !(market.market_sigma_24h > 0);
    ray.sigma_24h = ray.sigma_is_default ? policy.default_sigma_24h : market.market_sigma_24h;
    paths.push_back(std::move(ray));
    return paths;
}

std::optional<U256> scaled(const U256& price, double factor) {
    if (!std::isfinite(factor) || factor < 0) return std::nullopt;
    if (factor == 0 || price.is_zero()) return U256{};
    int exponent = 0;
    const double fraction = std::frexp(factor, &exponent);
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    exponent -= 53;
    if (exponent < -255) return U256{};
    if (exponent > 255) return std::nullopt;
    if (exponent < 0) return mul_div(price, mantissa, U256::pow2(static_cast<unsigned>(-exponent)), Rounding::down);
    const std::optional<U256> product = checked_mul(price, mantissa);
    if (!product) return std::nullopt;
    return checked_mul(*product, U256::pow2(static_cast<unsigned>(exponent)));
}

bool set_prices(const Path& path, const std::vector<Mover>& movers, const U256& p, std::vector<U256>& prices) {
    const U256& origin = movers[path.followed].price;
    double log_ratio = 0;
    bool has_log = false;
    for (std::size_t i = 0; i < movers.size(); ++i) {
        const double exponent = path.exponents[i];
        if (exponent == 0 || p == origin) {
            prices[i] = movers[i].price;
        } else if (i == path.followed) {
            prices[i] = p;
        } else if (exponent == 1) {
            const std::optional<U256> price = mul_div(movers[i].price, p, origin, Rounding::down);
            if (!price) return false;
            prices[i] = *price;
        } else {
            if (!has_log) log_ratio = std::log(p.to_double() / origin.to_double());
            has_log = true;
            const std::optional<U256> price = scaled(movers[i].price, std::exp(exponent * log_ratio));
            if (!price) return false;
            prices[i] = *price;
        }
    }
    return true;
}

bool enclose_prices(const Path& path, const std::vector<Mover>& movers, const U256& a, const U256& b, State& low, State& high) {
    // The library's exp and log are not monotone to the last bit, so bounds of powers are taken this much wider.
    constexpr double wider = 0x1p-40;
    constexpr double largest_factor = 0x1p50;
    const U256& origin = movers[path.followed].price;
    const auto& [bottom, top] = std::minmax(a, b);
    for (std::size_t i = 0; i < movers.size(); ++i) {
        const double exponent = path.exponents[i];
        if (exponent == 0) {
            low.prices[i] = high.prices[i] = movers[i].price;
        } else if (i == path.followed) {
            low.prices[i] = bottom;
            high.prices[i] = top;
        } else if (exponent == 1) {
            const std::optional<U256> least = mul_div(movers[i].price, bottom, origin, Rounding::down);
            const std::optional<U256> most = mul_div(movers[i].price, top, origin, Rounding::down);
            if (!least || !most) return false;
            low.prices[i] = *least;
            high.prices[i] = *most;
        } else {
            double least = std::exp(exponent * std::log(bottom.to_double() / origin.to_double()));
            double most = std::exp(exponent * std::log(top.to_double() / origin.to_double()));
            if (least > most) std::swap(least, most);
            // Where a product may overflow, a larger factor can fit and a smaller one not.
            if (!(least > 0 && most < largest_factor)) return false;
            const std::optional<U256> lowest = scaled(movers[i].price, least * (1 - wider));
            const std::optional<U256> highest = scaled(movers[i].price, most * (1 + wider));
            if (!lowest || !highest) return false;
            low.prices[i] = *lowest;
            high.prices[i] = *highest;
        }
    }
    return true;
}

std::optional<U256> price_at(const Path& path, const std::vector<Mover>& movers, double log_factor) {
    const U256& origin = movers[path.followed].price;
    const double log_price = path.beta * log_factor;
    const std::optional<U256> price = scaled(origin, std::exp(log_price));
    if (!price || log_price <= 0) return price;
    return checked_add(*price, 1);
}

}  // namespace margind::risk
