// Which logs tell that a Morpho position changed, against the real contract: over random blocks in which users do all that they can,
// stored facts change only where a log names their owner. Logs come by eth_getLogs without our client.
#include "tests/support/morpho_world.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using nlohmann::json;

constexpr int random_blocks = 240;
constexpr std::size_t users = 5;

class MorphoWatch : public testing::Test {
protected:
    MorphoWorld world_;
    std::vector<Address> owners_;
    std::mt19937_64 random_{20'261'120};
    std::map<std::string, int> done_;
    std::set<model::Bytes32> seen_;

    MorphoWatch() {
        for (std::size_t i = 0; i < users; ++i)
            owners_.push_back(Address::parse(world_.chain.ready().at("accounts").at(i).get<std::string>()).value());
    }

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

    /// One random thing that somebody does; some are refused by the contract, as for any user.
    void act() {
        const char* market = pick(2) == 0 ? "WETH/USDC" : "WBTC/USDC";
        const bool ether = std::string_view(market) == "WETH/USDC";
        const std::string who = R"({"user": )" + std::to_string(pick(users)) + R"(, "market": ")" + market + "\"";
        const std::string part = std::to_string(1 + pick(900));
        const std::string collateral =
            R"(, "amount": ")" + (ether ? "0." + std::string(3 - part.size(), '0') + part : "0.0" + std::string(3 - part.size(), '0') + part) + "\"}";
        const std::string dollars = R"(, "amount": ")" + part + "\"}";
        const std::pair<const char*, std::string> acts[] = {
            {"morpho_supply", who + dollars},
            {"morpho_supply_collateral", who + collateral},
            {"morpho_supply_collateral", who + collateral},
            {"morpho_withdraw_collateral", who + collateral},
            {"morpho_borrow", who + dollars},
            {"morpho_borrow", who + dollars},
            {"morpho_borrow", who + dollars},
            {"morpho_repay", who + (pick(2) == 0 ? R"(, "amount": "max"})" : R"(, "amount": "1.5"})")},
            {"morpho_repay", who + R"(, "amount": "2.25"})"},
            {"morpho_authorize", who + (pick(2) == 0 ? "}" : R"(, "enabled": false})")},
            {"morpho_liquidate", who + R"(, "seized_raw": "1000"})"},
            {"morpho_liquidate", who + R"(, "seized_raw": "1000"})"},
            {"morpho_pre_liquidate", who + R"(, "seized_raw": "1000"})"},
        };
        const auto& [name, fields] = acts[pick(std::size(acts))];
        if (world_.refusal(name, fields).empty()) done_[name]++;
    }

    std::set<Address> named_by_logs(const adapters::Watch& watch, std::uint64_t first, std::uint64_t last) {
        json query = json::object();
        query["address"] = watch.addresses.front().to_string();
        query["fromBlock"] = model::U256(first).to_hex();
        query["toBlock"] = model::U256(last).to_hex();
        std::set<Address> named;
        for (const json& row : world_.chain.rpc("eth_getLogs", json::array({query}))) {
            adapters::Log log;
            log.address = watch.addresses.front();
            for (const json& topic : row.at("topics")) log.topics.push_back(model::Bytes32::parse(topic.get<std::string>()).value());
            const bool watched = std::find(watch.topics.begin(), watch.topics.end(), log.topics.front()) != watch.topics.end();
            if (!watched) continue;
            seen_.insert(log.topics.front());
            for (const Address& owner : world_.road.adapter().touched(log)) named.insert(owner);
        }
        return named;
    }

    std::vector<std::map<std::string, FactsPtr>> facts_at(const FactsPtr& venue, const BlockRef& block) {
        std::vector<std::map<std::string, FactsPtr>> facts;
        for (const auto& reading : world_.road.accounts(venue, owners_, block)) {
            facts.emplace_back();
            for (const adapters::AccountReading& account : reading.value()) facts.back()[account.sub] = account.facts;
        }
        return facts;
    }

    static bool same(const std::map<std::string, FactsPtr>& a, const std::map<std::string, FactsPtr>& b) {
        if (a.size() != b.size()) return false;
        for (const auto& [sub, facts] : a)
            if (!b.contains(sub) || !(*b.at(sub) == *facts)) return false;
        return true;
    }
};

TEST_F(MorphoWatch, names_every_owner_whose_stored_state_changed) {
    BlockRef block = world_.chain.head();
    const FactsPtr venue = world_.road.venue(block);
    const auto watch = world_.road.adapter().watch(*venue);
    EXPECT_TRUE(facts_at(venue, block)[0].empty());
    ASSERT_TRUE(watch);
    auto facts = facts_at(venue, block);
    int changed = 0;
    int named_in_vain = 0;
    int untouched = 0;
    for (int i = 0; i < random_blocks; ++i) {
        if (i % 8 == 7)
            world_.verb("set_price", R"({"asset": "ETH", "price": ")" + std::to_string(300 + pick(3'700)) + R"(", "keeper": false})");
        else if (i % 8 == 6)
            world_.verb("warp", "{\"seconds\": " + std::to_string(1 + pick(864'000)) + "}");
        else
            act();
        const BlockRef next = world_.chain.head();
        const std::set<Address> named = named_by_logs(*watch, block.number + 1, next.number);
        auto after = facts_at(venue, next);
        for (std::size_t u = 0; u < users; ++u) {
            const bool is_named = named.contains(owners_[u]);
            const bool is_changed = !same(facts[u], after[u]);
            EXPECT_TRUE(is_named || !is_changed) << "block " << next.number << ": user " << u << " changed, and no log names it";
            changed += is_changed;
            named_in_vain += is_named && !is_changed;
            untouched += !is_named;
        }
        facts = std::move(after);
        block = next;
    }
    std::cout << "Morpho watch: " << random_blocks << " blocks, " << changed << " accounts changed, " << named_in_vain << " named in vain, "
              << untouched << " times an account was named by none and equal\n";
    for (const auto& [act, times] : done_) std::cout << "  " << times << " " << act << "\n";
    // The views alone, told of none of the accounts, name all there are.
    std::vector<adapters::AccountReadings> none(users);
    const auto views = world_.road.views(venue, owners_, none, block);
    for (std::size_t u = 0; u < users; ++u) {
        ASSERT_TRUE(views[u]) << views[u].error().message;
        EXPECT_EQ(views[u]->size(), facts[u].size());
    }
    EXPECT_GT(changed, 50);
    EXPECT_GT(untouched, 400);
    // Withdrawals of lenders alone are not among the verbs.
    EXPECT_GE(seen_.size() + 1, watch->topics.size());
}

}  // namespace
}  // namespace margind::tests
