// The reported liquidation price, set exactly on the chain at the block time it was computed for: the pool then calls the
// account liquidatable, and at the price one unit nearer it does not.
#include "risk/distance.hpp"
#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string_view>

namespace margind::tests {
namespace {

using adapters::AccountReading;
using model::BlockRef;
using model::Candidate;
using model::FactsPtr;
using model::Result;
using model::State;
using model::U256;
using nlohmann::json;

constexpr int all_accounts = 200;
constexpr std::int64_t month = 30 * 86'400;

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

/// The second deployment has fewer by default: the search is the same, and the six values are compared elsewhere.
int wanted_accounts(const AaveMarket& market) {
    const bool all = market.name == std::string_view(aave_30.name) || std::getenv("MARGIND_ALL_PRICES") != nullptr;
    return all ? all_accounts : all_accounts / 5;
}

class AaveLiquidationPrice : public testing::TestWithParam<AaveMarket> {
protected:
    AaveMarket market_ = GetParam();
    ChainProcess chain_{market_.options};
    VenueRoad road_ = aave_road(chain_, market_);
    model::AssetMap assets_ = chain_assets(chain_, market_);
    std::string snapshot_;

    json verb(const char* name, std::initializer_list<std::pair<const char*, json>> fields) {
        json arguments = json::object();
        for (const auto& [field, value] : fields) arguments[field] = value;
        return chain_.verb(name, arguments);
    }

    /// Whether the pool calls `owner` liquidatable in a block at `time` with the oracle at `prices`; then all is as before.
    bool pool_liquidates(const model::Address& owner, const model::PreparedAccount& account, const std::vector<U256>& prices,
                         std::int64_t time) {
        const State present = account.current();
        std::vector<std::size_t> moved;
        for (std::size_t i = 0; i < prices.size(); ++i)
            if (prices[i] != present.prices[i]) moved.push_back(i);
        if (moved.empty()) verb("mine", {{"at", time}});
        for (std::size_t k = 0; k < moved.size(); ++k) {
            // The last one lands at `time`, the others in the seconds before.
            const auto at = time - static_cast<std::int64_t>(moved.size() - 1 - k);
            verb("set_price", {{"asset", account.inputs()[moved[k]].underlying.symbol},
                               {"answer", prices[moved[k]].to_decimal()},
                               {"keeper", false},
                               {"at", at}});
        }
        const BlockRef block = chain_.head();
        EXPECT_EQ(block.time, time);
        const auto six = aave_truth(chain_, owner, block, market_);
        snapshot_ = verb("revert", {{"id", snapshot_}}).at("id").get<std::string>();
        return !six[1].is_zero() && six[5] < U256::pow10(18);
    }
};

INSTANTIATE_TEST_SUITE_P(Aave, AaveLiquidationPrice, testing::Values(aave_30, aave_36),
                         [](const auto& market) { return std::string(market.param.name); });

TEST_P(AaveLiquidationPrice, flips_the_pool_to_the_unit) {
    const int wanted = wanted_accounts(market_);
    std::vector<model::Address> owners;
    const json made = verb(market_.random, {{"seed", 2'026}, {"count", 420}});
    for (const json& one : made.at("accounts")) owners.push_back(model::Address::parse(one.at("user").get<std::string>()).value());
    // Some that borrowed to the limit are liquidatable now: theirs is the last price that is, before the cure.
    verb("set_price", {{"asset", "ETH"}, {"answer", "285000000007"}, {"keeper", false}});
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    const std::vector<Result<AccountReading>> readings = road_.single_accounts(venue, owners, block);
    snapshot_ = verb("snapshot", {}).at("id").get<std::string>();

    int accounts = 0;
    int liquidatable_at_once = 0;
    int prices_checked = 0;
    std::set<std::pair<std::string, model::Direction>> seen;
    for (std::size_t i = 0; i < owners.size() && accounts < wanted; ++i) {
        ASSERT_TRUE(readings[i]) << readings[i].error().message;
        if (!readings[i]->facts) continue;
        const auto prepared = road_.adapter().rule().prepare(*venue, *readings[i]->facts, assets_);
        ASSERT_TRUE(prepared) << prepared.error().message;
        const model::PreparedAccount& account = **prepared;
        // Up to a month ahead, no two alike: interest counts to the second.
        const std::int64_t offset = 60 + static_cast<std::int64_t>(i * 104'729) % month;
        const auto found = risk::distances(account, market(), {}, {}, block.chain, offset);
        ASSERT_TRUE(found) << found.error().message;
        const bool any = std::any_of(found->candidates.begin(), found->candidates.end(), [](const Candidate& c) { return c.h > 0; });
        if (!any) continue;
        ++accounts;
        liquidatable_at_once += found->standing.liquidatable;
        for (std::size_t k = 0; k < found->candidates.size(); ++k) {
            const Candidate& candidate = found->candidates[k];
            // The market ray moves several prices: only where it binds.
            if (candidate.h <= 0 || (k > 0 && candidate.asset == "market")) continue;
            const auto& inputs = account.inputs();
            const std::string what = owners[i].to_string() + ", " + candidate.asset + " " + to_string(candidate.direction) + " at " +
                                     candidate.liquidation_price.to_decimal();
            std::vector<U256> prices = found->states[k].prices;
            EXPECT_TRUE(pool_liquidates(owners[i], account, prices, block.time + offset)) << what;
            ++prices_checked;
            // An asset alone: the next unit towards safety.
            const auto followed = std::find_if(inputs.begin(), inputs.end(),
                                               [&](const auto& input) { return input.underlying.symbol == candidate.asset; });
            if (followed == inputs.end()) continue;
            U256& price = prices[static_cast<std::size_t>(followed - inputs.begin())];
            ASSERT_EQ(price, candidate.liquidation_price) << what;
            price = *(candidate.direction == model::Direction::down ? model::checked_add(price, U256(1))
                                                                    : model::checked_sub(price, U256(1)));
            EXPECT_FALSE(pool_liquidates(owners[i], account, prices, block.time + offset)) << what << ", one unit nearer";
            ++prices_checked;
            seen.insert({candidate.asset, candidate.direction});
        }
    }
    std::cout << accounts << " accounts, " << liquidatable_at_once << " of them liquidatable at the present prices, "
              << prices_checked << " prices set on the chain\n";
    EXPECT_EQ(accounts, wanted);
    EXPECT_GT(liquidatable_at_once, wanted / 40);
    // Collaterals falling and debts rising.
    EXPECT_TRUE(seen.contains({"ETH", model::Direction::down}));
    EXPECT_TRUE(seen.contains({"BTC", model::Direction::down}));
    EXPECT_TRUE(seen.contains({"USDC", model::Direction::up}));
    EXPECT_TRUE(seen.contains({"DAI", model::Direction::up}));
}

}  // namespace
}  // namespace margind::tests
