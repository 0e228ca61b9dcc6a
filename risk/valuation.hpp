// From exact money to USD: the one place where it becomes a double.
#pragma once

#include "risk/model/asset.hpp"
#include "risk/model/result.hpp"

#include <map>
#include <set>
#include <vector>

namespace margind::risk {

/// One price in USD per underlying, of all feeds on all chains: the best grade (fresh, late, sequencer_grace,
/// disputed, stale), then the lowest chain, then source; second opinions price nothing. USD is 1.
class Valuation {
public:
    explicit Valuation(const std::vector<model::ReferencePrice>& prices);

    /// Fails with `missing` when no feed gives a price, naming why the best one was refused.
    model::Result<double> price(const model::AssetId& asset) const;
    /// As price(), and fails on a stale one: what the unified figures may stand on.
    model::Result<double> firm_price(const model::AssetId& asset) const;
    /// `money.unit` is the underlying.
    model::Result<double> usd(const model::Money& money) const;
    /// Null for USD and where there is none.
    const model::ReferencePrice* find(const model::AssetId& asset) const;
    /// Assets of which one of the two says something else than the other.
    std::set<model::AssetId> differing(const Valuation& other) const;
    /// Equal ones give the same to every question.
    friend bool operator==(const Valuation&, const Valuation&) = default;

private:
    std::map<model::AssetId, model::ReferencePrice> best_;
};

/// Whether a feed of `asset` on `chain` is stale, without a usable answer or of an hour when its chain's sequencer was down, or disputed.
struct FeedDoubt {
    bool stale = false;
    bool disputed = false;
};
FeedDoubt feed_doubt(const std::vector<model::ReferencePrice>& prices, model::ChainId chain, const model::AssetId& asset);

}  // namespace margind::risk
