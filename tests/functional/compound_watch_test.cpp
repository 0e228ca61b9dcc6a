// Which logs tell that an account of a comet changed, against our double of it (tests/chain/contracts/compound: no package has the real one):
// over random blocks in which users do all that they can, stored facts change only where a log names their owner. It proves nothing of
// a deployed comet's logs beyond what the double has of them. Logs come by eth_getLogs without our client.
#include "tests/support/comet_world.hpp"

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

constexpr int random_blocks = 300;
constexpr std::size_t users = 5;

class CompoundWatch : public testing::Test {
protected:
    ChainProcess chain_{{"--with", "compound"}};
    CometWorld world_{chain_, "USDC"};
    std::vector<Address> owners_;
    std::mt19937_64 random_{20'261'120};
    std::map<std::string, int> done_;
    std::set<model::Bytes32> seen_;

    CompoundWatch() {
        for (std::size_t i = 0; i < users; ++i) owners_.push_back(Address::parse(chain_.ready().at("accounts").at(i).get<std::string>()).value());
    }

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

    /// One random thing that somebody does; some are refused by the contract, as for any user.
    void act() {
        const std::string who = R"({"user": )" + std::to_string(pick(users));
        const std::string part = std::to_string(1 + pick(9));
        const std::string dollars = R"(, "asset": "USDC", "amount": ")" + part + "00\"}";
        const std::string collateral =
            pick(2) == 0 ? R"(, "asset": "WETH", "amount": "0.)" + part + "\"}" : R"(, "asset": "WBTC", "amount": "0.0)" + part + "\"}";
        const std::string to = R"(, "to": )" + std::to_string(pick(users));
        const std::pair<const char*, std::string> acts[] = {
            {"compound_supply", who + dollars},
            {"compound_supply", who + collateral},
            {"compound_supply", who + collateral},
            {"compound_withdraw", who + dollars},
            {"compound_withdraw", who + dollars},
            {"compound_withdraw", who + collateral},
            {"compound_transfer", who + to + dollars},
            {"compound_transfer", who + to + collateral},
            {"compound_absorb", who + "}"},
            {"compound_absorb", who + "}"},
        };
        const auto& [name, fields] = acts[pick(std::size(acts))];
        try {
            world_.verb(name, fields);
            ++done_[name];
        } catch (const std::runtime_error&) {
            ++done_["refused"];
        }
    }

    std::set<Address> named_by_logs(const adapters::Watch& watch, std::uint64_t first, std::uint64_t last) {
        json query = json::object();
        query["address"] = watch.addresses.front().to_string();
        query["fromBlock"] = model::U256(first).to_hex();
        query["toBlock"] = model::U256(last).to_hex();
        std::set<Address> named;
        for (const json& row : chain_.rpc("eth_getLogs", json::array({query}))) {
            adapters::Log log;
            log.address = watch.addresses.front();
            for (const json& topic : row.at("topics")) log.topics.push_back(model::Bytes32::parse(topic.get<std::string>()).value());
            if (std::find(watch.topics.begin(), watch.topics.end(), log.topics.front()) == watch.topics.end()) continue;
            seen_.insert(log.topics.front());
            for (const Address& owner : world_.road.adapter().touched(log)) named.insert(owner);
        }
        return named;
    }

    /// Null for one that has nothing there.
    std::vector<FactsPtr> facts_at(const FactsPtr& venue, const BlockRef& block) {
        std::vector<FactsPtr> facts;
        for (const auto& reading : world_.road.accounts(venue, owners_, block))
            facts.push_back(reading.value().empty() ? nullptr : reading->front().facts);
        return facts;
    }

    static bool same(const FactsPtr& a, const FactsPtr& b) { return a == nullptr ? b == nullptr : b != nullptr && *a == *b; }
};

TEST_F(CompoundWatch, names_every_owner_whose_stored_state_changed) {
    BlockRef block = chain_.head();
    const FactsPtr venue = world_.road.venue(block);
    const auto watch = world_.road.adapter().watch(*venue);
    ASSERT_TRUE(watch);
    std::vector<FactsPtr> facts = facts_at(venue, block);
    int changed = 0;
    int named_in_vain = 0;
    int untouched = 0;
    for (int i = 0; i < random_blocks; ++i) {
        if (i % 10 == 9)
            world_.set_price("WETH", model::U256((300 + pick(3'700)) * 100'000'000));
        else if (i % 10 == 8)
            chain_.verb("warp", json::parse("{\"seconds\": " + std::to_string(1 + pick(864'000)) + "}"));
        else
            act();
        const BlockRef next = chain_.head();
        const std::set<Address> named = named_by_logs(*watch, block.number + 1, next.number);
        std::vector<FactsPtr> after = facts_at(venue, next);
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
    std::cout << "Compound watch: " << random_blocks << " blocks, " << changed << " accounts changed, " << named_in_vain << " named in vain, "
              << untouched << " times an account was named by none and equal\n";
    for (const auto& [act, times] : done_) std::cout << "  " << times << " " << act << "\n";
    EXPECT_GT(changed, 100);
    EXPECT_GT(untouched, 600);
    for (const char* act : {"compound_supply", "compound_withdraw", "compound_transfer", "compound_absorb"}) EXPECT_GT(done_[act], 1) << act;
    EXPECT_EQ(seen_.size(), watch->topics.size());
}

}  // namespace
}  // namespace margind::tests
