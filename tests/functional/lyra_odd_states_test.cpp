// Lyra where things are not ordinary: rates that are refused, paused markets, frozen boards, boards that expired, were settled or are
// new, owners that change. Each on the real contracts: right, or unknown with its reason.
#include "tests/support/lyra_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::ErrorCode;
using model::FactsPtr;
using model::I256;
using model::U256;
using nlohmann::json;

class LyraOddStates : public testing::Test {
protected:
    LyraWorld world_;
    Address user_ = Address::parse(world_.chain().ready().at("accounts")[0].get<std::string>()).value();
    Address other_ = Address::parse(world_.chain().ready().at("accounts")[1].get<std::string>()).value();

    std::uint64_t open(const char* type, int strike, const char* amount, const char* collateral) {
        const json done = world_.verb("lyra_open",
            {{"user", 0}, {"market", "ETH"}, {"strike", strike}, {"type", type}, {"amount", amount}, {"collateral", collateral}});
        return done.at("position").get<std::uint64_t>();
    }
    std::vector<HeldOption> held(const Address& owner) {
        const BlockRef block = world_.chain().head();
        return world_.read(world_.road().venue(block), {owner}, block);
    }
    /// One of each type, in this order, at strike 3 of the first board (3,000), of which the shorts have plenty.
    std::vector<std::uint64_t> one_of_each() {
        return {open("long_call", 3, "1", "0"), open("long_put", 3, "1.5", "0"), open("short_call_base", 3, "2", "1.9"),
                open("short_call_quote", 3, "0.7", "2900"), open("short_put_quote", 3, "1.1", "3000")};
    }
    std::string refusal(const FactsPtr& venue, const FactsPtr& account) {
        const auto prepared = world_.road().adapter().rule().prepare(*venue, *account, world_.assets());
        return prepared ? "" : std::string(model::to_string(prepared.error().code)) + ": " + prepared.error().message;
    }
    I256 balance(const Address& token, const Address& owner, const BlockRef& block) {
        return *I256::from(world_.ask(token, "balanceOf(address)", {word_of(owner)}, block)->at(0));
    }
};

TEST_F(LyraOddStates, a_rate_that_is_too_old_makes_positions_unknown) {
    one_of_each();
    world_.verb("warp", {{"seconds", 26 * 3'600}, {"refresh", false}});
    const BlockRef block = world_.chain().head();
    const FactsPtr venue = world_.road().venue(block);
    const std::vector<HeldOption> all = world_.read(venue, {user_}, block);
    ASSERT_EQ(all.size(), 5U);
    for (const HeldOption& one : all) {
        EXPECT_EQ(one.views.size(), 2U) << "amount and collateral alone";
        EXPECT_NE(refusal(venue, one.facts).find("no spot price"), std::string::npos) << refusal(venue, one.facts);
        EXPECT_EQ(world_.liquidation_refusal(one.position, block), selector_of("RateIsInvalid(address,uint256,bool)"));
    }
    // The next answer brings all back.
    world_.verb("set_price", {{"asset", "ETH"}, {"price", "3000"}, {"keeper", false}});
    const BlockRef later = world_.chain().head();
    for (const HeldOption& one : all) EXPECT_EQ(refusal(world_.road().venue(later), one.facts), "");
}

TEST_F(LyraOddStates, pauses_and_frozen_boards_stop_liquidations_not_figures) {
    open("short_call_base", 3, "2", "0.8");
    world_.verb("set_price", {{"asset", "ETH"}, {"price", "4500"}, {"keeper", false}});
    const auto check = [&](const std::string& error, bool closes) {
        const BlockRef block = world_.chain().head();
        const FactsPtr venue = world_.road().venue(block);
        const std::vector<HeldOption> all = world_.read(venue, {user_}, block);
        ASSERT_EQ(all.size(), 1U);
        const auto account = world_.prepare(venue, all.front().facts);
        ASSERT_NE(account, nullptr);
        EXPECT_TRUE(account->at(account->current())->liquidatable);
        EXPECT_EQ(world_.liquidation_refusal(all.front().position, block), error);
        const auto options = account->options();
        const bool reduces = std::any_of(options.begin(), options.end(), [](const auto& option) { return option.verb == model::Verb::reduce; });
        EXPECT_EQ(reduces, closes);
    };
    check("", true);
    world_.verb("lyra_freeze", {{"market", "ETH"}, {"board", 1}});
    check(selector_of("BoardIsFrozen(address,uint256)"), false);
    world_.verb("lyra_freeze", {{"market", "ETH"}, {"board", 1}, {"frozen", false}});
    world_.verb("lyra_pause", {{"market", "ETH"}});
    check(selector_of("MarketIsPaused(address,address)"), false);
    world_.verb("lyra_pause", {{"market", "ETH"}, {"paused", false}});
    world_.verb("lyra_pause", {});
    check(selector_of("AllMarketsPaused(address,address)"), false);
}

TEST_F(LyraOddStates, expired_boards_are_worth_what_their_settlement_pays) {
    for (const char* price : {"3456.789", "2765.4321"}) {
        const std::string snapshot = world_.verb("snapshot", {}).at("id").get<std::string>();
        const std::vector<std::uint64_t> ids = one_of_each();
        const BlockRef opened = world_.chain().head();
        const FactsPtr config = world_.road().config(opened);
        const std::vector<HeldOption> all = world_.read(*world_.road().try_venue(config, opened), {user_}, opened);
        ASSERT_EQ(all.size(), 5U);
        world_.verb("warp", {{"seconds", 15 * 86'400}, {"refresh", true}});
        world_.verb("set_price", {{"asset", "ETH"}, {"price", price}, {"keeper", false}});
        // Expired and not settled: as if it were settled at this spot; nothing can be liquidated.
        const BlockRef expired = world_.chain().head();
        const FactsPtr before = *world_.road().try_venue(config, expired);
        std::map<std::string, model::Money> expected;
        for (const HeldOption& one : all) {
            const auto account = world_.prepare(before, one.facts);
            ASSERT_NE(account, nullptr);
            const auto standing = account->at(account->current());
            ASSERT_TRUE(standing) << standing.error().message;
            EXPECT_FALSE(standing->liquidatable);
            EXPECT_TRUE(standing->maintenance.raw.is_zero());
            EXPECT_EQ(world_.liquidation_refusal(one.position, expired), selector_of("BoardExpired(address,uint256,uint256,uint256)"));
            expected[one.position.sub()] = standing->equity;
        }
        world_.verb("lyra_settle_board", {{"market", "ETH"}, {"board", 1}, {"at", expired.time}});
        const BlockRef settled = world_.chain().head();
        // By the old configuration the venue tells of the settlement; by a new one the account does. Both say what the board's end said.
        const FactsPtr carried = *world_.road().try_venue(config, settled);
        const FactsPtr fresh = world_.road().venue(settled);
        for (const HeldOption& one : all) {
            const auto account = world_.prepare(carried, one.facts);
            ASSERT_NE(account, nullptr);
            EXPECT_EQ(account->at(account->current())->equity, expected[one.position.sub()]) << one.position.sub();
            EXPECT_EQ(refusal(fresh, one.facts).find("missing"), 0U) << "read anew with a new configuration";
        }
        const std::vector<HeldOption> anew = world_.read(fresh, {user_}, settled);
        ASSERT_EQ(anew.size(), 5U);
        for (const HeldOption& one : anew) {
            const auto account = world_.prepare(fresh, one.facts);
            ASSERT_NE(account, nullptr);
            EXPECT_EQ(account->at(account->current())->equity, expected[one.position.sub()]) << one.position.sub();
            EXPECT_TRUE(account->options().empty());
        }
        // And paid out.
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const bool base = all[i].position.type == 2;
            const BlockRef then = world_.chain().head();
            const Address token = base ? world_.contract("ETH", "base") : world_.chain().address("/lyra/quote");
            world_.verb("lyra_settle", {{"market", "ETH"}, {"position", *all[i].position.id.to_u64()}});
            const BlockRef paid = world_.chain().head();
            I256 got = *checked_sub(balance(token, user_, paid), balance(token, user_, then));
            if (base) got = *I256::from(*mul_div(got.magnitude(), world_.spot("ETH", settled), U256::pow10(18), model::Rounding::down));
            EXPECT_EQ(got, expected[all[i].position.sub()].raw) << all[i].position.sub() << " at " << price;
        }
        EXPECT_TRUE(held(user_).empty());
        world_.verb("revert", {{"id", snapshot}});
    }
}

TEST_F(LyraOddStates, a_new_board_asks_for_a_new_configuration) {
    const BlockRef first = world_.chain().head();
    const FactsPtr config = world_.road().config(first);
    ASSERT_TRUE(world_.road().try_venue(config, first));
    const json made = world_.verb("lyra_board",
        {{"market", "ETH"}, {"expires_in", 86'400 * 3}, {"iv", "1.1"}, {"strikes", json::array({"2900", "3100"})}});
    const BlockRef later = world_.chain().head();
    const auto refused = world_.road().try_venue(config, later);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::missing);
    EXPECT_NE(refused.error().message.find("board " + std::to_string(made.at("board").get<int>()) + " is new"), std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(world_.road().try_venue(world_.road().config(later), later));
}

// Facts change only in blocks whose logs name the owner.
TEST_F(LyraOddStates, logs_name_every_owner_whose_positions_change) {
    const std::vector<std::uint64_t> ids = one_of_each();
    const BlockRef start = world_.chain().head();
    const FactsPtr config = world_.road().config(start);
    const std::vector<Address> owners{user_, other_};
    const auto facts_at = [&](const BlockRef& block) {
        std::vector<std::map<std::string, model::Bytes32>> all;
        const FactsPtr venue = *world_.road().try_venue(config, block);
        for (const auto& readings : world_.road().accounts(venue, owners, block)) {
            std::map<std::string, model::Bytes32> one;
            for (const adapters::AccountReading& reading : *readings) one[reading.sub] = reading.facts->content_hash();
            all.push_back(std::move(one));
        }
        return all;
    };
    const adapters::Watch watch = world_.road().adapter().watch(**world_.road().try_venue(config, start)).value();
    auto before = facts_at(start);
    int changed = 0;
    int quiet = 0;
    const auto act = [&](const char* name, std::initializer_list<std::pair<const char*, json>> fields, int changes) {
        const std::uint64_t from = world_.chain().head().number + 1;
        world_.verb(name, fields);
        const BlockRef block = world_.chain().head();
        std::set<Address> named;
        json filter = json::object();
        filter["fromBlock"] = U256(from).to_hex();
        filter["toBlock"] = U256(block.number).to_hex();
        filter["address"] = json::array();
        for (const Address& address : watch.addresses) filter["address"].push_back(address.to_string());
        filter["topics"] = json::array({json::array()});
        for (const model::Bytes32& topic : watch.topics) filter["topics"][0].push_back(topic.to_string());
        for (const json& row : world_.chain().rpc("eth_getLogs", json::array({filter}))) {
            adapters::Log log;
            log.address = Address::parse(row.at("address").get<std::string>()).value();
            for (const json& topic : row.at("topics")) log.topics.push_back(model::Bytes32::parse(topic.get<std::string>()).value());
            for (const Address& owner : world_.road().adapter().touched(log)) named.insert(owner);
        }
        const auto after = facts_at(block);
        int differing = 0;
        for (std::size_t i = 0; i < owners.size(); ++i) {
            if (after[i] == before[i]) continue;
            ++differing;
            EXPECT_TRUE(named.contains(owners[i])) << name << ": " << owners[i].to_string();
        }
        EXPECT_EQ(differing, changes) << name;
        (differing > 0 ? changed : quiet) += 1;
        before = after;
    };
    act("lyra_open", {{"user", 1}, {"market", "BTC"}, {"strike", 8}, {"type", "short_put_quote"}, {"amount", "0.1"}, {"collateral", "5000"}}, 1);
    act("lyra_add_collateral", {{"user", 0}, {"market", "ETH"}, {"position", ids[2]}, {"amount", "0.05"}}, 1);
    act("lyra_split", {{"user", 0}, {"market", "ETH"}, {"position", ids[4]}, {"amount", "0.5"}, {"collateral", "1400"}}, 1);
    act("lyra_transfer", {{"user", 0}, {"market", "ETH"}, {"position", ids[0]}, {"to", 1}}, 2);
    act("lyra_close", {{"user", 0}, {"market", "ETH"}, {"position", ids[1]}, {"amount", "0.5"}}, 1);
    act("lyra_open", {{"user", 0}, {"market", "ETH"}, {"strike", 3}, {"type", "short_put_quote"}, {"amount", "0.5"}, {"collateral", "1400"}}, 1);
    act("lyra_merge", {{"user", 0}, {"market", "ETH"}, {"positions", json::array({ids[4], ids[4] + 1})}}, 1);
    act("mine", {{"blocks", 2}}, 0);
    act("set_price", {{"asset", "ETH"}, {"price", "6000"}, {"keeper", false}}, 0);
    act("lyra_update_cache", {{"market", "ETH"}}, 0);
    act("lyra_liquidate", {{"market", "ETH"}, {"position", ids[3]}}, 1);
    act("warp", {{"seconds", 15 * 86'400}, {"refresh", true}}, 0);
    act("lyra_settle_board", {{"market", "ETH"}, {"board", 1}}, 0);
    act("lyra_settle", {{"market", "ETH"}, {"position", ids[1]}}, 1);
    EXPECT_EQ(changed, 9);
    EXPECT_EQ(quiet, 5);
}

// The views of held positions alone: those of the whole reading, where nothing changed; what is new or gone shows.
TEST_F(LyraOddStates, views_of_held_positions_follow_the_list) {
    const std::vector<std::uint64_t> ids = one_of_each();
    const BlockRef first = world_.chain().head();
    const FactsPtr venue = world_.road().venue(first);
    const std::vector<Address> owners{user_};
    const auto readings = world_.road().accounts(venue, owners, first);
    ASSERT_TRUE(readings[0]) << readings[0].error().message;
    const std::vector<adapters::AccountReadings> held{*readings[0]};
    const auto same = world_.road().views(venue, owners, held, first);
    ASSERT_TRUE(same[0]) << same[0].error().message;
    ASSERT_EQ(same[0]->size(), held[0].size());
    for (std::size_t i = 0; i < held[0].size(); ++i) {
        EXPECT_EQ((*same[0])[i].sub, held[0][i].sub);
        EXPECT_EQ((*same[0])[i].views, held[0][i].views);
    }
    world_.verb("set_price", {{"asset", "ETH"}, {"price", "3111"}, {"keeper", false}});
    world_.verb("lyra_close", {{"user", 0}, {"market", "ETH"}, {"position", ids[0]}, {"amount", "max"}});
    const std::uint64_t opened = open("long_call", 4, "1", "0");
    const BlockRef later = world_.chain().head();
    const auto moved = world_.road().views(venue, owners, held, later);
    ASSERT_TRUE(moved[0]) << moved[0].error().message;
    std::map<std::string, std::size_t> figures;
    for (const adapters::AccountViews& one : *moved[0]) figures[one.sub] = one.views.size();
    EXPECT_FALSE(figures.contains("sETH/" + std::to_string(ids[0])));
    EXPECT_EQ(figures.at("sETH/" + std::to_string(opened)), 0U);
    EXPECT_EQ(figures.at("sETH/" + std::to_string(ids[2])), 5U);
    const auto fresh = world_.road().accounts(world_.road().venue(later), owners, later);
    for (const adapters::AccountViews& one : *moved[0]) {
        if (one.views.empty()) continue;
        const auto whole = std::find_if(fresh[0]->begin(), fresh[0]->end(), [&](const auto& reading) { return reading.sub == one.sub; });
        ASSERT_NE(whole, fresh[0]->end());
        EXPECT_EQ(one.views, whole->views) << one.sub;
    }
}

}  // namespace
}  // namespace margind::tests
