// The calibration file: the shipped one, and what is refused.
#include "risk/market_file.hpp"

#include "risk/calibration/calibrate.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace margind::risk {
namespace {

using namespace model;

std::string shipped() {
    std::ifstream file(MARGIND_SOURCE_DIR "/config/market.json");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string small(const std::string& from = "", const std::string& to = "") {
    std::string text = R"({"version": "v", "provenance": "p", "market_sigma_24h": 0.03, "market_range": 0.18, "assets":
        {"ETH": {"sigma_24h": 0.04, "beta": 1.2, "residual_24h": 0.01, "range": 0.18, "days": 700}}})";
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return text;
}

TEST(MarketFile, the_shipped_one_is_complete_and_plausible) {
    const Result<Market> market = parse_market(shipped());
    ASSERT_TRUE(market) << market.error().message;
    EXPECT_FALSE(market->provenance.empty());
    EXPECT_GT(market->market_sigma_24h, 0.01);
    for (const char* asset : {"BTC", "ETH", "SOL", "LINK", "AVAX", "ARB", "OP", "USDC", "USDT", "DAI"})
        EXPECT_TRUE(market->assets.contains({asset})) << asset;
    const AssetCalibration btc = market->assets.at({"BTC"});
    const AssetCalibration eth = market->assets.at({"ETH"});
    // The factor is their mean over the same days, so their betas to it sum to 2.
    EXPECT_NEAR(btc.beta + eth.beta, 2, 1e-5);
    for (const auto& [asset, row] : market->assets) {
        EXPECT_GT(row.sigma_24h, 0) << asset.symbol;
        EXPECT_LT(row.sigma_24h, 0.1) << asset.symbol;
        EXPECT_LE(row.residual_24h, 1.2 * row.sigma_24h) << asset.symbol;
        EXPECT_GE(row.range, 0.05) << asset.symbol;
    }
    EXPECT_EQ(market->assets.at({"USDC"}).beta, 0);
    EXPECT_TRUE(market->assets.at({"USDC"}).pegged);
    EXPECT_EQ(market->assets.at({"wstETH"}).claim, "ETH");
    EXPECT_EQ(market->past.moves().end_hours.size(), 2000U);
    EXPECT_EQ(market->past.moves().stressed_end_hours.size(), 250U);
    EXPECT_EQ(market->stress_days.size(), 6U);
    EXPECT_EQ(market->assets.at({"USDT"}).days, 0) << "a proxy says that it has no history";
}

TEST(MarketFile, comes_back_from_its_text) {
    const Result<Market> market = parse_market(shipped());
    ASSERT_TRUE(market) << market.error().message;
    const std::string text = calibration::market_text(*market);
    EXPECT_EQ(text, shipped());
}

TEST(MarketFile, refuses_a_past_that_does_not_fit) {
    const auto with = [](const std::string& past) { return small("}}}", "}}, \"past\": " + past + "}"); };
    const std::string rest = R"(, "stressed_end_hours": [], "stressed_factor": [], "stressed": {}})";
    ASSERT_TRUE(parse_market(with(R"({"end_hours": [1, 14], "assets": {"ETH": {"returns": [5, null], "sigmas": [4000, null]}})" + rest)));
    const struct {
        const char* past;
        const char* named;
    } cases[] = {
        {R"({"end_hours": [14, 14], "assets": {})", "past.end_hours[1]: 14"},
        {R"({"end_hours": [1, 14], "assets": {"ETH": {"returns": [5], "sigmas": []}})", "past.assets.ETH.returns: 1 values for 2"},
        {R"({"end_hours": [1], "assets": {"ETH": {"returns": [5], "sigmas": [0]}})", "past.assets.ETH.sigmas[0]: 0"},
        {R"({"end_hours": [1], "assets": {"ETH": {"returns": [9999999], "sigmas": []}})", "9999999"},
    };
    for (const auto& c : cases) {
        const Result<Market> market = parse_market(with(c.past + rest));
        ASSERT_FALSE(market) << c.past;
        EXPECT_NE(market.error().message.find(c.named), std::string::npos) << market.error().message;
    }
}

TEST(MarketFile, reads_every_field) {
    const Result<Market> market = parse_market(small());
    ASSERT_TRUE(market) << market.error().message;
    EXPECT_EQ(market->version, "v");
    EXPECT_EQ(market->market_range, 0.18);
    const AssetCalibration eth{0.04, 1.2, 0.01, 0.18, 700};
    EXPECT_EQ(market->assets.at({"ETH"}), eth);
}

TEST(MarketFile, refuses_and_names_what_is_wrong) {
    const struct {
        const char* from;
        const char* to;
        const char* named;
    } cases[] = {
        {"0.04", "-0.04", "assets.ETH.sigma_24h: -0.04"},
        {"0.04", "\"0.04\"", "sigma_24h"},
        {"0.04", "1e400", "1e400"},
        {"1.2", "-11", "assets.ETH.beta: -11"},
        {"700", "-1", "assets.ETH.days: -1"},
        {"\"days\": 700", "\"days\": 700, \"more\": 1", "more"},
        {", \"days\": 700", "", "days"},
        {"\"v\"", "\"\"", "version"},
        {"\"ETH\"", "\"market\"", "market"},
        {"0.03", "11", "market_sigma_24h: 11"},
        {"}}}", "}}", ""},
    };
    for (const auto& c : cases) {
        const Result<Market> market = parse_market(small(c.from, c.to));
        ASSERT_FALSE(market) << c.to;
        EXPECT_NE(market.error().message.find(c.named), std::string::npos) << market.error().message;
    }
}

}  // namespace
}  // namespace margind::risk
