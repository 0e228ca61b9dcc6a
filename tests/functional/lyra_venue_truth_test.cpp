// The Lyra rule against the real contracts: facts read by the adapter, figures compared with the contracts' own to the last unit,
// and the liquidation of each position asked of the market. MARGIND_VENUE_CHECKS: how many, 200 by default.
#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "tests/support/lyra_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

namespace margind::tests {
namespace {

namespace lyra = adapters::protocols::lyra_avalon;
using model::BlockRef;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::U256;
using nlohmann::json;

int wanted_checks() {
    const char* text = std::getenv("MARGIND_VENUE_CHECKS");
    return text == nullptr ? 200 : std::atoi(text);
}

U256 times(const U256& a, const U256& b) { return *mul_div(a, b, U256::pow10(18), model::Rounding::down); }
I256 signed_of(const U256& value) { return *I256::from(value); }

class LyraVenueTruth : public testing::Test {
protected:
    LyraWorld world_;
    int checks_ = 0;
    int liquidatable_ = 0;
    int negative_ = 0;
    int liquidations_ = 0;
    std::map<std::string, int> other_refusals_;
    std::map<std::uint64_t, int> types_;

    /// As the contracts and the library say: collateral, and the options at their GWAV vol.
    I256 equity(const LyraPosition& position, const U256& spot, const BlockRef& block) {
        const auto cache = world_.contract(position.market, "greek_cache");
        const std::vector<U256> terms = world_.ask(cache, "getGreekCacheParams()", {}, block).value();
        const U256 iv = world_.ask(cache, "getIvGWAV(uint256,uint256)", {position.board, terms.at(5)}, block)->at(0);
        const U256 skew = world_.ask(cache, "getSkewGWAV(uint256,uint256)", {position.strike, terms.at(6)}, block)->at(0);
        const U256 seconds = *checked_sub(position.expiry, U256(static_cast<std::uint64_t>(block.time)));
        const std::vector<U256> values = world_.black_scholes(seconds, times(iv, skew), spot, position.strike_price, terms.at(9), block).value();
        const U256 price = position.type == 1 || position.type == 4 ? values.at(1) : values.at(0);
        const I256 size = signed_of(times(price, position.amount));
        if (position.type < 2) return size;
        return *checked_sub(signed_of(position.type == 2 ? times(position.collateral, spot) : position.collateral), size);
    }

    void compare(const std::vector<HeldOption>& held, const FactsPtr& venue, const BlockRef& block, const std::string& what, bool views) {
        for (const HeldOption& one : held) {
            const LyraPosition& position = one.position;
            const std::string where = what + ", " + position.sub() + " type " + std::to_string(position.type);
            const auto account = world_.prepare(venue, one.facts);
            ASSERT_NE(account, nullptr) << where;
            const U256 spot = world_.spot(position.market, block);
            std::map<std::string, I256> truth{{"amount", signed_of(position.amount)}, {"collateral", signed_of(position.collateral)},
                                              {"getSpotPrice", signed_of(spot)}};
            const bool liquidatable = world_.can_liquidate(position, spot, block);
            truth["canLiquidate"] = I256(liquidatable ? 1 : 0);
            if (position.type >= 2) truth["getMinCollateral"] = signed_of(world_.min_collateral(position, spot, block).value());
            const auto figures = account->native(account->current());
            ASSERT_TRUE(figures) << where << ": " << figures.error().message;
            expect_same(*figures, truth, where);
            if (views) expect_same(one.views, truth, where + ", views");
            const auto standing = account->at(account->current());
            ASSERT_TRUE(standing) << where << ": " << standing.error().message;
            EXPECT_EQ(standing->liquidatable, liquidatable) << where;
            EXPECT_EQ(standing->equity.raw, equity(position, spot, block)) << where;
            ++checks_;
            ++types_[position.type];
            liquidatable_ += liquidatable;
            negative_ += standing->equity.raw.is_negative();
            ask_liquidation(position, standing->liquidatable, block, where);
        }
    }

    static void expect_same(const std::vector<NativeFigure>& figures, const std::map<std::string, I256>& truth, const std::string& where) {
        EXPECT_EQ(figures.size(), truth.size()) << where;
        for (const NativeFigure& figure : figures) {
            const auto expected = truth.find(figure.name);
            ASSERT_NE(expected, truth.end()) << where << ": " << figure.name;
            EXPECT_EQ(figure.value, expected->second) << where << ": " << figure.name << " " << figure.value.to_decimal();
        }
    }

    void ask_liquidation(const LyraPosition& position, bool liquidatable, const BlockRef& block, const std::string& where) {
        const std::string refusal = world_.liquidation_refusal(position, block);
        ++liquidations_;
        if (!liquidatable) {
            EXPECT_EQ(refusal, not_liquidatable()) << where;
        } else if (!refusal.empty()) {
            EXPECT_NE(refusal, not_liquidatable()) << where;
            ++other_refusals_[refusal];
        }
    }

    void report() const {
        std::cout << checks_ << " positions compared: " << liquidatable_ << " liquidatable, " << negative_ << " of negative equity; " << liquidations_
                  << " liquidations asked";
        for (const auto& [selector, count] : other_refusals_) std::cout << ", " << count << " refused with " << selector;
        std::cout << "\n";
    }
};

TEST_F(LyraVenueTruth, equals_the_contracts_over_random_positions_and_states) {
    const int wanted = wanted_checks();
    const int count = std::clamp(wanted / 7, 20, 220);
    const std::vector<model::Address> owners = world_.make_accounts(20'261'120, count);
    const BlockRef first = world_.chain().head();
    const FactsPtr venue = world_.road().venue(first);
    const std::vector<HeldOption> held = world_.read(venue, owners, first);
    ASSERT_GT(held.size(), 15U);
    compare(held, venue, first, "at the block", true);
    // Stored facts of the first block, carried to later ones by fresh venue facts alone.
    const std::vector<std::pair<const char*, const char*>> states{{"3350.12345678", "57000"}, {"2750", "66123.4567"}, {"3000", "60000"},
                                                                  {"4100", "82000"},          {"1900", "41000"},      {"3125.5", "61999.99"}};
    int seconds = 1;
    for (std::size_t round = 0; checks_ < wanted; ++round) {
        const auto& [eth, btc] = states[round % states.size()];
        world_.verb("warp", {{"seconds", seconds}, {"refresh", true}});
        world_.verb("set_price", {{"asset", "ETH"}, {"price", eth}, {"keeper", false}});
        world_.verb("set_price", {{"asset", "BTC"}, {"price", btc}, {"keeper", false}});
        const BlockRef block = world_.chain().head();
        compare(held, world_.road().venue(block), block, std::to_string(block.time - first.time) + " s later, ETH at " + eth, false);
        if (HasFatalFailure()) return;
        seconds = 1'000 + static_cast<int>(round) * 7'001;
    }
    report();
    EXPECT_GE(checks_, wanted);
    EXPECT_GT(liquidatable_, 5);
    EXPECT_GT(negative_, 0);
    EXPECT_EQ(types_.size(), 5U);
}

// What a liquidation takes: carried out at the time of the facts, so that the vols are those of the facts.
TEST_F(LyraVenueTruth, terms_are_what_a_liquidation_takes) {
    const std::vector<model::Address> owners = world_.make_accounts(5, 54);
    world_.verb("set_price", {{"asset", "ETH"}, {"price", "3450"}, {"keeper", false}});
    world_.verb("set_price", {{"asset", "BTC"}, {"price", "53000"}, {"keeper", false}});
    BlockRef block = world_.chain().head();
    const std::vector<HeldOption> held = world_.read(world_.road().venue(block), owners, block);
    int compared = 0;
    int exact = 0;
    for (const HeldOption& one : held) {
        const FactsPtr venue = world_.road().venue(block);
        const auto account = world_.prepare(venue, one.facts);
        ASSERT_NE(account, nullptr);
        const auto standing = account->at(account->current());
        if (!standing->liquidatable) continue;
        const auto terms = account->terms(account->current());
        ASSERT_TRUE(terms) << terms.error().message;
        const json done = world_.verb("lyra_liquidate",
            {{"market", one.position.market}, {"position", *one.position.id.to_u64()}, {"at", block.time}});
        const U256 spot = world_.spot(one.position.market, block);
        const U256 returned = U256::from_decimal(done.at("returned_raw").get<std::string>()).value();
        const I256 back = signed_of(one.position.type == 2 ? times(returned, spot) : returned);
        const I256 loss = std::clamp(*checked_sub(standing->equity.raw, back), I256(), std::max(standing->equity.raw, I256()));
        exact += loss == terms->loss.raw;
        // The pool's fee on its vega is left out: a liquidation never takes less, and at most a twentieth more.
        EXPECT_GE(loss, terms->loss.raw) << one.position.sub();
        EXPECT_LE(loss.to_double(), terms->loss.raw.to_double() * 1.05 + 1e18) << one.position.sub();
        ++compared;
        block = world_.chain().head();
    }
    std::cout << compared << " liquidations carried out, " << exact << " took exactly the terms\n";
    EXPECT_GT(compared, 5);
    EXPECT_GT(exact, compared / 2);
}

}  // namespace
}  // namespace margind::tests
