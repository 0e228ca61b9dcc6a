// Hashes of block headers, against hashes that others computed.
#include "adapters/rpc/header_hash.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace margind::adapters::rpc {
namespace {

using nlohmann::json;

std::string claimed(const json& block) { return block.at("hash").get<std::string>(); }

std::string zeros(std::size_t bytes) { return "0x" + std::string(2 * bytes, '0'); }

/// Blocks of the conformance tests of ethereum/execution-apis (CC0), of London, Shanghai and Prague, without transactions.
json blocks() {
    std::ifstream file(MARGIND_SOURCE_DIR "/tests/unit/data/block_headers.json");
    return json::parse(file);
}

TEST(HeaderHash, is_that_of_ethereums_first_block) {
    json block = json::object();
    block["parentHash"] = zeros(32);
    block["sha3Uncles"] = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
    block["miner"] = zeros(20);
    block["stateRoot"] = "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544";
    block["transactionsRoot"] = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
    block["receiptsRoot"] = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
    block["logsBloom"] = zeros(256);
    block["difficulty"] = "0x400000000";
    block["number"] = "0x0";
    block["gasLimit"] = "0x1388";
    block["gasUsed"] = "0x0";
    block["timestamp"] = "0x0";
    block["extraData"] = "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa";
    block["mixHash"] = zeros(32);
    block["nonce"] = "0x0000000000000042";
    ASSERT_TRUE(header_hash(block));
    EXPECT_EQ(header_hash(block)->to_string(), "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
}

TEST(HeaderHash, is_that_of_each_forks_blocks) {
    const json all = blocks();
    ASSERT_EQ(all.size(), 4U);
    for (const json& block : all) {
        const auto hash = header_hash(block);
        ASSERT_TRUE(hash) << claimed(block);
        EXPECT_EQ(hash->to_string(), claimed(block));
    }
}

TEST(HeaderHash, is_unknown_where_a_field_is_missing_strange_or_malformed) {
    const json good = blocks().back();
    ASSERT_TRUE(header_hash(good));
    json block = good;
    block["l1BlockNumber"] = "0x1";
    EXPECT_FALSE(header_hash(block)) << "Arbitrum's";
    for (const char* name : {"mixHash", "logsBloom", "blobGasUsed", "baseFeePerGas"}) {
        block = good;
        block.erase(name);
        EXPECT_FALSE(header_hash(block)) << name;
        block[name] = "0x0123456789";
        EXPECT_TRUE(!header_hash(block) || header_hash(block)->to_string() != claimed(good)) << name;
        block[name] = 5;
        EXPECT_FALSE(header_hash(block)) << name;
    }
}

TEST(HeaderCheck, finds_a_forged_field_once_the_endpoints_hashes_matched) {
    const json good = blocks().back();
    for (const char* name : {"timestamp", "parentHash", "logsBloom", "number", "stateRoot"}) {
        json forged = good;
        std::string text = forged.at(name).get<std::string>();
        text.back() = text.back() == '1' ? '2' : '1';
        forged[name] = text;
        const auto hash = model::Bytes32::parse(claimed(good)).value();
        HeaderCheck check;
        EXPECT_TRUE(check.believes(forged, hash)) << "nothing is known of how this chain hashes its headers";
        EXPECT_FALSE(check.has_matched());
        EXPECT_TRUE(check.believes(good, hash));
        EXPECT_TRUE(check.has_matched());
        EXPECT_FALSE(check.believes(forged, hash)) << name;
        EXPECT_TRUE(check.believes(good, hash));
    }
}

}  // namespace
}  // namespace margind::adapters::rpc
