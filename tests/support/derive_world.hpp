// The local chain with the doubles of Derive, read on the daemon's own road on one side and by plain eth_calls on the other. What the
// doubles do not prove stands in tests/chain/contracts/derive.
#pragma once

#include "adapters/protocols/derive/option_id.hpp"
#include "risk/model/money.hpp"
#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

inline std::string wei(const std::string& amount) { return model::parse_decimal(amount, 18).value_or(model::I256()).to_decimal(); }

inline std::unique_ptr<adapters::Adapter> derive_adapter(const ChainProcess& chain) {
    const auto all = adapters::all_protocols();
    const auto found = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "derive"; });
    config::Venue settings;
    settings.id = {"derive", {chain.ready().at("chain_id").get<std::uint64_t>()}, ""};
    settings.addresses["standard_manager"] = chain.address("/derive/standard");
    settings.addresses["matching"] = chain.address("/derive/matching");
    settings.lists["portfolio_managers"] = {chain.address("/derive/portfolio"), chain.address("/derive/first_portfolio")};
    auto adapter = found->make(settings);
    if (!adapter) throw std::runtime_error(adapter.error().message);
    return std::move(*adapter);
}

/// A chain with the doubles, their prices fresh, and accounts of two owners.
class DeriveWorld {
public:
    DeriveWorld() : road_(chain_, derive_adapter(chain_)), expiry_(chain_.head().time + 7 * 86'400) {
        for (const char* market : {"ETH", "BTC"})
            for (const char* kind : {"option", "perp", "base"}) map(std::string("/derive/") + market + '/' + kind, market);
        map("/derive/cash", "USDC");
        alice = user(0);
        bob = user(1);
        refresh();
    }

    void call(const std::string& contract, const std::string& method, const nlohmann::json& arguments) {
        calls_.push_back({{"contract", contract}, {"method", method}, {"args", arguments}});
    }
    /// All calls since, in one block.
    void mine() { chain_.verb("derive_send", {{"calls", std::exchange(calls_, nlohmann::json::array())}}); }

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
    std::set<std::string> subaccounts_of(const model::Address& owner) {
        const model::Address matching = chain_.address("/derive/matching");
        std::set<std::string> all;
        for (std::uint64_t id = 1; id <= last_; ++id) {
            const auto said = [&](const char* contract, const char* view) {
                return words_of(chain_.call(chain_.address(std::string("/derive/") + contract), call_data(view, {model::U256(id)}))).at(0);
            };
            model::U256 holder = said("subaccounts", "ownerOf(uint256)");
            if (holder == word_of(matching)) holder = said("matching", "subAccountToOwner(uint256)");
            if (holder == word_of(owner)) all.insert(std::to_string(id));
        }
        return all;
    }

    std::uint64_t open(const model::Address& owner, const char* manager, bool deposited) {
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
        const auto sub_id = adapters::protocols::derive::encode_option_id({static_cast<std::uint64_t>(expiry_), *model::parse_decimal(strike, 18), is_call});
        hold(id, std::string(market) + ".option", amount, sub_id->to_decimal());
    }

    struct Read {
        model::FactsPtr venue;
        adapters::AccountReadings accounts;
        const adapters::AccountReading& of(std::uint64_t id) const {
            const auto found =
                std::find_if(accounts.begin(), accounts.end(), [&](const adapters::AccountReading& row) { return row.sub == std::to_string(id); });
            if (found == accounts.end()) throw std::runtime_error("no subaccount " + std::to_string(id));
            return *found;
        }
    };
    Read read(const model::Address& owner) {
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
    model::I256 margin(std::uint64_t id, const char* manager, bool initial) {
        const auto words = words_of(
            chain_.call(chain_.address(std::string("/derive/") + manager), call_data("getMargin(uint256,bool)", {model::U256(id), model::U256(initial ? 1 : 0)})));
        return model::I256::from_word(words.at(0));
    }

    ChainProcess& chain() { return chain_; }
    std::int64_t expiry() const { return expiry_; }
    model::Address alice;
    model::Address bob;

private:
    model::Address user(std::size_t index) const { return *model::Address::parse(chain_.ready().at("accounts").at(index).get<std::string>()); }
    void map(const std::string& place, const std::string& underlying) {
        assets_.add({{chain_.ready().at("chain_id").get<std::uint64_t>()}, chain_.address(place), {underlying}, underlying});
    }

    ChainProcess chain_{{"--with", "derive"}};
    VenueRoad road_;
    model::AssetMap assets_;
    nlohmann::json calls_ = nlohmann::json::array();
    std::int64_t expiry_;
    std::uint64_t last_ = 0;
};

/// Every view that was asked equals ours to the last unit; the margin is read a second time on another road.
inline void expect_verified(DeriveWorld& world, const DeriveWorld::Read& read, std::uint64_t id, const char* manager) {
    const adapters::AccountReading& reading = read.of(id);
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

struct DeriveBook {
    std::uint64_t perp, spread, tokens, put, first;
    std::vector<std::pair<std::uint64_t, const char*>> all() const {
        return {{perp, "standard"}, {spread, "standard"}, {tokens, "portfolio"}, {put, "standard"}, {first, "first_portfolio"}};
    }
};

inline void expect_all_verified(DeriveWorld& world, const DeriveBook& book) {
    const DeriveWorld::Read read = world.read(world.alice);
    for (const auto& [id, manager] : book.all()) expect_verified(world, read, id, manager);
}

inline DeriveBook open_book(DeriveWorld& world) {
    const DeriveBook book{world.open(world.alice, "standard", false), world.open(world.alice, "standard", true), world.open(world.alice, "portfolio", true),
                    world.open(world.alice, "standard", true), world.open(world.alice, "first_portfolio", true)};
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
    world.hold(book.first, "cash", "9000");
    world.hold(book.first, "BTC.base", "0.4");
    world.hold(book.first, "BTC.perp", "-0.25");
    world.hold_option(book.first, "BTC", "58000", true, "-0.5");
    world.hold_option(book.first, "BTC", "66000", false, "0.2");
    world.mine();
    return book;
}

/// What is drawn of a seed, and a book with random balances.
class RandomTrades {
public:
    RandomTrades(DeriveWorld& world, const DeriveBook& book, unsigned seed) : world_(world), book_(book), random_(seed) {}

    void trade(int round) {
        for (const auto& [id, asset] : {std::pair{book_.perp, "ETH.perp"}, std::pair{book_.perp, "BTC.perp"}, std::pair{book_.tokens, "ETH.perp"},
                                        std::pair{book_.first, "BTC.perp"}})
            world_.hold(id, asset, draw(-300, 300, 3));
        for (const auto& [id, manager] : book_.all()) world_.hold(id, "cash", draw(-40'000, 40'000, 2));
        world_.hold_option(book_.spread, "ETH", "2800", round % 2 == 0, draw(-900, 900, 3));
        world_.hold_option(book_.spread, "BTC", "60000", round % 3 == 0, draw(-90, 90, 3));
        world_.hold_option(book_.put, "ETH", "3350", false, draw(-400, 700, 3));
        world_.hold_option(book_.first, "BTC", round % 2 == 0 ? "58000" : "66000", round % 3 == 0, draw(-200, 200, 3));
    }
    void price() { world_.refresh(draw(150'000, 450'000, 2), draw(3'000'000, 9'000'000, 2), draw(940, 1010, 3), draw(300, 1000, 3)); }

private:
    std::string draw(int low, int high, int decimals) {
        return model::decimal_text(model::I256(std::uniform_int_distribution<int>(low, high)(random_)), static_cast<std::uint8_t>(decimals));
    }

    DeriveWorld& world_;
    const DeriveBook& book_;
    std::mt19937 random_;
};

}  // namespace margind::tests
