// What is taken from the evaluation before changes no bit of a report, over long walks of changes on two chains.
#include "risk/evaluate.hpp"

#include "risk/model/content.hpp"
#include "risk/model/report_fields.hpp"
#include "tests/support/synthetic_book.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <vector>

namespace margind::risk {
namespace {

using namespace model;
using margind::testing::e8;
using margind::testing::SyntheticBook;

/// Counts how many accounts are prepared.
class Counting final : public VenueRule {
public:
    explicit Counting(const VenueRule& rule) : rule_(rule) {}
    Result<std::unique_ptr<PreparedAccount>> prepare(const Facts& venue, const Facts& account, const AssetMap& assets) const override {
        ++prepared;
        return rule_.prepare(venue, account, assets);
    }
    std::optional<bool> liquidatable_by_views(std::span<const NativeFigure> views) const override { return rule_.liquidatable_by_views(views); }
    mutable std::atomic<std::size_t> prepared = 0;

private:
    const VenueRule& rule_;
};

/// The same snapshot on another chain.
Snapshot moved_to(ChainId chain, Snapshot snapshot) {
    BlockRef block = snapshot.blocks.begin()->second;
    block.chain = chain;
    snapshot.blocks = {{chain, block}};
    for (ReferencePrice& price : snapshot.prices) price.chain = chain;
    for (Venue& venue : snapshot.venues) venue.id.chain = chain;
    for (MarginAccount& account : snapshot.accounts) account.key.venue.chain = chain;
    return snapshot;
}

Snapshot joined(Snapshot a, const Snapshot& b) {
    a.blocks.insert(b.blocks.begin(), b.blocks.end());
    a.prices.insert(a.prices.end(), b.prices.begin(), b.prices.end());
    a.venues.insert(a.venues.end(), b.venues.begin(), b.venues.end());
    a.accounts.insert(a.accounts.end(), b.accounts.begin(), b.accounts.end());
    return a;
}

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed) {
        for (std::uint64_t chain = 1; chain <= 2; ++chain) {
            SyntheticBook& book = books_[chain - 1];
            for (std::size_t i = 0; i < 4; ++i) {
                SyntheticBook::Account account;
                account.sub = std::to_string(i);
                account.usdc = one_in(3);
                account.holdings = {{"supply.ETH", integer(1, 9'000)}, {"debt.USDC", integer(1, 9'000'000)}};
                if (one_in(3)) account.holdings["supply.BTC"] = integer(1, 300);
                book.accounts.push_back(std::move(account));
            }
        }
    }

    /// Changes one thing, or nothing.
    void step() {
        const std::size_t chain = one_in(2) ? 1 : 0;
        SyntheticBook& book = books_[chain];
        SyntheticBook::Account& account = book.accounts[static_cast<std::size_t>(integer(0, static_cast<std::int64_t>(book.accounts.size()) - 1))];
        switch (integer(0, 12)) {
            case 0: ++blocks_[chain]; break;
            case 1: book.listings["ETH"].price = integer(1'000, 3'000) * e8; break;
            case 2: book.listings["USDC"].price = integer(95, 105) * e8 / 100; break;
            case 3: account.holdings["debt.USDC"] = integer(1, 9'000'000); break;
            case 4: account.unreadable = account.unreadable.empty() ? "reverted" : ""; break;
            case 5: book.grade = one_in(2) ? PriceGrade::stale : PriceGrade::fresh; break;
            case 6: stale_[chain] = !stale_[chain]; break;
            case 7: disputed_[chain] = !disputed_[chain]; break;
            case 8: market_.assets[{"ETH"}].sigma_24h = static_cast<double>(integer(20, 60)) / 1000; break;
            case 9: policy_.z_watch = static_cast<double>(integer(30, 40)) / 10; break;
            case 10: views_[chain] = integer(0, 2); break;
            case 11: book.accounts.size() > 2 ? book.accounts.pop_back() : book.accounts.push_back({1, {{"supply.LINK", 500}}, false, "late", ""}); break;
            default: break;
        }
    }

    Snapshot snapshot() const {
        std::vector<Snapshot> parts;
        for (std::uint64_t chain = 1; chain <= 2; ++chain) {
            Snapshot part = moved_to(ChainId{chain}, books_[chain - 1].snapshot());
            BlockRef& block = part.blocks.begin()->second;
            block.number += static_cast<std::uint64_t>(blocks_[chain - 1]);
            block.hash.bytes[1] = static_cast<std::byte>(blocks_[chain - 1]);
            for (MarginAccount& account : part.accounts) {
                account.qualifiers.disputed = disputed_[chain - 1];
                if (views_[chain - 1] > 0) account.views = {{"equity", I256(views_[chain - 1]), 18}};
                account.verified_at = block;
            }
            parts.push_back(std::move(part));
        }
        Snapshot both = joined(parts[0], parts[1]);
        for (std::uint64_t chain = 1; chain <= 2; ++chain)
            if (stale_[chain - 1]) both.troubles.push_back({ChainId{chain}, TroubleKind::stale, "no block"});
        return both;
    }
    const Market& market() const { return market_; }
    const Policy& policy() const { return policy_; }
    const VenueRule& rule() const { return books_[0].rule; }

private:
    std::int64_t integer(std::int64_t low, std::int64_t high) { return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1)); }
    bool one_in(std::int64_t n) { return integer(1, n) == 1; }

    std::mt19937_64 random_;
    std::array<SyntheticBook, 2> books_;
    std::array<std::int64_t, 2> blocks_{};
    std::array<std::int64_t, 2> views_{};
    std::array<bool, 2> stale_{};
    std::array<bool, 2> disputed_{};
    Market market_ = SyntheticBook::default_market();
    Policy policy_;
};

TEST(Reevaluate, gives_the_report_of_evaluate_to_the_last_bit) {
    std::size_t accounts = 0;
    std::size_t evaluated = 0;
    for (unsigned seed = 1; seed <= 8; ++seed) {
        Walk walk(seed);
        const Counting rule(walk.rule());
        const Rules counted = [&](const std::string&) { return &rule; };
        const Rules plain = [&](const std::string&) { return &walk.rule(); };
        std::shared_ptr<const Kept> kept;
        for (int i = 0; i < 40; ++i) {
            walk.step();
            const Snapshot snapshot = walk.snapshot();
            Reevaluated found = reevaluate(kept, snapshot, counted, walk.market(), walk.policy());
            ASSERT_EQ(content_hash(found.report), content_hash(evaluate(snapshot, plain, walk.market(), walk.policy()))) << "seed " << seed << " step " << i;
            kept = std::move(found.kept);
            for (const MarginAccount& account : snapshot.accounts) accounts += account.facts ? 1U : 0U;
        }
        evaluated += rule.prepared;
    }
    EXPECT_LT(evaluated, accounts * 3 / 4);
}

TEST(Reevaluate, evaluates_only_the_chain_that_has_a_new_block) {
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 1'000}}, false, "a", ""}, {1, {{"supply.BTC", 10}, {"debt.USDC", 100'000}}, false, "b", ""}};
    const Counting rule(book.rule);
    const Rules rules = [&](const std::string&) { return &rule; };
    Snapshot snapshot = joined(book.snapshot(), moved_to(ChainId{2}, book.snapshot()));
    auto kept = reevaluate(nullptr, snapshot, rules, book.market, book.policy).kept;
    EXPECT_EQ(rule.prepared, 4U);
    kept = reevaluate(kept, snapshot, rules, book.market, book.policy).kept;
    EXPECT_EQ(rule.prepared, 4U);
    ++snapshot.blocks.at(ChainId{2}).number;
    reevaluate(kept, snapshot, rules, book.market, book.policy);
    EXPECT_EQ(rule.prepared, 6U);
}

}  // namespace
}  // namespace margind::risk
