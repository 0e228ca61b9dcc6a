// JSON-RPC and rounds against a real node.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"
#include "adapters/rpc/spawn.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/relay.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/script.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::rpc {
namespace {

using evm::AbiReader;
using evm::AbiWriter;
using evm::Function;
using model::Address;
using model::Bytes;
using model::ErrorCode;
using model::U256;
using nlohmann::json;
using tests::ChainProcess;
using tests::Script;
using tests::run_coroutine;

const Function latest_answer("latestAnswer()");
const Function decimals("decimals()");
const Function balance_of("balanceOf(address)");
const Function transfer("transfer(address,uint256)");
const Function user_data("getUserAccountData(address)");

/// One chain for all tests of this file; each puts back what it changes.
const ChainProcess& chain() {
    static const ChainProcess process;
    return process;
}

class Rpc : public testing::Test {
protected:
    explicit Rpc(RoundLimits limits = {})
        : client(http, Endpoint::parse(chain().rpc_url()).value()), rounds(client, limits), head(chain().head()) {}

    template <class T>
    T await(asio::awaitable<T> task) {
        return run_coroutine(io, std::move(task));
    }
    model::Result<std::vector<Reply>> ask(std::vector<std::vector<Request>> script) {
        return ask(rounds, std::move(script));
    }
    model::Result<std::vector<Reply>> ask(Rounds& by, std::vector<std::vector<Request>> script) {
        std::unique_ptr<Reading<std::vector<Reply>>> reading = std::make_unique<Script>(std::move(script));
        return await(by.read(std::move(reading), head));
    }
    static Call call(const Address& to, Bytes data) { return {to, std::move(data), {}, {}, false}; }
    /// Puts runtime code at an address that has none.
    static Address with_code(std::uint64_t number, const std::string& code) {
        const Bytes word = AbiWriter().u256(number).encoded();
        Address address;
        std::copy(word.end() - 20, word.end(), address.bytes.begin());
        json params = json::array();
        params.push_back(address.to_string());
        params.push_back(code);
        chain().rpc("anvil_setCode", params);
        return address;
    }
    static model::Error error_of(const Reply& reply) {
        EXPECT_FALSE(reply);
        return reply ? model::Error{} : reply.error();
    }

    asio::io_context io;
    HttpClient http{io.get_executor(), {}};
    JsonRpcClient client;
    Rounds rounds;
    model::BlockRef head;
};

TEST_F(Rpc, reads_the_chain_id_and_blocks_by_tag_number_and_hash) {
    EXPECT_EQ(await(chain_id(client)).value().value, 31337U);
    const auto latest = await(block_by_tag(client, head.chain, BlockTag::latest));
    ASSERT_TRUE(latest) << latest.error().message;
    EXPECT_EQ(latest->ref, head);
    EXPECT_EQ(await(block_by_number(client, head.chain, head.number)).value(), *latest);
    EXPECT_EQ(await(block_by_hash(client, head.chain, head.hash)).value(), *latest);
    const auto before = await(block_by_number(client, head.chain, head.number - 1));
    EXPECT_EQ(before.value().ref.hash, latest->parent);
    EXPECT_LT(before.value().ref.time, latest->ref.time);

    for (const auto& missing : {await(block_by_number(client, head.chain, head.number + 1000)),
                                await(block_by_hash(client, head.chain, model::Bytes32{}))}) {
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, ErrorCode::missing) << missing.error().message;
    }
}

TEST_F(Rpc, reads_state_as_it_was_at_the_pinned_block) {
    const Address feed = chain().address("/feeds/ETH");
    const auto price_at = [&](const model::Bytes32& block) {
        const auto reply = await(eth_call(client, call(feed, latest_answer()), block));
        AbiReader reader(*reply);
        return reader.i256().to_decimal();
    };
    const std::string before = price_at(head.hash);
    const json moved = chain().verb("set_price", {{"asset", "ETH"}, {"answer", "123456789012"}});
    EXPECT_EQ(price_at(chain().head().hash), "123456789012") << moved.dump();
    EXPECT_EQ(price_at(head.hash), before);
    chain().verb("set_price", {{"asset", "ETH"}, {"answer", before}});
}

TEST_F(Rpc, says_reorged_for_a_block_that_is_gone) {
    const Call probe = call(chain().address("/feeds/ETH"), latest_answer());
    chain().verb("mine");
    chain().verb("mine");
    const model::BlockRef doomed = chain().head();
    EXPECT_TRUE(await(eth_call(client, probe, doomed.hash)));
    chain().verb("reorg", {{"depth", 1}});

    const auto called = await(eth_call(client, probe, doomed.hash));
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().code, ErrorCode::reorged) << called.error().message;
    EXPECT_NE(called.error().message.find(doomed.hash.to_string()), std::string::npos) << called.error().message;
    EXPECT_EQ(await(code_at(client, probe.to, doomed.hash)).error().code, ErrorCode::reorged);
    EXPECT_EQ(await(storage_at(client, {probe.to, U256(0)}, doomed.hash)).error().code, ErrorCode::reorged);

    head = doomed;
    const auto replies = ask({{probe, probe}});
    ASSERT_FALSE(replies);
    EXPECT_EQ(replies.error().code, ErrorCode::reorged);
}

TEST_F(Rpc, gives_each_request_its_reply_in_order) {
    const Address weth = chain().address("/tokens/WETH/address");
    const Address usdc = chain().address("/tokens/USDC/address");
    const Address lender = Address::parse(chain().ready().at("roles").at("lender").get<std::string>()).value();
    const Address nobody = Address::parse("0x00000000000000000000000000000000000abcde").value();
    Call isolated = call(usdc, decimals());
    isolated.isolated = true;
    Call as_lender = call(usdc, transfer(AbiWriter().address(nobody).u256(0)));
    as_lender.from = lender;
    as_lender.gas = 200'000;
    Logs filter;
    filter.addresses.push_back(weth);
    filter.topics.emplace_back(1, model::keccak256("Transfer(address,address,uint256)"));
    filter.to_block = head.number;

    const auto replies = ask({{call(weth, decimals()), Code{weth}, call(usdc, decimals()), StorageAt{weth, U256(0)}, isolated},
                              {as_lender, filter, call(usdc, balance_of(AbiWriter().address(lender))), call(nobody, decimals())}});
    ASSERT_TRUE(replies) << replies.error().message;
    ASSERT_EQ(replies->size(), 9U);
    const auto word = [&](std::size_t i) {
        const auto bytes = reply_bytes((*replies)[i]);
        EXPECT_TRUE(bytes) << i << ": " << (bytes ? "" : bytes.error().message);
        return tests::words_of(bytes.value()).at(0);
    };
    EXPECT_EQ(word(0), U256(18));
    json params = json::array();
    params.push_back(weth.to_string());
    params.push_back("latest");
    EXPECT_EQ(model::to_hex(reply_bytes((*replies)[1]).value()), chain().rpc("eth_getCode", params).get<std::string>());
    EXPECT_EQ(word(2), U256(6));
    params = json::array();
    params.push_back(weth.to_string());
    params.push_back("0x0");
    params.push_back("latest");
    EXPECT_EQ(model::to_hex(reply_bytes((*replies)[3]).value()), chain().rpc("eth_getStorageAt", params).get<std::string>());
    EXPECT_EQ(word(4), U256(6));
    EXPECT_EQ(word(5), U256(1));
    const auto& found = std::get<std::vector<Log>>(*(*replies)[6]);
    json query = json::array();
    query.push_back({{"fromBlock", "0x0"}, {"address", weth.to_string()}});
    std::size_t transfers = 0;
    for (const json& log : chain().rpc("eth_getLogs", query))
        transfers += log.at("topics").at(0) == filter.topics[0][0].to_string() ? 1U : 0U;
    EXPECT_EQ(found.size(), transfers);
    ASSERT_GE(transfers, 3U);
    EXPECT_EQ(found.front().address, weth);
    EXPECT_EQ(found.front().topics.size(), 3U);
    EXPECT_EQ(found.front().data.size(), 32U);
    EXPECT_EQ(word(7), tests::words_of(chain().call(usdc, tests::call_data("balanceOf(address)", {tests::word_of(lender)}))).at(0));
    // No contract there: success and nothing, which a reader refuses by its length.
    EXPECT_TRUE(reply_bytes((*replies)[8]).value().empty());
    EXPECT_EQ(reply_bytes((*replies)[6]).error().code, ErrorCode::decode);
    EXPECT_EQ(rounds.counts().rounds, 2U);
    EXPECT_EQ(rounds.counts().chunks, 2U);
    EXPECT_EQ(rounds.counts().splits, 0U);
}

TEST_F(Rpc, makes_a_revert_the_error_of_that_reply_alone) {
    const Address usdc = chain().address("/tokens/USDC/address");
    const Call good = call(usdc, decimals());
    const Call bad = call(usdc, transfer(AbiWriter().address(usdc).u256(U256::max())));
    Call bad_alone = bad;
    bad_alone.isolated = true;
    const auto replies = ask({{good, bad, bad_alone, good}});
    ASSERT_TRUE(replies) << replies.error().message;
    EXPECT_TRUE((*replies)[0]);
    EXPECT_TRUE((*replies)[3]);
    for (const std::size_t i : {1U, 2U}) {
        const model::Error error = error_of((*replies)[i]);
        EXPECT_EQ(error.code, ErrorCode::reverted);
        EXPECT_NE(error.message.find("call 0xa9059cbb of " + usdc.to_string()), std::string::npos) << error.message;
        EXPECT_NE(error.message.find("reverted: "), std::string::npos) << error.message;
        EXPECT_NE(error.message.find("(0x"), std::string::npos) << error.message;
    }
}

// The calls of one chunk share its gas. Without asking again, those behind the burner would fail with it.
TEST_F(Rpc, does_not_let_a_call_that_burns_all_gas_take_its_neighbours_with_it) {
    const Address burner = with_code(0xb0b1, "0xfe");
    const Address pool = chain().address("/aave/pool");
    std::vector<Request> requests;
    for (std::size_t i = 0; i < 120; ++i)
        requests.push_back(i == 17 ? call(burner, {}) : call(pool, user_data(AbiWriter().u256(i + 1))));
    const auto replies = ask({requests});
    ASSERT_TRUE(replies) << replies.error().message;
    const Bytes expected = chain().call(pool, tests::call_data("getUserAccountData(address)", {U256(1)}));
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (i == 17)
            EXPECT_EQ(error_of((*replies)[i]).code, ErrorCode::reverted);
        else
            ASSERT_EQ(reply_bytes((*replies)[i]).value(), expected) << i;
    }
    EXPECT_GT(rounds.counts().splits, 0U);
}

// 500 calls of 100,000 gas: 50 M, above the node's cap of 30 M.
TEST_F(Rpc, halves_chunks_that_are_too_much_for_the_node) {
    // Counts down from 3846 at 26 gas each, then returns the word 1.
    const Address worker = with_code(0xb0b2, "0x610f065b6001900380600357600160005260206000f3");
    RoundLimits limits;
    limits.chunk.max_calls = 500;
    Rounds greedy(client, limits);
    const auto replies = ask(greedy, {std::vector<Request>(500, call(worker, {}))});
    ASSERT_TRUE(replies) << replies.error().message;
    for (const Reply& reply : *replies) {
        const auto bytes = reply_bytes(reply);
        ASSERT_TRUE(bytes) << bytes.error().message;
        EXPECT_EQ(tests::words_of(*bytes).at(0), U256(1));
    }
    EXPECT_GT(greedy.counts().splits, 0U);
    const std::uint64_t splits = greedy.counts().splits;
    ASSERT_TRUE(ask(greedy, {std::vector<Request>(500, call(worker, {}))}));
    EXPECT_EQ(greedy.counts().splits, splits) << "the size that was too much is remembered";

    limits.gas = 60'000'000;
    Rounds generous(client, limits);
    ASSERT_TRUE(ask(generous, {std::vector<Request>(500, call(worker, {}))}));
    EXPECT_EQ(generous.counts().splits, 0U);
    EXPECT_EQ(generous.counts().chunks, 1U);
}

TEST_F(Rpc, asks_one_by_one_where_multicall_has_no_code) {
    RoundLimits limits;
    limits.multicall = Address::parse("0x00000000000000000000000000000000000abcde").value();
    Rounds plain(client, limits);
    const Address feed = chain().address("/feeds/ETH");
    const auto replies = ask(plain, {std::vector<Request>(20, call(feed, decimals()))});
    ASSERT_TRUE(replies) << replies.error().message;
    for (const Reply& reply : *replies) EXPECT_EQ(tests::words_of(reply_bytes(reply).value()).at(0), U256(8));
    EXPECT_EQ(plain.counts().chunks, 0U);
}

// Blooms that a real node computed: of each log they hold the address and the topics, and of other addresses few.
TEST_F(Rpc, finds_each_log_of_real_blocks_in_the_bloom_of_their_header) {
    std::size_t logs_seen = 0;
    std::size_t blocks_seen = 0;
    std::size_t strangers = 0;
    HeaderCheck check;
    for (std::uint64_t number = 0; number <= head.number; ++number) {
        const auto header = await(block_by_number(client, head.chain, number, &check));
        ASSERT_TRUE(header) << header.error().message;
        const auto found = await(logs_of_block(client, Logs(), header->ref.hash));
        ASSERT_TRUE(found) << found.error().message;
        if (found->empty()) continue;
        ++blocks_seen;
        for (const Log& log : *found) {
            ++logs_seen;
            EXPECT_TRUE(may_hold(header->logs_bloom, log.address.bytes));
            for (const model::Bytes32& topic : log.topics) EXPECT_TRUE(may_hold(header->logs_bloom, topic.bytes));
        }
        for (std::uint64_t i = 0; i < 100; ++i) {
            const model::Bytes32 stranger = model::keccak256("stranger " + std::to_string(number) + " " + std::to_string(i));
            strangers += may_hold(header->logs_bloom, std::span(stranger.bytes).first(20)) ? 1U : 0U;
        }
    }
    EXPECT_GT(logs_seen, 20U);
    EXPECT_LT(strangers, blocks_seen * 20) << "of " << blocks_seen * 100;
    EXPECT_TRUE(check.has_matched()) << "the hashes of this node's headers can be checked";
}

TEST_F(Rpc, reads_the_logs_of_one_block_by_its_hash) {
    Logs filter;
    filter.addresses.push_back(chain().address("/feeds/ETH"));
    chain().verb("set_price", {{"asset", "ETH"}, {"answer", "123456789012"}});
    const model::BlockRef block = chain().head();
    const auto all = await(logs_of_block(client, Logs(), block.hash));
    ASSERT_TRUE(all) << all.error().message;
    const auto own = await(logs_of_block(client, filter, block.hash));
    ASSERT_TRUE(own) << own.error().message;
    json query = json::array();
    query.push_back({{"blockHash", block.hash.to_string()}});
    EXPECT_EQ(all->size(), chain().rpc("eth_getLogs", query).size());
    for (const Log& log : *own) EXPECT_EQ(log.address, filter.addresses[0]);
    EXPECT_FALSE(await(logs_of_block(client, filter, model::keccak256("no block"))));
}

TEST_F(Rpc, refuses_a_header_that_is_forged_or_of_another_block) {
    std::atomic<bool> forge = false;
    const tests::Relay node(chain().rpc_url(), {{}, {}, [&](std::string body) {
        json reply = json::parse(body);
        if (forge) reply["result"]["timestamp"] = "0x7fffffff";
        return reply.dump();
    }});
    const tests::Relay other(chain().rpc_url(), {{}, [&](std::string) {
        json request = json::object();
        request["jsonrpc"] = "2.0";
        request["id"] = 1;
        request["method"] = "eth_getBlockByNumber";
        request["params"] = json::array();
        request["params"].push_back("0x1");
        request["params"].push_back(false);
        return request.dump();
    }, {}});
    JsonRpcClient asked(http, Endpoint::parse(node.url()).value());
    HeaderCheck check;
    EXPECT_TRUE(await(block_by_tag(asked, head.chain, BlockTag::latest, &check)));
    EXPECT_TRUE(check.has_matched());
    forge = true;
    const auto forged = await(block_by_tag(asked, head.chain, BlockTag::latest, &check));
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().code, ErrorCode::upstream) << forged.error().message;

    JsonRpcClient first(http, Endpoint::parse(other.url()).value());
    const auto wrong = await(block_by_number(first, head.chain, head.number));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::upstream) << wrong.error().message;
    EXPECT_NE(wrong.error().message.find("block 1 "), std::string::npos) << wrong.error().message;
    JsonRpcClient second(http, Endpoint::parse(other.url()).value());
    EXPECT_FALSE(await(block_by_hash(second, head.chain, head.hash)));
}

class Batches : public Rpc {
protected:
    explicit Batches() { limits.multicall = Address::parse("0x00000000000000000000000000000000000abcde").value(); }
    std::vector<Request> twenty() const { return std::vector<Request>(20, call(chain().address("/feeds/ETH"), decimals())); }
    void expect_all_eights(const model::Result<std::vector<Reply>>& replies) {
        ASSERT_TRUE(replies) << replies.error().message;
        ASSERT_EQ(replies->size(), 20U);
        for (const Reply& reply : *replies) EXPECT_EQ(tests::words_of(reply_bytes(reply).value()).at(0), U256(8));
    }
    static json reply_to(const json& request) {
        json reply = json::object();
        reply["jsonrpc"] = "2.0";
        reply["id"] = request.is_object() ? request.at("id") : json(nullptr);
        reply["error"] = {{"code", -32600}, {"message", "batch requests are not supported"}};
        return reply;
    }
    using Answer = std::optional<std::pair<int, std::string>>;
    RoundLimits limits;
};

TEST_F(Batches, carry_what_cannot_be_packed) {
    const tests::Relay node(chain().rpc_url(), {});
    JsonRpcClient counted(http, Endpoint::parse(node.url()).value());
    Rounds by(counted, limits);
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(by.counts().batches, 1U);
    EXPECT_EQ(node.requests(), 2) << "one for the code of Multicall3, one for all";
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(node.requests(), 3) << "that it has none is remembered";

    const Address weth = chain().address("/tokens/WETH/address");
    const Address reverting = with_code(0xb0b3, "0x60006000fd");
    Call isolated = call(reverting, {});
    isolated.isolated = true;
    Logs filter;
    filter.addresses.push_back(weth);
    filter.topics.emplace_back(1, model::keccak256("Transfer(address,address,uint256)"));
    filter.to_block = head.number;
    Rounds packing(counted);
    const auto mixed = ask(packing, {{Code{weth}, isolated, filter, StorageAt{weth, U256(0)}}});
    ASSERT_TRUE(mixed) << mixed.error().message;
    EXPECT_EQ(node.requests(), 4);
    EXPECT_EQ(reply_bytes(mixed->at(0)).value(), await(code_at(client, weth, head.hash)).value());
    EXPECT_EQ(error_of(mixed->at(1)).code, ErrorCode::reverted);
    EXPECT_FALSE(std::get<std::vector<Log>>(*mixed->at(2)).empty());
    EXPECT_EQ(reply_bytes(mixed->at(3)).value().size(), 32U);
}

TEST_F(Batches, are_made_smaller_where_a_server_takes_only_few_at_once) {
    const tests::Relay node(chain().rpc_url(), {[](const std::string& body) {
        const json request = json::parse(body);
        if (request.is_array() && request.size() > 6) return Answer(std::pair(200, reply_to(request).dump()));
        return Answer();
    }, {}, {}});
    JsonRpcClient limited(http, Endpoint::parse(node.url()).value());
    Rounds by(limited, limits);
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(by.counts().refused_batches, 3U) << "20, 10, 10";
    const int before = node.requests();
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(by.counts().refused_batches, 3U) << "the size that was too much is remembered";
    EXPECT_EQ(node.requests() - before, 4);
}

TEST_F(Batches, give_way_to_single_requests_where_they_are_refused) {
    const tests::Relay node(chain().rpc_url(), {[](const std::string& body) {
        const json request = json::parse(body);
        if (request.is_array()) return Answer(std::pair(200, reply_to(request).dump()));
        return Answer();
    }, {}, {}});
    JsonRpcClient refusing(http, Endpoint::parse(node.url()).value());
    Rounds by(refusing, limits);
    expect_all_eights(ask(by, {twenty()}));
    const std::uint64_t refused = by.counts().refused_batches;
    const int before = node.requests();
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(by.counts().refused_batches, refused);
    EXPECT_EQ(node.requests() - before, 20);
    for (int run = 0; run < 80; ++run) ASSERT_TRUE(ask(by, {{Code{limits.multicall}, Code{limits.multicall}}}));
    EXPECT_GT(by.counts().refused_batches, refused) << "tried again now and then";
}

TEST_F(Batches, are_completed_one_by_one_where_replies_are_left_out) {
    const tests::Relay node(chain().rpc_url(), {{}, {}, [](std::string body) {
        json reply = json::parse(body);
        if (reply.is_array()) reply.erase(reply.begin() + 3, reply.begin() + 8);
        return reply.dump();
    }});
    JsonRpcClient leaky(http, Endpoint::parse(node.url()).value());
    Rounds by(leaky, limits);
    expect_all_eights(ask(by, {twenty()}));
    EXPECT_EQ(node.requests(), 7);
}

TEST_F(Rpc, ends_a_reading_that_never_stops_asking) {
    RoundLimits limits;
    limits.max_rounds = 5;
    Rounds bounded(client, limits);
    const Call probe = call(chain().address("/feeds/ETH"), decimals());
    EXPECT_TRUE(ask(bounded, {5, std::vector<Request>(1, probe)}));
    const auto endless = ask(bounded, {6, std::vector<Request>(1, probe)});
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().code, ErrorCode::limit);
}

TEST_F(Rpc, runs_many_readings_of_different_length_together) {
    const Call probe = call(chain().address("/feeds/ETH"), decimals());
    std::vector<std::unique_ptr<Script>> scripts;
    std::vector<AnyReading*> readings;
    for (std::size_t i = 0; i < 10; ++i) {
        scripts.push_back(std::make_unique<Script>(std::vector<std::vector<Request>>(i, std::vector<Request>(i, probe))));
        readings.push_back(scripts.back().get());
    }
    const auto done = await(rounds.run(readings, head));
    ASSERT_TRUE(done) << done.error().message;
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(scripts[i]->result().value().size(), i * i);
    EXPECT_EQ(rounds.counts().rounds, 9U);
    EXPECT_EQ(rounds.counts().requests, 285U);
}

TEST_F(Rpc, keeps_connections_for_the_next_request) {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(await(chain_id(client)));
    EXPECT_EQ(http.connections_opened(), 1U);
    std::vector<asio::awaitable<void>> tasks;
    const auto one = [](JsonRpcClient& rpc) -> asio::awaitable<void> {
        const auto id = co_await chain_id(rpc);
        EXPECT_TRUE(id);
    };
    for (int i = 0; i < 6; ++i) tasks.push_back(one(client));
    run_coroutine(io, join_all(std::move(tasks)));
    EXPECT_EQ(http.connections_opened(), 6U);
}

}  // namespace
}  // namespace margind::adapters::rpc
