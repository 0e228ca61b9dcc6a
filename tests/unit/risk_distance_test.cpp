// Distances: closed forms of linear accounts, exactness of the integer root, first touch against independent figures.
#include "risk/distance.hpp"
#include "risk/level.hpp"

#include "tests/support/linear_rule.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk {
namespace {

using namespace model;
using testing::LinearAccount;
using Kind = LinearAccount::Kind;

constexpr std::int64_t e8 = 100'000'000;

I256 units(std::int64_t milli) { return *checked_mul(I256{milli}, *I256::from(U256::pow10(15))); }

Market market_of() {
    Market market;
    market.market_sigma_24h = 0.03;
    market.market_range = 0.18;
    market.assets[{"BTC"}] = {0.028, 0.9, 0.01, 0.18, 1000};
    market.assets[{"ETH"}] = {0.035, 1.1, 0.012, 0.18, 1000};
    market.assets[{"USDC"}] = {0.0005, 0.0, 0.0005, 0.05, 1000};
    return market;
}

PriceInput input(const std::string& label, std::int64_t price_e8) {
    return {LinearAccount::underlying_of(label), label, PriceRole::oracle, U256{static_cast<std::uint64_t>(price_e8)}, 8};
}

/// 10 ETH at 2000 (LT 80 %) against 8000 USDC.
LinearAccount lender(LinearAccount::Terms terms = {}) {
    return LinearAccount(terms, {input("ETH", 2000 * e8), input("USDC", e8)},
                         {{Kind::supply, "ETH", 0, units(10'000), 0, 8000, 7500},
                          {Kind::debt, "USDC", 1, units(8'000'000), 0, 0, 0}});
}

Distances find(const PreparedAccount& account, std::int64_t offset = 0, std::span<const ReferencePrice> prices = {}) {
    const Result<Distances> found = distances(account, market_of(), Policy{}, prices, ChainId{1}, offset);
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().message);
    return found.value_or(Distances{});
}

const Candidate* candidate(const Distances& found, const std::string& asset, Direction direction) {
    for (const Candidate& row : found.candidates)
        if (row.asset == asset && row.direction == direction) return &row;
    return nullptr;
}

TEST(Distance, lending_price_is_debt_over_weighted_collateral) {
    const Distances found = find(lender());
    const Candidate* eth = candidate(found, "ETH", Direction::down);
    ASSERT_NE(eth, nullptr);
    // D / (C x LT) = 8000 / (10 x 0.8) = 1000; at 1000 exactly HF is 1, so one unit below is the first liquidatable.
    EXPECT_EQ(eth->liquidation_price, U256{1000 * e8 - 1});
    EXPECT_NEAR(eth->h, 2.0, 1e-9);
    EXPECT_NEAR(eth->room, 0.5, 1e-9);
    EXPECT_NEAR(eth->z, std::log(2.0) / 0.035, 1e-6);
    EXPECT_FALSE(eth->sigma_is_default);
    const Candidate* usdc = candidate(found, "USDC", Direction::up);
    ASSERT_NE(usdc, nullptr);
    EXPECT_EQ(usdc->liquidation_price, U256{2 * e8 + 1});
    EXPECT_NEAR(usdc->room, 1.0, 1e-7);
    EXPECT_EQ(found.candidates.size(), 2U);
    EXPECT_EQ(found.candidates.front().asset, "ETH");
    EXPECT_TRUE(found.gaps.empty());
}

TEST(Distance, price_is_liquidatable_and_its_nearer_neighbour_is_not) {
    // Odd sizes, so that rounding matters.
    for (std::int64_t k = 1; k <= 60; ++k) {
        const LinearAccount account({}, {input("ETH", 2000 * e8 + 37 * k), input("BTC", 30'000 * e8 + k), input("USDC", e8 - k)},
                                    {{Kind::supply, "ETH", 0, units(10'000 + 77 * k), 0, 8250 - k, 7500},
                                     {Kind::supply, "BTC", 1, units(100 + k), 0, 7000 + k, 6500},
                                     {Kind::debt, "USDC", 2, units(11'000'000 + 31 * k), 0, 0, 0},
                                     {Kind::perp, "ETH", 0, units(-1000 * (k % 3)), 2000 * e8, 9375, 9000}});
        const Distances found = find(account);
        ASSERT_FALSE(found.candidates.empty());
        for (std::size_t i = 0; i < found.candidates.size(); ++i) {
            const Candidate& row = found.candidates[i];
            EXPECT_TRUE(account.at(found.states[i])->liquidatable) << row.asset << ' ' << k;
            const std::vector<Mover> movers = movers_of(account.inputs());
            for (const Path& path : paths_of(movers, market_of(), Policy{})) {
                if (path.asset != row.asset) continue;
                State nearer = account.current();
                const U256 next = row.direction == Direction::down ? *checked_add(row.liquidation_price, 1)
                                                                   : *checked_sub(row.liquidation_price, 1);
                ASSERT_TRUE(set_prices(path, movers, next, nearer.prices));
                EXPECT_FALSE(account.at(nearer)->liquidatable) << row.asset << ' ' << k;
            }
        }
    }
}

TEST(Distance, perp_short_price_above) {
    // 1000 of USD-like cash, short 1 ETH at 2000, maintenance 6.25 %: 1000 + 2000 - P = 0.0625 P, P = 3000 / 1.0625.
    const LinearAccount account({}, {input("USD", e8), input("ETH", 2000 * e8)},
                                {{Kind::supply, "USD", 0, units(1'000'000), 0, 10'000, 10'000},
                                 {Kind::perp, "ETH", 1, units(-1000), 2000 * e8, 9375, 9000}});
    const Distances found = find(account);
    ASSERT_EQ(found.candidates.size(), 1U);
    EXPECT_EQ(found.candidates.front().direction, Direction::up);
    EXPECT_NEAR(found.candidates.front().liquidation_price.to_double() / e8, 3000.0 / 1.0625, 1e-6);
    EXPECT_NEAR(found.candidates.front().room, 3000.0 / 1.0625 / 2000 - 1, 1e-9);
}

TEST(Distance, no_debt_has_none) {
    const LinearAccount account({}, {input("ETH", 2000 * e8)}, {{Kind::supply, "ETH", 0, units(1000), 0, 8300, 8000}});
    const Distances found = find(account);
    EXPECT_TRUE(found.candidates.empty());
    EXPECT_TRUE(found.gaps.empty());
}

/// Liquidatable outside [low, high], as an option seller's or a liquidity provider's account can be.
class BandAccount : public LinearAccount {
public:
    BandAccount(std::int64_t price, std::int64_t low, std::int64_t high)
        : LinearAccount({}, {input("ETH", price * e8)}, {}), low_(low * e8), high_(high * e8) {}
    std::optional<Enclosure> between(const State&, const State&) const override { return std::nullopt; }
    Result<Standing> at(const State& state) const override {
        Standing standing;
        const I256 price = *I256::from(state.prices[0]);
        standing.liquidatable = price < low_ || price > high_;
        return standing;
    }

private:
    I256 low_;
    I256 high_;
};

TEST(Distance, both_roots_add_their_touch_probability) {
    const Distances found = find(BandAccount(2000, 1880, 2130));
    ASSERT_EQ(found.candidates.size(), 2U);
    const Candidate* down = candidate(found, "ETH", Direction::down);
    const Candidate* up = candidate(found, "ETH", Direction::up);
    ASSERT_NE(down, nullptr);
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(down->liquidation_price, U256{1880 * e8 - 1});
    EXPECT_EQ(up->liquidation_price, U256{2130 * e8 + 1});
    const double sum = first_touch(std::log(0.94), 0.035, 1) + first_touch(std::log(1.065), 0.035, 1);
    EXPECT_NEAR(down->p_touch_24h, sum, 1e-6);
    EXPECT_EQ(down->p_touch_24h, up->p_touch_24h);
    EXPECT_EQ(found.candidates.front().direction, Direction::down);
}

TEST(Distance, below_a_band_the_trigger_is_downward_and_above_it_upward) {
    const Distances below = find(BandAccount(1000, 1250, 2130));
    EXPECT_EQ(below.candidates.front().direction, Direction::down);
    EXPECT_NEAR(below.candidates.front().h, 0.8, 1e-9);
    const Distances above = find(BandAccount(4000, 1250, 2000));
    EXPECT_EQ(above.candidates.front().direction, Direction::up);
    EXPECT_EQ(above.candidates.front().liquidation_price, U256{2000 * e8 + 1});
    EXPECT_NEAR(above.candidates.front().h, 0.5, 1e-9);
}

TEST(Distance, ray_moves_all_by_their_beta) {
    // 1 BTC at 30000 and 10 ETH at 2000, LT 80 %, debt 32000: 0.8 (30000 f^0.9 + 20000 f^1.1) = 32000.
    const LinearAccount account({}, {input("BTC", 30'000 * e8), input("ETH", 2000 * e8), input("USD", e8)},
                                {{Kind::supply, "BTC", 0, units(1000), 0, 8000, 7500},
                                 {Kind::supply, "ETH", 1, units(10'000), 0, 8000, 7500},
                                 {Kind::debt, "USD", 2, units(32'000'000), 0, 0, 0}});
    const Distances found = find(account);
    const Candidate* ray = candidate(found, "market", Direction::down);
    ASSERT_NE(ray, nullptr);
    // The largest beta is ETH's.
    EXPECT_EQ(ray->label, "ETH");
    double low = 0.1;
    double high = 1.0;
    for (int i = 0; i < 200; ++i) {
        const double f = 0.5 * (low + high);
        (30'000 * std::pow(f, 0.9) + 20'000 * std::pow(f, 1.1) < 40'000 ? low : high) = f;
    }
    EXPECT_NEAR(ray->h, 1 / low, 1e-8);
    EXPECT_NEAR(ray->room, 1 - low, 1e-8);
    EXPECT_NEAR(ray->z, -std::log(low) / 0.03, 1e-6);
    EXPECT_NEAR(ray->liquidation_price.to_double() / e8, 2000 * std::pow(low, 1.1), 1e-4);
    EXPECT_EQ(found.candidates.front().asset, "market");
}

TEST(Distance, liquidatable_now_has_z_0_and_says_where_it_would_be_cured) {
    const LinearAccount account({}, {input("ETH", 900 * e8), input("USDC", e8)},
                                {{Kind::supply, "ETH", 0, units(10'000), 0, 8000, 7500},
                                 {Kind::debt, "USDC", 1, units(8'000'000), 0, 0, 0}});
    const Distances found = find(account);
    ASSERT_FALSE(found.candidates.empty());
    const Candidate* eth = candidate(found, "ETH", Direction::down);
    ASSERT_NE(eth, nullptr);
    EXPECT_EQ(eth->liquidation_price, U256{1000 * e8 - 1});
    EXPECT_EQ(eth->z, 0);
    EXPECT_EQ(eth->room, 0);
    EXPECT_EQ(eth->p_touch_24h, 1);
    EXPECT_NEAR(eth->h, 0.9, 1e-9);
    EXPECT_EQ(found.candidates.front().asset, "ETH");
}

TEST(Distance, of_several_cures_the_nearest_in_sigmas_binds) {
    // Debt 18000 against 0.8 x (10000 + 12000): BTC would have to rise 5 %, ETH 4.2 %.
    const LinearAccount account({}, {input("BTC", 10'000 * e8), input("ETH", 1'200 * e8), input("USD", e8)},
                                {{Kind::supply, "BTC", 0, units(1000), 0, 8000, 7500},
                                 {Kind::supply, "ETH", 1, units(10'000), 0, 8000, 7500},
                                 {Kind::debt, "USD", 2, units(18'000'000), 0, 0, 0}});
    const Distances found = find(account);
    ASSERT_EQ(found.candidates.size(), 3U);
    EXPECT_EQ(found.candidates[0].asset, "market");
    EXPECT_EQ(found.candidates[1].asset, "ETH");
    EXPECT_EQ(found.candidates[2].asset, "BTC");
    EXPECT_EQ(found.candidates[2].z, 0);
}

TEST(Distance, hopeless_account_is_not_silently_none) {
    const LinearAccount account({}, {input("ETH", 1 * e8), input("USD", e8)},
                                {{Kind::supply, "ETH", 0, units(1000), 0, 8000, 7500},
                                 {Kind::debt, "USD", 1, units(8'000'000), 0, 0, 0}});
    const Distances found = find(account);
    ASSERT_EQ(found.candidates.size(), 1U);
    EXPECT_EQ(found.candidates.front().z, 0);
    EXPECT_EQ(found.candidates.front().h, 0);
    EXPECT_EQ(found.candidates.front().p_touch_24h, 1);
}

TEST(Distance, an_error_further_out_is_a_gap) {
    LinearAccount::Terms terms;
    terms.refuses_above = U256{3000 * e8};
    const Distances found = find(lender(terms));
    ASSERT_EQ(found.gaps.size(), 1U);
    EXPECT_TRUE(found.gaps.front().text.starts_with("ETH up beyond 29"));
    EXPECT_NE(found.gaps.front().text.find("refused"), std::string::npos);
    EXPECT_NEAR(found.gaps.front().z, std::log(1.5) / 0.035, 0.8);
    EXPECT_NE(candidate(found, "ETH", Direction::down), nullptr);
}

TEST(Distance, later_blocks_count_the_interest) {
    LinearAccount::Terms terms;
    terms.debt_rate = 1000;  // 1e-6 per second
    const Distances found = find(lender(terms), 1000);
    // Debt 8000 x 1.001 = 8008: price 1001.
    EXPECT_EQ(candidate(found, "ETH", Direction::down)->liquidation_price, U256{1001 * e8 - 1});
}

TEST(Distance, feed_deviation_is_the_chains_own) {
    ReferencePrice price;
    price.asset = {"ETH"};
    price.chain = ChainId{1};
    price.deviation_ppm = 5000;
    ReferencePrice other = price;
    other.chain = ChainId{10};
    other.deviation_ppm = 20'000;
    const std::vector<ReferencePrice> prices{price, other};
    const Distances found = find(lender(), 0, prices);
    EXPECT_EQ(candidate(found, "ETH", Direction::down)->feed_deviation, 0.005);
    EXPECT_EQ(candidate(found, "USDC", Direction::up)->feed_deviation, std::nullopt);
}

TEST(Distance, a_price_that_is_not_on_chain_makes_room_a_band) {
    LinearAccount::Terms terms;
    terms.band_ppm = 10'000;
    ReferencePrice price;
    price.asset = {"ETH"};
    price.chain = ChainId{1};
    price.deviation_ppm = 5000;
    const Distances point = find(lender(), 0, std::vector{price});
    EXPECT_EQ(candidate(point, "ETH", Direction::down)->band, std::nullopt);
    const Distances found = find(lender(terms), 0, std::vector{price});
    const Candidate* down = candidate(found, "ETH", Direction::down);
    // 2000 now, liquidated at 1000; by a price 1.5 % below the one on chain already at 1000 / .985.
    EXPECT_EQ(down->room, candidate(point, "ETH", Direction::down)->room);
    ASSERT_TRUE(down->band);
    EXPECT_DOUBLE_EQ(down->band->half_width, 0.015);
    EXPECT_NEAR(down->band->near_room, 1 - 1000 / 0.985 / 2000, 1e-9);
    EXPECT_NEAR(down->band->near_z, std::log(2000 * 0.985 / 1000) / 0.035, 1e-6);
    EXPECT_EQ(z_of(*down), down->band->near_z);
    EXPECT_EQ(room_of(*down), down->band->near_room);
}

TEST(Distance, within_the_band_there_is_no_room_left) {
    LinearAccount::Terms terms;
    terms.band_ppm = 600'000;
    const Distances found = find(lender(terms));
    EXPECT_EQ(candidate(found, "ETH", Direction::down)->band->near_room, 0);
    EXPECT_EQ(candidate(found, "ETH", Direction::down)->band->near_z, 0);
    EXPECT_EQ(level_of(*candidate(found, "ETH", Direction::down), Policy{}), Level::critical);
}

TEST(Distance, asset_without_history_takes_the_default_and_says_so) {
    const LinearAccount account({}, {input("XYZ", 10 * e8), input("USD", e8)},
                                {{Kind::supply, "XYZ", 0, units(1'000'000), 0, 8000, 7500},
                                 {Kind::debt, "USD", 1, units(4'000'000), 0, 0, 0}});
    const Distances found = find(account);
    ASSERT_EQ(found.candidates.size(), 1U);
    EXPECT_TRUE(found.candidates.front().sigma_is_default);
    EXPECT_NEAR(found.candidates.front().z, std::log(2.0) / Policy{}.default_sigma_24h, 1e-6);
}

/// The heat kernel with an absorbing barrier, by an explicit finite-difference scheme: independent of the closed form.
double first_touch_by_diffusion(double log_barrier, double sigma, double days) {
    constexpr int cells = 600;
    const double v = sigma * std::sqrt(days);
    const double turn = log_barrier < 0 ? -1.0 : 1.0;
    const double mu = turn * -0.5 * v * v;
    const double far = -10 * v;
    const double barrier = std::abs(log_barrier);
    const double dx = (barrier - far) / cells;
    const double dt_limit = 0.4 * dx * dx / (v * v);
    const auto steps = static_cast<int>(std::ceil(1 / dt_limit));
    const double dt = 1.0 / steps;
    // Backward equation for the survival probability from x, u = 1 inside and 0 on the barrier.
    std::vector<double> u(cells + 1, 1.0);
    u[cells] = 0;
    std::vector<double> next = u;
    for (int n = 0; n < steps; ++n) {
        for (std::size_t i = 1; i < cells; ++i)
            next[i] = u[i] + dt * (0.5 * v * v * (u[i + 1] - 2 * u[i] + u[i - 1]) / (dx * dx) + mu * (u[i + 1] - u[i - 1]) / (2 * dx));
        std::swap(u, next);
        u[0] = 1;
        u[cells] = 0;
    }
    const double at = (0 - far) / dx;
    const auto i = static_cast<std::size_t>(at);
    const double w = at - static_cast<double>(i);
    return 1 - ((1 - w) * u[i] + w * u[i + 1]);
}

TEST(FirstTouch, agrees_with_a_diffusion_on_a_grid) {
    for (const double z : {0.5, 1.0, 2.0, 3.0})
        for (const double sigma : {0.02, 0.06, 0.3})
            for (const double side : {-1.0, 1.0}) {
                const double barrier = side * z * sigma;
                EXPECT_NEAR(first_touch(barrier, sigma, 1), first_touch_by_diffusion(barrier, sigma, 1), 5e-4)
                    << z << ' ' << sigma << ' ' << side;
            }
}

TEST(FirstTouch, reflection_principle_for_small_sigma) {
    // Without drift P = 2 Phi(-z): 0.3173105, 0.0455003, 0.0026998 (normal tables).
    EXPECT_NEAR(first_touch(-1e-6, 1e-6, 1), 0.3173105, 1e-5);
    EXPECT_NEAR(first_touch(2e-6, 1e-6, 1), 0.0455003, 1e-5);
    EXPECT_NEAR(first_touch(-3e-6, 1e-6, 1), 0.0026998, 1e-5);
    EXPECT_NEAR(first_touch(-2e-6, 1e-6, 4), 0.3173105, 1e-5);
    EXPECT_EQ(first_touch(0, 0.03, 1), 1);
    EXPECT_EQ(first_touch(-0.1, 0, 1), 0);
}

TEST(PriceAt, is_rounded_away_from_the_present_price) {
    const std::vector<Mover> movers{{{"ETH"}, "ETH", PriceRole::oracle, U256{100}, 0}};
    const Path path = paths_of(movers, market_of(), Policy{}).at(0);
    EXPECT_EQ(price_at(path, movers, std::log(1.015)), U256{102});
    EXPECT_EQ(price_at(path, movers, std::log(0.985)), U256{98});
}

TEST(Scaled, is_exact_on_the_bits_of_the_factor) {
    EXPECT_EQ(scaled(U256{100}, 0.5), U256{50});
    EXPECT_EQ(scaled(U256{7}, 0.5), U256{3});
    EXPECT_EQ(scaled(U256{7}, 3.0), U256{21});
    EXPECT_EQ(scaled(U256::pow10(30), 1.0), U256::pow10(30));
    EXPECT_EQ(scaled(U256{5}, 0.0), U256{});
    EXPECT_EQ(scaled(U256{5}, -1.0), std::nullopt);
    EXPECT_EQ(scaled(U256::max(), 2.0), std::nullopt);
    EXPECT_EQ(scaled(U256{5}, std::nan("")), std::nullopt);
}

}  // namespace
}  // namespace margind::risk
