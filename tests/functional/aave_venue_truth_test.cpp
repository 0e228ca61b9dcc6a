// The Aave rule against the real contracts of both lines: facts read by the adapter, figures compared with the pool's own to the last unit.
#include "adapters/evm/abi_writer.hpp"
#include "tests/support/aave_truth.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string_view>

namespace margind::tests {
namespace {

using model::BlockRef;
using model::ErrorCode;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::Result;
using model::State;
using model::U256;
using nlohmann::json;

using AaveVenueTruth = AaveTruth;
using AaveLinesTruth = AaveLines;
INSTANTIATE_TEST_SUITE_P(Aave, AaveLinesTruth, testing::Values(aave_30, aave_36), name_of_market);

/// A rule whose debt is one unit too high: what the comparison must notice.
class OffByOne final : public model::PreparedAccount {
public:
    explicit OffByOne(std::unique_ptr<model::PreparedAccount> right) : right_(std::move(right)) {}
    const std::vector<model::PriceInput>& inputs() const override { return right_->inputs(); }
    Result<model::Standing> at(const State& state) const override { return right_->at(state); }
    Result<std::vector<NativeFigure>> native(const State& state) const override {
        Result<std::vector<NativeFigure>> figures = right_->native(state);
        if (figures) (*figures)[1].value = *model::checked_add((*figures)[1].value, I256(1));
        return figures;
    }
    Result<model::LiquidationTerms> terms(const State& state) const override { return right_->terms(state); }
    Result<std::vector<model::Position>> positions(const State& state) const override { return right_->positions(state); }
    std::vector<model::AdjustmentOption> options() const override { return right_->options(); }
    Result<std::unique_ptr<PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        return right_->with(adjustment);
    }

private:
    std::unique_ptr<model::PreparedAccount> right_;
};

TEST_P(AaveLinesTruth, equals_the_pool_over_random_accounts_and_states) {
    std::vector<AaveAccount> accounts;
    make_accounts(20'260'101, 220, accounts);
    const BlockRef first = chain_.head();
    const FactsPtr venue = road_.venue(first);
    read_facts(accounts, venue, first);
    if (HasFatalFailure()) return;
    std::set<std::string> empty;
    for (const AaveAccount& account : accounts)
        if (!account.facts) empty.insert(account.kind);
    // 3.6 refuses to mint nothing for a unit of a token.
    if (market_.name == std::string_view(aave_36.name)) empty.erase("dust");
    EXPECT_EQ(empty, (std::set<std::string>{"unseen", "withdrawn"}));

    compare(accounts, venue, first, "at the block");
    // Facts of the first block alone, carried to later ones by time; then with fresh venue facts.
    for (const int seconds : {1, 2, 3'600, 86'400 * 45, 86'400 * 200}) {
        chain_.verb("warp", object({{"seconds", seconds}}));
        const BlockRef later = chain_.head();
        const std::string what = std::to_string(later.time - first.time) + " s later";
        compare(accounts, venue, later, what + ", old facts", nullptr, later.time - first.time);
        compare(accounts, road_.venue(later), later, what + ", fresh venue facts");
    }
    // Odd prices: long fractions, one unit, absurdly high, a crash.
    const std::vector<std::map<const char*, const char*>> markets{
        {{"ETH", "299999999999"}, {"BTC", "6123456789013"}, {"USDC", "98765433"}, {"DAI", "101234567"}},
        {{"ETH", "1"}, {"BTC", "3"}, {"USDC", "7"}, {"DAI", "1"}},
        {{"ETH", "123456789012345678901"}, {"BTC", "999999999999999999"}, {"USDC", "100000000"}, {"DAI", "99999999"}},
        {{"ETH", "120000000000"}, {"BTC", "2400000000000"}}};
    for (const auto& market : markets) {
        for (const auto& [asset, answer] : market) set_price(asset, answer);
        const BlockRef later = chain_.head();
        const FactsPtr fresh = road_.venue(later);
        const std::string what = std::string("ETH at ") + market.at("ETH");
        compare(accounts, fresh, later, what);
        compare(accounts, venue, later, what + ", old facts", fresh, later.time - first.time);
    }
    // Others trade in the same reserves: rates and indices change, the stored account facts do not.
    std::vector<AaveAccount> newcomers;
    set_price("ETH", "300000000000");
    set_price("BTC", "6000000000000");
    set_price("USDC", "100000000");
    set_price("DAI", "100000000");
    make_accounts(7, 44, newcomers);
    chain_.verb("warp", object({{"seconds", 12'345}}));
    const BlockRef last = chain_.head();
    const FactsPtr fresh = road_.venue(last);
    compare(accounts, fresh, last, "after others' trades");
    read_facts(newcomers, fresh, last);
    compare(newcomers, fresh, last, "newcomers");
    report(std::string("Aave venue truth, ") + market_.name);
    EXPECT_GE(checks_, 2'000);
    EXPECT_EQ(differences_, 0);
}

TEST_F(AaveVenueTruth, notices_a_planted_mismatch_in_every_account) {
    std::vector<AaveAccount> accounts;
    make_accounts(3, 22, accounts);
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    int compared = 0;
    int noticed = 0;
    for (const AaveAccount& account : accounts) {
        if (!account.facts) continue;
        const OffByOne wrong(prepare(venue, account.facts));
        ++compared;
        noticed += !differences(*wrong.native(wrong.current()), aave_truth(chain_, account.owner, block)).empty();
    }
    EXPECT_GT(compared, 10);
    EXPECT_EQ(noticed, compared);
}

TEST_F(AaveVenueTruth, equals_the_pool_with_stable_debt) {
    const std::string user = chain_.ready().at("accounts")[0].get<std::string>();
    const model::Address owner = model::Address::parse(user).value();
    const model::Address usdc = chain_.address("/tokens/USDC/address");
    const model::Address pool = chain_.address("/aave/pool");
    send("owner", chain_.address("/aave/pool_configurator"),
         call_data("setReserveStableRateBorrowing(address,bool)", {word_of(usdc), U256(1)}));
    chain_.verb("aave_supply", object({{"user", 0}, {"asset", "WETH"}, {"amount", "10.123456789012345678"}}));
    const auto borrow = [&](std::uint64_t amount, std::uint64_t mode) {
        send(user, pool, call_data("borrow(address,uint256,uint256,uint16,address)",
                                   {word_of(usdc), U256(amount), U256(mode), U256{}, word_of(owner)}));
    };
    borrow(5'123'456'789, 1);
    borrow(2'000'000'001, 2);
    std::vector<AaveAccount> accounts{{owner, "stable and variable", nullptr}};
    const BlockRef first = chain_.head();
    const FactsPtr venue = road_.venue(first);
    read_facts(accounts, venue, first);
    if (HasFatalFailure()) return;
    for (const int seconds : {1, 86'400, 86'400 * 300}) {
        chain_.verb("warp", object({{"seconds", seconds}}));
        const BlockRef later = chain_.head();
        compare(accounts, road_.venue(later), later, "stable, fresh venue facts");
        compare(accounts, venue, later, "stable, old facts", nullptr, later.time - first.time);
    }
    // Repaying goes to the variable debt first, then to the stable one; in a block of the facts' own second.
    for (const std::uint64_t mode : {std::uint64_t{2}, std::uint64_t{1}}) {
        const BlockRef block = chain_.head();
        const FactsPtr fresh = road_.venue(block);
        read_facts(accounts, fresh, block);
        const auto options = prepare(fresh, accounts[0].facts)->options();
        const auto repay = std::find_if(options.begin(), options.end(), [](const auto& one) { return one.verb == model::Verb::repay; });
        ASSERT_NE(repay, options.end());
        for (const U256& amount : {*model::checked_div(repay->max_raw, U256(3)), repay->max_raw}) {
            const auto after = prepare(fresh, accounts[0].facts)->with({model::Verb::repay, usdc, amount});
            ASSERT_TRUE(after) << after.error().message;
            const std::string before = chain_.verb("snapshot").at("id").get<std::string>();
            const auto at_once = [&](const model::Address& to, const model::Bytes& data) {
                chain_.rpc("evm_setNextBlockTimestamp", json::array({block.time}));
                send(user, to, data);
            };
            at_once(usdc, call_data("mint(address,uint256)", {word_of(owner), amount}));
            at_once(usdc, call_data("approve(address,uint256)", {word_of(pool), amount}));
            at_once(pool, call_data("repay(address,uint256,uint256,address)", {word_of(usdc), amount, U256(mode), word_of(owner)}));
            const BlockRef then = chain_.head();
            ASSERT_EQ(then.time, block.time);
            expect_same(*(*after)->native((*after)->current()), aave_truth(chain_, owner, then),
                        "repay " + amount.to_decimal() + " in mode " + std::to_string(mode));
            // After the last one the variable debt is gone, and the stable one is next.
            if (amount != repay->max_raw) chain_.verb("revert", object({{"id", before}}));
        }
    }
    EXPECT_EQ(differences_, 0);
}

TEST_F(AaveVenueTruth, equals_the_pool_in_an_emode_with_its_own_price) {
    std::vector<AaveAccount> accounts;
    make_accounts(11, 66, accounts);
    const BlockRef before = chain_.head();
    const FactsPtr old_config = road_.config(before);
    // The category gets a price source: the oracle answers for that address with a feed of its own.
    const model::Address source = model::Address::parse("0x00000000000000000000000000000000000e0de1").value();
    using adapters::evm::AbiWriter;
    AbiWriter one_source;
    one_source.address(source);
    AbiWriter one_feed;
    one_feed.address(chain_.address("/feeds/DAI"));
    const adapters::evm::Function set_sources("setAssetSources(address[],address[])");
    send("owner", chain_.address("/aave/oracle"), set_sources(AbiWriter().array(1, one_source).array(1, one_feed)));
    const adapters::evm::Function set_category("setEModeCategory(uint8,uint16,uint16,uint16,address,string)");
    send("owner", chain_.address("/aave/pool_configurator"),
         set_category(AbiWriter().u256(U256(1)).u256(U256(9'700)).u256(U256(9'750)).u256(U256(10'100)).address(source).string("own price")));
    set_price("DAI", "101500000");
    set_price("USDC", "99100000");
    const BlockRef block = chain_.head();
    const auto outdated = road_.try_venue(old_config, block);
    ASSERT_FALSE(outdated);
    EXPECT_EQ(outdated.error().code, ErrorCode::missing);
    assets_.add({block.chain, source, {"DAI"}, "e-mode"});
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    compare(accounts, venue, block, "e-mode price");
    int shared = 0;
    for (const AaveAccount& account : accounts) {
        if (!account.facts || account.kind != "emode") continue;
        const auto prepared = prepare(venue, account.facts);
        for (const model::PriceInput& input : prepared->inputs()) shared += input.label == "e-mode";
    }
    EXPECT_GT(shared, 3);
    // A loan-to-value of 0 stays 0 in e-mode.
    send("owner", chain_.address("/aave/pool_configurator"),
         call_data("configureReserveAsCollateral(address,uint256,uint256,uint256)",
                   {word_of(chain_.address("/tokens/DAI/address")), U256{}, U256(7'700), U256(10'500)}));
    const BlockRef last = chain_.head();
    compare(accounts, road_.venue(last), last, "loan-to-value 0");
    report("own e-mode price");
    EXPECT_EQ(differences_, 0);
}

TEST_P(AaveLinesTruth, makes_only_the_users_of_a_refused_price_unknown) {
    std::vector<AaveAccount> accounts;
    make_accounts(5, 66, accounts);
    const BlockRef before = chain_.head();
    const FactsPtr venue = road_.venue(before);
    read_facts(accounts, venue, before);
    if (HasFatalFailure()) return;
    std::vector<model::Address> owners;
    for (const AaveAccount& account : accounts) owners.push_back(account.owner);
    for (const char* answer : {"0", "-1"}) {
        set_price("BTC", answer);
        const BlockRef block = chain_.head();
        const FactsPtr refused = road_.venue(block);
        const auto readings = road_.single_accounts(refused, owners, block);
        int unknown = 0;
        int known = 0;
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            if (!accounts[i].facts) continue;
            const auto prepared = road_.adapter().rule().prepare(*refused, *accounts[i].facts, assets_);
            if (readings[i]) {
                ++known;
                ASSERT_TRUE(prepared) << prepared.error().message;
                expect_same(*(*prepared)->native((*prepared)->current()), aave_truth(chain_, owners[i], block, market_), accounts[i].kind);
                continue;
            }
            ++unknown;
            // The pool itself reverts: the fallback oracle is nobody.
            EXPECT_THROW(aave_truth(chain_, owners[i], block, market_), std::runtime_error);
            EXPECT_EQ(readings[i].error().code, ErrorCode::reverted);
            EXPECT_TRUE(readings[i].error().message.starts_with("price_refused")) << readings[i].error().message;
            EXPECT_NE(readings[i].error().message.find("getUserAccountData"), std::string::npos);
            ASSERT_FALSE(prepared);
            EXPECT_TRUE(prepared.error().message.starts_with("price_refused")) << prepared.error().message;
        }
        EXPECT_GT(unknown, 5);
        EXPECT_GT(known, 5);
        std::cout << "BTC answers " << answer << ": " << unknown << " accounts unknown, " << known << " known\n";
    }
}

}  // namespace
}  // namespace margind::tests
