// What goes in comes out: commits, forks, buckets of history, incidents, the outbox.
#include "storage/history.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

namespace margind::storage {
namespace {

using model::BlockRef;
using model::ChainId;
using model::ErrorCode;

model::Bytes32 hash(const std::string& text) { return model::keccak256(std::string_view(text)); }

BlockRef block(std::uint64_t chain, std::uint64_t number, const std::string& branch = "") {
    return {{chain}, number, hash("block" + std::to_string(chain) + "/" + std::to_string(number) + branch), static_cast<std::int64_t>(1000 + 12 * number)};
}

SnapshotText snapshot(std::uint64_t number, const std::string& branch = "", std::vector<FactsText> facts = {}) {
    const BlockRef at = block(1, number, branch);
    return {hash("snapshot" + std::to_string(number) + branch), at.time, {at}, "{\"n\":" + std::to_string(number) + "}", std::move(facts)};
}

MemoryText memory(std::uint64_t number, const std::string& branch = "") {
    const BlockRef at = block(1, number, branch);
    return {at.time, {at}, "memory " + std::to_string(number) + branch};
}

ReportText report(const std::string& portfolio, double z, const std::string& json = "{}") {
    HistoryPoint point;
    point.level = "watch";
    point.z = z;
    return {portfolio, point, json};
}

CommitBatch batch(std::uint64_t number, const std::string& branch = "") {
    CommitBatch out;
    out.snapshot = snapshot(number, branch);
    out.reports = {report("desk", static_cast<double>(number), "report " + std::to_string(number) + branch)};
    out.memory = memory(number, branch);
    return out;
}

EventText event(const std::string& incident, std::uint64_t sequence, const std::string& type, std::vector<std::string> sinks = {}) {
    return {hash(incident), sequence, "desk", type, "warn", 1000, incident + "#" + std::to_string(sequence), std::move(sinks)};
}

class HistoryTest : public testing::Test {
protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(testing::TempDir()) / (std::string("margind_history_") + info->name() + "_" + std::to_string(getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        reopen();
    }
    void TearDown() override {
        history_.reset();
        std::filesystem::remove_all(folder_);
    }
    void reopen() {
        history_.reset();
        auto opened = open_sqlite(folder_ / "h.sqlite");
        ASSERT_TRUE(opened) << opened.error().message;
        history_ = std::move(*opened);
    }
    void commit(const CommitBatch& one) {
        const auto done = history_->commit(one);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::string latest() {
        const auto found = history_->latest_memory();
        EXPECT_TRUE(found) << found.error().message;
        return found && *found ? (*found)->json : "none";
    }
    std::string memory_up_to(std::uint64_t chain, std::uint64_t number) {
        const auto found = history_->memory_at(ChainId{chain}, number);
        EXPECT_TRUE(found) << found.error().message;
        return found && *found ? (*found)->json : "none";
    }

    std::filesystem::path folder_;
    std::unique_ptr<History> history_;
};

TEST_F(HistoryTest, is_empty_when_new) {
    EXPECT_EQ(latest(), "none");
    EXPECT_TRUE(history_->events(0, 10)->empty());
    EXPECT_TRUE(history_->open_incidents()->empty());
    EXPECT_TRUE(history_->undelivered("log", 0, 10)->empty());
    EXPECT_FALSE(history_->snapshot_at("desk", 1 << 30)->has_value());
    EXPECT_TRUE(history_->points("desk", 0, 1 << 16, 60)->empty());
}

TEST_F(HistoryTest, gives_back_a_snapshot_with_its_facts_and_blocks_after_a_restart) {
    const std::vector<FactsText> facts = {{hash("a"), "{\"a\":1}"}, {hash("b"), "{\"b\":2}"}};
    CommitBatch one = batch(5);
    one.snapshot = snapshot(5, "", facts);
    one.snapshot->blocks.push_back(block(10, 77));
    commit(one);
    reopen();
    const auto found = history_->snapshot_at("desk", 1060);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->hash, one.snapshot->hash);
    EXPECT_EQ((*found)->time, 1060);
    EXPECT_EQ((*found)->json, "{\"n\":5}");
    EXPECT_EQ((*found)->blocks, one.snapshot->blocks);
    ASSERT_EQ((*found)->facts.size(), 2U);
    std::map<model::Bytes32, std::string> texts;
    for (const FactsText& text : (*found)->facts) texts[text.hash] = text.json;
    EXPECT_EQ(texts.at(hash("a")), "{\"a\":1}");
    EXPECT_EQ(texts.at(hash("b")), "{\"b\":2}");
    EXPECT_FALSE(history_->snapshot_at("desk", 1059)->has_value());
    EXPECT_FALSE(history_->snapshot_at("other", 2000)->has_value());
    EXPECT_EQ(history_->report_at("desk", 5000)->value(), "report 5");
}

TEST_F(HistoryTest, keeps_facts_once_whatever_holds_them) {
    const std::string large(4096, 'x');
    for (std::uint64_t i = 1; i <= 50; ++i) {
        CommitBatch one = batch(i);
        one.snapshot = snapshot(i, "", {{hash("same"), large}});
        commit(one);
    }
    history_.reset();
    EXPECT_LT(std::filesystem::file_size(folder_ / "h.sqlite"), 50U * 4096U);
}

TEST_F(HistoryTest, takes_blocks_back_and_returns_to_the_memory_at_the_fork) {
    for (std::uint64_t i = 1; i <= 5; ++i) commit(batch(i));
    EXPECT_EQ(latest(), "memory 5");
    EXPECT_EQ(memory_up_to(1, 3), "memory 3");
    EXPECT_EQ(memory_up_to(1, 0), "none");
    EXPECT_EQ(memory_up_to(10, 0), "memory 5") << "a memory without that chain stands on none of its blocks";

    CommitBatch fork = batch(4, "b");
    fork.orphaned = {{ChainId{1}, 3}};
    fork.events = {event("i", 2, "retracted")};
    commit(fork);
    EXPECT_EQ(latest(), "memory 4b");
    EXPECT_EQ(memory_up_to(1, 3), "memory 3");
    EXPECT_EQ(memory_up_to(1, 99), "memory 4b");
    EXPECT_EQ(history_->report_at("desk", 1 << 30)->value(), "report 4b");
    const auto points = history_->points("desk", 0, 1 << 16, 12);
    ASSERT_TRUE(points);
    EXPECT_EQ(points->size(), 4U);
    EXPECT_EQ(points->back().time, 1048);
}

TEST_F(HistoryTest, marks_orphaned_alone_and_only_on_that_chain) {
    commit(batch(1));
    CommitBatch two = batch(2);
    two.snapshot->blocks = {block(10, 500)};
    two.memory->blocks = {block(10, 500)};
    commit(two);
    CommitBatch fork;
    fork.orphaned = {{ChainId{1}, 0}};
    commit(fork);
    EXPECT_EQ(latest(), "memory 2");
    EXPECT_EQ(history_->points("desk", 0, 1 << 16, 1).value().size(), 1U);
}

TEST_F(HistoryTest, makes_a_snapshot_canonical_again_when_its_branch_wins_after_all) {
    commit(batch(1));
    commit(batch(2));
    CommitBatch away = batch(2, "b");
    away.orphaned = {{ChainId{1}, 1}};
    commit(away);
    CommitBatch back = batch(2);
    back.orphaned = {{ChainId{1}, 1}};
    back.reports = {report("desk", 20, "again")};
    commit(back);
    EXPECT_EQ(history_->report_at("desk", 5000)->value(), "again");
    const auto points = history_->points("desk", 0, 1 << 16, 1);
    ASSERT_EQ(points->size(), 2U);
    EXPECT_EQ(points->back().z, 20.0);
}

TEST_F(HistoryTest, keeps_the_last_memories_only) {
    for (std::uint64_t i = 1; i <= kept_memories + 10; ++i) {
        CommitBatch one;
        one.memory = memory(i);
        commit(one);
    }
    EXPECT_EQ(latest(), "memory 266");
    EXPECT_EQ(memory_up_to(1, 11), "memory 11");
    EXPECT_EQ(memory_up_to(1, 10), "none");
}

TEST_F(HistoryTest, keeps_each_16th_of_the_older_memories) {
    for (std::uint64_t i = 1; i <= kept_memories + 50; ++i) {
        CommitBatch one;
        one.memory = memory(i);
        commit(one);
    }
    EXPECT_EQ(memory_up_to(1, 51), "memory 51");
    EXPECT_EQ(memory_up_to(1, 50), "memory 48");
    EXPECT_EQ(memory_up_to(1, 47), "memory 32");
    EXPECT_EQ(memory_up_to(1, 15), "none");
}

TEST_F(HistoryTest, names_the_highest_block_at_or_below_a_number_on_the_branch_that_stands) {
    for (const std::uint64_t number : {std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{7}}) commit(batch(number));
    const auto found = [&](std::uint64_t number) { return history_->block_at(ChainId{1}, number).value(); };
    EXPECT_EQ(found(99), block(1, 7));
    EXPECT_EQ(found(6), block(1, 4));
    EXPECT_EQ(found(2), std::nullopt);
    EXPECT_EQ(history_->block_at(ChainId{10}, 99).value(), std::nullopt);
    CommitBatch away = batch(5, "b");
    away.orphaned = {{ChainId{1}, 4}};
    commit(away);
    EXPECT_EQ(found(99), block(1, 5, "b"));
}

TEST_F(HistoryTest, what_is_evaluated_again_in_the_same_second_counts) {
    commit(batch(1));
    // The same blocks with a trouble of the sources, then without it: the first snapshot again.
    CommitBatch troubled = batch(1);
    troubled.snapshot->hash = hash("troubled");
    troubled.reports = {report("desk", 20, "troubled")};
    commit(troubled);
    EXPECT_EQ(history_->report_at("desk", 5000)->value(), "troubled");
    CommitBatch over = batch(1);
    over.reports = {report("desk", 10, "over")};
    commit(over);
    EXPECT_EQ(history_->report_at("desk", 5000)->value(), "over");
    EXPECT_EQ((*history_->snapshot_at("desk", 5000))->hash, over.snapshot->hash);
}

TEST_F(HistoryTest, is_open_once) {
    const auto second = open_sqlite(folder_ / "h.sqlite");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, model::ErrorCode::storage);
    EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid()) + " writes it"), std::string::npos) << second.error().message;
    reopen();
}

TEST_F(HistoryTest, gives_the_last_point_of_each_bucket) {
    for (std::uint64_t i = 0; i <= 20; ++i) commit(batch(i));
    const auto points = history_->points("desk", 1000, 1240, 60);
    ASSERT_TRUE(points);
    std::vector<std::int64_t> times;
    for (const HistoryPoint& point : *points) {
        times.push_back(point.time);
        EXPECT_EQ(point.z, static_cast<double>((point.time - 1000) / 12));
        EXPECT_EQ(point.room, std::nullopt);
        EXPECT_EQ(point.level, "watch");
    }
    // Buckets start at 960, 1020, 1080, 1140, 1200; blocks every 12 s from 1000 to 1240.
    EXPECT_EQ(times, (std::vector<std::int64_t>{1012, 1072, 1132, 1192, 1240}));
    EXPECT_EQ(history_->points("desk", 1013, 1071, 1)->size(), 4U);
    EXPECT_EQ(history_->points("desk", 0, max_points, 1).error().code, ErrorCode::limit);
    EXPECT_EQ(history_->points("desk", 0, 10, 0).error().code, ErrorCode::bad_input);
    EXPECT_EQ(history_->points("desk", 10, 0, 1).error().code, ErrorCode::bad_input);
}

TEST_F(HistoryTest, keeps_every_figure_of_a_point) {
    CommitBatch one = batch(1);
    one.reports = {{"desk", {0, "critical", "z below 0.5", "aave_v3:1/0xab", 0.1, 0.2, 1e9, 4.5, 0.6, 1.7, 0.8, -9.25, 10.125}, "{}"}};
    commit(one);
    HistoryPoint expected = one.reports[0].figures;
    expected.time = 1012;
    EXPECT_EQ(history_->points("desk", 0, 2000, 1)->at(0), expected);
}

TEST_F(HistoryTest, numbers_events_and_gives_those_after_a_cursor) {
    CommitBatch one = batch(1);
    one.events = {event("a", 1, "opened"), event("b", 1, "opened")};
    EXPECT_EQ(history_->commit(one).value(), (std::vector<std::uint64_t>{1, 2}));
    CommitBatch two;
    two.events = {event("a", 2, "escalated"), event("b", 2, "cleared")};
    EXPECT_EQ(history_->commit(two).value(), (std::vector<std::uint64_t>{3, 4}));

    const auto after = history_->events(1, 2);
    ASSERT_EQ(after->size(), 2U);
    EXPECT_EQ(after->at(0).number, 2U);
    EXPECT_EQ(after->at(0).json, "b#1");
    EXPECT_EQ(after->at(1).number, 3U);
    EXPECT_TRUE(history_->events(4, 10)->empty());
    EXPECT_FALSE(history_->events(~std::uint64_t{0}, 10)) << "a cursor above 2^63 - 1 does not fit";

    const auto open = history_->open_incidents();
    ASSERT_EQ(open->size(), 1U);
    EXPECT_EQ(open->at(0).json, "a#2");
}

TEST_F(HistoryTest, drains_the_outbox_of_each_sink_by_itself) {
    CommitBatch one;
    one.events = {event("a", 1, "opened", {"log", "hook"}), event("b", 1, "opened", {"hook"}), event("c", 1, "opened")};
    commit(one);
    EXPECT_EQ(history_->undelivered("log", 0, 10)->size(), 1U);
    ASSERT_TRUE(history_->mark_delivered(1, "log", 99));
    EXPECT_TRUE(history_->undelivered("log", 0, 10)->empty());
    ASSERT_TRUE(history_->mark_failed(1, "hook", "HTTP 500"));
    ASSERT_TRUE(history_->mark_failed(1, "hook", "HTTP 500"));
    reopen();
    const auto rows = history_->undelivered("hook", 0, 10);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ(rows->at(0).event, 1U);
    EXPECT_EQ(rows->at(0).attempts, 2U);
    EXPECT_EQ(rows->at(0).json, "a#1");
    EXPECT_EQ(rows->at(1).attempts, 0U);
    EXPECT_EQ(history_->undelivered("hook", 0, 1)->size(), 1U);
    EXPECT_EQ(history_->mark_delivered(3, "hook", 1).error().code, ErrorCode::missing);
}

TEST_F(HistoryTest, commits_all_of_a_batch_or_nothing) {
    commit(batch(1));
    CommitBatch broken = batch(2);
    broken.events = {event("a", 1, "opened", {"log", "log"})};
    const auto refused = history_->commit(broken);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::storage);
    EXPECT_EQ(latest(), "memory 1");
    EXPECT_TRUE(history_->events(0, 10)->empty());
    EXPECT_EQ(history_->report_at("desk", 5000)->value(), "report 1");
    CommitBatch orphan;
    orphan.reports = {report("desk", 1)};
    EXPECT_EQ(history_->commit(orphan).error().code, ErrorCode::bad_input);
    CommitBatch large = batch(3);
    large.snapshot->blocks[0].number = ~std::uint64_t{0};
    EXPECT_FALSE(history_->commit(large));
    commit(batch(2));
    EXPECT_EQ(latest(), "memory 2");
}

TEST_F(HistoryTest, gives_a_memory_back_with_its_blocks_or_without_any) {
    CommitBatch one;
    one.memory = memory(1);
    one.memory->blocks.push_back(block(10, 7));
    commit(one);
    EXPECT_EQ(history_->latest_memory().value()->blocks, one.memory->blocks);
    one.memory->blocks.clear();
    commit(one);
    EXPECT_TRUE(history_->latest_memory().value()->blocks.empty());
    EXPECT_EQ(history_->latest_memory().value()->time, 1012);
}

TEST_F(HistoryTest, keeps_bytes_of_texts_as_they_are) {
    CommitBatch one = batch(1);
    one.memory->json = std::string("a\0b", 3) + "\xc3\xa9 'quoted\" --;";
    commit(one);
    EXPECT_EQ(latest(), one.memory->json);
}

TEST_F(HistoryTest, answers_readers_while_another_thread_commits) {
    std::thread writer([this] {
        for (std::uint64_t i = 1; i <= 40; ++i) commit(batch(i));
    });
    std::size_t seen = 0;
    for (int i = 0; i < 200; ++i) {
        const auto points = history_->points("desk", 0, 1 << 16, 1);
        ASSERT_TRUE(points) << points.error().message;
        EXPECT_GE(points->size(), seen);
        seen = points->size();
    }
    writer.join();
    EXPECT_EQ(history_->points("desk", 0, 1 << 16, 1).value().size(), 40U);
}

TEST_F(HistoryTest, keeps_the_last_price_of_each_day) {
    CommitBatch first = batch(1);
    first.daily_prices = {{"BTC", 20'000, 60'000.5, 1'728'000'100, "a"}, {"ETH", 20'000, 2000, 1'728'000'100, "a"}, {"ETH", 19'999, 1900, 1'727'999'000, "a"}};
    ASSERT_TRUE(history_->commit(first));
    CommitBatch second = batch(2);
    second.daily_prices = {{"ETH", 20'000, 2100, 1'728'000'200, "b"}};
    ASSERT_TRUE(history_->commit(second));
    const std::vector<DailyPrice> kept{{"BTC", 20'000, 60'000.5, 1'728'000'100, "a"}, {"ETH", 20'000, 2100, 1'728'000'200, "b"}};
    EXPECT_EQ(history_->daily_prices(20'000).value(), kept);
    EXPECT_EQ(history_->daily_prices(0)->size(), 3U);
}

}  // namespace
}  // namespace margind::storage
