// The quorum's rule, sentence by sentence.
#include "tests/support/quorum_walk.hpp"

#include <gtest/gtest.h>

namespace margind::tests {
namespace {

using namespace std::chrono_literals;
using Header = adapters::rpc::BlockHeader;
using model::TroubleKind;

class Quorum : public ::testing::Test {
protected:
    QuorumWalk walk(std::size_t operators, std::chrono::milliseconds block_time = 1s, bool quiet = false) {
        return QuorumWalk(tree_, operators, block_time, quiet);
    }
    Header at(std::uint64_t number) { return *tree_.at(main_, number); }
    static void all_say(QuorumWalk& walk, std::size_t operators, const Header& head) {
        for (std::size_t op = 0; op < operators; ++op) walk.says(op, head);
    }
    static std::string trouble(QuorumWalk& walk, TroubleKind kind) {
        for (const auto& trouble : walk.quorum().troubles())
            if (trouble.kind == kind) return trouble.reason;
        return {};
    }

    BlockTree tree_{model::ChainId{1}, 1'000};
    Header main_ = tree_.mine(tree_.root(), 200);
};

TEST_F(Quorum, of_three_accepts_the_highest_block_that_two_hold) {
    auto three = walk(3);
    three.says(0, at(1'103));
    EXPECT_FALSE(three.quorum().head());
    three.says(1, at(1'101));
    EXPECT_EQ(three.quorum().head(), at(1'101));
    three.says(2, at(1'102));
    EXPECT_EQ(three.quorum().head(), at(1'102));
    EXPECT_EQ(three.quorum().supporters(), (std::vector<std::size_t>{0, 2}));
    EXPECT_TRUE(three.quorum().troubles().empty());
}

TEST_F(Quorum, of_four_and_five_needs_three) {
    for (const std::size_t operators : {4u, 5u}) {
        auto many = walk(operators);
        many.says(0, at(1'105));
        many.says(1, at(1'105));
        EXPECT_FALSE(many.quorum().head());
        many.says(2, at(1'104));
        EXPECT_EQ(many.quorum().head(), at(1'104));
    }
}

TEST_F(Quorum, is_neither_frozen_nor_dragged_by_a_stale_minority) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    for (std::uint64_t number = 1'011; number < 1'060; ++number) {
        three.pass(1s);
        three.says(0, at(number));
        three.says_again(2);
        three.says(1, at(number));
        ASSERT_EQ(three.quorum().head(), at(number));
    }
    EXPECT_TRUE(three.quorum().demoted(2));
    EXPECT_FALSE(three.quorum().demoted(0));
    EXPECT_TRUE(three.quorum().troubles().empty());
    three.says(2, at(1'059));
    EXPECT_FALSE(three.quorum().demoted(2));
}

TEST_F(Quorum, is_not_moved_by_one_that_claims_a_huge_number_or_a_far_time) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    Header huge = tree_.mine(at(1'010));
    huge.ref.number = ~std::uint64_t{0};
    huge.ref.time = ~std::uint64_t{0} >> 1;
    three.says(2, huge);
    EXPECT_EQ(three.quorum().head(), at(1'010));
    three.says(0, at(1'011));
    three.says(1, at(1'011));
    EXPECT_EQ(three.quorum().head(), at(1'011));
    three.pass(1h);
    all_say(three, 2, at(1'011));
    EXPECT_EQ(three.quorum().head(), at(1'011));
    EXPECT_FALSE(three.quorum().demoted(0));
}

TEST_F(Quorum, takes_other_contents_of_the_same_hash_for_another_block) {
    auto three = walk(3);
    three.forge(2, [](Header block) {
        block.ref.time += 3'600;
        return block;
    });
    three.says(2, at(1'010));
    three.says(0, at(1'010));
    EXPECT_FALSE(three.quorum().head());
    three.says(1, at(1'010));
    EXPECT_EQ(three.quorum().head(), at(1'010));
    three.pass(11s);
    three.says_again(2);
    EXPECT_NE(trouble(three, TroubleKind::disputed).find("c has 0x"), std::string::npos) << trouble(three, TroubleKind::disputed);
}

TEST_F(Quorum, accepts_nothing_while_fewer_than_its_number_are_alive) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    const auto confirmed = three.quorum().confirmed();
    three.pass(3s);
    three.fails(1);
    three.fails(2);
    three.says(0, at(1'011));
    EXPECT_EQ(three.quorum().head(), at(1'010));
    EXPECT_EQ(three.quorum().confirmed(), confirmed);
    three.pass(1h);
    three.says(0, at(1'012));
    EXPECT_EQ(three.quorum().head(), at(1'010));
    three.says(1, at(1'012));
    EXPECT_EQ(three.quorum().head(), at(1'012));
    EXPECT_EQ(three.quorum().confirmed(), three.now());
}

TEST_F(Quorum, follows_a_reorganisation_to_the_same_height_or_higher_at_once) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    const Header other = tree_.mine(at(1'007), 3);
    three.says(0, other);
    EXPECT_EQ(three.quorum().head(), at(1'010));
    three.says(1, other);
    EXPECT_EQ(three.quorum().head(), other);
    EXPECT_FALSE(three.quorum().canonical(1'007)) << "nobody said on what the new branch stands";
    const Header third = tree_.mine(at(1'000), 50);
    all_say(three, 3, third);
    EXPECT_EQ(three.quorum().head(), third);
}

TEST_F(Quorum, goes_back_to_a_lower_block_of_another_branch_after_five_seconds) {
    auto three = walk(3, 12s);
    all_say(three, 3, at(1'010));
    const Header other = tree_.mine(at(1'005), 2);
    all_say(three, 2, other);
    three.pass(4'999ms);
    all_say(three, 2, other);
    EXPECT_EQ(three.quorum().head(), at(1'010));
    three.pass(1ms);
    all_say(three, 2, other);
    EXPECT_EQ(three.quorum().head(), other);
}

TEST_F(Quorum, takes_a_quorum_that_stands_below_for_a_chain_that_was_cut) {
    struct Case {
        std::size_t operators;
        std::chrono::milliseconds block_time;
        bool quiet;
        std::chrono::milliseconds patience;
    };
    for (const Case& c : {Case{1, 1s, false, 5s}, Case{2, 1s, false, 5s}, Case{3, 1s, false, 5s}, Case{5, 12s, true, 5s}, Case{3, 12s, false, 24s}}) {
        auto some = walk(c.operators, c.block_time, c.quiet);
        for (std::uint64_t number = 1'000; number <= 1'010; ++number) all_say(some, c.operators, at(number));
        all_say(some, c.operators, at(1'005));
        some.pass(c.patience - 1ms);
        all_say(some, c.operators, at(1'005));
        EXPECT_EQ(some.quorum().head(), at(1'010)) << c.operators;
        some.pass(1ms);
        all_say(some, c.operators, at(1'005));
        EXPECT_EQ(some.quorum().head(), at(1'005)) << c.operators;
        EXPECT_TRUE(some.quorum().troubles().empty());
    }
}

TEST_F(Quorum, does_not_go_back_when_operators_fall_behind_for_a_moment) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    for (int round = 0; round < 10; ++round) {
        all_say(three, 3, at(1'008));
        three.pass(3s);
        three.says(0, at(1'010));
        three.says(1, at(1'010));
        three.pass(3s);
        ASSERT_EQ(three.quorum().head(), at(1'010));
    }
}

TEST_F(Quorum, tells_when_no_majority_stands_on_one_branch) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    three.says(0, tree_.mine(at(1'010)));
    three.says(1, tree_.mine(at(1'010)));
    three.says(2, tree_.mine(at(1'010)));
    three.pass(9'999ms);
    three.says_again(0);
    EXPECT_TRUE(three.quorum().troubles().empty());
    three.pass(1ms);
    three.says_again(0);
    EXPECT_NE(trouble(three, TroubleKind::disputed).find("no 2 of 3 operators agree on a block above 1010: a has 0x"), std::string::npos)
        << trouble(three, TroubleKind::disputed);
    all_say(three, 3, at(1'011));
    EXPECT_TRUE(three.quorum().troubles().empty());
}

TEST_F(Quorum, names_the_one_that_goes_on_on_another_branch) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    Header other = at(1'010);
    for (std::uint64_t number = 1'011; number < 1'024; ++number) {
        other = tree_.mine(other);
        three.pass(1s);
        three.says(2, other);
        all_say(three, 2, at(number));
        ASSERT_EQ(three.quorum().head(), at(number));
    }
    const std::string reason = trouble(three, TroubleKind::disputed);
    EXPECT_TRUE(reason.starts_with("c has 0x")) << reason;
    EXPECT_NE(reason.find("where the quorum has 0x"), std::string::npos) << reason;
    three.says(2, at(1'023));
    EXPECT_TRUE(three.quorum().troubles().empty());
}

TEST_F(Quorum, of_two_needs_both) {
    auto two = walk(2);
    two.says(0, at(1'012));
    EXPECT_FALSE(two.quorum().head());
    two.says(1, at(1'010));
    EXPECT_EQ(two.quorum().head(), at(1'010));
    two.says(1, at(1'013));
    EXPECT_EQ(two.quorum().head(), at(1'012));
    EXPECT_EQ(two.quorum().needed(), 2u);
    EXPECT_TRUE(two.quorum().troubles().empty());
}

TEST_F(Quorum, of_two_goes_on_with_one_when_the_other_is_silent) {
    for (const auto& [block_time, silence] : {std::pair{1s, 10s}, std::pair{12s, 36s}}) {
        auto two = walk(2, block_time);
        all_say(two, 2, at(1'010));
        two.fails(1);
        two.pass(silence - 1ms);
        two.fails(1);
        two.says(0, at(1'013));
        EXPECT_EQ(two.quorum().head(), at(1'010));
        EXPECT_TRUE(two.quorum().troubles().empty());
        two.pass(1ms);
        two.says(0, at(1'014));
        EXPECT_EQ(two.quorum().head(), at(1'014));
        EXPECT_EQ(trouble(two, TroubleKind::single_source), "operator b does not answer, so a decides alone since block 1014");
        EXPECT_EQ(two.quorum().confirmed(), two.now());
        two.says(1, at(1'014));
        EXPECT_TRUE(two.quorum().troubles().empty());
        EXPECT_EQ(two.quorum().needed(), 2u);
    }
}

TEST_F(Quorum, of_two_goes_on_with_one_when_the_other_stands_still_while_it_moves) {
    auto two = walk(2);
    all_say(two, 2, at(1'010));
    two.pass(1h);
    all_say(two, 2, at(1'010));
    for (std::uint64_t number = 1'011; number <= 1'021; ++number) {
        two.says(0, at(number));
        two.says_again(1);
        EXPECT_EQ(two.quorum().head(), number < 1'021 ? at(1'010) : at(1'021)) << "10 s after a went on, whenever b moved last";
        two.pass(1s);
    }
    EXPECT_EQ(trouble(two, TroubleKind::single_source), "operator b stands still at block 1010, so a decides alone since block 1021");
    // It catches up, and does not hold up the head meanwhile.
    two.says(1, at(1'011));
    two.says(0, at(1'022));
    EXPECT_EQ(two.quorum().head(), at(1'022));
    EXPECT_FALSE(two.quorum().troubles().empty());
    two.says(1, at(1'022));
    EXPECT_TRUE(two.quorum().troubles().empty());
}

TEST_F(Quorum, of_two_hands_over_when_the_one_that_decides_falls_silent) {
    auto two = walk(2);
    all_say(two, 2, at(1'010));
    two.fails(1);
    two.pass(10s);
    two.says(0, at(1'020));
    ASSERT_EQ(two.quorum().head(), at(1'020));
    two.fails(0);
    two.says(1, at(1'015));
    two.pass(10s);
    two.says_again(1);
    EXPECT_TRUE(trouble(two, TroubleKind::single_source).starts_with("operator a does not answer, so b decides alone")) << trouble(two, TroubleKind::single_source);
    EXPECT_EQ(two.quorum().head(), at(1'020)) << "b lags behind what was accepted, and was never as high";
    two.says(1, at(1'021));
    EXPECT_EQ(two.quorum().head(), at(1'021));
}

TEST_F(Quorum, follows_a_laggard_that_is_alone_after_two_minutes) {
    auto two = walk(2);
    all_say(two, 2, at(1'010));
    two.fails(1);
    two.pass(10s);
    two.says(0, at(1'100));
    two.fails(0);
    two.says(1, at(1'011));
    two.pass(10s);
    two.says(1, at(1'012));
    two.pass(120s - 1ms);
    two.says(1, at(1'013));
    EXPECT_EQ(two.quorum().head(), at(1'100));
    two.pass(1ms);
    two.says(1, at(1'013));
    EXPECT_EQ(two.quorum().head(), at(1'013));
}

TEST_F(Quorum, of_two_that_disagree_goes_on_with_the_branch_of_the_accepted_head_and_says_disputed) {
    auto two = walk(2);
    all_say(two, 2, at(1'010));
    // The first operator leaves the accepted block, the second goes on from it.
    two.says(0, tree_.mine(at(1'008), 3));
    two.says(1, at(1'012));
    two.pass(9'999ms);
    two.says(1, at(1'013));
    EXPECT_EQ(two.quorum().head(), at(1'010));
    EXPECT_TRUE(two.quorum().troubles().empty());
    two.pass(1ms);
    two.says(1, at(1'014));
    EXPECT_EQ(two.quorum().head(), at(1'014));
    const std::string reason = trouble(two, TroubleKind::disputed);
    EXPECT_TRUE(reason.starts_with("the operators stand on different branches: a has 0x")) << reason;
    EXPECT_TRUE(reason.ends_with("; the branch of b goes on")) << reason;
    two.says(0, at(1'015));
    EXPECT_TRUE(two.quorum().troubles().empty());
    EXPECT_EQ(two.quorum().needed(), 2u);
}

TEST_F(Quorum, of_two_branches_that_both_hold_the_accepted_head_the_first_operators_goes_on) {
    auto two = walk(2, 12s);
    all_say(two, 2, at(1'010));
    two.says(0, tree_.mine(at(1'010)));
    two.says(1, at(1'011));
    two.pass(24s);
    const Header goes_on = tree_.mine(at(1'010), 3);
    two.says(0, goes_on);
    EXPECT_EQ(two.quorum().head(), goes_on);
    EXPECT_FALSE(trouble(two, TroubleKind::disputed).empty());
    two.fails(0);
    two.pass(36s);
    two.says(1, at(1'020));
    EXPECT_EQ(two.quorum().head(), at(1'020));
    EXPECT_TRUE(trouble(two, TroubleKind::disputed).empty());
    EXPECT_FALSE(trouble(two, TroubleKind::single_source).empty());
}

TEST_F(Quorum, in_a_hurry_takes_who_fails_for_silent) {
    auto two = walk(2);
    two.fails(0);
    two.says(1, at(1'010));
    EXPECT_FALSE(two.quorum().head());
    two.quorum().hurry(two.now());
    EXPECT_EQ(two.quorum().head(), at(1'010));
    EXPECT_FALSE(trouble(two, TroubleKind::single_source).empty());
    auto three = walk(3);
    three.fails(0);
    three.fails(1);
    three.says(2, at(1'010));
    three.quorum().hurry(three.now());
    EXPECT_FALSE(three.quorum().head());
}

TEST_F(Quorum, of_one_is_that_one_without_a_trouble) {
    auto one = walk(1);
    one.says(0, at(1'010));
    one.says(0, at(1'020));
    EXPECT_EQ(one.quorum().head(), at(1'020));
    one.fails(0);
    one.pass(1h);
    one.fails(0);
    EXPECT_EQ(one.quorum().head(), at(1'020));
    const Header other = tree_.mine(at(1'015), 5);
    one.says(0, other);
    EXPECT_EQ(one.quorum().head(), other);
    EXPECT_TRUE(one.quorum().troubles().empty());
}

TEST_F(Quorum, takes_silence_of_a_quiet_chain_for_no_trouble) {
    for (const std::size_t operators : {1u, 2u, 3u}) {
        auto some = walk(operators, 12s, true);
        all_say(some, operators, at(1'010));
        some.pass(24h);
        all_say(some, operators, at(1'010));
        EXPECT_EQ(some.quorum().confirmed(), some.now());
        some.pass(1h);
        for (std::size_t op = 0; op < operators; ++op) {
            some.says(op, at(1'011));
            EXPECT_FALSE(some.quorum().demoted(0) || some.quorum().demoted(operators - 1));
        }
        EXPECT_EQ(some.quorum().head(), at(1'011));
        EXPECT_TRUE(some.quorum().troubles().empty());
    }
}

TEST_F(Quorum, wants_a_parent_by_hash_and_what_is_further_by_number_and_no_more) {
    daemon::QuorumOptions options;
    options.operators = {"a", "b", "c"};
    options.block_time = 1s;
    daemon::Quorum quorum(options);
    const daemon::Quorum::Time now{1h};
    quorum.saw(0, at(1'010), now);
    EXPECT_TRUE(quorum.wanted().empty());
    quorum.saw(1, at(1'011), now);
    ASSERT_EQ(quorum.wanted().size(), 1u);
    EXPECT_EQ(quorum.wanted()[0].op, 1u);
    EXPECT_EQ(quorum.wanted()[0].hash, at(1'010).ref.hash);
    quorum.lacks(1, 1'010, now);
    EXPECT_TRUE(quorum.wanted().empty()) << "not before its next answer";
    quorum.saw(1, at(1'030), now);
    ASSERT_EQ(quorum.wanted().size(), 1u);
    EXPECT_EQ(quorum.wanted()[0].number, 1'010u);
    EXPECT_FALSE(quorum.wanted()[0].hash);
    EXPECT_TRUE(quorum.told(1, at(1'010), now));
    EXPECT_EQ(quorum.head(), at(1'010));
    EXPECT_TRUE(quorum.wanted().empty());
    quorum.saw(2, at(1'030), now);
    EXPECT_EQ(quorum.head(), at(1'030));
    EXPECT_TRUE(quorum.wanted().empty());
}

TEST_F(Quorum, refuses_what_contradicts_the_operators_own_head) {
    daemon::QuorumOptions options;
    options.operators = {"a", "b"};
    daemon::Quorum quorum(options);
    const daemon::Quorum::Time now{1h};
    quorum.saw(0, at(1'010), now);
    quorum.saw(1, at(1'009), now);
    EXPECT_FALSE(quorum.told(0, tree_.mine(at(1'008)), now));
    EXPECT_FALSE(quorum.head());
    EXPECT_TRUE(quorum.wanted().empty());
    quorum.answered(0, now);
    EXPECT_TRUE(quorum.told(0, at(1'009), now));
    EXPECT_EQ(quorum.head(), at(1'009));
}

TEST_F(Quorum, remembers_the_accepted_chain_and_who_holds_what) {
    BlockTree tree{model::ChainId{1}, 0};
    Header tip = tree.root();
    QuorumWalk three(tree, 3, 1s);
    for (int block = 0; block < 2'000; ++block) {
        tip = tree.mine(tip);
        all_say(three, 3, tip);
    }
    EXPECT_EQ(three.asked(), 0u) << "heads that link cost no request";
    EXPECT_EQ(three.quorum().canonical(2'000 - daemon::Quorum::depth), *tree.at(tip, 2'000 - daemon::Quorum::depth));
    EXPECT_FALSE(three.quorum().canonical(2'000 - daemon::Quorum::depth - 1));
    EXPECT_FALSE(three.quorum().canonical(2'001));
    EXPECT_TRUE(three.quorum().holds(0, tree.at(tip, 1'900)->ref));
    three.says(2, *tree.at(tip, 1'990));
    EXPECT_FALSE(three.quorum().holds(2, tip.ref));
    EXPECT_TRUE(three.quorum().holds(2, tree.at(tip, 1'990)->ref));
    // A jump without links: only the head is known, until operators are asked.
    const Header far = tree.mine(tip, 10);
    all_say(three, 3, far);
    EXPECT_EQ(three.quorum().head(), far);
    EXPECT_FALSE(three.quorum().canonical(2'000));
    EXPECT_TRUE(three.quorum().remember(tip));
    EXPECT_EQ(three.quorum().canonical(2'000), tip);
    const Header elsewhere = tree.mine(tree.mine(*tree.at(tip, 1'999)));
    EXPECT_FALSE(three.quorum().remember(elsewhere)) << "its parent is another block than the one remembered";
    EXPECT_FALSE(three.quorum().canonical(2'001));
    EXPECT_TRUE(three.quorum().holds(0, tip.ref));
    EXPECT_EQ(three.asked(), 1u) << "with one behind, whether the first that jumped has left the accepted block";
}

TEST_F(Quorum, is_confirmed_when_as_many_as_it_needs_have_answered) {
    auto three = walk(3);
    all_say(three, 3, at(1'010));
    const auto first = three.now();
    three.pass(2s);
    three.says(2, at(1'011));
    EXPECT_EQ(three.quorum().confirmed(), first) << "one with a descendant, one earlier";
    three.pass(2s);
    three.quorum().answered(0, three.now());
    EXPECT_EQ(three.quorum().confirmed(), three.now() - 2s);
}

}  // namespace
}  // namespace margind::tests
