// Searches over a chain as values: their names, what they take in, their text, and how they are carried from block to block.
#include "daemon/venue_searches.hpp"

#include "tests/support/simulated_venue.hpp"

#include <gtest/gtest.h>

namespace margind::daemon {
namespace {

using adapters::Log;
using adapters::Logs;
using tests::numbered_address;

model::Bytes32 topic(unsigned char n) {
    model::Bytes32 made;
    made.bytes[31] = std::byte{n};
    return made;
}

model::VenueId venue() {
    model::VenueId id;
    id.protocol = "found";
    id.chain = model::ChainId{1};
    return id;
}

adapters::Search search_of(std::vector<std::vector<model::Bytes32>> topics, std::uint64_t from = 10) {
    adapters::Search search;
    search.filter.addresses.push_back(numbered_address(0xc0, 2));
    search.filter.topics = std::move(topics);
    search.from_block = from;
    return search;
}

Log log_at(std::uint64_t number, std::uint32_t index, std::vector<model::Bytes32> topics, unsigned char data = 1) {
    Log log;
    log.address = numbered_address(0xc0, 2);
    log.topics = std::move(topics);
    log.data.push_back(std::byte{data});
    log.block_number = number;
    log.log_index = index;
    return log;
}

TEST(Search, has_one_name_whatever_the_order_of_its_choices_and_another_for_each_owner) {
    const model::Address alice = numbered_address(0xaa, 1);
    const auto name = [&](const model::Address* owner, adapters::Search search) { return wanted(venue(), owner, std::move(search))->id; };
    const model::Bytes32 plain = name(nullptr, search_of({{topic(1), topic(2)}}));
    EXPECT_EQ(plain, name(nullptr, search_of({{topic(2), topic(1), topic(2)}})));
    EXPECT_NE(plain, name(&alice, search_of({{topic(1), topic(2)}})));
    EXPECT_NE(plain, name(nullptr, search_of({{topic(1), topic(2)}}, 11)));
    EXPECT_NE(plain, name(nullptr, search_of({{topic(1)}, {topic(2)}})));
    EXPECT_FALSE(wanted(venue(), nullptr, search_of({})));
    EXPECT_FALSE(wanted(venue(), nullptr, search_of({{}, {topic(1)}})));
}

TEST(Search, asks_at_once_for_what_differs_in_one_topic_and_for_nothing_else) {
    const auto filter = [](std::vector<std::vector<model::Bytes32>> topics) { return search_of(std::move(topics)).filter; };
    const auto few = merged({filter({{topic(1)}, {topic(5)}}), filter({{topic(1)}, {topic(6)}}), filter({{topic(2)}, {topic(7)}}), filter({{topic(1)}, {topic(5)}}),
                             filter({{topic(1)}, {}}), filter({{topic(1)}})},
                            2);
    ASSERT_EQ(few.size(), 4U);
    EXPECT_EQ(few[0].topics, (std::vector<std::vector<model::Bytes32>>{{topic(1)}, {topic(5), topic(6)}}));
    EXPECT_EQ(few[1].topics, (std::vector<std::vector<model::Bytes32>>{{topic(2)}, {topic(7)}}));
    EXPECT_EQ(merged({filter({{topic(1)}, {topic(5)}}), filter({{topic(1)}, {topic(6)}}), filter({{topic(1)}, {topic(7)}})}, 2).size(), 2U) << "no more than two choices";
}

TEST(Search, keeps_what_two_say_of_one_place_and_each_log_once) {
    SearchState state;
    const Logs filter = search_of({{topic(1)}}).filter;
    EXPECT_TRUE(add_found(state, filter, {log_at(12, 1, {topic(1)}), log_at(11, 0, {topic(1)}), log_at(12, 1, {topic(1)})}, 10));
    EXPECT_FALSE(add_found(state, filter, {log_at(12, 1, {topic(1)}), log_at(12, 2, {topic(9)}), log_at(9, 0, {topic(1)})}, 10));
    EXPECT_EQ(state.found->size(), 2U);
    EXPECT_EQ(state.found->front().block_number, 11U);
    // Who invents a log does not push out the one that is at its place.
    EXPECT_TRUE(add_found(state, filter, {log_at(12, 1, {topic(1)}, 7)}, 10));
    EXPECT_EQ(state.found->size(), 3U);
    state.next = 20;
    state.agreed = 15;
    drop_found_above(state, 11);
    EXPECT_EQ(state.found->size(), 1U);
    EXPECT_EQ(state.next, 12U);
    EXPECT_EQ(state.agreed, 12U);
    drop_found_above(state, 50);
    EXPECT_EQ(state.next, 12U);
}

TEST(Search, comes_back_from_its_text) {
    const Log log = log_at(77, 3, {topic(1), topic(2)});
    const auto back = found_of(found_text(log), 77, 3);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->address, log.address);
    EXPECT_EQ(back->topics, log.topics);
    EXPECT_EQ(back->data, log.data);
    EXPECT_EQ(back->block_hash, log.block_hash);
    const std::vector<SearchPoint> points{{5, topic(1)}, {9, topic(2)}};
    EXPECT_EQ(points_of(points_text(points)).value(), points);
    for (const char* text : {"", "{}", "[1]", R"({"address":"0x1"})", R"({"address":"","block":"","data":"","topics":[]})"}) EXPECT_FALSE(found_of(text, 1, 1)) << text;
    for (const char* text : {"", "{}", "[1]", "[[1]]", R"([[1,"x"]])", R"([["1","x"]])"}) EXPECT_FALSE(points_of(text)) << text;
}

TEST(Search, says_how_much_is_done_and_never_all_before_it_is) {
    SearchState state;
    state.next = 10;
    EXPECT_EQ(searching_text(state, 10, 1009), "searching: 0.0 % of blocks 10 to 1009");
    state.next = 510;
    EXPECT_EQ(searching_text(state, 10, 1009), "searching: 50 % of blocks 10 to 1009");
    state.next = 1010;
    EXPECT_EQ(searching_text(state, 10, 1009), "searching: 99.9 % of blocks 10 to 1009");
}

class CarriedSearches : public ::testing::Test {
protected:
    void SetUp() override {
        model::FactsBuilder facts("linear.config/1");
        facts.add("revision", model::U256(1));
        config_ = *std::move(facts).build();
        ASSERT_TRUE(searches_.name(0, adapter_, config_, owners_, true));
    }
    void reach(std::uint64_t next) {
        for (CarriedSearch& search : searches_.all()) {
            search.reached = true;
            search.state.next = search.state.agreed = next;
        }
    }
    Log of(const model::Address& owner, std::uint64_t number) { return log_at(number, 0, {tests::holding_changed, tests::SimulatedVenue::topic_of(owner)}); }

    std::vector<model::Address> owners_{numbered_address(0xaa, 1), numbered_address(0xaa, 2)};
    tests::SimulatedVenue adapter_{venue(), numbered_address(0xc0, 2), false, 10};
    model::FactsPtr config_;
    VenueSearches searches_;
};

TEST_F(CarriedSearches, are_one_for_all_and_one_for_each_owner) {
    ASSERT_EQ(searches_.all().size(), 3U);
    EXPECT_EQ(searches_.all()[0].owner, std::nullopt);
    EXPECT_FALSE(searches_.first_open());
    EXPECT_EQ(searches_.unreached(0, std::nullopt), "searching");
    EXPECT_EQ(searches_.unreached(0, 1), "searching");
    EXPECT_EQ(searches_.unreached(1, 1), "");
    reach(50);
    EXPECT_EQ(searches_.unreached(0, 1), "");
    EXPECT_EQ(searches_.first_open(), 50U);
    EXPECT_EQ(searches_.watches(1)[0]->topics.size(), 2U);
}

TEST_F(CarriedSearches, take_from_each_block_what_is_theirs) {
    reach(50);
    const auto news = searches_.take({of(owners_[1], 50), log_at(51, 0, {tests::market_made}), of(owners_[0], 49)}, 52, true);
    EXPECT_EQ(news.venues, std::set<std::uint32_t>{0});
    EXPECT_EQ(news.holders, (std::set<Holder>{Holder{0, 1}}));
    EXPECT_EQ(searches_.found(0)->shared.size(), 1U);
    EXPECT_EQ(searches_.found(0)->owned.size(), 1U);
    EXPECT_EQ(searches_.found_of(Holder{0, 1})->size(), 1U);
    EXPECT_TRUE(searches_.found_of(Holder{0, 0})->empty());
    EXPECT_EQ(searches_.first_open(), 53U);
    EXPECT_FALSE(searches_.alone(0, 0));
    searches_.drop_above(50);
    EXPECT_TRUE(searches_.found(0)->shared.empty());
    EXPECT_EQ(searches_.found(0)->owned.size(), 1U);
    EXPECT_EQ(searches_.first_open(), 51U);
}

TEST_F(CarriedSearches, remember_what_one_operator_alone_said) {
    reach(50);
    searches_.take({}, 50, false);
    EXPECT_TRUE(searches_.alone(0, 0));
    searches_.take({}, 51, true);
    EXPECT_TRUE(searches_.alone(0, 0)) << "of block 50 only one was heard";
}

TEST_F(CarriedSearches, stay_when_the_configuration_is_read_anew_and_names_the_same) {
    reach(50);
    searches_.take({of(owners_[0], 50)}, 50, true);
    model::FactsBuilder facts("linear.config/1");
    facts.add("revision", model::U256(2));
    ASSERT_TRUE(searches_.name(0, adapter_, *std::move(facts).build(), owners_, true));
    EXPECT_EQ(searches_.first_open(), 51U);
    EXPECT_EQ(searches_.found_of(Holder{0, 0})->size(), 1U);
}

}  // namespace
}  // namespace margind::daemon
