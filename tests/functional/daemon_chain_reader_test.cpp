// The reader of one chain against a real node with the real contracts: what it keeps from block to block, what it asks for, and
// what it makes of an operator that lies.
#include "daemon/watched_chain.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/fault_proxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
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
    void begin(std::size_t operators, std::vector<std::string> owners = {}, std::uint32_t verify_every = 1'000, bool aave_alone = false) {
        if (owners.empty()) owners.push_back(chain_.ready().at("accounts").at(0));
        ConfigOptions options;
        options.owners = std::move(owners);
        options.verify_every_blocks = verify_every;
        settings_ = *config::parse(config_text(chain_, options), "test.toml");
        if (aave_alone) std::erase_if(settings_.venues, [](const auto& venue) { return venue.first.protocol != "aave_v3"; });
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
    std::string user(std::size_t n) const { return chain_.ready().at("accounts").at(n); }
    /// The rule's figures on what was read, against the pool's own view asked of the node by another client.
    void expect_the_pools_figures(const daemon::ChainReading& reading, const std::string& owner) const {
        const model::MarginAccount* account = aave(reading);
        ASSERT_NE(account, nullptr);
        ASSERT_NE(account->facts, nullptr) << account->reason;
        const auto venue = std::find_if(reading.venues.begin(), reading.venues.end(), [](const auto& v) { return v.id.protocol == "aave_v3"; });
        const auto prepared = daemon::rules()("aave_v3")->prepare(*venue->facts, *account->facts, settings_.assets);
        ASSERT_TRUE(prepared) << prepared.error().message;
        const auto ours = (*prepared)->native((*prepared)->current());
        ASSERT_TRUE(ours);
        const auto words = words_of(chain_.call(chain_.address("/aave/pool"), call_data("getUserAccountData(address)", {word_of(*model::Address::parse(owner))})));
        for (const auto& [name, word] : {std::pair("totalCollateralBase", 0), std::pair("totalDebtBase", 1), std::pair("healthFactor", 5)}) {
            const auto own = std::find_if(ours->begin(), ours->end(), [&](const model::NativeFigure& figure) { return figure.name == name; });
            ASSERT_NE(own, ours->end()) << name;
            EXPECT_EQ(own->value.to_decimal(), words.at(static_cast<std::size_t>(word)).to_decimal()) << name;
        }
    }
    /// Whether some of the blocks that `mine` makes shows the liar up; the figures are right at each.
    bool is_named(std::size_t liar, const std::function<void(int)>& mine) {
        bool named = false;
        for (int i = 0; i < 8; ++i) {
            mine(i);
            expect_the_pools_figures(read(), user(0));
            named = named || dispute().starts_with("operator " + names[liar] + " is contradicted");
        }
        return named;
    }
    void open_a_position() {
        chain_.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
        chain_.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "15000"}});
        chain_.verb("aave_supply", {{"user", 1}, {"asset", "WETH"}, {"amount", "99"}});
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
    EXPECT_TRUE(refused.reason.starts_with("a later answer is refused")) << refused.reason;
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

TEST_F(ReaderOverNode, names_who_forges_a_better_or_a_worse_price) {
    open_a_position();
    begin(3);
    for (const std::uint64_t numerator : {1U, 3U}) {
        FaultPlan plan;
        plan.words = forged_prices(numerator, 2);
        proxies_[1]->set(plan);
        EXPECT_TRUE(is_named(1, [this](int) { chain_.verb("mine"); })) << numerator << " halves: " << dispute();
    }
}

TEST_F(ReaderOverNode, names_who_shows_a_position_as_another_and_does_not_believe_it) {
    open_a_position();
    begin(3);
    FaultPlan plan;
    plan.positions.emplace_back(*model::Address::parse(user(0)), *model::Address::parse(user(1)));
    proxies_[2]->set(plan);
    EXPECT_TRUE(is_named(2, [this](int) { chain_.verb("mine"); })) << dispute();
}

TEST_F(ReaderOverNode, names_who_omits_logs_and_reads_what_they_would_have_told) {
    open_a_position();
    begin(3);
    FaultPlan plan;
    plan.omit_logs = true;
    proxies_[0]->set(plan);
    read();
    EXPECT_TRUE(is_named(0, [this](int) { chain_.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "0.1"}}); })) << dispute();
}

TEST_F(ReaderOverNode, needs_at_most_three_messages_of_an_operator_when_only_prices_changed) {
    const nlohmann::json made = chain_.verb("random_aave", {{"seed", 7}, {"count", 1'300}});
    std::vector<std::string> owners;
    for (const nlohmann::json& account : made.at("accounts")) owners.push_back(account.at("user"));
    begin(3, owners, 32, true);
    const std::size_t all = read().accounts.size();
    EXPECT_GE(all, 1'000U);
    const auto verified_in = [](const auto& reading) {
        return static_cast<std::size_t>(std::count_if(reading.accounts.begin(), reading.accounts.end(), [&](const model::MarginAccount& account) {
            return account.key.venue.protocol == "aave_v3" && account.verified_at == reading.block;
        }));
    };
    // What an endpoint is capable of is asked once, when it is first used. Under a thread sanitizer on a busy machine the first reading of
    // all by two operators may take longer than a block's deadline, and goes on in the next.
    const auto unused = [](const auto& proxy) { return !proxy->record().calls_by_method().contains("eth_call"); };
    std::size_t last = all;
    for (int i = 0; i < 20 && (last > 64 || std::any_of(proxies_.begin(), proxies_.end(), unused)); ++i) {
        chain_.verb("mine");
        last = verified_in(read());
    }
    // One that answered too late to count is still at it; it ends when nothing is left to do.
    io_.restart();
    io_.run_for(std::chrono::seconds(20));
    for (int i = 0; i < 4; ++i) {
        chain_.verb("set_price", {{"asset", "ETH"}, {"price", std::to_string(3'000 + i)}, {"keeper", false}});
        std::vector<std::uint64_t> before;
        for (const auto& proxy : proxies_) before.push_back(proxy->record().messages());
        const auto reading = read();
        const std::size_t verified = verified_in(reading);
        EXPECT_GE(verified, 25U);
        EXPECT_LE(verified, 64U);
        for (std::size_t p = 0; p < proxies_.size(); ++p) {
            const std::uint64_t messages = proxies_[p]->record().messages() - before[p];
            std::string methods;
            for (const FaultRecord::Arrival& arrival : proxies_[p]->record().arrivals())
                if (arrival.message >= before[p]) methods += " " + std::to_string(arrival.message - before[p]) + ":" + arrival.method;
            EXPECT_LE(messages, 3U) << names[p] << methods;
        }
    }
}

}  // namespace
}  // namespace margind::tests
