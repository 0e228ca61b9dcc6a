// Derive read on the daemon's own road from doubles of its contracts, which compute the margin of cash, tokens, perps and options without
// volatility by themselves: what is found, read, stale, over, odd. What they do not prove stands in tests/chain/contracts/derive.
#include "tests/support/derive_world.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace margind::tests {
namespace {

using adapters::AccountReading;
using model::Address;
using model::I256;
using model::U256;

TEST(Derive, finds_the_subaccounts_of_an_owner_deposited_or_not) {
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    const DeriveWorld::Read of_alice = world.read(world.alice);
    ASSERT_EQ(of_alice.accounts.size(), 5U);
    EXPECT_EQ(world.read(world.bob).accounts.size(), 1U);
    expect_all_verified(world, book);

    // Withdrawn from Matching and given away: it is the other's.
    world.call("matching", "withdraw", {book.spread});
    world.call("subaccounts", "transfer", {book.spread, world.bob.to_string()});
    world.mine();
    EXPECT_EQ(world.read(world.alice).accounts.size(), 4U);
    EXPECT_EQ(world.read(world.bob).accounts.size(), 2U);

    // A manager that the configuration does not name.
    const std::uint64_t strange = world.open(world.bob, "auction", false);
    world.mine();
    const DeriveWorld::Read of_bob = world.read(world.bob);
    EXPECT_FALSE(of_bob.of(strange).facts);
    EXPECT_NE(of_bob.of(strange).reason.find("is not among the portfolio_managers"), std::string::npos) << of_bob.of(strange).reason;
}

std::set<std::string> subs(const DeriveWorld::Read& read) {
    std::set<std::string> all;
    for (const AccountReading& account : read.accounts) all.insert(account.sub);
    return all;
}

TEST(Derive, finds_one_subaccount_among_hundreds_of_others) {
    DeriveWorld world;
    world.open_others(300);
    const std::uint64_t own = world.open(world.alice, "standard", true);
    world.hold(own, "cash", "5");
    world.mine();
    const DeriveWorld::Read read = world.read(world.alice);
    ASSERT_EQ(subs(read), std::set<std::string>{"301"});
    expect_verified(world, read, own, "standard");
    EXPECT_TRUE(world.read(world.bob).accounts.empty());
}

TEST(Derive, follows_subaccounts_through_deposits_withdrawals_and_owners) {
    DeriveWorld world;
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
            const DeriveWorld::Read read = world.read(owner);
            ASSERT_EQ(subs(read), world.subaccounts_of(owner)) << "round " << round;
            for (const AccountReading& account : read.accounts) ASSERT_TRUE(account.facts) << account.reason;
            seen += read.accounts.size();
        }
    }
    EXPECT_GT(seen, 200U);
}

TEST(Derive, says_beforehand_what_the_views_say_after_spot_has_moved_alone) {
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    const DeriveWorld::Read before = world.read(world.alice);
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

TEST(Derive, is_right_with_nothing_with_dust_with_negative_equity_and_in_an_auction) {
    DeriveWorld world;
    const std::uint64_t nothing = world.open(world.alice, "standard", true);
    const std::uint64_t lender = world.open(world.alice, "portfolio", true);
    const std::uint64_t dust = world.open(world.alice, "standard", true);
    const std::uint64_t dust_of_tokens = world.open(world.alice, "first_portfolio", true);
    const std::uint64_t under = world.open(world.alice, "standard", true);
    const std::uint64_t auctioned = world.open(world.alice, "standard", true);
    const char* unit = "0.000000000000000001";
    world.hold(lender, "cash", "250");
    for (const char* asset : {"cash", "ETH.perp", "BTC.base"}) world.hold(dust, asset, unit);
    world.hold_option(dust, "ETH", "2800", true, std::string("-") + unit);
    for (const char* asset : {"BTC.base", "BTC.perp"}) world.hold(dust_of_tokens, asset, unit);
    world.hold(under, "cash", "-4000");
    world.hold(under, "ETH.base", "1");
    // Margin of -2 at first; the auction goes on until the buffer is there.
    world.hold(auctioned, "cash", "-2402");
    world.hold(auctioned, "ETH.base", "1");
    world.mine();
    DeriveWorld::Read read = world.read(world.alice);
    for (const std::uint64_t id : {nothing, dust, under, auctioned}) expect_verified(world, read, id, "standard");
    expect_verified(world, read, lender, "portfolio");
    expect_verified(world, read, dust_of_tokens, "first_portfolio");
    const auto standing = [&](std::uint64_t id) {
        const auto account = world.account(read, id);
        return account->at(account->current()).value();
    };
    EXPECT_TRUE(standing(nothing).equity.raw.is_zero());
    EXPECT_FALSE(standing(nothing).liquidatable);
    EXPECT_FALSE(standing(lender).liquidatable);
    EXPECT_TRUE(standing(under).equity.raw.is_negative());
    EXPECT_TRUE(standing(under).liquidatable);
    EXPECT_TRUE(standing(auctioned).liquidatable);
    for (const std::uint64_t id : {dust, dust_of_tokens})
        EXPECT_EQ(standing(id).liquidatable, world.margin(id, id == dust ? "standard" : "first_portfolio", false).is_negative());

    // A margin of 8 would do to begin with; in an auction a seventh and more of what lies between margin and value is asked for.
    world.call("auction", "setLive", {auctioned, true});
    world.hold(auctioned, "cash", "10");
    world.mine();
    read = world.read(world.alice);
    expect_verified(world, read, auctioned, "standard");
    EXPECT_FALSE(world.margin(auctioned, "standard", false).is_negative());
    EXPECT_TRUE(standing(auctioned).liquidatable);
    world.call("auction", "setLive", {auctioned, false});
    world.mine();
    read = world.read(world.alice);
    EXPECT_FALSE(standing(auctioned).liquidatable);
}

TEST(Derive, reads_the_last_messages_where_the_views_refuse_them_as_too_old) {
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    const DeriveWorld::Read fresh = world.read(world.alice);
    std::vector<std::pair<std::uint64_t, I256>> margins;
    for (const auto& [id, manager] : book.all()) margins.emplace_back(id, fresh.of(id).views.front().value);
    // Past every heartbeat but that of nothing: 12 h for rates.
    world.chain().verb("warp", {{"seconds", 13 * 3600}});
    EXPECT_THROW(world.margin(book.put, "standard", false), std::runtime_error);
    const DeriveWorld::Read old = world.read(world.alice);
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
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    const std::int64_t now = world.chain().head().time;
    world.chain().verb("warp", {{"seconds", world.expiry() - now + 7200}});
    world.call("ETH.spot", "set", {wei("3333"), wei("1")});
    world.call("stable", "set", {wei("1"), wei("1")});
    world.mine();
    const DeriveWorld::Read over = world.read(world.alice);
    EXPECT_FALSE(over.of(book.put).facts);
    EXPECT_NE(over.of(book.put).reason.find("their settlement price is not set"), std::string::npos) << over.of(book.put).reason;
    // 1,800 s at 3,000 on average: the put pays 200.
    world.call("ETH.forward", "set", {world.expiry(), "0", wei("1"), world.expiry(), wei("1000"), wei("5401000")});
    world.mine();
    const DeriveWorld::Read settled = world.read(world.alice);
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
