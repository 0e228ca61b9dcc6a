// SIGKILL of the daemon in the middle of a search over the logs of a real node: the next run asks for nothing that was committed, and the
// end is what a cold run finds. What is asked for is counted between the daemon and the node.
#include "tests/support/fault_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace margind::tests {
namespace {

using nlohmann::json;

/// Blocks of logs that the operators of this test take at once.
constexpr std::uint64_t most_blocks = 20;

/// The first block that some search has not committed; 0 where none has committed anything.
std::uint64_t committed(const TempFolder& folder) {
    sqlite3* database = nullptr;
    sqlite3_stmt* query = nullptr;
    std::uint64_t next = 0;
    if (sqlite3_open((folder.path() / "margind.sqlite").c_str(), &database) != SQLITE_OK ||
        sqlite3_prepare_v2(database, "SELECT coalesce(min(next), 0) FROM searches", -1, &query, nullptr) != SQLITE_OK || sqlite3_step(query) != SQLITE_ROW)
        throw std::runtime_error(sqlite3_errmsg(database));
    next = static_cast<std::uint64_t>(sqlite3_column_int64(query, 0));
    sqlite3_finalize(query);
    sqlite3_close(database);
    return next;
}

class SearchAfterKill : public testing::Test {
protected:
    using Range = FaultRecord::LogRange;

    /// Asked of any operator since the marks, and answered: ranges that are not too long.
    std::vector<Range> answered_since(const std::array<std::size_t, FaultWorld::count>& marks) {
        std::vector<Range> all;
        for (std::size_t i = 0; i < FaultWorld::count; ++i) {
            const std::vector<Range> ranges = world_.proxy(i).record().log_ranges();
            std::copy_if(ranges.begin() + static_cast<std::ptrdiff_t>(marks[i]), ranges.end(), std::back_inserter(all),
                         [](const Range& range) { return range.to - range.from < most_blocks; });
        }
        return all;
    }
    std::array<std::size_t, FaultWorld::count> mark() {
        std::array<std::size_t, FaultWorld::count> marks{};
        for (std::size_t i = 0; i < FaultWorld::count; ++i) marks[i] = world_.proxy(i).record().log_ranges().size();
        return marks;
    }
    void await_ranges(const std::array<std::size_t, FaultWorld::count>& marks, std::size_t count) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (answered_since(marks).size() < count) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the search does not go on";
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    void mine(const char* blocks) { world_.chain().rpc("anvil_mine", json::array({blocks})); }
    void supply(const char* market) {
        world_.verb("morpho_supply_collateral", json::parse(fmt::format(R"({{"user": 0, "market": "{}", "amount": "2"}})", market)));
    }

    FaultWorld world_{{"--with", "morpho"}};
};

TEST_F(SearchAfterKill, goes_on_where_it_was_committed_and_finds_what_a_cold_run_finds) {
    for (const char* market : {"WETH/USDC", "WBTC/WETH", "WBTC/USDC"}) {
        supply(market);
        mine("0x4b0");
    }
    const std::string config = config_text(world_.chain(), {.owners = {world_.user(0)}, .endpoints = world_.endpoints()});
    FaultPlan few;
    few.delay = std::chrono::milliseconds(15);
    few.log_limit.emplace();
    few.log_limit->blocks = most_blocks;
    for (std::size_t i = 0; i < FaultWorld::count; ++i) world_.proxy(i).set(few);

    const TempFolder folder;
    std::uint64_t next = 0;
    for (std::uint64_t kill = 0; kill < 3; ++kill) {
        const auto marks = mark();
        DaemonProcess daemon(folder, config);
        // A stretch of a thousand blocks is some 200 ranges; what is committed is whole stretches.
        await_ranges(marks, 260 + drawn(3, kill) % 100);
        daemon.kill();
        const std::vector<Range> asked = answered_since(marks);
        for (const Range& range : asked) EXPECT_GE(range.from, next) << "asked again, though it was committed, after kill " << kill;
        const std::uint64_t before = std::exchange(next, committed(folder));
        EXPECT_GT(next, before) << "nothing was committed before kill " << kill;
        std::uint64_t highest = 0;
        for (const Range& range : asked) highest = std::max(highest, range.to);
        std::cout << fmt::format("kill {}: {} ranges up to block {}, committed below {}\n", kill, asked.size(), highest, next);
        EXPECT_LT(next, world_.chain().head().number - 100) << "the search was over before the kill";
    }

    const auto marks = mark();
    const DaemonProcess daemon(folder, config);
    world_.await_searched(daemon);
    for (const Range& range : answered_since(marks)) EXPECT_GE(range.from, next) << "asked again, though it was committed";

    const TempFolder cold_folder;
    const DaemonProcess cold(cold_folder, config_text(world_.chain(), {.owners = {world_.user(0)}, .endpoints = world_.honest_endpoints()}));
    world_.await_searched(cold);
    json head = json::object();
    head["hash"] = world_.chain().head().hash.to_string();
    daemon.await_block(head);
    std::set<std::string> markets;
    for (const auto& [key, state] : account_states(daemon))
        if (key.starts_with("morpho_blue")) markets.insert(key.substr(key.rfind(':') + 1));
    EXPECT_EQ(markets.size(), 3U);
    EXPECT_EQ(json::diff(bare_accounts(daemon), bare_accounts(cold)), json::array());
    EXPECT_EQ(world_.failures(), std::vector<std::string>{});
}

}  // namespace
}  // namespace margind::tests
