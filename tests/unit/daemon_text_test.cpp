// What people read: numbers, log values, the first lines of a report, exit codes.
#include "daemon/exit_code.hpp"
#include "daemon/log_value.hpp"
#include "daemon/text.hpp"
#include "risk/evaluate.hpp"
#include "tests/support/synthetic_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace margind::daemon {
namespace {

TEST(Grouped, separates_thousands_and_keeps_decimals) {
    EXPECT_EQ(grouped(0, 2), "0.00");
    EXPECT_EQ(grouped(999.995, 2), "1,000.00");
    EXPECT_EQ(grouped(1234567.891, 2), "1,234,567.89");
    EXPECT_EQ(grouped(-1234.5, 1), "-1,234.5");
    EXPECT_EQ(grouped(-0.001, 2), "0.00");
    EXPECT_EQ(grouped(123456, 0), "123,456");
}

TEST(PriceText, shows_as_many_digits_as_the_size_asks_for) {
    EXPECT_EQ(price_text(64250.1), "64,250.10");
    EXPECT_EQ(price_text(1.00012), "1.0001");
    EXPECT_EQ(price_text(0.000123456), "0.000123456");
    EXPECT_EQ(price_text(0), "0.00");
}

TEST(OptionText, says_what_it_pays_on) {
    const auto units = [](std::int64_t raw, std::uint8_t decimals) { return model::Money{model::I256{raw}, decimals, "sUSD"}; };
    model::OptionTerms option;
    option.kind = model::OptionKind::put;
    option.strike = units(180'000, 2);
    option.expiry = 1'767'225'600;
    option.vol = units(652, 3);
    option.vol_source = "GWAV";
    option.delta = units(-2510, 4);
    EXPECT_EQ(option_text(option), "put 1,800.00 expires 2026-01-01 00:00:00 UTC, vol 65.20 % (GWAV), delta -0.2510");
    option.vol.reset();
    option.settlement_price = units(1750, 0);
    EXPECT_EQ(option_text(option), "put 1,800.00 expires 2026-01-01 00:00:00 UTC, settled at 1,750.00");
}

TEST(LogValue, lets_no_text_start_a_line_or_a_key) {
    EXPECT_EQ(log_value("plain"), "\"plain\"");
    EXPECT_EQ(log_value("a\" level=error x=\""), "\"a\\\" level=error x=\\\"\"");
    EXPECT_EQ(log_value("one\ntwo\x7f\\"), "\"one\\x0atwo\\x7f\\\\\"");
    EXPECT_EQ(log_value(std::string(3000, 'a')).size(), 2000 + 2 + std::string("…").size());
}

TEST(ExitCode, follows_the_headline_alone) {
    using model::Level;
    const std::pair<Level, ExitCode> rows[] = {{Level::liquidatable, ExitCode::critical}, {Level::critical, ExitCode::critical},
                                               {Level::call, ExitCode::warned},           {Level::warn, ExitCode::warned},
                                               {Level::unknown, ExitCode::unknown},       {Level::watch, ExitCode::ok},
                                               {Level::ok, ExitCode::ok}};
    for (const auto& [level, code] : rows) {
        model::Headline headline;
        headline.level = level;
        EXPECT_EQ(exit_code_of(headline), code) << model::to_string(level);
        headline.doubtful_price = true;
        EXPECT_EQ(exit_code_of(headline), code == ExitCode::ok ? ExitCode::unknown : code) << model::to_string(level);
    }
}

// 1 ETH at 2,000 against 1,400 USD at a threshold of 80 %: liquidated at 1,750, 12.5 % below.
TEST(Text, begins_with_what_would_be_liquidated_first) {
    testing::SyntheticBook book;
    book.debt_rate = 0;
    testing::SyntheticBook::Account account;
    account.holdings["supply.ETH"] = 1000;
    account.holdings["debt.USD"] = 1'400'000;
    book.accounts.push_back(account);
    const model::Report report = risk::evaluate(book.snapshot(), [&](const std::string&) { return &book.rule; }, book.market, book.policy);
    const std::string text = to_text(report.portfolios.front(), report, book.policy);
    EXPECT_NE(text.find("ETH oracle at 1,750.00 (now 2,000.00, -12.50 %)"), std::string::npos) << text;
    EXPECT_LT(text.find("first liquidation"), text.find("loss if it happens"));
    EXPECT_LT(text.find("loss if it happens"), text.find("smallest action"));
    EXPECT_LT(text.find("smallest action"), text.find("unified equity"));
    EXPECT_LT(text.find("unified equity"), text.find("as of"));
}

TEST(Text, calls_no_liquidation_price_none_that_is_unknown) {
    const auto table_of = [](const std::string& unreadable, std::optional<std::int64_t> refuses_above) {
        testing::SyntheticBook book;
        book.accounts = {{1, {{"supply.ETH", 1'000}}, false, "", unreadable}};
        book.refuses_above = refuses_above;
        const model::Report report = book.report();
        std::string text = to_text(report.portfolios.front(), report, book.policy);
        text.erase(0, text.find("liquidation at"));
        return text.substr(0, text.find("\n\n"));
    };
    EXPECT_NE(table_of("", std::nullopt).find(" none"), std::string::npos);
    EXPECT_EQ(table_of("time-out", std::nullopt).find(" none"), std::string::npos);
    EXPECT_EQ(table_of("", 300'000'000'000).find(" none"), std::string::npos);
}

TEST(Text, lists_every_account_with_venue_grade_and_distance_in_columns_of_one_width) {
    testing::SyntheticBook book;
    book.debt_rate = 0;
    const std::string market = "0x" + std::string(56, 'c') + "12345678";
    const std::map<std::string, std::int64_t> debts{{"", 1'000'000}, {"7", 1'200'000}, {"12", 1'400'000}, {market, 1'500'000}};
    for (const auto& [sub, debt] : debts) {
        testing::SyntheticBook::Account account;
        account.holdings["supply.ETH"] = 1000;
        account.holdings["debt.USD"] = debt;
        account.sub = sub;
        book.accounts.push_back(account);
    }
    const model::Report report = book.report();
    const std::string text = to_text(report.portfolios.front(), report, book.policy);
    EXPECT_NE(text.find("account 0xcccc…5678, ETH oracle at 1,875.00"), std::string::npos) << text;
    std::vector<std::string> rows;
    const std::size_t begin = text.find("  venue");
    ASSERT_NE(begin, std::string::npos) << text;
    for (std::size_t at = begin; text[at] == ' '; at = text.find('\n', at) + 1) rows.push_back(text.substr(at, text.find('\n', at) - at));
    ASSERT_EQ(rows.size(), 1 + debts.size()) << text;
    // 1 ETH at 2,000 with a threshold of 80 %: liquidated at the debt / 0.8.
    for (const char* price : {"ETH 1,250.00", "ETH 1,500.00", "ETH 1,750.00", "ETH 1,875.00"})
        EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [&](const std::string& row) { return row.ends_with(price); }), 1) << price << "\n" << text;
    const auto width = [](const std::string& row) { return std::count_if(row.begin(), row.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }); };
    for (const std::string& row : rows) EXPECT_EQ(width(row), width(rows.front())) << text;
    // In full below the table.
    EXPECT_NE(text.find(" account " + market + "\n"), std::string::npos) << text;
}

TEST(Text, says_in_plain_words_what_the_figures_are_worth) {
    testing::SyntheticBook book;
    book.accounts = {{1, {{"supply.ETH", 1'000}}, false, "", ""}};
    model::Snapshot snapshot = book.snapshot();
    snapshot.accounts.front().qualifiers.single_source = true;
    snapshot.accounts.front().qualifiers.disputed = true;
    snapshot.troubles.push_back({model::ChainId{1}, model::TroubleKind::stale, "no block for 31 s"});
    const model::Report report = risk::evaluate(snapshot, book.rules(), book.market, book.policy);
    const std::string text = to_text(report.portfolios.front(), report, book.policy);
    for (const char* said : {"old figures         chain 1: no block for 31 s", "stale disputed single-source", "one operator alone vouches for it",
                             "operators or feeds contradict each other", "UNKNOWN: stale: no block for 31 s; by the last figures "})
        EXPECT_NE(text.find(said), std::string::npos) << said << "\n" << text;
}

}  // namespace
}  // namespace margind::daemon
