// One operator with several endpoints: which of them answers, and what becomes of those that do not.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/rpc/operator.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/relay.hpp"
#include "tests/support/script.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace margind::adapters::rpc {
namespace {

using evm::AbiWriter;
using evm::Function;
using model::Address;
using model::ErrorCode;
using nlohmann::json;
using tests::ChainProcess;
using tests::Script;
using tests::FaultPlan;
using tests::FaultProxy;
using tests::RawServer;
using tests::Relay;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const ChainProcess& chain() {
    static const ChainProcess process;
    return process;
}

/// Takes a request and never answers; until the client goes.
RawServer silent_server() {
    return RawServer([](int connection, int) {
        char buffer[256];
        while (::recv(connection, buffer, sizeof buffer, 0) > 0) {}
    });
}

/// A port on which nobody listens.
std::string refusing_url() {
    static const std::string url = [] {
        RawServer gone([](int, int) {});
        return gone.url();
    }();
    return url;
}

class Operators : public testing::Test {
protected:
    std::unique_ptr<Operator> make(const std::vector<std::string>& urls, std::chrono::milliseconds probe_every = 50ms) {
        OperatorOptions options;
        options.name = "test";
        options.chain = model::ChainId{31337};
        options.probe_every = probe_every;
        for (const std::string& url : urls) options.endpoints.push_back({Endpoint::parse(url).value(), {}});
        return make_operator(io.get_executor(), http, std::move(options));
    }
    /// Runs the io thread until the task has ended.
    template <class T>
    T await(asio::awaitable<T> task) {
        auto done = asio::co_spawn(io, std::move(task), asio::use_future);
        until([&] { return done.wait_for(0s) == std::future_status::ready; });
        return done.get();
    }
    static std::unique_ptr<Reading<std::vector<Reply>>> script(std::vector<std::vector<Request>> rounds) {
        return std::make_unique<Script>(std::move(rounds));
    }
    template <class Condition>
    void until(Condition holds) {
        const auto patience = Clock::now() + 20s;
        while (!holds()) {
            if (Clock::now() > patience) throw std::runtime_error("the condition did not come true in 20 s");
            io.restart();
            io.run_one_for(20ms);
        }
    }
    template <class T>
    Clock::duration time_of(asio::awaitable<T> task) {
        const auto start = Clock::now();
        EXPECT_TRUE(await(std::move(task)));
        return Clock::now() - start;
    }

    asio::io_context io;
    HttpClient http{io.get_executor(), {}};
};

TEST_F(Operators, answers_from_the_first_endpoint_that_does) {
    const auto voice = make({refusing_url(), chain().rpc_url()});
    EXPECT_TRUE(voice->alive());
    EXPECT_FALSE(voice->p95());
    for (int i = 0; i < 3; ++i) {
        const auto head = await(voice->block_by_tag(BlockTag::latest));
        ASSERT_TRUE(head) << head.error().message;
        EXPECT_EQ(head->ref, chain().head());
    }
    EXPECT_TRUE(voice->alive());
    EXPECT_EQ(voice->trouble(), "");
    EXPECT_TRUE(voice->p95());
    EXPECT_EQ(await(voice->chain_id()).value().value, 31337U);
}

TEST_F(Operators, gives_a_silent_endpoint_two_seconds_once_and_then_none) {
    const RawServer silent = silent_server();
    const auto voice = make({silent.url(), chain().rpc_url()}, 10s);
    const auto first = time_of(voice->block_by_tag(BlockTag::latest));
    EXPECT_GE(first, 1'900ms);
    EXPECT_LT(first, 3'500ms);
    for (int i = 0; i < 5; ++i) EXPECT_LT(time_of(voice->block_by_tag(BlockTag::latest)), 1s);
    EXPECT_EQ(silent.connections(), 1);
}

TEST_F(Operators, keeps_an_endpoint_of_another_chain_out_of_use) {
    const Relay other("", {[](const std::string& body) {
        const json request = json::parse(body);
        json reply = json::object();
        reply["jsonrpc"] = "2.0";
        reply["id"] = request.at("id");
        reply["result"] = "0x5";
        return std::optional(std::pair(200, reply.dump()));
    }, {}, {}});
    const auto voice = make({other.url(), chain().rpc_url()});
    EXPECT_EQ(await(voice->block_by_tag(BlockTag::latest)).value().ref, chain().head());

    const auto alone = make({other.url()});
    const auto refused = await(alone->block_by_tag(BlockTag::latest));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::wrong_chain);
    EXPECT_EQ(refused.error().message, "test (" + other.url() + "): serves chain 5, the configuration says chain 31337; correct the endpoint");
    EXPECT_FALSE(alone->alive());
    EXPECT_EQ(alone->trouble(), refused.error().message);
}

TEST_F(Operators, comes_back_by_itself_when_an_endpoint_answers_again) {
    std::atomic<bool> ill = true;
    const Relay node(chain().rpc_url(), {[&](const std::string&) {
        return ill ? std::optional(std::pair(503, std::string("<html>down</html>"))) : std::nullopt;
    }, {}, {}});
    const auto voice = make({node.url()});
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(await(voice->block_by_tag(BlockTag::latest)));
    EXPECT_FALSE(voice->alive());
    EXPECT_NE(voice->trouble().find("test (" + node.url() + "): eth_chainId: HTTP status 503"), std::string::npos) << voice->trouble();
    const int asked = node.requests();
    EXPECT_FALSE(await(voice->block_by_tag(BlockTag::latest)));
    until([&] { return node.requests() > asked + 1; });
    EXPECT_FALSE(voice->alive());
    ill = false;
    until([&] { return voice->alive(); });
    EXPECT_EQ(voice->trouble(), "");
    EXPECT_EQ(await(voice->block_by_tag(BlockTag::latest)).value().ref, chain().head());
}

TEST_F(Operators, asks_another_endpoint_where_one_refuses_but_not_where_one_has_answered) {
    const Relay limited("", {[](const std::string&) { return std::optional(std::pair(429, std::string("{}"))); }, {}, {}});
    const Relay node(chain().rpc_url(), {});
    const auto voice = make({limited.url(), node.url()});
    EXPECT_TRUE(await(voice->block_by_tag(BlockTag::latest)));
    EXPECT_TRUE(voice->alive());

    const auto own = make({node.url(), chain().rpc_url()});
    const auto absent = await(own->block_by_number(chain().head().number + 1000));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ErrorCode::missing);
    EXPECT_TRUE(absent.error().message.starts_with("test (" + node.url() + "): ")) << absent.error().message;
}

TEST_F(Operators, runs_readings_where_the_first_endpoint_is_down) {
    const auto voice = make({refusing_url(), chain().rpc_url()});
    const Address feed = chain().address("/feeds/ETH");
    const Function latest_answer("latestAnswer()");
    const Function decimals("decimals()");
    std::vector<std::vector<Request>> requests(1);
    requests[0].push_back(Call{feed, latest_answer(), {}, {}, false});
    requests[0].push_back(Call{feed, decimals(), {}, {}, false});
    const auto replies = await(voice->read(script(std::move(requests)), chain().head()));
    ASSERT_TRUE(replies) << replies.error().message;
    ASSERT_EQ(replies->size(), 2U);
    EXPECT_EQ(reply_bytes(replies->at(0)).value(), chain().call(feed, tests::call_data("latestAnswer()")));
    EXPECT_EQ(reply_bytes(replies->at(1)).value(), chain().call(feed, tests::call_data("decimals()")));
}

// Anvil follows EIP-1898, so the relay is what makes nodes that do not: one strips blockHash and answers for its head, one
// refuses the parameter.
TEST_F(Operators, reads_by_number_where_a_node_does_not_take_a_hash) {
    const auto to_latest = [](std::string body) {
        for (std::size_t at = 0; (at = body.find(R"({"blockHash":")", at)) != std::string::npos;) body.replace(at, 82, R"("latest")");
        return body;
    };
    const auto refuse = [](const std::string& body) {
        if (body.find("blockHash") == std::string::npos) return std::optional<std::pair<int, std::string>>();
        json reply = json::object();
        reply["jsonrpc"] = "2.0";
        reply["id"] = json::parse(body).at("id");
        reply["error"] = {{"code", -32602}, {"message", "invalid argument 1: hex string without 0x prefix"}};
        return std::optional(std::pair(200, reply.dump()));
    };
    const Relay ignores(chain().rpc_url(), {{}, to_latest, {}});
    const Relay refuses(chain().rpc_url(), {refuse, {}, {}});
    const Address feed = chain().address("/feeds/ETH");
    const Call probe{feed, Function("latestAnswer()")(), {}, {}, false};
    const model::BlockRef old = chain().head();
    const model::Bytes before = chain().call(feed, tests::call_data("latestAnswer()"));
    chain().verb("set_price", {{"asset", "ETH"}, {"answer", "123456789012"}});
    chain().verb("mine");
    const model::BlockRef doomed = chain().head();
    ASSERT_NE(chain().call(feed, tests::call_data("latestAnswer()")), before);
    for (const std::string& url : {ignores.url(), refuses.url()}) {
        const auto voice = make({url});
        const auto replies = await(voice->read(script({{probe, probe}}), old));
        ASSERT_TRUE(replies) << replies.error().message;
        EXPECT_EQ(reply_bytes(replies->at(1)).value(), before) << "of the block asked for, not of the head";
        EXPECT_TRUE(voice->pinned());
        EXPECT_TRUE(await(voice->read(script({{probe}}), doomed)));

        model::BlockRef other = doomed;
        other.hash = old.hash;
        const auto refused = await(voice->read(script({{probe}}), other));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::reorged) << refused.error().message;
    }
    chain().verb("set_price", {{"asset", "ETH"}, {"answer", tests::words_of(before).at(0).to_decimal()}});
}

// The hash at the number is another one when the readings have ended: they may be of either branch.
TEST_F(Operators, refuses_what_it_read_by_number_while_the_chain_was_reorganised) {
    chain().verb("mine");
    chain().verb("mine");
    const model::BlockRef doomed = chain().head();
    std::atomic<int> headers = 0;
    const auto reorganise = [&](std::string body) {
        if (body.find("eth_getBlockByNumber") != std::string::npos && ++headers == 2) chain().verb("reorg", {{"depth", 1}});
        for (std::size_t at = 0; (at = body.find(R"({"blockHash":")", at)) != std::string::npos;) body.replace(at, 82, R"("latest")");
        return body;
    };
    const Relay node(chain().rpc_url(), {{}, reorganise, {}});
    const auto voice = make({node.url()});
    const Call probe{chain().address("/feeds/ETH"), Function("decimals()")(), {}, {}, false};
    const auto replies = await(voice->read(script({{probe}}), doomed));
    ASSERT_FALSE(replies);
    EXPECT_EQ(replies.error().code, ErrorCode::reorged) << replies.error().message;
    EXPECT_EQ(headers, 2);
    EXPECT_TRUE(await(voice->read(script({{probe}}), chain().head())));
}

// At most three HTTP requests per operator, chain and block: here the two that a block of 1,000 accounts needs beside its head.
TEST_F(Operators, reads_a_block_of_many_calls_in_one_request) {
    const Relay node(chain().rpc_url(), {});
    const auto voice = make({node.url()});
    const Address pool = chain().address("/aave/pool");
    const Function user_data("getUserAccountData(address)");
    std::vector<Request> requests(300, Call{chain().address("/feeds/ETH"), Function("latestAnswer()")(), {}, {}, false});
    for (std::uint64_t i = 1; i <= 32; ++i) requests.push_back(Call{pool, user_data(AbiWriter().u256(i)), {}, {}, false});
    const model::BlockRef head = chain().head();
    ASSERT_TRUE(await(voice->read(script({requests}), head)));
    for (int block = 0; block < 3; ++block) {
        const int before = node.requests();
        ASSERT_TRUE(await(voice->read(script({requests}), head)));
        EXPECT_EQ(node.requests() - before, 1);
    }
}

TEST_F(Operators, follows_heads_that_are_pushed_also_after_the_connection_broke) {
    FaultProxy node(chain().rpc_url());
    const auto voice = make({chain().rpc_url(), node.ws_url()});
    std::vector<BlockHeader> heads;
    ASSERT_TRUE(voice->follow_heads([&](const BlockHeader& head) { heads.push_back(head); }));
    const auto follows = [&] {
        // The subscription stands when a block is heard of; blocks before it are not.
        until([&] {
            chain().verb("mine");
            const model::BlockRef mined = chain().head();
            const auto patience = Clock::now() + 500ms;
            while ((heads.empty() || heads.back().ref != mined) && Clock::now() < patience) {
                io.restart();
                io.run_one_for(20ms);
            }
            return !heads.empty() && heads.back().ref == mined;
        });
        EXPECT_EQ(heads.back(), await(voice->block_by_tag(BlockTag::latest)).value());
    };
    follows();
    node.close_connections();
    follows();
    voice->stop();
    const std::size_t heard = heads.size();
    chain().verb("mine");
    io.restart();
    io.run_for(2s);
    EXPECT_TRUE(io.stopped()) << "nothing keeps the io thread";
    EXPECT_EQ(heads.size(), heard);
    EXPECT_FALSE(make({chain().rpc_url()})->follow_heads([](const BlockHeader&) {}));
}

TEST_F(Operators, answers_over_a_web_socket_and_goes_on_elsewhere_when_that_stalls) {
    FaultProxy node(chain().rpc_url());
    const auto voice = make({node.ws_url(), chain().rpc_url()}, 200ms);
    std::vector<BlockHeader> heads;
    EXPECT_TRUE(voice->follow_heads([&](const BlockHeader& head) { heads.push_back(head); }));
    EXPECT_EQ(await(voice->block_by_tag(BlockTag::latest)).value().ref, chain().head());
    FaultPlan stall;
    stall.disruption = tests::Disruption::stall;
    node.set(stall);
    EXPECT_LT(time_of(voice->block_by_tag(BlockTag::latest)), 3'500ms);
    EXPECT_LT(time_of(voice->block_by_tag(BlockTag::latest)), 1s);
    node.set({});
    until([&] {
        chain().verb("mine");
        const auto patience = Clock::now() + 300ms;
        while (Clock::now() < patience) {
            io.restart();
            io.run_one_for(20ms);
        }
        return !heads.empty() && heads.back().ref == chain().head();
    });
}

TEST_F(Operators, throws_what_a_reading_throws_at_once) {
    struct Broken : Reading<int> {
        std::vector<Request> next(std::span<const Reply>) override { throw std::logic_error("a bug"); }
        model::Result<int> result() override { return 0; }
    };
    const auto voice = make({chain().rpc_url()});
    EXPECT_THROW(await(voice->read<int>(std::make_unique<Broken>(), chain().head())), std::logic_error);
}

TEST_F(Operators, ends_requests_under_way_when_it_is_stopped) {
    const RawServer silent = silent_server();
    const auto voice = make({silent.url()});
    auto pending = asio::co_spawn(io, voice->block_by_tag(BlockTag::latest), asio::use_future);
    until([&] { return silent.connections() == 1; });
    const auto start = Clock::now();
    voice->stop();
    io.restart();
    io.run();
    EXPECT_LT(Clock::now() - start, 1s);
    const auto ended = pending.get();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::unreachable);
    EXPECT_FALSE(await(voice->block_by_tag(BlockTag::latest)));
}

}  // namespace
}  // namespace margind::adapters::rpc
