// Perp V2's figures from facts against the contracts' own views, to the last unit, on real contracts.
#include "tests/support/perp_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::U256;
using nlohmann::json;

constexpr const char* house_value = "ClearingHouse.getAccountValue";

struct Tally {
    std::size_t accounts = 0;
    std::size_t figures = 0;
    std::size_t makers = 0;
    std::size_t with_weth = 0;
    std::size_t negative = 0;
    std::size_t liquidatable = 0;
    std::size_t collateral_for_sale = 0;
    std::size_t liquidations_asked = 0;
    std::set<std::string> kinds;
};

/// Under the venue's rule at the state of the facts.
model::Result<std::vector<NativeFigure>> ours(PerpWorld& world, const model::Facts& venue, const model::Facts& account) {
    const auto prepared = world.adapter().rule().prepare(venue, account, world.assets);
    if (!prepared) return model::fail(prepared.error());
    return (*prepared)->native((*prepared)->current());
}

bool has_orders(const model::Facts& account) {
    return account.find("market.0.order.0.liquidity") != nullptr || account.find("market.1.order.0.liquidity") != nullptr;
}

/// The contract refuses with CH_EAV exactly where there is enough account value. Other refusals (orders in the book,
/// no taker position, a market that is not open) say nothing.
void check_liquidation(PerpWorld& world, const Address& owner, bool liquidatable, const BlockRef& block, Tally& tally) {
    for (const Address& base : world.base_tokens_of(owner, block)) {
        const std::string refusal = world.liquidation_refusal(owner, base, block);
        const bool enough = refusal.find("CH_EAV") != std::string::npos;
        if (!enough && !refusal.empty()) continue;
        ++tally.liquidations_asked;
        EXPECT_NE(enough, liquidatable) << owner.to_string() << " in " << base.to_string() << ": " << refusal;
    }
}

void check_account(PerpWorld& world, const FactsPtr& venue, const Address& owner,
                   const model::Result<adapters::AccountReading>& reading, const BlockRef& block, Tally& tally) {
    const std::vector<NativeFigure> chain = world.views(owner, block);
    ASSERT_TRUE(reading) << reading.error().message;
    ++tally.accounts;
    tally.figures += chain.size();
    if (!reading->facts) {
        for (const NativeFigure& f : chain) EXPECT_TRUE(f.value.is_zero()) << owner.to_string() << ": " << f.name;
        return;
    }
    EXPECT_EQ(differences(reading->views, chain), std::vector<std::string>{}) << "views of " << owner.to_string();
    const auto account = world.adapter().rule().prepare(*venue, *reading->facts, world.assets);
    ASSERT_TRUE(account) << owner.to_string() << ": " << account.error().message;
    const model::State now = (*account)->current();
    EXPECT_EQ(differences((*account)->native(now).value(), chain), std::vector<std::string>{})
        << owner.to_string() << " at " << block.number;

    const bool liquidatable = !named(chain, "ClearingHouse.isLiquidatable").value.is_zero();
    const bool for_sale = !named(chain, "Vault.isLiquidatable").value.is_zero();
    EXPECT_EQ((*account)->at(now)->liquidatable, liquidatable || for_sale) << owner.to_string() << " at " << block.number;
    tally.liquidatable += liquidatable ? 1U : 0U;
    tally.collateral_for_sale += for_sale ? 1U : 0U;
    tally.negative += named(chain, house_value).value.is_negative() ? 1U : 0U;
    tally.with_weth += reading->facts->find("collateral.0.balance") != nullptr ? 1U : 0U;
    tally.makers += has_orders(*reading->facts) ? 1U : 0U;
    check_liquidation(world, owner, liquidatable, block, tally);
}

void check_all(PerpWorld& world, const std::vector<Address>& owners, Tally& tally) {
    const BlockRef block = world.chain.head();
    const auto venue = world.venue(block);
    ASSERT_TRUE(venue) << venue.error().message;
    const auto readings = world.road.single_accounts(*venue, owners, block);
    for (std::size_t i = 0; i < owners.size(); ++i) check_account(world, *venue, owners[i], readings[i], block, tally);
}

struct Made {
    Address owner;
    std::string kind;
};

std::vector<Made> make_accounts(PerpWorld& world, int seed, int count) {
    std::vector<Made> made;
    const json reply = world.chain.verb("random_perp", {{"seed", seed}, {"count", count}});
    for (const json& account : reply.at("accounts"))
        made.push_back({Address::parse(account.at("user").get<std::string>()).value(), account.at("kind")});
    return made;
}

/// The contract decides: refused where the account is not liquidatable, or holds nothing there.
std::size_t liquidate_all(PerpWorld& world, const std::vector<Address>& owners) {
    std::size_t done = 0;
    for (const Address& owner : owners) {
        for (const char* market : {"ETH", "BTC"}) {
            const std::string refusal = world.liquidation_refusal(owner, world.base_token(market), world.chain.head());
            if (!refusal.empty() && refusal.find("CH_CLWTISO") == std::string::npos) continue;
            try {
                world.chain.verb("perp_liquidate", {{"user", owner.to_string()}, {"market", market}});
                ++done;
            } catch (const std::runtime_error& error) {
                // Orders hide whether there is enough account value until they are to be cancelled.
                EXPECT_NE(refusal.find("CH_CLWTISO"), std::string::npos) << error.what();
            }
        }
    }
    return done;
}

TEST(PerpVenueTruth, equals_the_contracts_over_random_accounts_and_states) {
    PerpWorld world;
    Tally tally;
    std::vector<Address> owners;
    for (const Made& made : make_accounts(world, 20261120, 102)) {
        owners.push_back(made.owner);
        tally.kinds.insert(made.kind);
    }
    for (const char* role : {"maker", "whale", "liquidator"}) owners.push_back(world.role(role));
    const auto step = [&](const char* verb, const json& fields) {
        world.chain.verb(verb, fields);
        check_all(world, owners, tally);
    };
    check_all(world, owners, tally);
    // Prices, pools and time, apart and together.
    step("warp", {{"seconds", 86400}, {"refresh", true}});
    step("set_price", {{"asset", "ETH"}, {"price", "3150"}});
    step("move_market", {{"asset", "ETH"}, {"price", "3400"}});
    step("move_market", {{"asset", "BTC"}, {"price", "51000"}});
    step("warp", {{"seconds", 7}});
    step("move_market", {{"asset", "ETH"}, {"price", "2500"}, {"warp", 60}});
    step("move_market", {{"asset", "ETH"}, {"price", "1900"}});
    const std::size_t liquidated = liquidate_all(world, owners);
    check_all(world, owners, tally);
    step("move_market", {{"asset", "ETH"}, {"price", "4500"}});
    step("perp_market", {{"market", "BTC"}, {"action", "pause"}});
    step("warp", {{"seconds", 40000}, {"refresh", true}});
    step("perp_market", {{"market", "BTC"}, {"action", "close"}, {"price", "64321.123456789"}});

    std::printf("perp_v2: %zu accounts x states, %zu figures compared: %zu with orders, %zu with WETH, %zu negative, "
                "%zu liquidatable, %zu with collateral for sale; %zu liquidations asked, %zu carried out; %zu kinds\n",
                tally.accounts, tally.figures, tally.makers, tally.with_weth, tally.negative, tally.liquidatable,
                tally.collateral_for_sale, tally.liquidations_asked, liquidated, tally.kinds.size());
    EXPECT_GE(tally.accounts, 1000U);
    EXPECT_GE(tally.makers, 100U);
    EXPECT_GE(tally.with_weth, 50U);
    EXPECT_GE(tally.negative, 10U);
    EXPECT_GE(tally.liquidatable, 10U);
    EXPECT_GE(tally.collateral_for_sale, 5U);
    EXPECT_GE(tally.liquidations_asked, 200U);
    EXPECT_GE(liquidated, 5U);
}

/// The same facts with one number changed.
FactsPtr changed(const model::Facts& facts, const std::string& name, const model::FactValue& value) {
    model::FactsBuilder builder(facts.schema());
    for (std::size_t i = 0; i < facts.size(); ++i)
        builder.add(facts.name(i), facts.name(i) == name ? value : facts.value(i));
    return std::move(builder).build().value();
}

TEST(PerpVenueTruth, reports_a_planted_mismatch_of_one_unit) {
    PerpWorld world;
    const std::vector<Made> made = make_accounts(world, 7, 17);
    const BlockRef block = world.chain.head();
    const FactsPtr venue = world.venue(block).value();
    std::size_t planted = 0;
    for (const Made& account : made) {
        if (account.kind != "long" && account.kind != "maker_and_taker") continue;
        const std::vector<NativeFigure> chain = world.views(account.owner, block);
        const FactsPtr facts = world.account(venue, account.owner, block)->facts;
        const auto lines = [&](const model::Facts& v, const model::Facts& a) {
            return differences(ours(world, v, a).value(), chain);
        };
        ASSERT_TRUE(lines(*venue, *facts).empty());
        // A unit of the requirement's ratio, a micro-dollar of owed pnl, a wei of an order's debt or of size.
        const U256 ratio = *checked_add(venue->u256("mm_ratio").value(), U256(1));
        EXPECT_FALSE(lines(*changed(*venue, "mm_ratio", ratio), *facts).empty());
        const I256 owed = *checked_add(facts->i256("owed_realized_pnl").value(), I256(1'000'000'000'000));
        EXPECT_FALSE(lines(*venue, *changed(*facts, "owed_realized_pnl", owed)).empty());
        const I256 size = *checked_add(facts->i256("market.0.taker_size").value(), I256(1));
        EXPECT_FALSE(lines(*venue, *changed(*facts, "market.0.taker_size", size)).empty());
        ++planted;
    }
    EXPECT_GE(planted, 2U);
}

TEST(PerpVenueTruth, leaves_only_the_holders_unknown_when_a_feed_misses_its_keeper) {
    PerpWorld world;
    const Address both = Address::parse(world.chain.ready().at("accounts").at(0).get<std::string>()).value();
    const Address bitcoin = Address::parse(world.chain.ready().at("accounts").at(1).get<std::string>()).value();
    const Address idle = Address::parse(world.chain.ready().at("accounts").at(2).get<std::string>()).value();
    for (const Address& user : {both, bitcoin, idle})
        world.chain.verb("perp_deposit", {{"user", user.to_string()}, {"asset", "USDC"}, {"amount", "50000"}});
    world.chain.verb("perp_open", {{"user", both.to_string()}, {"market", "ETH"}, {"side", "long"}, {"quote", "20000"}});
    for (const Address& user : {both, bitcoin})
        world.chain.verb("perp_open", {{"user", user.to_string()}, {"market", "BTC"}, {"side", "short"}, {"quote", "9000"}});
    world.chain.verb("set_price", {{"asset", "ETH"}, {"price", "2100"}, {"keeper", false}});
    world.chain.verb("warp", {{"seconds", 20000}});

    const BlockRef block = world.chain.head();
    EXPECT_THROW(world.mark("ETH", block), std::runtime_error);
    const auto venue = world.venue(block);
    ASSERT_TRUE(venue) << venue.error().message;
    EXPECT_EQ((*venue)->find("market.0.price"), nullptr);
    EXPECT_NE((*venue)->find("market.0.reason"), nullptr);
    const auto unknown = world.account(*venue, both, block);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, model::ErrorCode::reverted);
    EXPECT_NE(unknown.error().message.find("getPnlAndPendingFee"), std::string::npos) << unknown.error().message;
    EXPECT_NE(unknown.error().message.find("SafeMath"), std::string::npos) << unknown.error().message;
    for (const Address& owner : {bitcoin, idle}) {
        const auto known = world.account(*venue, owner, block);
        ASSERT_TRUE(known) << known.error().message;
        EXPECT_EQ(differences(ours(world, **venue, *known->facts).value(), world.views(owner, block)), std::vector<std::string>{});
    }
}

TEST(PerpVenueTruth, names_a_market_that_is_not_listed) {
    PerpWorld world({"ETH"});
    const Address owner = Address::parse(world.chain.ready().at("accounts").at(0).get<std::string>()).value();
    world.chain.verb("perp_deposit", {{"user", owner.to_string()}, {"asset", "USDC"}, {"amount", "50000"}});
    world.chain.verb("perp_open", {{"user", owner.to_string()}, {"market", "BTC"}, {"side", "short"}, {"quote", "9000"}});
    const BlockRef block = world.chain.head();
    const auto reading = world.account(world.venue(block).value(), owner, block);
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, model::ErrorCode::missing);
    EXPECT_NE(reading.error().message.find(world.base_token("BTC").to_string()), std::string::npos);
}

/// Over a time in which no one trades and no price moves, funding goes on as the facts say.
TEST(PerpVenueTruth, carries_funding_to_a_later_block) {
    PerpWorld world;
    const std::vector<Made> made = make_accounts(world, 11, 51);
    // Index and pool 2 % apart, and every average at rest.
    world.chain.verb("set_price", {{"asset", "ETH"}, {"price", "3060"}});
    world.chain.verb("warp", {{"seconds", 3600}, {"refresh", true}});
    const BlockRef before = world.chain.head();
    world.chain.verb("warp", {{"seconds", 43210}, {"refresh", true}});
    const BlockRef after = world.chain.head();
    ASSERT_EQ(world.mark("ETH", before), world.mark("ETH", after));
    ASSERT_EQ(world.mark("BTC", before), world.mark("BTC", after));
    const FactsPtr venue = world.venue(before).value();
    std::size_t moved = 0;
    std::size_t same = 0;
    for (const Made& account : made) {
        const auto reading = world.account(venue, account.owner, before).value();
        if (!reading.facts) continue;
        const auto prepared = world.adapter().rule().prepare(*venue, *reading.facts, world.assets).value();
        model::State later = prepared->current();
        later.time_offset_s = after.time - before.time;
        const I256 carried = named(prepared->native(later).value(), house_value).value;
        const I256 chain = named(world.views(account.owner, after), house_value).value;
        const I256 error = *checked_sub(carried, chain);
        // 2 wei a market can tip the account value over one micro-dollar.
        EXPECT_LE(error.magnitude(), U256(1'000'000'000'000)) << account.kind << ": " << error.to_decimal();
        same += error.is_zero() ? 1U : 0U;
        moved += chain == named(reading.views, house_value).value ? 0U : 1U;
    }
    std::printf("perp_v2: funding carried 12 h: %zu accounts moved, %zu equal to the contract's to the unit\n", moved, same);
    EXPECT_GE(moved, 20U);
    EXPECT_GE(same, moved);
}

/// A factor move reaches the State at once; the chain follows through pool, index and averages. Apart from funding and
/// fees on the way, takers and makers arrive where the State said.
TEST(PerpVenueTruth, says_what_an_account_is_worth_after_the_market_has_moved) {
    PerpWorld world;
    const std::vector<Made> made = make_accounts(world, 13, 51);
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3000"}});
    const BlockRef before = world.chain.head();
    const FactsPtr venue = world.venue(before).value();
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3240"}, {"warp", 1900}});
    const BlockRef after = world.chain.head();
    std::size_t makers = 0;
    for (const Made& account : made) {
        const auto reading = world.account(venue, account.owner, before).value();
        if (!reading.facts) continue;
        const auto prepared = world.adapter().rule().prepare(*venue, *reading.facts, world.assets).value();
        model::State moved = prepared->current();
        double exposure = 1;
        for (std::size_t i = 0; i < moved.prices.size(); ++i) {
            const bool ether = prepared->inputs()[i].underlying.symbol == "ETH";
            const bool mark = prepared->inputs()[i].role == model::PriceRole::mark;
            if (ether) moved.prices[i] = mark ? world.mark("ETH", after) : *checked_mul(U256(3240), U256::pow10(18));
        }
        const std::vector<model::Position> positions = prepared->positions(moved).value();
        for (const model::Position& p : positions) exposure += std::abs(p.notional.to_double());
        const double ours_after = prepared->at(moved)->equity.to_double() - prepared->at(moved)->maintenance.to_double();
        const auto views = world.views(account.owner, after);
        const double chain_after = (named(views, house_value).value.to_double() -
                                    named(views, "AccountBalance.getMarginRequirementForLiquidation").value.to_double()) / 1e18;
        EXPECT_NEAR(ours_after, chain_after, 0.003 * exposure) << account.kind << " with " << exposure;
        makers += has_orders(*reading.facts) ? 1U : 0U;
    }
    EXPECT_GE(makers, 5U);
}

/// What the owner's account is worth at a later block at rest, after the adjustment.
std::vector<NativeFigure> promised(const model::PreparedAccount& account, const model::Adjustment& adjustment,
                                   const BlockRef& from, const BlockRef& to) {
    const auto adjusted = account.with(adjustment).value();
    model::State later = adjusted->current();
    later.time_offset_s = to.time - from.time;
    return adjusted->native(later).value();
}

TEST(PerpVenueTruth, keeps_what_a_deposit_and_a_reduction_promise) {
    PerpWorld world;
    const Address owner = Address::parse(world.chain.ready().at("accounts").at(0).get<std::string>()).value();
    const std::string user = owner.to_string();
    world.chain.verb("perp_deposit", {{"user", user}, {"asset", "USDC"}, {"amount", "20000"}});
    world.chain.verb("perp_open", {{"user", user}, {"market", "ETH"}, {"side", "short"}, {"quote", "120000"}});
    world.chain.verb("warp", {{"seconds", 3600}, {"refresh", true}});

    BlockRef before = world.chain.head();
    auto account = world.prepared(owner, before).value();
    world.chain.verb("perp_deposit", {{"user", user}, {"asset", "USDC"}, {"amount", "1234.567891"}});
    BlockRef after = world.chain.head();
    const Address usdc = world.chain.address("/tokens/USDC/address");
    const model::Adjustment deposit{model::Verb::deposit, usdc, U256(1'234'567'891)};
    EXPECT_EQ(differences(promised(*account, deposit, before, after), world.views(owner, after)), std::vector<std::string>{});

    world.chain.verb("warp", {{"seconds", 3600}, {"refresh", true}});
    before = world.chain.head();
    account = world.prepared(owner, before).value();
    const std::vector<model::AdjustmentOption> options = account->options();
    const auto option = std::find_if(options.begin(), options.end(), [](const auto& o) { return o.verb == model::Verb::reduce; });
    ASSERT_NE(option, options.end());
    const U256 half = shift_right(option->max_raw, 1);
    world.chain.verb("perp_reduce", {{"user", user}, {"market", "ETH"}, {"base_raw", half.to_decimal()}});
    after = world.chain.head();
    const auto figures = promised(*account, {model::Verb::reduce, option->asset, half}, before, after);
    const auto views = world.views(owner, after);
    const auto error = [&](const std::string& name) {
        return std::abs(named(figures, name).value.to_double() - named(views, name).value.to_double()) / 1e18;
    };
    // The size is exact, and with it the requirement; of 60,000 exchanged the pool's price and its impact take their part.
    EXPECT_LE(error("AccountBalance.getMarginRequirementForLiquidation"), 1e-12);
    EXPECT_LE(error(house_value), 60000 * 0.0005) << error(house_value);
    std::printf("perp_v2: a deposit is exact; a reduction by 60,000 USD came within %.4f USD\n", error(house_value));
}

/// The contract's liquidations against the terms: what part of the position goes, and what it costs.
TEST(PerpVenueTruth, takes_in_a_liquidation_what_the_terms_say) {
    PerpWorld world;
    std::vector<Address> owners;
    for (std::size_t i = 0; i < 6; ++i) {
        owners.push_back(Address::parse(world.chain.ready().at("accounts").at(i).get<std::string>()).value());
        const std::string user = owners.back().to_string();
        world.chain.verb("perp_deposit", {{"user", user}, {"asset", "USDC"}, {"amount", "20000"}});
        const std::string quote = std::to_string(110'000 + 14'000 * i);
        world.chain.verb("perp_open", {{"user", user}, {"market", "ETH"}, {"side", i % 2 == 0 ? "long" : "short"}, {"quote", quote}});
    }
    std::size_t halves = 0;
    std::size_t wholes = 0;
    std::size_t losses = 0;
    for (const char* price : {"2970", "2900", "2860", "2820", "2780", "2740", "2640", "3100", "3160", "3220", "3260", "3420"}) {
        world.chain.verb("move_market", {{"asset", "ETH"}, {"price", price}});
        for (const Address& owner : owners) {
            const BlockRef before = world.chain.head();
            if (!world.liquidation_refusal(owner, world.base_token("ETH"), before).empty()) continue;
            const auto prepared = world.prepared(owner, before).value();
            const std::vector<model::Position> positions = prepared->positions(prepared->current()).value();
            const json done = world.chain.verb("perp_liquidate", {{"user", owner.to_string()}, {"market", "ETH"}});
            const BlockRef after = world.chain.head();
            model::State then = prepared->current();
            then.time_offset_s = after.time - before.time;
            const model::LiquidationTerms terms = prepared->terms(then).value();
            const I256 kept = I256::from_decimal(done.at("size_raw").get<std::string>()).value();
            const double share = 1 - kept.to_double() / positions.back().quantity.raw.to_double();
            EXPECT_NEAR(terms.close_factor_bps / 1e4, share, 1.01e-4) << owner.to_string();
            EXPECT_EQ(terms.penalty_bps, 250U);
            (share > 0.9 ? wholes : halves) += 1;

            const I256 had = named(prepared->native(then).value(), house_value).value;
            const I256 left = named(world.views(owner, after), house_value).value;
            const double taken = checked_sub(had, left)->to_double() / 1e18;
            if (terms.loss.raw >= had) continue;
            EXPECT_NEAR(terms.loss.to_double(), taken, 2e-6) << owner.to_string();
            ++losses;
        }
    }
    std::printf("perp_v2: terms of %zu partial and %zu whole liquidations as carried out, %zu losses\n", halves, wholes, losses);
    EXPECT_GE(losses, 2U);
    EXPECT_GE(halves, 1U);
    EXPECT_GE(wholes, 1U);
}

}  // namespace
}  // namespace margind::tests
