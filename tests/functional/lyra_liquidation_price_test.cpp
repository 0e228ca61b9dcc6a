// The reported liquidation price, set on the chain to the last of its 18 decimals at the block time it was computed for: the token then
// calls the position liquidatable and the market liquidates it, and at the price one unit nearer neither does.
// MARGIND_PRICE_CHECKS: over how many positions, 20 by default.
#include "risk/distance.hpp"
#include "tests/support/lyra_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

namespace margind::tests {
namespace {

using model::BlockRef;
using model::U256;
using nlohmann::json;

int wanted_positions() {
    const char* text = std::getenv("MARGIND_PRICE_CHECKS");
    return text == nullptr ? 20 : std::atoi(text);
}

model::Market market_of_test() {
    model::Market market;
    market.market_sigma_24h = 0.03;
    market.market_range = 0.18;
    market.assets[{"ETH"}] = {0.035, 1.1, 0.012, 0.18, 1'000};
    market.assets[{"BTC"}] = {0.028, 0.9, 0.01, 0.18, 1'000};
    return market;
}

class LyraLiquidationPrice : public testing::Test {
protected:
    LyraWorld world_;
    std::string snapshot_;
    int sent_ = 0;
    std::map<std::string, int> other_refusals_;

    /// The contracts' answer in a block at `time` with the spot at `price`; then all is as before.
    bool liquidates(const LyraPosition& position, const U256& price, std::int64_t time) {
        world_.verb("lyra_spot", {{"market", position.market}, {"price_raw", price.to_decimal()}, {"at", time}});
        const BlockRef block = world_.chain().head();
        EXPECT_EQ(block.time, time);
        EXPECT_EQ(world_.spot(position.market, block), price);
        const bool can = world_.can_liquidate(position, price, block);
        const std::string refusal = world_.liquidation_refusal(position, block);
        ++sent_;
        if (!can) {
            EXPECT_EQ(refusal, not_liquidatable()) << position.sub();
        } else if (!refusal.empty()) {
            EXPECT_NE(refusal, not_liquidatable()) << position.sub();
            ++other_refusals_[refusal];
        }
        snapshot_ = world_.verb("revert", {{"id", snapshot_}}).at("id").get<std::string>();
        return can;
    }
};

TEST_F(LyraLiquidationPrice, flips_the_contracts_to_the_unit) {
    const int wanted = wanted_positions();
    const std::vector<model::Address> owners = world_.make_accounts(2'026, wanted * 5 / 2 + 20);
    // The markets' exact feeds are set up once; some positions are then liquidatable at once.
    world_.verb("lyra_spot", {{"market", "BTC"}, {"price_raw", "60000000000000000000001"}});
    world_.verb("lyra_spot", {{"market", "ETH"}, {"price_raw", "3060000000000000000007"}});
    const BlockRef block = world_.chain().head();
    const model::FactsPtr venue = world_.road().venue(block);
    const std::vector<HeldOption> held = world_.read(venue, owners, block);
    snapshot_ = world_.verb("snapshot", {}).at("id").get<std::string>();
    int positions = 0;
    int at_once = 0;
    int prices = 0;
    std::set<std::pair<std::uint64_t, model::Direction>> seen;
    for (std::size_t i = 0; i < held.size() && positions < wanted; ++i) {
        const LyraPosition& position = held[i].position;
        const auto account = world_.prepare(venue, held[i].facts);
        ASSERT_NE(account, nullptr);
        // Up to a week ahead, no two alike: the minimum falls with time.
        const std::int64_t offset = 60 + static_cast<std::int64_t>(i * 104'729) % 604'800;
        const auto found = risk::distances(*account, market_of_test(), {}, {}, block.chain, offset);
        ASSERT_TRUE(found) << found.error().message;
        if (found->candidates.empty() || found->candidates.front().h <= 0) continue;
        ++positions;
        at_once += found->standing.liquidatable;
        for (const model::Candidate& candidate : found->candidates) {
            const std::string what = position.sub() + " type " + std::to_string(position.type) + " at " + candidate.liquidation_price.to_decimal();
            EXPECT_TRUE(liquidates(position, candidate.liquidation_price, block.time + offset)) << what;
            const U256 nearer = *(candidate.direction == model::Direction::down ? checked_add(candidate.liquidation_price, U256(1))
                                                                                : checked_sub(candidate.liquidation_price, U256(1)));
            EXPECT_FALSE(liquidates(position, nearer, block.time + offset)) << what << ", one unit nearer";
            prices += 2;
            seen.insert({position.type, candidate.direction});
        }
    }
    std::cout << positions << " positions, " << at_once << " liquidatable at the present price, " << prices << " prices set on the chain, " << sent_
              << " liquidations asked";
    for (const auto& [selector, count] : other_refusals_) std::cout << ", " << count << " refused with " << selector;
    std::cout << "\n";
    EXPECT_EQ(positions, wanted);
    EXPECT_TRUE(seen.contains({2, model::Direction::up}));
    EXPECT_TRUE(seen.contains({3, model::Direction::up}));
    EXPECT_TRUE(seen.contains({4, model::Direction::down}));
}

}  // namespace
}  // namespace margind::tests
