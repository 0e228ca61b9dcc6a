// The fault proxy in front of the local chain, asked by a plain client: what it should forge it forges, all else passes.
#include "tests/support/fault_proxy.hpp"

#include "tests/support/chain_process.hpp"
#include "tests/support/fault_bodies.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

namespace margind::tests {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using nlohmann::json;
using model::Address;
using model::Bytes;
using model::U256;

// Multicall3 encoded by hand: the calls' data must be a multiple of 32 bytes and 4 (one argument, or none).
Bytes aggregate3(const std::vector<std::pair<Address, Bytes>>& calls) {
    std::vector<U256> words{U256{32}, U256{calls.size()}};
    std::uint64_t offset = 32 * calls.size();
    for (const auto& [to, data] : calls) {
        words.emplace_back(offset);
        offset += 4 * 32 + (data.size() + 31) / 32 * 32;
    }
    for (const auto& [to, data] : calls) {
        for (const U256& word : {word_of(to), U256{1}, U256{96}, U256{data.size()}}) words.push_back(word);
        Bytes padded = data;
        padded.resize((data.size() + 31) / 32 * 32);
        for (const U256& word : words_of(padded)) words.push_back(word);
    }
    return call_data("aggregate3((address,bool,bytes)[])", words);
}

class Proxy : public ::testing::Test {
protected:
    ~Proxy() override { EXPECT_EQ(proxy_.record().failures(), std::vector<std::string>{}); }

    static std::string request(const std::string& method, const std::string& params, int id = 7) {
        return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method + R"(","params":)" + params + "}";
    }
    static httplib::Result post(const std::string& url, const std::string& body) {
        httplib::Client client(url.substr(0, url.find('/', 8)));
        client.set_read_timeout(10);
        return client.Post("/", body, "application/json");
    }
    std::string text(const std::string& method, const std::string& params) {
        const auto response = post(proxy_.url(), request(method, params));
        if (!response) throw std::runtime_error("no answer to " + method);
        return response->body;
    }
    json result(const std::string& method, const std::string& params) { return json::parse(text(method, params)).at("result"); }
    std::vector<U256> call(const Address& to, const Bytes& data, const std::string& block = "\"latest\"") {
        const json answer = result("eth_call", R"([{"to":")" + to.to_string() + R"(","data":")" + model::to_hex(data) + R"("},)" + block + "]");
        return words_of(model::bytes_from_hex(answer.get<std::string>()).value());
    }
    Address user(std::size_t index) { return Address::parse(chain_.ready().at("accounts").at(index).get<std::string>()).value(); }
    std::size_t forged(const std::string& kind) {
        const auto kinds = proxy_.record().forgeries_by_kind();
        const auto found = kinds.find(kind);
        return found == kinds.end() ? 0 : found->second;
    }
    void open_a_position() {
        chain_.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
        chain_.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "15000"}});
    }

    ChainProcess chain_;
    FaultProxy proxy_{chain_.rpc_url()};
};

TEST_F(Proxy, passes_byte_for_byte_what_no_plan_forges) {
    open_a_position();
    const std::vector<std::string> requests{
        request("eth_chainId", "[]"), request("eth_getBlockByNumber", R"(["latest",true])"), request("eth_getLogs", R"([{"fromBlock":"0x1"}])"),
        request("no_such_method", "[]"), "no json", "[]",
        "[" + request("eth_blockNumber", "[]", 1) + "," + request("eth_getBlockByNumber", R"(["0x1",false])", 2) + "]"};
    for (const std::string& body : requests) {
        const auto real = post(chain_.rpc_url(), body);
        const auto passed = post(proxy_.url(), body);
        ASSERT_TRUE(real && passed) << body;
        EXPECT_EQ(passed->body, real->body) << body;
    }
    EXPECT_TRUE(proxy_.record().forgeries().empty());
    EXPECT_EQ(proxy_.record().messages(), requests.size());
    const auto counted = proxy_.record().calls_by_method();
    EXPECT_EQ(counted.at("eth_getBlockByNumber"), 2U);
    EXPECT_EQ(counted.at("?"), 2U);
    // Within a second or not: the calls of a batch arrive together.
    EXPECT_GE(proxy_.record().max_in_any_second(), 2U);
}

TEST_F(Proxy, forges_prices_alone_and_within_multicall) {
    const Address oracle = chain_.address("/aave/oracle");
    const Address weth = chain_.address("/tokens/WETH/address");
    const Address usdc = chain_.address("/tokens/USDC/address");
    const Address feed = chain_.address("/feeds/ETH");
    const Bytes price = call_data("getAssetPrice(address)", {word_of(weth)});
    const Bytes other = call_data("getAssetPrice(address)", {word_of(usdc)});
    const Bytes round = call_data("latestRoundData()");
    const std::vector<U256> honest_round = call(feed, round);
    const Bytes many = aggregate3({{oracle, price}, {oracle, other}, {feed, round}, {weth, call_data("decimals()")}});
    const std::vector<U256> honest = call(chain_.address("/multicall3"), many);

    FaultPlan plan;
    plan.words = forged_prices(9, 10, weth, feed);
    proxy_.set(plan);
    // ETH is 3000 at the start, with 8 decimals.
    EXPECT_EQ(call(oracle, price), std::vector<U256>{U256{270'000'000'000}});
    EXPECT_EQ(call(oracle, other), std::vector<U256>{U256{100'000'000}});
    EXPECT_EQ(call(feed, call_data("latestAnswer()")), std::vector<U256>{U256{270'000'000'000}});
    std::vector<U256> expected = honest_round;
    expected[1] = U256{270'000'000'000};
    EXPECT_EQ(call(feed, round), expected);
    // Within Multicall3 all words but those two are the honest ones.
    std::vector<U256> forged_many = honest;
    std::size_t changed = 0;
    for (U256& word : forged_many)
        if (word == U256{300'000'000'000}) {
            word = U256{270'000'000'000};
            ++changed;
        }
    EXPECT_EQ(changed, 2U);
    EXPECT_EQ(call(chain_.address("/multicall3"), many), forged_many);
    EXPECT_EQ(forged("word"), 5U);
    EXPECT_NE(proxy_.record().forgeries().front().what.find("270000000000 for 300000000000"), std::string::npos);
}

TEST_F(Proxy, forges_a_price_that_all_views_agree_with) {
    open_a_position();
    const Address feed = chain_.address("/feeds/ETH");
    const U256 round = call(feed, call_data("latestRound()")).at(0);
    const Bytes data = call_data("getUserAccountData(address)", {word_of(user(0))});
    const std::vector<U256> honest = call(chain_.address("/aave/pool"), data);
    FaultPlan plan;
    plan.storage = forged_answer(feed, round, U256{240'000'000'000});
    proxy_.set(plan);
    EXPECT_EQ(call(feed, call_data("latestAnswer()")), std::vector<U256>{U256{240'000'000'000}});
    EXPECT_EQ(call(feed, call_data("latestRoundData()")).at(1), U256{240'000'000'000});
    const std::string hash = "{\"blockHash\":\"" + chain_.head().hash.to_string() + "\"}";
    EXPECT_EQ(call(chain_.address("/aave/oracle"), call_data("getAssetPrice(address)", {word_of(chain_.address("/tokens/WETH/address"))}), hash).at(0),
              U256{240'000'000'000});
    const std::vector<U256> lied = call(chain_.address("/aave/pool"), data, hash);
    // 10 WETH and some interest, at 2400 instead of 3000 dollars.
    const auto four_fifths = [](const U256& value) { return model::mul_div(value, U256{4}, U256{5}, model::Rounding::down).value(); };
    EXPECT_GE(honest.at(0), U256{3'000'000'000'000});
    EXPECT_LE(lied.at(0), four_fifths(honest.at(0)));
    EXPECT_GE(model::checked_add(lied.at(0), U256{1}).value(), four_fifths(honest.at(0)));
    EXPECT_EQ(lied.at(1), honest.at(1));
    EXPECT_LT(lied.at(5), honest.at(5));
    EXPECT_EQ(forged("storage"), 4U);
}

TEST_F(Proxy, gives_the_position_of_another_user) {
    open_a_position();
    chain_.verb("aave_supply", {{"user", 1}, {"asset", "WETH"}, {"amount", "99"}});
    const Bytes of_0 = call_data("getUserAccountData(address)", {word_of(user(0))});
    const Bytes of_1 = call_data("getUserAccountData(address)", {word_of(user(1))});
    const Bytes many = aggregate3({{chain_.address("/aave/pool"), of_0}, {chain_.address("/aave/pool"), of_1}});
    const std::vector<U256> honest = call(chain_.address("/aave/pool"), of_1);
    FaultPlan plan;
    plan.positions = {{user(0), user(1)}};
    proxy_.set(plan);
    EXPECT_EQ(call(chain_.address("/aave/pool"), of_0), honest);
    EXPECT_EQ(call(chain_.address("/aave/pool"), of_1), honest);
    const std::vector<U256> both = call(chain_.address("/multicall3"), many);
    // Two results of the same size: success, offset, length, six words.
    EXPECT_EQ(std::vector<U256>(both.end() - 6, both.end()), honest);
    EXPECT_EQ(std::vector<U256>(both.end() - 15, both.end() - 9), honest);
    EXPECT_EQ(forged("position"), 2U);
}

TEST_F(Proxy, omits_logs_and_adds_removed_ones) {
    open_a_position();
    const std::string all = R"([{"fromBlock":"0x1","toBlock":"latest"}])";
    const json honest = result("eth_getLogs", all);
    const std::string pool = model::to_hex(chain_.address("/aave/pool").bytes);
    std::size_t of_pool = 0;
    for (const json& log : honest) of_pool += log.at("address") == pool ? 1U : 0U;
    ASSERT_GT(of_pool, 0U);
    ASSERT_GT(honest.size(), of_pool);

    FaultPlan plan;
    plan.omit_logs_of = {chain_.address("/aave/pool")};
    proxy_.set(plan);
    const json fewer = result("eth_getLogs", all);
    EXPECT_EQ(fewer.size(), honest.size() - of_pool);
    for (const json& log : fewer) EXPECT_NE(log.at("address"), pool);

    plan = {};
    plan.omit_logs = true;
    proxy_.set(plan);
    EXPECT_TRUE(result("eth_getLogs", all).empty());

    plan = {};
    plan.add_removed_logs = true;
    proxy_.set(plan);
    const json doubled = result("eth_getLogs", all);
    ASSERT_EQ(doubled.size(), 2 * honest.size());
    EXPECT_EQ(doubled.at(0), honest.at(0));
    EXPECT_EQ(doubled.back().at("removed"), true);
    EXPECT_EQ(forged("omitted log"), 2U);
    EXPECT_EQ(forged("removed log"), 1U);
}

TEST_F(Proxy, stands_below_the_head) {
    const std::uint64_t head = chain_.head().number;
    FaultPlan plan;
    plan.lag = 3;
    proxy_.set(plan);
    char number[32];
    std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(head - 3));
    EXPECT_EQ(result("eth_blockNumber", "[]"), number);
    const json latest = result("eth_getBlockByNumber", R"(["latest",false])");
    EXPECT_EQ(latest.at("number"), number);
    const json above = chain_.rpc("eth_getBlockByNumber", json::parse(R"(["latest",false])"));
    EXPECT_TRUE(result("eth_getBlockByNumber", "[" + above.at("number").dump() + ",false]").is_null());
    EXPECT_TRUE(result("eth_getBlockByHash", "[" + above.at("hash").dump() + ",false]").is_null());
    const std::string pinned = R"([{"to":"0xcA11bde05977b3631167028862bE2a173976CA11","data":"0x"},{"blockHash":)";
    EXPECT_TRUE(json::parse(text("eth_call", pinned + above.at("hash").dump() + "}]")).contains("error"));
    EXPECT_TRUE(json::parse(text("eth_getLogs", "[{\"blockHash\":" + above.at("hash").dump() + "}]")).contains("error"));
    EXPECT_FALSE(result("eth_getBlockByHash", "[" + latest.at("hash").dump() + ",false]").is_null());

    plan = {};
    plan.frozen_at = head;
    proxy_.set(plan);
    chain_.verb("mine", {{"blocks", 5}});
    std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(head));
    EXPECT_EQ(result("eth_blockNumber", "[]"), number);
    EXPECT_EQ(result("eth_getBlockByNumber", R"(["latest",false])"), above);
    proxy_.set({});
    EXPECT_EQ(result("eth_getBlockByNumber", R"(["latest",false])").at("hash"), chain_.head().hash.to_string());
}

TEST_F(Proxy, is_on_a_branch_of_its_own_or_on_another_chain) {
    chain_.verb("mine", {{"blocks", 3}});
    const model::BlockRef head = chain_.head();
    FaultPlan plan;
    plan.forked_from = head.number - 1;
    plan.timestamp_shift_s = 5;
    plan.chain_id = 1;
    proxy_.set(plan);
    EXPECT_EQ(result("eth_chainId", "[]"), "0x1");
    const json forked = result("eth_getBlockByNumber", R"(["latest",false])");
    EXPECT_NE(forked.at("hash"), head.hash.to_string());
    EXPECT_EQ(U256::from_hex(forked.at("timestamp").get<std::string>()).value(), U256{static_cast<std::uint64_t>(head.time) + 5});
    const json parent = result("eth_getBlockByHash", "[" + forked.at("parentHash").dump() + ",false]");
    EXPECT_EQ(parent.at("hash"), forked.at("parentHash"));
    // The first block of the branch has a parent that all know.
    const json grandparent = chain_.rpc("eth_getBlockByHash", json::array({parent.at("parentHash"), false}));
    EXPECT_EQ(U256::from_hex(grandparent.at("number").get<std::string>()).value(), U256{head.number - 2});
    EXPECT_EQ(call(chain_.address("/feeds/ETH"), call_data("latestAnswer()"), "{\"blockHash\":" + forked.at("hash").dump() + "}").at(0),
              U256{300'000'000'000});
    EXPECT_TRUE(result("eth_getBlockByHash", "[\"" + head.hash.to_string() + "\",false]").is_null());
}

TEST_F(Proxy, breaks_answers_in_every_way) {
    using enum Disruption;
    const std::string body = request("eth_chainId", "[]");
    const auto broken = [&](Disruption how) {
        FaultPlan plan;
        plan.disruption = how;
        proxy_.set(plan);
        return post(proxy_.url(), body);
    };
    EXPECT_FALSE(broken(drop_before));
    EXPECT_FALSE(broken(drop_inside));
    const std::string real = post(chain_.rpc_url(), body)->body;
    EXPECT_EQ(broken(truncate)->body, real.substr(0, real.size() / 2));
    const auto page = broken(html);
    EXPECT_EQ(page->status, 200);
    EXPECT_TRUE(page->body.starts_with("<!DOCTYPE html>"));
    EXPECT_EQ(json::parse(broken(null_result)->body), json::parse(R"({"jsonrpc":"2.0","id":7,"result":null})"));
    EXPECT_NE(json::parse(broken(wrong_id)->body).at("id"), 7);
    EXPECT_EQ(broken(too_many_requests)->status, 429);
    EXPECT_EQ(broken(too_many_requests)->get_header_value("Retry-After"), "1");
    EXPECT_EQ(json::parse(broken(limit_exceeded)->body).at("error").at("code"), -32005);
    EXPECT_EQ(broken(server_error)->status, 500);
    EXPECT_EQ(broken(nested)->body.size(), nested_answer("7").size());
    {
        FaultPlan plan;
        plan.disruption = stall;
        proxy_.set(plan);
        httplib::Client client("127.0.0.1", proxy_.port());
        client.set_read_timeout(std::chrono::milliseconds(300));
        EXPECT_FALSE(client.Post("/", body, "application/json"));
    }
    // Counted as they arrive, taken no further than the client likes.
    for (const Disruption how : {huge, huge, gzip_bomb}) {
        FaultPlan plan;
        plan.disruption = how;
        proxy_.set(plan);
        httplib::Client client("127.0.0.1", proxy_.port());
        client.set_decompress(how == gzip_bomb);
        std::size_t bytes = 0;
        httplib::Request asked;
        asked.method = "POST";
        asked.path = "/";
        asked.body = body;
        asked.content_receiver = [&](const char*, std::size_t size, std::uint64_t, std::uint64_t) {
            bytes += size;
            return bytes < (std::size_t{64} << 20);
        };
        EXPECT_FALSE(client.send(asked));
        EXPECT_GE(bytes, std::size_t{64} << 20) << name(how);
    }
    EXPECT_LT(gzip_bomb_body().size(), std::size_t{4} << 20);
    EXPECT_EQ(forged("too_many_requests"), 2U);
    EXPECT_EQ(forged("huge"), 2U);
    proxy_.set({});
    EXPECT_EQ(post(proxy_.url(), body)->body, real);
}

TEST_F(Proxy, draws_the_same_faults_of_the_same_seed) {
    FaultPlan plan;
    plan.seed = 5;
    plan.disrupted_per_mille = 500;
    plan.among = {Disruption::html, Disruption::null_result};
    const auto kinds = [&] {
        FaultProxy proxy(chain_.rpc_url(), plan);
        std::vector<std::string> out;
        for (int i = 0; i < 40; ++i) post(proxy.url(), request("eth_chainId", "[]"));
        for (const auto& forgery : proxy.record().forgeries()) out.push_back(forgery.kind);
        return out;
    };
    const std::vector<std::string> first = kinds();
    EXPECT_EQ(kinds(), first);
    EXPECT_GT(first.size(), 8U);
    EXPECT_LT(first.size(), 32U);
    plan.methods = {"eth_call"};
    EXPECT_TRUE(kinds().empty());
}

// A plain WebSocket client.
class Socket {
public:
    explicit Socket(int port) {
        socket_.next_layer().connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)});
        socket_.handshake("127.0.0.1", "/");
        socket_.text(true);
    }
    json ask(const std::string& text) {
        socket_.write(asio::buffer(text));
        return next();
    }
    json next() {
        beast::flat_buffer buffer;
        socket_.read(buffer);
        return json::parse(beast::buffers_to_string(buffer.data()));
    }

private:
    asio::io_context io_;
    beast::websocket::stream<asio::ip::tcp::socket> socket_{io_};
};

TEST_F(Proxy, passes_and_lags_new_heads_over_a_websocket) {
    Socket socket(proxy_.port());
    EXPECT_EQ(socket.ask(request("eth_chainId", "[]")).at("result"), "0x7a69");
    ASSERT_TRUE(socket.ask(request("eth_subscribe", R"(["newHeads"])")).at("result").is_string());
    const json mined = chain_.verb("mine").at("block");
    EXPECT_EQ(socket.next().at("params").at("result").at("hash"), mined.at("hash"));
    FaultPlan plan;
    plan.lag = 1;
    proxy_.set(plan);
    chain_.verb("mine");
    EXPECT_EQ(socket.next().at("params").at("result").at("hash"), mined.at("hash"));
    EXPECT_EQ(socket.ask(request("eth_getBlockByNumber", R"(["latest",false])")).at("result").at("hash"), mined.at("hash"));
    // Frozen: nothing more is told, but asked it answers.
    plan = {};
    plan.frozen_at = chain_.head().number;
    proxy_.set(plan);
    chain_.verb("mine");
    EXPECT_EQ(socket.ask(request("eth_chainId", "[]")).at("result"), "0x7a69");
    const auto kinds = proxy_.record().forgeries_by_kind();
    EXPECT_GE(kinds.at("lag"), 2U);
    // A huge message, frame by frame, as far as one listens; then a connection that is dropped.
    plan = {};
    plan.disruption = Disruption::drop_before;
    proxy_.set(plan);
    EXPECT_THROW(socket.ask(request("eth_chainId", "[]")), boost::system::system_error);
    plan.disruption = Disruption::huge;
    proxy_.set(plan);
    // Beast's client refuses a message above 16 MiB unless told otherwise.
    EXPECT_THROW(Socket(proxy_.port()).ask(request("eth_chainId", "[]")), boost::system::system_error);
}

TEST_F(Proxy, closes_its_connections_on_command) {
    Socket socket(proxy_.port());
    EXPECT_EQ(socket.ask(request("eth_chainId", "[]")).at("result"), "0x7a69");
    proxy_.close_connections();
    EXPECT_THROW(socket.next(), boost::system::system_error);
    EXPECT_EQ(result("eth_chainId", "[]"), "0x7a69");
}

}  // namespace
}  // namespace margind::tests
