// The Morpho rule against the real contract: facts read by the adapter, each answer compared with static calls of liquidate() and
// preLiquidate(), each debt with what accrueInterest() stores; liquidations that are sent; odd states.
#include "tests/support/morpho_world.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

namespace margind::tests {
namespace {

using model::BlockRef;
using model::FactsPtr;
using model::I256;
using model::State;
using model::U256;
using nlohmann::json;

/// Of random positions; MARGIND_VENUE_CHECKS asks for more, and each is compared at 14 states.
int wanted_owners() {
    const char* given = std::getenv("MARGIND_VENUE_CHECKS");
    return given == nullptr ? 44 : std::atoi(given) / 14 + 30;
}

class MorphoVenueTruth : public testing::Test {
protected:
    MorphoWorld world_;
    int checks_ = 0;
    int liquidatable_ = 0;
    int pre_liquidatable_ = 0;

    void set_price(const char* asset, const std::string& answer) {
        world_.verb("set_price", R"({"asset": ")" + std::string(asset) + R"(", "answer": ")" + answer + R"(", "keeper": false})");
    }

    /// Our answers for `account` at `state` against the contract's at `block`.
    void compare(const MorphoAccount& account, const model::PreparedAccount& prepared, const State& state, const BlockRef& block,
                 const std::string& what) {
        const std::string name = what + ": " + account.kind + " " + account.owner.to_string() + " in " + account.market->name;
        const auto ours = prepared.native(state);
        ASSERT_TRUE(ours) << name << ": " << ours.error().message;
        const auto standing = prepared.at(state);
        ASSERT_TRUE(standing) << name << ": " << standing.error().message;
        const auto yes = world_.liquidatable(account, block);
        const auto early = world_.pre_liquidatable(account, block);
        ASSERT_TRUE(yes && early) << name;
        EXPECT_EQ(figure(*ours, "liquidatable"), I256(*yes ? 1 : 0)) << name;
        EXPECT_EQ(has_figure(*ours, "preLiquidatable") && figure(*ours, "preLiquidatable") == I256(1), *early) << name;
        EXPECT_EQ(standing->liquidatable, *yes || *early) << name;
        EXPECT_EQ(*prepared.liquidatable(state), *yes || *early) << name;
        EXPECT_EQ(figure(*ours, "borrowed"), I256::from(world_.borrowed_after_accrual(account, block))) << name;
        ++checks_;
        liquidatable_ += *yes;
        pre_liquidatable_ += *early;
    }

    /// What the verb says, and all as before.
    std::string refusal_undone(const std::string& name, const std::string& fields) {
        const std::string before = world_.verb("snapshot").at("id").get<std::string>();
        std::string refusal = world_.refusal(name, fields);
        world_.verb("revert", R"({"id": ")" + before + "\"}");
        return refusal;
    }

    void compare(const std::vector<MorphoAccount>& accounts, const FactsPtr& venue, const BlockRef& block, const std::string& what) {
        for (const MorphoAccount& account : accounts) {
            const auto prepared = world_.prepare(venue, account.facts);
            compare(account, *prepared, prepared->current(), block, what);
        }
    }

    /// Facts of an earlier block, at the prices and the time of `block`.
    void compare_old(const std::vector<MorphoAccount>& accounts, const FactsPtr& old, const FactsPtr& now, const BlockRef& first,
                     const BlockRef& block, const std::string& what) {
        for (const MorphoAccount& account : accounts) {
            const auto prepared = world_.prepare(old, account.facts);
            State state = world_.prepare(now, account.facts)->current();
            state.time_offset_s = block.time - first.time;
            compare(account, *prepared, state, block, what + ", old facts");
        }
    }
};

TEST_F(MorphoVenueTruth, equals_the_contract_over_random_positions_and_states) {
    world_.verb("morpho_set_fee", R"({"market": "WETH/USDC", "fee_raw": "150000000000000000"})");
    const std::vector<MorphoAccount> accounts = world_.random_accounts(20'260'101, wanted_owners());
    ASSERT_GT(accounts.size(), 30U);
    const BlockRef first = world_.chain.head();
    const FactsPtr venue = world_.road.venue(first);
    // The adapter's own views, read with the accounts, are the contract's.
    for (const MorphoAccount& account : accounts) {
        ASSERT_FALSE(account.views.empty());
        EXPECT_EQ(figure(account.views, "liquidatable"), I256(*world_.liquidatable(account, first) ? 1 : 0));
        EXPECT_EQ(has_figure(account.views, "preLiquidatable") && figure(account.views, "preLiquidatable") == I256(1),
                  *world_.pre_liquidatable(account, first));
    }
    compare(accounts, venue, first, "at the block");
    for (const int seconds : {1, 3'600, 86'400 * 45, 86'400 * 200}) {
        world_.verb("warp", "{\"seconds\": " + std::to_string(seconds) + "}");
        const BlockRef later = world_.chain.head();
        const FactsPtr fresh = world_.road.venue(later);
        compare(accounts, fresh, later, std::to_string(later.time - first.time) + " s later");
        compare_old(accounts, venue, fresh, first, later, std::to_string(later.time - first.time) + " s later");
    }
    const std::vector<std::map<const char*, const char*>> feeds{
        {{"ETH", "271234567891"}, {"BTC", "5623456789013"}, {"USDC", "99765433"}, {"DAI", "100234567"}},
        {{"ETH", "321234567891"}, {"BTC", "5123456789013"}, {"USDC", "100765433"}, {"DAI", "98234567"}},
        {{"ETH", "1"}, {"BTC", "3"}, {"USDC", "7"}, {"DAI", "1"}}};
    for (const auto& prices : feeds) {
        for (const auto& [asset, answer] : prices) set_price(asset, answer);
        const BlockRef later = world_.chain.head();
        const FactsPtr fresh = world_.road.venue(later);
        compare(accounts, fresh, later, std::string("ETH at ") + prices.at("ETH"));
        if (std::string(prices.at("ETH")) != "1") compare_old(accounts, venue, fresh, first, later, std::string("ETH at ") + prices.at("ETH"));
    }
    std::cout << "Morpho venue truth: " << accounts.size() << " positions, " << checks_ << " checks, " << liquidatable_ << " liquidatable, "
              << pre_liquidatable_ << " pre-liquidatable\n";
    EXPECT_GE(checks_, 14 * static_cast<int>(accounts.size()) - 1);
    EXPECT_GT(liquidatable_, 10);
    EXPECT_GT(pre_liquidatable_, 10);
}

TEST_F(MorphoVenueTruth, tells_what_liquidations_that_are_sent_do) {
    const std::vector<MorphoAccount> accounts = world_.random_accounts(7, 66);
    set_price("ETH", "291000000000");
    set_price("BTC", "5850000000000");
    const BlockRef block = world_.chain.head();
    const FactsPtr venue = world_.road.venue(block);
    std::map<std::string, int> outcomes;
    int sent = 0;
    for (const MorphoAccount& account : accounts) {
        const auto prepared = world_.prepare(venue, account.facts);
        const auto ours = *prepared->native(prepared->current());
        const bool liquidatable = figure(ours, "liquidatable") == I256(1);
        const bool early = has_figure(ours, "preLiquidatable") && figure(ours, "preLiquidatable") == I256(1);
        const std::string who = R"({"user": ")" + account.owner.to_string() + R"(", "market": ")" + account.market->name + '"';
        // A thousandth of the collateral, which nothing but health can refuse.
        const U256 part = *model::checked_div(*account.facts->u256("collateral"), U256(1'000), model::Rounding::up);
        const std::string fields =
            who + R"(, "at": )" + std::to_string(block.time) + R"(, "seized_raw": ")" + (part.is_zero() ? U256(1) : part).to_decimal() + "\"}";
        const std::string refusal = refusal_undone("morpho_liquidate", fields);
        ++sent;
        const bool healthy = refusal.find("position is healthy") != std::string::npos;
        EXPECT_EQ(healthy, !liquidatable) << account.kind << ": " << refusal;
        outcomes[refusal.empty() ? "liquidated" : healthy ? "refused as healthy" : refusal.substr(refusal.find("reverted"))]++;
        if (!has_figure(ours, "preLiquidatable")) continue;
        const std::string second = refusal_undone("morpho_pre_liquidate", fields);
        ++sent;
        EXPECT_EQ(second.empty(), early) << account.kind << ": " << second;
        outcomes[second.empty() ? "pre-liquidated" : "pre-liquidation refused"]++;
    }
    std::cout << sent << " liquidations sent:\n";
    for (const auto& [outcome, times] : outcomes) std::cout << "  " << times << " " << outcome << "\n";
    EXPECT_GT(outcomes["liquidated"], 3);
    EXPECT_GT(outcomes["refused as healthy"], 20);
    EXPECT_GT(outcomes["pre-liquidated"], 1);
}

TEST_F(MorphoVenueTruth, adjustments_are_what_the_contract_makes_of_them) {
    const std::vector<MorphoAccount> accounts = world_.random_accounts(12, 22);
    const BlockRef block = world_.chain.head();
    const FactsPtr venue = world_.road.venue(block);
    int compared = 0;
    for (const MorphoAccount& account : accounts) {
        const auto prepared = world_.prepare(venue, account.facts);
        for (const model::AdjustmentOption& option : prepared->options()) {
            const bool repay = option.verb == model::Verb::repay;
            for (const U256& amount :
                 {*model::checked_div(repay ? option.max_raw : *account.facts->u256("collateral"), U256(3), model::Rounding::up), option.max_raw}) {
                if (!repay && amount == option.max_raw) continue;
                const auto after = prepared->with({option.verb, option.asset, amount});
                ASSERT_TRUE(after) << after.error().message;
                const std::string id = world_.verb("snapshot").at("id").get<std::string>();
                const std::string what = amount == option.max_raw ? R"("amount": "max")" : R"("amount_raw": ")" + amount.to_decimal() + '"';
                world_.verb(repay ? "morpho_repay" : "morpho_supply_collateral", R"({"user": ")" + account.owner.to_string() + R"(", "market": ")" +
                                                                                     account.market->name + R"(", "at": )" +
                                                                                     std::to_string(block.time) + ", " + what + "}");
                const BlockRef then = world_.chain.head();
                ASSERT_EQ(then.time, block.time);
                const auto readings = world_.accounts_of({account.owner}, {account.kind}, world_.road.venue(then), then);
                for (const MorphoAccount& read : readings) {
                    if (read.market != account.market) continue;
                    const auto real = world_.prepare(world_.road.venue(then), read.facts);
                    EXPECT_EQ(*(*after)->native((*after)->current()), *real->native(real->current()))
                        << account.kind << ' ' << to_string(option.verb) << ' ' << amount.to_decimal();
                    ++compared;
                }
                world_.verb("revert", R"({"id": ")" + id + "\"}");
            }
        }
    }
    std::cout << compared << " adjustments compared\n";
    EXPECT_GT(compared, 30);
}

}  // namespace
}  // namespace margind::tests
