// A search over the logs of a real node: transfers of a real token to an owner, found through operators of which one leaves out all
// logs, over thousands of blocks and over a cut of the chain. The truth is eth_getLogs by another client.
#include "daemon/chain_reader.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/linear_rule.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace margind::tests {
namespace {

using nlohmann::json;

const model::Bytes32 transfer = model::keccak256(std::string_view("Transfer(address,address,uint256)"));

model::Bytes32 topic_of(const model::Address& address) {
    model::Bytes32 topic;
    std::copy(address.bytes.begin(), address.bytes.end(), topic.bytes.begin() + 12);
    return topic;
}

// A reading that asks nothing.
template <class T>
class Said : public adapters::Reading<T> {
public:
    explicit Said(T value) : value_(std::move(value)) {}
    std::vector<adapters::Request> next(std::span<const adapters::Reply>) override { return {}; }
    model::Result<T> result() override { return value_; }

private:
    T value_;
};

// A venue made up for this test: each transfer of a token to an owner is an account of the owner. The token, its logs and the node are real.
class Transfers : public adapters::Adapter {
public:
    Transfers(model::VenueId id, const model::Address& token) : id_(std::move(id)), token_(token) {}
    const model::VenueId& venue() const override { return id_; }
    std::unique_ptr<adapters::Reading<model::FactsPtr>> read_config() const override { return said("transfers.config/1", 0); }
    std::unique_ptr<adapters::Reading<model::FactsPtr>> read_venue(model::FactsPtr, const model::BlockRef&) const override { return said("transfers.venue/1", 0); }
    std::unique_ptr<adapters::Reading<adapters::AccountReadings>> read_account(model::FactsPtr, const model::Address&, const model::BlockRef&) const override {
        return std::make_unique<Said<adapters::AccountReadings>>(adapters::AccountReadings{});
    }
    std::vector<adapters::Search> searches(const model::Facts&, const model::Address* owner) const override {
        if (owner == nullptr) return {};
        adapters::Search search;
        search.filter.addresses.push_back(token_);
        search.filter.topics = {{transfer}, {}, {topic_of(*owner)}};
        return {search};
    }
    std::unique_ptr<adapters::Reading<adapters::AccountReadings>> read_account_found(model::FactsPtr, const model::Address&, const model::BlockRef&,
                                                                                     std::span<const adapters::Log> found) const override {
        std::map<std::string, std::uint64_t> places;
        for (const adapters::Log& log : found) places.emplace(fmt::format("{}-{}", log.block_number, log.log_index), log.block_number);
        adapters::AccountReadings all;
        for (const auto& [sub, block] : places) {
            adapters::AccountReading& account = all.emplace_back();
            account.sub = sub;
            account.facts = said("transfers.account/1", block)->result().value();
        }
        return std::make_unique<Said<adapters::AccountReadings>>(std::move(all));
    }
    const model::VenueRule& rule() const override { return rule_; }
    std::vector<std::string> limits() const override { return {}; }

private:
    static std::unique_ptr<adapters::Reading<model::FactsPtr>> said(const char* schema, std::uint64_t block) {
        model::FactsBuilder facts(schema);
        facts.add("block", model::U256(block));
        return std::make_unique<Said<model::FactsPtr>>(*std::move(facts).build());
    }

    model::VenueId id_;
    model::Address token_;
    testing::LinearRule rule_;
};

class SearchOverNode : public ::testing::Test {
protected:
    ~SearchOverNode() override { end(); }
    void end() {
        for (const auto& of : operators_) of->stop();
        if (searcher_) finish(searcher_->stop());
        if (heads_) finish(heads_->stop());
        io_.restart();
        io_.run();
        reader_.reset();
        searcher_.reset();
        heads_.reset();
        operators_.clear();
        proxies_.clear();
    }
    /// Anew, with nothing remembered.
    void begin(const std::function<void(adapters::rpc::OperatorOptions&)>& more = [](adapters::rpc::OperatorOptions&) {}) {
        end();
        ConfigOptions options;
        options.owners.push_back(owner_.to_string());
        settings_ = *config::parse(config_text(chain_, options), "test.toml");
        const model::ChainId id = chain_.head().chain;
        std::vector<adapters::rpc::Operator*> pointers;
        for (const char* name : {"alchemy", "infura"}) {
            proxies_.push_back(std::make_unique<FaultProxy>(chain_.rpc_url()));
            adapters::rpc::OperatorOptions of;
            of.name = name;
            of.chain = id;
            of.endpoints.resize(1);
            of.endpoints[0].endpoint = *adapters::rpc::Endpoint::parse(proxies_.back()->url());
            more(of);
            operators_.push_back(adapters::rpc::make_operator(io_.get_executor(), http_, std::move(of)));
            pointers.push_back(operators_.back().get());
        }
        daemon::HeadsOptions heads;
        heads.chain = id;
        heads.quiet = true;
        heads_ = std::make_unique<daemon::Heads>(io_.get_executor(), pointers, heads, daemon::system_clocks());
        searcher_ = std::make_unique<daemon::Searcher>(
            daemon::SearcherParts{io_.get_executor(), id, pointers, *heads_, std::chrono::milliseconds(1'000), io_.get_executor(), nullptr});
        daemon::Adapters venues;
        const model::VenueId venue{"transfers", id, ""};
        venues.emplace(venue, std::make_unique<Transfers>(venue, chain_.address("/tokens/USDC/address")));
        daemon::ChainReaderParts parts{io_.get_executor(), settings_, id, pointers, *heads_, nullptr, nullptr, searcher_.get()};
        reader_ = std::make_unique<daemon::ChainReader>(std::move(parts), std::move(venues));
    }
    void finish(boost::asio::awaitable<void> task) {
        bool done = false;
        boost::asio::co_spawn(io_, std::move(task), [&](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
            done = true;
        });
        io_.restart();
        while (!done) io_.run_one();
    }
    daemon::ChainReading read() {
        finish(heads_->ask_once());
        const auto head = heads_->head();
        if (!head) throw std::runtime_error(head.error().message);
        std::optional<model::Result<daemon::ChainReading>> reading;
        boost::asio::co_spawn(io_, reader_->read(head->ref, settings_.portfolios.at(0).owners, {}), [&](std::exception_ptr error, model::Result<daemon::ChainReading> value) {
            if (error) std::rethrow_exception(error);
            reading = std::move(value);
        });
        io_.restart();
        while (!reading) io_.run_one();
        if (!*reading) throw std::runtime_error(reading->error().message);
        return **reading;
    }
    static std::set<std::string> subs(const daemon::ChainReading& reading) {
        std::set<std::string> all;
        for (const model::MarginAccount& account : reading.accounts) all.insert(account.facts ? account.key.sub : account.reason);
        return all;
    }
    /// "block-index" of each, as the node tells it another client.
    std::set<std::string> truth() const {
        json filter = json::object();
        filter["fromBlock"] = "0x0";
        filter["toBlock"] = "latest";
        filter["address"] = chain_.address("/tokens/USDC/address").to_string();
        filter["topics"] = json::array();
        filter["topics"].push_back(transfer.to_string());
        filter["topics"].push_back(nullptr);
        filter["topics"].push_back(topic_of(owner_).to_string());
        json parameters = json::array();
        parameters.push_back(filter);
        const auto number = [](const json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); };
        std::set<std::string> all;
        for (const json& log : chain_.rpc("eth_getLogs", parameters)) all.insert(fmt::format("{}-{}", number(log.at("blockNumber")), number(log.at("logIndex"))));
        return all;
    }
    void send(std::uint64_t amount) {
        const std::string minter = chain_.ready().at("accounts").at(1);
        const std::string token = chain_.address("/tokens/USDC/address").to_string();
        // Anyone mints these tokens: a transfer from nobody.
        const std::string data = model::to_hex(call_data("mint(address,uint256)", {word_of(owner_), model::U256(amount)}));
        json transaction = json::object();
        transaction["from"] = minter;
        transaction["to"] = token;
        transaction["data"] = data;
        transaction["gas"] = "0x186a0";
        json parameters = json::array();
        parameters.push_back(transaction);
        chain_.rpc("anvil_impersonateAccount", json::array({minter}));
        chain_.rpc("eth_sendTransaction", parameters);
        chain_.rpc("evm_mine");
    }
    /// Five of them over 3,500 blocks, once.
    void send_to_the_owner() {
        if (chain_.head().number > 3'500) return;
        for (std::uint64_t amount = 1; amount <= 5; ++amount) {
            send(amount);
            mine(700);
        }
    }
    void search() {
        read();
        finish(searcher_->finish([](const daemon::Searcher::Progress&) {}));
    }
    adapters::Logs all_transfers() const {
        adapters::Logs filter;
        filter.addresses.push_back(chain_.address("/tokens/USDC/address"));
        filter.topics.push_back({transfer});
        filter.to_block = chain_.head().number;
        return filter;
    }
    model::Result<std::vector<adapters::Log>> ask(const adapters::Logs& filter) {
        std::optional<model::Result<std::vector<adapters::Log>>> logs;
        boost::asio::co_spawn(io_, operators_[0]->logs(filter), [&](std::exception_ptr error, model::Result<std::vector<adapters::Log>> value) {
            if (error) std::rethrow_exception(error);
            logs = std::move(value);
        });
        io_.restart();
        while (!logs) io_.run_one();
        return *logs;
    }
    void mine(std::uint64_t blocks) { chain_.rpc("anvil_mine", json::array({fmt::format("{:#x}", blocks)})); }

    /// One for all tests: thousands of blocks take their time.
    static ChainProcess& shared_chain() {
        static ChainProcess chain;
        return chain;
    }

    ChainProcess& chain_ = shared_chain();
    model::Address owner_ = *model::Address::parse(chain_.ready().at("accounts").at(0).get<std::string>());
    boost::asio::io_context io_{1};
    adapters::rpc::HttpClient http_{io_.get_executor(), adapters::rpc::HttpOptions{}};
    config::Settings settings_;
    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::vector<std::unique_ptr<adapters::rpc::Operator>> operators_;
    std::unique_ptr<daemon::Heads> heads_;
    std::unique_ptr<daemon::Searcher> searcher_;
    std::unique_ptr<daemon::ChainReader> reader_;
};

TEST_F(SearchOverNode, finds_what_the_node_tells_another_client) {
    send_to_the_owner();
    begin();
    FaultPlan hides;
    hides.omit_logs = true;
    proxies_[0]->set(hides);
    const auto before = read();
    ASSERT_EQ(before.accounts.size(), 1U);
    EXPECT_TRUE(before.accounts[0].reason.starts_with("searching: 0.0 % of blocks 0 to ")) << before.accounts[0].reason;
    const auto start = std::chrono::steady_clock::now();
    finish(searcher_->finish([](const daemon::Searcher::Progress&) {}));
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto all = truth();
    EXPECT_GE(all.size(), 5U);
    EXPECT_EQ(subs(read()), all);
    std::cout << fmt::format("searched {} blocks for {} logs in {:.2f} s\n", chain_.head().number, all.size(), took);
    // Block by block, and over a cut of the chain.
    const json snapshot = chain_.rpc("evm_snapshot");
    send(6);
    EXPECT_EQ(subs(read()), truth());
    EXPECT_EQ(truth().size(), all.size() + 1);
    mine(2);
    send(7);
    EXPECT_EQ(subs(read()), truth());
    chain_.rpc("evm_revert", json::array({snapshot}));
    mine(3);
    send(8);
    mine(4);
    EXPECT_EQ(truth().size(), all.size() + 1);
    EXPECT_EQ(subs(read()), truth());
}

TEST_F(SearchOverNode, ends_complete_below_the_limits_of_every_operator) {
    send_to_the_owner();
    const auto all = truth();
    const auto limit = [](std::uint64_t blocks, std::int64_t code, const char* message) {
        FaultPlan plan;
        plan.log_limit.emplace();
        plan.log_limit->blocks = blocks;
        plan.log_limit->code = code;
        plan.log_limit->message = message;
        return plan;
    };
    FaultPlan results = limit(2'000, -32005, "query returned more than 10000 results");
    results.log_limit->logs = 1;
    const std::vector<std::pair<FaultPlan, FaultPlan>> cases{
        {limit(10, -32600, "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range."), limit(100, -32000, "block range too large")},
        {limit(2'000, -32614, "eth_getLogs is limited to a 2,000 range"), limit(100, -32005, "limit exceeded")},
        {results, limit(10, -32000, "requested too many blocks from 1 to 500, maximum is set to 10")},
    };
    for (const auto& [first, second] : cases) {
        begin();
        proxies_[0]->set(first);
        proxies_[1]->set(second);
        search();
        const auto reading = read();
        EXPECT_EQ(subs(reading), all) << first.log_limit->message;
        for (const model::MarginAccount& account : reading.accounts) EXPECT_FALSE(account.qualifiers.single_source) << first.log_limit->message;
        for (const auto& proxy : proxies_) {
            const std::size_t asked = proxy->record().log_ranges().size();
            const std::size_t refused = proxy->record().forgeries_by_kind()["log limit"];
            const std::uint64_t blocks = proxy->plan().log_limit->blocks;
            std::cout << fmt::format("at most {} blocks ({}): {} ranges, {} of them refused\n", blocks, proxy->plan().log_limit->message, asked, refused);
            EXPECT_TRUE(refused > 0 || blocks >= 1'000);
            // The size that works is remembered: close below the limit, and few are asked in vain.
            EXPECT_LE(refused, 30 + asked / 20);
            EXPECT_TRUE(proxy->plan().log_limit->logs == 1 || asked <= 60 + 2 * chain_.head().number / blocks);
        }
    }
}

TEST_F(SearchOverNode, keeps_the_budget_of_an_operator_that_takes_few_blocks_at_once) {
    send_to_the_owner();
    static constexpr double budget = 40;
    begin([](adapters::rpc::OperatorOptions& of) { of.endpoints[0].budget.requests_per_second = budget; });
    FaultPlan few;
    few.log_limit.emplace();
    few.log_limit->blocks = 50;
    for (const auto& proxy : proxies_) proxy->set(few);
    search();
    EXPECT_EQ(subs(read()), truth());
    for (const auto& proxy : proxies_) {
        EXPECT_GT(proxy->record().log_ranges().size(), 70U);
        EXPECT_LE(proxy->record().max_in_any_second(), static_cast<std::size_t>(budget));
    }
}

TEST_F(SearchOverNode, ends_what_a_node_would_feed_forever) {
    send_to_the_owner();
    begin([](adapters::rpc::OperatorOptions& of) { of.logs.bytes = 1'000; });
    auto logs = ask(all_transfers());
    ASSERT_FALSE(logs);
    EXPECT_EQ(logs.error().code, model::ErrorCode::limit);
    EXPECT_EQ(logs.error().retry, model::Retry::never) << "less can be asked for";
    EXPECT_NE(logs.error().message.find("are more than 1000 bytes, which is the bound of one search"), std::string::npos) << logs.error().message;

    begin([](adapters::rpc::OperatorOptions& of) { of.logs.time = std::chrono::milliseconds(300); });
    FaultPlan drips;
    drips.delay = std::chrono::milliseconds(20);
    drips.log_limit.emplace();
    drips.log_limit->blocks = 1;
    proxies_[0]->set(drips);
    const auto start = std::chrono::steady_clock::now();
    logs = ask(all_transfers());
    ASSERT_FALSE(logs);
    EXPECT_NE(logs.error().message.find("are more than 300 ms of answers in ranges of 1 blocks"), std::string::npos) << logs.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
    // Less is answered.
    adapters::Logs little = all_transfers();
    little.from_block = little.to_block - 3;
    EXPECT_TRUE(ask(little));
}

}  // namespace
}  // namespace margind::tests
