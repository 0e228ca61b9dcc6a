// When an endpoint is asked, and when not.
#include "adapters/rpc/health.hpp"
#include "adapters/rpc/learned_range.hpp"
#include "adapters/rpc/learned_size.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace margind::adapters::rpc {
namespace {

using model::Error;
using model::ErrorCode;
using model::Retry;
using namespace std::chrono_literals;

const Health::Time now{1h};
const Error lost{ErrorCode::unreachable, "lost", Retry::later};
const Error nonsense{ErrorCode::upstream, "nonsense", Retry::other_endpoint};
const Error too_often{ErrorCode::limit, "429", Retry::later};
const Error too_much{ErrorCode::limit, "too much", Retry::never};
const Error other_chain{ErrorCode::wrong_chain, "chain 5", Retry::other_endpoint};
const Error no_block{ErrorCode::missing, "no block", Retry::later};

TEST(Health, dies_of_two_failures_in_a_row) {
    Health health;
    EXPECT_FALSE(health.note(&lost, 1ms, now));
    EXPECT_FALSE(health.dead());
    EXPECT_FALSE(health.note(nullptr, 1ms, now));
    EXPECT_FALSE(health.note(&lost, 1ms, now + 1ms));
    EXPECT_TRUE(health.note(&lost, 1ms, now + 2ms));
    EXPECT_TRUE(health.dead());
    EXPECT_FALSE(health.note(&lost, 1ms, now + 3ms)) << "once";
    EXPECT_EQ(health.trouble(), "lost");
    health.revive();
    EXPECT_FALSE(health.dead());
    EXPECT_FALSE(health.note(&lost, 1ms, now + 4ms)) << "counted anew";
}

TEST(Health, counts_requests_that_were_under_way_together_once) {
    Health health;
    EXPECT_FALSE(health.note(&lost, 50ms, now));
    EXPECT_FALSE(health.note(&lost, 20ms, now + 10ms)) << "it began before the first had failed";
    EXPECT_FALSE(health.dead());
    EXPECT_TRUE(health.note(&lost, 5ms, now + 20ms)) << "this one began afterwards";
}

TEST(Pushes, are_silent_when_the_head_moves_twice_between_polls_without_one) {
    Pushes pushes;
    EXPECT_FALSE(pushes.polled(10));
    EXPECT_FALSE(pushes.polled(11));
    pushes.pushed();
    EXPECT_FALSE(pushes.polled(12));
    EXPECT_FALSE(pushes.polled(12)) << "the head stands still";
    EXPECT_FALSE(pushes.polled(13));
    EXPECT_TRUE(pushes.polled(14));
}

TEST(Health, dies_of_two_seconds_of_silence_or_of_another_chain) {
    Health silent;
    EXPECT_FALSE(silent.note(&lost, 1'999ms, now));
    Health longer;
    EXPECT_TRUE(longer.note(&lost, 2'000ms, now));
    Health other;
    EXPECT_TRUE(other.note_check(&other_chain, 1ms, now));
    EXPECT_TRUE(other.dead());
}

TEST(Health, does_not_die_of_its_own_word_but_of_nonsense_about_its_chain) {
    Health health;
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(health.note(&no_block, 3s, now));
        EXPECT_FALSE(health.note(&too_much, 3s, now));
        EXPECT_FALSE(health.suspect(now));
        EXPECT_FALSE(health.note(&nonsense, 3s, now));
        EXPECT_FALSE(health.note(&too_often, 3s, now));
    }
    EXPECT_FALSE(health.note_check(&nonsense, 1ms, now));
    EXPECT_TRUE(health.note_check(&nonsense, 1ms, now + 1ms));
}

TEST(Health, dies_of_nonsense_where_every_node_has_an_answer) {
    Health health;
    EXPECT_FALSE(health.note(&nonsense, 1ms, now, true));
    EXPECT_FALSE(health.note(&too_often, 1ms, now, true));
    EXPECT_FALSE(health.note_check(nullptr, 1ms, now));
    EXPECT_TRUE(health.note(&nonsense, 1ms, now + 1ms, true));
}

TEST(Health, is_suspect_for_a_while_after_a_refusal_and_to_be_checked_after_a_failure) {
    Health health;
    EXPECT_FALSE(health.checked());
    health.note_check(nullptr, 1ms, now);
    EXPECT_TRUE(health.checked());
    health.note(&too_often, 1ms, now);
    EXPECT_TRUE(health.checked()) << "a rate limit says nothing about the chain";
    EXPECT_TRUE(health.suspect(now + 1'999ms));
    EXPECT_FALSE(health.suspect(now + 2s));
    health.note(&nonsense, 1ms, now);
    EXPECT_FALSE(health.checked());
}

TEST(Health, tells_a_short_answer_that_is_too_long_from_asking_for_too_much) {
    EXPECT_EQ(standing_of(&too_much), Standing::own_word);
    const Error of_a_header = of_little(too_much);
    EXPECT_EQ(standing_of(&of_a_header), Standing::elsewhere);
    const Error still = of_little(no_block);
    EXPECT_EQ(standing_of(&still), Standing::own_word);
    EXPECT_EQ(standing_of(&lost), Standing::silent);
    EXPECT_EQ(standing_of(nullptr), Standing::own_word);
}

TEST(LearnedSize, is_halved_and_grows_again_after_a_while) {
    LearnedSize size(8, 160);
    EXPECT_EQ(size.now(), 160U);
    size.too_much(160);
    EXPECT_EQ(size.now(), 80U);
    size.too_much(20);
    EXPECT_EQ(size.now(), 10U);
    size.too_much(10);
    EXPECT_EQ(size.now(), 8U) << "no smaller";
    for (std::size_t i = 0; i < LearnedSize::patience; ++i) size.went_well();
    EXPECT_EQ(size.now(), 8U);
    size.went_well();
    EXPECT_EQ(size.now(), 18U);
    for (int i = 0; i < 100; ++i) size.went_well();
    EXPECT_EQ(size.now(), 160U);
}

/// What a node with this limit is asked: how many ranges, how many of them in vain, and how many blocks in all.
struct Asked {
    std::uint64_t ranges = 0;
    std::uint64_t refused = 0;
    std::uint64_t blocks = 0;
};
Asked ask(LearnedRange& range, std::uint64_t limit, std::uint64_t ranges) {
    Asked asked;
    for (; asked.ranges < ranges; ++asked.ranges) {
        const std::uint64_t blocks = range.next();
        if (blocks > limit) {
            ++asked.refused;
            range.too_much(blocks);
        } else {
            asked.blocks += blocks;
            range.went_well(blocks);
        }
    }
    return asked;
}

TEST(LearnedRange, stays_close_below_any_limit_with_few_refusals) {
    for (const std::uint64_t limit : {1U, 2U, 3U, 10U, 100U, 800U, 2'000U, 10'000U, 50'000U}) {
        LearnedRange range;
        EXPECT_EQ(range.next(), LearnedRange::most) << "all at once, where nothing is known";
        ask(range, limit, 200);
        const Asked later = ask(range, limit, 2'000);
        EXPECT_LE(later.refused, 40U) << limit;
        EXPECT_GE(later.blocks, 2'000 * limit * 85 / 100) << limit;
    }
}

TEST(LearnedRange, follows_a_limit_that_moves) {
    LearnedRange range;
    ask(range, 100, 500);
    EXPECT_GT(range.next(), 80U);
    ask(range, 7, 100);
    EXPECT_LE(range.next(), 7U);
    ask(range, 1'000'000'000, 2'000);
    EXPECT_GT(range.next(), LearnedRange::most / 10 * 9);
}

TEST(LearnedRange, learns_nothing_from_a_range_that_was_short_anyway) {
    LearnedRange range;
    range.too_much(1'000);
    for (int i = 0; i < 1'000; ++i) range.went_well(3);
    EXPECT_EQ(range.next(), 500U);
}

}  // namespace
}  // namespace margind::adapters::rpc
