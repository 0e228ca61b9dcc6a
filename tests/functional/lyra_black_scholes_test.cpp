// Lyra's fixed-point mathematics as ported, against the deployed library and cache: equal to the last unit, and to the reverts.
#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "tests/support/lyra_world.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

namespace margind::tests {
namespace {

namespace lyra = adapters::protocols::lyra_avalon;
using model::BlockRef;
using model::I256;
using model::U256;
using nlohmann::json;

class LyraBlackScholes : public testing::Test {
protected:
    LyraWorld world_;
    BlockRef block_ = world_.chain().head();
    std::mt19937_64 random_{20'261'120};
    int checks_ = 0;
    int reverts_ = 0;

    std::uint64_t pick(std::uint64_t low, std::uint64_t high) { return std::uniform_int_distribution<std::uint64_t>(low, high)(random_); }
    /// All digits random, the magnitude uniform between powers of ten.
    U256 magnitude(unsigned low, unsigned high) {
        const unsigned power = static_cast<unsigned>(pick(low, high));
        const U256 size = U256::pow10(power);
        const U256 fraction = *mul_div(size, U256(pick(0, 899'999'999)), U256(100'000'000), model::Rounding::down);
        return *checked_add(size, fraction);
    }
    std::optional<std::vector<U256>> pure(const char* signature, const std::vector<U256>& words) {
        return world_.ask(world_.chain().address("/lyra/test_black_scholes"), signature, words, block_);
    }
    void expect_same(const std::optional<U256>& ours, const std::optional<std::vector<U256>>& theirs, const std::string& what) {
        ++checks_;
        reverts_ += !theirs;
        ASSERT_EQ(ours.has_value(), theirs.has_value()) << what;
        if (theirs) {
            ASSERT_EQ(*ours, theirs->at(0)) << what << ": " << ours->to_decimal() << ", contract " << theirs->at(0).to_decimal();
        }
    }
    static std::optional<U256> word(const lyra::Int& value) {
        return value.reverted() ? std::nullopt : std::optional<U256>(value.raw().to_word());
    }
};

TEST_F(LyraBlackScholes, logarithm_exponential_and_root_are_the_contracts) {
    for (int i = 0; i < 250; ++i) {
        const U256 x = i < 6 ? U256(static_cast<std::uint64_t>(i)) : magnitude(0, 76);
        expect_same(word(lyra::ln(lyra::Int(I256::from(x)))), pure("lnPub(int256)", {x}), "ln " + x.to_decimal());
        const U256 largest = U256::from_decimal("135305999368893231589").value();
        const U256 size = i % 5 == 0 ? *checked_sub(*checked_add(largest, U256(2)), U256(pick(0, 4))) : magnitude(0, 21);
        for (const bool negative : {false, true}) {
            const I256 exponent = *I256::make(negative, size);
            expect_same(lyra::exp(lyra::Int(exponent)).value(), pure("expPub(int256)", {exponent.to_word()}), "exp " + exponent.to_decimal());
        }
        const U256 square = i < 20 ? U256(static_cast<std::uint64_t>(i)) : magnitude(0, 62);
        const lyra::Uint scaled = lyra::Uint(square) * lyra::unit;
        expect_same(lyra::square_root(scaled).value(), pure("sqrt_pub(uint256)", {square}), "root " + square.to_decimal());
    }
    std::cout << checks_ << " checks, " << reverts_ << " of them reverts\n";
    EXPECT_GT(reverts_, 10);
}

TEST_F(LyraBlackScholes, prices_and_greeks_are_the_contracts) {
    const std::uint64_t seconds_cases[] = {0, 1, 2, 59, 3'600, 86'399, 604'800, 31'536'000, 315'360'000};
    for (int i = 0; i < 700; ++i) {
        const std::uint64_t seconds = i % 3 == 0 ? seconds_cases[pick(0, 8)] : pick(1, 40'000'000);
        const U256 vol = i % 7 == 0 ? magnitude(0, 22) : U256(pick(10'000'000'000'000'000, 6'000'000'000'000'000'000));
        const U256 strike = i % 11 == 0 ? magnitude(0, 50) : magnitude(17, 23);
        U256 spot = i % 5 == 0 ? magnitude(0, 50) : *mul_div(strike, U256(pick(1, 6'000)), U256(2'000), model::Rounding::down);
        if (i == 1) spot = U256();
        const I256 rate = *I256::make(pick(0, 3) == 0, i % 13 == 0 ? magnitude(0, 19) : U256(pick(0, 200'000'000'000'000'000)));
        const auto ours = lyra::option_values({seconds, vol, spot, strike, rate});
        const auto theirs = world_.black_scholes(U256(seconds), vol, spot, strike, rate.to_word(), block_);
        const std::string what = std::to_string(seconds) + " s, vol " + vol.to_decimal() + ", spot " + spot.to_decimal() + ", strike " +
                                 strike.to_decimal() + ", rate " + rate.to_decimal();
        ++checks_;
        reverts_ += !theirs;
        ASSERT_EQ(ours.has_value(), theirs.has_value()) << what;
        if (!theirs) continue;
        const std::vector<U256> words{ours->call_price, ours->put_price, ours->call_delta.to_word(),
                                      ours->put_delta.to_word(), ours->vega, ours->std_vega};
        ASSERT_EQ(words, *theirs) << what;
        const auto prices = lyra::option_prices({seconds, vol, spot, strike, rate});
        ASSERT_TRUE(prices && prices->call == ours->call_price && prices->put == ours->put_price) << what;
    }
    std::cout << checks_ << " option values, " << reverts_ << " of them reverts\n";
    EXPECT_GT(reverts_, 10);
    EXPECT_LT(reverts_, checks_ / 2);
}

TEST_F(LyraBlackScholes, minimum_collateral_is_the_caches) {
    const auto cache = world_.contract("ETH", "greek_cache");
    for (int set = 0; set < 4; ++set) {
        if (set > 0) {
            json values = json::object();
            const std::uint64_t vol_b = pick(1, 3'000'000'000'000'000'000);
            values["shockVolA"] = std::to_string(vol_b + pick(0, 4'000'000'000'000'000'000));
            values["shockVolB"] = std::to_string(vol_b);
            values["shockVolPointA"] = std::to_string(pick(0, 2'000'000));
            values["shockVolPointB"] = std::to_string(pick(2'000'000, 9'000'000));
            values["callSpotPriceShock"] = std::to_string(pick(1'000'000'000'000'000'000, 3'000'000'000'000'000'000));
            values["putSpotPriceShock"] = std::to_string(pick(1'000'000'000, 1'000'000'000'000'000'000));
            values["minStaticQuoteCollateral"] = magnitude(0, 21).to_decimal();
            values["minStaticBaseCollateral"] = magnitude(0, 18).to_decimal();
            world_.verb("lyra_collateral_parameters", {{"market", "ETH"}, {"set", values}});
            block_ = world_.chain().head();
        }
        const std::vector<U256> words = world_.ask(cache, "getMinCollatParams()", {}, block_).value();
        const lyra::CollateralTerms terms{words.at(0), words.at(1), words.at(2), words.at(3), words.at(4), words.at(5), words.at(6), words.at(7)};
        const I256 rate = I256::from_word(world_.ask(cache, "getGreekCacheParams()", {}, block_)->at(9));
        for (int i = 0; i < 200; ++i) {
            LyraPosition position;
            position.market = "ETH";
            position.type = pick(0, 4);
            position.amount = pick(0, 30) == 0 ? U256() : magnitude(0, 26);
            position.strike_price = i % 9 == 0 ? magnitude(0, 40) : magnitude(18, 22);
            const U256 spot = i % 9 == 1 ? magnitude(0, 45)
                                         : *mul_div(position.strike_price, U256(pick(1, 5'000)), U256(2'000), model::Rounding::down);
            const std::uint64_t seconds = i % 4 == 0 ? pick(0, 3) : pick(1, 12'000'000);
            position.expiry = U256(static_cast<std::uint64_t>(block_.time) + seconds);
            const auto ours = lyra::min_collateral(
                terms, rate, {static_cast<lyra::OptionType>(position.type), position.strike_price, position.amount, spot, seconds});
            const auto theirs = world_.min_collateral(position, spot, block_);
            const std::string what = "type " + std::to_string(position.type) + ", " + std::to_string(seconds) + " s, spot " + spot.to_decimal() +
                                     ", strike " + position.strike_price.to_decimal() + ", amount " + position.amount.to_decimal();
            expect_same(ours, theirs ? std::optional(std::vector<U256>{*theirs}) : std::nullopt, what);
            if (HasFatalFailure()) return;
        }
    }
    std::cout << checks_ << " minima, " << reverts_ << " of them reverts\n";
    EXPECT_GT(reverts_, 0);
}

}  // namespace
}  // namespace margind::tests
