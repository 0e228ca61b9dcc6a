// Every instrument under joint moves: by hand, by Deribit's own marks, and by laws.
#include "risk/pricing/greeks.hpp"
#include "risk/pricing/instrument.hpp"

#include "risk/pricing/black.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace margind::risk::pricing {
namespace {

using model::OptionKind;

/// Owns what Moves points to.
struct States {
    std::vector<double> factor{1};
    std::vector<double> log_factor{0};
    std::vector<double> vol_factor{1};
    std::vector<double> basis{0};
    double days = 0;

    void add(double spot, double vol = 1, double basis_move = 0) {
        factor.push_back(spot);
        log_factor.push_back(std::log(spot));
        vol_factor.push_back(vol);
        basis.push_back(basis_move);
    }
    Moves moves(bool with_basis = true) const {
        return {factor, log_factor, vol_factor, with_basis ? std::span<const double>(basis) : std::span<const double>{}, days};
    }
    std::vector<double> pnl(const Instrument& instrument, bool with_basis = true) const {
        std::vector<double> out(factor.size());
        add_pnl(instrument, moves(with_basis), 1, out);
        return out;
    }
};

TEST(Instrument, holdings_debts_and_shares_by_hand) {
    States states;
    states.add(0.9);
    states.days = 2;
    // 3 ETH at 2,000 that earn .1 % a day: 6,000, then 6,000 x .9 x 1.002.
    EXPECT_DOUBLE_EQ(value(Holding{3, 2000, 1, 0.001}), 6000);
    EXPECT_NEAR(states.pnl(Holding{3, 2000, 1, 0.001})[0], 12, 1e-9);
    EXPECT_NEAR(states.pnl(Holding{3, 2000, 1, 0.001})[1], 6000 * 0.9 * 1.002 - 6000, 1e-9);
    // A debt of 1,000 USDC that breaks its peg downwards is cheaper to repay; its interest makes it grow.
    EXPECT_NEAR(states.pnl(Holding{-1000, 1, 1, 0.0005})[1], -1000 * 0.9 * 1.001 + 1000, 1e-9);
    // 10 shares of a vault worth 1.25 ETH each.
    EXPECT_DOUBLE_EQ(value(Holding{10, 2000, 1.25, 0}), 25'000);
    EXPECT_NEAR(states.pnl(Holding{10, 2000, 1.25, 0})[1], -2500, 1e-9);
}

TEST(Instrument, linear_perps_by_hand) {
    States states;
    states.add(1.1, 1, -0.005);
    states.days = 1;
    // Long 2 at mark 1,010 (basis 1 %), entry 1,000: +20. Then mark 1,100 x 1.005 = 1,105.5, less funding of .1 % of 2,211.
    const LinearPerp perp{2, 1000, 0.01, 1000, -0.001};
    EXPECT_DOUBLE_EQ(value(perp), 20);
    EXPECT_NEAR(states.pnl(perp)[1], 2 * (1105.5 - 1010) - 2.211, 1e-9);
    LinearPerp against = perp;
    against.quantity = -2;
    EXPECT_NEAR(states.pnl(against)[1], -states.pnl(perp)[1], 1e-9);
}

TEST(Instrument, inverse_perps_by_hand) {
    States states;
    states.add(0.5);
    // Long 10,000 contracts of 1 USD entered at 50,000, mark 40,000: 10,000 (1/50,000 - 1/40,000) = -.05 coins at 40,000: -2,000 USD.
    const InversePerp perp{10'000, 40'000, 0, 50'000, 0};
    EXPECT_NEAR(value(perp), -2000, 1e-9);
    // At 20,000: -.3 coins at 20,000: -6,000.
    EXPECT_NEAR(states.pnl(perp)[1], -4000, 1e-9);
    // With one coin per 40,000 USD short beside it, dollars stay the same: a short of 1x against its coin.
    const InversePerp hedge{-40'000, 40'000, 0, 40'000, 0};
    EXPECT_NEAR(states.pnl(hedge)[1] + states.pnl(Holding{1, 40'000, 1, 0})[1], 0, 1e-9);
}

TEST(Instrument, options_follow_price_vol_basis_and_time) {
    States states;
    states.add(1.2, 0.8, 0.01);
    states.days = 7;
    const Option option{5, OptionKind::call, 2000, 0.005, 2100, 30.0 / 365, 0.7, 0.04};
    const double discount = std::exp(-0.04 * 30 / 365);
    EXPECT_NEAR(value(option), 5 * black_value({OptionKind::call, 2010, 2100, 0.7, 30.0 / 365, discount}), 1e-9);
    const double later = 5 * black_value({OptionKind::call, 2400 * 1.015, 2100, 0.56, 23.0 / 365, std::exp(-0.04 * 23 / 365)});
    EXPECT_NEAR(states.pnl(option)[1], later - value(option), 1e-9);
    // Past its expiry it is its payoff.
    states.days = 40;
    EXPECT_NEAR(states.pnl(option)[1], 5 * (2436.0 - 2100) - value(option), 1e-9);
    // Without columns nothing moves but time.
    std::vector<double> out(3, 1.0);
    add_pnl(option, {}, 2, out);
    for (const double pnl : out) EXPECT_NEAR(pnl, 1, 1e-9);
}

TEST(Instrument, a_smile_moves_with_the_price) {
    const Svi slice{0.01, 0.08, -0.3, 0.02, 0.15};
    Option option{1, OptionKind::put, 100, 0, 90, 0.25, 0, 0};
    option.smile = slice;
    EXPECT_DOUBLE_EQ(value(option), black_value({OptionKind::put, 100, 90, svi_vol(slice, std::log(0.9), 0.25), 0.25, 1}));
    States states;
    states.add(0.8, 1.1);
    const double vol = 1.1 * svi_vol(slice, std::log(90.0 / 80), 0.25);
    EXPECT_NEAR(states.pnl(option)[1], black_value({OptionKind::put, 80, 90, vol, 0.25, 1}) - value(option), 1e-10);
}

TEST(Instrument, equals_the_marks_of_an_exchange) {
    // Every 75th row of Deribit's BTC and ETH chains of 2026-03-12 09:35:39 UTC: mark price in coins x forward = Black-76 at the mark IV of that
    // row, which is printed to a hundredth of a point (so up to 1.1e-4 coins off).
    struct Row {
        OptionKind kind;
        double forward;
        double strike;
        double years;
        double vol;
        double mark_in_coins;
    };
    for (const Row& row : {
          Row{OptionKind::call, 71715.31, 100000, 0.78831916, 0.5035, 0.069045},
          Row{OptionKind::put, 69850.28, 92000, 0.040885897, 0.6053, 0.31767658},
          Row{OptionKind::put, 69953.88, 100000, 0.11754572, 0.5373, 0.43168015},
          Row{OptionKind::call, 71000.3, 84000, 0.53917474, 0.5025, 0.08435743},
          Row{OptionKind::put, 70320.69, 320000, 0.29003032, 0.8628, 3.55061956},
          Row{OptionKind::call, 69851.24, 100000, 0.040885897, 0.6956, 0.00028801},
          Row{OptionKind::put, 70320.69, 55000, 0.29003032, 0.5744, 0.03299937},
          Row{OptionKind::put, 70999.34, 68000, 0.53917474, 0.5208, 0.12829661},
          Row{OptionKind::put, 69850.28, 84000, 0.040885897, 0.5145, 0.20429736},
          Row{OptionKind::call, 69777.59714285714, 67500, 0.0052938367, 0.5547, 0.03723133},
          Row{OptionKind::put, 70157.66333333333, 58000, 0.2133705, 0.5679, 0.03250433},
          Row{OptionKind::call, 70999.34, 88000, 0.53917474, 0.4997, 0.07002443},
          Row{OptionKind::call, 69851.24, 88000, 0.040885897, 0.5485, 0.00084562},
          Row{OptionKind::call, 2059.8, 8500, 0.29003032, 0.9341, 0.000716},
          Row{OptionKind::put, 2042.1585714285713, 2025, 0.0052938367, 0.6201, 0.014043},
          Row{OptionKind::put, 2044.28, 9000, 0.040885897, 1.2198, 3.40242}, Row{OptionKind::put, 2045.395, 1600, 0.060050852, 0.8412, 0.010387},
          Row{OptionKind::call, 2059.79, 5800, 0.29003032, 0.8391, 0.0028}, Row{OptionKind::call, 2076.05, 14000, 0.53917474, 0.9087, 0.001029},
          Row{OptionKind::call, 2048.51, 1900, 0.11754572, 0.7342, 0.13707}, Row{OptionKind::call, 2045.395, 1950, 0.060050852, 0.7272, 0.095132},
          Row{OptionKind::call, 2048.51, 1700, 0.11754572, 0.7717, 0.204157}, Row{OptionKind::call, 2093.35, 4600, 0.78831916, 0.7171, 0.047508},
          Row{OptionKind::call, 2042.05, 1750, 0.0025559859, 1.2441, 0.143181}}) {
        const Option option{1, row.kind, row.forward, 0, row.strike, row.years, row.vol, 0};
        EXPECT_NEAR(value(option) / row.forward, row.mark_in_coins, 1.5e-4) << row.strike << ' ' << row.years;
    }
}

TEST(Instrument, call_minus_put_minus_forward_is_nothing_in_every_state) {
    std::mt19937_64 generator(5);
    const auto between = [&](double low, double high) { return low + (high - low) * static_cast<double>(generator() >> 11) * 0x1p-53; };
    for (int round = 0; round < 200; ++round) {
        States states;
        for (int i = 0; i < 37; ++i) states.add(std::exp(between(-2, 2)), between(0, 2), between(-0.05, 0.05));
        states.days = between(0, 60);
        const double spot = between(1, 5000);
        const double basis = between(-0.1, 0.1);
        const double strike = spot * std::exp(between(-1, 1));
        const double years = between(0.01, 1);
        const bool with_basis = round % 2 == 0;
        const Option call{1, OptionKind::call, spot, basis, strike, years, 0.8, 0};
        const std::vector<double> sum = states.pnl(call, with_basis);
        const std::vector<double> put = states.pnl(Option{1, OptionKind::put, spot, basis, strike, years, 0.8, 0}, with_basis);
        const std::vector<double> forward = states.pnl(LinearPerp{1, spot, basis, spot, 0}, with_basis);
        for (std::size_t i = 0; i < sum.size(); ++i) {
            ASSERT_NEAR(sum[i] - put[i] - forward[i], 0, 1e-11 * spot * states.factor[i] + 1e-11 * strike);
            // A long option never loses more than its value.
            ASSERT_GE(sum[i], -value(call) - 1e-9);
        }
    }
}

TEST(Instrument, greeks_are_the_derivatives_of_the_pnl) {
    const std::vector<Instrument> kinds{Holding{3, 2000, 1.1, 0.001}, LinearPerp{-2, 1000, 0.01, 900, 0.0004},
                                        InversePerp{10'000, 40'000, 0.01, 50'000, 0.0002},
                                        Option{4, OptionKind::put, 2000, 0.005, 2100, 0.3, 0.7, 0.04}};
    for (const Instrument& kind : kinds) {
        const Greeks found = greeks(kind);
        const double spot = std::visit([](const auto& one) { return one.spot; }, kind);
        constexpr double h = 1e-4;
        States states;
        states.add(1 + h);
        states.add(1 - h);
        states.add(1, 1 + h);
        states.add(1, 1 - h);
        const std::vector<double> pnl = states.pnl(kind);
        const double size = std::abs(found.delta) + 1;
        EXPECT_NEAR(found.delta, (pnl[1] - pnl[2]) / (2 * h * spot), 1e-6 * size);
        EXPECT_NEAR(found.gamma, (pnl[1] + pnl[2]) / (h * h * spot * spot), 1e-6 * size);
        const auto* option = std::get_if<Option>(&kind);
        EXPECT_NEAR(found.vega, option ? (pnl[3] - pnl[4]) / (2 * h * option->vol) : 0, 1e-4 * size);
        States later;
        later.days = 1e-3;
        EXPECT_NEAR(found.theta, later.pnl(kind)[0] / 1e-3, 1e-3 * (std::abs(found.theta) + 1e-9));
    }
}

TEST(Instrument, greeks_of_a_book_are_sums_by_underlying) {
    const Option call{4, OptionKind::call, 2000, 0, 2100, 0.3, 0.7, 0};
    const std::vector<std::pair<model::AssetId, Instrument>> book{
        {{"ETH"}, call}, {{"BTC"}, Holding{-2, 30'000, 1, 0}}, {{"ETH"}, Holding{1, 2000, 1, 0}}};
    const auto sums = greeks_by_underlying(book);
    ASSERT_EQ(sums.size(), 2U);
    EXPECT_DOUBLE_EQ(sums.at({"BTC"}).delta, -2);
    EXPECT_DOUBLE_EQ(sums.at({"ETH"}).delta, greeks(call).delta + 1);
    EXPECT_DOUBLE_EQ(sums.at({"ETH"}).vega, greeks(call).vega);
}

}  // namespace
}  // namespace margind::risk::pricing
