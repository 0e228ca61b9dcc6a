// Laws of the unified margin with expected shortfall, add-ons and options, over random books.
#include "risk/margin.hpp"
#include "risk/model/json_print.hpp"
#include "risk/model/report_fields.hpp"
#include "tests/support/paper_random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/Configuration.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace margind::risk {
namespace {

using namespace model;
using testing::PaperBook;
using testing::PaperHolder;
using testing::PaperOption;
using testing::PaperPosition;
using testing::random_paper_book;

PaperBook any_book(std::size_t most_accounts = 4, bool options = true) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RC_TAG(options ? "with options" : "linear");
    return random_paper_book(seed, most_accounts, options);
}

UnifiedBook unified(const PaperBook& book) {
    Result<UnifiedBook> result = book.unify();
    if (!result) RC_FAIL(result.error().message);
    if (!result->figures.tail) RC_FAIL(result->figures.tail_reason);
    return *std::move(result);
}

double size_of(const Unified& figures) {
    double size = 1;
    for (const UnderlyingExposure& row : figures.exposures) size += row.gross_delta_usd;
    return size;
}

void close(double a, double b, double scale) { RC_ASSERT(std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b), scale})); }

/// As RC_GTEST_PROP, with fewer cases: each evaluates whole books.
void check_law(void (*law)()) {
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = std::max(20, params.maxSuccess / 20);
    rc::detail::TestMetadata metadata;
    metadata.id = std::string("MarginLaws/") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const rc::detail::TestResult result = rc::detail::checkTestable(law, metadata, params);
    if (result.is<rc::detail::SuccessResult>()) return;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    FAIL() << "seed " << params.seed << '\n' << text.str();
}

#define LAW(name)                                      \
    void law_##name();                                 \
    TEST(MarginLaws, name) { check_law(&law_##name); } \
    void law_##name()

LAW(a_dollar_more_is_a_dollar_of_equity_and_no_risk) {
    PaperBook book = any_book();
    // Of an account that stays solvent with and without it.
    book.holders[0].numeraire = "USD";
    std::erase_if(book.holders[0].positions, [](const PaperPosition& position) { return position.option.has_value(); });
    book.holders[0].positions.push_back({Instrument::spot, "USD", 1e9});
    const Unified before = unified(book).figures;
    book.holders[0].positions.back().quantity += 1;
    const Unified after = unified(book).figures;
    close(after.equity_usd, before.equity_usd + 1, 1e9);
    close(after.core_usd, before.core_usd, size_of(before));
    close(after.mm_usd, before.mm_usd, size_of(before));
}

LAW(order_of_positions_is_irrelevant) {
    PaperBook book = any_book();
    const Unified before = unified(book).figures;
    for (PaperHolder& holder : book.holders) std::reverse(holder.positions.begin(), holder.positions.end());
    const Unified after = unified(book).figures;
    close(after.mm_usd, before.mm_usd, size_of(before));
    close(after.tail->es_usd, before.tail->es_usd, size_of(before));
    close(after.netting_usd, before.netting_usd, size_of(before));
}

LAW(a_split_position_changes_nothing) {
    PaperBook book = any_book();
    const Unified whole = unified(book).figures;
    for (PaperHolder& holder : book.holders) {
        std::vector<PaperPosition> halves;
        for (PaperPosition position : holder.positions) {
            position.quantity /= 2;
            position.carry_per_day /= 2;
            halves.push_back(position);
            halves.push_back(position);
        }
        holder.positions = std::move(halves);
    }
    const Unified split = unified(book).figures;
    close(split.mm_usd, whole.mm_usd, size_of(whole));
    close(split.im_usd, whole.im_usd, size_of(whole));
    close(split.core_usd, whole.core_usd, size_of(whole));
}

void add_twice(PaperBook& book) {
    const std::vector<PaperHolder> once = book.holders;
    book.holders.insert(book.holders.end(), once.begin(), once.end());
}

LAW(doubling_the_book_doubles_core) {
    PaperBook book = any_book(3);
    const Unified once = unified(book).figures;
    add_twice(book);
    const Unified twice = unified(book).figures;
    close(twice.core_usd, 2 * once.core_usd, 2 * size_of(once));
    close(twice.tail->es_usd, 2 * once.tail->es_usd, 2 * size_of(once));
    // What it costs to close grows faster than the book.
    RC_ASSERT(twice.mm_usd >= 2 * once.mm_usd - 1e-9 * size_of(twice));
}

LAW(core_is_subadditive) {
    PaperBook a = any_book(3);
    PaperBook b = a;
    b.holders = random_paper_book(*rc::gen::arbitrary<std::uint64_t>(), 3).holders;
    // The same paths and scenarios on both sides: every asset and its vols in both.
    for (PaperBook* const book : {&a, &b}) {
        book->holders[0].positions.push_back({Instrument::perp, "USDC", 1e-9});
        for (const char* const asset : {"BTC", "ETH", "UNI", "wstETH"})
            book->holders[0].positions.push_back(
                {Instrument::option, asset, 1e-9, 0, PaperOption{OptionKind::call, book->usd.at(asset), 0.5, 30 * 86'400}});
    }
    PaperBook both = a;
    both.holders.insert(both.holders.end(), b.holders.begin(), b.holders.end());
    const Unified of_a = unified(a).figures;
    const Unified of_b = unified(b).figures;
    const Unified sum = unified(both).figures;
    const double slack = 1e-9 * size_of(sum);
    RC_ASSERT(sum.core_usd <= of_a.core_usd + of_b.core_usd + slack);
    RC_ASSERT(sum.tail->es_star_usd <= of_a.tail->es_star_usd + of_b.tail->es_star_usd + slack);
    RC_ASSERT(sum.grid_margin_usd <= of_a.grid_margin_usd + of_b.grid_margin_usd + slack);
}

LAW(netting_is_not_negative_and_nothing_for_one_account) {
    PaperBook book = any_book();
    RC_ASSERT(unified(book).figures.netting_usd >= 0);
    book.holders.resize(1);
    close(unified(book).figures.netting_usd, 0, size_of(unified(book).figures));
}

LAW(a_long_option_never_loses_more_than_its_value) {
    PaperBook book = any_book(1);
    book.holders = {{"paper", "USD", {}}};
    const double strike = *rc::gen::inRange(500, 8000);
    const auto seconds = *rc::gen::inRange<std::int64_t>(1, 300 * 86'400);
    const PaperOption option{*rc::gen::arbitrary<bool>() ? OptionKind::call : OptionKind::put, strike, 0.2 + 0.01 * *rc::gen::inRange(0, 150),
                             seconds};
    book.holders[0].positions = {{Instrument::option, "ETH", 10, 0, option}};
    const UnifiedBook result = unified(book);
    const double value = 10 * value_of(testing::paper_contract(option, 2000, option.vol), 0, 0, option.vol);
    const double bound = value * (1 + 1e-9) + 1e-6;
    RC_ASSERT(result.figures.grid_margin_usd <= bound);
    RC_ASSERT(result.figures.tail->es_usd <= bound);
    RC_ASSERT(result.figures.tail->es_stressed_usd <= bound);
    for (const ScenarioResult& scenario : result.figures.scenarios) RC_ASSERT(scenario.pnl_usd >= -bound);
}

LAW(call_less_put_is_a_forward_in_every_scenario) {
    PaperBook book = any_book(1);
    const double strike = *rc::gen::inRange(1000, 4000);
    const auto seconds = *rc::gen::inRange<std::int64_t>(2 * 86'400, 200 * 86'400);
    const double vol = 0.3 + 0.01 * *rc::gen::inRange(0, 100);
    book.holders = {{"paper",
                     "USD",
                     {{Instrument::option, "ETH", 5, 0, PaperOption{OptionKind::call, strike, vol, seconds}},
                      {Instrument::option, "ETH", -5, 0, PaperOption{OptionKind::put, strike, vol, seconds}},
                      {Instrument::perp, "ETH", -5}}}};
    const UnifiedBook result = unified(book);
    const double scale = 5 * 2000;
    for (const ScenarioResult& scenario : result.figures.scenarios) close(scenario.pnl_usd, 0, scale);
    close(result.figures.tail->es_usd, 0, scale);
    close(result.figures.margin_eta_1, 0, scale);
}

LAW(an_identical_position_at_another_venue_leaves_core) {
    PaperBook here = any_book();
    for (PaperHolder& holder : here.holders) holder.venue = "paper_a";
    PaperBook there = here;
    there.holders.back().venue = "paper_b";
    const Unified one = unified(here).figures;
    const Unified other = unified(there).figures;
    close(one.core_usd, other.core_usd, size_of(one));
}

LAW(attribution_adds_up) {
    const UnifiedBook result = unified(any_book());
    const Attribution& all = result.attribution;
    RC_ASSERT(all.total.es_usd == result.figures.tail->es_usd);
    RC_ASSERT(all.total.grid_usd == result.figures.grid_margin_usd);
    RC_ASSERT(all.total.mm_usd == result.figures.mm_usd);
    const auto adds_up = [&](const auto& lines, double Shares::*figure) {
        double sum = 0;
        double largest = 1;
        for (const auto& line : lines) {
            sum += line.shares.*figure;
            largest = std::max(largest, std::abs(line.shares.*figure));
        }
        RC_ASSERT(std::abs(sum - all.total.*figure) <= 0x1p-50 * largest);
    };
    for (double Shares::*const figure : {&Shares::es_usd, &Shares::grid_usd, &Shares::mm_usd}) {
        adds_up(all.positions, figure);
        adds_up(all.venues, figure);
        adds_up(all.underlyings, figure);
        adds_up(all.factors, figure);
    }
    // The rule of these accounts is the positions' own sum: nothing is left over for it.
    for (const PositionShare& line : all.positions)
        if (line.label == "rule") RC_ASSERT(std::abs(line.shares.grid_usd) <= 1e-9 * size_of(result.figures));
}

LAW(what_is_not_known_is_left_out_and_named) {
    PaperBook book = any_book();
    book.holders[0].positions.push_back({Instrument::perp, "ETH", 3});
    book.holders.push_back({"paper_c", "USD", {{Instrument::spot, "BTC", 1}}});
    const Unified known = unified(book).figures;
    book.market.assets[{"ETH"}].funding_long_24h.reset();
    book.market.assets[{"ETH"}].funding_short_24h.reset();
    book.market.assets[{"BTC"}].liquidity.reset();
    const Unified partly = unified(book).figures;
    RC_ASSERT(partly.mm_usd <= known.mm_usd + 1e-9 * size_of(known));
    for (const char* const name : {"liquidity", "concentration"}) {
        const auto add_on = std::find_if(partly.add_ons.begin(), partly.add_ons.end(), [&](const AddOn& one) { return one.name == name; });
        RC_ASSERT(!add_on->usd.has_value());
        RC_ASSERT(add_on->reason.find("BTC") != std::string::npos);
    }
    RC_ASSERT(!partly.margin_lacks.empty());
}

LAW(more_scenarios_never_lower_a_worst_loss) {
    PaperBook book = any_book();
    const Unified before = unified(book).figures;
    for (const char* const asset : {"BTC", "ETH", "UNI", "USDC", "wstETH"}) book.holders[0].positions.push_back({Instrument::perp, asset, 0});
    const Unified after = unified(book).figures;
    RC_ASSERT(after.margin_eta_0 >= before.margin_eta_0 - 1e-12 * size_of(before));
    RC_ASSERT(after.margin_eta_1 >= before.margin_eta_1 - 1e-12 * size_of(before));
}

TEST(MarginLaws, an_empty_book_needs_nothing) {
    PaperBook book = random_paper_book(1);
    book.holders.clear();
    const Result<UnifiedBook> result = book.unify();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->figures.mm_usd, 0);
    EXPECT_EQ(result->figures.im_usd, 0);
    EXPECT_EQ(result->figures.core_usd, 0);
    EXPECT_FALSE(result->figures.cover);
    EXPECT_TRUE(result->stress.empty());
}

TEST(MarginLaws, the_same_bits_with_one_and_two_threads) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const PaperBook book = random_paper_book(seed);
        const Result<UnifiedBook> one = book.unify(1);
        const Result<UnifiedBook> two = book.unify(2);
        ASSERT_TRUE(one && two);
        EXPECT_EQ(one->figures.mm_usd, two->figures.mm_usd);
        EXPECT_EQ(one->figures.netting_usd, two->figures.netting_usd);
        EXPECT_EQ(one->figures.tail->es_usd, two->figures.tail->es_usd);
    }
}

std::string text_of(const UnifiedBook& book) { return json_text_of(book.figures) + json_text_of(book.attribution) + json_text_of(book.stress); }

TEST(MarginLaws, what_is_kept_changes_no_bit) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        PaperBook book = random_paper_book(seed);
        const PaperBook::Accounts then = book.accounts();
        const Result<UnifiedBook> before = book.unify(then);
        ASSERT_TRUE(before) << before.error().message;
        book.usd["ETH"] *= 1.01;
        PaperBook::Accounts now = book.accounts();
        for (std::size_t i = 0; i < now.size(); ++i) {
            const bool holds = std::any_of(book.holders[i].positions.begin(), book.holders[i].positions.end(),
                                           [](const PaperPosition& position) { return position.underlying == "ETH"; });
            if (!holds) now[i] = then[i];
        }
        const Result<UnifiedBook> fresh = book.unify();
        const Result<UnifiedBook> again = book.unify(now, 1, before->kept.get());
        ASSERT_TRUE(fresh && again);
        EXPECT_EQ(text_of(*again), text_of(*fresh)) << "seed " << seed;
    }
}

}  // namespace
}  // namespace margind::risk
