// Real failures: a full, locked, read-only, damaged or foreign file, an older and a newer one, kill -9 between commits.
#include "storage/history.hpp"
#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace margind::storage {
namespace {

namespace fs = std::filesystem;
using model::ErrorCode;
using model::Retry;

class FailureTest : public testing::Test {
protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(testing::TempDir()) / (std::string("margind_storage_") + info->name() + "_" + std::to_string(getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        file_ = folder_ / "h.sqlite";
    }
    void TearDown() override {
        fs::permissions(folder_, fs::perms::owner_all);
        fs::remove_all(folder_);
    }

    fs::path folder_;
    fs::path file_;
};

/// A batch whose parts all carry `number`, so that a torn one shows.
CommitBatch batch(std::uint64_t number, std::size_t bytes = 10) {
    const std::string text = std::to_string(number) + std::string(bytes, ' ');
    const model::BlockRef block{{1}, number, model::keccak256(std::string_view("b" + text)), static_cast<std::int64_t>(number)};
    CommitBatch out;
    out.snapshot = SnapshotText{model::keccak256(std::string_view("s" + text)), block.time, {block}, text, {{model::keccak256(std::string_view(text)), text}}};
    ReportText report;
    report.portfolio = "desk";
    report.json = text;
    out.reports = {report};
    out.memory = MemoryText{block.time, {block}, text};
    out.events = {{model::keccak256(std::string_view("i" + text)), 1, "desk", "opened", "warn", block.time, text, {"log", "hook"}}};
    return out;
}

TEST_F(FailureTest, a_full_database_refuses_the_batch_and_keeps_what_it_has) {
    auto history = open_sqlite(file_, {.busy_timeout = std::chrono::milliseconds(10), .max_pages = 60});
    ASSERT_TRUE(history) << history.error().message;
    ASSERT_TRUE((*history)->commit(batch(1)));
    std::uint64_t number = 2;
    model::Result<std::vector<std::uint64_t>> done;
    do done = (*history)->commit(batch(number++, 20000));
    while (done && number < 100);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::storage);
    EXPECT_EQ(done.error().retry, Retry::later);
    EXPECT_NE(done.error().message.find(file_.string()), std::string::npos);
    EXPECT_NE(done.error().message.find("database or disk is full"), std::string::npos) << done.error().message;
    const std::uint64_t kept = number - 2;
    EXPECT_EQ((*history)->events(0, 1000)->size(), kept);
    EXPECT_EQ((*history)->latest_memory()->value().time, static_cast<std::int64_t>(kept));
    EXPECT_TRUE((*history)->mark_delivered(1, "log", 5)) << "small changes still fit";
}

TEST_F(FailureTest, a_database_locked_by_another_writer_says_so_and_works_after) {
    auto history = open_sqlite(file_, {.busy_timeout = std::chrono::milliseconds(20), .max_pages = 0});
    ASSERT_TRUE(history);
    ASSERT_TRUE((*history)->commit(batch(1)));
    auto other = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
    ASSERT_TRUE(other);
    {
        auto held = sqlite::Transaction::begin(**other);
        ASSERT_TRUE(held);
        const auto done = (*history)->commit(batch(2));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::storage);
        EXPECT_EQ(done.error().retry, Retry::later);
        EXPECT_NE(done.error().message.find("database is locked"), std::string::npos) << done.error().message;
        EXPECT_EQ((*history)->latest_memory()->value().time, 1) << "readers do not wait";
    }
    EXPECT_TRUE((*history)->commit(batch(2)));
}

TEST_F(FailureTest, waits_for_another_writer_that_ends_in_time) {
    auto history = open_sqlite(file_, {.busy_timeout = std::chrono::milliseconds(10000), .max_pages = 0});
    ASSERT_TRUE(history);
    auto other = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
    ASSERT_TRUE(other);
    auto held = sqlite::Transaction::begin(**other);
    ASSERT_TRUE(held);
    model::Result<std::vector<std::uint64_t>> done;
    std::thread writer([&] { done = (*history)->commit(batch(1)); });
    held->reset();
    writer.join();
    EXPECT_TRUE(done) << done.error().message;
}

TEST_F(FailureTest, a_read_only_file_is_named) {
    ASSERT_TRUE(open_sqlite(file_));
    fs::permissions(file_, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        // Root passes permission bits; nobody does not.
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(10);
        const auto opened = open_sqlite(file_);
        if (opened) _exit(11);
        if (opened.error().code != ErrorCode::storage) _exit(12);
        if (opened.error().message.find(file_.string()) == std::string::npos) _exit(13);
        if (opened.error().message.find("readonly database") == std::string::npos) _exit(14);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(FailureTest, a_file_that_is_no_database_is_refused_and_left_alone) {
    const std::string garbage(5000, 'g');
    std::ofstream(file_) << garbage;
    const auto opened = open_sqlite(file_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::storage);
    EXPECT_NE(opened.error().message.find("file is not a database"), std::string::npos) << opened.error().message;
    std::stringstream after;
    after << std::ifstream(file_).rdbuf();
    EXPECT_EQ(after.str(), garbage);
}

TEST_F(FailureTest, a_database_damaged_in_the_middle_gives_an_error_not_wrong_rows) {
    {
        auto history = open_sqlite(file_);
        ASSERT_TRUE(history);
        for (std::uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE((*history)->commit(batch(i, 3000)));
    }
    const auto size = fs::file_size(file_);
    {
        std::fstream stream(file_, std::ios::in | std::ios::out | std::ios::binary);
        for (std::uint64_t at = 8 * 4096; at + 4096 < size; at += 4096) {
            stream.seekp(static_cast<std::streamoff>(at));
            stream << std::string(512, '\xee');
        }
    }
    auto history = open_sqlite(file_);
    bool failed = !history;
    if (history) {
        const auto events = (*history)->events(0, 1000);
        failed = !events;
        if (failed) {
            EXPECT_NE(events.error().message.find("malformed"), std::string::npos) << events.error().message;
        }
    }
    EXPECT_TRUE(failed);
}

TEST_F(FailureTest, a_missing_folder_is_named) {
    const auto opened = open_sqlite(folder_ / "absent" / "h.sqlite");
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("absent/h.sqlite"), std::string::npos);
    EXPECT_NE(opened.error().message.find("unable to open database file"), std::string::npos) << opened.error().message;
}

TEST_F(FailureTest, another_programs_database_is_refused_and_left_alone) {
    {
        auto other = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
        ASSERT_TRUE((*other)->execute("CREATE TABLE notes (text TEXT)"));
    }
    const auto opened = open_sqlite(file_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("belongs to another program"), std::string::npos) << opened.error().message;
    auto other = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
    EXPECT_EQ((*other)->integer("SELECT count(*) FROM sqlite_schema").value(), 1);
}

TEST_F(FailureTest, a_newer_schema_is_refused_and_left_alone) {
    ASSERT_TRUE(open_sqlite(file_));
    {
        auto newer = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
        ASSERT_TRUE((*newer)->execute("PRAGMA user_version = 9999"));
    }
    const auto opened = open_sqlite(file_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().retry, Retry::never);
    EXPECT_NE(opened.error().message.find("schema version 9999 is newer than " + std::to_string(schema_version())), std::string::npos)
        << opened.error().message;
}

/// One file per released schema, as the sqlite3 shell dumps it, never changed after its release.
class OlderSchema : public FailureTest, public testing::WithParamInterface<int> {};

TEST_P(OlderSchema, is_brought_to_this_version_with_its_rows) {
    std::ifstream dump(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/storage_v" + std::to_string(GetParam()) + ".sql");
    ASSERT_TRUE(dump);
    std::stringstream sql;
    sql << dump.rdbuf();
    {
        auto old = sqlite::Connection::open(file_, sqlite::Mode::read_write, 0);
        const auto made = (*old)->execute(sql.str());
        ASSERT_TRUE(made) << made.error().message;
        ASSERT_EQ((*old)->integer("PRAGMA user_version").value(), GetParam());
    }
    auto history = open_sqlite(file_);
    ASSERT_TRUE(history) << history.error().message;
    EXPECT_EQ((*history)->latest_memory()->value().json.substr(0, 1), "2");
    EXPECT_EQ((*history)->snapshot_at("desk", 100)->value().facts.size(), 1U);
    EXPECT_EQ((*history)->points("desk", 0, 100, 1)->size(), 2U);
    EXPECT_EQ((*history)->undelivered("hook", 0, 10)->size(), 2U);
    EXPECT_EQ((*history)->undelivered("log", 0, 10)->size(), 1U);
    EXPECT_EQ((*history)->commit(batch(3)).value(), (std::vector<std::uint64_t>{3}));
    auto now = sqlite::Connection::open(file_, sqlite::Mode::read_only, 0);
    EXPECT_EQ((*now)->integer("PRAGMA user_version").value(), schema_version());
    EXPECT_EQ((*now)->integer("SELECT count(*) FROM migrations").value(), schema_version());
}

INSTANTIATE_TEST_SUITE_P(Storage, OlderSchema, testing::Range(1, static_cast<int>(schema_version()) + 1));

TEST_F(FailureTest, kill_minus_nine_in_the_middle_of_commits_leaves_whole_batches) {
    ASSERT_TRUE(open_sqlite(file_));
    std::uint64_t next = 1;
    for (int round = 0; round < 25; ++round) {
        std::array<int, 2> first_commit{};
        ASSERT_EQ(pipe(first_commit.data()), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto history = open_sqlite(file_);
            if (!history) _exit(1);
            for (std::uint64_t i = next;; ++i) {
                if (!(*history)->commit(batch(i, 2000))) _exit(2);
                if (i == next && write(first_commit[1], "1", 1) != 1) _exit(3);
            }
        }
        close(first_commit[1]);
        char byte = 0;
        EXPECT_EQ(read(first_commit[0], &byte, 1), 1) << "the child never committed";
        close(first_commit[0]);
        // Spread over the length of a commit, which is some milliseconds.
        std::this_thread::sleep_for(std::chrono::microseconds(790 * round));
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

        auto history = open_sqlite(file_);
        ASSERT_TRUE(history) << history.error().message;
        const auto memory = (*history)->latest_memory();
        ASSERT_TRUE(memory) << memory.error().message;
        const std::uint64_t last = *memory ? static_cast<std::uint64_t>((*memory)->time) : 0;
        auto check = sqlite::Connection::open(file_, sqlite::Mode::read_only, 0);
        const auto count = [&](const char* sql) { return static_cast<std::uint64_t>((*check)->integer(sql).value()); };
        EXPECT_EQ(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0U);
        EXPECT_EQ(count("SELECT count(*) FROM pragma_foreign_key_check"), 0U);
        for (const char* table : {"SELECT count(*) FROM snapshots", "SELECT count(*) FROM snapshot_blocks", "SELECT count(*) FROM snapshot_facts",
                                  "SELECT count(*) FROM facts", "SELECT count(*) FROM points", "SELECT count(*) FROM reports",
                                  "SELECT count(*) FROM events", "SELECT count(*) FROM incidents", "SELECT count(*) / 2 FROM outbox"})
            EXPECT_EQ(count(table), last) << table;
        EXPECT_GE(last, next) << "a committed batch is gone";
        next = last + 1;
    }
}

}  // namespace
}  // namespace margind::storage
