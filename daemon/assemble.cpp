// One snapshot out of what was read of each chain.
#include "daemon/assemble.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

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
        for (auto* list : {&portfolio.owners, &portfolio.wallets}) {
            std::sort(list->begin(), list->end());
            list->erase(std::unique(list->begin(), list->end()), list->end());
        }
    }
    std::sort(portfolios.begin(), portfolios.end(), [](const model::Portfolio& a, const model::Portfolio& b) { return a.name < b.name; });
    snapshot.portfolios = std::move(portfolios);
    return snapshot;
}

void keep_remembered_accounts(model::Snapshot& snapshot, const model::Memory& memory) {
    const auto stands_for_all = [](const model::MarginAccount& account) { return !account.facts && account.key.sub.empty(); };
    if (std::none_of(snapshot.accounts.begin(), snapshot.accounts.end(), stands_for_all)) return;
    using Owned = std::pair<model::VenueId, model::Address>;
    std::map<Owned, std::set<std::string>> remembered;
    for (const auto& [name, portfolio] : memory.portfolios)
        for (const auto& [key, account] : portfolio.accounts) remembered[Owned(key.venue, key.owner)].insert(key.sub);
    std::map<Owned, std::size_t> counts;
    for (const model::MarginAccount& account : snapshot.accounts) ++counts[Owned(account.key.venue, account.key.owner)];
    std::vector<model::MarginAccount> all;
    for (model::MarginAccount& account : snapshot.accounts) {
        const Owned owned(account.key.venue, account.key.owner);
        const auto known = remembered.find(owned);
        if (!stands_for_all(account) || counts[owned] > 1 || known == remembered.end()) {
            all.push_back(std::move(account));
            continue;
        }
        for (const std::string& sub : known->second) {
            all.push_back(account);
            all.back().key.sub = sub;
        }
    }
    snapshot.accounts = std::move(all);
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
