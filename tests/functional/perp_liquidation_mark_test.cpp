// The liquidation price that is reported, against the contracts: the nearest prices that can be reached on both sides.
//
// The mark is the median of two pool averages and index + premium. With the pool pushed beyond the liquidation mark, the
// short average lies beyond it and the long one before it; then the mark is index + premium, and the oracle's answer (8
// decimals) sets it to within 1e-8.
#include "risk/distance.hpp"
#include "tests/support/perp_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <stdexcept>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::Candidate;
using model::Direction;
using model::I256;
using model::SignedRounding;
using model::U256;
using nlohmann::json;

const I256 wei_per_answer{10'000'000'000};
/// A block this long after the last swap, the 15-second average has arrived.
constexpr std::int64_t short_average_s = 16;

std::optional<Candidate> candidate_of(PerpWorld& world, const Address& owner, const std::string& asset, const BlockRef& block) {
    const auto prepared = world.prepared(owner, block);
    if (!prepared) return std::nullopt;
    const auto distances = risk::distances(**prepared, {}, {}, {}, world.adapter().venue().chain);
    EXPECT_TRUE(distances) << distances.error().message;
    if (!distances || distances->standing.liquidatable) return std::nullopt;
    for (const Candidate& c : distances->candidates)
        if (c.asset == asset) return c;
    return std::nullopt;
}

/// A taker in this market whose collateral does not move with it.
bool is_plain_taker(PerpWorld& world, const Address& owner, const BlockRef& block) {
    const auto reading = world.account(world.venue(block).value(), owner, block);
    if (!reading || !reading->facts) return false;
    for (std::size_t i = 0; i < reading->facts->size(); ++i)
        if (reading->facts->name(i).find(".liquidity") != std::string::npos) return false;
    return reading->facts->u64("collaterals").value() == 0;
}

double size_in(PerpWorld& world, const Address& owner, const std::string& label, const BlockRef& block) {
    const auto prepared = world.prepared(owner, block).value();
    const std::vector<model::Position> positions = prepared->positions(prepared->current()).value();
    for (const model::Position& p : positions)
        if (p.label == label) return std::abs(p.quantity.to_double());
    throw std::runtime_error("no position " + label);
}

std::string price_text(const U256& price) { return model::decimal_text(*I256::from(price), 18); }

/// What flips first: the clearing house's test, or for an account with other collateral the vault's.
enum class Trigger { positions, collateral };

/// One block at `time` with this answer of the oracle, and what holds there.
struct Landed {
    U256 mark;
    std::optional<Candidate> candidate;
    bool liquidatable = false;
    std::string refusal;
};

Landed land(PerpWorld& world, const Address& owner, const std::string& market, const I256& answer, std::int64_t time,
            Trigger trigger) {
    world.chain.verb("set_price", {{"asset", market}, {"answer", answer.to_decimal()}, {"at", time}});
    const BlockRef block = world.chain.head();
    Landed landed;
    landed.mark = world.mark(market, block);
    landed.candidate = candidate_of(world, owner, market, block);
    landed.liquidatable = world.liquidatable(owner, block);
    landed.refusal = trigger == Trigger::positions ? world.liquidation_refusal(owner, world.base_token(market), block)
                                                   : world.sale_refusal(owner, block);
    return landed;
}

struct Nearest {
    std::size_t accounts = 0;
    std::size_t downward = 0;
    std::size_t upward = 0;
    double widest = 0;
};

/// `size` is that of the position, in units of the base.
void check_account(PerpWorld& world, const Address& owner, const std::string& market, const Candidate& first, double size,
                   Trigger trigger, Nearest& nearest) {
    SCOPED_TRACE(owner.to_string() + " in " + market + " at " + price_text(first.liquidation_price));
    const bool down = first.direction == Direction::down;
    // Oracle and pool 2 % beyond.
    const U256 beyond = *mul_div(first.liquidation_price, U256(down ? 98 : 102), U256(100), model::Rounding::down);
    const I256 beyond_answer = *checked_div(*I256::from(beyond), wei_per_answer);
    world.chain.verb("set_price", {{"asset", market}, {"answer", beyond_answer.to_decimal()}, {"pool", true}});
    const std::int64_t time = world.chain.head().time + short_average_s;
    std::string before = world.chain.verb("snapshot").at("id");
    const auto again = [&](const I256& answer) {
        const Landed landed = land(world, owner, market, answer, time, trigger);
        before = world.chain.verb("revert", {{"id", before}}).at("id");
        return landed;
    };

    // Where index + premium stands in that block, and the liquidation mark with the funding owed by then: half way, where
    // the account still stands.
    const U256 half_way = shift_right(*checked_add(first.price, first.liquidation_price), 1);
    const I256 trial = *checked_div(*I256::from(half_way), wei_per_answer);
    const Landed tried = again(trial);
    ASSERT_TRUE(tried.candidate) << tried.refusal;
    const I256 liquidation = *I256::from(tried.candidate->liquidation_price);
    const I256 premium = *checked_sub(*I256::from(tried.mark), *checked_mul(trial, wei_per_answer));

    // The last answer whose mark is not above the liquidation mark, and the next.
    const I256 lower = *checked_div(*checked_sub(liquidation, premium), wei_per_answer, SignedRounding::floor);
    const bool exact = *checked_add(*checked_mul(lower, wei_per_answer), premium) == liquidation;
    const I256 low_answer = !down && exact ? *checked_sub(lower, I256(1)) : lower;
    const Landed low = again(low_answer);
    const Landed high = again(*checked_add(low_answer, I256(1)));
    ASSERT_EQ(*checked_sub(*I256::from(high.mark), *I256::from(low.mark)), wei_per_answer) << "the mark does not follow the oracle";
    const Landed& past = down ? low : high;
    const Landed& short_by_one = down ? high : low;
    EXPECT_TRUE(down ? past.mark <= tried.candidate->liquidation_price : past.mark >= tried.candidate->liquidation_price);
    EXPECT_TRUE(past.liquidatable);
    EXPECT_EQ(past.refusal, "");
    EXPECT_FALSE(short_by_one.liquidatable);
    const char* const refused = trigger == Trigger::positions ? "CH_EAV" : "V_NL";
    EXPECT_NE(short_by_one.refusal.find(refused), std::string::npos) << short_by_one.refusal;
    // From there the same liquidation mark is reported. Where the account value is cut to micro-dollars, the answer can flip
    // more than once within a micro-dollar of value: bisection ends at one of the flips.
    ASSERT_TRUE(short_by_one.candidate);
    const double apart = short_by_one.candidate->liquidation_price.to_double() - tried.candidate->liquidation_price.to_double();
    EXPECT_LE(std::abs(apart) / 1e18 * size, 2e-6) << apart;

    ++nearest.accounts;
    ++(down ? nearest.downward : nearest.upward);
    nearest.widest = std::max(nearest.widest, (high.mark.to_double() - low.mark.to_double()) / 1e18);
}

TEST(PerpLiquidationMark, is_where_the_contracts_answer_flips) {
    PerpWorld world;
    const json made = world.chain.verb("random_perp", {{"seed", 99}, {"count", 136}});
    // Pools, oracles and all averages at one price each.
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3000"}});
    world.chain.verb("move_market", {{"asset", "BTC"}, {"price", "60000"}});
    std::string start = world.chain.verb("snapshot").at("id");
    const BlockRef block = world.chain.head();
    Nearest nearest;
    for (const json& account : made.at("accounts")) {
        const Address owner = Address::parse(account.at("user").get<std::string>()).value();
        if (!is_plain_taker(world, owner, block)) continue;
        for (const char* market : {"ETH", "BTC"}) {
            const std::optional<Candidate> candidate = candidate_of(world, owner, market, block);
            if (!candidate || candidate->room < 0.01 || candidate->room > 0.5) continue;
            check_account(world, owner, market, *candidate, size_in(world, owner, candidate->label, block), Trigger::positions,
                          nearest);
            start = world.chain.verb("revert", {{"id", start}}).at("id");
        }
    }
    std::printf("perp_v2: %zu liquidation marks (%zu down, %zu up), flips within %.9f USD\n", nearest.accounts, nearest.downward,
                nearest.upward, nearest.widest);
    EXPECT_GE(nearest.downward, 8U);
    EXPECT_GE(nearest.upward, 8U);
    EXPECT_LE(nearest.widest, 1.001e-8);
}

bool holds(PerpWorld& world, const Address& owner, const std::string& market, const BlockRef& block) {
    const std::vector<Address> bases = world.base_tokens_of(owner, block);
    return std::find(bases.begin(), bases.end(), world.base_token(market)) != bases.end();
}

bool usable(const std::optional<Candidate>& candidate, double most_room = 0.5) {
    return candidate && candidate->room > 0.01 && candidate->room < most_room;
}

/// The mark alone: BTC moves, the collateral does not.
TEST(PerpCollateralSale, has_its_mark_where_the_vaults_answer_flips) {
    PerpWorld world;
    const std::vector<Address> owners = world.weth_traders(1, 40);
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3000"}});
    world.chain.verb("move_market", {{"asset", "BTC"}, {"price", "60000"}});
    std::string start = world.chain.verb("snapshot").at("id");
    const BlockRef block = world.chain.head();
    Nearest nearest;
    for (const Address& owner : owners) {
        const std::optional<Candidate> candidate = candidate_of(world, owner, "BTC", block);
        if (!usable(candidate)) continue;
        const double size = size_in(world, owner, candidate->label, block);
        check_account(world, owner, "BTC", *candidate, size, Trigger::collateral, nearest);
        start = world.chain.verb("revert", {{"id", start}}).at("id");
    }
    std::printf("perp_v2: %zu marks of a collateral sale (%zu down, %zu up), flips within %.9f USD\n", nearest.accounts,
                nearest.downward, nearest.upward, nearest.widest);
    EXPECT_GE(nearest.downward, 6U);
    EXPECT_GE(nearest.upward, 6U);
    EXPECT_LE(nearest.widest, 1.001e-8);
}

/// The collateral's price alone: the 15-minute average of an answer that has stood for longer is that answer.
TEST(PerpCollateralSale, has_its_collateral_price_where_the_vaults_answer_flips) {
    PerpWorld world;
    const std::vector<Address> owners = world.weth_traders(2, 60);
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3000"}});
    std::size_t checked = 0;
    // Where nobody owes much, margin decides; further on, the debt of the shorts and of the longs.
    for (const char* bitcoin : {"60000", "64000", "57000"}) {
        world.chain.verb("move_market", {{"asset", "BTC"}, {"price", bitcoin}});
        std::string start = world.chain.verb("snapshot").at("id");
        const BlockRef block = world.chain.head();
        for (const Address& owner : owners) {
            if (holds(world, owner, "ETH", block)) continue;
            const std::optional<Candidate> first = candidate_of(world, owner, "ETH", block);
            if (!usable(first, 0.9)) continue;
            SCOPED_TRACE(owner.to_string() + " at " + price_text(first->liquidation_price));
            const auto stand = [&](const I256& answer) {
                world.chain.verb("set_price", {{"asset", "ETH"}, {"answer", answer.to_decimal()}});
                world.chain.verb("warp", {{"seconds", 2000}, {"refresh", true}});
                return world.chain.head();
            };
            const auto back = [&] { start = world.chain.verb("revert", {{"id", start}}).at("id"); };
            // What is reported in that block, half way there; then the two answers on both sides of it.
            const U256 half_way = shift_right(*checked_add(first->price, first->liquidation_price), 1);
            const I256 trial = *checked_div(*I256::from(half_way), wei_per_answer);
            const std::optional<Candidate> reported = candidate_of(world, owner, "ETH", stand(trial));
            ASSERT_TRUE(reported);
            EXPECT_EQ(*I256::from(reported->price), *checked_mul(trial, wei_per_answer));
            EXPECT_EQ(reported->direction, Direction::down);
            back();
            const I256 past = *checked_div(*I256::from(reported->liquidation_price), wei_per_answer, SignedRounding::floor);
            const BlockRef sold_at = stand(past);
            EXPECT_TRUE(world.liquidatable(owner, sold_at));
            EXPECT_EQ(world.sale_refusal(owner, sold_at), "");
            back();
            const BlockRef kept_at = stand(*checked_add(past, I256(1)));
            EXPECT_FALSE(world.liquidatable(owner, kept_at));
            EXPECT_NE(world.sale_refusal(owner, kept_at).find("V_NL"), std::string::npos);
            back();
            ++checked;
        }
    }
    std::printf("perp_v2: %zu collateral prices of a sale, each between two answers 1e-8 USD apart\n", checked);
    EXPECT_GE(checked, 20U);
}

/// Position and collateral in one asset: the mark comes to rest on a whole tick of the pool, the average on the answer, so
/// that both together come within a basis point of the state that was reported.
TEST(PerpCollateralSale, has_its_price_where_both_move_together) {
    PerpWorld world;
    const std::vector<Address> owners = world.weth_traders(3, 40);
    world.chain.verb("move_market", {{"asset", "ETH"}, {"price", "3000"}});
    world.chain.verb("move_market", {{"asset", "BTC"}, {"price", "60000"}});
    std::string start = world.chain.verb("snapshot").at("id");
    const BlockRef block = world.chain.head();
    std::size_t checked = 0;
    double furthest = 0;
    for (const Address& owner : owners) {
        if (!holds(world, owner, "ETH", block)) continue;
        const std::optional<Candidate> first = candidate_of(world, owner, "ETH", block);
        if (!usable(first)) continue;
        SCOPED_TRACE(owner.to_string() + " at " + price_text(first->liquidation_price));
        const bool down = first->direction == Direction::down;
        const double factor = first->liquidation_price.to_double() / first->price.to_double();
        for (const bool past : {false, true}) {
            const double off = past ? -0.0005 : 0.0005;
            const double price = 3000 * factor * (1 + (down ? off : -off));
            world.chain.verb("move_market", {{"asset", "ETH"}, {"price", std::to_string(price)}});
            const BlockRef there = world.chain.head();
            EXPECT_EQ(world.liquidatable(owner, there), past) << price;
            if (!past) {
                const std::optional<Candidate> again = candidate_of(world, owner, "ETH", there);
                if (again) furthest = std::max(furthest, again->room);
            }
            start = world.chain.verb("revert", {{"id", start}}).at("id");
        }
        ++checked;
    }
    std::printf("perp_v2: %zu prices of position and collateral together, flips within 0.1 %%; from 0.05 %% before it %.5f away\n",
                checked, furthest);
    EXPECT_GE(checked, 8U);
}

}  // namespace
}  // namespace margind::tests
