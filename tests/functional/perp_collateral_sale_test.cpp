// The sale of other collateral on the real contracts: when it may happen, what it takes, and what prevents it.
#include "tests/support/perp_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::I256;
using model::U256;
using nlohmann::json;

constexpr const char* vault_view = "Vault.isLiquidatable";
constexpr const char* house_view = "ClearingHouse.isLiquidatable";
/// A tenth of discount and 3 % of the rest, on the local chain.
constexpr std::uint32_t sale_penalty_bps = 1270;

bool says(const std::vector<model::NativeFigure>& figures, const char* name) { return !named(figures, name).value.is_zero(); }

U256 number(const json& reply, const char* field) { return U256::from_decimal(reply.at(field).get<std::string>()).value(); }

struct Tally {
    std::size_t states = 0;
    std::size_t sales = 0;
    std::size_t refused = 0;
    /// Sales while the positions could be closed too, for a larger loss; sales of more than the account was worth.
    std::size_t dearer_positions = 0;
    std::size_t capped = 0;
    double widest = 0;
    std::set<Address> flipped;
    std::map<Address, bool> last;
};

/// A sale to the full, carried out at the time of `block`, against what the terms say; then as if it had not been.
void check_sale(PerpWorld& world, const Address& owner, const model::PreparedAccount& account, const BlockRef& block,
                const std::vector<model::NativeFigure>& views, Tally& tally) {
    const std::string before = world.chain.verb("snapshot").at("id");
    const json sale = {{"user", owner.to_string()}, {"asset", "WETH"}, {"amount", "max"}};
    if (!says(views, vault_view)) {
        try {
            world.chain.verb("perp_liquidate_collateral", sale);
            ADD_FAILURE() << owner.to_string() << " lost collateral that was not for sale";
        } catch (const std::runtime_error& error) {
            EXPECT_NE(std::string(error.what()).find("V_NL"), std::string::npos) << error.what();
        }
        world.chain.verb("revert", {{"id", before}});
        ++tally.refused;
        return;
    }
    const json done = world.chain.verb("perp_liquidate_collateral", sale);
    ASSERT_EQ(done.at("block").at("timestamp").get<std::int64_t>(), block.time);
    const model::LiquidationTerms terms = account.terms(account.current()).value();
    const auto inputs = account.inputs();
    const double held = [&] {
        const auto positions = account.positions(account.current()).value();
        const auto weth = std::find_if(positions.begin(), positions.end(), [](const auto& p) { return p.label == "WETH"; });
        return weth->quantity.to_double();
    }();
    const auto price = std::find_if(inputs.begin(), inputs.end(), [](const auto& i) { return i.label == "WETH"; });
    const double sold = number(done, "collateral_sold_raw").to_double() / 1e18;
    const double lost = sold * price->price.to_double() / 1e18 - number(done, "debt_repaid_raw").to_double() / 1e6;
    const double equity = std::max(account.at(account.current())->equity.to_double(), 0.0);
    if (terms.penalty_bps == sale_penalty_bps) {
        EXPECT_NEAR(terms.loss.to_double(), std::min(lost, equity), 2e-6) << owner.to_string();
        EXPECT_NEAR(terms.close_factor_bps / 1e4, sold / held, 1.01e-4) << owner.to_string();
        tally.widest = std::max(tally.widest, std::abs(terms.loss.to_double() - std::min(lost, equity)));
        tally.capped += lost > equity ? 1U : 0U;
        // What the contracts call the account's worth moved by as much.
        const auto after = world.prepared(owner, world.chain.head());
        if (after && equity > 0 && lost <= equity) {
            const double left = (*after)->at((*after)->current())->equity.to_double();
            EXPECT_NEAR(equity - left, terms.loss.to_double(), 3e-6) << owner.to_string();
        }
    } else {
        EXPECT_TRUE(says(views, house_view)) << owner.to_string();
        EXPECT_EQ(terms.penalty_bps, 250U);
        EXPECT_GE(terms.loss.to_double(), std::min(lost, equity) - 2e-6) << owner.to_string();
        ++tally.dearer_positions;
    }
    world.chain.verb("revert", {{"id", before}});
    ++tally.sales;
}

void check_all(PerpWorld& world, const std::vector<Address>& owners, Tally& tally) {
    const BlockRef block = world.chain.head();
    for (const Address& owner : owners) {
        const auto account = world.prepared(owner, block);
        ASSERT_TRUE(account) << account.error().message;
        const std::vector<model::NativeFigure> views = world.views(owner, block);
        EXPECT_EQ(differences((*account)->native((*account)->current()).value(), views), std::vector<std::string>{});
        EXPECT_EQ((*account)->at((*account)->current())->liquidatable, says(views, house_view) || says(views, vault_view))
            << owner.to_string() << " at " << block.number;
        const bool for_sale = says(views, vault_view);
        const auto [last, first] = tally.last.try_emplace(owner, for_sale);
        if (!first && last->second != for_sale) tally.flipped.insert(owner);
        last->second = for_sale;
        check_sale(world, owner, **account, block, views, tally);
        ++tally.states;
    }
}

TEST(PerpCollateralSale, happens_exactly_where_we_say_so_and_takes_what_the_terms_say) {
    PerpWorld world;
    const std::vector<Address> owners = world.weth_traders(20261120, 30);
    Tally tally;
    check_all(world, owners, tally);
    const std::vector<std::pair<const char*, const char*>> moves = {
        {"BTC", "63000"}, {"BTC", "66500"}, {"BTC", "72000"}, {"ETH", "2800"}, {"ETH", "2500"}, {"BTC", "58000"},
        {"BTC", "53000"}, {"BTC", "48000"}, {"ETH", "2100"},  {"ETH", "2900"}, {"ETH", "3600"}, {"ETH", "4200"}};
    for (const auto& [asset, price] : moves) {
        world.chain.verb("move_market", {{"asset", asset}, {"price", price}});
        check_all(world, owners, tally);
    }
    std::printf("perp_v2: %zu accounts x states with WETH, %zu of %zu accounts flipped; %zu sales carried out (loss to %.9f USD; "
                "%zu worth less than they lost, %zu whose positions cost more), %zu refused\n",
                tally.states, tally.flipped.size(), owners.size(), tally.sales, tally.widest, tally.capped, tally.dearer_positions,
                tally.refused);
    EXPECT_GE(tally.flipped.size(), 20U);
    EXPECT_GE(tally.sales, 50U);
    EXPECT_GE(tally.refused, 50U);
}

/// The smallest deposit of this kind after which nothing may be liquidated at the state of the facts; empty when the largest
/// is not enough.
std::optional<U256> smallest_cure(const model::PreparedAccount& account, const model::AdjustmentOption& option) {
    const auto cures = [&](const U256& amount) {
        const auto after = account.with({option.verb, option.asset, amount}).value();
        return !after->at(after->current())->liquidatable;
    };
    if (!cures(option.max_raw)) return std::nullopt;
    U256 low;
    U256 high = option.max_raw;
    while (*checked_sub(high, low) > U256(1)) {
        const U256 middle = *checked_add(low, shift_right(*checked_sub(high, low), 1));
        (cures(middle) ? high : low) = middle;
    }
    return high;
}

TEST(PerpCollateralSale, is_prevented_by_the_smallest_deposit_and_by_no_smaller_one) {
    PerpWorld world;
    const std::vector<Address> owners = world.weth_traders(5, 40);
    std::map<std::string, std::size_t> cured;
    std::size_t hopeless = 0;
    for (const auto& [bitcoin, ether] : {std::pair("69000", "2500"), std::pair("52000", "1500"), std::pair("60000", "900")}) {
        world.chain.verb("move_market", {{"asset", "BTC"}, {"price", bitcoin}});
        world.chain.verb("move_market", {{"asset", "ETH"}, {"price", ether}});
        const BlockRef block = world.chain.head();
        std::string before = world.chain.verb("snapshot").at("id");
        for (const Address& owner : owners) {
            const auto account = world.prepared(owner, block).value();
            if (!account->at(account->current())->liquidatable) continue;
            for (const model::AdjustmentOption& option : account->options()) {
                if (option.verb != model::Verb::deposit) continue;
                const std::optional<U256> amount = smallest_cure(*account, option);
                hopeless += amount ? 0U : 1U;
                if (!amount) {
                    EXPECT_EQ(option.label, "WETH") << owner.to_string();
                    continue;
                }
                for (const bool enough : {true, false}) {
                    const U256 deposit = enough ? *amount : *checked_sub(*amount, U256(1));
                    world.chain.verb("perp_deposit", {{"user", owner.to_string()}, {"asset", option.label},
                                                      {"amount_raw", deposit.to_decimal()}, {"at", block.time}});
                    EXPECT_EQ(world.liquidatable(owner, world.chain.head()), !enough) << owner.to_string() << " " << option.label;
                    before = world.chain.verb("revert", {{"id", before}}).at("id");
                }
                ++cured[option.label];
            }
        }
    }
    std::printf("perp_v2: the smallest deposit ends it, a unit less does not: %zu of USDC, %zu of WETH; %zu debts that no WETH "
                "cures\n", cured["USDC"], cured["WETH"], hopeless);
    EXPECT_GE(cured["USDC"], 20U);
    EXPECT_GE(cured["WETH"], 5U);
    EXPECT_GE(hopeless, 1U);
}

/// The owner lowers the caps: what is offered goes in, a unit more does not.
TEST(PerpCollateralSale, offers_what_the_vault_still_takes) {
    PerpWorld world;
    const Address owner = world.weth_traders(9, 1).front();
    for (const char* token : {"USDC", "WETH"}) {
        const auto offered = [&] {
            const auto account = world.prepared(owner, world.chain.head()).value();
            U256 most;
            for (const model::AdjustmentOption& option : account->options())
                if (option.verb == model::Verb::deposit && option.label == token) most = option.max_raw;
            return most;
        };
        const auto deposit = [&](const U256& amount) {
            world.chain.verb("perp_deposit", {{"user", owner.to_string()}, {"asset", token}, {"amount_raw", amount.to_decimal()}});
        };
        EXPECT_GE(offered(), U256::pow10(18));
        world.chain.verb("perp_deposit_cap", {{"asset", token}, {"amount_raw", "1234567"}});
        ASSERT_EQ(offered(), U256(1'234'567)) << token;
        EXPECT_THROW(deposit(U256(1'234'568)), std::runtime_error) << token;
        deposit(U256(1'234'566));
        EXPECT_EQ(offered(), U256(1)) << token;
        deposit(U256(1));
        EXPECT_EQ(offered(), U256()) << token;
    }
}

}  // namespace
}  // namespace margind::tests
