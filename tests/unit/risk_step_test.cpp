// Incidents as the model's section on incidents tells their life; expected events are written out by hand from it.
#include "risk/evaluate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace margind::risk {
namespace {

using namespace model;

AccountKey key(unsigned char last = 1) {
    AccountKey result;
    result.venue = VenueId{"aave_v3", ChainId{31337}, ""};
    result.owner.bytes[19] = std::byte{last};
    return result;
}

BlockRef block(std::int64_t time, unsigned char branch = 0) {
    BlockRef result;
    result.chain = ChainId{31337};
    result.number = static_cast<std::uint64_t>(time / 12);
    result.time = time;
    result.hash.bytes[0] = std::byte{branch};
    result.hash.bytes[31] = static_cast<std::byte>(time & 0xff);
    result.hash.bytes[30] = static_cast<std::byte>((time >> 8) & 0xff);
    return result;
}

AccountReport at(Level level, double z, AccountKey account = key()) {
    AccountReport report;
    report.key = account;
    report.grade.kind = GradeKind::verified;
    report.level = level;
    report.reason = "z";
    report.standing = Standing{};
    Candidate candidate;
    candidate.asset = "ETH";
    candidate.z = z;
    candidate.room = z * 0.03;
    report.candidates = {candidate};
    return report;
}

AccountReport unknown(AccountKey account = key()) {
    AccountReport report;
    report.key = account;
    report.grade = Grade{GradeKind::unknown, "reverted", {}};
    report.level = Level::unknown;
    report.reason = "unknown(reverted)";
    return report;
}

Report report_of(std::int64_t time, std::vector<AccountReport> accounts, unsigned char branch = 0) {
    Report report;
    report.time = time;
    report.blocks = {block(time, branch)};
    PortfolioReport portfolio;
    portfolio.name = "main";
    portfolio.accounts = std::move(accounts);
    report.portfolios = {portfolio};
    return report;
}

std::string told(const StepResult& result) {
    std::string text;
    for (const IncidentEvent& event : result.events) {
        if (!text.empty()) text += ' ';
        text += event.rule + ':' + to_string(event.type) + ':' + to_string(event.from) + '>' + to_string(event.level);
    }
    return text;
}

/// Feeds reports one after the other.
class Life {
public:
    std::string feed(std::int64_t time, std::vector<AccountReport> accounts, unsigned char branch = 0) {
        last = step(last.memory, report_of(time, std::move(accounts), branch), policy);
        return told(last);
    }
    const Headline& headline() const { return last.memory.portfolios.at("main").headline; }
    StepResult last;
    Policy policy;
};

TEST(Step, opens_at_warn_and_not_at_watch) {
    Life life;
    EXPECT_EQ(life.feed(1000, {at(Level::ok, 5)}), "");
    EXPECT_EQ(life.feed(1012, {at(Level::watch, 2.5)}), "");
    EXPECT_EQ(life.feed(1024, {at(Level::warn, 1.9)}), "distance:opened:ok>warn");
    EXPECT_EQ(life.last.events[0].sequence, 1U);
    EXPECT_EQ(life.last.events[0].blocks, std::vector{block(1024)});
}

TEST(Step, escalates_at_once_and_eases_only_after_its_time_beyond_its_margin) {
    Life life;
    EXPECT_EQ(life.feed(0, {at(Level::warn, 1.9)}), "distance:opened:ok>warn");
    EXPECT_EQ(life.feed(12, {at(Level::critical, 0.4)}), "distance:escalated:warn>critical");
    // 0.55 is beyond 0.5 but not beyond 1.2 x 0.5.
    EXPECT_EQ(life.feed(100, {at(Level::call, 0.55)}), "");
    EXPECT_EQ(life.headline().level, Level::critical);
    EXPECT_EQ(life.feed(112, {at(Level::call, 0.7)}), "");
    EXPECT_EQ(life.feed(171, {at(Level::call, 0.7)}), "");
    EXPECT_EQ(life.feed(172, {at(Level::call, 0.7)}), "distance:eased:critical>call");
    EXPECT_EQ(life.headline().level, Level::call);
}

TEST(Step, clears_through_all_levels_when_each_margin_has_been_kept_for_its_time) {
    Life life;
    life.feed(0, {at(Level::liquidatable, 0)});
    EXPECT_EQ(life.feed(12, {at(Level::ok, 6)}), "");
    EXPECT_EQ(life.feed(71, {at(Level::ok, 6)}), "");
    EXPECT_EQ(life.feed(72, {at(Level::ok, 6)}), "distance:cleared:liquidatable>ok");
    EXPECT_TRUE(life.last.memory.portfolios.at("main").accounts.at(key()).open.empty());
}

TEST(Step, a_relapse_restarts_the_time) {
    Life life;
    life.feed(0, {at(Level::warn, 1.9)});
    life.feed(10, {at(Level::watch, 2.5)});
    life.feed(60, {at(Level::watch, 2.3)});
    EXPECT_EQ(life.feed(75, {at(Level::watch, 2.5)}), "");
    EXPECT_EQ(life.feed(134, {at(Level::watch, 2.5)}), "");
    EXPECT_EQ(life.feed(135, {at(Level::watch, 2.5)}), "distance:cleared:warn>watch");
}

TEST(Step, the_same_history_gives_the_same_id_and_another_block_another) {
    Life a;
    Life b;
    Life c;
    a.feed(24, {at(Level::warn, 1.9)});
    b.feed(12, {at(Level::ok, 9)});
    b.feed(24, {at(Level::warn, 1.9)});
    c.feed(24, {at(Level::warn, 1.9)}, 7);
    EXPECT_EQ(a.last.events[0].id, b.last.events[0].id);
    EXPECT_NE(a.last.events[0].id, c.last.events[0].id);
}

TEST(Step, an_unknown_account_keeps_its_last_level_and_opens_an_incident_in_time) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    EXPECT_EQ(life.feed(2, {unknown()}), "");
    EXPECT_EQ(life.headline().level, Level::call);
    EXPECT_EQ(life.feed(4, {unknown()}), "");
    // The third block with last z below 1: CALL.
    EXPECT_EQ(life.feed(6, {unknown()}), "unknown:opened:ok>call");
    EXPECT_EQ(life.feed(8, {at(Level::call, 0.9)}), "unknown:cleared:call>ok");
}

TEST(Step, an_unknown_account_far_from_liquidation_waits_ten_minutes) {
    Life life;
    life.feed(0, {at(Level::ok, 9)});
    for (std::int64_t t = 12; t < 612; t += 12) EXPECT_EQ(life.feed(t, {unknown()}), "") << t;
    EXPECT_EQ(life.headline().level, Level::unknown);
    EXPECT_EQ(life.feed(612, {unknown()}), "unknown:opened:ok>warn");
}

TEST(Step, drift_opens_and_clears_with_its_grade) {
    Life life;
    AccountReport drifting = at(Level::ok, 9);
    drifting.grade = Grade{GradeKind::drift, "healthFactor: view 2, ours 1", {}};
    EXPECT_EQ(life.feed(0, {drifting}), "drift:opened:ok>warn");
    AccountReport unasked = at(Level::ok, 9);
    unasked.grade.kind = GradeKind::recomputed;
    EXPECT_EQ(life.feed(12, {unasked}), "") << "no view was asked that could agree";
    EXPECT_EQ(life.feed(24, {at(Level::ok, 9)}), "drift:cleared:warn>ok");
}

TEST(Step, what_the_views_alone_call_liquidatable_is_told_as_that) {
    Life life;
    AccountReport drifting = at(Level::liquidatable, 5);
    drifting.grade = Grade{GradeKind::drift, "healthFactor: view 0.9, ours 2", {}};
    AccountReport unread = unknown(key(2));
    unread.level = Level::liquidatable;
    EXPECT_EQ(life.feed(0, {drifting, unread}), "distance:opened:ok>liquidatable drift:opened:ok>warn distance:opened:ok>liquidatable");
    for (const IncidentEvent& event : life.last.events) {
        EXPECT_TRUE(event.liquidatable);
        EXPECT_EQ(event.z, 0.0);
    }
    EXPECT_EQ(life.headline().z, 0.0);
    EXPECT_EQ(life.headline().room, 0.0);
    EXPECT_EQ(life.last.memory.portfolios.at("main").accounts.at(key()).z, 0.0);
}

TEST(Step, an_immaterial_account_does_not_decide_the_headline) {
    Life life;
    AccountReport small = at(Level::call, 0.9, key(2));
    small.material = false;
    EXPECT_EQ(life.feed(0, {at(Level::ok, 9), small}), "distance:opened:ok>call");
    EXPECT_TRUE(life.last.events[0].log_only);
    EXPECT_EQ(life.headline().level, Level::ok);
    EXPECT_EQ(life.headline().binding, key());
}

TEST(Step, an_incident_of_an_account_that_becomes_material_is_told_at_once) {
    Life life;
    AccountReport account = at(Level::call, 0.9, key(2));
    account.material = false;
    life.feed(0, {at(Level::ok, 9), account});
    EXPECT_EQ(life.feed(12, {at(Level::ok, 9), account}), "");
    account.material = true;
    EXPECT_EQ(life.feed(24, {at(Level::ok, 9), account}), "distance:reminded:call>call");
    EXPECT_FALSE(life.last.events[0].log_only);
    EXPECT_EQ(life.feed(36, {at(Level::ok, 9), account}), "");
}

TEST(Step, who_was_told_of_an_incident_hears_of_its_end) {
    Life life;
    AccountReport account = at(Level::warn, 1.9, key(2));
    life.feed(0, {at(Level::ok, 9), account});
    account = at(Level::ok, 9, key(2));
    account.material = false;
    life.feed(12, {at(Level::ok, 9), account});
    EXPECT_EQ(life.feed(72, {at(Level::ok, 9), account}), "distance:cleared:warn>ok");
    EXPECT_FALSE(life.last.events[0].log_only);
}

TEST(Step, an_account_that_cannot_be_scanned_nearby_keeps_its_incident_and_its_last_z) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    AccountReport unscanned = at(Level::unknown, 0);
    unscanned.candidates.clear();
    unscanned.unscanned = {"ETH up beyond 2040.00: refused"};
    for (std::int64_t t = 12; t <= 600; t += 12) life.feed(t, {unscanned});
    EXPECT_EQ(life.headline().level, Level::call);
    const AccountMemory& memory = life.last.memory.portfolios.at("main").accounts.at(key());
    EXPECT_EQ(memory.z, 0.9);
    EXPECT_TRUE(memory.open.contains("distance"));
    EXPECT_TRUE(memory.open.contains("unknown"));
}

TEST(Step, the_headline_says_that_a_level_is_the_last_known_one) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    life.feed(12, {unknown()});
    EXPECT_EQ(life.headline().reason, "last known level, at present unknown: unknown(reverted)");
}

TEST(Step, an_account_that_is_gone_clears_its_incidents) {
    Life life;
    life.feed(0, {at(Level::warn, 1.5)});
    EXPECT_EQ(life.feed(12, {}), "distance:cleared:warn>ok");
    EXPECT_TRUE(life.last.memory.portfolios.at("main").accounts.empty());
}

TEST(Step, reminds_while_open) {
    Life life;
    life.feed(0, {at(Level::warn, 1.5)});
    EXPECT_EQ(life.feed(3599, {at(Level::warn, 1.5)}), "");
    EXPECT_EQ(life.feed(3600, {at(Level::warn, 1.5)}), "distance:reminded:warn>warn");
}

TEST(Step, unified_figures_stay_with_their_time_when_they_cannot_be_had) {
    Life life;
    Report known = report_of(100, {at(Level::ok, 9)});
    known.portfolios[0].unified = Unified{};
    known.portfolios[0].unified->equity_usd = 42;
    life.last = step(life.last.memory, known, life.policy);
    life.feed(112, {unknown()});
    const PortfolioMemory& memory = life.last.memory.portfolios.at("main");
    ASSERT_TRUE(memory.unified);
    EXPECT_EQ(memory.unified->equity_usd, 42);
    EXPECT_EQ(memory.unified_time, 100);
}

TEST(Step, cover_of_the_book_opens_at_its_band_with_hysteresis) {
    Life life;
    const auto with_cover = [&](std::int64_t time, double cover) {
        Report report = report_of(time, {at(Level::ok, 9)});
        report.portfolios[0].unified = Unified{};
        report.portfolios[0].unified->cover = cover;
        life.last = step(life.last.memory, report, life.policy);
        return told(life.last);
    };
    EXPECT_EQ(with_cover(0, 0.9), "");
    EXPECT_EQ(life.headline().level, Level::watch);
    EXPECT_EQ(with_cover(12, 0.49), "cover:opened:ok>warn");
    EXPECT_EQ(life.last.events[0].expires_at_block, block(12).number + 50);
    EXPECT_EQ(life.headline().level, Level::warn);
    EXPECT_EQ(with_cover(24, 0.55), "");
    EXPECT_EQ(with_cover(36, 0.61), "");
    EXPECT_EQ(with_cover(96, 0.61), "cover:cleared:warn>watch");
}

TEST(Step, the_last_cover_band_stays_while_the_unified_figures_cannot_be_had) {
    Life life;
    Report report = report_of(0, {at(Level::ok, 9)});
    report.portfolios[0].unified = Unified{};
    report.portfolios[0].unified->cover = 0.9;
    life.last = step(life.last.memory, report, life.policy);
    report = report_of(12, {at(Level::ok, 9)});
    report.portfolios[0].unified_reason = "the reference price of ETH is stale";
    life.last = step(life.last.memory, report, life.policy);
    EXPECT_EQ(life.headline().level, Level::watch);
    EXPECT_EQ(life.headline().reason, "cover 0.90: the equity of the book against its unified margin; last known 12 s ago: "
                                      "the reference price of ETH is stale");
}

TEST(Retract, takes_back_what_was_opened_on_the_orphaned_branch) {
    Life life;
    life.feed(0, {at(Level::ok, 9)});
    const Memory fork = life.last.memory;
    life.feed(12, {at(Level::call, 0.9)});
    const Bytes32 id = life.last.events[0].id;
    const StepResult result = retract(fork, life.last.memory);
    EXPECT_EQ(told(result), "distance:retracted:call>ok");
    EXPECT_EQ(result.events[0].id, id);
    EXPECT_EQ(result.events[0].sequence, 2U);
    EXPECT_EQ(result.events[0].blocks, fork.blocks);
    EXPECT_TRUE(result.memory.portfolios.at("main").accounts.at(key()).open.empty());
}

TEST(Retract, takes_back_a_change_of_level_and_goes_on_counting) {
    Life life;
    life.feed(0, {at(Level::warn, 1.9)});
    const Memory fork = life.last.memory;
    life.feed(12, {at(Level::critical, 0.4)});
    StepResult result = retract(fork, life.last.memory);
    EXPECT_EQ(told(result), "distance:eased:critical>warn");
    EXPECT_EQ(result.events[0].sequence, 3U);
    EXPECT_EQ(told(step(result.memory, report_of(24, {at(Level::call, 0.8)}), Policy{})), "distance:escalated:warn>call");
}

TEST(Retract, reopens_what_was_cleared_with_a_higher_sequence) {
    Life life;
    life.feed(0, {at(Level::warn, 1.9)});
    life.feed(12, {at(Level::ok, 9)});
    const Memory fork = life.last.memory;
    EXPECT_EQ(life.feed(72, {at(Level::ok, 9)}), "distance:cleared:warn>ok");
    const StepResult result = retract(fork, life.last.memory);
    EXPECT_EQ(told(result), "distance:opened:ok>warn");
    EXPECT_EQ(result.events[0].sequence, 3U);
}

TEST(Retract, what_it_reopens_is_told_again_with_its_figures_at_the_next_block) {
    Life life;
    life.feed(10'000, {at(Level::warn, 1.9)});
    life.feed(10'012, {at(Level::ok, 9)});
    const Memory fork = life.last.memory;
    ASSERT_EQ(life.feed(10'072, {at(Level::ok, 9)}), "distance:cleared:warn>ok");
    StepResult result = retract(fork, life.last.memory);
    ASSERT_EQ(result.events[0].z, std::nullopt);
    result = step(result.memory, report_of(10'024, {at(Level::warn, 1.8)}), Policy{});
    EXPECT_EQ(told(result), "distance:reminded:warn>warn");
    EXPECT_EQ(result.events[0].z, 1.8);
    EXPECT_EQ(told(step(result.memory, report_of(10'036, {at(Level::warn, 1.8)}), Policy{})), "");
}

TEST(Retract, goes_on_counting_when_a_block_comes_back_after_a_fork_before_all_that_is_remembered) {
    Life life;
    const std::int64_t now = 1'700'000'000;
    life.feed(now, {at(Level::warn, 1.9)}, 1);
    StepResult result = retract({}, life.last.memory);
    ASSERT_EQ(told(result), "distance:retracted:warn>ok");
    EXPECT_EQ(result.events[0].sequence, 2U);
    const StepResult other = step(result.memory, report_of(now, {at(Level::ok, 9)}, 2), Policy{});
    const StepResult away = retract({}, other.memory);
    result = step(away.memory, report_of(now, {at(Level::warn, 1.9)}, 1), Policy{});
    ASSERT_EQ(told(result), "distance:opened:ok>warn");
    EXPECT_EQ(result.events[0].id, life.last.events[0].id);
    EXPECT_EQ(result.events[0].sequence, 3U);
}

SourceTrouble trouble(TroubleKind kind, std::uint64_t chain = 31337) { return {ChainId{chain}, kind, "no block for 31 s"}; }

/// Of a chain that is not heard of any more: by the last figures at that level and distance, which count at least as UNKNOWN.
AccountReport stale_at(Level level, double z) {
    AccountReport report = at(worse(Level::unknown, level), z);
    report.grade.qualifiers.stale = true;
    return report;
}

TEST(StepSources, opens_one_incident_for_each_trouble_and_chain_and_clears_it_when_it_is_gone) {
    Life life;
    life.feed(1000, {at(Level::ok, 5)});
    Report report = report_of(1000, {stale_at(Level::ok, 5)});
    // Another chain, on which nothing is held.
    report.troubles = {trouble(TroubleKind::stale, 1), trouble(TroubleKind::stale), trouble(TroubleKind::single_source)};
    StepResult result = step(life.last.memory, report, life.policy);
    EXPECT_EQ(told(result), "source.single_source:31337:opened:ok>warn source.stale:31337:opened:ok>warn");
    EXPECT_EQ(result.events[1].reason, "no block for 31 s");
    EXPECT_NE(result.events[0].id, result.events[1].id);
    EXPECT_EQ(result.memory.portfolios.at("main").headline.level, Level::unknown);
    // The same again is told once, until it is time to remind: by the time of a chain that goes on.
    result = step(result.memory, report, life.policy);
    EXPECT_EQ(told(result), "");
    report.time = 1000 + life.policy.remind_after_s;
    result = step(result.memory, report, life.policy);
    EXPECT_EQ(told(result), "source.single_source:31337:reminded:warn>warn source.stale:31337:reminded:warn>warn");
    report = report_of(report.time + 12, {at(Level::ok, 5)});
    report.troubles = {trouble(TroubleKind::single_source)};
    result = step(result.memory, report, life.policy);
    EXPECT_EQ(told(result), "source.stale:31337:cleared:warn>ok");
    EXPECT_EQ(result.memory.portfolios.at("main").headline.level, Level::ok);
}

TEST(StepSources, clears_the_incident_of_a_chain_on_which_nothing_is_held_any_more) {
    Life life;
    Report report = report_of(1000, {stale_at(Level::ok, 5)});
    report.troubles = {trouble(TroubleKind::stale)};
    StepResult result = step({}, report, life.policy);
    ASSERT_EQ(told(result), "source.stale:31337:opened:ok>warn");
    report.portfolios.front().accounts.clear();
    EXPECT_EQ(told(step(result.memory, report, life.policy)), "source.stale:31337:cleared:warn>ok");
}

TEST(StepSources, opens_again_under_the_same_id_with_the_next_sequence_when_the_chain_stood_at_the_same_block) {
    Life life;
    Report stale = report_of(1000, {stale_at(Level::ok, 5)});
    stale.troubles = {trouble(TroubleKind::stale)};
    const StepResult first = step({}, stale, life.policy);
    const StepResult over = step(first.memory, report_of(1000, {at(Level::ok, 5)}), life.policy);
    const StepResult again = step(over.memory, stale, life.policy);
    ASSERT_EQ(told(again), "source.stale:31337:opened:ok>warn");
    EXPECT_EQ(again.events[0].id, first.events[0].id);
    EXPECT_EQ(again.events[0].sequence, 3U);
}

TEST(StepSources, stale_figures_hold_an_incident_and_start_its_leave_anew) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    // Beyond the margin since 12, but the chain dies before the minute is over.
    EXPECT_EQ(life.feed(12, {at(Level::ok, 5)}), "");
    const std::int64_t good = life.last.memory.portfolios.at("main").accounts.at(key()).good_time;
    EXPECT_EQ(good, 12);
    Report report = report_of(200, {stale_at(Level::ok, 5)});
    report.troubles = {trouble(TroubleKind::stale)};
    life.last = step(life.last.memory, report, life.policy);
    EXPECT_EQ(told(life.last), "source.stale:31337:opened:ok>warn");
    EXPECT_EQ(life.headline().level, Level::call);
    EXPECT_EQ(life.last.memory.portfolios.at("main").accounts.at(key()).good_time, good);
    EXPECT_EQ(life.feed(212, {at(Level::ok, 5)}), "source.stale:31337:cleared:warn>ok");
    EXPECT_EQ(life.headline().level, Level::call);
    EXPECT_EQ(life.feed(272, {at(Level::ok, 5)}), "distance:cleared:call>ok");
}

TEST(StepSources, of_figures_that_operators_contradict_only_the_bad_news_counts) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    const auto contested = [&](std::int64_t time, Level level, double z) {
        AccountReport account = at(level, z);
        account.grade.qualifiers.disputed = true;
        Report report = report_of(time, {account});
        report.troubles = {trouble(TroubleKind::disputed)};
        life.last = step(life.last.memory, report, life.policy);
        return told(life.last);
    };
    EXPECT_EQ(contested(12, Level::ok, 5), "source.disputed:31337:opened:ok>warn");
    EXPECT_EQ(contested(120, Level::ok, 5), "");
    EXPECT_EQ(life.headline().level, Level::call);
    EXPECT_EQ(life.headline().reason.rfind("held while operators contradict each other; ", 0), 0U) << life.headline().reason;
    EXPECT_EQ(contested(132, Level::critical, 0.3), "distance:escalated:call>critical");
    EXPECT_EQ(contested(300, Level::ok, 5), "");
    // Agreed again: the time to leave begins.
    EXPECT_EQ(life.feed(312, {at(Level::ok, 5)}), "source.disputed:31337:cleared:warn>ok");
    EXPECT_EQ(life.feed(372, {at(Level::ok, 5)}), "distance:cleared:critical>ok");
}

TEST(StepSources, an_incident_says_how_many_operators_stand_behind_it) {
    const auto agreeing = [](bool single_source, bool disputed, std::vector<SourceTrouble> troubles) {
        AccountReport account = at(Level::call, 0.9);
        account.grade.qualifiers.single_source = single_source;
        account.grade.qualifiers.disputed = disputed;
        Report report = report_of(0, {account});
        report.troubles = std::move(troubles);
        std::vector<std::uint32_t> all;
        for (const IncidentEvent& event : step({}, report, Policy{}).events) all.push_back(event.operators_agreeing);
        return all;
    };
    using Counts = std::vector<std::uint32_t>;
    EXPECT_EQ(agreeing(false, false, {}), Counts{2});
    EXPECT_EQ(agreeing(true, false, {}), Counts{1});
    EXPECT_EQ(agreeing(false, true, {}), Counts{2}) << "feeds differ, not operators";
    EXPECT_EQ(agreeing(false, true, {trouble(TroubleKind::disputed)}), (Counts{1, 1}));
    EXPECT_EQ(agreeing(false, false, {trouble(TroubleKind::stale)}), (Counts{2, 0}));
}

TEST(StepSources, a_reference_feed_that_is_disputed_holds_no_incident) {
    Life life;
    life.feed(0, {at(Level::call, 0.9)});
    AccountReport account = at(Level::ok, 5);
    account.grade.qualifiers.disputed = true;
    life.feed(12, {account});
    EXPECT_EQ(life.feed(72, {account}), "distance:cleared:call>ok");
}

TEST(StepSources, what_is_near_by_the_last_figures_is_told_and_neither_eases_nor_becomes_unknown) {
    Life life;
    Report report = report_of(1000, {stale_at(Level::call, 0.9)});
    report.troubles = {trouble(TroubleKind::stale)};
    life.last = step({}, report, life.policy);
    EXPECT_EQ(told(life.last), "distance:opened:ok>call source.stale:31337:opened:ok>warn");
    EXPECT_EQ(life.headline().level, Level::call);
    // Another chain's time goes on, less than a reminder.
    report.time = 1000 + life.policy.remind_after_s - 1;
    report.portfolios.front().accounts = {stale_at(Level::ok, 5)};
    life.last = step(life.last.memory, report, life.policy);
    EXPECT_EQ(told(life.last), "");
    EXPECT_EQ(life.headline().level, Level::call);
    EXPECT_EQ(life.last.memory.portfolios.at("main").accounts.at(key()).unknown_since, std::nullopt);
}

TEST(StepSources, a_reorganisation_leaves_them_as_they_are) {
    Life life;
    Report report = report_of(1000, {stale_at(Level::ok, 5)});
    report.troubles = {trouble(TroubleKind::stale)};
    const StepResult stale = step({}, report, life.policy);
    const StepResult over = step(stale.memory, report_of(1012, {at(Level::call, 0.9)}), life.policy);
    // Block 1012 goes: the distance is taken back, the end of the trouble is not, nor is its beginning.
    StepResult back = retract(stale.memory, over.memory);
    EXPECT_EQ(told(back), "distance:retracted:call>ok");
    EXPECT_TRUE(back.memory.portfolios.at("main").open.empty());
    back = retract({}, stale.memory);
    EXPECT_EQ(told(back), "");
    EXPECT_EQ(back.memory.portfolios.at("main").open.size(), 1U);
}

}  // namespace
}  // namespace margind::risk
