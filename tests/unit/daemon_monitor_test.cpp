// The monitor over chains that a test writes block by block, with the real evaluation, step and database.
#include "adapters/rpc/spawn.hpp"
#include "daemon/monitor.hpp"
#include "tests/support/synthetic_book.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>

namespace margind::daemon {
namespace {

using model::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t usd = 100'000'000;

// A chain as a list of blocks; block n has number n + 1. `salt` makes the hashes of a branch. The account is on chain 1.
struct FakeChain {
    struct Block {
        Head head;
        std::int64_t eth = 0;
    };
    model::ChainId id{1};
    std::vector<Block> blocks{};
    std::optional<model::Error> head_error{};
    std::optional<model::Error> block_error{};
    std::optional<model::Error> read_error{};
    int heads = 0;
    int reads = 0;

    const model::BlockRef& mine(std::int64_t eth_usd, std::uint8_t salt = 0) {
        Block block;
        block.head.block.chain = id;
        block.head.block.number = blocks.size() + 1;
        block.head.block.time = 1'700'000'000 + 12 * static_cast<std::int64_t>(blocks.size());
        block.head.block.hash.bytes[0] = static_cast<std::byte>(blocks.size() + 1);
        block.head.block.hash.bytes[1] = static_cast<std::byte>(salt);
        if (!blocks.empty()) block.head.parent = blocks.back().head.block.hash;
        block.eth = eth_usd * usd;
        blocks.push_back(block);
        return blocks.back().head.block;
    }
    void cut_to(std::size_t size) { blocks.resize(size); }
};

class FakeSource : public ChainSource {
public:
    explicit FakeSource(FakeChain& chain) : chain_(chain) {}
    asio::awaitable<Result<Head>> head() override {
        ++chain_.heads;
        if (chain_.head_error) co_return model::fail(*chain_.head_error);
        co_return chain_.blocks.back().head;
    }
    asio::awaitable<void> wait(milliseconds) override { co_return; }
    std::vector<model::SourceTrouble> troubles() const override { return {}; }
    asio::awaitable<Result<std::optional<Head>>> block_at(std::uint64_t number) override {
        if (chain_.block_error) co_return model::fail(*chain_.block_error);
        std::optional<Head> found;
        if (number >= 1 && number <= chain_.blocks.size()) found = chain_.blocks[number - 1].head;
        co_return found;
    }
    // One owner with 1 ETH against 1,400 USD at a threshold of 80 %: liquidated below 1,750.
    asio::awaitable<Result<ChainReading>> read(model::BlockRef block, std::vector<model::Address>, ReadOptions) override {
        ++chain_.reads;
        if (chain_.read_error) co_return model::fail(*chain_.read_error);
        ChainReading reading;
        reading.block = block;
        if (chain_.id != model::ChainId{1}) co_return reading;
        testing::SyntheticBook book;
        book.debt_rate = 0;
        book.listings["ETH"].price = chain_.blocks.at(block.number - 1).eth;
        testing::SyntheticBook::Account account;
        account.holdings["supply.ETH"] = 1000;
        account.holdings["debt.USD"] = 1'400'000;
        book.accounts.push_back(account);
        model::Snapshot snapshot = book.snapshot();
        reading.prices = snapshot.prices;
        reading.venues = snapshot.venues;
        reading.accounts = snapshot.accounts;
        co_return reading;
    }
    ChainReading unread(const std::vector<model::Address>&, const std::string&) const override {
        ChainReading reading;
        reading.block.chain = chain_.id;
        return reading;
    }

private:
    FakeChain& chain_;
};

class MemorySink : public Sink {
public:
    explicit MemorySink(std::vector<json>& bodies) : bodies_(bodies) {}
    const std::string& name() const override { return name_; }
    asio::awaitable<Result<void>> deliver(std::string body) override {
        bodies_.push_back(json::parse(body));
        co_return Result<void>{};
    }

private:
    std::string name_ = "memory";
    std::vector<json>& bodies_;
};

class MonitorOverChain : public ::testing::Test {
protected:
    MonitorOverChain() {
        std::string pattern = (std::filesystem::temp_directory_path() / "margind_monitor_XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
        folder_ = pattern;
        config::Chain chain;
        chain.id = model::ChainId{1};
        chain.name = "one";
        chain.block_time = seconds(12);
        chain.poll_interval = milliseconds(1);
        chain.quiet_chain = true;
        settings_.chains[chain.id] = chain;
        model::Portfolio desk;
        desk.name = "desk";
        desk.owners.push_back(testing::owner(1));
        settings_.portfolios.push_back(desk);
    }
    ~MonitorOverChain() override {
        end();
        std::filesystem::remove_all(folder_);
    }

    void watch_the_other_too(milliseconds poll_interval = milliseconds(1)) {
        config::Chain chain = settings_.chains.at(model::ChainId{1});
        chain.id = other_.id;
        chain.poll_interval = poll_interval;
        settings_.chains[chain.id] = chain;
        other_.mine(3000);
    }

    void begin() {
        auto opened = storage::open_sqlite(folder_ / "history.sqlite");
        ASSERT_TRUE(opened) << opened.error().message;
        history_ = std::move(*opened);
        io_ = std::make_unique<asio::io_context>(1);
        pool_ = std::make_unique<asio::thread_pool>(1);
        std::vector<std::unique_ptr<Sink>> sinks;
        sinks.push_back(std::make_unique<MemorySink>(sent_));
        outbox_ = std::make_unique<Outbox>(io_->get_executor(), pool_->get_executor(), history_.get(), std::move(sinks), metrics_);
        std::map<model::ChainId, std::unique_ptr<ChainSource>> sources;
        sources.emplace(model::ChainId{1}, std::make_unique<FakeSource>(chain_));
        if (!other_.blocks.empty()) sources.emplace(other_.id, std::make_unique<FakeSource>(other_));
        const Clocks clocks{[this] { return Steady::time_point(seconds(steady_s_)); }, [] { return std::int64_t{1'700'000'000}; }};
        monitor_ = std::make_unique<Monitor>(MonitorParts{io_->get_executor(), pool_->get_executor(), settings_, market_,
                                                          [this](const std::string&) { return &rule_; }, history_.get(), published_, *outbox_, metrics_, clocks},
                                             std::move(sources));
        const auto resumed = monitor_->resume();
        ASSERT_TRUE(resumed) << resumed.error().message;
        ended_ = false;
        outbox_->start();
        adapters::rpc::spawn(io_->get_executor(), monitor_->run(), [this](std::exception_ptr error) {
            ended_ = true;
            if (error) std::rethrow_exception(error);
        });
    }

    void end() {
        if (!monitor_) return;
        monitor_->stop();
        drive([this] { return ended_; });
        adapters::rpc::spawn(io_->get_executor(), outbox_->stop(), [](std::exception_ptr) {});
        io_->run_for(seconds(5));
        pool_->join();
        monitor_.reset();
        outbox_.reset();
        pool_.reset();
        io_.reset();
        history_.reset();
    }

    void drive(const std::function<bool()>& good) {
        const auto until = std::chrono::steady_clock::now() + seconds(20);
        while (!good()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the monitor did not get there";
            io_->run_for(milliseconds(2));
        }
    }
    void drive_to(const model::BlockRef& block) {
        const model::BlockRef wanted = block;
        drive([&] { return at() && at()->hash == wanted.hash; });
    }
    const ChainStatus& status(std::size_t chain = 0) {
        current_ = published_.get();
        return current_->chains.at(chain);
    }
    std::optional<model::BlockRef> at() { return status().evaluated; }
    model::Level level() { return published_.get()->evaluation->after->portfolios.at("desk").headline.level; }
    std::vector<std::string> types() const {
        std::vector<std::string> all;
        for (const json& body : sent_) all.push_back(body.at("type"));
        return all;
    }

    std::filesystem::path folder_;
    config::Settings settings_;
    model::Market market_ = testing::SyntheticBook::default_market();
    testing::LinearRule rule_;
    FakeChain chain_;
    FakeChain other_{.id = model::ChainId{2}};
    std::int64_t steady_s_ = 100;
    std::vector<json> sent_;
    PublishedState published_;
    std::shared_ptr<const Published> current_;
    Metrics metrics_;
    std::unique_ptr<storage::History> history_;
    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<asio::thread_pool> pool_;
    std::unique_ptr<Outbox> outbox_;
    std::unique_ptr<Monitor> monitor_;
    bool ended_ = true;
};

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
    const int heads = chain_.heads;
    drive([&] { return chain_.heads > heads + 5; });
    EXPECT_EQ(other_.heads, 1);
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

}  // namespace
}  // namespace margind::daemon
