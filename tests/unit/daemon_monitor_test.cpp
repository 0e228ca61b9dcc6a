// The monitor over chains that a test writes block by block, with the real evaluation, step and database.
#include "tests/support/monitor_over_chain.hpp"

#include <algorithm>
#include <bit>

namespace margind::daemon {
namespace {

TEST_F(MonitorOverChain, evaluates_the_head_once_and_then_confirms_it) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    EXPECT_EQ(level(), model::Level::ok);
    steady_s_ = 107;
    drive([&] { return status().confirmed == Steady::time_point(seconds(107)); });
    EXPECT_EQ(chain_.reads, 1);
    drive_to(chain_.mine(1800));
    EXPECT_EQ(level(), model::Level::call);
    drive([&] { return types() == std::vector<std::string>{"opened"}; });
}

TEST_F(MonitorOverChain, serves_a_state_before_it_is_in_the_database_and_sends_after) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    const model::BlockRef next = chain_.mine(1800);
    while (!(published_.get()->committing && at() == next)) io_->run_one_for(milliseconds(2));
    EXPECT_EQ(level(), model::Level::call);
    EXPECT_TRUE(sent_.empty());
    drive_to(next);
    EXPECT_EQ(history_->snapshot_at("desk", next.time)->value().hash, published_.get()->evaluation->report->snapshot_hash);
    drive([&] { return types() == std::vector<std::string>{"opened"}; });
}

TEST_F(MonitorOverChain, goes_back_to_the_last_shared_block_however_many_it_skipped) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    chain_.mine(2900);
    drive_to(chain_.mine(2800));
    chain_.mine(1900);
    drive_to(chain_.mine(1800));
    drive([&] { return types() == std::vector<std::string>{"opened"}; });
    // Blocks 4 and 5 are replaced at the same heights; 3 was evaluated and is shared.
    chain_.cut_to(3);
    chain_.mine(2950, 1);
    drive_to(chain_.mine(2960, 1));
    EXPECT_EQ(level(), model::Level::ok);
    drive([&] { return types() == (std::vector<std::string>{"opened", "retracted"}); });
    EXPECT_EQ(sent_[1].at("id"), sent_[0].at("id"));
    const auto points = history_->points("desk", 1'700'000'000, 1'700'001'000, 1);
    ASSERT_TRUE(points);
    for (const storage::HistoryPoint& point : *points) EXPECT_EQ(point.level, "ok") << point.time;
    // Evaluation started from the memory at block 3.
    EXPECT_EQ(published_.get()->evaluation->before->time, chain_.blocks[2].head.block.time);
}

TEST_F(MonitorOverChain, keeps_its_state_while_an_endpoint_lags_and_follows_a_chain_that_was_cut) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    const model::BlockRef top = chain_.mine(1800);
    drive_to(top);
    drive([&] { return types().size() == 1; });
    const FakeChain::Block kept = chain_.blocks.back();
    chain_.cut_to(1);
    drive([&] { return !status().error.empty(); });
    EXPECT_EQ(at()->hash, top.hash);
    // It catches up: nothing was taken back.
    chain_.blocks.push_back(kept);
    drive([&] { return status().error.empty(); });
    EXPECT_EQ(types().size(), 1U);
    // For longer than that it is the chain.
    chain_.cut_to(1);
    drive([&] { return !status().error.empty(); });
    steady_s_ += 6;
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return types() == (std::vector<std::string>{"opened", "retracted"}); });
    EXPECT_EQ(level(), model::Level::ok);
}

TEST_F(MonitorOverChain, lets_the_last_state_age_while_nothing_can_be_read) {
    const model::BlockRef first = chain_.mine(3000);
    begin();
    drive_to(first);
    chain_.read_error = model::Error{model::ErrorCode::upstream, "the node answers nonsense", model::Retry::later};
    chain_.mine(1800);
    drive([&] { return status().error == "the node answers nonsense"; });
    EXPECT_EQ(at()->hash, first.hash);
    EXPECT_EQ(level(), model::Level::ok);
    EXPECT_EQ(status().confirmed, Steady::time_point(seconds(100)));
    chain_.read_error.reset();
    drive_to(chain_.blocks.back().head.block);
    EXPECT_TRUE(status().error.empty());
    EXPECT_EQ(level(), model::Level::call);
}

TEST_F(MonitorOverChain, waits_for_a_node_that_is_away_at_the_start) {
    chain_.mine(3000);
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    begin();
    drive([&] { return status().error == "connection refused"; });
    EXPECT_EQ(published_.get()->evaluation, nullptr);
    chain_.head_error.reset();
    drive_to(chain_.blocks.back().head.block);
}

TEST_F(MonitorOverChain, takes_up_its_incidents_and_the_fork_after_a_restart) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive_to(chain_.mine(1800));
    drive([&] { return types().size() == 1; });
    end();
    // Still there: no second `opened`.
    chain_.mine(1790);
    begin();
    drive_to(chain_.blocks.back().head.block);
    EXPECT_EQ(types().size(), 1U);
    end();
    // Reorganised away while it was dead: the memory at the fork comes from the database.
    chain_.cut_to(1);
    chain_.mine(3000, 1);
    chain_.mine(3000, 1);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return types() == (std::vector<std::string>{"opened", "retracted"}); });
    EXPECT_EQ(level(), model::Level::ok);
}

TEST_F(MonitorOverChain, goes_on_with_one_chain_while_another_cannot_say_what_became_of_its_block) {
    watch_the_other_too();
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return status(1).evaluated.has_value(); });
    // Two blocks on: only the block at the evaluated height would tell whether that one still stands.
    other_.block_error = model::Error{model::ErrorCode::unreachable, "no answer within 5000 ms", model::Retry::later};
    other_.mine(3000);
    other_.mine(3000);
    drive([&] { return status(1).error == "no answer within 5000 ms"; });
    drive_to(chain_.mine(1800));
    drive([&] { return types() == std::vector<std::string>{"opened"}; });
    EXPECT_EQ(status(1).evaluated, other_.blocks.front().head.block);
    other_.block_error.reset();
    drive([&] { return status(1).evaluated == other_.blocks.back().head.block; });
}

TEST_F(MonitorOverChain, serves_nothing_that_stands_on_an_orphaned_block_of_a_chain_that_cannot_be_read) {
    watch_the_other_too();
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return status(1).evaluated.has_value(); });
    other_.read_error = model::Error{model::ErrorCode::upstream, "header not found", model::Retry::later};
    other_.cut_to(0);
    other_.mine(3000, 1);
    drive([&] { return !status(1).evaluated; });
    drive_to(chain_.mine(1800));
    EXPECT_EQ(published_.get()->evaluation->snapshot->blocks.size(), 1U);
    const auto points = history_->points("desk", 1'700'000'000, 1'700'001'000, 1);
    ASSERT_TRUE(points);
    EXPECT_FALSE(points->empty());
    other_.read_error.reset();
    drive([&] { return status(1).evaluated == other_.blocks.back().head.block; });
}

TEST_F(MonitorOverChain, asks_each_chain_at_its_own_interval) {
    watch_the_other_too(std::chrono::hours(1));
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    // For the first block, for what came while it was read, and for the news that it was.
    drive([&] { return other_.heads == 3; });
    const int heads = chain_.heads;
    drive([&] { return chain_.heads > heads + 5; });
    EXPECT_EQ(other_.heads, 3);
}

TEST_F(MonitorOverChain, publishes_the_last_state_of_an_earlier_run_until_a_node_answers) {
    chain_.mine(3000);
    begin();
    const model::BlockRef last = chain_.mine(1800);
    drive_to(last);
    end();
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    begin();
    drive([&] { return status().error == "connection refused"; });
    ASSERT_NE(published_.get()->evaluation, nullptr);
    EXPECT_EQ(level(), model::Level::call);
    EXPECT_EQ(at(), last);
    EXPECT_EQ(status().confirmed, std::nullopt);
    const auto reasons = not_ready_reasons(*published_.get(), {[] { return Steady::now(); }, [] { return std::int64_t{1'700'000'000}; }});
    ASSERT_EQ(reasons.size(), 1U);
    EXPECT_NE(reasons.front().find("block 2 was evaluated by an earlier run"), std::string::npos) << reasons.front();
    // The same block, read again by this run.
    const int reads = chain_.reads;
    chain_.head_error.reset();
    drive([&] { return status().confirmed.has_value(); });
    EXPECT_EQ(chain_.reads, reads + 1);
    EXPECT_EQ(types().size(), 1U);
}

TEST_F(MonitorOverChain, starts_though_the_last_snapshot_of_its_portfolio_was_dropped_for_its_age) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    end();
    {
        auto history = storage::open_sqlite(folder_ / "history.sqlite");
        ASSERT_TRUE(history) << history.error().message;
        const std::int64_t old = chain_.blocks.back().head.block.time;
        storage::CommitBatch later;
        later.snapshot = storage::SnapshotText{{}, old + std::int64_t{100} * 86'400, {}, "{}", {}};
        ASSERT_TRUE((*history)->commit(later));
        ASSERT_EQ((*history)->snapshot_at("desk", old).error().code, model::ErrorCode::missing);
    }
    published_.publish(std::make_shared<const Published>());
    begin();
    EXPECT_EQ(published_.get()->evaluation, nullptr);
    chain_.mine(3000);
    drive_to(chain_.blocks.back().head.block);
}

TEST_F(MonitorOverChain, publishes_no_state_of_an_earlier_run_for_other_owners) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    end();
    settings_.portfolios.front().owners.push_back(testing::owner(2));
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    begin();
    drive([&] { return status().error == "connection refused"; });
    EXPECT_EQ(published_.get()->evaluation, nullptr);
}

TEST_F(MonitorOverChain, tells_once_that_a_chain_is_stale_and_when_it_is_over) {
    const model::BlockRef last = chain_.mine(3000);
    begin();
    drive_to(last);
    const double equity = *report().accounts.at(0).equity_usd;
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    steady_s_ = 129;
    wall_s_ = last.time + 29;
    drive([&] { return status().error == "connection refused"; });
    EXPECT_TRUE(status().troubles.empty());
    steady_s_ = 131;
    wall_s_ = last.time + 31;
    drive([&] { return rules() == std::vector<std::string>{"source.stale:1 opened"}; });
    const json& told = sent_.back();
    EXPECT_EQ(told.at("level"), "warn");
    EXPECT_EQ(told.at("reason"), "chain 1 (one): nothing has been confirmed for 31 s, since 2023-11-14 22:13:20 UTC: connection refused; all figures are those of block 1 "
                                 "of 2023-11-14 22:13:20 UTC, 31 s old");
    // The last figures, with what they are worth.
    EXPECT_EQ(level(), model::Level::unknown);
    EXPECT_EQ(report().accounts.at(0).equity_usd, equity);
    EXPECT_TRUE(report().accounts.at(0).grade.qualifiers.stale);
    EXPECT_FALSE(report().unified);
    EXPECT_TRUE(published_.get()->evaluation->after->portfolios.at("desk").unified);
    EXPECT_EQ(at(), last);
    ASSERT_EQ(status().troubles.size(), 1U);
    // An unchanged situation evaluates nothing.
    const auto evaluation = published_.get()->evaluation;
    const int heads = chain_.heads;
    steady_s_ = 1000;
    drive([&] { return chain_.heads > heads + 20; });
    EXPECT_EQ(published_.get()->evaluation, evaluation);
    // The same block is confirmed again.
    chain_.head_error.reset();
    drive([&] { return rules().back() == "source.stale:1 cleared"; });
    EXPECT_EQ(level(), model::Level::ok);
    EXPECT_EQ(rules().size(), 2U);
    EXPECT_TRUE(status().troubles.empty());
    EXPECT_EQ(history_->snapshot_at("desk", last.time)->value().hash, published_.get()->evaluation->report->snapshot_hash);
}

TEST_F(MonitorOverChain, is_stale_when_its_head_is_not_confirmed_or_no_reading_succeeds) {
    const model::BlockRef last = chain_.mine(1800);
    begin();
    drive_to(last);
    drive([&] { return rules() == std::vector<std::string>{"distance opened"}; });
    // Operators have gone silent: the head stays what it was.
    chain_.confirmed = Steady::time_point(seconds(100));
    steady_s_ = 131;
    drive([&] { return rules().back() == "source.stale:1 opened"; });
    // What was near stays near.
    EXPECT_EQ(level(), model::Level::call);
    chain_.confirmed.reset();
    drive([&] { return rules().back() == "source.stale:1 cleared"; });
    chain_.read_error = model::Error{model::ErrorCode::upstream, "header not found", model::Retry::later};
    chain_.mine(1850);
    drive([&] { return !status().error.empty(); });
    steady_s_ = 162;
    drive([&] { return rules().size() == 4 && rules().back() == "source.stale:1 opened"; });
    EXPECT_EQ(at(), last);
    chain_.read_error.reset();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return rules().back() == "source.stale:1 cleared"; });
}

TEST_F(MonitorOverChain, is_stale_when_a_chain_that_mines_by_the_clock_stands_still_or_is_far_behind) {
    settings_.chains.at(model::ChainId{1}).quiet_chain = false;
    const model::BlockRef last = chain_.mine(3000);
    begin();
    drive_to(last);
    // Four block times of 12 s; the node confirms its head all along.
    wall_s_ = last.time + 47;
    confirm_until(147);
    EXPECT_TRUE(rules().empty());
    wall_s_ = last.time + 48;
    steady_s_ = 148;
    drive([&] { return rules() == std::vector<std::string>{"source.stale:1 opened"}; });
    EXPECT_NE(sent_.back().at("reason").get<std::string>().find("no new block for 48 s where one comes every 12 s; all figures are those of block 1"), std::string::npos)
        << sent_.back().at("reason");
    drive_to(chain_.mine(3000));
    drive([&] { return rules().back() == "source.stale:1 cleared"; });
    // Blocks come, and each is an hour old.
    wall_s_ += 3600;
    for (int i = 0; i < 4; ++i) {
        steady_s_ += 10;
        drive_to(chain_.mine(3000));
    }
    drive([&] { return rules().size() == 3; });
    EXPECT_NE(sent_.back().at("reason").get<std::string>().find("the head is far behind the clock"), std::string::npos) << sent_.back().at("reason");
}

TEST_F(MonitorOverChain, tells_of_a_chain_that_was_never_read) {
    chain_.mine(3000);
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    begin();
    drive([&] { return status().error == "connection refused"; });
    steady_s_ = 131;
    drive([&] { return rules() == std::vector<std::string>{"source.stale:1 opened"}; });
    EXPECT_EQ(sent_.back().at("reason"), "chain 1 (one): no block could be read for 31 s: connection refused; its accounts are unknown");
    EXPECT_EQ(level(), model::Level::unknown);
    EXPECT_EQ(report().accounts.size(), 1U);
    EXPECT_EQ(at(), std::nullopt);
    chain_.head_error.reset();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return rules() == (std::vector<std::string>{"source.stale:1 opened", "source.stale:1 cleared"}); });
    EXPECT_EQ(level(), model::Level::ok);
}

TEST_F(MonitorOverChain, started_in_an_outage_it_tells_with_the_figures_of_the_last_run) {
    chain_.mine(3000);
    begin();
    const model::BlockRef last = chain_.mine(1800);
    drive_to(last);
    drive([&] { return rules() == std::vector<std::string>{"distance opened"}; });
    const double equity = *report().accounts.at(0).equity_usd;
    end();
    chain_.head_error = model::Error{model::ErrorCode::unreachable, "connection refused", model::Retry::later};
    steady_s_ = 5000;
    begin();
    drive([&] { return status().error == "connection refused"; });
    steady_s_ = 5031;
    drive([&] { return rules().back() == "source.stale:1 opened"; });
    EXPECT_EQ(report().accounts.at(0).equity_usd, equity);
    EXPECT_EQ(level(), model::Level::call);
    EXPECT_EQ(at(), last);
    // Killed and started again in the same outage: told already.
    end();
    begin();
    drive([&] { return status().error == "connection refused"; });
    steady_s_ = 6000;
    drive([&] { return !status().troubles.empty(); });
    EXPECT_EQ(rules().size(), 2U);
    chain_.head_error.reset();
    drive_to(chain_.mine(3000));
    drive([&] { return rules().back() == "source.stale:1 cleared"; });
    EXPECT_EQ(rules().size(), 3U);
}

TEST_F(MonitorOverChain, tells_of_its_sources_troubles_without_a_new_block_and_not_of_their_words) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    chain_.troubles = {{model::ChainId{1}, model::TroubleKind::single_source, "b (https://b) has been silent for 36 s"}};
    chain_.tell();
    drive([&] { return rules() == std::vector<std::string>{"source.single_source:1 opened"}; });
    EXPECT_EQ(sent_.back().at("reason"), "b (https://b) has been silent for 36 s");
    EXPECT_EQ(level(), model::Level::ok);
    const auto evaluation = published_.get()->evaluation;
    chain_.troubles.front().reason = "b (https://b) has been silent for 37 s";
    const int heads = chain_.heads;
    drive([&] { return chain_.heads > heads + 10; });
    EXPECT_EQ(published_.get()->evaluation, evaluation);
    chain_.troubles.clear();
    drive([&] { return rules().back() == "source.single_source:1 cleared"; });
}

TEST_F(MonitorOverChain, a_chain_whose_reading_hangs_holds_up_no_other_and_becomes_stale) {
    watch_the_other_too();
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return status(1).evaluated.has_value(); });
    other_.reading_hangs = true;
    other_.mine(3000);
    drive([&] { return other_.reads == 2; });
    const auto start = std::chrono::steady_clock::now();
    drive_to(chain_.mine(1800));
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
    drive([&] { return rules() == std::vector<std::string>{"distance opened"}; });
    EXPECT_EQ(status(1).evaluated, other_.blocks.front().head.block);
    // Nothing of the portfolio is on that chain: its trouble is shown, and no incident.
    confirm_until(131);
    drive([&] { return status(1).troubles.size() == 1 && status(0).troubles.empty(); });
    EXPECT_EQ(rules().size(), 1U);
    other_.reading_hangs = false;
    drive([&] { return status(1).evaluated == other_.blocks.back().head.block && status(1).troubles.empty(); });
}

TEST_F(MonitorOverChain, hears_of_a_new_head_without_polling) {
    settings_.chains.at(model::ChainId{1}).poll_interval = std::chrono::hours(1);
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    const auto start = std::chrono::steady_clock::now();
    drive_to(chain_.mine(2900));
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
}

TEST_F(MonitorOverChain, asks_for_accounts_at_warn_or_worse_or_unknown_to_be_read_twice) {
    chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    drive_to(chain_.mine(1800));
    EXPECT_TRUE(chain_.close.empty());
    drive_to(chain_.mine(3000));
    const model::AccountKey key = report().accounts.at(0).key;
    EXPECT_EQ(chain_.close, std::set<model::AccountKey>{key});
    // Held by its memory, though the last figures are good; also over a restart.
    end();
    begin();
    drive_to(chain_.mine(3000));
    EXPECT_EQ(chain_.close, std::set<model::AccountKey>{key});
}

class MonitorFork : public MonitorOverChain, public ::testing::WithParamInterface<std::size_t> {};

// Every block is evaluated, of 300 each 15th; then so many of them go. Questions grow with the logarithm of the depth.
TEST_P(MonitorFork, goes_back_as_far_as_it_takes) {
    const std::size_t depth = GetParam();
    settings_.policy.scan_steps = 20;
    for (int i = 0; i < 20; ++i) chain_.mine(3000);
    begin();
    drive_to(chain_.blocks.back().head.block);
    const std::size_t stride = std::max(depth / 20, std::size_t{1});
    for (std::size_t i = 1; i <= depth; ++i) {
        const model::BlockRef block = chain_.mine(i == depth ? 1800 : 3000);
        if (i % stride == 0) drive_to(block);
    }
    drive([&] { return rules() == std::vector<std::string>{"distance opened"}; });
    const int asked = chain_.block_questions;
    chain_.cut_to(20);
    for (std::size_t i = 0; i <= depth; ++i) chain_.mine(3000, 1);
    drive_to(chain_.blocks.back().head.block);
    drive([&] { return rules() == (std::vector<std::string>{"distance opened", "distance retracted"}); });
    EXPECT_LE(chain_.block_questions - asked, 2 + 2 * std::bit_width(depth));
    EXPECT_EQ(published_.get()->evaluation->before->blocks.at(0), chain_.blocks[19].head.block);
    EXPECT_EQ(history_->block_at(model::ChainId{1}, 19 + depth)->value(), chain_.blocks[19].head.block);
    // A cold run over the blocks that are left.
    EXPECT_EQ(memory_without_counts(*published_.get()->evaluation->after), memory_without_counts(cold_run({chain_.blocks[19].head.block, chain_.blocks.back().head.block})));
}

INSTANTIATE_TEST_SUITE_P(Depths, MonitorFork, ::testing::Values(std::size_t{1}, std::size_t{20}, std::size_t{300}));

}  // namespace
}  // namespace margind::daemon
