// The synthetic accounts of the backtest stand where their venues' formulas put them.
#include "daemon/backtest_venues.hpp"

#include "risk/distance.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace margind::daemon {
namespace {

using risk::backtest::AlarmVenue;
using risk::backtest::Opening;

const AlarmVenue& venue(const std::string& name) {
    static const std::vector<AlarmVenue> all = backtest_venues();
    for (const AlarmVenue& one : all)
        if (one.name == name) return one;
    throw std::logic_error("no venue " + name);
}

TEST(BacktestVenues, are_liquidated_where_their_formulas_say) {
    // By hand, of the entry price: Hyperliquid keeps 1 / (2 x maximum leverage) of the value (BTC 40x, ETH 25x, SOL 20x), GMX .5 % of the size (SOL
    // 1 %) beside .06 % for the close, Perp V2 6.25 % of the value, Aave what the threshold leaves (WBTC and USDC .78, WETH .83).
    const struct {
        const char* venue;
        const char* asset;
        double entry;
        double leverage;
        bool is_long;
        double factor;
    } cases[] = {
        {"hyperliquid", "BTC", 93'661.2, 10, true, 0.9 / (1 - 1.0 / 80)},
        {"hyperliquid", "BTC", 93'661.2, 10, false, 1.1 / (1 + 1.0 / 80)},
        {"hyperliquid", "ETH", 2'500, 3, true, (1 - 1.0 / 3) / (1 - 1.0 / 50)},
        {"hyperliquid", "SOL", 150, 5, false, 1.2 / (1 + 1.0 / 40)},
        {"gmx_v2", "BTC", 93'661.2, 10, true, 1 - (0.1 - 0.0006 - 0.005)},
        {"gmx_v2", "ETH", 2'500, 5, false, 1 + (0.2 - 0.0006 - 0.005)},
        {"gmx_v2", "SOL", 150, 10, true, 1 - (0.1 - 0.0006 - 0.01)},
        {"perp_v2", "BTC", 93'661.2, 5, true, 0.8 / (1 - 0.0625)},
        {"perp_v2", "ETH", 2'500, 3, false, (1 + 1.0 / 3) / (1 + 0.0625)},
        {"aave_v3", "BTC", 93'661.2, 3, true, 2.0 / 3 / 0.78},
        {"aave_v3", "ETH", 2'500, 5, true, 0.8 / 0.83},
    };
    model::Market market;
    for (const char* asset : {"BTC", "ETH", "SOL"}) market.assets[{asset}].sigma_24h = 0.03;
    for (const auto& c : cases) {
        SCOPED_TRACE(std::string(c.venue) + ' ' + c.asset);
        const auto account = venue(c.venue).open(Opening{{c.asset}, c.entry, c.leverage, c.is_long});
        ASSERT_TRUE(account) << account.error().message;
        ASSERT_NE(*account, nullptr);
        const auto found = risk::distances(**account, market, {}, {}, model::ChainId{1});
        ASSERT_TRUE(found) << found.error().message;
        ASSERT_EQ(found->candidates.size(), 1U);
        const model::Candidate& candidate = found->candidates[0];
        EXPECT_EQ(candidate.asset, c.asset);
        EXPECT_EQ(candidate.direction, c.is_long ? model::Direction::down : model::Direction::up);
        EXPECT_NEAR(candidate.liquidation_price.to_double() / candidate.price.to_double() / c.factor, 1, 1e-4);
    }
}

TEST(BacktestVenues, open_no_more_than_they_would) {
    // Of 100: WBTC's loan to value is 73 %, WETH's 80.5 %; Perp V2 asks for 10 %.
    const std::map<std::string, double> too_much{{"aave_v3", 5}, {"perp_v2", 11}, {"gmx_v2", 250}};
    for (const auto& [name, leverage] : too_much) {
        const auto account = venue(name).open(Opening{{"BTC"}, 50'000, leverage, true});
        ASSERT_TRUE(account) << name << ": " << account.error().message;
        EXPECT_EQ(*account, nullptr) << name;
    }
    const auto unlisted = venue("aave_v3").open(Opening{{"SOL"}, 150, 2, true});
    ASSERT_TRUE(unlisted);
    EXPECT_EQ(*unlisted, nullptr);
}

}  // namespace
}  // namespace margind::daemon
