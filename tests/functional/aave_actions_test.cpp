// What the Aave rule promises of actions against the real contracts: repayments, deposits and liquidations carried out.
#include "tests/support/aave_truth.hpp"

#include <iostream>
#include <map>

namespace margind::tests {
namespace {

using model::BlockRef;
using model::FactsPtr;
using model::State;
using model::U256;
using nlohmann::json;

using AaveActions = AaveTruth;
using AaveLinesActions = AaveLines;
INSTANTIATE_TEST_SUITE_P(Aave, AaveLinesActions, testing::Values(aave_30, aave_36), name_of_market);

TEST_P(AaveLinesActions, predicts_repayments_and_deposits_to_the_last_unit) {
    std::vector<AaveAccount> accounts;
    make_accounts(17, 110, accounts);
    const BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    read_facts(accounts, venue, block);
    if (HasFatalFailure()) return;
    json snapshot = chain_.verb("snapshot").at("id");
    std::map<std::string, std::string> symbols;
    for (const auto& [token, mapping] : assets_.rows()) symbols[token.second.to_string()] = mapping.label;
    int carried_out = 0;
    for (const AaveAccount& account : accounts) {
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
                act(repays ? "repay" : "supply", arguments);
                const BlockRef then = chain_.head();
                ASSERT_EQ(then.time, block.time);
                expect_same(*(*after)->native((*after)->current()), aave_truth(chain_, account.owner, then, market_),
                            account.kind + (repays ? ", repay " : ", deposit ") + amount.to_decimal() + " " + option.label);
                ++carried_out;
                snapshot = chain_.verb("revert", object({{"id", snapshot}})).at("id");
            }
        }
    }
    EXPECT_GT(carried_out, 200);
    std::cout << carried_out << " adjustments carried out, " << differences_ << " differences\n";
}

TEST_F(AaveActions, names_the_close_factor_and_the_penalty_that_a_liquidation_takes) {
    std::vector<AaveAccount> accounts;
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
    for (const AaveAccount& account : accounts) {
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
