// Old snapshots go, figures and incidents stay: what is dropped when, how the file levels off, forks, kill -9, a full disk.
#include "storage/history.hpp"
#include "storage/sqlite.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

namespace margind::storage {
namespace {

namespace fs = std::filesystem;
using model::BlockRef;
using model::ChainId;
using model::ErrorCode;

constexpr std::int64_t day = 86'400;
constexpr std::int64_t start = 1'700'000'000;
constexpr const char* dropped = "SELECT (SELECT count(*) FROM snapshots) - (SELECT count(*) FROM snapshot_bodies)";

model::Bytes32 hash(const std::string& text) { return model::keccak256(std::string_view(text)); }

FactsText facts(const std::string& name, std::size_t bytes = 0) { return {hash("facts " + name), name + std::string(bytes, '.')}; }

/// Block `number` at `time`; all its texts carry its number and branch, and it names `held`.
CommitBatch batch(std::uint64_t number, std::int64_t time, std::vector<FactsText> held, const std::string& branch = "", std::size_t bytes = 0) {
    const std::string text = std::to_string(number) + branch + std::string(bytes, ' ');
    const BlockRef block{{1}, number, hash("b" + text), time};
    CommitBatch out;
    out.snapshot = SnapshotText{hash("s" + text), time, {block}, text, std::move(held)};
    ReportText report;
    report.portfolio = "desk";
    report.figures.level = "ok";
    report.figures.z = static_cast<double>(number);
    report.json = text;
    out.reports = {report};
    out.memory = MemoryText{time, {block}, text};
    return out;
}

EventText event(std::uint64_t number, std::int64_t time) {
    return {hash("i" + std::to_string(number)), 1, "desk", "opened", "warn", time, "event " + std::to_string(number), {"hook"}};
}

class RetentionTest : public testing::Test {
protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(testing::TempDir()) / (std::string("margind_retention_") + info->name() + "_" + std::to_string(getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        file_ = folder_ / "h.sqlite";
    }
    void TearDown() override {
        history_.reset();
        fs::remove_all(folder_);
    }
    void open(std::uint32_t days, std::uint32_t max_pages = 0) {
        history_.reset();
        auto opened = open_sqlite(file_, {.max_pages = max_pages, .keep_full_days = days});
        ASSERT_TRUE(opened) << opened.error().message;
        history_ = std::move(*opened);
    }
    void commit(const CommitBatch& one) {
        const auto done = history_->commit(one);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t count(const std::string& sql) const {
        auto connection = sqlite::Connection::open(file_, sqlite::Mode::read_only, 1000);
        return (*connection)->integer(sql).value();
    }
    std::uintmax_t size() const { return fs::file_size(file_); }
    std::uintmax_t log_size() const { return fs::file_size(file_.string() + "-wal"); }
    /// Nothing that a kept snapshot needs is gone, nothing of a dropped one is left.
    void expect_whole_rows() const {
        EXPECT_EQ(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        EXPECT_EQ(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        EXPECT_EQ(count("SELECT count(*) FROM snapshot_facts s WHERE NOT EXISTS (SELECT 1 FROM facts f WHERE f.id = s.facts)"), 0);
        EXPECT_EQ(count("SELECT count(*) FROM facts f WHERE NOT EXISTS (SELECT 1 FROM last_uses l WHERE l.facts = f.id)"), 0);
        for (const char* table : {"reports", "snapshot_facts"}) {
            const std::string whole = std::string("SELECT count(*) FROM (SELECT snapshot FROM snapshot_bodies EXCEPT SELECT snapshot FROM ") + table + ")";
            const std::string left = std::string("SELECT count(*) FROM (SELECT snapshot FROM ") + table + " EXCEPT SELECT snapshot FROM snapshot_bodies)";
            EXPECT_EQ(count(whole), 0) << table;
            EXPECT_EQ(count(left), 0) << table;
        }
        EXPECT_EQ(count("SELECT count(*) FROM points"), count("SELECT count(*) FROM snapshots"));
        EXPECT_EQ(count("SELECT count(*) FROM snapshot_blocks"), count("SELECT count(*) FROM snapshots"));
    }

    fs::path folder_;
    fs::path file_;
    std::unique_ptr<History> history_;
};

TEST_F(RetentionTest, drops_what_is_older_by_block_time_and_says_so) {
    open(1);
    commit(batch(1, start, {facts("a")}));
    commit(batch(2, start + 1, {facts("b")}));
    commit(batch(3, start + day, {facts("c")}));
    EXPECT_EQ(history_->snapshot_at("desk", start)->value().json, "1") << "exactly a day old is kept";
    commit(batch(4, start + day + 1, {facts("d")}));
    for (const std::string& message : {history_->snapshot_at("desk", start).error().message, history_->report_at("desk", start).error().message})
        EXPECT_EQ(message, "portfolio 'desk' at 1700000000: the snapshot of 1700000000 is older than keep_full_days = 1 and was dropped; its figures are in the history");
    EXPECT_EQ(history_->snapshot_at("desk", start).error().code, ErrorCode::missing);
    EXPECT_EQ(history_->report_at("desk", start).error().code, ErrorCode::missing);
    EXPECT_FALSE(history_->snapshot_at("desk", start - 1)->has_value()) << "never was";
    EXPECT_FALSE(history_->report_at("desk", start - 1)->has_value());
    EXPECT_EQ(history_->snapshot_at("desk", start + 1)->value().facts.at(0).json, "b");
    EXPECT_EQ(history_->report_at("desk", start + 1)->value(), "2");
    EXPECT_EQ(history_->points("desk", start, start + 1, 1)->size(), 2U);
    EXPECT_EQ(history_->points("desk", start + day, start + day + 1, 1)->size(), 2U);
    EXPECT_EQ(count("SELECT count(*) FROM facts"), 3);
    expect_whole_rows();
}

TEST_F(RetentionTest, keeps_facts_that_a_kept_snapshot_names_whoever_named_them_first) {
    open(1);
    commit(batch(1, start, {facts("a"), facts("same")}));
    commit(batch(2, start + 10, {facts("b"), facts("same")}));
    commit(batch(3, start + day, {facts("a"), facts("same")}));
    commit(batch(4, start + day + 20, {facts("c")}));
    EXPECT_EQ(count("SELECT group_concat(json = 'b') IS '0,0,0' FROM facts"), 1) << "b alone is dropped";
    EXPECT_EQ(history_->snapshot_at("desk", start + day)->value().facts.size(), 2U);
    // Facts on their way out that come again are there again.
    commit(batch(5, start + day + 21, {facts("b")}));
    EXPECT_EQ(history_->snapshot_at("desk", start + day + 21)->value().facts.at(0).json, "b");
    expect_whole_rows();
}

TEST_F(RetentionTest, drops_a_bounded_number_per_commit_and_never_falls_behind) {
    open(3650);
    constexpr std::uint64_t many = 100;
    for (std::uint64_t i = 1; i <= many; ++i) {
        std::vector<FactsText> held;
        for (int j = 0; j < 30; ++j) held.push_back(facts(std::to_string(i) + "/" + std::to_string(j)));
        commit(batch(i, start + static_cast<std::int64_t>(i), held));
    }
    open(1);
    std::int64_t facts_before = count("SELECT count(*) FROM facts");
    EXPECT_EQ(facts_before, 3000);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        commit(batch(many + i, start + 30 * day + static_cast<std::int64_t>(i), {facts("new")}));
        EXPECT_EQ(count(dropped), static_cast<std::int64_t>(i * pruned_snapshots_per_commit));
        const std::int64_t left = count("SELECT count(*) FROM facts");
        EXPECT_LE(facts_before - left, static_cast<std::int64_t>(pruned_facts_per_commit + 1));
        EXPECT_LT(left, facts_before);
        facts_before = left;
    }
    for (std::uint64_t i = 6; i <= 20; ++i) commit(batch(many + i, start + 30 * day + static_cast<std::int64_t>(i), {facts("new")}));
    EXPECT_EQ(count("SELECT count(*) FROM facts"), 1);

    // More new facts in each commit than the fixed bound: as many go as come.
    for (std::uint64_t i = 1; i <= 12; ++i) {
        std::vector<FactsText> held;
        for (int j = 0; j < 400; ++j) held.push_back(facts("many " + std::to_string(i) + "/" + std::to_string(j)));
        commit(batch(200 + i, start + (30 + static_cast<std::int64_t>(i)) * day + 100, held));
    }
    EXPECT_LE(count("SELECT count(*) FROM facts"), 4 * 400);
    expect_whole_rows();
}

TEST_F(RetentionTest, a_file_levels_off_while_figures_and_incidents_stay) {
    open(1);
    constexpr std::int64_t step = 600;
    constexpr std::int64_t per_day = day / step;
    constexpr std::size_t body = 10'000;
    std::uintmax_t after_three_days = 0;
    std::uintmax_t largest_log = 0;
    std::uint64_t number = 0;
    for (std::int64_t i = 0; i < 12 * per_day; ++i) {
        ++number;
        CommitBatch one = batch(number, start + i * step, {facts("same", 3000), facts(std::to_string(i), 3000)}, "", body);
        one.memory->json = "m";
        if (i % 50 == 0) one.events = {event(number, one.snapshot->time)};
        commit(one);
        largest_log = std::max(largest_log, log_size());
        if (i == 3 * per_day) after_three_days = size();
    }
    // A day and a block of whole rows (two bodies and a changed facts text), and the figures of twelve days.
    const std::uintmax_t whole_rows = static_cast<std::uintmax_t>(per_day + 1) * 30'000;
    const std::uintmax_t figures = number * 500;
    RecordProperty("bytes_after_3_days", std::to_string(after_three_days));
    RecordProperty("bytes_after_12_days", std::to_string(size()));
    EXPECT_LT(size(), whole_rows + figures);
    EXPECT_LT(size(), after_three_days + figures);
    EXPECT_LT(largest_log, 8U << 20) << "SQLite cuts in at 1,000 pages, 4 MB";
    EXPECT_EQ(history_->points("desk", start, start + 12 * day, step)->size(), number);
    EXPECT_EQ(history_->points("desk", start, start, 1)->at(0).z, 1.0);
    EXPECT_EQ(history_->events(0, 1000)->size(), (number + 49) / 50);
    EXPECT_EQ(history_->open_incidents()->size(), (number + 49) / 50);
    EXPECT_EQ(history_->undelivered("hook", 0, 1000)->size(), (number + 49) / 50);
    EXPECT_EQ(count("SELECT count(*) FROM snapshot_bodies"), per_day + 1);
    EXPECT_EQ(count("SELECT count(*) FROM facts"), per_day + 2);
    expect_whole_rows();
}

TEST_F(RetentionTest, dropping_large_rows_does_not_write_them_again) {
    open(1);
    for (std::uint64_t i = 1; i <= pruned_snapshots_per_commit; ++i) {
        CommitBatch one = batch(i, start + static_cast<std::int64_t>(i), {facts("same")}, "", 500'000);
        one.memory.reset();
        commit(one);
    }
    open(1);
    commit(batch(100, start + 9 * day, {facts("same")}));
    EXPECT_EQ(count(dropped), static_cast<std::int64_t>(pruned_snapshots_per_commit));
    EXPECT_LT(log_size(), 200U << 10) << "20 MB were dropped";
}

TEST_F(RetentionTest, follows_forks_inside_the_kept_days) {
    open(1);
    for (std::uint64_t i = 1; i <= 40; ++i) commit(batch(i, start + static_cast<std::int64_t>(i) * 3600, {facts(std::to_string(i)), facts("same")}));
    ASSERT_EQ(history_->snapshot_at("desk", start + 15 * 3600).error().code, ErrorCode::missing);
    const auto fork = [&](const std::string& branch) {
        for (std::uint64_t i = 30; i <= 42; ++i) {
            CommitBatch one = batch(i, start + static_cast<std::int64_t>(i) * 3600, {facts(std::to_string(i) + branch), facts("same")}, branch);
            if (i == 30) one.orphaned = {{ChainId{1}, 29}};
            commit(one);
        }
    };
    fork("b");
    EXPECT_EQ(history_->snapshot_at("desk", start + 35 * 3600)->value().json, "35b");
    EXPECT_EQ(history_->memory_at(ChainId{1}, 29)->value().json, "29");
    fork("");
    for (std::uint64_t i = 30; i <= 42; ++i) {
        const auto found = history_->snapshot_at("desk", start + static_cast<std::int64_t>(i) * 3600);
        ASSERT_TRUE(found && *found) << i;
        EXPECT_EQ((*found)->json, std::to_string(i));
        EXPECT_EQ((*found)->facts.size(), 2U);
    }
    EXPECT_EQ(history_->points("desk", start, start + 50 * 3600, 60)->size(), 42U);
    // The snapshots of the branch that lost go with their age too.
    for (std::uint64_t i = 43; i <= 90; ++i) commit(batch(i, start + static_cast<std::int64_t>(i) * 3600, {facts("same")}));
    EXPECT_EQ(count("SELECT count(*) FROM snapshot_bodies JOIN snapshots ON id = snapshot WHERE orphaned = 1"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM facts"), 1);
    expect_whole_rows();
}

TEST_F(RetentionTest, a_dropped_snapshot_that_is_canonical_again_is_whole_again) {
    open(1);
    commit(batch(1, start, {facts("a")}));
    commit(batch(2, start + 10, {facts("b")}));
    commit(batch(3, start + 5 * day, {facts("c")}));
    ASSERT_EQ(history_->snapshot_at("desk", start + 10).error().code, ErrorCode::missing);
    CommitBatch back = batch(2, start + 10, {facts("b")});
    back.orphaned = {{ChainId{1}, 1}};
    commit(back);
    const auto found = history_->snapshot_at("desk", start + 10);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->json, "2");
    EXPECT_EQ((*found)->facts.at(0).json, "b");
    expect_whole_rows();
    commit(batch(4, start + 20, {facts("d")}));
    EXPECT_EQ(history_->snapshot_at("desk", start + 10)->value().facts.size(), 1U);
    commit(batch(5, start + 2 * day, {facts("e")}));
    EXPECT_EQ(history_->snapshot_at("desk", start + 10).error().code, ErrorCode::missing);
    expect_whole_rows();
}

TEST_F(RetentionTest, never_drops_the_newest_snapshot_nor_any_memory) {
    open(1);
    for (std::uint64_t i = 1; i <= 10; ++i) commit(batch(i, start + static_cast<std::int64_t>(i), {facts("same")}));
    commit(batch(11, start + 400 * day, {facts("same")}));
    open(1);
    EXPECT_EQ(history_->snapshot_at("desk", start + 500 * day)->value().json, "11");
    EXPECT_EQ(history_->snapshot_at("desk", start + 500 * day)->value().facts.size(), 1U);
    EXPECT_EQ(history_->latest_memory()->value().json, "11");
    for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(history_->memory_at(ChainId{1}, i)->value().json, std::to_string(i));
    CommitBatch events;
    events.events = {event(1, start + 999 * day)};
    commit(events);
    EXPECT_EQ(history_->report_at("desk", start + 500 * day)->value(), "11") << "a batch without a snapshot drops nothing";
}

TEST_F(RetentionTest, a_block_from_the_far_future_does_not_stop_it) {
    open(1);
    commit(batch(1, start + 9999 * day, {facts("liar")}));
    CommitBatch two = batch(1, start, {facts("same")}, "b");
    two.orphaned = {{ChainId{1}, 0}};
    commit(two);
    EXPECT_EQ(count(dropped), 1);
    commit(batch(2, start + 2 * day, {facts("same")}));
    EXPECT_EQ(count(dropped), 2);
    EXPECT_EQ(history_->report_at("desk", start + 2 * day)->value(), "2");
    expect_whole_rows();
}

TEST_F(RetentionTest, goes_on_in_a_file_that_is_full_as_old_rows_make_room) {
    // 25 blocks of 40 KB are kept; 400 pages are 1.6 MB.
    open(1, 400);
    for (std::uint64_t i = 1; i <= 300; ++i) {
        CommitBatch one = batch(i, start + static_cast<std::int64_t>(i) * 3600, {facts(std::to_string(i), 1000)}, "", 20'000);
        one.memory.reset();
        commit(one);
    }
    EXPECT_LE(size(), 400U * 4096U);
    EXPECT_EQ(history_->points("desk", start, start + 300 * 3600, 60)->size(), 300U);
    expect_whole_rows();
}

TEST_F(RetentionTest, a_reader_meets_whole_snapshots_or_none) {
    open(1);
    std::thread writer([this] {
        for (std::uint64_t i = 1; i <= 120; ++i) commit(batch(i, start + static_cast<std::int64_t>(i) * 7200, {facts(std::to_string(i)), facts("same")}));
    });
    std::uint64_t whole = 0;
    std::uint64_t gone = 0;
    while (gone < 50) {
        for (std::int64_t i = 1; i <= 60; ++i) {
            const auto found = history_->snapshot_at("desk", start + i * 7200);
            if (!found) {
                EXPECT_EQ(found.error().code, ErrorCode::missing) << found.error().message;
                ++gone;
            } else if (*found) {
                EXPECT_EQ((*found)->facts.size(), 2U);
                EXPECT_EQ((*found)->blocks.size(), 1U);
                ++whole;
            }
        }
        std::this_thread::yield();
    }
    writer.join();
    EXPECT_GT(whole, 0U);
}

TEST_F(RetentionTest, kill_minus_nine_while_it_drops_leaves_whole_rows) {
    open(1);
    history_.reset();
    std::uint64_t next = 1;
    for (int round = 0; round < 25; ++round) {
        std::array<int, 2> first_commit{};
        ASSERT_EQ(pipe(first_commit.data()), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto history = open_sqlite(file_, {.keep_full_days = 1});
            if (!history) _exit(1);
            for (std::uint64_t i = next;; ++i) {
                // Some blocks every two hours, then a leap that makes all of them old at once.
                const std::int64_t time = start + static_cast<std::int64_t>(i) * 7200 + static_cast<std::int64_t>(i / 20) * 3 * day;
                if (!(*history)->commit(batch(i, time, {facts(std::to_string(i), 3000), facts("same", 3000)}, "", 10'000))) _exit(2);
                if (i == next && write(first_commit[1], "1", 1) != 1) _exit(3);
            }
        }
        close(first_commit[1]);
        char byte = 0;
        EXPECT_EQ(read(first_commit[0], &byte, 1), 1) << "the child never committed";
        close(first_commit[0]);
        std::this_thread::sleep_for(std::chrono::microseconds(1790 * round));
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

        open(1);
        expect_whole_rows();
        const auto memory = history_->latest_memory();
        ASSERT_TRUE(memory && *memory);
        const auto last = static_cast<std::uint64_t>(count("SELECT count(*) FROM snapshots"));
        EXPECT_EQ((*memory)->blocks.at(0).number, last);
        EXPECT_GE(last, next) << "a committed batch is gone";
        EXPECT_EQ(history_->snapshot_at("desk", (*memory)->time)->value().facts.size(), 2U);
        history_.reset();
        next = last + 1;
    }
    EXPECT_GT(count(dropped), 0);
}

}  // namespace
}  // namespace margind::storage
