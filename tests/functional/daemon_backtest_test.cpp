// margind backtest on a folder of made-up histories: tables, JSON, the page, and what it refuses.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace margind::tests {
namespace {

using nlohmann::json;

/// 2024-09-01: 2025-01-01 is the first of a month after 90 days.
constexpr std::int64_t start = 1'725'148'800;
constexpr std::int64_t day_s = 86'400;
constexpr int days = 145;

void write_packed(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    const gzFile packed = gzopen(file.c_str(), "wb");
    if (packed == nullptr || gzwrite(packed, text.data(), static_cast<unsigned>(text.size())) != static_cast<int>(text.size()) || gzclose(packed) != Z_OK)
        throw std::runtime_error("cannot write " + file.string());
}

/// Waves of some percent a day, and in the end a fall by a quarter within six hours.
double price(double scale, std::int64_t time) {
    const double t = static_cast<double>(time - start) / day_s;
    const double fall = t > 140 ? std::max(-0.3, -1.2 * (t - 140)) : 0;
    return scale * std::exp(0.03 * std::sin(t * 2.1) + 0.01 * std::sin(t * 17) + fall);
}

std::string bars(double scale, std::int64_t length, std::int64_t from, std::int64_t to, std::int64_t step) {
    std::string text = "ts,open,high,low,close,volume\n";
    for (std::int64_t open = from; open < to; open += step) {
        const std::string close = std::to_string(price(scale, open + length));
        text += std::to_string(open) + ',' + close + ',' + close + ',' + close + ',' + close + ",1000\n";
    }
    return text;
}

class Backtest : public ::testing::Test {
protected:
    void SetUp() override {
        const std::int64_t end = start + days * day_s;
        std::string funding = "ts,funding_rate_per_interval\n";
        for (std::int64_t time = start; time < end; time += 28'800) funding += std::to_string(time) + ",0.0001\n";
        for (const auto& [asset, scale] : {std::pair("BTC", 60'000.0), std::pair("ETH", 2'500.0)}) {
            const std::string name = std::string(asset) + "USDT";
            write("prices/binance_spot_" + name + "_1h", bars(scale, 3600, start, end, 3600));
            write("prices/binance_perp_mark_" + name + "_1h", bars(scale, 3600, start, end, 3600));
            write("funding/binance_perp_" + name + "_funding", funding);
        }
        // With gaps, as real ones have, and to be quick.
        write("prices/binance_perp_ETHUSDT_30m", bars(2'500, 1800, start + 122 * day_s, end, 7200));
        std::string vols = "ts,dvol_pct\n";
        for (std::int64_t time = start; time < end; time += day_s) vols += std::to_string(time) + ",60\n";
        write("iv/deribit_dvol_btc_daily_close", vols);
    }
    void write(const std::string& name, const std::string& text) const { write_packed(folder_.path() / (name + ".csv.gz"), text); }

    TempFolder folder_;
};

TEST_F(Backtest, prints_tables_and_json_and_writes_a_page) {
    const std::string page = (folder_.path() / "page.html").string();
    const Finished finished = run_margind({"backtest", folder_.path().string(), "--json", "--html", page});
    ASSERT_EQ(finished.code, 0) << finished.err;
    EXPECT_NE(finished.err.find("margind: books "), std::string::npos) << "progress: " << finished.err;
    const json result = json::parse(finished.out);
    // 2024-12-01 is the first of a month with 90 days before it; the last day is whole.
    EXPECT_EQ(result.at("first_day"), start / day_s + 91);
    EXPECT_EQ(result.at("last_day"), start / day_s + days - 1);
    const json& book = result.at("books").at(0);
    EXPECT_EQ(book.at("name"), "long_btc");
    const json& table = book.at("days");
    ASSERT_EQ(table.at("day").size(), 54U);
    // The fall of day 140: the close against the close before, as written above.
    const std::size_t fall = 140 - 91;
    EXPECT_NEAR(table.at("loss").at(fall).get<double>(), 1 - price(1, start + 141 * day_s) / price(1, start + 140 * day_s), 1e-4);
    EXPECT_GT(table.at("loss").at(fall).get<double>(), table.at("mm").at(fall).get<double>());
    EXPECT_NEAR(book.at("breaches_close").get<double>(), 1.0 / 54, 1e-6);
    EXPECT_TRUE(book.at("tail").is_null()) << "no two years of history";

    const json& alarm = result.at("alarms").at(0);
    EXPECT_EQ(alarm.at("asset"), "ETH");
    EXPECT_EQ(alarm.at("bar_s"), 1800);
    EXPECT_GT(alarm.at("total").at("liquidations").get<int>(), 0);
    std::set<std::string> venues;
    for (const json& row : alarm.at("rows")) venues.insert(row.at("venue").get<std::string>());
    EXPECT_EQ(venues, (std::set<std::string>{"aave_v3", "gmx_v2", "hyperliquid", "perp_v2"}));
    EXPECT_EQ(result.at("left_out").size(), 6U) << "three assets, two files of bars, staking: " << result.at("left_out").dump();

    // The page's own script on that page, and the same data inside.
    const std::string check = "node " MARGIND_SOURCE_DIR "/tests/support/run_page.mjs " + page + " 2>&1";
    EXPECT_EQ(std::system(check.c_str()), 0) << check;

    const Finished tables = run_margind({"backtest", folder_.path().string()});
    ASSERT_EQ(tables.code, 0) << tables.err;
    for (const char* part : {"long_btc", "short_straddle*", "hyperliquid", "aims are met", "not met: long_btc: breaches of MM at the close"})
        EXPECT_NE(tables.out.find(part), std::string::npos) << part << " is not in:\n" << tables.out;
}

TEST_F(Backtest, names_what_it_cannot_use) {
    std::filesystem::remove(folder_.path() / "prices/binance_spot_ETHUSDT_1h.csv.gz");
    const Finished missing = run_margind({"backtest", folder_.path().string()});
    EXPECT_EQ(missing.code, 2);
    EXPECT_NE(missing.err.find("binance_spot_ETHUSDT_1h.csv.gz"), std::string::npos) << missing.err;
    write("prices/binance_spot_ETHUSDT_1h", "ts,open,high,low,close,volume\n1,1,1,1,-5,1\n");
    const Finished bad = run_margind({"backtest", folder_.path().string()});
    EXPECT_EQ(bad.code, 2);
    EXPECT_NE(bad.err.find("\"-5\" is not a positive number"), std::string::npos) << bad.err;
    EXPECT_EQ(run_margind({"backtest", "/nowhere"}).code, 2);
}

}  // namespace
}  // namespace margind::tests
