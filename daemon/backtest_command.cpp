// margind backtest: the margin, the tails and the warnings against a folder of histories.
#include "daemon/backtest_report.hpp"
#include "daemon/backtest_venues.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/data_folder.hpp"
#include "risk/backtest/books.hpp"
#include "risk/backtest/judge.hpp"
#include "risk/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace margind::daemon {
namespace {

using model::Result;
using risk::calibration::AssetSource;
using risk::calibration::DataFiles;
using risk::calibration::Series;
using namespace risk::backtest;

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t hour_s = 3600;
constexpr std::array<std::string_view, 5> assets{"BTC", "ETH", "AVAX", "LINK", "SOL"};
constexpr const char* vols_file = "iv/deribit_dvol_btc_daily_close";
/// Rounds of Chainlink's feed of stETH in ETH.
constexpr const char* staking_rounds = "oracle/chainlink_stETH_ETH_0x86392dC19c0b719886221c78AB11eb8Cf5c52812";

/// Whose bars warnings are tried on; the aims are those of the first.
struct AlarmFile {
    const char* asset;
    const char* file;
    bool aims;
};
constexpr std::array alarm_files{AlarmFile{"BTC", "prices/binance_spot_BTCUSDT_5m_2025H1", true}, AlarmFile{"ETH", "prices/binance_perp_ETHUSDT_30m", false},
                                 AlarmFile{"SOL", "prices/binance_perp_SOLUSDT_30m", false}};

/// A line on stderr when a part begins and ends, and each few seconds between.
class Lines {
public:
    void operator()(std::string_view what, std::size_t done, std::size_t of) {
        const auto now = std::chrono::steady_clock::now();
        constexpr std::chrono::seconds pause(3);
        if (what == last_ && done < of && now - told_ < pause) return;
        last_ = what;
        told_ = now;
        fmt::print(stderr, "margind: {} {} of {}\n", what, done, of);
    }

private:
    std::string last_;
    std::chrono::steady_clock::time_point told_{};
};

class Folder {
public:
    explicit Folder(std::string path) : path_(std::move(path)) {}
    bool has(const std::string& name) const { return std::filesystem::exists(std::filesystem::path(path_) / (name + ".csv.gz")); }
    /// Adds files to what was read.
    Result<void> read(const std::vector<std::string>& names) {
        auto read = read_data_folder(path_, names);
        if (!read) return model::fail(read.error());
        for (auto& [name, file] : *read) files_.insert_or_assign(name, std::move(file));
        return {};
    }
    const DataFiles& files() const { return files_; }

private:
    std::string path_;
    DataFiles files_;
};

/// Whether it is there; if not, what is left out for it.
Result<bool> read_if_there(Folder& folder, const std::string& name, std::string_view without, std::vector<std::string>& left_out) {
    if (!folder.has(name)) {
        left_out.push_back(fmt::format("{}: {}.csv.gz is not in the folder", without, name));
        return false;
    }
    if (Result<void> read = folder.read({name}); !read) return model::fail(read.error());
    return true;
}

/// By the end of the day that begins at each row's time.
Result<Series> vols_of(Folder& folder, std::vector<std::string>& left_out) {
    Series by_end;
    const Result<bool> there = read_if_there(folder, vols_file, "options", left_out);
    if (!there) return model::fail(there.error());
    if (!*there) return by_end;
    const Result<Series> series = risk::calibration::read_column(folder.files(), vols_file, "dvol_pct");
    if (!series) return model::fail(series.error());
    for (const auto& [opened, value] : *series) by_end[opened + day_s] = value;
    return by_end;
}

/// What the feed said at each full hour.
Result<Series> staking_of(Folder& folder, std::vector<std::string>& left_out) {
    Series by_hour;
    const Result<bool> there = read_if_there(folder, staking_rounds, "the staking loop", left_out);
    if (!there) return model::fail(there.error());
    if (!*there) return by_hour;
    const Result<Series> rounds = risk::calibration::read_column(folder.files(), staking_rounds, "answer", "updated_at");
    if (!rounds) return model::fail(rounds.error());
    double last = 0;
    for (const auto& [updated, answer] : *rounds) {
        constexpr double ether = 1e18;
        if (last > 0)
            for (std::int64_t hour = by_hour.rbegin()->first + hour_s; hour < updated; hour += hour_s) by_hour[hour] = last;
        last = answer / ether;
        by_hour[(updated + hour_s - 1) / hour_s * hour_s] = last;
    }
    return by_hour;
}

Result<std::vector<Bar>> bars_of(const DataFiles& files, const std::string& name, std::int64_t length) {
    const Result<Series> high = risk::calibration::read_column(files, name, "high");
    if (!high) return model::fail(high.error());
    const Result<Series> low = risk::calibration::read_column(files, name, "low");
    if (!low) return model::fail(low.error());
    const Result<Series> close = risk::calibration::read_column(files, name, "close");
    if (!close) return model::fail(close.error());
    std::vector<Bar> bars;
    for (const auto& [opened, price] : *close) {
        const Bar bar{opened + length, high->at(opened), low->at(opened), price};
        if (!(bar.low > 0) || bar.low > bar.close || bar.high < bar.close)
            return model::fail(model::ErrorCode::bad_input, fmt::format("{}.csv.gz: the bar at {} does not hold its close", name, opened));
        bars.push_back(bar);
    }
    return bars;
}

Result<void> add_alarms(Backtest& result, Folder& folder, const Walk& walk, const std::vector<std::string>& known, const model::Policy& policy,
                        unsigned threads, const Progress& progress) {
    const std::vector<AlarmVenue> venues = backtest_venues();
    for (const AlarmFile& row : alarm_files) {
        if (!folder.has(row.file) || std::find(known.begin(), known.end(), row.asset) == known.end()) {
            result.left_out.push_back(fmt::format("warnings on {}: {}.csv.gz is not in the folder", row.asset, row.file));
            continue;
        }
        if (Result<void> read = folder.read({row.file}); !read) return read;
        const std::int64_t length = risk::calibration::bar_length(row.file).value_or(0);
        const Result<std::vector<Bar>> bars = bars_of(folder.files(), row.file, length);
        if (!bars) return model::fail(bars.error());
        AlarmPlan plan;
        plan.aims = row.aims;
        Result<AlarmResult> alarm = backtest_alarm({{row.asset}, row.file, length, *bars, walk, venues}, plan, policy, threads, progress);
        if (!alarm) return model::fail(alarm.error());
        result.alarms.push_back(*std::move(alarm));
    }
    return {};
}

void add_ranges(Backtest& result, const Walk& walk, const model::Policy& policy) {
    for (const char* asset : {"BTC", "ETH"}) {
        std::vector<double> ranges;
        for (std::int64_t day = walk.first_day(); day < walk.end_day(); ++day) {
            const model::Market market = walk.market(day);
            const model::AssetCalibration& row = market.assets.at({asset});
            ranges.push_back(risk::range_of(row.range, row.sigma_24h, policy));
        }
        result.ranges.push_back({asset, swing_of(ranges).worst_rise_5d});
    }
}

Result<Backtest> backtest_of(const std::string& path, const Progress& progress) {
    const model::Policy policy;
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    Backtest result;
    Folder folder(path);
    std::vector<AssetSource> sources;
    std::vector<std::string> known;
    std::vector<model::AssetId> ids;
    for (const AssetSource& source : risk::calibration::asset_sources()) {
        if (std::find(assets.begin(), assets.end(), source.symbol) == assets.end()) continue;
        const std::vector<std::string> names = risk::calibration::files_of(source);
        const auto missing = std::find_if_not(names.begin(), names.end(), [&](const std::string& name) { return folder.has(name); });
        if (missing != names.end() && source.symbol != "BTC" && source.symbol != "ETH") {
            result.left_out.push_back(fmt::format("{}: {}.csv.gz is not in the folder", source.symbol, *missing));
            continue;
        }
        if (Result<void> read = folder.read(names); !read) return model::fail(read.error());
        sources.push_back(source);
        known.emplace_back(source.symbol);
        ids.push_back({known.back()});
    }
    const auto archive = risk::calibration::Archive::read(folder.files(), sources);
    if (!archive) return model::fail(archive.error());
    const Result<Series> staking = staking_of(folder, result.left_out);
    if (!staking) return model::fail(staking.error());
    const Result<Series> vols = vols_of(folder, result.left_out);
    if (!vols) return model::fail(vols.error());
    const Result<Walk> walk = Walk::make(*archive, ids, progress);
    if (!walk) return model::fail(walk.error());
    result.first_day = walk->first_day();
    result.last_day = walk->end_day() - 1;
    Result<std::vector<BookResult>> books = backtest_books({*archive, *walk, *staking, *vols}, benchmark_books(ids), policy, threads, progress);
    if (!books) return model::fail(books.error());
    result.books = *std::move(books);
    add_ranges(result, *walk, policy);
    if (Result<void> added = add_alarms(result, folder, *walk, known, policy, threads, progress); !added) return model::fail(added.error());
    for (const auto& [name, file] : folder.files()) result.files.push_back(fmt::format("{}.csv.gz (sha256 {})", name, file.sha256.substr(0, 16)));
    return result;
}

}  // namespace

ExitCode backtest(const BacktestOptions& options) {
    Lines lines;
    const Result<Backtest> result = backtest_of(options.folder, [&](std::string_view what, std::size_t done, std::size_t of) { lines(what, done, of); });
    if (!result) return complain({result.error().code, options.folder + ": " + result.error().message, model::Retry::never}, ExitCode::usage);
    if (!options.html.empty()) {
        std::ofstream file(options.html, std::ios::binary);
        file << backtest_page(*result);
        file.close();
        if (!file) return complain({model::ErrorCode::bad_input, options.html + ": cannot be written", model::Retry::never}, ExitCode::usage);
    }
    fmt::print("{}", options.json ? backtest_json(*result) + "\n" : backtest_text(*result));
    return ExitCode::ok;
}

}  // namespace margind::daemon
