// What is carried from block to block: whose turn it is to be verified, and what another branch makes unknown.
#include "daemon/carried.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace margind::daemon {
namespace {

model::BlockRef block(std::uint64_t number) {
    model::BlockRef ref;
    ref.number = number;
    ref.time = 1'700'000'000 + 12 * static_cast<std::int64_t>(number);
    return ref;
}

CarriedEntry entry(CarriedEntry::Kind kind, std::uint64_t read_at, std::uint64_t verified_at) {
    CarriedEntry made;
    made.kind = kind;
    made.read_at = block(read_at);
    made.verified_at = block(verified_at);
    return made;
}

Carried all_read_at(std::size_t owners, std::uint64_t number) {
    Carried carried(1, owners);
    for (std::uint32_t owner = 0; owner < owners; ++owner) carried.at({0, owner}) = entry(CarriedEntry::Kind::held, number, number);
    return carried;
}

TEST(Carried, verifies_every_account_within_the_configured_number_of_blocks_and_few_at_each) {
    for (const std::size_t owners : {std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{1000}}) {
        Carried carried = all_read_at(owners, 100);
        for (std::uint64_t number = 101; number <= 300; ++number) {
            const VenuePlan plan = plan_venue(carried, 0, {number - 1, 1}, block(number), 32);
            EXPECT_TRUE(plan.read.empty());
            EXPECT_LE(plan.views.size(), (owners + 31) / 32);
            for (const Holder& holder : plan.views) carried.at(holder).verified_at = block(number);
            for (std::uint32_t owner = 0; owner < owners; ++owner)
                ASSERT_LT(number - carried.at({0, owner}).verified_at.number, 32U) << owners << " accounts, owner " << owner;
        }
    }
}

TEST(Carried, verifies_in_proportion_to_the_blocks_that_were_skipped) {
    const Carried carried = all_read_at(320, 100);
    EXPECT_EQ(plan_venue(carried, 0, {100, 1}, block(101), 32).views.size(), 10U);
    EXPECT_EQ(plan_venue(carried, 0, {100, 5}, block(105), 32).views.size(), 50U);
    EXPECT_EQ(plan_venue(carried, 0, {100, 400}, block(500), 32).views.size(), 320U);
    EXPECT_EQ(plan_venue(carried, 0, {100, 0}, block(100), 32).views.size(), 0U);
}

TEST(Carried, verifies_what_is_overdue_whatever_the_turn_is) {
    Carried carried = all_read_at(64, 100);
    for (std::uint32_t owner = 0; owner < 10; ++owner) carried.at({0, owner}).verified_at = block(60);
    const VenuePlan plan = plan_venue(carried, 0, {100, 1}, block(101), 32);
    EXPECT_EQ(plan.views.size(), 10U);
}

TEST(Carried, looks_again_at_owners_who_had_nothing_in_their_turn) {
    Carried carried = all_read_at(32, 100);
    carried.at({0, 7}) = entry(CarriedEntry::Kind::empty, 90, 90);
    const VenuePlan plan = plan_venue(carried, 0, {100, 1}, block(101), 32);
    EXPECT_TRUE(plan.views.empty());
    EXPECT_EQ(plan.empties, (std::vector<Holder>{{0, 7}}));
}

TEST(Carried, reads_what_is_unknown_doubtful_or_of_another_branch) {
    Carried carried = all_read_at(4, 100);
    carried.at({0, 0}) = CarriedEntry{};
    carried.at({0, 1}).doubtful = true;
    carried.at({0, 2}).read_at = block(104);
    const VenuePlan plan = plan_venue(carried, 0, {103, 2}, block(105), 32);
    EXPECT_EQ(plan.read, (std::vector<Holder>{{0, 0}, {0, 1}, {0, 2}}));
}

TEST(Carried, forgets_above_a_fork_what_was_read_there_and_keeps_what_was_only_verified_there) {
    Carried carried(1, 3);
    carried.at({0, 0}) = entry(CarriedEntry::Kind::held, 100, 105);
    carried.at({0, 1}) = entry(CarriedEntry::Kind::held, 104, 104);
    carried.at({0, 2}) = entry(CarriedEntry::Kind::empty, 101, 101);
    carried.drop_above(103);
    EXPECT_EQ(carried.at({0, 0}).kind, CarriedEntry::Kind::held);
    EXPECT_EQ(carried.at({0, 0}).verified_at, block(100));
    EXPECT_EQ(carried.at({0, 1}).kind, CarriedEntry::Kind::absent);
    EXPECT_EQ(carried.at({0, 2}).verified_at, block(101));
}

TEST(Carried, keeps_of_a_venue_that_changed_only_who_had_nothing_and_looks_again) {
    Carried carried(1, 2);
    carried.at({0, 0}) = entry(CarriedEntry::Kind::held, 100, 100);
    carried.at({0, 1}) = entry(CarriedEntry::Kind::empty, 100, 100);
    carried.drop_venue(0);
    EXPECT_EQ(carried.at({0, 0}).kind, CarriedEntry::Kind::absent);
    EXPECT_EQ(carried.at({0, 1}).kind, CarriedEntry::Kind::empty);
    EXPECT_EQ(plan_venue(carried, 0, {100, 1}, block(101), 32).read.size(), 2U);
}

}  // namespace
}  // namespace margind::daemon
