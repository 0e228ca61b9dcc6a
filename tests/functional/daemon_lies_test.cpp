// Three operators, one of them lying about every kind of thing: no page is sent that an honest node gives no reason for, and none is
// swallowed. The blocks: 100, or MARGIND_LIES_BLOCKS; MARGIND_LIES_SEED draws prices, acts and lies.
#include "tests/support/fault_world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace margind::tests {
namespace {

using nlohmann::json;
using model::Address;
using model::U256;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

enum class Lie : std::uint8_t {
    none,
    lag,
    frozen,
    branch,
    worse_price,
    better_price,
    worse_price_of_venue_alone,
    better_price_of_venue_alone,
    worse_position,
    better_position,
    worse_balance,
    omitted_logs,
    omitted_and_removed_logs,
};
constexpr std::uint64_t lies = 13;
const char* name(Lie lie) {
    static constexpr std::array<const char*, lies> names{
        "none",           "lag",             "frozen",        "branch of its own",  "worse price",  "better price", "worse price of the venue alone",
        "better price of the venue alone", "worse position", "better position", "worse balance", "omitted logs", "omitted and removed logs"};
    return names.at(static_cast<std::size_t>(lie));
}
/// Of the venue facts or reference prices, which two operators read at every block.
bool of_shared_facts(Lie lie) {
    return lie == Lie::worse_price || lie == Lie::better_price || lie == Lie::worse_price_of_venue_alone || lie == Lie::better_price_of_venue_alone;
}

class Lies : public ::testing::Test {
protected:
    static constexpr std::size_t healthy = 5;
    static constexpr std::size_t sick = 6;

    void SetUp() override {
        owners_ = world_.open_accounts();
        world_.verb("aave_supply", {{"user", healthy}, {"asset", "WETH"}, {"amount", "500"}});
        world_.verb("aave_supply", {{"user", sick}, {"asset", "WETH"}, {"amount", "10"}});
        world_.verb("aave_borrow", {{"user", sick}, {"asset", "USDC"}, {"amount", "23900"}});
    }
    Address address(const std::string& text) const { return Address::parse(text).value(); }
    /// Empty blocks until the daemon reads from that operator again.
    void await_use(std::size_t place, const DaemonProcess& honest, const DaemonProcess& daemon) {
        const auto reads = [&] { return world_.proxy(place).record().calls_by_method()["eth_call"]; };
        const std::size_t before = reads();
        for (int i = 0; i < 200 && reads() < before + 2; ++i) {
            const json block = world_.verb("mine", json::object());
            honest.await_block(block);
            daemon.await_block(block);
        }
        EXPECT_GE(reads(), before + 2) << FaultWorld::name(place) << " stays out of use";
    }
    /// One block of the chain's own life.
    json act(std::uint64_t n) {
        const std::uint64_t draw = drawn(seed_, n);
        const std::uint64_t how = draw % 8;
        const bool low = (draw >> 40) % 2 == 0;
        // The first account is between CRITICAL and WARN at the low prices and OK at the high ones, and so is the second.
        if (how < 2) return world_.verb("set_price", {{"asset", "ETH"}, {"price", std::to_string((low ? 2685 : 2900) + (draw >> 8) % (low ? 90 : 400))}});
        if (how < 3) return world_.verb("set_price", {{"asset", "BTC"}, {"price", std::to_string((low ? 51'600 : 56'000) + (draw >> 8) % (low ? 2000 : 5000))}});
        // An incident is left a minute after its reason went.
        if (how < 5) return world_.verb("warp", {{"seconds", 90}});
        const std::size_t user = (draw >> 8) % owners_.size();
        const char* asset = user == 1 ? "WBTC" : "WETH";
        const char* amount = user == 1 ? "0.05" : "0.2";
        supplied_[user] = !supplied_[user];
        return world_.verb(supplied_[user] ? "aave_supply" : "aave_withdraw", {{"user", user}, {"asset", asset}, {"amount", amount}});
    }
    FaultPlan plan_of(Lie lie, std::uint64_t draw) {
        FaultPlan plan;
        const std::uint64_t head = world_.chain().head().number;
        const Address owner = address(owners_.at(draw % owners_.size()));
        const Address weth = world_.chain().address("/tokens/WETH/address");
        const auto feed_of = [&](const char* place, std::uint64_t answer) {
            const Address feed = world_.chain().address(place);
            const U256 round = words_of(world_.chain().call(feed, call_data("latestRound()"))).at(0);
            // Whether or not the next block answers anew.
            for (std::uint64_t later = 0; later < 2; ++later) {
                const auto at = model::checked_add(round, U256{later}).value();
                for (const StorageForgery& forgery : forged_answer(feed, at, U256{answer * 100'000'000})) plan.storage.push_back(forgery);
            }
        };
        switch (lie) {
            case Lie::none: break;
            case Lie::lag: plan.lag = 1 + draw % 5; break;
            case Lie::frozen: plan.frozen_at = head; break;
            case Lie::branch:
                plan.forked_from = head;
                plan.timestamp_shift_s = 1;
                break;
            case Lie::worse_price:
                feed_of("/feeds/ETH", 2500);
                feed_of("/feeds/BTC", 49'000);
                break;
            case Lie::better_price:
                feed_of("/feeds/ETH", 3900);
                feed_of("/feeds/BTC", 80'000);
                break;
            case Lie::worse_price_of_venue_alone: plan.words = {WordForgery{"getAssetPrice(address)", 0, 9, 10, {}, weth}}; break;
            case Lie::better_price_of_venue_alone: plan.words = {WordForgery{"getAssetPrice(address)", 0, 13, 10, {}, weth}}; break;
            case Lie::worse_position: plan.positions = {{owner, address(world_.user(sick))}}; break;
            case Lie::better_position: plan.positions = {{owner, address(world_.user(healthy))}}; break;
            case Lie::worse_balance: plan.words = {WordForgery{"scaledBalanceOf(address)", 0, 8, 10, {}, owner}}; break;
            case Lie::omitted_logs: plan.omit_logs = true; break;
            case Lie::omitted_and_removed_logs:
                plan.omit_logs = true;
                plan.add_removed_logs = true;
                break;
        }
        return plan;
    }
    std::uint64_t seed_ = number_from("MARGIND_LIES_SEED", 1);
    FaultWorld world_;
    std::vector<std::string> owners_;
    std::map<std::size_t, bool> supplied_;
};

TEST_F(Lies, page_nobody_and_swallow_no_page) {
    const std::uint64_t blocks = number_from("MARGIND_LIES_BLOCKS", 100);
    const TempFolder honest_folder;
    const TempFolder folder;
    const DaemonProcess honest(honest_folder, config_text(world_.chain(), {.owners = owners_, .endpoints = world_.honest_endpoints()}));
    const DaemonProcess daemon(folder, config_text(world_.chain(), {.owners = owners_, .endpoints = world_.endpoints()}));
    PageReader honest_pages(honest);
    PageReader pages(daemon);

    std::size_t paged = 0;
    std::size_t wrong = 0;
    std::size_t swallowed = 0;
    std::size_t wrong_states = 0;
    std::map<std::string, std::size_t> served;
    std::map<std::string, std::size_t> told;
    std::map<std::string, std::size_t> blocks_of;
    std::set<std::string> levels;
    std::uint64_t slowest_ms = 0;
    std::optional<std::size_t> was_left_out;
    const json first = world_.verb("mine", json::object());
    honest.await_block(first);
    daemon.await_block(first);

    for (std::uint64_t n = 0; n < blocks; ++n) {
        // A lie lasts three blocks, and each has its turn.
        const std::uint64_t draw = drawn(seed_ + 1, n / 3);
        const auto lie = static_cast<Lie>(n / 3 % lies);
        const std::size_t liar = (draw >> 8) % FaultWorld::count;
        if (n % 3 == 0) {
            for (std::size_t i = 0; i < FaultWorld::count; ++i) world_.proxy(i).set({});
            // A header that is no header puts its endpoint out of use until it is probed: one of three lies, the other two answer.
            if (was_left_out) await_use(*was_left_out, honest, daemon);
            was_left_out = lie == Lie::branch ? std::optional(liar) : std::nullopt;
            world_.proxy(liar).set(plan_of(lie, draw >> 16));
        }
        // Now and then one of the honest two is late, so that the liar and the other speak first.
        const std::size_t late = (liar + 1 + draw % 2) % FaultWorld::count;
        if (n % 22 == 13) {
            FaultPlan slow;
            slow.delay = std::chrono::milliseconds(400);
            world_.proxy(late).set(slow);
        } else if (n % 22 == 14 && n % 3 != 0) {
            world_.proxy(late).set({});
        }
        const std::size_t forged_before = world_.proxy(liar).record().forgeries().size();
        const double told_before = disputes(daemon, FaultWorld::name(liar));

        const json block = act(n);
        const auto mined = std::chrono::steady_clock::now();
        honest.await_block(block);
        daemon.await_block(block);
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - mined).count();
        slowest_ms = std::max(slowest_ms, static_cast<std::uint64_t>(took));

        const std::string place = fmt::format("block {} (n {}), {} says: {}", block.at("number").dump(), n, FaultWorld::name(liar), name(lie));
        ++blocks_of[name(lie)];
        if (world_.proxy(liar).record().forgeries().size() > forged_before) ++served[name(lie)];
        if (disputes(daemon, FaultWorld::name(liar)) > told_before) ++told[name(lie)];

        const std::multiset<Page> expected = honest_pages.next();
        const std::multiset<Page> sent = pages.next();
        paged += expected.size();
        for (const Page& page : sent)
            if (expected.count(page) < sent.count(page)) {
                ++wrong;
                ADD_FAILURE() << place << ": wrong page " << page.type << " " << page.account << " at " << page.level;
            }
        for (const Page& page : expected)
            if (sent.count(page) < expected.count(page)) {
                ++swallowed;
                ADD_FAILURE() << place << ": swallowed page " << page.type << " " << page.account << " at " << page.level;
            }

        const auto expected_states = account_states(honest);
        const auto states = account_states(daemon);
        for (const std::string& owner : owners_) {
            const std::string key = "aave_v3:31337:" + owner;
            ASSERT_TRUE(states.contains(key)) << place;
            ASSERT_TRUE(expected_states.contains(key)) << place;
            const AccountState& state = states.at(key);
            levels.insert(state.level);
            const auto truth = world_.truth_of(owner, block.at("hash"));
            EXPECT_EQ(expected_states.at(key).native, truth) << place << ": the honest daemon about " << owner;
            const bool right = state.level == expected_states.at(key).level && state.native == truth && state.grade != "drift" && state.grade != "unknown";
            if (!right) {
                ++wrong_states;
                ADD_FAILURE() << place << ": " << owner << " is " << state.level << " (" << state.grade << "), should be "
                              << expected_states.at(key).level;
            }
        }
        if (::testing::Test::HasFailure() && wrong + swallowed + wrong_states > 20) break;
    }
    for (std::size_t i = 0; i < FaultWorld::count; ++i) world_.proxy(i).set({});

    EXPECT_EQ(world_.failures(), std::vector<std::string>{});
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(swallowed, 0U);
    // That there was something to swallow, and every kind of lie to believe.
    EXPECT_GE(paged, blocks / 10);
    for (const char* level : {"warn", "call", "critical"}) EXPECT_TRUE(levels.contains(level)) << level;
    std::cout << fmt::format("lies: seed {}, {} blocks, {} pages, {} wrong, {} swallowed, slowest block {} ms\n", seed_, blocks, paged, wrong, swallowed,
                             slowest_ms);
    for (std::uint64_t i = 0; i < lies; ++i) {
        const std::string kind = name(static_cast<Lie>(i));
        std::cout << fmt::format("lies: {}: {} blocks, served in {}, disputed within the block in {}\n", kind, blocks_of[kind], served[kind], told[kind]);
        if (of_shared_facts(static_cast<Lie>(i)) && served[kind] > 3) {
            EXPECT_GE(told[kind] * 10, served[kind] * 9) << kind;
        }
    }
    const std::string log = daemon.log();
    if (HasFailure()) std::cout << log;
    EXPECT_EQ(log.find(FaultProxy::secret), std::string::npos);
}

}  // namespace
}  // namespace margind::tests
