// Aave V3.6 where it matters most, against the real contracts: liquidation calls sent by a funded liquidator for every account of a
// falling market, and the odd states of reserves.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/liquidation.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/aave_truth.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

namespace margind::tests {
namespace {

namespace aave = adapters::protocols::aave_v3;
using model::BlockRef;
using model::ErrorCode;
using model::FactsPtr;
using model::State;
using model::U256;
using nlohmann::json;

/// The contract's errors have no texts: only the first four bytes of their hashes.
const std::map<std::string, std::string>& errors() {
    static const std::map<std::string, std::string> all = [] {
        std::map<std::string, std::string> names;
        for (const char* name : {"HealthFactorNotBelowThreshold", "ReservePaused", "ReserveInactive", "LiquidationGraceSentinelCheckFailed",
                                 "PriceOracleSentinelCheckFailed", "MustNotLeaveDust", "CollateralCannotBeLiquidated",
                                 "SpecifiedCurrencyNotBorrowedByUser", "SelfLiquidation", "InvalidBurnAmount"})
            names[model::keccak256(std::string(name) + "()").to_string().substr(0, 10)] = name;
        return names;
    }();
    return all;
}

class AaveV36 : public AaveTruth {
protected:
    AaveV36() : AaveTruth(aave_36) {}

    /// Empty, or the name of the refusal; the reply in `said`.
    std::string liquidate(const model::Address& user, const std::string& collateral, const std::string& debt, std::int64_t at, json* said = nullptr) {
        try {
            const json reply =
                act("liquidate", object({{"user", user.to_string()}, {"collateral", collateral}, {"debt", debt}, {"amount", "max"}, {"at", at}}));
            if (said != nullptr) *said = reply;
            return {};
        } catch (const std::runtime_error& error) {
            const std::string text = error.what();
            for (const auto& [selector, name] : errors())
                if (text.find("reverted: " + selector) != std::string::npos) return name;
            return text;
        }
    }

    /// Runs `what` and puts the chain back.
    template <class F>
    auto undone(F what) {
        const std::string snapshot = chain_.verb("snapshot").at("id").get<std::string>();
        auto result = what();
        chain_.verb("revert", object({{"id", snapshot}}));
        return result;
    }

    FactsPtr facts_of(const model::Address& owner, const FactsPtr& venue, const BlockRef& block) {
        std::vector<AaveAccount> one{{owner, "one", nullptr}};
        read_facts(one, venue, block);
        return one.front().facts;
    }

    model::Address user(int index) const {
        return model::Address::parse(chain_.ready().at("accounts").at(static_cast<std::size_t>(index)).get<std::string>()).value();
    }

    void supply(int index, const char* asset, const char* amount) { act("supply", object({{"user", index}, {"asset", asset}, {"amount", amount}})); }
    void borrow(int index, const char* asset, const char* amount) { act("borrow", object({{"user", index}, {"asset", asset}, {"amount", amount}})); }
};

/// The reserves of the largest collateral and of the largest debt.
struct Largest {
    std::optional<std::size_t> collateral;
    std::optional<std::size_t> debt;
};

Largest largest_of(const aave::Book& book, const std::vector<aave::Balance>& balances) {
    Largest largest;
    U256 most_held;
    U256 most_owed;
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const aave::Reserve& reserve = book.reserves[i];
        const U256& price = book.inputs[reserve.input].price;
        const U256 held = *aave::base_value(balances[i].supply, price, reserve.unit);
        const U256 owed = *aave::base_value(balances[i].variable_debt, price, reserve.unit);
        if (reserve.collateral && held > most_held) {
            most_held = held;
            largest.collateral = i;
        }
        if (owed > most_owed) {
            most_owed = owed;
            largest.debt = i;
        }
    }
    return largest;
}

TEST_F(AaveV36, foretells_every_liquidation_call_of_a_falling_market) {
    std::vector<AaveAccount> accounts;
    make_accounts(29, std::getenv("MARGIND_ALL_PRICES") != nullptr ? 900 : 300, accounts);
    set_price("ETH", "285000000007");
    set_price("BTC", "5250000000001");
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    std::string snapshot = chain_.verb("snapshot").at("id").get<std::string>();
    std::map<std::string, int> outcomes;
    int whole = 0;
    int part = 0;
    for (const AaveAccount& account : accounts) {
        if (!account.facts) continue;
        auto book = aave::read_book(*venue, *account.facts, assets_);
        ASSERT_TRUE(book) << book.error().message;
        const auto balances = aave::balances_at(*book, 0);
        ASSERT_TRUE(balances);
        const Largest largest = largest_of(*book, *balances);
        if (!largest.collateral || !largest.debt) continue;
        const auto prepared = prepare(venue, account.facts);
        const State state = prepared->current();
        const bool liquidatable = prepared->at(state)->liquidatable;
        const auto pool = aave_truth(chain_, account.owner, block, market_);
        const auto call = aave::largest_call_36(*book, *balances, state, {pool[0], pool[1], pool[5]}, *largest.collateral, *largest.debt);
        ASSERT_TRUE(call);
        const aave::Reserve& collateral = book->reserves[*largest.collateral];
        const aave::Reserve& debt = book->reserves[*largest.debt];
        json said;
        const std::string refusal = liquidate(account.owner, collateral.label, debt.label, block.time, &said);
        snapshot = chain_.verb("revert", object({{"id", snapshot}})).at("id").get<std::string>();
        const std::string what = account.kind + ", " + collateral.label + " for " + debt.label;
        ++outcomes[refusal.empty() ? "succeeded" : refusal];
        if (!liquidatable) {
            EXPECT_EQ(refusal, "HealthFactorNotBelowThreshold") << what;
            continue;
        }
        // Too little to burn anything is the pool's refusal of a debt of dust.
        if (refusal == "InvalidBurnAmount" && (call->covered.is_zero() || call->seized.is_zero())) continue;
        EXPECT_EQ(refusal, call->leaves_dust ? "MustNotLeaveDust" : "") << what;
        if (!refusal.empty()) continue;
        EXPECT_EQ(said.at("debt_covered_raw").get<std::string>(), call->covered.to_decimal()) << what;
        EXPECT_EQ(said.at("collateral_seized_raw").get<std::string>(), call->seized.to_decimal()) << what;
        const auto terms = prepared->terms(state);
        ASSERT_TRUE(terms);
        EXPECT_EQ(terms->penalty_bps + 10'000, collateral.liquidation_bonus) << what;
        (call->covered == (*balances)[*largest.debt].variable_debt ? whole : part) += 1;
    }
    std::cout << "liquidation calls sent:";
    for (const auto& [outcome, times] : outcomes) std::cout << " " << outcome << " " << times;
    std::cout << "; whole debts " << whole << ", parts " << part << "\n";
    EXPECT_GT(outcomes["succeeded"], 15);
    EXPECT_GT(outcomes["HealthFactorNotBelowThreshold"], 50);
    EXPECT_GE(whole, 2);
    EXPECT_GE(part, 2);
}

TEST_F(AaveV36, knows_reserves_that_are_closed_to_liquidators) {
    supply(0, "WETH", "10");
    supply(0, "WBTC", "0.2");
    borrow(0, "USDC", "28000");
    set_price("ETH", "240000000000");
    set_price("BTC", "5000000000000");
    const auto penalty = [&](const BlockRef& block, std::int64_t offset = 0) {
        const FactsPtr venue = road_.venue(block);
        const auto prepared = prepare(venue, facts_of(user(0), venue, block));
        State state = prepared->current();
        EXPECT_TRUE(prepared->at(state)->liquidatable);
        EXPECT_EQ(prepared->native(state)->at(5).value, model::I256::from(aave_truth(chain_, user(0), block, market_)[5]));
        state.time_offset_s = offset;
        return prepared->terms(state)->penalty_bps;
    };
    const auto refusal = [&](const char* collateral) {
        return undone([&] { return liquidate(user(0), collateral, "USDC", chain_.head().time); });
    };
    EXPECT_EQ(penalty(chain_.head()), 500U);
    EXPECT_EQ(refusal("WETH"), "");
    // Paused: the other collateral is what a liquidator can take.
    chain_.verb("aave36_reserve", object({{"asset", "WETH"}, {"set", "paused"}, {"on", true}}));
    EXPECT_EQ(refusal("WETH"), "ReservePaused");
    EXPECT_EQ(refusal("WBTC"), "");
    EXPECT_EQ(penalty(chain_.head()), 600U);
    // Open again, with ten minutes for borrowers to mend.
    chain_.verb("aave36_reserve", object({{"asset", "WETH"}, {"set", "paused"}, {"on", false}, {"grace", 600}}));
    const BlockRef opened = chain_.head();
    EXPECT_EQ(refusal("WETH"), "LiquidationGraceSentinelCheckFailed");
    EXPECT_EQ(refusal("WBTC"), "");
    EXPECT_EQ(penalty(opened), 600U);
    EXPECT_EQ(penalty(opened, 600), 600U);
    EXPECT_EQ(penalty(opened, 601), 500U);
    const auto after = [&](int seconds) {
        return undone([&] { return liquidate(user(0), "WETH", "USDC", opened.time + seconds); });
    };
    EXPECT_EQ(after(600), "LiquidationGraceSentinelCheckFailed");
    EXPECT_EQ(after(601), "");
    chain_.verb("warp", object({{"seconds", 700}}));
    // The sequencer is down, and the health factor above 0.95.
    set_price("ETH", "242000000000");
    set_price("BTC", "5050000000000");
    const FactsPtr before = road_.config(chain_.head());
    chain_.verb("aave36_sequencer", object({{"down", true}, {"grace", 600}}));
    const auto outdated = road_.try_venue(before, chain_.head());
    ASSERT_FALSE(outdated);
    EXPECT_EQ(outdated.error().code, ErrorCode::missing);
    const FactsPtr venue = road_.venue(chain_.head());
    EXPECT_FALSE(std::get<bool>(*venue->find("liquidation_allowed")));
    EXPECT_EQ(refusal("WETH"), "PriceOracleSentinelCheckFailed");
    // The account is reported liquidatable all the same.
    EXPECT_EQ(penalty(chain_.head()), 500U);
}

TEST_F(AaveV36, follows_a_debt_that_its_collateral_no_longer_covers) {
    supply(0, "WETH", "2");
    borrow(0, "USDC", "2000");
    borrow(0, "DAI", "2000");
    set_price("ETH", "150000000000");
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    const auto prepared = prepare(venue, facts_of(user(0), venue, block));
    const auto standing = prepared->at(prepared->current());
    EXPECT_TRUE(standing->equity.raw.is_negative());
    EXPECT_EQ(prepared->terms(prepared->current())->loss.raw, model::I256{});
    // The rest of the debt: all of one reserve, then what the collateral still pays for.
    EXPECT_EQ(liquidate(user(0), "WETH", "DAI", block.time), "");
    EXPECT_EQ(liquidate(user(0), "WETH", "USDC", block.time), "");
    const BlockRef after = chain_.head();
    const FactsPtr fresh = road_.venue(after);
    const auto deficit =
        words_of(chain_.call(part("pool"), call_data("getReserveDeficit(address)", {word_of(chain_.address("/tokens/USDC/address"))})));
    EXPECT_GT(deficit.at(0), U256(100'000'000));
    // It is the reserve's and not the user's, who has dust of aTokens at most.
    EXPECT_TRUE(aave_truth(chain_, user(0), after, market_)[1].is_zero());
    std::vector<AaveAccount> one{{user(0), "liquidated", facts_of(user(0), fresh, after)}};
    compare(one, fresh, after, "after the deficit");
    EXPECT_EQ(differences_, 0);
}

TEST_F(AaveV36, changes_no_figure_for_what_restricts_borrowing) {
    std::vector<AaveAccount> accounts;
    make_accounts(41, 90, accounts);
    const auto compare_now = [&](const char* what) {
        const BlockRef block = chain_.head();
        const FactsPtr venue = road_.venue(block);
        read_facts(accounts, venue, block);
        if (!HasFatalFailure()) compare(accounts, venue, block, what);
    };
    const auto reserve = [&](const char* asset, const char* set) {
        chain_.verb("aave36_reserve", object({{"asset", asset}, {"set", set}, {"on", true}}));
        compare_now(set);
    };
    compare_now("as they are");
    int isolated = 0;
    int siloed = 0;
    int ltvzero_at_first = 0;
    for (const AaveAccount& account : accounts) {
        isolated += account.facts && account.kind == "isolated";
        siloed += account.facts && account.kind == "siloed";
    }
    EXPECT_GT(isolated, 3);
    EXPECT_GT(siloed, 3);
    const auto ltv_zero = [&] {
        int count = 0;
        for (const AaveAccount& account : accounts) count += account.facts && aave_truth(chain_, account.owner, chain_.head(), market_)[4].is_zero();
        return count;
    };
    ltvzero_at_first = ltv_zero();
    reserve("WETH", "frozen");
    reserve("WBTC", "ltvzero");
    EXPECT_GT(ltv_zero(), ltvzero_at_first);
    // E-modes have a loan-to-value of their own, and a list of reserves without.
    chain_.verb("aave36_emode_ltvzero", object({{"asset", "WETH"}, {"category", 2}, {"on", true}}));
    compare_now("without a loan-to-value in e-mode 2");
    chain_.verb("aave36_emode_ltvzero", object({{"asset", "WBTC"}, {"category", 7}, {"on", true}}));
    compare_now("without a loan-to-value in e-mode 7");
    reserve("DAI", "paused");
    // What cannot be supplied is not offered; what is paused not at all.
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    for (const AaveAccount& account : accounts) {
        if (!account.facts) continue;
        for (const model::AdjustmentOption& option : prepare(venue, account.facts)->options()) {
            EXPECT_NE(option.label, "DAI");
            EXPECT_FALSE(option.label == "WETH" && option.verb == model::Verb::deposit);
        }
    }
    report("Aave 3.6 under restrictions");
    EXPECT_EQ(differences_, 0);
}

TEST_F(AaveV36, asks_for_a_new_configuration_when_an_emode_is_added) {
    const FactsPtr before = road_.config(chain_.head());
    const adapters::evm::Function set_category("setEModeCategory(uint8,uint16,uint16,uint16,string)");
    const auto add = [&](std::uint64_t category) {
        using adapters::evm::AbiWriter;
        send("owner", part("pool_configurator"),
             set_category(AbiWriter().u256(U256(category)).u256(U256(9'100)).u256(U256(9'400)).u256(U256(10'150)).string("new")));
        send("owner", part("pool_configurator"),
             call_data("setAssetCollateralInEMode(address,uint8,bool)", {word_of(chain_.address("/tokens/WETH/address")), U256(category), U256(1)}));
    };
    add(10);
    const auto outdated = road_.try_venue(before, chain_.head());
    ASSERT_FALSE(outdated);
    EXPECT_EQ(outdated.error().code, ErrorCode::missing);
    EXPECT_NE(outdated.error().message.find("e-mode"), std::string::npos) << outdated.error().message;
    // Far from the others it is not seen, and its user is unknown rather than wrong.
    const FactsPtr middle = road_.config(chain_.head());
    add(200);
    supply(1, "WETH", "3");
    act("emode", object({{"user", 1}, {"category", 200}}));
    const BlockRef block = chain_.head();
    const auto venue = road_.try_venue(middle, block);
    ASSERT_TRUE(venue) << venue.error().message;
    const auto unknown = road_.adapter().rule().prepare(**venue, *facts_of(user(1), *venue, block), assets_);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::missing);
    EXPECT_NE(unknown.error().message.find("category 200"), std::string::npos) << unknown.error().message;
    std::vector<AaveAccount> one{{user(1), "new category", facts_of(user(1), *venue, block)}};
    compare(one, road_.venue(block), block, "with the new configuration");
    EXPECT_EQ(differences_, 0);
}

}  // namespace
}  // namespace margind::tests
