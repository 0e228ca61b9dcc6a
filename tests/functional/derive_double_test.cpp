// Derive read on the daemon's own road from doubles of its contracts, which compute the margin of cash, tokens, perps and options without
// volatility by themselves. What they do not prove stands in tests/chain/contracts/derive.
#include "adapters/protocols/derive/option_id.hpp"
#include "adapters/protocols/derive/views.hpp"
#include "risk/model/money.hpp"
#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <stdexcept>

namespace margind::tests {
namespace {

using adapters::AccountReading;
using adapters::AccountReadings;
using model::Address;
using model::I256;
using model::U256;
using nlohmann::json;
namespace derive = adapters::protocols::derive;

constexpr std::int64_t day = 86'400;

std::string wei(const std::string& amount) { return model::parse_decimal(amount, 18).value_or(I256()).to_decimal(); }

std::unique_ptr<adapters::Adapter> derive_adapter(const ChainProcess& chain) {
    const auto all = adapters::all_protocols();
    const auto found = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "derive"; });
    config::Venue settings;
    settings.id = {"derive", {chain.ready().at("chain_id").get<std::uint64_t>()}, ""};
    settings.addresses["standard_manager"] = chain.address("/derive/standard");
    settings.addresses["matching"] = chain.address("/derive/matching");
    settings.lists["portfolio_managers"] = {chain.address("/derive/portfolio")};
    auto adapter = found->make(settings);
    if (!adapter) throw std::runtime_error(adapter.error().message);
    return std::move(*adapter);
}

/// A chain with the doubles, their prices fresh, and accounts of two owners.
class World {
public:
    World() : road_(chain_, derive_adapter(chain_)), expiry_(chain_.head().time + 7 * day) {
        for (const char* market : {"ETH", "BTC"})
            for (const char* kind : {"option", "perp", "base"}) map(std::string("/derive/") + market + '/' + kind, market);
        map("/derive/cash", "USDC");
        alice = user(0);
        bob = user(1);
        refresh();
    }

    void call(const std::string& contract, const std::string& method, const json& arguments) {
        calls_.push_back({{"contract", contract}, {"method", method}, {"args", arguments}});
    }
    /// All calls since, in one block.
    void mine() { chain_.verb("derive_send", {{"calls", std::exchange(calls_, json::array())}}); }

    /// New messages of every feed.
    void refresh(const std::string& eth = "3000", const std::string& btc = "60000", const std::string& stable = "1",
                 const std::string& confidence = "1") {
        const std::int64_t now = chain_.head().time;
        call("stable", "set", {wei(stable), wei("1")});
        for (const auto& [market, price] : {std::pair{"ETH", eth}, std::pair{"BTC", btc}}) {
            const std::string name = market;
            call(name + ".spot", "set", {wei(price), wei(confidence)});
            call(name + ".perp_feed", "set", {wei(market == std::string("ETH") ? "7.5" : "-20"), wei("0.9")});
            call(name + ".vol", "set", {expiry_, "0", wei("0.97")});
            call(name + ".rate", "set", {expiry_, wei("0.05"), wei("1")});
            call(name + ".forward", "set", {expiry_, wei("12.25"), wei("0.95"), now, "0", "0"});
        }
        mine();
    }

    /// So many of nobody who is asked about.
    void open_others(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            open(user(5), "standard", false);
            if (i % 100 == 99) mine();
        }
        mine();
    }
    /// Whose the contracts say that each is, on another road.
    std::set<std::string> subaccounts_of(const Address& owner) {
        const Address matching = chain_.address("/derive/matching");
        std::set<std::string> all;
        for (std::uint64_t id = 1; id <= last_; ++id) {
            const auto said = [&](const char* contract, const char* view) {
                return words_of(chain_.call(chain_.address(std::string("/derive/") + contract), call_data(view, {U256(id)}))).at(0);
            };
            U256 holder = said("subaccounts", "ownerOf(uint256)");
            if (holder == word_of(matching)) holder = said("matching", "subAccountToOwner(uint256)");
            if (holder == word_of(owner)) all.insert(std::to_string(id));
        }
        return all;
    }

    std::uint64_t open(const Address& owner, const char* manager, bool deposited) {
        call("subaccounts", "create", {owner.to_string(), chain_.address(std::string("/derive/") + manager).to_string()});
        ++last_;
        if (deposited) call("matching", "deposit", {last_});
        return last_;
    }
    void hold(std::uint64_t id, const std::string& asset, const std::string& amount, const std::string& sub_id = "0") {
        std::string place = "/derive/" + asset;
        std::replace(place.begin(), place.end(), '.', '/');
        call("subaccounts", "adjust", {id, chain_.address(place).to_string(), sub_id, wei(amount)});
    }
    void hold_option(std::uint64_t id, const char* market, const char* strike, bool is_call, const std::string& amount) {
        const auto sub_id = derive::encode_option_id({static_cast<std::uint64_t>(expiry_), *model::parse_decimal(strike, 18), is_call});
        hold(id, std::string(market) + ".option", amount, sub_id->to_decimal());
    }

    struct Read {
        model::FactsPtr venue;
        AccountReadings accounts;
        const AccountReading& of(std::uint64_t id) const {
            const auto found =
                std::find_if(accounts.begin(), accounts.end(), [&](const AccountReading& row) { return row.sub == std::to_string(id); });
            if (found == accounts.end()) throw std::runtime_error("no subaccount " + std::to_string(id));
            return *found;
        }
    };
    Read read(const Address& owner) {
        const model::BlockRef block = chain_.head();
        Read out{road_.venue(block), {}};
        auto readings = road_.accounts(out.venue, std::array{owner}, block);
        if (!readings.front()) throw std::runtime_error(readings.front().error().message);
        out.accounts = std::move(*readings.front());
        return out;
    }
    model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const Read& read, std::uint64_t id) {
        return road_.adapter().rule().prepare(*read.venue, *read.of(id).facts, assets_);
    }
    std::unique_ptr<model::PreparedAccount> account(const Read& read, std::uint64_t id) {
        auto prepared = prepare(read, id);
        if (!prepared) throw std::runtime_error(prepared.error().message);
        return std::move(*prepared);
    }
    /// The manager's own answer, on another road.
    I256 margin(std::uint64_t id, const char* manager, bool initial) {
        const auto words = words_of(
            chain_.call(chain_.address(std::string("/derive/") + manager), call_data("getMargin(uint256,bool)", {U256(id), U256(initial ? 1 : 0)})));
        return I256::from_word(words.at(0));
    }

    ChainProcess& chain() { return chain_; }
    std::int64_t expiry() const { return expiry_; }
    Address alice;
    Address bob;

private:
    Address user(std::size_t index) const { return *Address::parse(chain_.ready().at("accounts").at(index).get<std::string>()); }
    void map(const std::string& place, const std::string& underlying) {
        assets_.add({{chain_.ready().at("chain_id").get<std::uint64_t>()}, chain_.address(place), {underlying}, underlying});
    }

    ChainProcess chain_{{"--with", "derive"}};
    VenueRoad road_;
    model::AssetMap assets_;
    json calls_ = json::array();
    std::int64_t expiry_;
    std::uint64_t last_ = 0;
};

/// Every view that was asked equals ours to the last unit; the margin is read a second time on another road.
void expect_verified(World& world, const World::Read& read, std::uint64_t id, const char* manager) {
    const AccountReading& reading = read.of(id);
    ASSERT_TRUE(reading.facts) << id << ": " << reading.reason;
    const auto account = world.account(read, id);
    const auto ours = account->native(account->current());
    ASSERT_TRUE(ours) << ours.error().message;
    ASSERT_FALSE(reading.views.empty()) << id;
    EXPECT_EQ(account->stale(), "");
    for (const model::NativeFigure& view : reading.views) {
        const auto own = std::find_if(ours->begin(), ours->end(), [&](const auto& row) { return row.name == view.name; });
        ASSERT_NE(own, ours->end()) << view.name;
        EXPECT_EQ(own->value.to_decimal(), view.value.to_decimal()) << "subaccount " << id << ": " << view.name;
    }
    EXPECT_EQ(reading.views.front().value, world.margin(id, manager, false));
    const auto standing = account->at(account->current());
    ASSERT_TRUE(standing);
    EXPECT_EQ(checked_sub(standing->equity.raw, standing->maintenance.raw), world.margin(id, manager, false));
    EXPECT_EQ(checked_sub(standing->equity.raw, standing->initial.raw), world.margin(id, manager, true));
}

struct Book {
    std::uint64_t perp, spread, tokens, put;
};

Book open_book(World& world) {
    const Book book{world.open(world.alice, "standard", false), world.open(world.alice, "standard", true), world.open(world.alice, "portfolio", true),
                    world.open(world.alice, "standard", true)};
    world.open(world.bob, "standard", true);
    world.hold(book.perp, "cash", "1000");
    world.hold(book.perp, "ETH.perp", "2");
    world.hold(book.perp, "ETH.base", "1");
    world.hold(book.perp, "BTC.perp", "-0.1");
    world.call("ETH.perp", "setFunding", {wei("4.25"), wei("0.0000125")});
    world.call("ETH.perp", "setPosition", {book.perp, wei("2950"), wei("-3.5"), wei("11"), wei("1")});
    world.call("BTC.perp", "setPosition", {book.perp, wei("61000"), "0", "0", "0"});
    world.hold(book.spread, "cash", "420");
    world.hold_option(book.spread, "ETH", "2800", true, "-1.5");
    world.hold_option(book.spread, "ETH", "3100", true, "1");
    world.hold_option(book.spread, "BTC", "70000", false, "0.3");
    world.hold(book.tokens, "cash", "-2500");
    world.hold(book.tokens, "ETH.base", "3");
    world.hold(book.tokens, "ETH.perp", "-2");
    world.call("cash", "setInterest", {book.tokens, wei("-3.75")});
    world.call("ETH.perp", "setPosition", {book.tokens, wei("3050"), "0", "0", wei("4")});
    world.hold(book.put, "cash", "300");
    world.hold_option(book.put, "ETH", "3200", false, "-1");
    world.mine();
    return book;
}

TEST(Derive, finds_the_subaccounts_of_an_owner_deposited_or_not) {
    World world;
    const Book book = open_book(world);
    const World::Read of_alice = world.read(world.alice);
    ASSERT_EQ(of_alice.accounts.size(), 4U);
    EXPECT_EQ(world.read(world.bob).accounts.size(), 1U);
    expect_verified(world, of_alice, book.perp, "standard");
    expect_verified(world, of_alice, book.spread, "standard");
    expect_verified(world, of_alice, book.tokens, "portfolio");
    expect_verified(world, of_alice, book.put, "standard");

    // Withdrawn from Matching and given away: it is the other's.
    world.call("matching", "withdraw", {book.spread});
    world.call("subaccounts", "transfer", {book.spread, world.bob.to_string()});
    world.mine();
    EXPECT_EQ(world.read(world.alice).accounts.size(), 3U);
    EXPECT_EQ(world.read(world.bob).accounts.size(), 2U);

    // A manager that the configuration does not name.
    const std::uint64_t strange = world.open(world.bob, "auction", false);
    world.mine();
    const World::Read of_bob = world.read(world.bob);
    EXPECT_FALSE(of_bob.of(strange).facts);
    EXPECT_NE(of_bob.of(strange).reason.find("is not among the portfolio_managers"), std::string::npos) << of_bob.of(strange).reason;
}

std::set<std::string> subs(const World::Read& read) {
    std::set<std::string> all;
    for (const AccountReading& account : read.accounts) all.insert(account.sub);
    return all;
}

TEST(Derive, finds_one_subaccount_among_hundreds_of_others) {
    World world;
    world.open_others(300);
    const std::uint64_t own = world.open(world.alice, "standard", true);
    world.hold(own, "cash", "5");
    world.mine();
    const World::Read read = world.read(world.alice);
    ASSERT_EQ(subs(read), std::set<std::string>{"301"});
    expect_verified(world, read, own, "standard");
    EXPECT_TRUE(world.read(world.bob).accounts.empty());
}

TEST(Derive, follows_subaccounts_through_deposits_withdrawals_and_owners) {
    World world;
    std::mt19937 random(11);
    const auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
    std::vector<bool> deposited;
    std::size_t seen = 0;
    for (int round = 0; round < 40; ++round) {
        for (std::size_t acts = 1 + below(3); acts > 0; --acts) {
            if (deposited.empty() || below(4) == 0) {
                deposited.push_back(below(2) == 0);
                world.open(below(2) == 0 ? world.alice : world.bob, below(3) == 0 ? "portfolio" : "standard", deposited.back());
                continue;
            }
            const std::size_t at = below(deposited.size());
            if (deposited[at]) world.call("matching", "withdraw", {at + 1});
            else if (below(2) == 0) world.call("matching", "deposit", {at + 1});
            else {
                world.call("subaccounts", "transfer", {at + 1, (below(2) == 0 ? world.alice : world.bob).to_string()});
                continue;
            }
            deposited[at] = !deposited[at];
        }
        world.mine();
        for (const Address& owner : {world.alice, world.bob}) {
            const World::Read read = world.read(owner);
            ASSERT_EQ(subs(read), world.subaccounts_of(owner)) << "round " << round;
            for (const AccountReading& account : read.accounts) ASSERT_TRUE(account.facts) << account.reason;
            seen += read.accounts.size();
        }
    }
    EXPECT_GT(seen, 200U);
}

TEST(Derive, equals_the_doubles_views_over_random_prices_and_balances) {
    World world;
    const Book book = open_book(world);
    std::mt19937 random(7);
    const auto draw = [&](int low, int high, int decimals) {
        const int value = std::uniform_int_distribution<int>(low, high)(random);
        return model::decimal_text(I256(value), static_cast<std::uint8_t>(decimals));
    };
    for (int round = 0; round < 25; ++round) {
        for (const auto& [id, asset] : {std::pair{book.perp, "ETH.perp"}, std::pair{book.perp, "BTC.perp"}, std::pair{book.tokens, "ETH.perp"}})
            world.hold(id, asset, draw(-300, 300, 3));
        for (const std::uint64_t id : {book.perp, book.spread, book.tokens, book.put}) world.hold(id, "cash", draw(-40'000, 40'000, 2));
        world.hold_option(book.spread, "ETH", "2800", round % 2 == 0, draw(-900, 900, 3));
        world.hold_option(book.spread, "BTC", "60000", round % 3 == 0, draw(-90, 90, 3));
        world.hold_option(book.put, "ETH", "3350", false, draw(-400, 700, 3));
        world.refresh(draw(150'000, 450'000, 2), draw(3'000'000, 9'000'000, 2), draw(940, 1010, 3), draw(300, 1000, 3));
        const World::Read read = world.read(world.alice);
        expect_verified(world, read, book.perp, "standard");
        expect_verified(world, read, book.spread, "standard");
        expect_verified(world, read, book.tokens, "portfolio");
        expect_verified(world, read, book.put, "standard");
        if (HasFailure()) FAIL() << "round " << round;
    }
}

TEST(Derive, says_beforehand_what_the_views_say_after_spot_has_moved_alone) {
    World world;
    const Book book = open_book(world);
    const World::Read before = world.read(world.alice);
    for (const char* price : {"2400", "2999.99", "3175.5", "4100"}) {
        world.call("ETH.spot", "set", {wei(price), wei("1")});
        world.mine();
        for (const auto& [id, manager] : {std::pair{book.perp, "standard"}, std::pair{book.spread, "standard"}, std::pair{book.tokens, "portfolio"},
                                          std::pair{book.put, "standard"}}) {
            const auto account = world.account(before, id);
            model::State state = account->current();
            for (std::size_t i = 0; i < state.prices.size(); ++i)
                if (account->inputs()[i].underlying.symbol == "ETH") state.prices[i] = *U256::from_decimal(wei(price));
            const auto native = account->native(state);
            ASSERT_TRUE(native) << native.error().message;
            EXPECT_EQ(native->at(0).value.to_decimal(), world.margin(id, manager, false).to_decimal()) << "subaccount " << id << " at " << price;
            EXPECT_EQ(native->at(1).value.to_decimal(), world.margin(id, manager, true).to_decimal()) << "subaccount " << id << " at " << price;
        }
    }
}

TEST(Derive, liquidates_at_the_price_that_it_tells_and_not_one_unit_before) {
    World world;
    const Book book = open_book(world);
    world.hold(book.put, "cash", "700");
    world.mine();
    const World::Read before = world.read(world.alice);
    const auto account = world.account(before, book.put);
    const auto at = [&](const U256& price) {
        model::State state = account->current();
        state.prices[0] = price;
        return account->liquidatable(state).value();
    };
    U256 low = *U256::from_decimal(wei("1500"));
    U256 high = account->current().prices[0];
    ASSERT_TRUE(at(low));
    ASSERT_FALSE(at(high));
    while (*checked_sub(high, low) > U256(1)) {
        const U256 middle = shift_right(*checked_add(low, high), 1);
        (at(middle) ? low : high) = middle;
    }
    for (const auto& [price, negative] : {std::pair{high, false}, std::pair{low, true}}) {
        world.call("ETH.spot", "set", {price.to_decimal(), wei("1")});
        world.mine();
        EXPECT_EQ(world.margin(book.put, "standard", false).is_negative(), negative) << price.to_decimal();
    }
}

TEST(Derive, reads_the_last_messages_where_the_views_refuse_them_as_too_old) {
    World world;
    const Book book = open_book(world);
    const World::Read fresh = world.read(world.alice);
    std::vector<std::pair<std::uint64_t, I256>> margins;
    for (const std::uint64_t id : {book.perp, book.spread, book.tokens, book.put}) margins.emplace_back(id, fresh.of(id).views.front().value);
    // Past every heartbeat but that of nothing: 12 h for rates.
    world.chain().verb("warp", {{"seconds", 13 * 3600}});
    EXPECT_THROW(world.margin(book.put, "standard", false), std::runtime_error);
    const World::Read old = world.read(world.alice);
    for (const auto& [id, margin] : margins) {
        ASSERT_TRUE(old.of(id).facts) << old.of(id).reason;
        EXPECT_TRUE(old.of(id).views.empty());
        const auto account = world.account(old, id);
        EXPECT_NE(account->stale(), "");
        EXPECT_EQ(account->native(account->current())->front().value.to_decimal(), margin.to_decimal()) << "subaccount " << id;
    }
    EXPECT_NE(world.account(old, book.put)->stale().find("volatility of expiry " + std::to_string(world.expiry())), std::string::npos);
    world.refresh();
    expect_verified(world, world.read(world.alice), book.put, "standard");
}

TEST(Derive, leaves_options_that_are_over_unknown_until_they_settle) {
    World world;
    const Book book = open_book(world);
    const std::int64_t now = world.chain().head().time;
    world.chain().verb("warp", {{"seconds", world.expiry() - now + 7200}});
    world.call("ETH.spot", "set", {wei("3333"), wei("1")});
    world.call("stable", "set", {wei("1"), wei("1")});
    world.mine();
    const World::Read over = world.read(world.alice);
    EXPECT_FALSE(over.of(book.put).facts);
    EXPECT_NE(over.of(book.put).reason.find("their settlement price is not set"), std::string::npos) << over.of(book.put).reason;
    // 1,800 s at 3,000 on average: the put pays 200.
    world.call("ETH.forward", "set", {world.expiry(), "0", wei("1"), world.expiry(), wei("1000"), wei("5401000")});
    world.mine();
    const World::Read settled = world.read(world.alice);
    ASSERT_TRUE(settled.of(book.put).facts) << settled.of(book.put).reason;
    const auto account = world.account(settled, book.put);
    const auto positions = account->positions(account->current());
    ASSERT_TRUE(positions);
    const auto put =
        std::find_if(positions->begin(), positions->end(), [](const model::Position& p) { return p.instrument == model::Instrument::option; });
    ASSERT_NE(put, positions->end());
    ASSERT_TRUE(put->option && put->option->settlement_price);
    EXPECT_EQ(put->option->settlement_price->to_string(), "3000");
    EXPECT_NEAR(put->mark.to_double(), 200, 1e-9);
    EXPECT_NEAR(put->notional.to_double(), -200, 1e-9);
}

}  // namespace
}  // namespace margind::tests
