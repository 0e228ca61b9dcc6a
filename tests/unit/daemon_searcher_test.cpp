// Searches over a chain of thousands of blocks in the process, with its operators: from nothing to the head, again after an end, over reorganisations.
#include "tests/support/simulated_reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace margind::tests {
namespace {

using States = SimulatedWorld::States;
using Header = SimulatedWorld::Header;

const model::Address alice = numbered_address(0xaa, 1);
const model::Address bob = numbered_address(0xaa, 2);
constexpr std::uint64_t blocks = 1'200;

class Searching : public ::testing::Test {
protected:
    void SetUp() override {
        head_ = world_.tree.root();
        mine(100, [](States&) {});
        one([](States& states) { states[SimulatedWorld::searched].numbered[alice][3] = {10, 1}; });
        mine(300, [](States&) {});
        one([](States& states) {
            states[SimulatedWorld::searched].numbered[alice][5] = {20, 1};
            states[SimulatedWorld::searched].markets = 2;
        });
        mine(blocks - 402, [](States&) {});
        folder_ = std::filesystem::path(::testing::TempDir()) / ("margind_search_" + std::to_string(getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// Added to the clock of the heads.
    std::chrono::seconds later_{0};

    void one(const std::function<void(States&)>& change) { head_ = world_.mine(head_, change); }
    void mine(std::uint64_t count, const std::function<void(States&)>& change) {
        for (; count > 0; --count) one(change);
    }
    void stand() {
        for (const auto& of : operators_) of->head = head_;
    }
    void begin(std::size_t count, storage::History* history = nullptr) {
        over_.reset();
        operators_.clear();
        for (std::size_t i = 0; i < count; ++i) operators_.push_back(world_.make_operator(names[i]));
        stand();
        std::vector<SimulatedOperator*> pointers;
        for (const auto& of : operators_) pointers.push_back(of.get());
        daemon::Clocks clocks = daemon::system_clocks();
        clocks.steady = [this] { return daemon::Steady::now() + later_; };
        over_ = std::make_unique<SimulatedReader>(io_, settings_, pointers, world_.tree.root().ref.number, history, std::move(clocks));
    }
    daemon::ChainReading read() {
        auto reading = over_->read();
        if (!reading) throw std::runtime_error(reading.error().message);
        return *reading;
    }
    void finish() {
        run_coroutine(io_, over_->heads().ask_once());
        run_coroutine(io_, over_->searcher().finish([](const daemon::Searcher::Progress&) {}));
    }
    /// The searcher in the background, as `run` has it, until `done`.
    void run_until(const std::function<bool()>& done) {
        boost::asio::co_spawn(io_, over_->searcher().run(), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
        io_.restart();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done() && std::chrono::steady_clock::now() < until) io_.run_one_for(std::chrono::milliseconds(20));
        run_coroutine(io_, over_->searcher().stop());
    }
    /// "3 5", or the reason of the first that is unknown.
    static std::string accounts(const daemon::ChainReading& reading, const model::Address& owner) {
        std::string text;
        for (const model::MarginAccount& account : reading.accounts) {
            if (account.key.owner != owner || account.key.venue.protocol != "found") continue;
            if (!account.facts) return account.reason;
            text += (text.empty() ? "" : " ") + account.key.sub;
        }
        return text;
    }
    static std::uint64_t markets(const daemon::ChainReading& reading) {
        for (const model::Venue& venue : reading.venues)
            if (venue.id.protocol == "found" && venue.facts) return *venue.facts->u64("found.shared");
        return 999;
    }
    std::size_t asked() const {
        std::size_t sum = 0;
        for (const auto& of : operators_) sum += of->counts.logs;
        return sum;
    }
    std::unique_ptr<storage::History> open() {
        auto opened = storage::open_sqlite(folder_ / "h.sqlite");
        if (!opened) throw std::runtime_error(opened.error().message);
        return std::move(*opened);
    }

    static constexpr std::array<const char*, 3> names{"alchemy", "infura", "quicknode"};
    SimulatedWorld world_;
    Header head_;
    boost::asio::io_context io_{1};
    config::Settings settings_ = simulated_settings({alice, bob});
    std::vector<std::unique_ptr<SimulatedOperator>> operators_;
    std::unique_ptr<SimulatedReader> over_;
    std::filesystem::path folder_;
};

TEST_F(Searching, makes_unknown_what_was_not_searched_and_known_what_was) {
    begin(3);
    const auto before = read();
    EXPECT_EQ(accounts(before, alice), "searching: 0.0 % of blocks 1000 to 2200");
    EXPECT_EQ(accounts(before, bob), accounts(before, alice)) << "unknown is not zero";
    EXPECT_TRUE(over_->searcher().waited_for());
    finish();
    EXPECT_FALSE(over_->searcher().waited_for());
    const auto after = read();
    EXPECT_EQ(accounts(after, alice), "3 5");
    EXPECT_EQ(accounts(after, bob), "");
    EXPECT_EQ(markets(after), 2U);
    // Each further block is searched as part of its reading.
    const std::size_t runs = operators_[0]->counts.runs;
    one([](States& states) {
        states[SimulatedWorld::searched].numbered[bob][1] = {7, 1};
        states[SimulatedWorld::searched].markets = 3;
    });
    stand();
    const auto next = read();
    EXPECT_EQ(accounts(next, bob), "1");
    EXPECT_EQ(markets(next), 3U);
    EXPECT_GT(operators_[0]->counts.runs + operators_[1]->counts.runs + operators_[2]->counts.runs, runs);
    one([](States& states) { states[SimulatedWorld::searched].numbered[alice].erase(3); });
    stand();
    EXPECT_EQ(accounts(read(), alice), "5") << "a log tells where to look, state what is there";
}

TEST_F(Searching, is_finished_by_the_reading_itself_near_the_head) {
    world_ = SimulatedWorld();
    head_ = world_.tree.root();
    mine(50, [](States& states) { ++states[SimulatedWorld::searched].markets; });
    one([](States& states) { states[SimulatedWorld::searched].numbered[alice][3] = {10, 1}; });
    begin(2);
    const auto reading = read();
    EXPECT_EQ(accounts(reading, alice), "3");
    EXPECT_EQ(markets(reading), 50U);
    EXPECT_FALSE(over_->searcher().waited_for());
}

TEST_F(Searching, goes_on_where_it_was_after_an_end) {
    auto history = open();
    begin(2, history.get());
    read();
    run_until([&] { return !over_->searcher().waited_for(); });
    EXPECT_EQ(accounts(read(), alice), "3 5");
    over_.reset();
    history.reset();
    history = open();
    begin(2, history.get());
    EXPECT_EQ(accounts(read(), alice), "searching") << "what was kept is not read yet";
    finish();
    EXPECT_LE(asked(), 8U) << "of 1,184 blocks nothing but the last few is searched again";
    const auto after = read();
    EXPECT_EQ(accounts(after, alice), "3 5");
    EXPECT_EQ(markets(after), 2U);
}

TEST_F(Searching, searches_again_above_the_fork_what_an_earlier_run_searched_on_another_branch) {
    auto history = open();
    begin(2, history.get());
    read();
    run_until([&] { return !over_->searcher().waited_for(); });
    EXPECT_EQ(accounts(read(), alice), "3 5");
    over_.reset();
    // Everything above block 1350 was another: account 5 and the markets never were.
    head_ = *world_.tree.at(head_, 1350);
    mine(100, [](States&) {});
    one([](States& states) { states[SimulatedWorld::searched].numbered[alice][7] = {30, 1}; });
    mine(900, [](States&) {});
    begin(2, history.get());
    read();
    finish();
    const auto after = read();
    EXPECT_EQ(accounts(after, alice), "3 7");
    EXPECT_EQ(markets(after), 0U);
}

TEST_F(Searching, believes_neither_of_two_who_omits_a_log) {
    begin(2);
    operators_[0]->serve_logs = {};
    read();
    finish();
    const auto reading = read();
    EXPECT_EQ(accounts(reading, alice), "3 5");
    for (const model::MarginAccount& account : reading.accounts) EXPECT_FALSE(account.qualifiers.single_source) << account.key.to_string();
}

TEST_F(Searching, goes_on_with_one_of_two_and_asks_again_when_both_answer) {
    begin(2);
    read();
    operators_[1]->dead = true;
    run_coroutine(io_, over_->heads().ask_once());
    // Silent for longer than ten seconds: the other one alone says which block is the head.
    later_ = std::chrono::seconds(11);
    finish();
    const auto alone = read();
    EXPECT_EQ(accounts(alone, alice), "3 5");
    const auto is_alone = [](const daemon::ChainReading& reading) {
        return std::any_of(reading.accounts.begin(), reading.accounts.end(), [](const model::MarginAccount& account) { return account.qualifiers.single_source; });
    };
    EXPECT_TRUE(is_alone(alone));
    operators_[1]->dead = false;
    run_coroutine(io_, over_->heads().ask_once());
    bool good = false;
    for (int i = 0; i < 20 && !good; ++i) {
        const std::size_t before = asked();
        run_until([&] { return asked() > before + 2; });
        mine(1, [](States&) {});
        stand();
        good = !is_alone(read());
    }
    EXPECT_TRUE(good);
}

TEST_F(Searching, says_why_it_does_not_go_on) {
    begin(2);
    for (const auto& of : operators_)
        of->serve_logs = [](const adapters::Logs& filter, const Header& block) -> model::Result<std::vector<adapters::Log>> {
            if (block.ref.number < 1500 && filter.to_block > 0) return model::fail(model::ErrorCode::missing, "logs of that time are pruned");
            return std::vector<adapters::Log>();
        };
    read();
    run_until([&] { return !over_->searcher().trouble().empty(); });
    EXPECT_EQ(accounts(read(), alice), "searching: 0.0 % of blocks 1000 to 2200; missing: logs of that time are pruned");
}

}  // namespace
}  // namespace margind::tests
