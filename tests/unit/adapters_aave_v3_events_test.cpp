// Whom the logs of an Aave pool concern. Topics are those of the ABI in @aave/core-v3 1.19.3, computed by ethers.
#include "adapters/protocols/aave_v3/events.hpp"

#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace margind::adapters::protocols::aave_v3 {
namespace {

using evm::AbiWriter;
using model::Address;
using model::Bytes32;
using model::U256;

Address address(unsigned n) {
    Address out;
    out.bytes[19] = std::byte(n);
    return out;
}

Bytes32 topic(const Address& of) {
    Bytes32 out;
    std::copy(of.bytes.begin(), of.bytes.end(), out.bytes.begin() + 12);
    return out;
}

struct Case {
    const char* name;
    const char* signature;
    /// The account behind each further topic; 0 is the zero address.
    std::vector<unsigned> topics;
    std::vector<unsigned> touched;
    /// Words of data.
    std::vector<unsigned> data{};
};

const Case cases[] = {
    {"Supply", "0x2b627736bca15cd5381dcf80b0bf11fd197d01a037c52b927a881a10fb73ba61", {9, 1, 0}, {1}, {2, 100}},
    {"Withdraw", "0x3115d1449a7b732c986cba18244e897a450f61e1bb8d589cd2e69e6c8924f9f7", {9, 1, 2}, {1}},
    {"Borrow", "0xb3d084820fb1a9decffb176436bd02558d15fac9b0ddfed8c465bc7359d7dce0", {9, 1, 0}, {1}, {2, 100, 2, 3}},
    {"Repay", "0xa534c8dbe71f871f9f3530e97a74601fea17b426cae02e1c5aee42c96c784051", {9, 1, 2}, {1}},
    {"Liquidation", "0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286", {9, 8, 1}, {1}, {100, 100, 3, 0}},
    {"LiquidationForATokens", "0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286", {9, 8, 1}, {1, 3}, {100, 100, 3, 1}},
    {"LiquidationCutShort", "0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286", {9, 8, 1}, {1}, {100, 100, 3}},
    {"UserEModeSet", "0xd728da875fc88944cbf17638bcbe4af0eedaef63becd1d1c57cc097eb4608d84", {1}, {1}, {1}},
    {"CollateralEnabled", "0x00058a56ea94653cdf4f152d227ace22d4c00ad99e2a43f58cb7d9e3feb295f2", {9, 1}, {1}},
    {"CollateralDisabled", "0x44c58d81365b66dd4b1a7f36c25aa97b8c71c361ee4937adc1a00000227db5dd", {9, 1}, {1}},
    {"SwapBorrowRateMode", "0x7962b394d85a534033ba2efcf43cd36de57b7ebeb3de0ca4428965d9b3ddc481", {9, 1}, {1}, {1}},
    {"RebalanceStableBorrowRate", "0x9f439ae0c81e41a04d3fdfe07aed54e6a179fb0db15be7702eb66fa8ef6f5300", {9, 1}, {1}},
    {"MintUnbacked", "0xf25af37b3d3ec226063dc9bdc103ece7eb110a50f340fe854bb7bc1b0676d7d0", {9, 1, 0}, {1}, {2, 100}},
    {"TransferOfATokens", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", {1, 2}, {1, 2}, {100}},
    {"TransferToItself", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", {1, 1}, {1}, {100}},
    {"Minted", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", {0, 2}, {2}, {100}},
    {"BalanceTransfer", "0x4beccb90f994c31aced7a23b5611020728a23d8ec5cddd1a3e9d97b96fda8666", {1, 2}, {1, 2}, {100, 5}},
    {"ScaledMint", "0x458f5fa412d0f69b08dd84872b0215675cc67bc1d5b6fd93300a1c3878b86196", {2, 1}, {1}, {100, 0, 5}},
    {"ScaledBurn", "0x4cf25bc1d991c17529c25213d3cc0cda295eeaad5f13f361969b12ea48015f90", {1, 2}, {1}, {100, 0, 5}},
    {"StableMint", "0xc16f4e4ca34d790de4c656c72fd015c667d688f20be64eea360618545c4c530f", {2, 1}, {1}},
    {"StableBurn", "0x44bd20a79e993bdcc7cbedf54a3b4d19fb78490124b6b90d04fe3242eea579e8", {1}, {1}},
    // Changes no account.
    {"Approval", "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925", {1, 2}, {}},
    {"ReserveDataUpdated", "0x804c9b842b2748a22bb64b345453a3de7ca54a6ca45ce00d415894979e22897a", {9}, {}},
    {"FewerTopicsThanTheAbi", "0x2b627736bca15cd5381dcf80b0bf11fd197d01a037c52b927a881a10fb73ba61", {9}, {}},
};

TEST(AaveEvents, name_those_whose_state_they_change) {
    for (const Case& one : cases) {
        Log log;
        log.topics.push_back(Bytes32::parse(one.signature).value());
        for (const unsigned account : one.topics) log.topics.push_back(topic(address(account)));
        AbiWriter data;
        for (const unsigned value : one.data) data.u256(U256(value));
        log.data = data.encoded();
        std::vector<Address> expected;
        for (const unsigned account : one.touched) expected.push_back(address(account));
        EXPECT_EQ(touched(log), expected) << one.name;
    }
    EXPECT_TRUE(touched(Log{}).empty());
}

model::FactsPtr venue(unsigned revision) {
    model::FactsBuilder facts{std::string(venue_schema)};
    facts.add("pool", address(100));
    facts.add("revision", U256(revision));
    facts.add("base_unit", U256(100'000'000));
    facts.add("listed", U256(5));
    for (const unsigned id : {0U, 2U}) {
        facts.add(reserve_fact(id, "a_token"), address(110 + id));
        facts.add(reserve_fact(id, "stable_debt_token"), address(120 + id));
        facts.add(reserve_fact(id, "variable_debt_token"), address(130 + id));
    }
    return std::move(facts).build().value();
}

TEST(AaveEvents, are_watched_at_the_pool_and_all_tokens_of_listed_reserves) {
    const auto watched = watch(*venue(3));
    ASSERT_TRUE(watched);
    std::vector<Address> expected;
    for (const unsigned n : {100U, 110U, 130U, 120U, 112U, 132U, 122U}) expected.push_back(address(n));
    EXPECT_EQ(watched->addresses, expected);
    for (const Case& one : cases)
        EXPECT_EQ(std::ranges::count(watched->topics, Bytes32::parse(one.signature).value()), one.name == std::string("Approval") || one.name == std::string("ReserveDataUpdated") ? 0 : 1)
            << one.name;
}

TEST(AaveEvents, are_not_watched_where_account_facts_hold_the_pools_own_figures) {
    EXPECT_FALSE(watch(*venue(4)));
    config::Venue settings;
    settings.id = {"aave_v3", {1}, ""};
    settings.addresses["addresses_provider"] = address(99);
    const auto adapter = protocol().make(settings).value();
    EXPECT_EQ(adapter->read_views(venue(4), address(1), {}), nullptr);
    EXPECT_NE(adapter->read_views(venue(3), address(1), {}), nullptr);
    EXPECT_FALSE(adapter->watch(*venue(4)));
}

}  // namespace
}  // namespace margind::adapters::protocols::aave_v3
