// The Aave V3 readings on bytes: what they ask for, what they refuse, and a revision that the rule does not know.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/protocol.hpp"

#include <gtest/gtest.h>

#include <map>

namespace margind::adapters::protocols::aave_v3 {
namespace {

using evm::AbiWriter;
using evm::Function;
using model::Address;
using model::Bytes;
using model::ErrorCode;
using model::FactsPtr;
using model::Result;
using model::U256;

Address address(unsigned n) {
    Address out;
    out.bytes[18] = std::byte(n >> 8);
    out.bytes[19] = std::byte(n & 255);
    return out;
}

const Address provider = address(0x100);
const Address pool = address(0x101);
const Address oracle = address(0x102);
const Address asset = address(0x110);
const Address a_token = address(0x111);
const Address stable_token = address(0x112);
const Address variable_token = address(0x113);
const Address user = address(0x200);
const model::BlockRef block{model::ChainId{1}, 10, {}, 1'767'232'800};

Reply bytes_reply(Bytes bytes) { return Reply(std::variant<Bytes, std::vector<Log>>(std::move(bytes))); }

/// Answers calls by target and call data; one that it does not know reverts.
class FakeNode {
public:
    FakeNode() {
        answer(provider, Function("getPool()")(), AbiWriter().address(pool));
        answer(provider, Function("getPriceOracle()")(), AbiWriter().address(oracle));
        answer(provider, Function("getPriceOracleSentinel()")(), AbiWriter().address({}));
        answer(pool, Function("POOL_REVISION()")(), AbiWriter().u256(U256(1)));
        answer(pool, Function("getReservesList()")(), AbiWriter().array(1, AbiWriter().address(asset)));
        answer(pool, Function("getReserveData(address)")(AbiWriter().address(asset)), reserve_data(4));
        answer(oracle, Function("BASE_CURRENCY()")(), AbiWriter().address({}));
        answer(oracle, Function("BASE_CURRENCY_UNIT()")(), AbiWriter().u256(U256(100'000'000)));
        answer(oracle, Function("getAssetPrice(address)")(AbiWriter().address(asset)), AbiWriter().u256(U256(5)));
        answer(a_token, Function("scaledTotalSupply()")(), AbiWriter().u256(U256(1'000)));
        user_state(U256{}, {});
    }

    static AbiWriter reserve_data(unsigned id) {
        AbiWriter words;
        // Loan-to-value 80 %, threshold 82.5 %, bonus 5 %, 18 decimals, active.
        words.u256(U256(8'000 | 8'250ULL << 16 | 10'500ULL << 32 | 18ULL << 48 | 1ULL << 56));
        words.u256(U256::pow10(27)).u256({}).u256(U256::pow10(27)).u256({}).u256({}).u256(U256(1'767'000'000)).u256(U256(id));
        return words.address(a_token).address(stable_token).address(variable_token).address({}).u256({}).u256({}).u256({});
    }

    void user_state(const U256& configuration, const U256& supplied) {
        const AbiWriter owner = AbiWriter().address(user);
        answer(pool, Function("getUserConfiguration(address)")(owner), AbiWriter().u256(configuration));
        answer(pool, Function("getUserEMode(address)")(owner), AbiWriter().u256({}));
        answer(pool, Function("getUserAccountData(address)")(owner),
               AbiWriter().u256(U256(10)).u256(U256(9)).u256({}).u256(U256(8'000)).u256({}).u256(U256(888)));
        answer(a_token, Function("scaledBalanceOf(address)")(owner), AbiWriter().u256(supplied));
        answer(variable_token, Function("scaledBalanceOf(address)")(owner), AbiWriter().u256(U256(3)));
        answer(stable_token, Function("principalBalanceOf(address)")(owner), AbiWriter().u256({}));
        answer(stable_token, Function("getUserStableRate(address)")(owner), AbiWriter().u256({}));
        answer(stable_token, Function("getUserLastUpdated(address)")(owner), AbiWriter().u256({}));
    }

    void answer(const Address& to, const Bytes& data, const AbiWriter& reply) { answers_[{to, data}] = reply.encoded(); }
    void answer(const Address& to, const Bytes& data, Bytes reply) { answers_[{to, data}] = std::move(reply); }
    void revert(const Address& to, const Bytes& data) { answers_.erase({to, data}); }
    void remove_code() { code_.clear(); }

    template <class T>
    Result<T> read(std::unique_ptr<Reading<T>> reading) {
        std::vector<Reply> replies;
        rounds_ = 0;
        for (std::vector<Request> asked = reading->next({}); !asked.empty(); asked = reading->next(replies)) {
            ++rounds_;
            replies.clear();
            for (const Request& request : asked) replies.push_back(reply_to(request));
        }
        return reading->result();
    }
    int rounds() const { return rounds_; }

private:
    Reply reply_to(const Request& request) const {
        if (std::holds_alternative<Code>(request)) return bytes_reply(code_);
        const Call& call = std::get<Call>(request);
        const auto found = answers_.find({call.to, call.data});
        if (found == answers_.end()) return model::fail(ErrorCode::reverted, "execution reverted");
        return bytes_reply(found->second);
    }

    std::map<std::pair<Address, Bytes>, Bytes> answers_;
    Bytes code_{std::byte{0xfe}};
    int rounds_ = 0;
};

class AaveV3Readings : public testing::Test {
protected:
    FakeNode node_;
    std::unique_ptr<Adapter> adapter_ = [] {
        config::Venue settings;
        settings.id = {"aave_v3", model::ChainId{1}, ""};
        settings.addresses["addresses_provider"] = provider;
        return std::move(*protocol().make(std::move(settings)));
    }();

    Result<FactsPtr> config() { return node_.read(adapter_->read_config()); }
    Result<FactsPtr> venue(const FactsPtr& config) { return node_.read(adapter_->read_venue(config, block)); }
    /// Null facts: the user has nothing.
    Result<AccountReading> account(const FactsPtr& venue) {
        const auto all = node_.read(adapter_->read_account(venue, user, block));
        if (!all) return model::fail(all.error());
        return all->empty() ? AccountReading{} : all->front();
    }
};

/// Collateral and debt in reserve 4.
const U256 both_bits = with_bit(with_bit({}, 8), 9);

TEST_F(AaveV3Readings, read_config_venue_and_account_in_few_rounds) {
    const auto settled = config();
    ASSERT_TRUE(settled) << settled.error().message;
    EXPECT_LE(node_.rounds(), 4);
    EXPECT_EQ((*settled)->address("reserve.004.a_token").value(), a_token);
    const auto market = venue(*settled);
    ASSERT_TRUE(market) << market.error().message;
    EXPECT_EQ(node_.rounds(), 1);
    EXPECT_EQ((*market)->u256("reserve.004.price").value(), U256(5));
    node_.user_state(both_bits, U256(7));
    const auto read = account(*market);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(node_.rounds(), 2);
    EXPECT_EQ(read->facts->u256("reserve.004.scaled_supply").value(), U256(7));
    EXPECT_EQ(read->facts->u256("reserve.004.scaled_variable_debt").value(), U256(3));
    ASSERT_EQ(read->views.size(), 6U);
    EXPECT_EQ(read->views[5].name, "healthFactor");
    EXPECT_EQ(read->views[5].value, model::I256(888));
}

TEST_F(AaveV3Readings, give_no_facts_for_an_owner_with_nothing) {
    const FactsPtr market = venue(config().value()).value();
    const auto nothing = account(market);
    ASSERT_TRUE(nothing);
    EXPECT_EQ(nothing->facts, nullptr);
    EXPECT_EQ(node_.rounds(), 1);
    node_.user_state({}, U256(1));
    EXPECT_NE(account(market)->facts, nullptr);
}

TEST_F(AaveV3Readings, show_the_views_of_a_revision_that_the_rule_does_not_know) {
    node_.answer(pool, Function("POOL_REVISION()")(), AbiWriter().u256(U256(9)));
    node_.user_state(both_bits, U256(7));
    const auto settled = config();
    ASSERT_TRUE(settled) << settled.error().message;
    const auto market = venue(*settled);
    ASSERT_TRUE(market) << market.error().message;
    const auto read = account(*market);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->facts->u256("view.healthFactor").value(), U256(888));
    EXPECT_EQ(read->views.size(), 6U);
    const auto prepared = adapter_->rule().prepare(**market, *read->facts, {});
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, ErrorCode::unknown_revision);
    // Nine of debt at a health factor of 888 wei.
    EXPECT_EQ(adapter_->rule().liquidatable_by_views(read->views), true);
}

TEST_F(AaveV3Readings, refuse_an_address_that_is_no_provider) {
    node_.revert(provider, Function("getPool()")());
    const auto reverting = config();
    ASSERT_FALSE(reverting);
    EXPECT_EQ(reverting.error().code, ErrorCode::decode);
    EXPECT_NE(reverting.error().message.find(provider.to_string()), std::string::npos);
    node_.remove_code();
    const auto empty = config();
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, ErrorCode::no_code);
}

TEST_F(AaveV3Readings, ask_for_a_new_configuration_when_it_no_longer_fits) {
    const FactsPtr settled = config().value();
    const std::vector<std::pair<const char*, std::function<void(FakeNode&)>>> changes{
        {"revision", [](FakeNode& node) { node.answer(pool, Function("POOL_REVISION()")(), AbiWriter().u256(U256(2))); }},
        {"oracle", [](FakeNode& node) { node.answer(provider, Function("getPriceOracle()")(), AbiWriter().address(address(9))); }},
        {"sentinel",
         [](FakeNode& node) { node.answer(provider, Function("getPriceOracleSentinel()")(), AbiWriter().address(address(9))); }},
        {"list of reserves",
         [](FakeNode& node) {
             const AbiWriter two = AbiWriter().address(asset).address(address(9));
             node.answer(pool, Function("getReservesList()")(), AbiWriter().array(2, two));
         }},
        {"reserve", [](FakeNode& node) {
             node.answer(pool, Function("getReserveData(address)")(AbiWriter().address(asset)), FakeNode::reserve_data(5));
         }}};
    for (const auto& [what, change] : changes) {
        node_ = FakeNode();
        change(node_);
        const auto market = venue(settled);
        ASSERT_FALSE(market) << what;
        EXPECT_EQ(market.error().code, ErrorCode::missing) << market.error().message;
        EXPECT_NE(market.error().message.find(what), std::string::npos) << market.error().message;
    }
}

TEST_F(AaveV3Readings, keep_a_refused_price_as_its_reason) {
    node_.revert(oracle, Function("getAssetPrice(address)")(AbiWriter().address(asset)));
    const auto market = venue(config().value());
    ASSERT_TRUE(market) << market.error().message;
    EXPECT_EQ((*market)->find("reserve.004.price"), nullptr);
    EXPECT_NE((*market)->find("reserve.004.price_refused"), nullptr);
    node_.user_state(both_bits, U256(7));
    node_.revert(pool, Function("getUserAccountData(address)")(AbiWriter().address(user)));
    const auto read = account(*market);
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().message.starts_with("price_refused")) << read.error().message;
}

TEST_F(AaveV3Readings, fail_the_account_whose_view_reverts_or_is_short) {
    const FactsPtr market = venue(config().value()).value();
    const Bytes view = Function("getUserAccountData(address)")(AbiWriter().address(user));
    node_.revert(pool, view);
    const auto reverted = account(market);
    ASSERT_FALSE(reverted);
    EXPECT_EQ(reverted.error().code, ErrorCode::reverted);
    EXPECT_NE(reverted.error().message.find("getUserAccountData"), std::string::npos);
    node_.answer(pool, view, Bytes(5 * 32));
    const auto short_reply = account(market);
    ASSERT_FALSE(short_reply);
    EXPECT_EQ(short_reply.error().code, ErrorCode::decode);
}

TEST_F(AaveV3Readings, refuse_facts_of_another_schema) {
    const FactsPtr settled = config().value();
    EXPECT_EQ(venue(venue(settled).value()).error().code, ErrorCode::unknown_schema);
    EXPECT_EQ(account(settled).error().code, ErrorCode::unknown_schema);
}

TEST(AaveV3Protocol, needs_its_address) {
    EXPECT_EQ(protocol().required_addresses, std::vector<std::string>{"addresses_provider"});
    const auto made = protocol().make({{"aave_v3", model::ChainId{1}, ""}, {}, {}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace margind::adapters::protocols::aave_v3
