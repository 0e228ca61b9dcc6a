// SVI against the figures of Gatheral and Jacquier.
#include "risk/pricing/svi.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk::pricing {
namespace {

// Gatheral and Jacquier, Arbitrage-free SVI volatility surfaces (2014), example 3.1, "from Axel Vogt": t = 1.
constexpr Svi vogt{-0.0410, 0.1331, 0.3060, 0.3586, 0.4153};

TEST(Svi, reproduces_the_published_slice) {
    // Example 5.1.
    const SviJumpWings wings = jump_wings(vogt, 1);
    EXPECT_NEAR(wings.variance, 0.01742625, 5e-9);
    EXPECT_NEAR(wings.skew, -0.1752111, 5e-8);
    EXPECT_NEAR(wings.put_wing, 0.6997381, 5e-8);
    EXPECT_NEAR(wings.call_wing, 1.316798, 5e-7);
    EXPECT_NEAR(wings.least_variance, 0.0116249, 5e-8);
    // Total variances and density of the same slice as another implementation's tests print them.
    EXPECT_NEAR(total_variance(vogt, -1.5), 0.1367819611, 1e-10);
    EXPECT_NEAR(total_variance(vogt, 0.4), 0.01623656962, 1e-11);
    EXPECT_NEAR(total_variance(vogt, 0.8), 0.05764411607, 1e-11);
    EXPECT_NEAR(svi_vol(vogt, 0.7, 1), 0.210857945, 1e-9);
    EXPECT_NEAR(svi_density(vogt, -1.5), 0.2478306953, 1e-9);
    EXPECT_NEAR(svi_density(vogt, 0), 1.038649731, 1e-9);
    EXPECT_NEAR(svi_density(vogt, 0.9), -0.03268513071, 1e-9);
}

TEST(Svi, sees_the_published_butterfly_and_that_the_published_repairs_have_none) {
    EXPECT_FALSE(is_free_of_butterflies(vogt));
    SviJumpWings wings = jump_wings(vogt, 1);
    // Example 5.1: with these two changed the smile is free of butterflies; and the optimal choice of the call wing alone.
    wings.call_wing = 0.3493158;
    wings.least_variance = 0.01548182;
    EXPECT_TRUE(is_free_of_butterflies(*from_jump_wings(wings, 1)));
    SviJumpWings nearest = jump_wings(vogt, 1);
    nearest.call_wing = 0.8564763;
    EXPECT_TRUE(is_free_of_butterflies(*from_jump_wings(nearest, 1)));
}

TEST(Svi, jump_wings_and_back_are_the_same_slice) {
    for (const Svi& slice : {vogt, Svi{0.04, 0.4, -0.4, 0.05, 0.1}, Svi{0.02, 0.3, 0.2, 0, 0.3}, Svi{0.02, 0.3, -0.2, -0.2, 0.3}}) {
        const auto back = from_jump_wings(jump_wings(slice, 0.5), 0.5);
        ASSERT_TRUE(back.has_value());
        EXPECT_NEAR(back->a, slice.a, 1e-12);
        EXPECT_NEAR(back->b, slice.b, 1e-12);
        EXPECT_NEAR(back->rho, slice.rho, 1e-12);
        EXPECT_NEAR(back->m, slice.m, 1e-12);
        EXPECT_NEAR(back->sigma, slice.sigma, 1e-12);
    }
}

TEST(Svi, refuses_what_is_no_slice) {
    EXPECT_TRUE(check_svi(vogt).has_value());
    for (const Svi& slice : {Svi{0.1, -0.1, 0, 0, 0.1}, Svi{0.1, 0.1, 1, 0, 0.1}, Svi{0.1, 0.1, 0, 0, 0}, Svi{-0.1, 0.1, 0, 0, 0.1},
                             Svi{std::nan(""), 0.1, 0, 0, 0.1}}) {
        EXPECT_FALSE(check_svi(slice).has_value());
        EXPECT_FALSE(is_free_of_butterflies(slice));
    }
    // Wings steeper than 2.
    EXPECT_FALSE(is_free_of_butterflies({0.5, 1.9, 0.5, 0, 1}));
    EXPECT_FALSE(from_jump_wings({0.04, 3, 0.5, 0.5, 0.03}, 1).has_value());
    EXPECT_FALSE(from_jump_wings({0, 0, 0.5, 0.5, 0}, 1).has_value());
}

TEST(Svi, a_later_slice_must_not_be_below_an_earlier_one) {
    const Svi month{0.01, 0.1, -0.3, 0, 0.2};
    Svi quarter = month;
    quarter.a = 0.03;
    EXPECT_TRUE(is_free_of_calendars(month, quarter));
    EXPECT_FALSE(is_free_of_calendars(quarter, month));
    // Above at the money and below far out.
    quarter.b = 0.05;
    EXPECT_FALSE(is_free_of_calendars(month, quarter));
    // Crossing beyond the points that are looked at: the slopes tell.
    Svi flat = month;
    flat.a = 1;
    flat.b = 0.0999;
    EXPECT_FALSE(is_free_of_calendars(month, flat));
}

}  // namespace
}  // namespace margind::risk::pricing
