// The reader of one chain against a real node with the real contracts: what it keeps from block to block, what it asks for, and
// what it makes of an operator that lies.
#include "daemon/watched_chain.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/fault_proxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace margind::tests {
namespace {

const std::vector<std::string> names{"alchemy", "infura", "quicknode"};

class ReaderOverNode : public ::testing::Test {
protected:
    ~ReaderOverNode() override {
        if (over_) finish(over_->stop());
    }

    /// As many operators as proxies in front of the node; no owner: the first account of the chain, who has nothing.
    void begin(std::size_t operators, std::vector<std::string> owners = {}, std::uint32_t verify_every = 1'000) {
        if (owners.empty()) owners.push_back(chain_.ready().at("accounts").at(0));
        ConfigOptions options;
        options.owners = std::move(owners);
        options.verify_every_blocks = verify_every;
        settings_ = *config::parse(config_text(chain_, options), "test.toml");
        std::vector<adapters::rpc::OperatorOptions> all(operators);
        for (std::size_t i = 0; i < operators; ++i) {
            proxies_.push_back(std::make_unique<FaultProxy>(chain_.rpc_url()));
            all[i].name = names[i];
            all[i].chain = chain_.head().chain;
            all[i].endpoints.resize(1);
            all[i].endpoints[0].endpoint = *adapters::rpc::Endpoint::parse(proxies_[i]->url());
        }
        over_ = *daemon::WatchedChain::make(io_.get_executor(), http_, settings_, chain_.head().chain, std::move(all), nullptr);
    }
    /// At the head that is accepted.
    daemon::ChainReading read() {
        finish(over_->heads().ask_once());
        const auto head = over_->heads().head();
        if (!head) throw std::runtime_error(head.error().message);
        EXPECT_EQ(head->ref, chain_.head());
        auto reading = finish(over_->reader().read(head->ref, settings_.portfolios.at(0).owners, {}));
        if (!reading) throw std::runtime_error(reading.error().message);
        return *reading;
    }
    template <class T>
    T finish(boost::asio::awaitable<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(io_, std::move(task), [&](std::exception_ptr error, T value) {
            if (error) std::rethrow_exception(error);
            result.emplace(std::move(value));
        });
        io_.restart();
        while (!result) io_.run_one();
        return std::move(*result);
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
    model::ReferencePrice ether() {
        const auto reading = read();
        return *std::find_if(reading.prices.begin(), reading.prices.end(), [](const auto& price) { return price.asset.symbol == "ETH"; });
    }
    static const model::MarginAccount* aave(const daemon::ChainReading& reading) {
        const auto found = std::find_if(reading.accounts.begin(), reading.accounts.end(), [](const auto& account) { return account.key.venue.protocol == "aave_v3"; });
        return found == reading.accounts.end() ? nullptr : &*found;
    }
    std::string dispute() {
        for (const model::SourceTrouble& trouble : over_->reader().troubles())
            if (trouble.kind == model::TroubleKind::disputed) return trouble.reason;
        return {};
    }

    ChainProcess chain_;
    boost::asio::io_context io_{1};
    adapters::rpc::HttpClient http_{io_.get_executor(), adapters::rpc::HttpOptions{}};
    config::Settings settings_;
    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::unique_ptr<daemon::WatchedChain> over_;
};

TEST_F(ReaderOverNode, keeps_no_price_of_a_branch_that_a_longer_one_replaced) {
    begin(1);
    const model::ReferencePrice before = ether();
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2345"}});
    const model::ReferencePrice orphaned = ether();
    ASSERT_NE(orphaned.raw, before.raw);
    // The head that is seen next is higher than the one that is gone.
    chain_.verb("reorg", {{"depth", 1}});
    chain_.verb("mine");
    const model::ReferencePrice after = ether();
    EXPECT_EQ(after.raw, before.raw) << after.reason;
    EXPECT_EQ(after.reason, before.reason);
}

TEST_F(ReaderOverNode, keeps_the_last_round_while_its_branch_goes_on) {
    begin(1);
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2345"}});
    const model::ReferencePrice accepted = ether();
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "0"}});
    const model::ReferencePrice refused = ether();
    EXPECT_EQ(refused.raw, accepted.raw);
    EXPECT_TRUE(refused.reason.starts_with("a later round is refused")) << refused.reason;
}

TEST_F(ReaderOverNode, takes_an_owner_who_held_nothing_for_empty_only_for_a_while) {
    begin(1);
    EXPECT_TRUE(read().accounts.empty());
    chain_.rpc("anvil_setCode", {chain_.address("/aave/pool").to_string(), "0x"});
    chain_.verb("mine");
    EXPECT_TRUE(read().accounts.empty());
    chain_.verb("warp", {{"seconds", 601}});
    const auto later = read().accounts;
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].key.venue.protocol, "aave_v3");
    EXPECT_EQ(later[0].facts, nullptr);
    EXPECT_FALSE(later[0].reason.empty());
}

}  // namespace
}  // namespace margind::tests
