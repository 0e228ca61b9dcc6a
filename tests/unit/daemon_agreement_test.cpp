// Answers of several operators: what is the same, who is the odd one, and how the difference is told.
#include "daemon/agreement.hpp"
#include "daemon/disputes.hpp"

#include <gtest/gtest.h>

namespace margind::daemon {
namespace {

using Kind = Subject::Kind;

model::FactsPtr facts(std::uint64_t price) {
    model::FactsBuilder builder("test.venue/1");
    builder.add("reserve.3.price", model::U256(price));
    builder.add("reserve.3.frozen", false);
    return *std::move(builder).build();
}

Voice says(std::size_t by, model::Result<model::FactsPtr> venue) {
    Voice voice;
    voice.by = by;
    voice.answers.venues.emplace(0, std::move(venue));
    return voice;
}

adapters::Log log_at(std::uint64_t number, std::uint32_t index) {
    adapters::Log log;
    log.block_number = number;
    log.log_index = index;
    return log;
}

const Subject venue_facts{Kind::venue, 0, 0};

TEST(Agreement, compares_values_and_of_failures_the_kind_alone) {
    const auto reverted = [](const char* text) { return model::Result<model::FactsPtr>(model::fail(model::ErrorCode::reverted, text)); };
    EXPECT_TRUE(differing(says(0, facts(5)).answers, says(1, facts(5)).answers).empty());
    EXPECT_TRUE(differing(says(0, reverted("execution reverted")).answers, says(1, reverted("VM Exception: revert")).answers).empty());
    EXPECT_EQ(differing(says(0, facts(5)).answers, says(1, facts(6)).answers), std::vector<Subject>{venue_facts});
    EXPECT_EQ(differing(says(0, facts(5)).answers, says(1, reverted("no")).answers), std::vector<Subject>{venue_facts});
}

TEST(Agreement, follows_the_majority_and_names_the_odd_one_whoever_it_is) {
    for (std::size_t liar = 0; liar < 3; ++liar) {
        std::vector<Voice> voices;
        for (std::size_t by = 0; by < 3; ++by) voices.push_back(says(by, facts(by == liar ? 29 : 30)));
        const Verdict verdict = judge(venue_facts, voices);
        EXPECT_FALSE(verdict.undecided);
        EXPECT_EQ(verdict.odd, std::vector<std::size_t>{liar});
        EXPECT_NE(verdict.chosen, liar);
        EXPECT_EQ(verdict.agreeing.size(), 2U);
    }
}

TEST(Agreement, takes_the_first_of_the_configuration_where_nobody_decides) {
    const std::vector<Voice> two{says(1, facts(29)), says(0, facts(30))};
    EXPECT_TRUE(judge(venue_facts, two).undecided);
    EXPECT_EQ(judge(venue_facts, two).chosen, 1U);
    const std::vector<Voice> three{says(0, facts(29)), says(1, facts(30)), says(2, facts(31))};
    EXPECT_TRUE(judge(venue_facts, three).undecided);
    EXPECT_EQ(judge(venue_facts, three).chosen, 0U);
    EXPECT_FALSE(judge(venue_facts, {says(2, facts(29))}).undecided);
}

TEST(Agreement, does_not_count_a_failure_to_give_logs_as_an_answer) {
    Voice gives;
    gives.answers.logs = std::vector<adapters::Log>{log_at(7, 0), log_at(7, 1)};
    Voice other_order;
    other_order.answers.logs = std::vector<adapters::Log>{log_at(7, 1), log_at(7, 0)};
    Voice omits;
    omits.answers.logs = std::vector<adapters::Log>{log_at(7, 1)};
    Voice fails;
    fails.answers.logs = model::fail(model::ErrorCode::limit, "too many");
    EXPECT_TRUE(differing(gives.answers, other_order.answers).empty());
    EXPECT_TRUE(differing(gives.answers, fails.answers).empty());
    EXPECT_FALSE(answers(fails, Subject{}));
    EXPECT_EQ(differing(gives.answers, omits.answers), std::vector<Subject>{Subject{}});
    EXPECT_EQ(difference_of(Subject{}, gives, omits, "alchemy", "infura"),
              "log of 0x0000000000000000000000000000000000000000 in block 7, index 0: alchemy gives it, infura omits it");
}

TEST(Agreement, tells_the_first_fact_that_differs_with_both_names) {
    EXPECT_EQ(difference_of(venue_facts, says(0, facts(300'000'000'000)), says(1, facts(290'000'000'000)), "alchemy", "infura"),
              "reserve.3.price: alchemy 300000000000, infura 290000000000");
    EXPECT_EQ(difference_of(venue_facts, says(0, facts(3)), says(1, model::fail(model::ErrorCode::reverted, "paused")), "alchemy", "infura"),
              "reading: alchemy answers, infura reverted: paused");
}

TEST(Agreement, compares_all_accounts_of_an_owner_and_names_the_one_that_differs) {
    const auto account = [](const char* sub, std::uint64_t size) {
        adapters::AccountReading reading;
        reading.sub = sub;
        reading.facts = facts(size);
        reading.views = {{"equity", model::I256(static_cast<std::int64_t>(size)), 0}};
        return reading;
    };
    const auto saying = [](std::size_t by, adapters::AccountReadings all) {
        Voice voice;
        voice.by = by;
        voice.answers.accounts.emplace(Holder{0, 2}, std::move(all));
        return voice;
    };
    const Subject of_owner{Kind::account, 0, 2};
    const Voice honest = saying(0, {account("12", 5), account("7", 6)});
    EXPECT_TRUE(differing(honest.answers, saying(1, {account("12", 5), account("7", 6)}).answers).empty());
    const Voice other = saying(1, {account("12", 5), account("7", 9)});
    EXPECT_EQ(differing(honest.answers, other.answers), std::vector<Subject>{of_owner});
    EXPECT_EQ(difference_of(of_owner, honest, other, "alchemy", "infura"), "7 reserve.3.price: alchemy 6, infura 9");
    const Voice fewer = saying(1, {account("7", 6)});
    EXPECT_EQ(differing(honest.answers, fewer.answers), std::vector<Subject>{of_owner});
    EXPECT_EQ(difference_of(of_owner, honest, fewer, "alchemy", "infura"), "account 12: alchemy some, infura none");
    EXPECT_EQ(difference_of(of_owner, fewer, honest, "infura", "alchemy"), "account 12: infura none, alchemy some");
    // Of one account that cannot be read the words do not count, that it cannot does.
    adapters::AccountReading refused;
    refused.sub = "7";
    refused.reason = "execution reverted";
    adapters::AccountReading refused_otherwise = refused;
    refused_otherwise.reason = "VM Exception: revert";
    EXPECT_TRUE(differing(saying(0, {account("12", 5), refused}).answers, saying(1, {account("12", 5), refused_otherwise}).answers).empty());
    EXPECT_EQ(difference_of(of_owner, honest, saying(1, {account("12", 5), refused}), "alchemy", "infura"), "7 facts: alchemy some, infura none");
}

bool within_ten(const adapters::AccountReading& a, const adapters::AccountReading& b) {
    const auto price = [](const adapters::AccountReading& one) { return *one.facts->u64("reserve.3.price"); };
    return price(a) < price(b) + 10 && price(b) < price(a) + 10;
}

TEST(Agreement, leaves_readings_of_different_moments_to_their_adapter) {
    const auto voice = [](std::size_t by, std::uint64_t price, bool unpinned) {
        adapters::AccountReading account{"a", facts(price), {}, {}};
        if (unpinned) account.agrees = within_ten;
        Voice said;
        said.by = by;
        said.answers.accounts.emplace(Holder{0, 0}, adapters::AccountReadings{account});
        return said;
    };
    const Subject account{Kind::account, 0, 0};
    EXPECT_EQ(differing(voice(0, 30, false).answers, voice(1, 35, false).answers), std::vector<Subject>{account});
    EXPECT_TRUE(differing(voice(0, 30, true).answers, voice(1, 35, true).answers).empty());
    EXPECT_EQ(differing(voice(0, 30, true).answers, voice(1, 50, true).answers), std::vector<Subject>{account});
    EXPECT_EQ(differing(voice(0, 30, true).answers, voice(1, 35, false).answers), std::vector<Subject>{account}) << "one alone has no say";
}

TEST(Agreement, asks_again_only_what_is_contested) {
    Questions questions;
    questions.owners = std::make_shared<const std::vector<model::Address>>(3);
    questions.venues = {{0, facts(1)}, {1, facts(1)}};
    questions.feeds[4] = FeedQuestion{};
    for (std::uint32_t owner = 0; owner < 3; ++owner) questions.accounts[Holder{1, owner}] = facts(1);
    questions.views[Holder{0, 2}] = ViewsQuestion{facts(1), nullptr};
    const Questions some = narrowed(questions, {{Kind::venue, 1, 0}, {Kind::account, 1, 2}});
    EXPECT_EQ(some.venues.size(), 1U);
    EXPECT_TRUE(some.venues.contains(1));
    EXPECT_EQ(some.accounts.size(), 1U);
    EXPECT_TRUE(some.accounts.contains(Holder{1, 2}));
    EXPECT_TRUE(some.feeds.empty() && some.views.empty() && !some.logs);
    EXPECT_EQ(some.owners, questions.owners);
}

TEST(Disputes, stand_until_the_operator_agrees_again_or_ten_blocks_have_passed) {
    const auto never = [](const Subject&, std::size_t) { return false; };
    Disputes disputes(model::ChainId{1}, nullptr);
    disputes.differed(venue_facts, 1, "infura", "aave_v3:1 venue facts: price: alchemy 30, infura 29", 100);
    disputes.settle(100, [](const Subject&, std::size_t) { return true; });
    EXPECT_EQ(disputes.reason(), "operator infura is contradicted at block 100: aave_v3:1 venue facts: price: alchemy 30, infura 29");
    disputes.settle(109, never);
    EXPECT_FALSE(disputes.empty());
    disputes.settle(110, never);
    EXPECT_TRUE(disputes.empty());
    disputes.differed(venue_facts, 1, "infura", "a", 111);
    disputes.differed(Subject{}, 2, "quicknode", "b", 112);
    EXPECT_EQ(disputes.reason(), "operator quicknode is contradicted at block 112: b (and 1 more)");
    disputes.settle(113, [](const Subject& subject, std::size_t place) { return subject == venue_facts && place == 1; });
    EXPECT_EQ(disputes.reason(), "operator quicknode is contradicted at block 112: b");
}

}  // namespace
}  // namespace margind::daemon
