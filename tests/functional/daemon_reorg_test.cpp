// Reorganisations of depth 1 to 20 on the real chain, seen through three operators while accounts act: the state equals a cold start.
#include "tests/support/fault_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

namespace margind::tests {
namespace {

using nlohmann::json;

TEST(Reorganisation, of_any_depth_under_load_leaves_the_state_of_a_cold_start) {
    std::vector<std::uint64_t> depths{1, 20, 2, 3, 5, 8, 13};
    if (std::getenv("MARGIND_ALL_DEPTHS") != nullptr) {
        depths.resize(20);
        std::iota(depths.begin(), depths.end(), 1U);
    }
    FaultWorld world;
    const std::vector<std::string> owners = world.open_accounts();
    for (std::size_t i = 0; i < FaultWorld::count; ++i) {
        FaultPlan slow;
        slow.delay = std::chrono::milliseconds(5 * i);
        world.proxy(i).set(slow);
    }
    const std::string config = config_text(world.chain(), {.owners = owners, .endpoints = world.endpoints()});
    const TempFolder folder;
    const DaemonProcess daemon(folder, config);
    daemon.await_block(world.verb("mine", json::object()));
    std::uint64_t n = 0;
    const auto act = [&] {
        const std::uint64_t draw = drawn(3, ++n);
        const std::size_t user = draw % owners.size();
        const char* asset = user == 1 ? "WBTC" : "WETH";
        if (draw % 5 == 0) return world.verb("set_price", {{"asset", "ETH"}, {"price", std::to_string(2700 + draw % 500)}});
        if (draw % 5 == 1) return world.verb("set_price", {{"asset", "BTC"}, {"price", std::to_string(53'000 + draw % 8000)}});
        return world.verb("aave_supply", {{"user", user}, {"asset", asset}, {"amount", "0.01"}});
    };
    for (const std::uint64_t depth : depths) {
        // Half of the orphaned blocks are seen before, the others come at once with the new branch.
        json block;
        for (std::uint64_t i = 0; i < depth; ++i) {
            block = act();
            if (i == depth / 2) daemon.await_block(block);
        }
        world.verb("reorg", {{"depth", depth}});
        for (int i = 0; i < 2; ++i) block = act();
        daemon.await_block(block);

        const TempFolder cold_folder;
        const DaemonProcess cold(cold_folder, config);
        cold.await_block(block);
        const Answer warm_state = daemon.get("/v1/portfolios/desk");
        const Answer cold_state = cold.get("/v1/portfolios/desk");
        EXPECT_EQ(json::diff(bare_accounts(daemon), bare_accounts(cold)), json::array()) << "depth " << depth;
        EXPECT_EQ(warm_state.body.at("unified").dump(), cold_state.body.at("unified").dump()) << "depth " << depth;
        for (const std::string& owner : owners)
            EXPECT_EQ(account_states(daemon).at("aave_v3:31337:" + owner).native, world.truth_of(owner, block.at("hash"))) << "depth " << depth;
    }
    EXPECT_EQ(world.failures(), std::vector<std::string>{});
}

}  // namespace
}  // namespace margind::tests
