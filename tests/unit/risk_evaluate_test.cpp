// evaluate(): grades, levels, materiality, headline, conversion, and the figures of the book by hand.
#include "risk/evaluate.hpp"

#include "risk/account.hpp"
#include "risk/level.hpp"
#include "risk/scenarios.hpp"
#include "tests/support/synthetic_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace margind::risk {
namespace {

using namespace model;
using testing::e8;
using testing::SyntheticBook;

/// 10 ETH at 2000, LT 80 %, against a USDC debt.
SyntheticBook lender(std::int64_t debt) {
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.USDC", debt * 1000}}, false, "", ""}};
    return book;
}

Report evaluate_with(const SyntheticBook& book, Snapshot snapshot) {
    return evaluate(snapshot, book.rules(), book.market, book.policy);
}

const ScenarioResult& scenario(const Unified& unified, const std::string& name) {
    for (const ScenarioResult& row : unified.scenarios)
        if (row.name == name) return row;
    throw std::out_of_range(name);
}

TEST(Levels, follow_z) {
    const struct {
        double z;
        Level level;
    } cases[] = {{3.01, Level::ok}, {2.99, Level::watch}, {1.99, Level::warn}, {0.99, Level::call}, {0.49, Level::critical}};
    for (const auto& c : cases) {
        // Debt so that the price is z sigmas below 2000: D = 8 x 2000 e^{-z x 0.037}.
        const auto debt = static_cast<std::int64_t>(16'000'000 * std::exp(-c.z * 0.037));
        SyntheticBook book;
        book.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.USDC", debt}}, false, "", ""}};
        const PortfolioReport report = book.book();
        EXPECT_EQ(report.accounts[0].level, c.level) << c.z << ' ' << report.accounts[0].reason;
        EXPECT_NEAR(report.accounts[0].candidates[0].z, c.z, 1e-3);
        EXPECT_EQ(report.headline.level, c.level);
        EXPECT_EQ(report.headline.binding, report.accounts[0].key);
        EXPECT_EQ(report.accounts[0].actions.empty(), c.level == Level::ok);
    }
}

TEST(Levels, liquidatable_now) {
    const PortfolioReport report = lender(16'500).book();
    EXPECT_EQ(report.headline.level, Level::liquidatable);
    EXPECT_EQ(report.headline.z, 0);
    EXPECT_EQ(report.headline.room, 0);
    EXPECT_TRUE(report.accounts[0].terms_now.has_value());
    EXPECT_TRUE(report.accounts[0].reason.starts_with("liquidatable now: ETH would have to be 3.1 % higher"))
        << report.accounts[0].reason;
}

TEST(Levels, room_within_two_deviations_of_the_feed_is_critical) {
    // 20000 USDC (LT 90 %) against 17850 USD: USDC at 0.9917 has 0.83 % of room, but z = 14.
    SyntheticBook book;
    book.accounts = {{1, {{"supply.USDC", 20'000'000}, {"debt.USD", 17'850'000}}, false, "", ""}};
    const PortfolioReport report = book.book();
    EXPECT_GT(*report.headline.z, 13);
    EXPECT_EQ(report.headline.level, Level::critical);
    EXPECT_NE(report.headline.reason.find("deviations"), std::string::npos);
    ASSERT_FALSE(report.accounts[0].actions.empty());
    // Repays to 1 % of room: 17820.
    EXPECT_NEAR(report.accounts[0].actions[0].amount_usd, 30, 0.01);
}

TEST(Levels, go_by_the_near_edge_of_a_band) {
    // z = 3.01 by the point; .5 % of the feed and .5 % of the rule make it z = (3.01 x .037 + ln .99) / .037 = 2.74.
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.USDC", static_cast<std::int64_t>(16'000'000 * std::exp(-3.01 * 0.037))}}, false, "", ""}};
    EXPECT_EQ(book.book().headline.level, Level::ok);
    book.band_ppm = 5'000;
    const PortfolioReport report = book.book();
    const AccountReport& account = report.accounts[0];
    EXPECT_EQ(report.headline.level, Level::watch);
    EXPECT_NEAR(*report.headline.z, 3.01 + std::log(0.99) / 0.037, 2e-3);
    EXPECT_NEAR(*report.headline.room, 1 - std::exp(-3.01 * 0.037) / 0.99, 1e-4);
    EXPECT_NEAR(account.candidates[0].z, 3.01, 1e-3);
    EXPECT_EQ(account.grade.reason, "it liquidates on prices that are not on chain: room is a band, and its near edge counts; a note of the rule");
    // An action brings the near edge to z = 3: prices may fall to e^(-3 x .037) x .99, where .8 x ETH covers the debt.
    ASSERT_FALSE(account.actions.empty());
    for (const Action& action : account.actions) {
        if (action.verb != Verb::repay) continue;
        EXPECT_NEAR(action.amount_usd, 16'000 * (std::exp(-3.01 * 0.037) - std::exp(-3 * 0.037) * 0.99), 1);
    }
}

TEST(Levels, a_slow_reaction_raises_them) {
    SyntheticBook book = lender(14'000);
    EXPECT_EQ(book.book().headline.level, Level::ok);
    // z = 3.6; within 8 days, sqrt(8) sigmas: 1.27 of them, P about 20 %.
    book.policy.reaction_time_s = 8 * 86400;
    EXPECT_EQ(book.book().headline.level, Level::critical);
    book.policy.delay_matters_s = 9 * 86400;
    EXPECT_EQ(book.book().headline.level, Level::ok);
}

TEST(Levels, what_cannot_be_scanned_nearby_is_unknown) {
    SyntheticBook book = lender(8'000);
    book.refuses_above = 3'000 * e8;
    const PortfolioReport far = book.book();
    ASSERT_EQ(far.accounts[0].unscanned.size(), 1U);
    EXPECT_EQ(far.accounts[0].level, Level::ok) << "beyond z_watch it is said, but decides nothing";
    EXPECT_TRUE(far.unified.has_value());
    book.refuses_above = 2'050 * e8;
    const PortfolioReport near = book.book();
    ASSERT_EQ(near.accounts[0].unscanned.size(), 1U);
    EXPECT_EQ(near.headline.level, Level::unknown) << near.headline.reason;
    EXPECT_EQ(near.accounts[0].grade.kind, GradeKind::recomputed);
    EXPECT_FALSE(near.unified.has_value());
    EXPECT_TRUE(near.unified_reason.starts_with("ETH +0.25R: linear:1")) << near.unified_reason;
}

TEST(Levels, a_venue_price_of_zero_cannot_be_scanned) {
    SyntheticBook book;
    book.accounts = {{1, {{"supply.USD", 1'000'000}, {"debt.ETH", 1'000}}, false, "", ""}};
    book.listings["ETH"].price = 0;
    const PortfolioReport report = book.book();
    EXPECT_EQ(report.accounts[0].level, Level::unknown) << report.accounts[0].reason;
    ASSERT_EQ(report.accounts[0].unscanned.size(), 1U);
    EXPECT_EQ(report.accounts[0].unscanned[0], "ETH: the venue's price of ETH is 0");
}

TEST(Levels, a_side_that_could_not_be_scanned_may_cost_something) {
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 10'000}}, false, "", ""}};
    EXPECT_EQ(book.book().accounts[0].loss_if_liquidated_usd, 0.0);
    book.refuses_above = 3'000 * e8;
    EXPECT_EQ(book.book().accounts[0].loss_if_liquidated_usd, std::nullopt);
}

TEST(Levels, reasons_show_prices_to_six_digits) {
    EXPECT_EQ(price_text(U256{3'761'422'477}, 6), "3761.42");
    EXPECT_EQ(price_text(*U256::from_decimal("3761422477655374861983"), 18), "3761.42");
    EXPECT_EQ(price_text(U256{99'170'000}, 8), "0.991700");
    EXPECT_EQ(price_text(U256{6'512'345'678'901}, 8), "65123.5");
    EXPECT_EQ(price_text(U256{1'234'567'890}, 2), "12345679");
    EXPECT_EQ(price_text(U256{12'345}, 18), "0.000000000000012345");
    EXPECT_EQ(price_text(U256{0}, 8), "0.00000");
    const std::string reason = lender(14'000).book().accounts[0].reason;
    EXPECT_TRUE(reason.starts_with("ETH down 12.5 % to 1749.99 (oracle ETH)") || reason.starts_with("ETH down 12.5 % to 1750.00 (oracle ETH)"))
        << reason;
}

TEST(Grades, verified_recomputed_drift) {
    const SyntheticBook book = lender(8'000);
    Snapshot snapshot = book.snapshot();
    EXPECT_EQ(evaluate_with(book, snapshot).portfolios[0].accounts[0].grade.kind, GradeKind::recomputed);

    const std::vector<NativeFigure> right{{"equity", 12'000 * e8, 8}, {"maintenance", 4'000 * e8, 8}};
    snapshot.accounts[0].views = right;
    EXPECT_EQ(evaluate_with(book, snapshot).portfolios[0].accounts[0].grade.kind, GradeKind::recomputed)
        << "the views were asked at another block";
    snapshot.accounts[0].verified_at = SyntheticBook::block();
    EXPECT_EQ(evaluate_with(book, snapshot).portfolios[0].accounts[0].grade.kind, GradeKind::verified);
    snapshot.accounts[0].verified_at.hash = {};
    EXPECT_EQ(evaluate_with(book, snapshot).portfolios[0].accounts[0].grade.kind, GradeKind::recomputed)
        << "the same number on another branch";
    snapshot.accounts[0].verified_at = SyntheticBook::block();

    snapshot.accounts[0].views[0].value = 12'000 * e8 + 1;
    const AccountReport drift = evaluate_with(book, snapshot).portfolios[0].accounts[0];
    EXPECT_EQ(drift.grade.kind, GradeKind::drift);
    EXPECT_EQ(drift.grade.reason, "equity: view 1200000000001, ours 1200000000000");
    EXPECT_EQ(drift.level, Level::unknown) << "a distance from figures that the venue contradicts is no reason for calm";
    EXPECT_TRUE(drift.reason.starts_with("drift equity: view 1200000000001")) << drift.reason;

    snapshot.accounts[0].views[0].value = 3'999 * e8;
    const AccountReport worse_view = evaluate_with(book, snapshot).portfolios[0].accounts[0];
    EXPECT_EQ(worse_view.level, Level::liquidatable);
    EXPECT_TRUE(worse_view.reason.starts_with("liquidatable by the venue's own views"));

    snapshot.accounts[0].views = {{"somethingElse", 1, 0}};
    EXPECT_EQ(evaluate_with(book, snapshot).portfolios[0].accounts[0].grade.reason, "somethingElse: view 1, ours missing");
}

TEST(Grades, unknown_with_its_reason) {
    const SyntheticBook book = lender(8'000);
    const auto reason_of = [&](const Snapshot& snapshot) {
        const PortfolioReport report = evaluate_with(book, snapshot).portfolios[0];
        EXPECT_EQ(report.accounts[0].grade.kind, GradeKind::unknown);
        EXPECT_EQ(report.headline.level, Level::unknown);
        EXPECT_FALSE(report.unified.has_value());
        EXPECT_TRUE(report.partial);
        EXPECT_FALSE(report.accounts[0].equity_usd.has_value());
        return report.accounts[0].reason;
    };
    Snapshot snapshot = book.snapshot();
    snapshot.accounts[0].facts = nullptr;
    snapshot.accounts[0].reason = "reverted: getUserAccountData";
    EXPECT_EQ(reason_of(snapshot), "reverted: getUserAccountData");

    snapshot = book.snapshot();
    snapshot.venues[0].facts = nullptr;
    snapshot.venues[0].reason = "no code at 0x1";
    EXPECT_EQ(reason_of(snapshot), "no code at 0x1");

    snapshot = book.snapshot();
    snapshot.venues.erase(snapshot.venues.begin());
    EXPECT_EQ(reason_of(snapshot), "the snapshot holds no venue linear:1");

    snapshot = book.snapshot();
    snapshot.accounts[0].key.venue.protocol = "other";
    snapshot.venues[0].id.protocol = "other";
    EXPECT_EQ(reason_of(snapshot), "no rule for protocol other");
}

TEST(Grades, unknown_revision_is_liquidatable_where_its_views_say_so) {
    const SyntheticBook book = lender(8'000);
    Snapshot snapshot = book.snapshot();
    FactsBuilder facts("linear.venue/2");
    snapshot.venues[0].facts = *std::move(facts).build();
    snapshot.accounts[0].views = {{"equity", 100, 8}, {"maintenance", 99, 8}};
    snapshot.accounts[0].verified_at = SyntheticBook::block();
    AccountReport account = evaluate_with(book, snapshot).portfolios[0].accounts[0];
    EXPECT_EQ(account.level, Level::unknown);
    EXPECT_TRUE(account.grade.reason.starts_with("unknown_revision"));
    EXPECT_EQ(account.views.size(), 2U);
    snapshot.accounts[0].views[0].value = 98;
    account = evaluate_with(book, snapshot).portfolios[0].accounts[0];
    EXPECT_EQ(account.level, Level::liquidatable);
    EXPECT_EQ(account.grade.kind, GradeKind::unknown);
    EXPECT_TRUE(account.candidates.empty());
}

TEST(Grades, a_stale_feed_marks_the_account_and_the_unified_figures_alone_are_null) {
    SyntheticBook book = lender(8'000);
    book.grade = PriceGrade::stale;
    const PortfolioReport report = book.book();
    EXPECT_TRUE(report.accounts[0].grade.qualifiers.stale);
    EXPECT_EQ(report.accounts[0].level, Level::ok);
    EXPECT_EQ(report.accounts[0].equity_usd, 12'000);
    EXPECT_FALSE(report.unified.has_value());
    EXPECT_NE(report.unified_reason.find("stale"), std::string::npos);
    EXPECT_FALSE(report.partial);
    EXPECT_TRUE(report.headline.doubtful_price);
    EXPECT_FALSE(lender(8'000).book().headline.doubtful_price);
}

TEST(Conversion, another_numeraire_goes_by_its_reference_price) {
    SyntheticBook book;
    book.listings["USDC"].price = 97'000'000;
    book.accounts = {{1, {{"supply.USD", 1'000'000}}, true, "", ""}};
    EXPECT_NEAR(*book.book().accounts[0].equity_usd, 970, 1e-9);
    book.grade = PriceGrade::refused;
    const PortfolioReport refused = book.book();
    EXPECT_FALSE(refused.accounts[0].equity_usd.has_value());
    EXPECT_TRUE(refused.partial);
    EXPECT_NE(refused.unified_reason.find("USDC refused"), std::string::npos);
}

TEST(Materiality, small_accounts_do_not_decide) {
    SyntheticBook book = lender(8'000);
    // 400 dollars at z = 0.3 beside 12000.
    book.accounts.push_back({2, {{"supply.ETH", 1'000}, {"debt.USDC", 1'582'000}}, false, "", ""});
    PortfolioReport report = book.book();
    ASSERT_EQ(report.accounts[1].level, Level::critical);
    EXPECT_FALSE(report.accounts[1].material);
    EXPECT_EQ(report.headline.level, Level::ok);
    book.accounts.erase(book.accounts.begin());
    EXPECT_EQ(book.book().headline.level, Level::critical) << "where none is material all are";
}

TEST(Materiality, an_account_that_turns_unknown_makes_no_other_immaterial) {
    SyntheticBook book;
    // 400 dollars at z = 0.3 beside 300: neither is material, so both count.
    book.accounts = {{1, {{"supply.USD", 300'000}}, false, "", ""},
                     {2, {{"supply.ETH", 1'000}, {"debt.USDC", 1'582'000}}, false, "", ""}};
    ASSERT_EQ(book.book().headline.level, Level::critical);
    book.accounts[0].unreadable = "time-out";
    EXPECT_EQ(book.book().headline.level, Level::critical);
}

TEST(Materiality, an_unknown_account_is_material) {
    SyntheticBook book = lender(8'000);
    book.accounts.push_back({2, {}, false, "", "time-out"});
    const PortfolioReport report = book.book();
    EXPECT_EQ(report.headline.level, Level::unknown);
    EXPECT_EQ(report.known_equity_usd, 12'000);
    EXPECT_NE(report.unified_reason.find("time-out"), std::string::npos);
}

TEST(Book, single_lender_by_hand) {
    const PortfolioReport report = lender(8'000).book();
    ASSERT_TRUE(report.unified.has_value()) << report.unified_reason;
    const Unified& u = *report.unified;
    EXPECT_DOUBLE_EQ(u.equity_usd, 12'000);
    // R: ETH .18 (4 x .037 = .148 is less), market .18, beta 1.1; USDC .05 and a debt of 8000.
    EXPECT_NEAR(scenario(u, "ETH -1.00R").pnl_usd, -0.18 * 20'000, 1e-6);
    EXPECT_NEAR(scenario(u, "ETH +0.50R").pnl_usd, 0.09 * 20'000, 1e-6);
    EXPECT_NEAR(scenario(u, "market -1.00R").pnl_usd, -0.198 * 20'000, 1e-6);
    EXPECT_NEAR(scenario(u, "ETH residual -").pnl_usd, -0.10 * 20'000, 1e-6);
    EXPECT_NEAR(scenario(u, "USDC residual +").pnl_usd, -0.05 * 8'000, 1e-6);
    EXPECT_EQ(u.worst_scenario, "market -1.00R");
    // Joint 3960; by asset 3960 (its leg) + 400; R_grid = .8 x 3960 + .2 x 4360 = 4040.
    EXPECT_NEAR(u.margin_eta_0, 3'960, 1e-6);
    EXPECT_NEAR(u.margin_eta_1, 4'360, 1e-6);
    EXPECT_NEAR(u.margin_eta_half, 4'160, 1e-6);
    EXPECT_NEAR(u.grid_margin_usd, 4'040, 1e-6);
    EXPECT_NEAR(u.mm_usd, 0.8 * 4'040, 1e-6);
    EXPECT_NEAR(u.im_usd, 4'040, 1e-6);
    EXPECT_NEAR(*u.cover, 12'000 / (0.8 * 4'040), 1e-9);
    EXPECT_NEAR(u.floor_usd, 0.02 * 20'000 + 0.02 * 8'000, 1e-9);
    EXPECT_DOUBLE_EQ(u.netting_usd, 0);
    EXPECT_NEAR(u.capital_lockup_usd, 5'000, 1e-9);
    EXPECT_NEAR(u.net_delta_usd, 20'000, 1e-9) << "a stablecoin has no beta";
    EXPECT_NEAR(*u.leverage, 20'000.0 / 12'000, 1e-12);
    // Interest 1e-9 per second on 8000.
    EXPECT_NEAR(u.carry_per_day_usd, -8'000 * 86'400e-9, 1e-6);
    // The debt is 16000 after 1e9 seconds.
    EXPECT_NEAR(*u.days_to_liquidation_by_carry, 1e9 / 86'400, 1e-3);
    EXPECT_FALSE(u.eta_at_breach.has_value());
    // sum N = sum M is the same price as the account's own.
    EXPECT_NEAR(*u.h_u, 2.0, 1e-7);
    EXPECT_EQ(u.binding->asset, "ETH");
    EXPECT_NEAR(*u.z_u, std::log(2.0) / 0.037, 1e-6);
    EXPECT_EQ(u.exposures.size(), 2U);
}

TEST(Book, days_by_carry_are_those_of_the_first_account) {
    SyntheticBook book = lender(15'900);
    book.debt_rate = 10;
    book.accounts.push_back({2, {{"supply.ETH", 100'000}, {"debt.USDC", 1'000}}, false, "", ""});
    // 15900 (1 + 1e-8 t) = 16000.
    EXPECT_NEAR(*book.book().unified->days_to_liquidation_by_carry, 100.0 / 15'900 / 1e-8 / 86'400, 1e-3);
    book.accounts = {{1, {{"supply.ETH", 100'000}}, false, "", ""}};
    EXPECT_FALSE(book.book().unified->days_to_liquidation_by_carry.has_value());
    EXPECT_EQ(lender(16'500).book().unified->days_to_liquidation_by_carry, 0.0);
}

TEST(Book, a_distance_beyond_what_could_be_scanned_is_not_known) {
    SyntheticBook book = lender(8'000);
    book.refuses_above = 4'500 * e8;
    const Unified farther = *book.book().unified;
    ASSERT_EQ(farther.unscanned.size(), 1U);
    EXPECT_NEAR(*farther.h_u, 2, 1e-6) << "2.25 up lies beyond 2 down";
    book.refuses_above = 3'000 * e8;
    const Unified nearer = *book.book().unified;
    ASSERT_EQ(nearer.unscanned.size(), 1U);
    EXPECT_TRUE(nearer.unscanned[0].starts_with("ETH up beyond ")) << nearer.unscanned[0];
    EXPECT_FALSE(nearer.h_u.has_value());
    EXPECT_FALSE(nearer.binding.has_value());
}

TEST(Book, offsetting_legs_net_and_each_keeps_its_own_distance) {
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.USDC", 10'000'000}}, false, "", ""},
                     {1, {{"supply.USD", 4'000'000}, {"perp.ETH", -10'000}, {"entry.ETH", 2'000 * e8}}, true, "", ""}};
    book.listings["ETH"].lt = 9000;
    const PortfolioReport report = book.book();
    ASSERT_TRUE(report.unified.has_value()) << report.unified_reason;
    const Unified& u = *report.unified;
    EXPECT_NEAR(u.equity_usd, 14'000, 1e-6);
    EXPECT_NEAR(u.net_delta_usd, 0, 1e-6);
    EXPECT_NEAR(u.gross_delta_usd, 40'000, 1e-6);
    EXPECT_NEAR(scenario(u, "market -1.00R").pnl_usd, 0, 1e-6);
    EXPECT_GT(u.netting_usd, 4'000);
    // The short: 4000 + 10 (2000 - P) = 0.1 x 10 P, P = 24000 / 11: 9.1 % up.
    EXPECT_EQ(report.headline.level, Level::watch);
    EXPECT_EQ(report.headline.binding->venue, SyntheticBook::venue(true));
    EXPECT_NEAR(*report.headline.room, 24'000.0 / 11 / 2000 - 1, 1e-6);
    EXPECT_GT(u.z_u.value_or(1e9), *report.headline.z);
}

TEST(Book, a_numeraire_moves_with_its_own_price) {
    // X = -1000 dollars here and 2000 USDC there: the sum breaks where USDC is worth half.
    SyntheticBook book;
    book.accounts = {{1, {{"supply.USD", 10'000'000}, {"debt.USD", 11'000'000}}, false, "", ""},
                     {1, {{"supply.USD", 2'000'000}}, true, "", ""}};
    const Unified u = *book.book().unified;
    EXPECT_NEAR(u.equity_usd, 2'000, 1e-9) << "what is lost at one venue is not owed at another";
    EXPECT_NEAR(scenario(u, "USDC -1.00R").pnl_usd, -0.05 * 2'000, 1e-9);
    ASSERT_TRUE(u.binding.has_value());
    EXPECT_EQ(u.binding->asset, "USDC");
    EXPECT_NEAR(*u.h_u, 2, 1e-6);
}

TEST(Book, hedged_legs_cost_the_floor_alone_and_in_the_book) {
    // Alone: 1 % of 10 ETH hedged is 200, and 1 ETH needs 0.8 x 0.198 x 2000 = 316.8. Together the floor is 240: below.
    SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.ETH", 10'000}}, false, "", ""},
                     {2, {{"supply.ETH", 1'000}}, false, "", ""}};
    const Unified u = *book.book().unified;
    EXPECT_NEAR(u.floor_usd, 240, 1e-9);
    EXPECT_NEAR(u.mm_usd, 316.8, 1e-6);
    EXPECT_NEAR(u.netting_usd, 200, 1e-6);
}

TEST(Book, supplies_that_the_venue_does_not_count_are_no_exposure) {
    Position position;
    position.collateral = false;
    for (const Instrument instrument : {Instrument::perp, Instrument::debt, Instrument::option}) {
        position.instrument = instrument;
        EXPECT_TRUE(counts(position)) << to_string(instrument);
    }
    for (const Instrument instrument : {Instrument::spot, Instrument::vault_share}) {
        position.instrument = instrument;
        position.collateral = false;
        EXPECT_FALSE(counts(position)) << to_string(instrument);
        position.collateral = true;
        EXPECT_TRUE(counts(position)) << to_string(instrument);
    }
}

TEST(Valuation, takes_the_best_grade_of_all_feeds) {
    ReferencePrice stale;
    stale.asset = {"ETH"};
    stale.chain = ChainId{1};
    stale.raw = 1'900;
    stale.grade = PriceGrade::stale;
    ReferencePrice fresh = stale;
    fresh.chain = ChainId{10};
    fresh.raw = 2'000;
    fresh.grade = PriceGrade::fresh;
    ReferencePrice refused = stale;
    refused.chain = ChainId{0};
    refused.grade = PriceGrade::refused;
    EXPECT_EQ(*Valuation({refused, stale, fresh}).firm_price({"ETH"}), 2'000);
    EXPECT_EQ(*Valuation({refused, stale}).price({"ETH"}), 1'900);
    EXPECT_FALSE(Valuation({refused, stale}).firm_price({"ETH"}).has_value());
    EXPECT_FALSE(Valuation({refused}).price({"ETH"}).has_value());
    EXPECT_FALSE(Valuation({}).price({"ETH"}).has_value());
    EXPECT_EQ(*Valuation({}).price({"USD"}), 1);
}

TEST(Book, cover_bands_decide_when_they_are_the_worse) {
    // 1 BTC long by perp on 3500 with 1 % maintenance is liquidated at 26768, z = 4.1; MM = .8 (.8 x 4860 + .2 x 5400).
    SyntheticBook book;
    book.listings["BTC"].lt = 9900;
    book.accounts = {{1, {{"supply.USD", 3'500'000}, {"perp.BTC", 1'000}, {"entry.BTC", 30'000 * e8}}, false, "", ""}};
    const PortfolioReport report = book.book();
    ASSERT_EQ(report.accounts[0].level, Level::ok);
    ASSERT_LT(*report.unified->cover, 1);
    EXPECT_EQ(report.headline.level, Level::watch);
    EXPECT_FALSE(report.headline.binding.has_value());
    EXPECT_TRUE(report.headline.reason.starts_with("cover 0.88"));
}

TEST(Book, eta_at_breach_is_where_the_margin_equals_the_equity) {
    SyntheticBook book;
    book.listings["ETH"].lt = 9900;
    book.listings["BTC"].lt = 9900;
    // Long 10 ETH, short 0.6 BTC on 2800: the legs offset by beta.
    book.accounts = {{1, {{"supply.USD", 4'000'000}, {"perp.ETH", 10'000}, {"entry.ETH", 2'000 * e8}, {"perp.BTC", -666},
                          {"entry.BTC", 30'000 * e8}}, false, "", ""}};
    const Unified u = *book.book().unified;
    ASSERT_TRUE(u.eta_at_breach.has_value());
    const double margin = u.margin_eta_0 + *u.eta_at_breach * (u.margin_eta_1 - u.margin_eta_0);
    EXPECT_NEAR(book.policy.mm_factor * margin, u.equity_usd, 1e-6);
}

// Factors by hand: 1 + .5 x (30 / d)^p and 1 - .25 x (30 / d)^p, p = .30 to 30 days, .13 beyond, d at least 1.
TEST(Vols, move_more_the_nearer_the_expiry) {
    const Policy policy;
    constexpr std::int64_t day = 86'400;
    EXPECT_DOUBLE_EQ(vol_factor(VolMove::up, 30 * day, policy), 1.5);
    EXPECT_DOUBLE_EQ(vol_factor(VolMove::down, 30 * day, policy), 0.75);
    EXPECT_NEAR(vol_factor(VolMove::up, 7 * day, policy), 1.7737077886, 1e-9);
    EXPECT_NEAR(vol_factor(VolMove::down, 7 * day, policy), 0.6131461057, 1e-9);
    EXPECT_NEAR(vol_factor(VolMove::up, 60 * day, policy), 1.4569157251, 1e-9);
    EXPECT_NEAR(vol_factor(VolMove::up, 60, policy), 2.3870955573, 1e-9);
    EXPECT_NEAR(vol_factor(VolMove::down, -day, policy), 0.3064522213, 1e-9);
}

// 100 USD per 100 % of vol, short, at a vol of 80 % and 20 %, 30 days: up to 120 % and (at least 45 %) 45 %, down to 60 % and 15 %.
TEST(Vols, are_moved_where_an_account_depends_on_one) {
    SyntheticBook book;
    book.vols["ETH"] = {80'000'000, 30 * 86'400};
    book.accounts = {{1, {{"supply.USD", 1'000'000}, {"vega.ETH", -100'000}}, false, "", ""}};
    const PortfolioReport report = book.book();
    ASSERT_TRUE(report.unified) << report.unified_reason;
    EXPECT_NEAR(scenario(*report.unified, "ETH vol up").pnl_usd, -40, 1e-9);
    EXPECT_NEAR(scenario(*report.unified, "ETH vol down").pnl_usd, 20, 1e-9);
    EXPECT_EQ(scenario(*report.unified, "ETH +1.00R vol up").vols.at({"ETH"}), VolMove::up);
    EXPECT_NEAR(scenario(*report.unified, "market +0.50R vol down").pnl_usd, 20, 1e-9);
    // R = .18: a tail of 300 % counts by .77 x .18 / 3.
    const ScenarioResult& tail = scenario(*report.unified, "ETH +300% vol up");
    EXPECT_NEAR(tail.weight, 0.0462, 1e-12);
    EXPECT_NEAR(tail.pnl_usd, -40 * 0.0462, 1e-9);
    EXPECT_NEAR(report.unified->margin_eta_0, 40, 1e-9);
    book.vols["ETH"].first = 20'000'000;
    EXPECT_NEAR(scenario(*book.book().unified, "ETH vol up").pnl_usd, -25, 1e-9);
    const auto own = [&](const ScenarioResult& row) { return !row.joint && row.name.starts_with("ETH"); };
    const auto& all = report.unified->scenarios;
    // 22 of the grid beside the unmoved state, and eight tails.
    EXPECT_EQ(std::count_if(all.begin(), all.end(), own), 30);
}

TEST(Vols, leave_a_book_without_options_as_it_is) {
    SyntheticBook book = lender(10'000);
    const PortfolioReport report = book.book();
    for (const ScenarioResult& row : report.unified->scenarios) {
        EXPECT_TRUE(row.vols.empty()) << row.name;
        EXPECT_EQ(row.weight, 1) << row.name;
    }
    // Eight own spots, eight of the market, two residuals; USDC has its own eight and no beta.
    EXPECT_EQ(report.unified->scenarios.size(), 28U);
}

TEST(Book, empty_portfolio) {
    SyntheticBook book;
    Snapshot snapshot = book.snapshot();
    const PortfolioReport report = evaluate_with(book, snapshot).portfolios.at(0);
    EXPECT_EQ(report.headline.level, Level::ok);
    ASSERT_TRUE(report.unified.has_value()) << report.unified_reason;
    EXPECT_EQ(report.unified->mm_usd, 0);
    EXPECT_EQ(report.unified->equity_usd, 0);
    EXPECT_EQ(report.unified->cover, std::nullopt);
    EXPECT_EQ(report.unified->netting_usd, 0);
}

TEST(Evaluate, only_watched_accounts_are_in_a_portfolio) {
    SyntheticBook book = lender(8'000);
    book.accounts.push_back({2, {{"supply.ETH", 1'000}}, false, "", ""});
    Snapshot snapshot = book.snapshot();
    snapshot.portfolios = {{"one", {testing::owner(1)}}, {"two", {testing::owner(2)}}};
    const Report report = evaluate_with(book, snapshot);
    ASSERT_EQ(report.portfolios.size(), 2U);
    EXPECT_EQ(report.portfolios[0].accounts.size(), 1U);
    EXPECT_EQ(report.portfolios[1].accounts[0].key.owner, testing::owner(2));
    EXPECT_EQ(report.portfolios[1].accounts[0].candidates.size(), 0U);
    EXPECT_EQ(report.portfolios[1].accounts[0].level, Level::ok);
    EXPECT_EQ(report.blocks.size(), 1U);
    EXPECT_EQ(report.time, SyntheticBook::block().time);
    EXPECT_EQ(report.snapshot_hash, snapshot_hash(snapshot));
}

TEST(Evaluate, hashes_tell_calibrations_and_policies_apart) {
    SyntheticBook book = lender(8'000);
    const Report report = book.report();
    book.market.assets[{"ETH"}].sigma_24h += 1e-9;
    book.policy.eta += 1e-9;
    const Report other = book.report();
    EXPECT_EQ(report.snapshot_hash, other.snapshot_hash);
    EXPECT_NE(report.market_hash, other.market_hash);
    EXPECT_NE(report.policy_hash, other.policy_hash);
}

TEST(EvaluateStale, keeps_the_last_figures_and_counts_them_as_unknown_or_worse) {
    testing::SyntheticBook book;
    // 1 ETH at 2,000 and 80 %: against 1,540 USD liquidated below 1,925, 1.03 sigmas away; against 400 below 500.
    book.accounts.push_back({1, {{"supply.ETH", 1000}, {"debt.USD", 1'540'000}}, false, "", ""});
    book.accounts.push_back({2, {{"supply.ETH", 1000}, {"debt.USD", 400'000}}, false, "", ""});
    book.accounts.push_back({3, {}, false, "", "reverted"});
    Snapshot snapshot = book.snapshot();
    const Report before = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    ASSERT_EQ(before.portfolios[0].accounts[0].level, Level::warn);
    ASSERT_EQ(before.portfolios[0].accounts[1].level, Level::ok);
    snapshot.troubles.push_back({ChainId{1}, TroubleKind::stale, "no block of chain 1 for 31 s"});
    const Report report = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    const PortfolioReport& portfolio = report.portfolios[0];
    EXPECT_EQ(report.troubles, snapshot.troubles);
    EXPECT_NE(report.snapshot_hash, before.snapshot_hash);
    EXPECT_EQ(portfolio.accounts[0].level, Level::warn);
    EXPECT_EQ(portfolio.accounts[1].level, Level::unknown);
    EXPECT_EQ(portfolio.accounts[2].level, Level::unknown);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(portfolio.accounts[i].grade.qualifiers.stale) << i;
        EXPECT_TRUE(portfolio.accounts[i].reason.starts_with("stale: no block of chain 1 for 31 s; ")) << portfolio.accounts[i].reason;
        EXPECT_EQ(portfolio.accounts[i].native, before.portfolios[0].accounts[i].native) << i;
        EXPECT_EQ(portfolio.accounts[i].candidates, before.portfolios[0].accounts[i].candidates) << i;
        EXPECT_EQ(portfolio.accounts[i].equity_usd, before.portfolios[0].accounts[i].equity_usd) << i;
    }
    EXPECT_EQ(portfolio.accounts[1].reason, "stale: no block of chain 1 for 31 s; by the last figures " + before.portfolios[0].accounts[1].reason);
    EXPECT_EQ(portfolio.accounts[2].grade.reason, "reverted");
    EXPECT_FALSE(portfolio.unified);
    EXPECT_EQ(portfolio.unified_reason, "stale: no block of chain 1 for 31 s");
    EXPECT_TRUE(portfolio.headline.doubtful_price);
    for (const ReferencePrice& price : report.prices) EXPECT_EQ(price.grade, PriceGrade::stale) << price.asset.symbol;
}

TEST(EvaluateStale, leaves_the_accounts_of_other_chains_and_takes_their_feeds_instead) {
    testing::SyntheticBook book;
    book.accounts.push_back({1, {{"supply.ETH", 1000}, {"debt.USD", 400'000}}, false, "", ""});
    Snapshot snapshot = book.snapshot();
    // A feed of the same underlying on chain 5, which has nothing of the portfolio and does not answer.
    ReferencePrice other = snapshot.prices[1];
    ASSERT_EQ(other.asset.symbol, "ETH");
    other.chain = ChainId{5};
    snapshot.prices.insert(snapshot.prices.begin() + 2, other);
    const Report before = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    snapshot.troubles.push_back({ChainId{5}, TroubleKind::stale, "gone"});
    Report report = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    EXPECT_EQ(report.portfolios[0].accounts[0].level, Level::ok);
    EXPECT_TRUE(report.portfolios[0].unified);
    // Where it is the only feed, the book has no price to stand on.
    std::erase_if(snapshot.prices, [](const ReferencePrice& price) { return price.asset.symbol == "ETH" && price.chain == ChainId{1}; });
    report = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    EXPECT_FALSE(report.portfolios[0].unified);
    EXPECT_EQ(report.portfolios[0].unified_reason, "reference price of ETH is stale (synthetic:ETH)");
    // Disputed and single_source are told of and change no figure.
    snapshot = book.snapshot();
    snapshot.troubles.push_back({ChainId{1}, TroubleKind::single_source, "one"});
    snapshot.troubles.push_back({ChainId{1}, TroubleKind::disputed, "two"});
    report = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    EXPECT_EQ(report.portfolios[0].accounts[0].level, before.portfolios[0].accounts[0].level);
    EXPECT_FALSE(report.portfolios[0].accounts[0].grade.qualifiers.disputed);
    EXPECT_TRUE(report.portfolios[0].unified);
}

}  // namespace
}  // namespace margind::risk
