// A monitor over chains that a test writes block by block, with the real evaluation, step and database. The chains are a double:
// it stands for what reads a chain, and shows nothing of how that is done.
#pragma once

#include "adapters/rpc/spawn.hpp"
#include "daemon/as_json.hpp"
#include "daemon/monitor.hpp"
#include "tests/support/synthetic_book.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>

namespace margind::daemon {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

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
    std::optional<Steady::time_point> confirmed{};
    std::vector<model::SourceTrouble> troubles{};
    /// A read does not end while it is set.
    bool reading_hangs = false;
    /// Of the last read.
    std::set<model::AccountKey> close{};
    int heads = 0;
    int reads = 0;
    int block_questions = 0;
    /// What wait() looks at: news ends it at once.
    std::uint64_t version = 0;
    std::function<void()> on_news{};

    const model::BlockRef& mine(std::int64_t eth_usd, std::uint8_t salt = 0) {
        Block block;
        block.head.block.chain = id;
        block.head.block.number = blocks.size() + 1;
        block.head.block.time = 1'700'000'000 + 12 * static_cast<std::int64_t>(blocks.size());
        block.head.block.hash.bytes[0] = static_cast<std::byte>((blocks.size() + 1) & 0xff);
        block.head.block.hash.bytes[1] = static_cast<std::byte>(salt);
        block.head.block.hash.bytes[2] = static_cast<std::byte>((blocks.size() + 1) >> 8);
        block.head.block.hash.bytes[3] = static_cast<std::byte>(id.value);
        if (!blocks.empty()) block.head.parent = blocks.back().head.block.hash;
        block.eth = eth_usd * testing::e8;
        blocks.push_back(block);
        tell();
        return blocks.back().head.block;
    }
    void cut_to(std::size_t size) {
        blocks.resize(size);
        tell();
    }
    void tell() {
        ++version;
        if (on_news) on_news();
    }
    /// One owner on chain 1 with 1 ETH against 1,400 USD at a threshold of 80 %: liquidated below 1,750.
    ChainReading reading_at(const model::BlockRef& block) const {
        ChainReading reading;
        reading.block = block;
        if (id != model::ChainId{1}) return reading;
        testing::SyntheticBook book;
        book.debt_rate = 0;
        book.listings["ETH"].price = blocks.at(block.number - 1).eth;
        testing::SyntheticBook::Account account;
        account.holdings["supply.ETH"] = 1000;
        account.holdings["debt.USD"] = 1'400'000;
        book.accounts.push_back(account);
        model::Snapshot snapshot = book.snapshot();
        for (model::Venue& venue : snapshot.venues) venue.read_at = block;
        for (model::MarginAccount& row : snapshot.accounts) row.read_at = block;
        reading.prices = snapshot.prices;
        reading.venues = snapshot.venues;
        reading.accounts = snapshot.accounts;
        return reading;
    }
};

class FakeSource : public ChainSource {
public:
    FakeSource(const asio::any_io_executor& executor, FakeChain& chain) : chain_(chain), timer_(executor) {
        chain_.on_news = [this] { timer_.cancel(); };
    }
    ~FakeSource() override { chain_.on_news = nullptr; }
    asio::awaitable<model::Result<Head>> head() override {
        ++chain_.heads;
        if (chain_.head_error) co_return model::fail(*chain_.head_error);
        co_return chain_.blocks.back().head;
    }
    std::optional<Steady::time_point> confirmed() const override { return chain_.confirmed; }
    asio::awaitable<void> wait(milliseconds longest) override {
        if (chain_.version == seen_) {
            timer_.expires_after(longest);
            boost::system::error_code cancelled;
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        }
        seen_ = chain_.version;
    }
    std::vector<model::SourceTrouble> troubles() const override { return chain_.troubles; }
    asio::awaitable<model::Result<std::optional<Head>>> block_at(std::uint64_t number) override {
        ++chain_.block_questions;
        if (chain_.block_error) co_return model::fail(*chain_.block_error);
        std::optional<Head> found;
        if (number >= 1 && number <= chain_.blocks.size()) found = chain_.blocks[number - 1].head;
        co_return found;
    }
    asio::awaitable<model::Result<ChainReading>> read(model::BlockRef block, std::vector<model::Address>, ReadOptions options) override {
        ++chain_.reads;
        chain_.close = options.close;
        asio::steady_timer timer(co_await asio::this_coro::executor);
        while (chain_.reading_hangs) {
            timer.expires_after(milliseconds(1));
            co_await timer.async_wait(asio::use_awaitable);
        }
        if (chain_.read_error) co_return model::fail(*chain_.read_error);
        co_return chain_.reading_at(block);
    }
    ChainReading unread(const std::vector<model::Address>& owners, const std::string& reason) const override {
        ChainReading reading;
        reading.block.chain = chain_.id;
        if (chain_.id != model::ChainId{1}) return reading;
        for (const model::Address& owner : owners) {
            model::MarginAccount account;
            account.key.venue = testing::SyntheticBook::venue(false);
            account.key.owner = owner;
            account.reason = reason;
            reading.accounts.push_back(account);
        }
        return reading;
    }

private:
    FakeChain& chain_;
    asio::steady_timer timer_;
    std::uint64_t seen_ = 0;
};

class MemorySink : public Sink {
public:
    explicit MemorySink(std::vector<json>& bodies) : bodies_(bodies) {}
    const std::string& name() const override { return name_; }
    asio::awaitable<model::Result<void>> deliver(std::string body) override {
        bodies_.push_back(json::parse(body));
        co_return model::Result<void>{};
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
        if (keeps_history_) {
            auto opened = storage::open_sqlite(folder_ / "history.sqlite");
            ASSERT_TRUE(opened) << opened.error().message;
            history_ = std::move(*opened);
        }
        io_ = std::make_unique<asio::io_context>(1);
        pool_ = std::make_unique<asio::thread_pool>(1);
        std::vector<std::unique_ptr<Sink>> sinks;
        sinks.push_back(std::make_unique<MemorySink>(sent_));
        outbox_ = std::make_unique<Outbox>(io_->get_executor(), pool_->get_executor(), history_.get(), std::move(sinks), metrics_);
        std::map<model::ChainId, std::unique_ptr<ChainSource>> sources;
        sources.emplace(model::ChainId{1}, std::make_unique<FakeSource>(io_->get_executor(), chain_));
        if (!other_.blocks.empty()) sources.emplace(other_.id, std::make_unique<FakeSource>(io_->get_executor(), other_));
        const Clocks clocks{[this] { return Steady::time_point(seconds(steady_s_)); }, [this] { return wall_s_; }};
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
        chain_.tell();
        other_.tell();
        chain_.reading_hangs = other_.reading_hangs = false;
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

    /// Until that is so and what is published is in the database.
    void drive(const std::function<bool()>& good) {
        const auto until = std::chrono::steady_clock::now() + seconds(20);
        while (!good() || published_.get()->committing) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the monitor did not get there";
            io_->run_one_for(milliseconds(2));
        }
    }
    void drive_to(const model::BlockRef& block) {
        const model::BlockRef wanted = block;
        drive([&] { return at() && at()->hash == wanted.hash; });
    }
    /// Time goes on in steps in which no chain that is confirmed becomes stale.
    void confirm_until(std::int64_t steady_s) {
        while (steady_s_ < steady_s) {
            steady_s_ = std::min(steady_s_ + 10, steady_s);
            drive([&] { return status().confirmed == Steady::time_point(seconds(steady_s_)); });
        }
    }
    const ChainStatus& status(std::size_t chain = 0) {
        current_ = published_.get();
        return current_->chains.at(chain);
    }
    std::optional<model::BlockRef> at() { return status().evaluated; }
    model::Level level() { return published_.get()->evaluation->after->portfolios.at("desk").headline.level; }
    const model::PortfolioReport& report() {
        current_ = published_.get();
        return current_->evaluation->report->portfolios.at(0);
    }
    /// "distance opened" of every event that was sent.
    std::vector<std::string> rules() const {
        std::vector<std::string> all;
        for (const json& body : sent_) all.push_back(body.at("rule").get<std::string>() + " " + body.at("type").get<std::string>());
        return all;
    }
    /// What is remembered by a run that never saw but these blocks, in this order.
    model::Memory cold_run(const std::vector<model::BlockRef>& blocks) const {
        model::Memory memory;
        for (const model::BlockRef& block : blocks) {
            const ChainReading reading = chain_.reading_at(block);
            const model::Snapshot snapshot = assemble({&reading}, settings_.assets, settings_.portfolios);
            const model::Report seen = risk::evaluate(snapshot, [this](const std::string&) { return &rule_; }, market_, settings_.policy);
            memory = risk::step(memory, seen, settings_.policy).memory;
        }
        return memory;
    }
    /// All but how often something was told of each incident, and of those that are over.
    static json memory_without_counts(const model::Memory& memory) {
        json document = as_json(memory);
        const auto forget = [](json& open) {
            for (json& incident : open) {
                incident.erase("sequence");
                incident.erase("last_event_time");
            }
        };
        for (json& portfolio : document.at("portfolios")) {
            portfolio.erase("ended");
            forget(portfolio.at("open"));
            for (json& account : portfolio.at("accounts")) forget(account.at("open"));
        }
        return document;
    }
    std::vector<std::string> types() const {
        std::vector<std::string> all;
        for (const json& body : sent_) all.push_back(body.at("type"));
        return all;
    }

    bool keeps_history_ = true;
    std::filesystem::path folder_;
    config::Settings settings_;
    model::Market market_ = testing::SyntheticBook::default_market();
    testing::LinearRule rule_;
    FakeChain chain_;
    FakeChain other_{.id = model::ChainId{2}};
    std::int64_t steady_s_ = 100;
    std::int64_t wall_s_ = 1'700'000'000;
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

}  // namespace margind::daemon
