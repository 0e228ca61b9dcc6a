// What holds of Derive's margins for any book: long options need nothing, spreads are capped, order and splitting change nothing.
#include "adapters/protocols/derive/account.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/portfolio_margin.hpp"
#include "adapters/protocols/derive/raw_account.hpp"
#include "adapters/protocols/derive/standard_margin.hpp"
#include "risk/model/money.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

namespace margind::adapters::protocols::derive {
namespace {

using nlohmann::json;

constexpr int books = 300;

std::string file_text(const std::string& name) {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/derive/" + name);
    EXPECT_TRUE(file) << name;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Parameters, prices and scenarios of a published case of each manager.
Book template_of(ManagerKind kind) {
    const char* name = kind == ManagerKind::standard ? "standard_short_call.json" : kind == ManagerKind::pmrm ? "pmrm_short_call.json" : "pmrm_2_short_put.json";
    auto book = parse_raw_account(file_text(name));
    EXPECT_TRUE(book) << (book ? "" : book.error().message);
    book->markets.front().expiries.clear();
    return *std::move(book);
}

I256 part(const I256& whole, std::int64_t permille) {
    Checked m;
    return m.mul_div(whole, permille, 1000);
}

struct Draw {
    std::mt19937 random;
    std::int64_t between(std::int64_t low, std::int64_t high) { return std::uniform_int_distribution<std::int64_t>(low, high)(random); }
    Option option(const Book& book, bool is_long) {
        return {part(book.markets.front().spot.price, between(400, 2500)), between(0, 1) == 1, part(wad, is_long ? between(1, 5000) : between(-5000, 5000)),
                part(wad, between(300, 1500))};
    }
    Expiry expiry(const Book& book) {
        Expiry expiry;
        expiry.time = static_cast<std::uint64_t>(book.time + between(3600, 180LL * 86'400));
        expiry.forward_variable = part(book.markets.front().spot.price, between(980, 1050));
        expiry.forward_confidence = expiry.volatility_confidence = expiry.rate_confidence = wad;
        expiry.rate = part(wad, between(-50, 150));
        return expiry;
    }
    Book book(ManagerKind kind, bool is_long) {
        Book book = template_of(kind);
        Market& market = book.markets.front();
        const std::int64_t expiries = between(1, 3);
        for (std::int64_t e = 0; e < expiries; ++e) {
            Expiry row = expiry(book);
            const std::int64_t options = between(1, 4);
            for (std::int64_t o = 0; o < options; ++o) {
                const Option drawn = option(book, is_long);
                if (!drawn.amount.is_zero()) row.options.push_back(drawn);
            }
            market.expiries.push_back(std::move(row));
        }
        return book;
    }
};

Pair margin_of(const Book& book) {
    if (book.manager == ManagerKind::standard) {
        const auto margin = standard_margin(book);
        EXPECT_TRUE(margin) << (margin ? "" : margin.error().message);
        return margin ? margin->margin : Pair{};
    }
    const auto margin = portfolio_margin(book);
    EXPECT_TRUE(margin) << (margin ? "" : margin.error().message);
    return margin ? Pair{margin->maintenance, margin->initial} : Pair{};
}

class EachManager : public testing::TestWithParam<ManagerKind> {};

TEST_P(EachManager, long_options_alone_are_never_below_zero) {
    Draw draw{std::mt19937(1)};
    for (int i = 0; i < books; ++i) {
        Book book = draw.book(GetParam(), true);
        // PMRM 2 counts a gain from a turned smile as a loss of that size: a far option alone can then need margin, by the contract's design.
        std::erase_if(book.scenarios, [](const Scenario& s) { return s.vol == VolShock::linear || s.vol == VolShock::absolute; });
        EXPECT_FALSE(margin_of(book).maintenance.is_negative()) << "book " << i;
    }
}

TEST(DerivePmrm2, long_options_below_zero_owe_it_to_a_turned_smile_alone) {
    Draw draw{std::mt19937(1)};
    for (int i = 0; i < books; ++i) {
        const Book book = draw.book(ManagerKind::pmrm_2, true);
        const auto margin = portfolio_margin(book);
        ASSERT_TRUE(margin);
        if (!margin->maintenance.is_negative()) continue;
        ASSERT_LT(margin->worst_scenario, book.scenarios.size());
        const VolShock worst = book.scenarios[margin->worst_scenario].vol;
        EXPECT_TRUE(worst == VolShock::linear || worst == VolShock::absolute) << "book " << i;
    }
}

TEST_P(EachManager, order_of_options_and_expiries_changes_nothing) {
    Draw draw{std::mt19937(2)};
    for (int i = 0; i < books; ++i) {
        Book book = draw.book(GetParam(), false);
        const Pair before = margin_of(book);
        std::vector<Expiry>& expiries = book.markets.front().expiries;
        std::shuffle(expiries.begin(), expiries.end(), draw.random);
        for (Expiry& expiry : expiries) std::shuffle(expiry.options.begin(), expiry.options.end(), draw.random);
        const Pair after = margin_of(book);
        EXPECT_EQ(before.maintenance, after.maintenance) << "book " << i;
        EXPECT_EQ(before.initial, after.initial) << "book " << i;
    }
}

TEST_P(EachManager, a_short_spread_needs_no_more_than_its_width) {
    Draw draw{std::mt19937(3)};
    for (int i = 0; i < books; ++i) {
        Book book = template_of(GetParam());
        Market& market = book.markets.front();
        Expiry expiry = draw.expiry(book);
        const I256 spot = market.spot.price;
        const std::int64_t near = draw.between(500, 1500);
        const std::int64_t width = draw.between(10, 400);
        const bool is_call = draw.between(0, 1) == 1;
        const I256 size = part(wad, draw.between(1, 3000));
        const I256 vol = part(wad, draw.between(300, 1200));
        // One volatility: with two an account may hold an arbitrage.
        expiry.options = {{part(spot, near), is_call, *negate(size), vol}, {part(spot, is_call ? near + width : near - width), is_call, size, vol}};
        market.expiries = {expiry};
        Checked m;
        const I256 capped = m.mul(part(spot, width), size);
        const Pair margin = margin_of(book);
        if (GetParam() == ManagerKind::standard) {
            EXPECT_GE(margin.maintenance, m.negate(m.add(capped, 10))) << "book " << i;
            EXPECT_GE(margin.initial, m.negate(m.add(capped, 10))) << "book " << i;
        } else {
            // Beside it: 4 % of discount on what is short, and the contingency for the naked strike.
            const I256 most = m.add(part(capped, 1040), m.mul(part(spot, 10), size));
            EXPECT_GE(margin.maintenance, m.negate(most)) << "book " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, EachManager, testing::Values(ManagerKind::standard, ManagerKind::pmrm, ManagerKind::pmrm_2),
                         [](const auto& at) { return std::string(to_string(at.param)); });

/// Each option of a file in several rows.
std::string split(const std::string& text, std::mt19937& random) {
    json document = json::parse(text);
    for (json& market : document["markets"])
        for (json& expiry : market["expiries"]) {
            json rows = json::array();
            for (const json& option : expiry["options"]) {
                I256 rest = *model::parse_decimal(option["amount"].get<std::string>(), 18);
                for (int piece = 0; piece < 3; ++piece) {
                    const I256 taken = piece == 2 ? rest : part(rest, std::uniform_int_distribution<std::int64_t>(-300, 900)(random));
                    json row = option;
                    row["amount"] = model::decimal_text(taken, 18);
                    rows.push_back(row);
                    rest = *checked_sub(rest, taken);
                }
            }
            std::shuffle(rows.begin(), rows.end(), random);
            expiry["options"] = rows;
        }
    return document.dump();
}

TEST(DeriveSplitting, changes_nothing) {
    std::mt19937 random(4);
    for (const char* name : {"standard_three_calls.json", "pmrm_call_spread.json", "pmrm_2_general.json", "pmrm_2_short_put.json"})
        for (int i = 0; i < 20; ++i) {
            const auto whole = parse_raw_account(file_text(name));
            const auto pieces = parse_raw_account(split(file_text(name), random));
            ASSERT_TRUE(whole && pieces) << (pieces ? "" : pieces.error().message);
            EXPECT_EQ(margin_of(*whole).maintenance, margin_of(*pieces).maintenance) << name;
            EXPECT_EQ(margin_of(*whole).initial, margin_of(*pieces).initial) << name;
        }
}

TEST(DerivePerp, an_even_pair_of_perp_and_token_leaves_the_haircuts) {
    Book book = template_of(ManagerKind::pmrm_2);
    Market& market = book.markets.front();
    Checked m;
    book.stable.price = wad;
    market.perp = Perp{{}, m.negate(I256(2 * wad)), market.spot, {}, {}, {}, {}, {}};
    book.collaterals = {{"BTC", {"BTC"}, {}, I256(2 * wad), market.spot, true, part(wad, 15), part(wad, 5)}};
    const auto margin = portfolio_margin(book);
    ASSERT_TRUE(margin);
    for (const I256& pnl : margin->scenario_pnl) EXPECT_TRUE(pnl.is_zero());
    // 2 x 1.5 % of perp and 2 x 1.5 % of token off their value.
    const I256 value = m.mul(market.spot.price, I256(2 * wad));
    EXPECT_EQ(margin->maintenance, m.sub(value, part(value, 30)));
}

// The asset divides (price - last mark) * size once: half a coin gains nothing at one unit above the mark, and one unit at two.
TEST(DerivePerp, gains_of_a_moved_price_are_rounded_once_from_the_stored_mark) {
    Book book = template_of(ManagerKind::pmrm_2);
    Market& market = book.markets.front();
    Checked m;
    book.collaterals.clear();
    const I256 cash = book.cash;
    const I256 mark = m.sub(market.spot.price, I256(1));
    market.perp = Perp{{}, I256(wad / 2), market.spot, {}, mark, {}, {}, {}};
    const Account account(std::move(book), "");
    model::State state = account.current();
    const auto worth = [&] {
        const auto figures = account.native(state).value();
        const auto found = std::find_if(figures.begin(), figures.end(), [](const auto& row) { return row.name == "markToMarket"; });
        return found->value;
    };
    EXPECT_EQ(worth(), cash);
    state.prices.front() = *checked_add(state.prices.front(), model::U256(1));
    EXPECT_EQ(worth(), m.add(cash, I256(1)));
}

struct Bad {
    const char* pointer;
    json value;
    const char* told;
};

TEST(DeriveAccountFile, names_the_value_that_is_wrong) {
    const Bad table[] = {
        {"/cash", 1.5, "cash: expected text"},
        {"/cash", "1e3", "cash: expected a decimal number with at most 18 places, as text, got \"1e3\""},
        {"/cash", "0.1234567890123456789", "cash: expected a decimal number"},
        {"/cash", "999999999999", "cash: expected a number below 7.9e10"},
        {"/manager", "cross", "manager: expected one of standard, pmrm, pmrm_2, got \"cross\""},
        {"/format", "derive/2", "format: expected \"derive.account-file/1\""},
        {"/time", -1, "time"},
        {"/stable/price", "0", "stable.price: expected a number above 0, got \"0\""},
        {"/markets/0/spot/confidence", "1.5", "markets[0].spot.confidence: expected a share from \"0\" to \"1\", got \"1.5\""},
        {"/markets/0/expiries/0/options/0/kind", "straddle", "markets[0].expiries[0].options[0].kind: expected \"call\" or \"put\", got \"straddle\""},
        {"/markets/0/expiries/0/svi/tau", "0", "svi.tau: expected a number above 0"},
        {"/markets/0/expiries/0/forward_fixed", "1000000", "forward_fixed: expected at most the forward"},
        {"/scenarios/3/vol", "sideways", "scenarios[3].vol: expected one of none, up, down, linear, abs, got \"sideways\""},
        {"/scenarios", json::array(), "scenarios: a portfolio manager has at least one scenario"},
        {"/markets/0/colour", "red", "markets[0]: unknown key \"colour\""},
        {"/depeg", json::object(), "depeg: belongs to the standard manager"},
        {"/parameters/vol_range_up", nullptr, "parameters.vol_range_up: expected"},
    };
    for (const Bad& row : table) {
        json document = json::parse(file_text("pmrm_2_short_put.json"));
        document[json::json_pointer(row.pointer)] = row.value;
        const auto book = parse_raw_account(document.dump());
        ASSERT_FALSE(book) << row.pointer;
        EXPECT_NE(book.error().message.find(row.told), std::string::npos) << book.error().message << "\nshould hold: " << row.told;
    }
    for (const char* key : {"cash", "markets", "stable", "parameters", "scenarios", "time"}) {
        json document = json::parse(file_text("pmrm_2_short_put.json"));
        document.erase(key);
        const auto book = parse_raw_account(document.dump());
        ASSERT_FALSE(book) << key;
        EXPECT_NE(book.error().message.find(key), std::string::npos) << book.error().message;
    }
}

}  // namespace
}  // namespace margind::adapters::protocols::derive
