// The Aave rule against the real contracts: facts read by the adapter, figures compared with the pool's own to the last unit.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/aave_v3/rule.hpp"
#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <map>
#include <optional>
#include <set>

namespace margind::tests {
namespace {

using adapters::AccountReading;
using model::BlockRef;
using model::ErrorCode;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::Result;
using model::State;
using model::U256;
using nlohmann::json;

json object(std::initializer_list<std::pair<const char*, json>> fields) {
    json out = json::object();
    for (const auto& [name, value] : fields) out[name] = value;
    return out;
}

/// Where our figures differ from the pool's six words; by hand, so that nothing of the adapter stands on both sides.
std::vector<std::string> differences(const std::vector<NativeFigure>& ours, const std::array<U256, 6>& pool) {
    static const std::array<const char*, 6> names{"totalCollateralBase", "totalDebtBase", "availableBorrowsBase",
                                                  "currentLiquidationThreshold", "ltv", "healthFactor"};
    std::vector<std::string> found;
    if (ours.size() != names.size()) return {"there are " + std::to_string(ours.size()) + " figures"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool no_debt = pool[i] == U256::max();
        const bool same = no_debt ? ours[i].value.to_word() == *model::checked_sub(U256::pow2(255), U256(1))
                                  : ours[i].value == I256::from(pool[i]);
        if (ours[i].name != names[i] || !same)
            found.push_back(std::string(names[i]) + ": pool " + pool[i].to_decimal() + ", ours " + ours[i].value.to_decimal());
    }
    return found;
}

struct Account {
    model::Address owner;
    std::string kind;
    FactsPtr facts;
};

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

class AaveVenueTruth : public testing::Test {
protected:
    ChainProcess chain_;
    VenueRoad road_ = aave_road(chain_);
    model::AssetMap assets_ = chain_assets(chain_);
    int checks_ = 0;
    int differences_ = 0;

    void make_accounts(int seed, int count, std::vector<Account>& accounts) {
        const json made = chain_.verb("random_aave", object({{"seed", seed}, {"count", count}}));
        for (const json& one : made.at("accounts"))
            accounts.push_back({model::Address::parse(one.at("user").get<std::string>()).value(),
                                one.at("kind").get<std::string>(), nullptr});
    }

    /// Reads every account's facts at `block`; those with nothing at the venue have none.
    void read_facts(std::vector<Account>& accounts, const FactsPtr& venue, const BlockRef& block) {
        std::vector<model::Address> owners;
        for (const Account& account : accounts) owners.push_back(account.owner);
        const auto readings = road_.accounts(venue, owners, block);
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            ASSERT_TRUE(readings[i]) << accounts[i].kind << ": " << readings[i].error().message;
            accounts[i].facts = readings[i]->facts;
            // The views that the reading gives are the pool's own.
            expect_same(readings[i]->views, aave_truth(chain_, accounts[i].owner, block), accounts[i].kind + ", view");
        }
    }

    std::unique_ptr<model::PreparedAccount> prepare(const FactsPtr& venue, const FactsPtr& account) {
        auto prepared = road_.adapter().rule().prepare(*venue, *account, assets_);
        if (!prepared) {
            ADD_FAILURE() << prepared.error().message;
            return nullptr;
        }
        return std::move(*prepared);
    }

    void expect_same(const std::vector<NativeFigure>& ours, const std::array<U256, 6>& pool, const std::string& what) {
        ++checks_;
        for (const std::string& one : differences(ours, pool)) {
            ++differences_;
            ADD_FAILURE() << what << ": " << one;
        }
    }

    /// Figures from `venue` and each account's stored facts, `state` at the venue's time or as given, against the pool at `block`.
    void compare(const std::vector<Account>& accounts, const FactsPtr& venue, const BlockRef& block, const std::string& what,
                 const FactsPtr& priced_by = nullptr, std::int64_t offset = 0) {
        for (const Account& account : accounts) {
            if (!account.facts) continue;
            const auto prepared = prepare(venue, account.facts);
            ASSERT_NE(prepared, nullptr);
            State state = prepared->current();
            if (priced_by) state = prepare(priced_by, account.facts)->current();
            state.time_offset_s = offset;
            const auto figures = prepared->native(state);
            ASSERT_TRUE(figures) << what << ": " << figures.error().message;
            const auto pool = aave_truth(chain_, account.owner, block);
            expect_same(*figures, pool, what + ", " + account.kind);
            // Liquidatable as the pool compares: below 10^18, with debt.
            const auto standing = prepared->at(state);
            ASSERT_TRUE(standing) << standing.error().message;
            EXPECT_EQ(standing->liquidatable, !pool[1].is_zero() && pool[5] < U256::pow10(18)) << what << ", " << account.kind;
            const U256& bigger = std::max(pool[0], pool[1]);
            const U256& smaller = std::min(pool[0], pool[1]);
            EXPECT_EQ(standing->equity.raw, *I256::make(pool[0] < pool[1], *model::checked_sub(bigger, smaller)));
        }
    }

    void report(const std::string& name) {
        std::cout << name << ": " << checks_ << " checks of six figures, " << differences_ << " differences\n";
    }

    void send(const std::string& role, const model::Address& to, const model::Bytes& data) {
        const std::string from = chain_.ready().at("roles").contains(role)
                                     ? chain_.ready().at("roles").at(role).get<std::string>()
                                     : role;
        json params = json::array();
        params.push_back(object({{"from", from}, {"to", to.to_string()}, {"data", model::to_hex(data)}, {"gas", "0x989680"}}));
        const json receipt = chain_.rpc("eth_sendTransactionSync", params);
        ASSERT_EQ(receipt.at("status").get<std::string>(), "0x1") << receipt.dump();
    }

    void set_price(const char* asset, const char* answer) {
        chain_.verb("set_price", object({{"asset", asset}, {"answer", answer}}));
    }
};

TEST_F(AaveVenueTruth, equals_the_pool_over_random_accounts_and_states) {
    std::vector<Account> accounts;
    make_accounts(20'260'101, 220, accounts);
    const BlockRef first = chain_.head();
    const FactsPtr venue = road_.venue(first);
    read_facts(accounts, venue, first);
    if (HasFatalFailure()) return;
    std::set<std::string> empty;
    for (const Account& account : accounts)
        if (!account.facts) empty.insert(account.kind);
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
    std::vector<Account> newcomers;
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
    report("Aave venue truth");
    EXPECT_GE(checks_, 1'000);
    EXPECT_EQ(differences_, 0);
}

TEST_F(AaveVenueTruth, notices_a_planted_mismatch_in_every_account) {
    std::vector<Account> accounts;
    make_accounts(3, 22, accounts);
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    int compared = 0;
    int noticed = 0;
    for (const Account& account : accounts) {
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
    std::vector<Account> accounts{{owner, "stable and variable", nullptr}};
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
    std::vector<Account> accounts;
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
    for (const Account& account : accounts) {
        if (!account.facts || account.kind != "emode") continue;
        for (const model::PriceInput& input : prepare(venue, account.facts)->inputs()) shared += input.label == "e-mode";
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

TEST_F(AaveVenueTruth, makes_only_the_users_of_a_refused_price_unknown) {
    std::vector<Account> accounts;
    make_accounts(5, 66, accounts);
    const BlockRef before = chain_.head();
    const FactsPtr venue = road_.venue(before);
    read_facts(accounts, venue, before);
    if (HasFatalFailure()) return;
    std::vector<model::Address> owners;
    for (const Account& account : accounts) owners.push_back(account.owner);
    for (const char* answer : {"0", "-1"}) {
        set_price("BTC", answer);
        const BlockRef block = chain_.head();
        const FactsPtr refused = road_.venue(block);
        const auto readings = road_.accounts(refused, owners, block);
        int unknown = 0;
        int known = 0;
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            if (!accounts[i].facts) continue;
            const auto prepared = road_.adapter().rule().prepare(*refused, *accounts[i].facts, assets_);
            if (readings[i]) {
                ++known;
                ASSERT_TRUE(prepared) << prepared.error().message;
                expect_same(*(*prepared)->native((*prepared)->current()), aave_truth(chain_, owners[i], block), accounts[i].kind);
                continue;
            }
            ++unknown;
            // The pool itself reverts: the fallback oracle is nobody.
            EXPECT_THROW(aave_truth(chain_, owners[i], block), std::runtime_error);
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

TEST_F(AaveVenueTruth, predicts_repayments_and_deposits_to_the_last_unit) {
    std::vector<Account> accounts;
    make_accounts(17, 110, accounts);
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    json snapshot = chain_.verb("snapshot").at("id");
    std::map<std::string, std::string> symbols;
    for (const auto& [symbol, token] : chain_.ready().at("addresses").at("tokens").items())
        symbols[model::Address::parse(token.at("address").get<std::string>()).value().to_string()] = symbol;
    int carried_out = 0;
    for (const Account& account : accounts) {
        if (!account.facts) continue;
        const auto prepared = prepare(venue, account.facts);
        for (const model::AdjustmentOption& option : prepared->options()) {
            const bool repays = option.verb == model::Verb::repay;
            // A third of the debt, all of it, or an odd deposit.
            for (const std::uint64_t divisor : {std::uint64_t{3}, std::uint64_t{1}}) {
                if (!repays && divisor == 1) continue;
                const U256 amount = repays ? *model::checked_div(option.max_raw, U256(divisor), model::Rounding::up)
                                           : *model::checked_add(U256::pow10(option.decimals - 2U), U256(123'457));
                const auto after = prepared->with({option.verb, option.asset, amount});
                ASSERT_TRUE(after) << after.error().message;
                // In a block of the same second as the facts.
                const json arguments = object({{"user", account.owner.to_string()},
                                               {"asset", symbols.at(option.asset.to_string())},
                                               {"amount_raw", amount.to_decimal()},
                                               {"at", block.time}});
                chain_.verb(repays ? "aave_repay" : "aave_supply", arguments);
                const BlockRef then = chain_.head();
                ASSERT_EQ(then.time, block.time);
                expect_same(*(*after)->native((*after)->current()), aave_truth(chain_, account.owner, then),
                            account.kind + (repays ? ", repay " : ", deposit ") + amount.to_decimal() + " " + option.label);
                ++carried_out;
                snapshot = chain_.verb("revert", object({{"id", snapshot}})).at("id");
            }
        }
    }
    EXPECT_GT(carried_out, 200);
    std::cout << carried_out << " adjustments carried out, " << differences_ << " differences\n";
}

TEST_F(AaveVenueTruth, names_the_close_factor_and_the_penalty_that_a_liquidation_takes) {
    std::vector<Account> accounts;
    make_accounts(23, 220, accounts);
    // Those who borrowed to the limit come out on both sides of a health factor of 0.95.
    set_price("ETH", "285000000000");
    set_price("BTC", "5250000000000");
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    std::string snapshot = chain_.verb("snapshot").at("id").get<std::string>();
    std::map<std::uint32_t, int> by_close_factor;
    for (const Account& account : accounts) {
        if (!account.facts) continue;
        const auto prepared = prepare(venue, account.facts);
        const State state = prepared->current();
        if (!prepared->at(state)->liquidatable) continue;
        const auto terms = prepared->terms(state);
        ASSERT_TRUE(terms) << terms.error().message;
        const auto positions = prepared->positions(state);
        ASSERT_TRUE(positions);
        const model::Position* seized = nullptr;
        const model::Position* owed = nullptr;
        for (const model::Position& one : *positions) {
            const auto larger = [&](const model::Position* than) {
                return than == nullptr || one.notional.raw.magnitude() > than->notional.raw.magnitude();
            };
            if (one.instrument == model::Instrument::debt && larger(owed)) owed = &one;
            if (one.collateral && larger(seized)) seized = &one;
        }
        ASSERT_TRUE(seized != nullptr && owed != nullptr);
        const json liquidation = chain_.verb("aave_liquidate", object({{"user", account.owner.to_string()},
                                                                       {"collateral", seized->label},
                                                                       {"debt", owed->label},
                                                                       {"amount", "max"},
                                                                       {"at", block.time}}));
        snapshot = chain_.verb("revert", object({{"id", snapshot}})).at("id").get<std::string>();
        const auto raw = [&](const char* field) { return U256::from_decimal(liquidation.at(field).get<std::string>()).value(); };
        const U256 covered = raw("debt_covered_raw");
        const U256 taken = raw("collateral_seized_raw");
        // The pool pays the bonus on the collateral's worth of the covered debt; no more than there is.
        const auto mul = [](const U256& a, const U256& b) { return model::checked_mul(a, b).value(); };
        const U256 worth = model::checked_div(mul(mul(owed->mark.raw.magnitude(), covered), U256::pow10(seized->quantity.decimals)),
                                              mul(seized->mark.raw.magnitude(), U256::pow10(owed->quantity.decimals)))
                               .value();
        const auto share = [](const U256& of, std::uint32_t bps) {
            return model::mul_div(of, U256(bps), U256(10'000), model::Rounding::half_up).value();
        };
        if (taken == seized->quantity.raw.magnitude()) continue;
        EXPECT_EQ(covered, share(owed->quantity.raw.magnitude(), terms->close_factor_bps)) << account.kind;
        EXPECT_EQ(taken, share(worth, 10'000 + terms->penalty_bps)) << account.kind;
        ++by_close_factor[terms->close_factor_bps];
    }
    std::cout << "liquidated at a close factor of 50 %: " << by_close_factor[5'000] << ", of 100 %: " << by_close_factor[10'000] << "\n";
    EXPECT_GT(by_close_factor[5'000], 3);
    EXPECT_GT(by_close_factor[10'000], 3);
}

}  // namespace
}  // namespace margind::tests
