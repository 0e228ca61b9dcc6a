// margind run behind operators that break their answers in every way: it goes on with the others, within its bounds and budgets.
#include "tests/support/fault_world.hpp"
#include "tests/support/sanitized.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace margind::tests {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds one_block_within{20};

FaultPlan disrupted(Disruption how) {
    FaultPlan plan;
    plan.disruption = how;
    return plan;
}

class Faults : public ::testing::Test {
protected:
    void SetUp() override { owners_ = world_.open_accounts(); }
    void TearDown() override { EXPECT_EQ(world_.failures(), std::vector<std::string>{}); }
    std::string config(std::optional<double> requests_per_second = {}) {
        return config_text(world_.chain(), {.owners = owners_, .endpoints = world_.endpoints(requests_per_second)});
    }
    json mine() { return world_.verb("mine", json::object()); }
    json set_price(std::uint64_t price) { return world_.verb("set_price", {{"asset", "ETH"}, {"price", std::to_string(price)}}); }
    static void await_block(const DaemonProcess& daemon, const json& block) {
        daemon.await("/v1/portfolios", [&](const Answer& answer) {
            return answer.status == 200 && answer.body.at("as_of").at(0).at("hash") == block.at("hash");
        }, one_block_within);
    }
    void expect_the_truth(const DaemonProcess& daemon, const json& block, const std::string& when) {
        const auto states = account_states(daemon);
        for (const std::string& owner : owners_) {
            const auto state = states.find("aave_v3:31337:" + owner);
            ASSERT_NE(state, states.end()) << when;
            EXPECT_EQ(state->second.native, world_.truth_of(owner, block.at("hash"))) << when;
        }
    }

    FaultWorld world_;
    TempFolder folder_;
    std::vector<std::string> owners_;
};

TEST_F(Faults, of_one_operator_hold_nothing_up_and_are_told_of_it_by_name) {
    const DaemonProcess daemon(folder_, config());
    await_block(daemon, mine());
    std::uint64_t price = 2900;
    std::size_t place = 0;
    for (const Disruption how : all_disruptions()) {
        place = 1 - place;
        const std::string when = fmt::format("{} of {}", name(how), FaultWorld::name(place));
        world_.proxy(place).set(disrupted(how));
        const auto met = [&] { return world_.proxy(place).record().forgeries_by_kind()[std::string(name(how))]; };
        // One that failed a moment ago is left alone for a while.
        for (int i = 0; i < 2 || (i < 20 && met() == 0); ++i) {
            const json block = set_price(price += 3);
            const auto mined = Clock::now();
            await_block(daemon, block);
            EXPECT_LT(Clock::now() - mined, seconds(8)) << when;
            expect_the_truth(daemon, block, when);
        }
        EXPECT_GT(met(), 0U) << when;
        world_.proxy(place).set({});
    }
    // Each kind of failure is told once a minute.
    for (const char* operator_name : {"alpha", "beta"})
        EXPECT_NE(daemon.log().find(fmt::format("event=endpoint_failed chain=31337 operator={}", operator_name)), std::string::npos) << daemon.log();
    EXPECT_EQ(daemon.log().find(FaultProxy::secret), std::string::npos);
    EXPECT_EQ(daemon.get("/metrics").text.find(FaultProxy::secret), std::string::npos);
    EXPECT_EQ(daemon.get("/readyz").text.find(FaultProxy::secret), std::string::npos);
}

TEST_F(Faults, another_chain_of_one_operator_is_left_out_and_told) {
    const DaemonProcess daemon(folder_, config());
    await_block(daemon, mine());
    // Away for a moment, and back as another one.
    world_.proxy(2).set(disrupted(Disruption::drop_before));
    for (int i = 0; i < 2; ++i) await_block(daemon, mine());
    FaultPlan plan;
    plan.chain_id = 1;
    world_.proxy(2).set(plan);
    const auto until = Clock::now() + seconds(15);
    while (world_.proxy(2).record().forgeries_by_kind()["chain"] == 0 && Clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
    for (int i = 0; i < 5; ++i) {
        const json block = set_price(static_cast<std::uint64_t>(2900 + i));
        await_block(daemon, block);
        expect_the_truth(daemon, block, "another chain");
    }
    EXPECT_GT(world_.proxy(2).record().forgeries_by_kind()["chain"], 0U);
    EXPECT_NE(daemon.log().find("gamma"), std::string::npos);
}

TEST_F(Faults, answers_without_end_take_no_memory_and_hold_up_no_other) {
    const DaemonProcess daemon(folder_, config());
    for (int i = 0; i < 5; ++i) await_block(daemon, mine());
    for (const Disruption how : {Disruption::huge, Disruption::nested, Disruption::gzip_bomb}) {
        for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
            const std::size_t before = peak_memory_kib(daemon.pid());
            const std::uint64_t others = world_.proxy(2).record().messages();
            world_.proxy(place).set(disrupted(how));
            for (int i = 0; i < 2; ++i) {
                const json block = set_price(static_cast<std::uint64_t>(2950 + i));
                await_block(daemon, block);
                expect_the_truth(daemon, block, std::string(name(how)));
            }
            // The kernel counts roughly: a peak may come out a little lower later.
            const std::size_t peak = peak_memory_kib(daemon.pid());
            const std::size_t grown = peak - std::min(peak, before);
            std::cout << fmt::format("faults: {} of {}: {} answers, memory grew by {} KiB\n", name(how), FaultWorld::name(place),
                                     world_.proxy(place).record().forgeries_by_kind()[std::string(name(how))], grown);
            EXPECT_LT(sanitized ? 0 : grown, std::size_t{64} << 10) << name(how);
            EXPECT_GT(world_.proxy(place).record().forgeries_by_kind()[std::string(name(how))], 0U);
            EXPECT_GT(world_.proxy(2).record().messages(), others);
            world_.proxy(place).set({});
        }
    }
}

TEST_F(Faults, never_exceed_the_budget) {
    constexpr double budget = 15;
    const DaemonProcess daemon(folder_, config(budget));
    await_block(daemon, mine());
    const auto until = Clock::now() + seconds(6);
    for (std::uint64_t n = 0; Clock::now() < until; ++n) {
        FaultPlan plan;
        plan.seed = n;
        plan.disrupted_per_mille = static_cast<unsigned>(drawn(7, n) % 900);
        plan.delay = milliseconds(drawn(8, n) % 30);
        plan.lag = drawn(9, n) % 3;
        world_.proxy(n % FaultWorld::count).set(plan);
        if (n % 7 == 0) world_.proxy(drawn(10, n) % FaultWorld::count).close_connections();
        mine();
        std::this_thread::sleep_for(milliseconds(40));
    }
    for (std::size_t i = 0; i < FaultWorld::count; ++i) world_.proxy(i).set({});
    const json block = mine();
    daemon.await("/v1/portfolios", [&](const Answer& answer) {
        return answer.status == 200 && answer.body.at("as_of").at(0).at("hash") == block.at("hash");
    }, seconds(40));
    expect_the_truth(daemon, block, "after all faults");
    for (std::size_t i = 0; i < FaultWorld::count; ++i) {
        const FaultRecord& record = world_.proxy(i).record();
        std::cout << fmt::format("faults: {}: {} calls in {} messages, {} disrupted, at most {} in a second of {}\n", FaultWorld::name(i),
                                 record.arrivals().size(), record.messages(), record.forgeries().size(), record.max_in_any_second(), budget);
        EXPECT_LE(record.max_in_any_second(), static_cast<std::size_t>(budget)) << FaultWorld::name(i);
        // It was a bound: the daemon would have asked for more.
        EXPECT_GE(record.max_in_any_second(), static_cast<std::size_t>(budget) / 2) << FaultWorld::name(i);
    }
}

TEST_F(Faults, of_each_in_turn_and_of_all_together_pass_by_themselves) {
    std::string text = config();
    text.insert(text.find("quiet_chain = true\n"), "stale_after_s = 10\n");
    const DaemonProcess daemon(folder_, text);
    await_block(daemon, mine());
    for (std::size_t place = 0; place < FaultWorld::count; ++place) {
        world_.proxy(place).set(disrupted(place == 1 ? Disruption::stall : Disruption::drop_before));
        world_.proxy(place).close_connections();
        for (int i = 0; i < 2; ++i) await_block(daemon, mine());
        world_.proxy(place).set({});
    }
    const json last = set_price(2900);
    await_block(daemon, last);
    for (std::size_t place = 0; place < FaultWorld::count; ++place) {
        world_.proxy(place).set(disrupted(place == 1 ? Disruption::stall : Disruption::drop_before));
        world_.proxy(place).close_connections();
    }
    const auto away = Clock::now();
    const json unseen = set_price(2950);
    daemon.await("/readyz", [](const Answer& answer) { return answer.status == 503; }, seconds(30));
    const auto told = [](const std::string& type) {
        return [type](const Answer& answer) {
            const json& events = answer.body.at("events");
            return std::any_of(events.begin(), events.end(),
                               [&](const json& event) { return event.at("rule") == "source.stale:31337" && event.at("type") == type; });
        };
    };
    daemon.await("/v1/incidents?after=0", told("opened"), seconds(60));
    std::cout << fmt::format("faults: all away for {:.1f} s when it was told, of 10 s at least\n", std::chrono::duration<double>(Clock::now() - away).count());
    // The last numbers stay, with their age.
    const Answer stale = daemon.get("/v1/portfolios/desk");
    EXPECT_EQ(stale.body.at("as_of").at(0).at("hash"), last.at("hash"));
    EXPECT_GE(stale.body.at("as_of").at(0).at("confirmed_age_s").get<double>(), 10);
    EXPECT_TRUE(stale.body.at("headline").at("reason").get<std::string>().find("stale: ") != std::string::npos) << stale.text;
    expect_the_truth(daemon, last, "while all are away");

    for (std::size_t place = 0; place < FaultWorld::count; ++place) world_.proxy(place).set({});
    await_block(daemon, unseen);
    expect_the_truth(daemon, unseen, "afterwards");
    daemon.await("/readyz", [](const Answer& answer) { return answer.status == 200; });
    daemon.await("/v1/incidents?after=0", told("cleared"));
}

}  // namespace
}  // namespace margind::tests
