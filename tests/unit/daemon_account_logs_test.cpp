// Which logs concern which venue, whose accounts they touch, and blocks whose headers promise more.
#include "daemon/account_logs.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

namespace margind::daemon {
namespace {

model::Address address(std::uint8_t n) {
    model::Address made;
    made.bytes[19] = std::byte{n};
    return made;
}

model::Bytes32 topic(std::uint8_t n) {
    model::Bytes32 made;
    made.bytes[31] = std::byte{n};
    return made;
}

adapters::Log log(std::uint8_t from, std::uint8_t what, const model::Bytes32& block = {}) {
    adapters::Log made;
    made.address = address(from);
    made.topics = {topic(what)};
    made.block_hash = block;
    return made;
}

// Yellow Paper (17) and (24): bit B(i) = low 11 bits of bytes i, i+1 of the keccak, for i of 0, 2, 4.
template <class T>
void put(adapters::rpc::Bloom& bloom, const T& item) {
    const model::Bytes32 hash = model::keccak256(std::as_bytes(std::span(item.bytes)));
    for (std::size_t i = 0; i < 6; i += 2) {
        const unsigned bit = (std::to_integer<unsigned>(hash.bytes[i]) * 256 + std::to_integer<unsigned>(hash.bytes[i + 1])) % 2048;
        bloom[255 - bit / 8] |= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST(AccountLogs, asks_for_the_logs_of_all_venues_with_one_filter) {
    const Watches watches{SortedWatch({{address(2), address(1)}, {topic(9)}}), std::nullopt, SortedWatch({{address(2)}, {topic(9), topic(8)}})};
    const auto filter = merged_filter(watches);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->addresses, (std::vector<model::Address>{address(1), address(2)}));
    EXPECT_EQ(filter->topics, (std::vector<std::vector<model::Bytes32>>{{topic(8), topic(9)}}));
    EXPECT_FALSE(merged_filter({std::nullopt}));
    // An empty list would be any address to a node.
    EXPECT_FALSE(merged_filter({SortedWatch({{}, {topic(1)}})}));
}

TEST(AccountLogs, takes_a_log_for_a_venue_by_address_and_topic) {
    const SortedWatch watch({{address(1), address(2)}, {topic(8), topic(9)}});
    EXPECT_TRUE(concerns(watch, log(2, 8)));
    EXPECT_FALSE(concerns(watch, log(3, 8)));
    EXPECT_FALSE(concerns(watch, log(2, 7)));
    adapters::Log anonymous = log(2, 8);
    anonymous.topics.clear();
    EXPECT_FALSE(concerns(watch, anonymous));
}

TEST(AccountLogs, finds_blocks_whose_header_promises_a_log_that_nobody_gave) {
    const Watches watches{SortedWatch({{address(1)}, {topic(9)}}), SortedWatch({{address(2)}, {topic(9)}})};
    std::vector<adapters::rpc::BlockHeader> headers(2);
    headers[0].ref.number = 7;
    headers[0].ref.hash = topic(70);
    headers[1].ref.number = 8;
    headers[1].ref.hash = topic(80);
    put(headers[1].logs_bloom, address(1));
    EXPECT_TRUE(silent_blocks(headers, watches, {}).empty()) << "an address without its topic";
    put(headers[1].logs_bloom, topic(9));
    EXPECT_EQ(silent_blocks(headers, watches, {}), (std::vector<SilentBlock>{{0, 8}}));
    EXPECT_EQ(silent_blocks(headers, watches, {log(2, 9, topic(80))}), (std::vector<SilentBlock>{{0, 8}})) << "of another venue";
    EXPECT_EQ(silent_blocks(headers, watches, {log(1, 9, topic(70))}), (std::vector<SilentBlock>{{0, 8}})) << "of another block";
    EXPECT_TRUE(silent_blocks(headers, watches, {log(1, 9, topic(80))}).empty());
}

}  // namespace
}  // namespace margind::daemon
