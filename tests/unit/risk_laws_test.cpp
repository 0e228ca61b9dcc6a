// Laws that hold for every book: random synthetic books against each of them.
#include "risk/evaluate.hpp"

#include "risk/model/json_text.hpp"
#include "risk/model/json_writer.hpp"
#include "risk/model/report_fields.hpp"
#include "risk/unified.hpp"
#include "tests/support/synthetic_book.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <rapidcheck/detail/Configuration.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace margind::risk {
namespace {

using namespace model;
using testing::e8;
using testing::Holdings;
using testing::SyntheticBook;

/// A holding of each kind or none; sizes from dust to thousands, of either side for perps.
Holdings random_holdings() {
    Holdings holdings;
    for (const std::string asset : {"BTC", "ETH", "LINK", "USDC", "USD"}) {
        if (*rc::gen::inRange(0, 2) == 1) holdings["supply." + asset] = *rc::gen::inRange<std::int64_t>(1, 50'000);
        if (*rc::gen::inRange(0, 3) == 1) holdings["debt." + asset] = *rc::gen::inRange<std::int64_t>(1, 50'000);
        if (asset != "USD" && asset != "USDC" && *rc::gen::inRange(0, 3) == 1) {
            holdings["perp." + asset] = *rc::gen::inRange<std::int64_t>(-50'000, 50'000);
            holdings["entry." + asset] = SyntheticBook{}.listings.at(asset).price + *rc::gen::inRange<std::int64_t>(-e8, e8);
        }
    }
    return holdings;
}

SyntheticBook random_book(int largest = 5) {
    SyntheticBook book;
    // The laws do not depend on how finely liquidation prices are searched.
    book.policy.scan_steps = 40;
    const int count = *rc::gen::inRange(1, largest + 1);
    for (int i = 0; i < count; ++i)
        book.accounts.push_back({static_cast<std::uint8_t>(*rc::gen::inRange(1, 4)), random_holdings(), *rc::gen::arbitrary<bool>(),
                                 std::to_string(i), ""});
    return book;
}

const Unified& unified(const PortfolioReport& report) {
    RC_ASSERT(report.unified.has_value());
    return *report.unified;
}

/// core of this version: the grid margin.
double core(const Unified& figures) { return figures.grid_margin_usd; }

void close(double a, double b, double scale) { RC_ASSERT(std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b), scale})); }

/// Everything the accounts hold, in dollars: what rounding errors are measured by.
double size_of(const Unified& figures) {
    double size = 0;
    for (const UnderlyingExposure& row : figures.exposures) size += row.gross_delta_usd;
    return size;
}

std::string text_of(const Report& report) {
    nlohmann::json document;
    write_json(JsonWriter(document), report);
    return print_json(document);
}

/// As RC_GTEST_PROP, with a twentieth of the cases asked for: each of ours evaluates whole books.
void check_law(void (*law)()) {
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = std::max(50, params.maxSuccess / 20);
    rc::detail::TestMetadata metadata;
    metadata.id = std::string("Laws/") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const rc::detail::TestResult result = rc::detail::checkTestable(law, metadata, params);
    if (result.is<rc::detail::SuccessResult>()) return;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    FAIL() << text.str();
}

#define LAW(name)                          \
    void law_##name();                     \
    TEST(Laws, name) {                     \
        check_law(&law_##name);            \
    }                                      \
    void law_##name()

LAW(a_dollar_more_is_a_dollar_of_equity_and_no_risk) {
    SyntheticBook book = random_book();
    for (SyntheticBook::Account& account : book.accounts) account.usdc = false;
    const PortfolioReport before = book.book();
    book.accounts[0].holdings["supply.USD"] += 1000;
    const PortfolioReport after = book.book();
    const auto find = [&](const PortfolioReport& report) {
        for (const AccountReport& account : report.accounts)
            if (account.key.sub == "0") return *account.equity_usd;
        return 0.0;
    };
    close(find(after), find(before) + 1, 0);
    close(core(unified(after)), core(unified(before)), size_of(unified(before)));
    if (find(before) >= 0) close(unified(after).equity_usd, unified(before).equity_usd + 1, 0);
}

LAW(order_of_reading_is_irrelevant) {
    SyntheticBook book = random_book();
    const std::string before = text_of(book.report());
    std::reverse(book.accounts.begin(), book.accounts.end());
    RC_ASSERT(text_of(book.report()) == before);
}

LAW(same_bits_on_every_thread) {
    const SyntheticBook book = random_book();
    const std::string here = text_of(book.report());
    std::string one;
    std::string two;
    std::thread first([&] { one = text_of(book.report()); });
    std::thread second([&] { two = text_of(book.report()); });
    first.join();
    second.join();
    RC_ASSERT(one == here);
    RC_ASSERT(two == here);
}

LAW(a_split_position_changes_nothing_for_the_book) {
    SyntheticBook whole = random_book(1);
    SyntheticBook split = whole;
    // The same holdings in two accounts of the same owner; even sizes, so that the halves are exact.
    for (auto& [name, amount] : whole.accounts[0].holdings)
        if (!name.starts_with("entry.")) amount *= 2;
    split.accounts.push_back(split.accounts[0]);
    split.accounts[1].sub = "1";
    const Unified one = unified(whole.book());
    const Unified two = unified(split.book());
    // Integers of the venue are rounded once per leg.
    const double scale = 1e3 + size_of(one);
    close(core(one), core(two), scale);
    close(one.mm_usd, two.mm_usd, scale);
    close(one.equity_usd, two.equity_usd, scale);
    close(one.net_delta_usd, two.net_delta_usd, scale);
    close(one.gross_delta_usd, two.gross_delta_usd, scale);
}

LAW(doubling_the_book_doubles_core) {
    SyntheticBook book = random_book(3);
    const Unified once = unified(book.book());
    const std::size_t count = book.accounts.size();
    for (std::size_t i = 0; i < count; ++i) {
        book.accounts.push_back(book.accounts[i]);
        book.accounts.back().sub += "b";
    }
    close(core(unified(book.book())), 2 * core(once), 2 * size_of(once));
}

LAW(core_is_subadditive) {
    const SyntheticBook a = random_book(3);
    SyntheticBook b = random_book(3);
    for (SyntheticBook::Account& account : b.accounts) account.sub += "b";
    SyntheticBook both = a;
    both.accounts.insert(both.accounts.end(), b.accounts.begin(), b.accounts.end());
    const Unified of_a = unified(a.book());
    const Unified of_b = unified(b.book());
    const Unified sum = unified(both.book());
    RC_ASSERT(core(sum) <= core(of_a) + core(of_b) + 1e-9 * size_of(sum) + 1e-6);
    RC_ASSERT(sum.mm_usd <= of_a.mm_usd + of_b.mm_usd + 1e-9 * size_of(sum) + 1e-6);
}

LAW(netting_is_not_negative_and_nothing_for_one_account) {
    const SyntheticBook book = random_book();
    RC_ASSERT(unified(book.book()).netting_usd >= 0);
    SyntheticBook single = book;
    single.accounts.resize(1);
    RC_ASSERT(unified(single.book()).netting_usd == 0);
}

LAW(netting_is_what_the_accounts_alone_need_more) {
    const SyntheticBook book = random_book();
    const Unified together = unified(book.book());
    double alone = 0;
    for (const SyntheticBook::Account& account : book.accounts) {
        SyntheticBook single = book;
        single.accounts = {account};
        alone += unified(single.book()).mm_usd;
    }
    RC_ASSERT(std::abs(alone - together.mm_usd - together.netting_usd) <= 1e-9 * size_of(together) + 1e-6);
}

LAW(the_sum_is_never_below_the_joint_and_eta_goes_between) {
    const Unified u = unified(random_book().book());
    RC_ASSERT(u.margin_eta_1 >= u.margin_eta_0);
    RC_ASSERT(u.margin_eta_half >= u.margin_eta_0);
    RC_ASSERT(u.margin_eta_half <= u.margin_eta_1);
    RC_ASSERT(u.margin_eta_0 >= 0);
    double joint = 0;
    double sum = 0;
    for (const ScenarioResult& row : u.scenarios)
        if (row.joint) joint = std::max(joint, -row.pnl_usd);
    for (const UnderlyingExposure& row : u.exposures) sum += row.worst_loss_usd;
    RC_ASSERT(joint == u.margin_eta_0);
    // In the grid's joint scenarios no product of two moves occurs (a numeraire without beta stays): legs make the sum.
    RC_ASSERT(sum >= joint - 1e-9 * size_of(u) - 1e-6);
    RC_ASSERT(u.mm_usd <= u.im_usd);
    RC_ASSERT(u.mm_usd >= u.floor_usd);
}

LAW(the_sum_is_not_below_the_joint_where_money_moves_with_the_market) {
    SyntheticBook book = random_book();
    for (SyntheticBook::Account& account : book.accounts) account.usdc = true;
    book.market.assets[{"USDC"}].beta = *rc::gen::element(-0.5, -1.5, 0.5, 1.5);
    const Unified u = unified(book.book());
    RC_ASSERT(u.margin_eta_1 >= u.margin_eta_0);
}

LAW(more_scenarios_never_lower_a_worst_loss) {
    SyntheticBook book = random_book();
    const Unified before = unified(book.book());
    // A position of one unit of dust brings its underlying's scenarios into the grid.
    book.accounts.push_back({1, {{"supply.BTC", 0}, {"supply.ETH", 0}, {"supply.LINK", 0}, {"supply.USDC", 0}}, true, "dust", ""});
    const Unified after = unified(book.book());
    RC_ASSERT(after.scenarios.size() >= before.scenarios.size());
    RC_ASSERT(after.margin_eta_0 >= before.margin_eta_0);
    RC_ASSERT(after.margin_eta_1 >= before.margin_eta_1);
}

LAW(the_headline_is_never_better_than_a_material_account) {
    const PortfolioReport report = random_book().book();
    for (const AccountReport& account : report.accounts)
        if (account.material) RC_ASSERT(report.headline.level <= account.level);
    if (report.unified && report.unified->cover) {
        if (*report.unified->cover < 0.5) RC_ASSERT(report.headline.level <= Level::warn);
        if (*report.unified->cover < 1) RC_ASSERT(report.headline.level <= Level::watch);
    }
    RC_ASSERT(std::any_of(report.accounts.begin(), report.accounts.end(), [](const AccountReport& a) { return a.material; }));
}

LAW(an_account_that_turns_unknown_improves_nothing_that_is_left) {
    SyntheticBook book = random_book();
    const auto lost = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(book.accounts.size())));
    book.accounts[lost].unreadable = "time-out";
    const PortfolioReport after = book.book();
    RC_ASSERT(!after.unified.has_value());
    RC_ASSERT(after.partial);
    RC_ASSERT(after.headline.level <= Level::unknown);
    const std::string gone = std::to_string(lost);
    for (const AccountReport& account : after.accounts) {
        if (account.key.sub == gone) {
            RC_ASSERT(account.level == Level::unknown);
            RC_ASSERT(account.material);
        } else if (account.material) {
            RC_ASSERT(after.headline.level <= account.level);
        }
    }
}

LAW(the_published_headline_does_not_improve_when_an_account_turns_unknown) {
    SyntheticBook book = random_book();
    const StepResult before = step({}, book.report(), book.policy);
    const auto lost = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(book.accounts.size())));
    book.accounts[lost].unreadable = "time-out";
    const StepResult after = step(before.memory, book.report(), book.policy);
    RC_ASSERT(after.memory.portfolios.begin()->second.headline.level <= before.memory.portfolios.begin()->second.headline.level);
    for (const auto& [key, account] : before.memory.portfolios.begin()->second.accounts) {
        const AccountMemory& then = after.memory.portfolios.begin()->second.accounts.at(key);
        RC_ASSERT(*then.level <= *account.level);
        RC_ASSERT(then.material || !account.material);
    }
}

LAW(figures_of_one_candidate_belong_together) {
    const SyntheticBook book = random_book();
    for (const AccountReport& account : book.book().accounts) {
        double last = 0;
        for (const Candidate& row : account.candidates) {
            RC_ASSERT(row.z >= last);
            last = row.z;
            RC_ASSERT(row.p_touch_24h >= 0);
            RC_ASSERT(row.p_touch_24h <= 1);
            if (account.level == Level::liquidatable) {
                RC_ASSERT(row.z == 0);
                RC_ASSERT(row.room == 0);
                RC_ASSERT(row.h <= 1);
                continue;
            }
            RC_ASSERT(row.h >= 1);
            RC_ASSERT(std::abs(std::log(row.h) / row.sigma_24h - row.z) <= 1e-9 * (1 + row.z));
            RC_ASSERT(std::abs((row.direction == Direction::down ? 1 - 1 / row.h : row.h - 1) - row.room) <= 1e-9 * (1 + row.h));
        }
    }
}

TEST(Laws, identical_position_at_another_venue_leaves_core) {
    SyntheticBook here;
    here.accounts = {{1, {{"supply.ETH", 10'000}, {"debt.BTC", 200}}, false, "", ""},
                     {2, {{"supply.LINK", 10'000}, {"debt.ETH", 10}}, false, "", ""}};
    SyntheticBook there = here;
    there.accounts[1].owner = 1;
    there.accounts[1].sub = "moved";
    EXPECT_EQ(core(*here.book().unified), core(*there.book().unified));
}

}  // namespace
}  // namespace margind::risk
