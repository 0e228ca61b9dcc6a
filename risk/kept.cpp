// What decides an account's figures: its own row and facts, its venue's, its chain's block and prices, and what money is worth.
#include "risk/kept.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

bool same(const FactsPtr& a, const FactsPtr& b) { return a == b || (a && b && *a == *b); }

bool same(const Venue& a, const Venue& b) { return a.id == b.id && a.reason == b.reason && same(a.facts, b.facts); }

/// All but read_at, which says nothing of the figures.
bool same(const MarginAccount& a, const MarginAccount& b) {
    return a.key == b.key && a.reason == b.reason && a.verified_at == b.verified_at && a.qualifiers == b.qualifiers && a.views == b.views &&
           same(a.facts, b.facts);
}

std::vector<ReferencePrice> prices_on(ChainId chain, const std::vector<ReferencePrice>& prices) {
    std::vector<ReferencePrice> some;
    std::copy_if(prices.begin(), prices.end(), std::back_inserter(some), [&](const ReferencePrice& price) { return price.chain == chain; });
    return some;
}

bool same_on(ChainId chain, const AssetMap& a, const AssetMap& b) {
    const auto begin = [chain](const AssetMap& assets) { return assets.rows().lower_bound({chain, Address{}}); };
    const auto end = [chain](const AssetMap& assets) { return assets.rows().lower_bound({ChainId{chain.value + 1}, Address{}}); };
    return std::equal(begin(a), end(a), begin(b), end(b));
}

std::optional<BlockRef> block_of(ChainId chain, const std::map<ChainId, BlockRef>& blocks) {
    const auto found = blocks.find(chain);
    return found == blocks.end() ? std::nullopt : std::optional<BlockRef>(found->second);
}

}  // namespace

Kept::Kept(const Snapshot& snapshot, AssetMap assets, const Bytes32& market, const Bytes32& policy, Valuation valuation,
           AccountEvaluations evaluations, KeptBooks books)
    : blocks_(snapshot.blocks), assets_(std::move(assets)), prices_(snapshot.prices), venues_(snapshot.venues), market_(market), policy_(policy),
      valuation_(std::move(valuation)), evaluations_(std::move(evaluations)), books_(std::move(books)) {
    for (const MarginAccount& account : snapshot.accounts) accounts_.try_emplace(account.key, account);
}

Kept::Lookup::Lookup(const Kept* kept, const Snapshot& snapshot, const AssetMap& assets, const Bytes32& market, const Bytes32& policy,
                     const Valuation& valuation)
    : kept_(kept) {
    if (kept == nullptr || kept->market_ != market || kept->policy_ != policy) return;
    same_rules_ = true;
    revalued_ = valuation.differing(kept->valuation_);
    for (const Venue& venue : snapshot.venues) {
        const ChainId chain = venue.id.chain;
        const auto before = std::find_if(kept->venues_.begin(), kept->venues_.end(), [&](const Venue& other) { return other.id == venue.id; });
        if (before != kept->venues_.end() && same(venue, *before) && same_on(chain, assets, kept->assets_) &&
            block_of(chain, snapshot.blocks) == block_of(chain, kept->blocks_) &&
            prices_on(chain, snapshot.prices) == prices_on(chain, kept->prices_))
            unchanged_.insert(venue.id);
    }
}

bool Kept::Lookup::is_revalued(const AccountEvaluation& evaluation) const {
    if (revalued_.empty() || !evaluation.prepared) return false;
    const AccountReport& report = evaluation.report;
    const auto revalued = [&](const AssetId& asset) { return revalued_.contains(asset); };
    if (report.standing && revalued(AssetId{report.standing->equity.unit})) return true;
    for (const Position& position : report.positions)
        if (revalued(position.underlying) || revalued(AssetId{position.carry_per_day.unit})) return true;
    for (const PriceInput& input : evaluation.prepared->inputs())
        if (revalued(input.underlying)) return true;
    // A plan values what it may bring in.
    for (const AdjustmentOption& option : evaluation.prepared->options())
        if (revalued(option.underlying)) return true;
    return false;
}

std::shared_ptr<const AccountEvaluation> Kept::Lookup::find(const MarginAccount& account) const {
    if (!unchanged_.contains(account.key.venue)) return nullptr;
    const auto row = kept_->accounts_.find(account.key);
    const auto found = kept_->evaluations_.find(account.key);
    const bool known =
        row != kept_->accounts_.end() && found != kept_->evaluations_.end() && same(account, row->second) && !is_revalued(*found->second);
    return known ? found->second : nullptr;
}

const KeptBook* Kept::Lookup::book(const std::string& portfolio) const {
    if (!same_rules_) return nullptr;
    const auto found = kept_->books_.find(portfolio);
    return found == kept_->books_.end() ? nullptr : found->second.get();
}

}  // namespace margind::risk
