// The heads of a real node through three operators: blocks, and reorganisations of depth 1 to 20.
#include "adapters/rpc/operator.hpp"
#include "daemon/heads.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/run_coroutine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace margind::tests {
namespace {

using namespace std::chrono_literals;
namespace rpc = adapters::rpc;

class HeadsOfNode : public ::testing::Test {
protected:
    HeadsOfNode() {
        const model::ChainId chain = chain_.head().chain;
        std::vector<rpc::Operator*> all;
        for (const char* name : {"first", "second", "third"}) {
            rpc::OperatorOptions options;
            options.name = name;
            options.chain = chain;
            rpc::EndpointOptions endpoint;
            endpoint.endpoint = rpc::Endpoint::parse(chain_.rpc_url()).value();
            options.endpoints.push_back(std::move(endpoint));
            operators_.push_back(rpc::make_operator(io_.get_executor(), http_, std::move(options)));
            all.push_back(operators_.back().get());
        }
        daemon::HeadsOptions options;
        options.chain = chain;
        options.poll_interval = 20ms;
        options.quiet = true;
        heads_ = std::make_unique<daemon::Heads>(io_.get_executor(), std::move(all), options, daemon::system_clocks());
        heads_->start();
    }
    ~HeadsOfNode() override {
        for (const auto& op : operators_) op->stop();
        run_coroutine(io_, heads_->stop());
    }
    bool watch_until_head(const model::BlockRef& block) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        io_.restart();
        while (std::chrono::steady_clock::now() < end) {
            if (heads_->head() && heads_->head()->ref == block) return true;
            io_.run_one_for(100ms);
        }
        return false;
    }
    /// Runs one task among the watchers.
    template <class T>
    T among_watchers(boost::asio::awaitable<T> task) {
        auto result = boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
        io_.restart();
        while (result.wait_for(0s) != std::future_status::ready) io_.run_one_for(100ms);
        return result.get();
    }

    ChainProcess chain_;
    boost::asio::io_context io_{1};
    rpc::HttpClient http_{io_.get_executor(), rpc::HttpOptions{}};
    std::vector<std::unique_ptr<rpc::Operator>> operators_;
    std::unique_ptr<daemon::Heads> heads_;
};

TEST_F(HeadsOfNode, are_followed_through_reorganisations_of_depth_1_to_20) {
    for (int block = 0; block < 21; ++block) chain_.verb("mine");
    for (int depth = 1; depth <= 20; ++depth) {
        const model::BlockRef before = chain_.head();
        ASSERT_TRUE(watch_until_head(before)) << depth;
        chain_.verb("reorg", {{"depth", depth}});
        const model::BlockRef after = chain_.head();
        ASSERT_NE(after.hash, before.hash);
        ASSERT_TRUE(watch_until_head(after)) << depth;
        const auto fork = among_watchers(heads_->block_at(after.number - 20)).value();
        ASSERT_TRUE(fork);
        nlohmann::json asked = nlohmann::json::array();
        asked.push_back(fmt::format("0x{:x}", after.number - 20));
        asked.push_back(false);
        const auto block = chain_.rpc("eth_getBlockByNumber", asked);
        EXPECT_EQ(fork->ref.hash.to_string(), block.at("hash").get<std::string>());
        // Two of three have left the old branch; the third may not have been asked since.
        EXPECT_LE(std::count_if(operators_.begin(), operators_.end(), [&](const auto& one) { return heads_->has(*one, before); }), 1);
    }
    EXPECT_TRUE(heads_->troubles().empty());
    EXPECT_EQ(among_watchers(heads_->block_at(chain_.head().number + 1)).value(), std::nullopt);
}

}  // namespace
}  // namespace margind::tests
