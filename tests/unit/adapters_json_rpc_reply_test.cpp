// What servers answer: results, the errors of real nodes by class, and nonsense.
#include "adapters/rpc/json_rpc_reply.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace margind::adapters::rpc {
namespace {

using model::ErrorCode;
using model::Retry;

const Asked asked{7, "http://node", "eth_call"};

TEST(JsonRpcReply, gives_the_result) {
    const auto result = parse_reply(R"({"jsonrpc":"2.0","id":7,"result":{"a":[1,"x"]}})", asked);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->dump(), R"({"a":[1,"x"]})");
    const auto null = parse_reply(R"({"jsonrpc":"2.0","id":7,"error":null,"result":null})", asked);
    ASSERT_TRUE(null);
    EXPECT_TRUE(null->is_null());
}

TEST(JsonRpcReply, gives_bytes_whatever_the_order_and_spacing) {
    for (const char* body : {R"({"jsonrpc":"2.0","id":7,"result":"0x0aFF"})", R"({"id":7,"result":"0x0aFF","jsonrpc":"2.0"})",
                             "\n{ \"result\" : \"0x0aFF\" ,\t\"id\": 7 , \"jsonrpc\" : \"2.0\" }\r\n",
                             R"({"jsonrpc":"2.0","id":7,"result":"0x0\u0061FF"})",
                             R"({"jsonrpc":"2.0","id":7,"result":"0x0aFF","extra":[{}]})"}) {
        const auto bytes = parse_bytes_reply(body, asked);
        ASSERT_TRUE(bytes) << body << bytes.error().message;
        EXPECT_EQ(model::to_hex(*bytes), "0x0aff") << body;
    }
    EXPECT_TRUE(parse_bytes_reply(R"({"jsonrpc":"2.0","id":7,"result":"0x"})", asked).value().empty());
}

TEST(JsonRpcReply, refuses_what_is_no_answer) {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"", "the body is not JSON"},
        {"<html>", "the body is not JSON"},
        {"[]", "the body is not a JSON object"},
        {R"({"jsonrpc":"2.0","id":7,"result":"0x00"}x)", "the body is not JSON"},
        {R"({"jsonrpc":"2.0","id":7})", "the reply has neither result nor error"},
        {R"({"jsonrpc":"2.0","id":8,"result":"0x00"})", "the reply's id is 8, not 7"},
        {R"({"jsonrpc":"2.0","id":"7","result":"0x00"})", "the reply's id is \"7\", not 7"},
        {R"({"jsonrpc":"2.0","id":07,"result":"0x00"})", "the body is not JSON"},
        {R"({"jsonrpc":"2.0","result":"0x00"})", "the reply's id is absent, not 7"},
        {R"({"jsonrpc":"1.0","id":7,"result":"0x00"})", "the reply's jsonrpc is not \"2.0\""},
        {R"({"id":7,"result":"0x00"})", "the reply's jsonrpc is not \"2.0\""},
        {R"({"jsonrpc":"2.0","id":7,"result":"0x00","result":"0x01"})", "the body is not JSON"},
        {R"({"jsonrpc":"2.0","id":7,"result":null})", "the result is null, not bytes in hex"},
        {R"({"jsonrpc":"2.0","id":7,"result":"0x0"})", "the result \"0x0\" is not bytes in hex"},
        {R"({"jsonrpc":"2.0","id":7,"result":"00"})", "the result \"00\" is not bytes in hex"},
        {R"({"jsonrpc":"2.0","id":7,"result":"0xzz"})", "the result \"0xzz\" is not bytes in hex"},
        {R"({"jsonrpc":"2.0","id":8,"error":{"code":3,"message":"execution reverted"}})", "the reply's id is 8, not 7"},
        {R"({"jsonrpc":"2.0","id":7,"error":"no"})", "the error is not an object"},
        {R"({"jsonrpc":"2.0","id":7,"error":{"message":"no"}})", "the error has no integer code"},
    };
    for (const auto& [body, message] : cases) {
        const auto bytes = parse_bytes_reply(body, asked);
        ASSERT_FALSE(bytes) << body;
        EXPECT_EQ(bytes.error().code, ErrorCode::upstream) << body;
        EXPECT_EQ(bytes.error().retry, Retry::other_endpoint) << body;
        EXPECT_EQ(bytes.error().message.find(std::string("http://node: eth_call: ") + message), 0U) << bytes.error().message;
    }
}

TEST(JsonRpcReply, survives_deep_nesting) {
    const auto bytes = parse_bytes_reply(std::string(100'000, '['), asked);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, ErrorCode::upstream);
}

const std::vector<Asked> batch{{7, "http://node", "a"}, {8, "http://node", "b"}, {9, "http://node", "c"}};

TEST(JsonRpcReply, gives_the_replies_to_a_batch_in_the_order_of_the_asks) {
    const auto replies = parse_batch_reply(
        R"([{"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"no"}},{"jsonrpc":"2.0","id":7,"result":1},{"jsonrpc":"2.0","id":"8","result":2}])",
        batch);
    ASSERT_TRUE(replies) << replies.error().message;
    ASSERT_EQ(replies->size(), 3U);
    EXPECT_EQ((*replies)[0].value(), 1);
    EXPECT_EQ((*replies)[1].error().message, "http://node: b: the batch has no answer to id 8");
    EXPECT_EQ((*replies)[1].error().code, ErrorCode::upstream);
    EXPECT_EQ((*replies)[2].error().message, "http://node: c: error -32601: no");
}

// In the words of operators: ranges of logs that are too much for them, and what has nothing to do with the range.
TEST(JsonRpcReply, tells_a_range_of_logs_that_is_too_long_from_too_many_requests) {
    struct Case {
        const char* error;
        Retry retry;
    };
    const std::vector<Case> cases{
        {R"({"code":-32005,"message":"query returned more than 10000 results. Try with this block range [0x1, 0x2]."})", Retry::never},
        {R"({"code":-32602,"message":"Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size"})", Retry::never},
        {R"({"code":-32600,"message":"Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range."})", Retry::never},
        {R"({"code":-32614,"message":"eth_getLogs is limited to a 10,000 range"})", Retry::never},
        {R"({"code":-32005,"message":"limit exceeded"})", Retry::never},
        {R"({"code":-32000,"message":"block range too large"})", Retry::never},
        {R"({"code":-32000,"message":"requested too many blocks from 1 to 5000, maximum is set to 2048"})", Retry::never},
        {R"({"code":-32600,"message":"ranges over 10000 blocks are not supported on freetier"})", Retry::never},
        {R"({"code":-32000,"message":"logs matched by query exceeds limit of 10000"})", Retry::never},
        {R"({"code":-32005,"message":"Too many logs requested. Max logs per response is 20000."})", Retry::never},
        {R"({"code":-32701,"message":"exceed maximum block range: 50000"})", Retry::never},
        {R"({"code":-32000,"message":"query timeout exceeded"})", Retry::never},
        {R"({"code":-32005,"message":"daily request count exceeded, request rate limited"})", Retry::later},
        {R"({"code":-32005,"message":"request rate limit: limited to 5 per second"})", Retry::later},
        {R"({"code":429,"message":"Your app has exceeded its compute units per second capacity"})", Retry::later},
    };
    for (const Case& c : cases) {
        const std::string body = std::string(R"({"jsonrpc":"2.0","id":7,"error":)") + c.error + "}";
        const auto reply = parse_reply(body, Asked{7, "https://host", "eth_getLogs"});
        ASSERT_FALSE(reply) << c.error;
        EXPECT_EQ(reply.error().code, ErrorCode::limit) << c.error;
        EXPECT_EQ(reply.error().retry, c.retry) << c.error;
    }
    // Of other methods the ambiguous ones are no word about how much was asked.
    const auto call = parse_reply(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32005,"message":"limit exceeded"}})", Asked{7, "https://host", "eth_call"});
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().retry, Retry::later);
}

TEST(JsonRpcReply, says_how_a_batch_was_refused) {
    struct Case {
        const char* body;
        ErrorCode code;
        Retry retry;
        const char* part;
    };
    const std::vector<Case> cases{
        {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch requests are not supported"}})", ErrorCode::limit,
         Retry::never, "not supported (to a batch of 3)"},
        {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"batch too large"}})", ErrorCode::limit, Retry::never, "too large"},
        {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"rate limit"}})", ErrorCode::limit, Retry::later, "rate limit"},
        {R"({"jsonrpc":"2.0","id":7,"result":1})", ErrorCode::upstream, Retry::other_endpoint, "one object answers a batch"},
        {R"([{"jsonrpc":"2.0","id":7,"result":1},{"jsonrpc":"2.0","id":7,"result":2}])", ErrorCode::upstream, Retry::other_endpoint,
         "answers id 7 twice"},
        {"7", ErrorCode::upstream, Retry::other_endpoint, "neither a JSON array nor an object"},
        {"[", ErrorCode::upstream, Retry::other_endpoint, "the body is not JSON"},
    };
    for (const Case& c : cases) {
        const auto replies = parse_batch_reply(c.body, batch);
        ASSERT_FALSE(replies) << c.body;
        EXPECT_EQ(replies.error().code, c.code) << replies.error().message;
        EXPECT_EQ(replies.error().retry, c.retry) << c.body;
        EXPECT_NE(replies.error().message.find(c.part), std::string::npos) << replies.error().message;
    }
}

// Codes and texts as geth, Anvil, Nethermind, Hardhat, OpenEthereum and hosted services send them.
TEST(JsonRpcReply, classes_the_errors_of_real_nodes) {
    struct Case {
        const char* error;
        ErrorCode code;
        Retry retry;
        const char* part;
    };
    const std::vector<Case> cases{
        {R"({"code":3,"message":"execution reverted: no","data":"0x08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000026e6f000000000000000000000000000000000000000000000000000000000000"})",
         ErrorCode::reverted, Retry::never, "reverted: \"no\" (0x08c379a0"},
        {R"({"code":-32000,"message":"execution reverted"})", ErrorCode::reverted, Retry::never, "execution reverted"},
        {R"({"code":-32603,"message":"Error: VM Exception","data":{"message":"x","data":"0x4e487b710000000000000000000000000000000000000000000000000000000000000011"}})",
         ErrorCode::reverted, Retry::never, "panic 0x11, arithmetic overflow"},
        {R"({"code":-32015,"message":"VM execution error.","data":"Reverted 0x19abf40e"})", ErrorCode::reverted, Retry::never,
         "custom error 0x19abf40e"},
        {R"({"code":-32603,"message":"EVM error OutOfGas"})", ErrorCode::reverted, Retry::never, "OutOfGas"},
        {R"({"code":-32003,"message":"out of gas: gas exhausted during precompiled contract execution: 300000000"})",
         ErrorCode::reverted, Retry::other_endpoint, "precompiled"},
        {R"({"code":-32000,"message":"header for hash not found"})", ErrorCode::missing, Retry::other_endpoint, "header"},
        {R"({"code":-32001,"message":"Resource not found"})", ErrorCode::missing, Retry::other_endpoint, "Resource"},
        {R"({"code":-32000,"message":"missing trie node 1234"})", ErrorCode::upstream, Retry::other_endpoint, "trie"},
        {R"({"code":-32601,"message":"Method not found"})", ErrorCode::upstream, Retry::other_endpoint, "Method"},
        {R"({"code":-32005,"message":"daily request count exceeded"})", ErrorCode::limit, Retry::later, "daily"},
        {R"({"code":429,"message":"compute units per second capacity"})", ErrorCode::limit, Retry::later, "capacity"},
        {R"({"code":-32005,"message":"query returned more than 10000 results"})", ErrorCode::limit, Retry::never, "10000"},
        {R"j({"code":-32000,"message":"execution aborted (timeout = 5s)"})j", ErrorCode::limit, Retry::never, "aborted"},
        {R"({"code":-32602,"message":"bad\u0000\u001b[31m"})", ErrorCode::upstream, Retry::other_endpoint, "bad??[31m"},
    };
    for (const Case& c : cases) {
        const std::string body = std::string(R"({"jsonrpc":"2.0","id":7,"error":)") + c.error + "}";
        const auto bytes = parse_bytes_reply(body, asked);
        ASSERT_FALSE(bytes) << c.error;
        EXPECT_EQ(bytes.error().code, c.code) << c.error << bytes.error().message;
        EXPECT_EQ(bytes.error().retry, c.retry) << c.error;
        EXPECT_NE(bytes.error().message.find(c.part), std::string::npos) << bytes.error().message;
    }
}

}  // namespace
}  // namespace margind::adapters::rpc
