// The Compound III rule against our double of a comet (tests/chain/contracts/compound: no package has the real one): every view and
// static calls of absorb(), prices set to the unit, adjustments. It proves reading and arithmetic against that contract alone.
#include "risk/distance.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/comet_world.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using model::I256;
using model::State;
using model::U256;
using nlohmann::json;

/// Owners of each comet; MARGIND_VENUE_CHECKS asks for so many checks, 11 of each.
int wanted_owners() {
    const char* given = std::getenv("MARGIND_VENUE_CHECKS");
    return given == nullptr ? 36 : std::atoi(given) / 18 + 40;
}

class CompoundDouble : public testing::TestWithParam<const char*> {
protected:
    ChainProcess chain_{{"--with", "compound"}};
    CometWorld world_{chain_, GetParam()};
    int checks_ = 0;
    int liquidatable_ = 0;

    void compare(const CometAccount& account, const model::PreparedAccount& prepared, const State& state, const BlockRef& block,
                 const std::string& what) {
        const std::string name = what + ": " + account.kind + " " + account.owner.to_string();
        const auto ours = prepared.native(state);
        ASSERT_TRUE(ours) << name << ": " << ours.error().message;
        const std::vector<U256> theirs = world_.views(account.owner, block);
        for (std::size_t i = 0; i < theirs.size(); ++i) EXPECT_EQ((*ours)[i].value, I256::from(theirs[i])) << name << ": " << (*ours)[i].name;
        const bool taken = world_.absorbs(account.owner, block);
        EXPECT_EQ(prepared.at(state).value().liquidatable, taken) << name;
        EXPECT_EQ(prepared.liquidatable(state).value(), taken) << name;
        ++checks_;
        liquidatable_ += taken;
    }
    void compare(const std::vector<CometAccount>& accounts, const FactsPtr& venue, const BlockRef& block, const std::string& what) {
        for (const CometAccount& account : accounts) {
            const auto prepared = world_.prepare(venue, account);
            compare(account, *prepared, prepared->current(), block, what);
        }
    }
};

TEST_P(CompoundDouble, equals_every_view_and_absorb_over_random_accounts_and_states) {
    const std::vector<CometAccount> accounts = world_.random_accounts(20'260'101, wanted_owners());
    ASSERT_GT(accounts.size(), 20U);
    const BlockRef first = chain_.head();
    const FactsPtr venue = world_.road.venue(first);
    compare(accounts, venue, first, "at the block");
    for (const int seconds : {1, 3'600, 86'400 * 90}) {
        json arguments = json::object();
        arguments["seconds"] = seconds;
        chain_.verb("warp", arguments);
        const BlockRef later = chain_.head();
        const FactsPtr fresh = world_.road.venue(later);
        compare(accounts, fresh, later, std::to_string(later.time - first.time) + " s later");
        for (const CometAccount& account : accounts) {
            const auto prepared = world_.prepare(venue, account);
            State state = prepared->current();
            state.time_offset_s = later.time - first.time;
            compare(account, *prepared, state, later, "old facts " + std::to_string(state.time_offset_s) + " s later");
        }
    }
    world_.verb("compound_accrue", "{}");
    compare(accounts, world_.road.venue(chain_.head()), chain_.head(), "accrued");
    for (const std::uint64_t percent : {97U, 91U, 80U}) {
        for (const auto& [symbol, feed] : chain_.ready().at("addresses").at("compound").at(world_.base).at("feeds").items()) {
            if (symbol == world_.base) continue;
            const U256 price = words_of(chain_.call(Address::parse(feed.get<std::string>()).value(), call_data("latestAnswer()"))).at(0);
            world_.set_price(symbol, *model::mul_div(price, U256(percent), U256(100), model::Rounding::up));
        }
        compare(accounts, world_.road.venue(chain_.head()), chain_.head(), "prices at " + std::to_string(percent) + " %");
    }
    std::cout << "Compound over the double, " << world_.base << ": " << accounts.size() << " accounts, " << checks_ << " checks, " << liquidatable_
              << " liquidatable\n";
    EXPECT_GT(liquidatable_, 10);
}

TEST_P(CompoundDouble, reports_prices_that_flip_absorb_to_the_unit) {
    const std::vector<CometAccount> accounts = world_.random_accounts(5, 36);
    const BlockRef block = chain_.head();
    const FactsPtr venue = world_.road.venue(block);
    model::Market market;
    for (const char* asset : {"ETH", "BTC", "USDC", "DAI"}) market.assets[{asset}] = {0.03, 0.0, 0.01, 0.18, 1'000};
    int flipped = 0;
    for (const CometAccount& account : accounts) {
        const auto prepared = world_.prepare(venue, account);
        constexpr std::int64_t offset = 3'600;
        const auto found = risk::distances(*prepared, market, {}, {}, block.chain, offset);
        ASSERT_TRUE(found) << found.error().message;
        for (const model::Candidate& candidate : found->candidates) {
            if (candidate.h <= 0) continue;
            const auto input = std::find_if(prepared->inputs().begin(), prepared->inputs().end(),
                                            [&](const auto& one) { return one.underlying.symbol == candidate.asset; });
            ASSERT_NE(input, prepared->inputs().end());
            const U256 nearer = *(candidate.direction == model::Direction::down ? model::checked_add(candidate.liquidation_price, U256(1))
                                                                                : model::checked_sub(candidate.liquidation_price, U256(1)));
            for (const auto& [price, expected] : {std::pair{candidate.liquidation_price, true}, std::pair{nearer, false}}) {
                const std::string before = chain_.verb("snapshot").at("id").get<std::string>();
                world_.set_price(input->label, price, block.time + offset);
                EXPECT_EQ(world_.absorbs(account.owner, chain_.head()), expected)
                    << account.kind << ' ' << candidate.asset << ' ' << price.to_decimal();
                // The view follows once the interest is stored.
                json arguments = json::object();
                world_.verb("compound_accrue", "{\"at\": " + std::to_string(block.time + offset) + "}");
                EXPECT_EQ(world_.views(account.owner, chain_.head())[2], U256(expected ? 1 : 0));
                arguments["id"] = before;
                chain_.verb("revert", arguments);
                ++flipped;
            }
        }
    }
    std::cout << flipped << " prices set on the chain\n";
    EXPECT_GT(flipped, 20);
}

TEST_P(CompoundDouble, adjustments_are_what_the_comet_makes_of_them) {
    const std::vector<CometAccount> accounts = world_.random_accounts(9, 27);
    const BlockRef block = chain_.head();
    const FactsPtr venue = world_.road.venue(block);
    int compared = 0;
    for (const CometAccount& account : accounts) {
        const auto prepared = world_.prepare(venue, account);
        for (const model::AdjustmentOption& option : prepared->options()) {
            const U256 most = std::min(option.max_raw, U256::pow10(static_cast<unsigned>(option.decimals)));
            for (const U256& amount :
                 {*model::checked_div(most, U256(3), model::Rounding::up), option.verb == model::Verb::repay ? option.max_raw : most}) {
                const auto after = prepared->with({option.verb, option.asset, amount});
                ASSERT_TRUE(after) << after.error().message;
                const std::string before = chain_.verb("snapshot").at("id").get<std::string>();
                world_.verb("compound_supply", R"({"user": ")" + account.owner.to_string() + R"(", "asset": ")" + option.label +
                                                   R"(", "amount_raw": ")" + amount.to_decimal() + R"(", "at": )" + std::to_string(block.time) + "}");
                const BlockRef then = chain_.head();
                const std::vector<U256> theirs = world_.views(account.owner, then);
                const auto ours = (*after)->native((*after)->current()).value();
                for (std::size_t i = 0; i < theirs.size(); ++i)
                    EXPECT_EQ(ours[i].value, I256::from(theirs[i])) << account.kind << ' ' << ours[i].name;
                ++compared;
                json arguments = json::object();
                arguments["id"] = before;
                chain_.verb("revert", arguments);
            }
        }
    }
    EXPECT_GT(compared, 20);
}

TEST_P(CompoundDouble, makes_only_the_holders_of_a_refused_price_unknown) {
    const std::vector<CometAccount> accounts = world_.random_accounts(3, 36);
    world_.set_price("WBTC", U256{});
    const BlockRef block = chain_.head();
    const FactsPtr venue = world_.road.venue(block);
    int unknown = 0;
    int known = 0;
    for (const CometAccount& account : accounts) {
        const auto prepared = world_.road.adapter().rule().prepare(*venue, *account.facts, world_.assets);
        if (prepared) {
            ++known;
            compare(account, **prepared, (*prepared)->current(), block, "without WBTC");
            continue;
        }
        ++unknown;
        EXPECT_TRUE(prepared.error().message.starts_with("price_refused")) << prepared.error().message;
    }
    EXPECT_GT(unknown, 3);
    EXPECT_GT(known, 3);
}

TEST_P(CompoundDouble, is_right_with_dust_with_negative_equity_and_while_absorbing_is_paused) {
    const std::string collateral = world_.base == "USDC" ? "WETH" : "WBTC";
    const auto act = [&](const char* verb, int user, const std::string& asset, const std::string& amount) {
        world_.verb(verb, R"({"user": )" + std::to_string(user) + R"(, "asset": ")" + asset + R"(", )" + amount + "}");
    };
    act("compound_supply", 0, collateral, R"("amount_raw": "1")");
    // Of one unit the comet's rounding leaves nothing.
    act("compound_supply", 1, world_.base, R"("amount_raw": "2")");
    act("compound_supply", 2, collateral, R"("amount": "4")");
    act("compound_withdraw", 2, world_.base, world_.base == "USDC" ? R"("amount": "6000")" : R"("amount": "40")");
    const auto accounts = [&] {
        std::vector<CometAccount> all;
        const BlockRef block = chain_.head();
        for (const char* kind : {"dust of collateral", "dust of base", "borrower", "nothing"}) {
            CometAccount& one = all.emplace_back();
            one.owner = Address::parse(chain_.ready().at("accounts").at(all.size() - 1).get<std::string>()).value();
            one.kind = kind;
            const auto reading = world_.road.accounts(world_.road.venue(block), std::array{one.owner}, block);
            if (!reading.front().value().empty()) one.facts = reading.front()->front().facts;
        }
        return all;
    };
    std::vector<CometAccount> all = accounts();
    EXPECT_FALSE(all.back().facts) << "who has nothing has no account";
    all.pop_back();
    for (const CometAccount& one : all) ASSERT_TRUE(one.facts) << one.kind;
    compare(all, world_.road.venue(chain_.head()), chain_.head(), "dust");

    const Address feed = Address::parse(chain_.ready().at("addresses").at("compound").at(world_.base).at("feeds").at(collateral).get<std::string>()).value();
    world_.set_price(collateral, *model::mul_div(words_of(chain_.call(feed, call_data("latestAnswer()"))).at(0), U256(1), U256(10), model::Rounding::down));
    const FactsPtr fallen = world_.road.venue(chain_.head());
    compare(all, fallen, chain_.head(), "a tenth of the price");
    const auto borrower = world_.prepare(fallen, all[2]);
    EXPECT_TRUE(borrower->at(borrower->current())->equity.raw.is_negative());
    EXPECT_TRUE(world_.absorbs(all[2].owner, chain_.head()));

    // Nobody can take it then; its state is what it was.
    world_.verb("compound_pause_absorb", R"({"enabled": true})");
    const auto paused = world_.prepare(world_.road.venue(chain_.head()), all[2]);
    EXPECT_TRUE(paused->at(paused->current())->liquidatable);
    EXPECT_EQ(world_.views(all[2].owner, chain_.head())[2], U256(1));
    try {
        chain_.call(world_.comet, call_data("absorb(address,address[])", {word_of(all[2].owner), U256(64), U256(1), word_of(all[2].owner)}));
        ADD_FAILURE() << "absorbed while paused";
    } catch (const std::runtime_error& error) {
        const model::Bytes32 hash = model::keccak256(std::string_view("Paused()"));
        EXPECT_NE(std::string(error.what()).find(model::to_hex(std::span(hash.bytes).first(4))), std::string::npos) << error.what();
    }
    world_.verb("compound_pause_absorb", R"({"enabled": false})");
    EXPECT_TRUE(world_.absorbs(all[2].owner, chain_.head()));
}

INSTANTIATE_TEST_SUITE_P(Comets, CompoundDouble, testing::Values("USDC", "WETH"));

}  // namespace
}  // namespace margind::tests
