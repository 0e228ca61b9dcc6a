// The reported liquidation price of a Morpho position, put into the oracle's place at the block time it was computed for: liquidate()
// or preLiquidate() then goes past its health check, and at the price one unit nearer it does not.
#include "risk/distance.hpp"
#include "tests/support/morpho_world.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

namespace margind::tests {
namespace {

using model::BlockRef;
using model::FactsPtr;
using model::U256;

int wanted_accounts() { return std::getenv("MARGIND_VENUE_CHECKS") == nullptr ? 40 : 200; }

model::Market market() {
    model::Market market;
    market.market_sigma_24h = 0.03;
    market.market_range = 0.18;
    market.assets[{"ETH"}] = {0.035, 1.1, 0.012, 0.18, 1'000};
    market.assets[{"BTC"}] = {0.028, 0.9, 0.01, 0.18, 1'000};
    market.assets[{"USDC"}] = {0.001, 0.0, 0.001, 0.05, 1'000};
    market.assets[{"DAI"}] = {0.001, 0.0, 0.001, 0.05, 1'000};
    return market;
}

class MorphoLiquidationPrice : public testing::Test {
protected:
    MorphoWorld world_;

    model::Address oracle_of_pre_liquidation(const MorphoMarket& market) const {
        const auto words = words_of(world_.chain.call(market.pre_liquidation, call_data("preLiquidationParams()")));
        const std::string digits = words.at(5).to_hex().substr(2);
        return model::Address::parse("0x" + std::string(40 - digits.size(), '0') + digits).value();
    }

    /// An oracle's price where the loan token stands at `loan` against itself now: floor(price x 10^18 / loan).
    static U256 in_loan(const U256& price, const U256& loan) { return *model::mul_div(price, U256::pow10(18), loan, model::Rounding::down); }

    /// Whether a contract lets the account be liquidated in a block at `time` with the oracles at `prices`; then all is as before.
    bool contract_liquidates(const MorphoAccount& account, const std::vector<U256>& prices, std::int64_t time) {
        const std::string before = world_.verb("snapshot").at("id").get<std::string>();
        world_.replace_oracle(account.market->oracle, in_loan(prices[1], prices[0]));
        if (prices.size() > 2) world_.replace_oracle(oracle_of_pre_liquidation(*account.market), in_loan(prices[2], prices[0]));
        world_.verb("mine", "{\"at\": " + std::to_string(time) + "}");
        const BlockRef block = world_.chain.head();
        EXPECT_EQ(block.time, time);
        const bool found = world_.liquidatable(account, block).value() || world_.pre_liquidatable(account, block).value();
        world_.verb("revert", R"({"id": ")" + before + "\"}");
        return found;
    }
};

TEST_F(MorphoLiquidationPrice, flips_the_contract_to_the_unit) {
    const int wanted = wanted_accounts();
    const std::vector<MorphoAccount> all = world_.random_accounts(2'026, wanted * 2);
    const BlockRef block = world_.chain.head();
    const FactsPtr venue = world_.road.venue(block);
    int accounts = 0;
    int early = 0;
    int prices_checked = 0;
    std::set<std::pair<std::string, model::Direction>> seen;
    for (std::size_t i = 0; i < all.size() && accounts < wanted; ++i) {
        const auto prepared = world_.prepare(venue, all[i].facts);
        const std::int64_t offset = 60 + static_cast<std::int64_t>(i * 104'729) % (30 * 86'400);
        const auto found = risk::distances(*prepared, market(), {}, {}, block.chain, offset);
        ASSERT_TRUE(found) << found.error().message;
        if (std::none_of(found->candidates.begin(), found->candidates.end(), [](const auto& one) { return one.h > 0; })) continue;
        ++accounts;
        early += has_figure(*prepared->native(prepared->current()), "preLltv");
        for (std::size_t k = 0; k < found->candidates.size(); ++k) {
            const model::Candidate& candidate = found->candidates[k];
            if (candidate.h <= 0) continue;
            const std::string what = all[i].kind + " in " + all[i].market->name + ", " + candidate.asset + " " + to_string(candidate.direction) +
                                     " at " + candidate.liquidation_price.to_decimal();
            std::vector<U256> prices = found->states[k].prices;
            EXPECT_TRUE(contract_liquidates(all[i], prices, block.time + offset)) << what;
            ++prices_checked;
            if (candidate.asset == "market") continue;
            // The next unit towards safety, of every oracle that follows.
            const auto& inputs = prepared->inputs();
            for (std::size_t n = 0; n < inputs.size(); ++n) {
                if (inputs[n].underlying.symbol != candidate.asset) continue;
                prices[n] = *(candidate.direction == model::Direction::down ? model::checked_add(prices[n], U256(1))
                                                                            : model::checked_sub(prices[n], U256(1)));
            }
            EXPECT_FALSE(contract_liquidates(all[i], prices, block.time + offset)) << what << ", one unit nearer";
            ++prices_checked;
            seen.insert({candidate.asset, candidate.direction});
        }
    }
    std::cout << accounts << " positions, " << early << " of them with a pre-liquidation contract, " << prices_checked
              << " prices set on the chain\n";
    EXPECT_EQ(accounts, wanted);
    EXPECT_GT(early, 3);
    // Collaterals falling and loan tokens rising.
    EXPECT_TRUE(seen.contains({"ETH", model::Direction::down}));
    EXPECT_TRUE(seen.contains({"BTC", model::Direction::down}));
    EXPECT_TRUE(seen.contains({"ETH", model::Direction::up}));
    EXPECT_TRUE(seen.contains({"USDC", model::Direction::up}));
}

TEST_F(MorphoLiquidationPrice, is_right_or_unknown_where_the_oracle_is_odd) {
    const std::vector<MorphoAccount> all = world_.random_accounts(9, 33);
    const model::Address owner = model::Address::parse(world_.chain.ready().at("roles").at("maker").get<std::string>()).value();
    std::vector<model::Address> owners{owner};
    for (const MorphoAccount& account : all) owners.push_back(account.owner);
    // A price of 0: what is owed may be liquidated, for nothing.
    for (const MorphoMarket& one : world_.markets) world_.replace_oracle(one.oracle, U256{});
    world_.verb("mine");
    BlockRef block = world_.chain.head();
    FactsPtr venue = world_.road.venue(block);
    int owing = 0;
    for (const MorphoAccount& account : all) {
        const auto prepared = world_.prepare(venue, account.facts);
        const bool owes = !account.facts->u256("borrow_shares")->is_zero();
        owing += owes;
        EXPECT_EQ(*prepared->liquidatable(prepared->current()), owes) << account.kind;
        EXPECT_EQ(world_.liquidatable(account, block), owes) << account.kind;
    }
    EXPECT_GT(owing, 10);
    // Views at a price of 0, by the adapter: the question reverts over the amount and not over a product.
    for (const auto& reading : world_.road.accounts(venue, owners, block)) {
        ASSERT_TRUE(reading) << reading.error().message;
        for (const adapters::AccountReading& account : *reading) {
            ASSERT_TRUE(account.facts) << account.reason;
            EXPECT_EQ(figure(account.views, "liquidatable") == model::I256(1), !account.facts->u256("borrow_shares")->is_zero());
        }
    }
    // No price: who owes is unknown, with the oracle's words; a lender is known.
    for (const MorphoMarket& one : world_.markets) world_.replace_oracle(one.oracle, std::nullopt);
    world_.verb("mine");
    block = world_.chain.head();
    venue = world_.road.venue(block);
    int unknown = 0;
    int known = 0;
    for (const MorphoAccount& account : all) {
        const auto prepared = world_.road.adapter().rule().prepare(*venue, *account.facts, world_.assets);
        const bool lender = account.facts->u256("borrow_shares")->is_zero() && account.facts->u256("collateral")->is_zero();
        EXPECT_EQ(prepared.has_value(), lender) << account.kind;
        (lender ? known : unknown) += 1;
        if (prepared) continue;
        EXPECT_TRUE(prepared.error().message.starts_with("price_refused")) << prepared.error().message;
    }
    EXPECT_GT(unknown, 10);
    EXPECT_GT(known, 1);
    for (const auto& reading : world_.road.accounts(venue, owners, block)) {
        ASSERT_TRUE(reading) << reading.error().message;
        for (const adapters::AccountReading& account : *reading) {
            if (account.facts) continue;
            EXPECT_TRUE(account.reason.starts_with("price_refused")) << account.reason;
        }
    }
}

}  // namespace
}  // namespace margind::tests
