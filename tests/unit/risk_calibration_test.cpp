// A calibration from made-up histories: what is refused, what comes out, and that it comes out the same.
#include "risk/calibration/calibrate.hpp"

#include "risk/calibration/history.hpp"
#include "risk/calibration/sources.hpp"
#include "risk/market_file.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace margind::risk::calibration {
namespace {

using model::AssetId;
using model::Market;
using model::Result;

/// 2022-01-01.
constexpr std::int64_t start = 1'640'995'200;
constexpr int days = 120;

double wave(const std::string& of, std::int64_t time) {
    double phase = 0;
    for (const char c : of) phase = std::fmod(phase * 31 + static_cast<double>(c), 97);
    const double t = static_cast<double>(time - start) / 86'400;
    return 100 * std::exp(0.2 * std::sin(t / 3 + phase) + 0.05 * std::sin(t * 7 + phase));
}

std::string bars(const std::string& name, std::int64_t length, std::int64_t from, int count_days) {
    std::string text = "ts,open,high,low,close,volume\n";
    for (std::int64_t open = from; open < from + count_days * day_s; open += length) {
        const double close = wave(name, open + length);
        text += fmt::format("{},{:.6f},{:.6f},{:.6f},{:.6f},{}\n", open, close, close, close, close, 10);
    }
    return text;
}

/// Every file that is asked for: four months of all assets, DEX prices and staking ratios of the named days.
DataFiles made_up() {
    DataFiles files;
    std::map<std::string, std::string> daily;
    for (const AssetSource& source : asset_sources())
        for (const std::string_view entry : source.histories) {
            const std::size_t colon = entry.find(':');
            const std::string name(entry.substr(0, colon));
            if (colon == std::string_view::npos) {
                files[name] = {bars(name, 3600, start, days), "ab"};
                continue;
            }
            std::string& text = daily.try_emplace(name, "date,base,open,high,low,close,volume\n").first->second;
            const std::string base(entry.substr(colon + 1));
            for (int day = 0; day < days; ++day) {
                const double close = wave(base, start + (day + 1) * day_s);
                text += fmt::format("{},{},{},{},{},{:.6f},7\n", date_text(start + day * day_s), base, close, close, close, close);
            }
        }
    for (const auto& [name, text] : daily) files[name] = {text, "cd"};
    for (const AssetSource& source : asset_sources()) {
        if (!source.perp.empty())
            files[std::string(source.perp)] = {bars(std::string(source.perp), source.perp.ends_with("30m") ? 1800 : 3600, start, days), "ef"};
        if (source.funding.empty()) continue;
        std::string text = "ts,funding_rate_per_interval\n";
        for (int i = 0; i < days * 3; ++i) text += fmt::format("{},{:.8f}\n", start + i * 28'800, 0.0001 * (i % 11 - 3));
        files[std::string(source.funding)] = {text, "01"};
    }
    files[std::string(depeg_file)] = {"ts,close\n1678338000,1.003\n", "02"};
    files[std::string(staking_file)] = {"ts,steth_usd_close,steth_eth_ratio_close\n", "03"};
    return files;
}

TEST(Bars, refuses_and_names_file_line_and_value) {
    const struct {
        const char* text;
        const char* named;
    } cases[] = {
        {"ts,open,high,low,close,volume\n3600,1,1,1,abc,1\n", "a_1h.csv.gz:2: close: \"abc\" is not a positive number"},
        {"ts,open,high,low,close,volume\n3600,1,1,1,0,1\n", "a_1h.csv.gz:2: close: \"0\""},
        {"ts,open,high,low,close,volume\n3600,1,1,1,-2,1\n", "\"-2\""},
        {"ts,open,high,low,close,volume\n3600,1,1,1,nan,1\n", "\"nan\""},
        {"ts,open,high,low,close,volume\n3600,1,1,1,1,1\n\n3600,1,1,1,1,1\n", "a_1h.csv.gz:4: its time does not rise"},
        {"ts,open,high,low,close,volume\nx,1,1,1,1,1\n", "ts: \"x\""},
        {"ts,open,high,low,close,volume\n3600,1,1,1,1,-1\n", "volume: \"-1\""},
        {"ts,open,high,low,close,volume\n3600,1,1,1\n", "a_1h.csv.gz:2: 4 cells"},
        {"ts,open,high,low,price,volume\n", "no column \"close\""},
        {"", "an empty file"},
    };
    for (const auto& c : cases) {
        const Result<Bars> read = read_bars({{"a_1h", {c.text, ""}}}, "a_1h");
        ASSERT_FALSE(read) << c.text;
        EXPECT_NE(read.error().message.find(c.named), std::string::npos) << read.error().message;
    }
    EXPECT_FALSE(read_bars({}, "a_1h"));
    EXPECT_FALSE(read_bars({{"prices", {"ts,close,volume\n", ""}}}, "prices")) << "no length in the name";
    const Result<Bars> dated = read_bars({{"d", {"date,base,close,volume\n2025-02-30,BTC,1,1\n", ""}}}, "d", "BTC");
    ASSERT_FALSE(dated);
    EXPECT_NE(dated.error().message.find("2025-02-30"), std::string::npos) << dated.error().message;
}

TEST(Bars, end_when_they_close) {
    const Result<Bars> hours = read_bars({{"a_1h", {"ts,close,volume\n3600,5,2\n", ""}}}, "a_1h");
    ASSERT_TRUE(hours) << hours.error().message;
    EXPECT_EQ(hours->closes, (Series{{7200, 5.0}}));
    EXPECT_EQ(hours->turnover, (Series{{7200, 10.0}}));
    const Result<Bars> some = read_bars({{"d", {"date,base,close,volume\n1970-01-02,ETH,3,1\n1970-01-02,BTC,5,1\r\n", ""}}}, "d", "BTC");
    ASSERT_TRUE(some) << some.error().message;
    EXPECT_EQ(some->closes, (Series{{2 * day_s, 5.0}}));
}

TEST(Sigma, is_known_by_the_last_day_before) {
    DailyReturns returns;
    for (int day = 0; day < 70; ++day) returns[day] = day < 60 ? 0.02 : 0.04;
    const Result<Sigma> sigma = sigma_of(returns, "X");
    ASSERT_TRUE(sigma) << sigma.error().message;
    // After the first day of 4 %: sqrt(.97 x .02^2 + .03 x .04^2).
    EXPECT_NEAR(sigma->after.at(60), std::sqrt(0.97 * 0.0004 + 0.03 * 0.0016), 1e-15);
    EXPECT_EQ(sigma->at(61 * day_s), sigma->after.at(60));
    EXPECT_EQ(sigma->at(61 * day_s + 5 * 3600), sigma->after.at(60));
    EXPECT_FALSE(sigma->at(60 * day_s)) << "nothing was known before";
    EXPECT_EQ(sigma->at(76 * day_s), sigma->after.at(69));
    EXPECT_FALSE(sigma->at(77 * day_s)) << "a week old";
}

TEST(Calibrate, asks_for_days_that_the_histories_hold) {
    const Result<Market> market = calibrate(made_up());
    ASSERT_FALSE(market);
    EXPECT_NE(market.error().message.find("2020-03-12"), std::string::npos) << market.error().message;
}

TEST(Calibrate, names_a_missing_file) {
    DataFiles files = made_up();
    files.erase("funding/binance_perp_ETHUSDT_funding");
    const Result<Market> market = calibrate(files);
    ASSERT_FALSE(market);
    EXPECT_NE(market.error().message.find("funding/binance_perp_ETHUSDT_funding.csv.gz"), std::string::npos) << market.error().message;
}

}  // namespace
}  // namespace margind::risk::calibration
