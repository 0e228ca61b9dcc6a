// Packing calls into aggregate3 and reading its results.
#include "adapters/evm/multicall.hpp"

#include "adapters/evm/abi_writer.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace margind::adapters::evm {
namespace {

using model::Bytes;
using model::ErrorCode;

Call call(std::string_view to, std::string_view data) {
    return {model::Address::parse(to).value(), model::bytes_from_hex(data).value(), {}, {}, false};
}

const std::string feed = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419";

std::vector<const Call*> pointers(const std::vector<Call>& calls) {
    std::vector<const Call*> out;
    for (const Call& c : calls) out.push_back(&c);
    return out;
}

// The golden call data is cast's for aggregate3([(ETH/USD feed, true, 0xfeaf968c)]).
TEST(Multicall, encodes_the_golden_call) {
    const std::vector<Call> calls{call(feed, "0xfeaf968c")};
    EXPECT_EQ(model::to_hex(encode_aggregate3(pointers(calls))),
              "0x82ad56cb"
              "0000000000000000000000000000000000000000000000000000000000000020"
              "0000000000000000000000000000000000000000000000000000000000000001"
              "0000000000000000000000000000000000000000000000000000000000000020"
              "0000000000000000000000005f4ec3df9cbd43714fe2740f5e3616155c5b8419"
              "0000000000000000000000000000000000000000000000000000000000000001"
              "0000000000000000000000000000000000000000000000000000000000000060"
              "0000000000000000000000000000000000000000000000000000000000000004"
              "feaf968c00000000000000000000000000000000000000000000000000000000");
}

Bytes results(std::size_t count, const AbiWriter& items) { return AbiWriter().array(count, items).encoded(); }

AbiWriter result(bool success, std::string_view data) {
    AbiWriter out;
    out.boolean(success).bytes(model::bytes_from_hex(data).value());
    return out;
}

TEST(Multicall, gives_each_call_its_result) {
    const Bytes reply = results(3, AbiWriter().tuple(result(true, "0x0102")).tuple(result(false, "0x")).tuple(result(true, "0x")));
    const auto decoded = decode_aggregate3(3, reply);
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(decoded->size(), 3U);
    EXPECT_TRUE((*decoded)[0].success);
    EXPECT_EQ(model::to_hex((*decoded)[0].data), "0x0102");
    EXPECT_FALSE((*decoded)[1].success);
    // An address without code succeeds with nothing.
    EXPECT_TRUE((*decoded)[2].success);
    EXPECT_TRUE((*decoded)[2].data.empty());
}

TEST(Multicall, refuses_another_number_of_results) {
    for (const std::size_t count : {0U, 1U, 3U}) {
        AbiWriter items;
        for (std::size_t i = 0; i < count; ++i) items.tuple(result(true, "0x"));
        const auto decoded = decode_aggregate3(2, results(count, items));
        ASSERT_FALSE(decoded) << count;
        EXPECT_EQ(decoded.error().code, ErrorCode::decode);
    }
    EXPECT_FALSE(decode_aggregate3(2, Bytes{}));
}

TEST(Multicall, names_a_call_by_selector_and_contract) {
    EXPECT_EQ(call_name(call(feed, "0xfeaf968c01")), "call 0xfeaf968c of " + feed);
    EXPECT_EQ(call_name(call(feed, "0x")), "call 0x of " + feed);
}

TEST(Multicall, says_what_a_revert_payload_means) {
    const auto meaning = [](std::span<const std::byte> payload) {
        const std::string text = revert_text(payload);
        EXPECT_EQ(text.find("reverted: "), 0U) << text;
        EXPECT_TRUE(text.ends_with(" (" + model::to_hex(payload) + ")")) << text;
        return text.substr(10, text.rfind(" (") - 10);
    };
    const auto with = [](const char* signature, const AbiWriter& arguments) { return Function(signature)(arguments); };
    EXPECT_EQ(meaning(with("Error(string)", AbiWriter().string("SafeMath: overflow"))), "\"SafeMath: overflow\"");
    EXPECT_EQ(meaning(with("Error(string)", AbiWriter().string("a\n\"b\xff"))), "\"a??b?\"");
    EXPECT_EQ(meaning(with("Panic(uint256)", AbiWriter().u256(0x11))), "panic 0x11, arithmetic overflow");
    EXPECT_EQ(meaning(with("Panic(uint256)", AbiWriter().u256(0xffff))), "panic 0xffff, unknown code");
    EXPECT_EQ(meaning(model::bytes_from_hex("0x19abf40e").value()), "custom error 0x19abf40e");
    EXPECT_EQ(meaning(model::bytes_from_hex("0x08c379a0ff").value()), "custom error 0x08c379a0");
    EXPECT_EQ(meaning(model::bytes_from_hex("0x01").value()), "a payload too short for a selector");
    EXPECT_EQ(meaning({}), "no reason given");
}

TEST(Multicall, cuts_a_long_payload_in_its_message) {
    const Bytes payload(1 << 20, std::byte{0xee});
    const std::string text = revert_text(payload);
    EXPECT_LT(text.size(), 1500U);
    EXPECT_NE(text.find("1048576 bytes"), std::string::npos);
}

TEST(Multicall, chunks_evenly_within_both_limits) {
    const auto lengths = [](std::size_t count, std::size_t data, ChunkLimits limits) {
        const std::vector<Call> calls(count, call(feed, "0x" + std::string(2 * data, '1')));
        const auto out = chunk_lengths(pointers(calls), limits);
        EXPECT_EQ(std::accumulate(out.begin(), out.end(), std::size_t{0}), count);
        return out;
    };
    using Lengths = std::vector<std::size_t>;
    EXPECT_EQ(lengths(0, 4, {250, 100'000}), Lengths{});
    EXPECT_EQ(lengths(1, 4, {250, 100'000}), Lengths{1});
    EXPECT_EQ(lengths(250, 4, {250, 100'000}), Lengths{250});
    EXPECT_EQ(lengths(251, 4, {250, 100'000}), (Lengths{126, 125}));
    EXPECT_EQ(lengths(600, 4, {250, 1'000'000}), (Lengths{200, 200, 200}));
    // 192 bytes for each call of 4 bytes, and 68 around them.
    EXPECT_EQ(lengths(5, 4, {250, 68 + 2 * 192}), (Lengths{2, 2, 1}));
    EXPECT_EQ(lengths(5, 4, {250, 68 + 2 * 192 - 1}), (Lengths{1, 1, 1, 1, 1}));
    EXPECT_EQ(lengths(2, 1000, {250, 100}), (Lengths{1, 1}));
    const std::vector<Call> calls(7, call(feed, "0xfeaf968c"));
    EXPECT_EQ(encode_aggregate3(pointers(calls)).size(), 68U + 7 * 192U);
}

}  // namespace
}  // namespace margind::adapters::evm
