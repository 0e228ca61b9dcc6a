// The watchers of heads over operators in the process: what is asked, and what comes of the answers.
#include "daemon/heads.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/simulated_chain.hpp"

#include "adapters/rpc/spawn.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace margind::tests {
namespace {

using namespace std::chrono_literals;
using Header = adapters::rpc::BlockHeader;

class Heads : public ::testing::Test {
protected:
    void make(std::size_t count, std::chrono::milliseconds poll = 5ms) {
        for (std::size_t op = 0; op < count; ++op) operators_.push_back(std::make_unique<SimulatedOperator>(tree_, std::string(1, static_cast<char>('a' + op))));
        std::vector<adapters::rpc::Operator*> all;
        for (const auto& op : operators_) all.push_back(op.get());
        daemon::HeadsOptions options;
        options.chain = model::ChainId{1};
        options.block_time = 1s;
        options.poll_interval = poll;
        options.quiet = true;
        daemon::Clocks clocks;
        clocks.steady = [this] { return now_; };
        clocks.wall = [] { return std::int64_t{0}; };
        heads_ = std::make_unique<daemon::Heads>(io_.get_executor(), std::move(all), options, clocks);
    }
    void ask() { run_coroutine(io_, heads_->ask_once()); }
    auto block_at(std::uint64_t number) { return run_coroutine(io_, heads_->block_at(number)); }
    std::size_t links() const {
        std::size_t count = 0;
        for (const auto& op : operators_) count += op->counts.by_hash + op->counts.by_number;
        return count;
    }
    /// Runs the watchers until `done`; false when it does not come about in 10 s.
    template <class Done>
    bool watch_until(Done done) {
        io_.restart();
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < end) io_.run_one_for(100ms);
        return done();
    }
    bool watch_until_head(const Header& head) {
        return watch_until([&] { return heads_->head() && *heads_->head() == head; });
    }
    void stop() {
        run_coroutine(io_, heads_->stop());
        EXPECT_TRUE(io_.stopped());
    }

    BlockTree tree_{model::ChainId{1}, 100};
    boost::asio::io_context io_{1};
    daemon::Steady::time_point now_{1h};
    std::vector<std::unique_ptr<SimulatedOperator>> operators_;
    std::unique_ptr<daemon::Heads> heads_;
};

TEST_F(Heads, asks_each_operator_once_and_links_what_differs) {
    make(3);
    const Header tip = tree_.mine(tree_.root(), 40);
    operators_[0]->head = tip;
    operators_[1]->head = *tree_.at(tip, 130);
    operators_[2]->dead = true;
    EXPECT_EQ(heads_->head().error().code, model::ErrorCode::unreachable);
    ask();
    EXPECT_EQ(heads_->head().value(), *tree_.at(tip, 130));
    EXPECT_EQ(operators_[0]->counts.latest + operators_[1]->counts.latest + operators_[2]->counts.latest, 3u);
    EXPECT_EQ(links(), 1u) << "its block of that number, in one request";
    EXPECT_EQ(heads_->confirmed(), now_);
    EXPECT_TRUE(heads_->has(*operators_[1], tree_.at(tip, 130)->ref));
    EXPECT_FALSE(heads_->has(*operators_[1], tip.ref));
    EXPECT_TRUE(heads_->has(*operators_[0], tip.ref));
}

TEST_F(Heads, says_before_the_first_head_who_does_not_answer) {
    make(3);
    operators_[0]->dead = operators_[1]->dead = true;
    ask();
    EXPECT_EQ(heads_->head().error().message,
              "no head of chain 1 is accepted, 2 of 3 operators must agree: a (in process): dead on command; b (in process): dead on command; c answers");
}

TEST_F(Heads, asked_once_takes_a_dead_one_of_two_for_silent) {
    make(2);
    operators_[0]->dead = true;
    ask();
    EXPECT_EQ(heads_->head().value(), tree_.root());
    ASSERT_EQ(heads_->troubles().size(), 1u);
    EXPECT_EQ(heads_->troubles()[0].kind, model::TroubleKind::single_source);
}

TEST_F(Heads, answers_for_blocks_below_the_head_as_the_quorum_does) {
    make(3);
    const Header tip = tree_.mine(tree_.root(), 40);
    for (const auto& op : operators_) op->head = tip;
    // One lies about everything but the head.
    operators_[0]->forge = [tip](Header block) {
        if (block != tip) block.ref.hash.bytes[5] = std::byte{0xff};
        return block;
    };
    ask();
    EXPECT_EQ(block_at(141).value(), std::nullopt);
    EXPECT_EQ(block_at(140).value(), tip);
    EXPECT_EQ(links(), 0u);
    EXPECT_EQ(block_at(120).value(), *tree_.at(tip, 120));
    EXPECT_EQ(links(), 3u) << "two, and the third because they differ";
    EXPECT_EQ(block_at(120).value(), *tree_.at(tip, 120));
    EXPECT_EQ(links(), 3u) << "remembered";
    operators_[2]->dead = true;
    EXPECT_EQ(block_at(119).error().code, model::ErrorCode::unreachable);
}

TEST_F(Heads, watches_without_asking_for_what_heads_tell_already) {
    make(3);
    heads_->start();
    Header tip = tree_.root();
    ASSERT_TRUE(watch_until_head(tip));
    for (int block = 0; block < 20; ++block) {
        tip = tree_.mine(tip);
        for (const auto& op : operators_) op->head = tip;
        ASSERT_TRUE(watch_until_head(tip));
    }
    EXPECT_EQ(links(), 0u);
    stop();
}

TEST_F(Heads, follows_reorganisations_of_depth_1_to_20) {
    make(3);
    heads_->start();
    Header tip = tree_.mine(tree_.root(), 30);
    for (std::uint64_t depth = 1; depth <= 20; ++depth) {
        for (const auto& op : operators_) op->head = tip;
        ASSERT_TRUE(watch_until_head(tip)) << depth;
        const Header fork = *tree_.at(tip, tip.ref.number - depth);
        tip = tree_.mine(fork, depth + depth % 2);
    }
    stop();
}

TEST_F(Heads, takes_pushed_heads_and_does_not_fetch_them_again) {
    make(3, 1h);
    for (const auto& op : operators_) op->pushes = true;
    heads_->start();
    Header tip = tree_.root();
    ASSERT_TRUE(watch_until([&] { return operators_[0]->counts.latest + operators_[1]->counts.latest + operators_[2]->counts.latest == 3; }));
    ASSERT_TRUE(watch_until_head(tip));
    std::uint64_t version = heads_->version();
    for (int block = 0; block < 50; ++block) {
        tip = tree_.mine(tip);
        for (const auto& op : operators_) op->push(tip);
        EXPECT_EQ(heads_->head().value(), tip);
        EXPECT_EQ(heads_->version(), ++version) << "one change a block";
    }
    for (const auto& op : operators_) EXPECT_EQ(op->counts.latest, 1u);
    EXPECT_EQ(links(), 0u);
    stop();
}

TEST_F(Heads, asks_the_others_at_once_when_one_pushes_a_new_head) {
    make(3, 1h);
    operators_[0]->pushes = true;
    heads_->start();
    ASSERT_TRUE(watch_until([&] { return operators_[1]->counts.latest + operators_[2]->counts.latest == 2; }));
    ASSERT_TRUE(watch_until_head(tree_.root()));
    now_ += 40min;
    const Header tip = tree_.mine(tree_.root());
    operators_[1]->head = operators_[2]->head = tip;
    operators_[0]->push(tip);
    EXPECT_TRUE(watch_until_head(tip));
    EXPECT_TRUE(watch_until([&] { return operators_[1]->counts.latest + operators_[2]->counts.latest == 4; }));
    // One that pushes ever higher numbers does not make the others be asked without end.
    const std::size_t before = operators_[1]->counts.latest;
    for (int lie = 0; lie < 100; ++lie) {
        operators_[0]->push(tree_.mine(operators_[0]->head));
        io_.restart();
        io_.poll();
    }
    EXPECT_EQ(operators_[1]->counts.latest, before);
    stop();
}

TEST_F(Heads, does_not_go_back_to_an_answer_that_was_sent_before_a_push) {
    make(1, 1h);
    operators_[0]->pushes = true;
    operators_[0]->delay = 50ms;
    heads_->start();
    const Header first = tree_.mine(tree_.root());
    const Header second = tree_.mine(first);
    io_.restart();
    io_.poll();
    operators_[0]->push(first);
    operators_[0]->push(second);
    operators_[0]->head = first;
    ASSERT_EQ(operators_[0]->counts.latest, 1u);
    // The answer has come when it is confirmed later than the push.
    now_ += 1s;
    ASSERT_TRUE(watch_until([&] { return heads_->confirmed() == now_; }));
    EXPECT_EQ(heads_->head().value(), second);
    EXPECT_TRUE(heads_->has(*operators_[0], second.ref));
    stop();
}

TEST_F(Heads, wakes_who_waits_when_the_head_changes_and_not_otherwise) {
    make(1, 1h);
    operators_[0]->pushes = true;
    heads_->start();
    ASSERT_TRUE(watch_until_head(tree_.root()));
    const std::uint64_t seen = heads_->version();
    bool woken = false;
    adapters::rpc::spawn(io_.get_executor(), heads_->wait(seen, 1h), [&](std::exception_ptr) { woken = true; });
    io_.restart();
    io_.poll();
    operators_[0]->push(tree_.root());
    io_.poll();
    EXPECT_FALSE(woken);
    operators_[0]->push(tree_.mine(tree_.root()));
    EXPECT_TRUE(watch_until([&] { return woken; }));
    // What changed before the wait is not missed.
    woken = false;
    adapters::rpc::spawn(io_.get_executor(), heads_->wait(seen, 1h), [&](std::exception_ptr) { woken = true; });
    EXPECT_TRUE(watch_until([&] { return woken; }));
    woken = false;
    adapters::rpc::spawn(io_.get_executor(), heads_->wait(heads_->version(), 1ms), [&](std::exception_ptr) { woken = true; });
    EXPECT_TRUE(watch_until([&] { return woken; }));
    stop();
}

TEST_F(Heads, ends_with_requests_under_way) {
    make(3);
    for (const auto& op : operators_) op->delay = 20ms;
    heads_->start();
    bool woken = false;
    adapters::rpc::spawn(io_.get_executor(), heads_->wait(0, 1h), [&](std::exception_ptr) { woken = true; });
    io_.restart();
    io_.poll();
    stop();
    EXPECT_TRUE(woken);
}

TEST_F(Heads, may_go_away_while_requests_are_under_way) {
    make(2);
    for (const auto& op : operators_) op->delay = 5ms;
    heads_->start();
    io_.restart();
    io_.poll();
    heads_.reset();
    io_.run();
    EXPECT_TRUE(io_.stopped());
}

}  // namespace
}  // namespace margind::tests
