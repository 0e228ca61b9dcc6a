// Reference prices and conversion to USD.
#include "risk/valuation.hpp"

#include <tuple>

namespace margind::risk {

using namespace model;

namespace {

auto rank(const ReferencePrice& price) { return std::tuple(badness(price.grade), price.chain, price.source); }

}  // namespace

Valuation::Valuation(const std::vector<ReferencePrice>& prices) {
    for (const ReferencePrice& price : prices) {
        if (price.second_opinion) continue;
        const auto [it, first] = best_.try_emplace(price.asset, price);
        if (!first && rank(price) < rank(it->second)) it->second = price;
    }
}

const ReferencePrice* Valuation::find(const AssetId& asset) const {
    const auto it = best_.find(asset);
    return it == best_.end() ? nullptr : &it->second;
}

std::set<AssetId> Valuation::differing(const Valuation& other) const {
    std::set<AssetId> assets;
    for (const auto& [asset, price] : best_)
        if (const ReferencePrice* const there = other.find(asset); there == nullptr || *there != price) assets.insert(asset);
    for (const auto& [asset, price] : other.best_)
        if (find(asset) == nullptr) assets.insert(asset);
    return assets;
}

Result<double> Valuation::price(const AssetId& asset) const {
    if (asset.symbol == "USD") return 1.0;
    const ReferencePrice* best = find(asset);
    if (best == nullptr) return fail(ErrorCode::missing, "no reference price of " + asset.symbol);
    if (best->grade == PriceGrade::refused || best->raw <= I256{})
        return fail(ErrorCode::missing, "reference price of " + asset.symbol + " refused (" + best->source + "): " + best->reason);
    return scaled_double(best->raw, best->decimals);
}

Result<double> Valuation::firm_price(const AssetId& asset) const {
    const ReferencePrice* best = find(asset);
    if (best != nullptr && best->grade == PriceGrade::stale)
        return fail(ErrorCode::missing, "reference price of " + asset.symbol + " is stale (" + best->source + ")");
    return price(asset);
}

Result<double> Valuation::usd(const Money& money) const {
    const Result<double> unit = price(AssetId{money.unit});
    if (!unit) return fail(unit.error());
    return money.to_double() * *unit;
}

FeedDoubt feed_doubt(const std::vector<ReferencePrice>& prices, ChainId chain, const AssetId& asset) {
    FeedDoubt doubt;
    for (const ReferencePrice& price : prices) {
        if (price.chain != chain || price.asset != asset) continue;
        const bool unfit = price.grade == PriceGrade::stale || price.grade == PriceGrade::refused || price.grade == PriceGrade::sequencer_grace;
        doubt.stale = doubt.stale || (unfit && !price.second_opinion);
        doubt.disputed = doubt.disputed || price.grade == PriceGrade::disputed;
    }
    return doubt;
}

}  // namespace margind::risk
