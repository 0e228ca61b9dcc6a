// The source of one chain against a real node: what it keeps from one block to the next.
#include "daemon/node_source.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/run_coroutine.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::tests {
namespace {

class NodeSource : public ::testing::Test {
protected:
    std::unique_ptr<daemon::NodeSource> make() {
        settings_ = *config::parse(config_text(chain_, {.owners = {chain_.ready().at("accounts").at(0)}}), "test.toml");
        return *daemon::NodeSource::make(http_, *adapters::rpc::Endpoint::parse(chain_.rpc_url()), settings_, chain_.head().chain);
    }
    model::ReferencePrice ether_at_the_head(daemon::NodeSource& source) {
        model::BlockRef block = chain_.head();
        const auto reading = run_coroutine(io_, source.read(block, {}, daemon::ReadOptions{})).value();
        const auto price = std::find_if(reading.prices.begin(), reading.prices.end(), [](const auto& p) { return p.asset.symbol == "ETH"; });
        return *price;
    }

    ChainProcess chain_;
    boost::asio::io_context io_{1};
    adapters::rpc::HttpClient http_{io_.get_executor(), adapters::rpc::HttpOptions{}};
    config::Settings settings_;
};

TEST_F(NodeSource, keeps_no_price_of_a_branch_that_a_longer_one_replaced) {
    const auto source = make();
    const model::ReferencePrice before = ether_at_the_head(*source);
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2345"}});
    const model::ReferencePrice orphaned = ether_at_the_head(*source);
    ASSERT_NE(orphaned.raw, before.raw);
    // The head that is seen next is higher than the one that is gone.
    chain_.verb("reorg", {{"depth", 1}});
    chain_.verb("mine");
    const model::ReferencePrice after = ether_at_the_head(*source);
    EXPECT_EQ(after.raw, before.raw) << after.reason;
    EXPECT_EQ(after.reason, before.reason);
}

TEST_F(NodeSource, keeps_the_last_round_while_its_branch_goes_on) {
    const auto source = make();
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2345"}});
    const model::ReferencePrice accepted = ether_at_the_head(*source);
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "0"}});
    const model::ReferencePrice refused = ether_at_the_head(*source);
    EXPECT_EQ(refused.raw, accepted.raw);
    EXPECT_TRUE(refused.reason.starts_with("a later round is refused")) << refused.reason;
}

TEST_F(NodeSource, takes_an_owner_who_held_nothing_for_empty_only_for_a_while) {
    const auto source = make();
    const std::vector<model::Address> owners = settings_.portfolios.at(0).owners;
    const auto accounts = [&] { return run_coroutine(io_, source->read(chain_.head(), owners, daemon::ReadOptions{})).value().accounts; };
    EXPECT_TRUE(accounts().empty());
    chain_.rpc("anvil_setCode", {chain_.address("/aave/pool").to_string(), "0x"});
    chain_.verb("mine");
    EXPECT_TRUE(accounts().empty());
    chain_.verb("warp", {{"seconds", 601}});
    const auto later = accounts();
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].key.venue.protocol, "aave_v3");
    EXPECT_EQ(later[0].facts, nullptr);
    EXPECT_FALSE(later[0].reason.empty());
}

}  // namespace
}  // namespace margind::tests
