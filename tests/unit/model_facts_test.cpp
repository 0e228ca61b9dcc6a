// Facts: lookup by name and type, shared names, and a content hash that tells every difference apart.
#include "risk/model/facts.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace margind::model {
namespace {

FactsPtr make(const std::string& schema, const std::vector<std::pair<std::string, FactValue>>& entries) {
    FactsBuilder builder(schema);
    for (const auto& [name, value] : entries) builder.add(name, value);
    return std::move(builder).build().value();
}

TEST(Facts, are_found_by_name_and_type) {
    const Address owner = Address::parse("0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359").value();
    const FactsPtr facts = make("test/1", {{"price", U256(7)}, {"funding", I256(-7)}, {"owner", owner}, {"active", true}});
    EXPECT_EQ(facts->u256("price").value(), U256(7));
    EXPECT_EQ(facts->u64("price").value(), 7U);
    EXPECT_EQ(facts->i256("funding").value(), I256(-7));
    EXPECT_EQ(facts->address("owner").value(), owner);
    EXPECT_TRUE(facts->boolean("active").value());
    EXPECT_EQ(facts->find("absent"), nullptr);
    EXPECT_EQ(facts->size(), 4U);
    EXPECT_EQ(facts->name(0), "active");
    EXPECT_EQ(facts->name(3), "price");
}

TEST(Facts, name_what_is_absent_of_another_type_or_too_large) {
    const FactsPtr facts = make("test/1", {{"price", U256::pow2(64)}});
    EXPECT_EQ(facts->u256("index").error().code, ErrorCode::missing);
    EXPECT_NE(facts->u256("index").error().message.find("\"index\""), std::string::npos);
    EXPECT_EQ(facts->i256("price").error().code, ErrorCode::bad_input);
    EXPECT_EQ(facts->u64("price").error().code, ErrorCode::out_of_range);
    EXPECT_NE(facts->u64("price").error().message.find("18446744073709551616"), std::string::npos);
}

TEST(Facts, hash_the_same_in_any_order_of_adding) {
    const FactsPtr a = make("test/1", {{"a", U256(1)}, {"b", U256(2)}});
    const FactsPtr b = make("test/1", {{"b", U256(2)}, {"a", U256(1)}});
    EXPECT_EQ(a->content_hash(), b->content_hash());
    EXPECT_EQ(*a, *b);
}

TEST(Facts, of_one_shape_share_their_names) {
    const FactsPtr a = make("test/1", {{"a", U256(1)}, {"b", U256(2)}});
    const FactsPtr b = make("test/1", {{"a", U256(3)}, {"b", U256(4)}});
    EXPECT_EQ(&a->name(0), &b->name(0));
}

TEST(Facts, of_one_shape_share_their_names_across_threads) {
    std::vector<FactsPtr> built(4000);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t)
        threads.emplace_back([&built, t] {
            // Shapes come and go beside the one that lives on.
            for (std::size_t i = t; i < built.size(); i += 4) {
                make("test/1", {{"passing " + std::to_string(i), U256(1)}});
                built[i] = make("test/1", {{"a", U256(i)}, {"b", U256(2)}});
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (const FactsPtr& facts : built) EXPECT_EQ(&facts->name(0), &built[0]->name(0));
}

TEST(Facts, hash_tells_every_difference_apart) {
    const Bytes one{std::byte{1}};
    std::set<Bytes32> hashes;
    const std::vector<FactsPtr> all = {
        make("test/1", {}),
        make("test/2", {}),
        make("test/1", {{"a", U256(1)}}),
        make("test/1", {{"a", U256(2)}}),
        make("test/1", {{"b", U256(1)}}),
        make("test/1", {{"a", I256(1)}}),
        make("test/1", {{"a", true}}),
        make("test/1", {{"a", false}}),
        make("test/1", {{"a", one}}),
        make("test/1", {{"a", Bytes{}}}),
        make("test/1", {{"a", Bytes32{U256(1).to_big_endian()}}}),
        make("test/1", {{"a", Address{}}}),
        make("test/1", {{"a", U256(1)}, {"b", U256(1)}}),
        // Lengths keep the border between a name and what follows it.
        make("test/1", {{"ab", one}, {"c", one}}),
        make("test/1", {{"a", one}, {"bc", one}}),
        make("test/1a", {{"b", one}}),
        make("test/1", {{"ab", one}}),
    };
    for (const FactsPtr& facts : all) hashes.insert(facts->content_hash());
    EXPECT_EQ(hashes.size(), all.size());
}

TEST(FactsBuilder, refuses_a_name_given_twice_and_one_that_is_no_text) {
    FactsBuilder twice("test/1");
    twice.add("price", U256(1));
    twice.add("price", U256(2));
    const Result<FactsPtr> facts = std::move(twice).build();
    ASSERT_FALSE(facts);
    EXPECT_NE(facts.error().message.find("\"price\""), std::string::npos);
    FactsBuilder binary("test/1");
    binary.add("\xff", U256(1));
    EXPECT_FALSE(std::move(binary).build());
    EXPECT_FALSE(FactsBuilder("").build());
}

}  // namespace
}  // namespace margind::model
