// Morpho markets and positions that are found by logs, over reorganisations of a real node: what was made on an orphaned branch is
// gone, what is on the new one is found, and all of it is what a cold daemon finds.
#include "tests/support/fault_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace margind::tests {
namespace {

using nlohmann::json;

class SearchOverReorganisations : public testing::Test {
protected:
    ~SearchOverReorganisations() override { EXPECT_EQ(world_.failures(), std::vector<std::string>{}); }

    json act(const std::string& verb, const std::string& fields) {
        ++blocks_;
        return world_.verb(verb, json::parse(fields));
    }
    json position(std::size_t user, const std::string& market, const char* collateral, const char* debt) {
        act("morpho_supply_collateral", fmt::format(R"({{"user": {}, "market": "{}", "amount": "{}"}})", user, market, collateral));
        return act("morpho_borrow", fmt::format(R"({{"user": {}, "market": "{}", "amount": "{}"}})", user, market, debt));
    }
    /// A market of its own under that limit, with something to borrow; gives its id.
    std::string market(const std::string& name, const char* lltv_raw) {
        const std::string fields = fmt::format(R"({{"market": "WETH/USDC", "name": "{}", "lltv_raw": "{}"}})", name, lltv_raw);
        ++blocks_;
        const std::string id = world_.chain().verb("morpho_create_market", json::parse(fields)).at("id");
        act("morpho_supply", fmt::format(R"({{"user": 4, "market": "{}", "amount": "100000"}})", name));
        return id;
    }
    std::string id_of(const char* name) { return world_.chain().ready().at("addresses").at("morpho").at("markets").at(name).at("id"); }
    std::string key(std::size_t user, const std::string& id) const {
        return "morpho_blue:31337:" + model::Address::parse(world_.user(user)).value().to_string() + ":" + id;
    }
    std::set<std::string> found(const DaemonProcess& daemon) const {
        std::set<std::string> keys;
        for (const auto& [account, state] : account_states(daemon))
            if (account.starts_with("morpho_blue")) keys.insert(account);
        return keys;
    }
    /// The last blocks are orphaned; as many empty ones take their place.
    json orphan() { return world_.verb("reorg", {{"depth", std::exchange(blocks_, 0)}}); }

    FaultWorld world_{{"--with", "morpho"}};
    std::uint64_t blocks_ = 0;
};

TEST_F(SearchOverReorganisations, forgets_what_was_orphaned_and_finds_what_took_its_place) {
    const std::string config = config_text(world_.chain(), {.owners = {world_.user(0), world_.user(1)}, .endpoints = world_.endpoints()});
    const std::string first = key(0, id_of("WETH/USDC"));
    position(0, "WETH/USDC", "10", "20000");
    // Far enough that the search is not the readings' alone.
    world_.chain().rpc("anvil_mine", json::array({"0x190"}));
    const TempFolder folder;
    const DaemonProcess daemon(folder, config);
    world_.await_searched(daemon);
    EXPECT_EQ(found(daemon), std::set<std::string>{first});
    const auto equals_a_cold_one = [&](const json& block, const std::set<std::string>& keys, const char* when) {
        daemon.await_block(block);
        EXPECT_EQ(found(daemon), keys) << when;
        const TempFolder cold_folder;
        const DaemonProcess cold(cold_folder, config);
        world_.await_searched(cold);
        json head = json::object();
        head["hash"] = world_.chain().head().hash.to_string();
        daemon.await_block(head);
        EXPECT_EQ(json::diff(bare_accounts(daemon), bare_accounts(cold)), json::array()) << when;
    };
    blocks_ = 0;
    const std::string orphan_market = market("orphan", "625000000000000000");
    position(0, "orphan", "5", "3000");
    json block = position(1, "WBTC/WETH", "1", "10");
    daemon.await_block(block);
    EXPECT_EQ(found(daemon), (std::set<std::string>{first, key(0, orphan_market), key(1, id_of("WBTC/WETH"))}));
    // Verified where it was read in this very block, recomputed where in the one before.
    EXPECT_NE(account_states(daemon).at(key(0, orphan_market)).level, "unknown");
    EXPECT_NE(account_states(daemon).at(key(0, orphan_market)).grade, "drift");

    orphan();
    const std::string other_market = market("other", "770000000000000000");
    position(0, "other", "4", "2000");
    block = act("morpho_supply", R"({"user": 1, "market": "USDC/DAI", "amount": "500"})");
    equals_a_cold_one(block, {first, key(0, other_market), key(1, id_of("USDC/DAI"))}, "another market and other positions");

    // The same market is made again, and deeper than what is left to the readings; half of the orphaned blocks are never seen.
    blocks_ = 0;
    market("late", "385000000000000000");
    daemon.await_block(position(1, "late", "3", "1000"));
    world_.chain().rpc("anvil_mine", json::array({"0x18"}));
    blocks_ += 24;
    position(1, "WETH/USDC", "7", "1000");
    orphan();
    const std::string late = market("late", "385000000000000000");
    block = position(0, "late", "2", "100");
    equals_a_cold_one(block, {first, key(0, other_market), key(0, late), key(1, id_of("USDC/DAI"))}, "deep");

    // Nothing takes their place.
    blocks_ = 0;
    daemon.await_block(position(1, "WBTC/USDC", "1", "5000"));
    block = orphan();
    equals_a_cold_one(block, {first, key(0, other_market), key(0, late), key(1, id_of("USDC/DAI"))}, "empty");
}

}  // namespace
}  // namespace margind::tests
