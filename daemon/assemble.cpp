// One snapshot out of what was read of each chain.
#include "daemon/assemble.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace margind::daemon {

model::Snapshot assemble(const std::vector<const ChainReading*>& readings, const model::AssetMap& assets, std::vector<model::Portfolio> portfolios) {
    model::Snapshot snapshot;
    for (const ChainReading* reading : readings) {
        snapshot.time = std::max(snapshot.time, reading->block.time);
        if (reading->block.number > 0) snapshot.blocks.emplace(reading->block.chain, reading->block);
        snapshot.prices.insert(snapshot.prices.end(), reading->prices.begin(), reading->prices.end());
        snapshot.venues.insert(snapshot.venues.end(), reading->venues.begin(), reading->venues.end());
        snapshot.accounts.insert(snapshot.accounts.end(), reading->accounts.begin(), reading->accounts.end());
    }
    for (const auto& [key, mapping] : assets.rows())
        if (snapshot.blocks.contains(mapping.chain)) snapshot.assets.add(mapping);
    std::sort(snapshot.prices.begin(), snapshot.prices.end(), [](const model::ReferencePrice& a, const model::ReferencePrice& b) {
        return std::tie(a.asset, a.chain, a.source) < std::tie(b.asset, b.chain, b.source);
    });
    std::sort(snapshot.venues.begin(), snapshot.venues.end(), [](const model::Venue& a, const model::Venue& b) { return a.id < b.id; });
    std::sort(snapshot.accounts.begin(), snapshot.accounts.end(), [](const model::MarginAccount& a, const model::MarginAccount& b) { return a.key < b.key; });
    for (model::Portfolio& portfolio : portfolios) {
        std::sort(portfolio.owners.begin(), portfolio.owners.end());
        portfolio.owners.erase(std::unique(portfolio.owners.begin(), portfolio.owners.end()), portfolio.owners.end());
    }
    std::sort(portfolios.begin(), portfolios.end(), [](const model::Portfolio& a, const model::Portfolio& b) { return a.name < b.name; });
    snapshot.portfolios = std::move(portfolios);
    return snapshot;
}

ChainReading reading_of(const model::Snapshot& snapshot, model::ChainId chain) {
    ChainReading reading;
    reading.block.chain = chain;
    if (const auto block = snapshot.blocks.find(chain); block != snapshot.blocks.end()) reading.block = block->second;
    const auto take = [](const auto& from, auto& to, auto good) { std::copy_if(from.begin(), from.end(), std::back_inserter(to), good); };
    take(snapshot.prices, reading.prices, [&](const model::ReferencePrice& price) { return price.chain == chain; });
    take(snapshot.venues, reading.venues, [&](const model::Venue& venue) { return venue.id.chain == chain; });
    take(snapshot.accounts, reading.accounts, [&](const model::MarginAccount& account) { return account.key.venue.chain == chain; });
    return reading;
}

}  // namespace margind::daemon
