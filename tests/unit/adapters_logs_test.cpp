// What is believed of an answer to eth_getLogs. The bytes are written by hand, after geth's form.
#include "adapters/rpc/logs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {
namespace {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using nlohmann::json;

Bytes32 hash(char digit) { return Bytes32::parse("0x" + std::string(64, digit)).value(); }
Address address(char digit) { return Address::parse("0x" + std::string(40, digit)).value(); }

json good() {
    return json::parse(R"({"address":"0x)" + std::string(40, 'a') + R"(","topics":["0x)" + std::string(64, '1') + R"(","0x)" + std::string(64, '2') +
                       R"("],"data":"0xc0ffee","blockNumber":"0x10","blockHash":"0x)" + std::string(64, 'b') +
                       R"(","transactionHash":"0x)" + std::string(64, 'c') + R"(","transactionIndex":"0x0","logIndex":"0x3","removed":false})");
}

Logs filter() {
    Logs out;
    out.addresses = {address('a'), address('d')};
    out.topics = {{hash('0'), hash('1')}, {}};
    out.from_block = 16;
    out.to_block = 20;
    return out;
}

json list(json log) {
    json out = json::array();
    out.push_back(std::move(log));
    return out;
}

TEST(Logs, are_read_where_they_were_asked_for) {
    for (const auto& logs : {parse_logs(list(good()), filter(), 16, 20, "x"), parse_logs(list(good()), filter(), hash('b'), "x")}) {
        ASSERT_TRUE(logs) << logs.error().message;
        ASSERT_EQ(logs->size(), 1U);
        EXPECT_EQ(logs->front().address, address('a'));
        EXPECT_EQ(logs->front().topics, (std::vector<Bytes32>{hash('1'), hash('2')}));
        EXPECT_EQ(model::to_hex(logs->front().data), "0xc0ffee");
        EXPECT_EQ(logs->front().block_number, 16U);
        EXPECT_EQ(logs->front().block_hash, hash('b'));
        EXPECT_EQ(logs->front().log_index, 3U);
    }
}

TEST(Logs, that_a_reorganisation_removed_are_left_out) {
    json log = good();
    log["removed"] = true;
    const auto logs = parse_logs(list(log), filter(), 16, 20, "x");
    ASSERT_TRUE(logs);
    EXPECT_TRUE(logs->empty());
}

TEST(Logs, that_were_not_asked_for_make_the_answer_a_lie) {
    const std::vector<std::pair<const char*, std::function<void(json&)>>> lies{
        {"another contract", [](json& log) { log["address"] = "0x" + std::string(40, 'e'); }},
        {"another event", [](json& log) { log["topics"][0] = "0x" + std::string(64, '2'); }},
        {"too few topics", [](json& log) { log["topics"].erase(1); }},
        {"no topics", [](json& log) { log["topics"] = json::array(); }},
        {"a block before", [](json& log) { log["blockNumber"] = "0xf"; }},
        {"a block behind", [](json& log) { log["blockNumber"] = "0x15"; }},
        {"no hash", [](json& log) { log.erase("blockHash"); }},
        {"null", [](json& log) { log = nullptr; }},
        {"five topics", [](json& log) { for (int i = 0; i < 3; ++i) log["topics"].push_back("0x" + std::string(64, '1')); }},
    };
    for (const auto& [name, lie] : lies) {
        json log = good();
        lie(log);
        const auto logs = parse_logs(list(log), filter(), 16, 20, "https://host");
        ASSERT_FALSE(logs) << name;
        EXPECT_EQ(logs.error().code, ErrorCode::upstream) << name;
        EXPECT_EQ(logs.error().retry, model::Retry::other_endpoint) << name;
        EXPECT_TRUE(logs.error().message.starts_with("https://host: eth_getLogs: ")) << logs.error().message;
    }
    EXPECT_FALSE(parse_logs(list(good()), filter(), hash('c'), "x")) << "of another block";
    EXPECT_FALSE(parse_logs(good(), filter(), 16, 20, "x")) << "no array";
}

TEST(Logs, are_asked_for_by_range_or_by_block) {
    const json by_range = json::parse(logs_params(filter(), 16, 20)).at(0);
    EXPECT_EQ(by_range.at("fromBlock"), "0x10");
    EXPECT_EQ(by_range.at("toBlock"), "0x14");
    EXPECT_EQ(by_range.at("address").size(), 2U);
    EXPECT_EQ(by_range.at("topics").at(0).at(1), "0x" + std::string(64, '1'));
    EXPECT_TRUE(by_range.at("topics").at(1).is_null());
    const json by_block = json::parse(logs_params(filter(), hash('b'))).at(0);
    EXPECT_EQ(by_block.at("blockHash"), "0x" + std::string(64, 'b'));
    EXPECT_FALSE(by_block.contains("fromBlock")) << "EIP-234: not both";
}

}  // namespace
}  // namespace margind::adapters::rpc
