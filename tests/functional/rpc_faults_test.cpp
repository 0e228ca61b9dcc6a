// The JSON-RPC client and an operator behind a node that breaks its answers in every way.
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/operator.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/fault_world.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/sanitized.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <unistd.h>

namespace margind::tests {
namespace {

namespace asio = boost::asio;
namespace rpc = adapters::rpc;
using model::ErrorCode;
using model::Retry;
using namespace std::chrono_literals;

const ChainProcess& chain() {
    static const ChainProcess process;
    return process;
}

class BrokenAnswers : public ::testing::TestWithParam<bool> {
protected:
    BrokenAnswers() {
        rpc::HttpLimits limits;
        limits.total = 1s;
        client_ = std::make_unique<rpc::JsonRpcClient>(http_, rpc::Endpoint::parse(GetParam() ? proxy_.ws_url() : proxy_.url()).value(), limits);
    }
    ~BrokenAnswers() override { EXPECT_EQ(proxy_.record().failures(), std::vector<std::string>{}); }
    model::Result<model::ChainId> ask() { return run_coroutine(io_, rpc::chain_id(*client_)); }

    FaultProxy proxy_{chain().rpc_url()};
    asio::io_context io_;
    rpc::HttpClient http_{io_.get_executor(), rpc::HttpOptions{}};
    std::unique_ptr<rpc::JsonRpcClient> client_;
};

TEST_P(BrokenAnswers, are_classed_and_the_next_good_one_is_taken) {
    using enum Disruption;
    struct Case {
        Disruption how;
        ErrorCode code;
        std::vector<Retry> retry;
    };
    const std::vector<Case> cases{
        {stall, ErrorCode::unreachable, {Retry::later, Retry::other_endpoint}},
        {drop_before, ErrorCode::unreachable, {Retry::later, Retry::other_endpoint}},
        {drop_inside, ErrorCode::unreachable, {Retry::later, Retry::other_endpoint}},
        {truncate, ErrorCode::upstream, {Retry::other_endpoint}},
        {html, ErrorCode::upstream, {Retry::other_endpoint}},
        {null_result, ErrorCode::upstream, {Retry::other_endpoint}},
        {wrong_id, ErrorCode::upstream, {Retry::other_endpoint}},
        {limit_exceeded, ErrorCode::limit, {Retry::later}},
        {server_error, ErrorCode::upstream, {Retry::later, Retry::other_endpoint}},
        // Too long may be too much asked: the same is not asked again, less may be.
        {gzip_bomb, ErrorCode::limit, {Retry::never}},
        {huge, ErrorCode::limit, {Retry::never}},
        {huge, ErrorCode::limit, {Retry::never}},
        {nested, ErrorCode::upstream, {Retry::other_endpoint}},
        {too_many_requests, ErrorCode::limit, {Retry::later}},
    };
    ASSERT_TRUE(ask());
    for (const Case& one : cases) {
        FaultPlan plan;
        plan.disruption = one.how;
        proxy_.set(plan);
        const std::size_t before = peak_memory_kib(::getpid());
        const auto answer = ask();
        // The proxy's own memory is in it too.
        const std::size_t peak = peak_memory_kib(::getpid());
        const std::size_t grown = sanitized ? 0 : peak - std::min(peak, before);
        EXPECT_LT(grown, std::size_t{32} << 10) << name(one.how);
        ASSERT_FALSE(answer) << name(one.how);
        EXPECT_EQ(answer.error().code, one.code) << name(one.how) << ": " << answer.error().message;
        EXPECT_NE(std::find(one.retry.begin(), one.retry.end(), answer.error().retry), one.retry.end()) << name(one.how) << ": " << answer.error().message;
        EXPECT_EQ(answer.error().message.find(FaultProxy::secret), std::string::npos) << answer.error().message;
        proxy_.set({});
        if (one.how != too_many_requests) {
            EXPECT_TRUE(ask()) << "after " << name(one.how);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(OverHttp, BrokenAnswers, ::testing::Values(false));

TEST(Budget, is_kept_while_answers_break_in_every_way) {
    constexpr double budget = 40;
    FaultPlan plan;
    plan.seed = 11;
    plan.disrupted_per_mille = 250;
    FaultProxy proxy(chain().rpc_url(), plan);
    asio::io_context io;
    rpc::HttpClient http(io.get_executor(), rpc::HttpOptions{});
    rpc::OperatorOptions options;
    options.name = "test";
    options.chain = model::ChainId{31337};
    options.limits.total = 300ms;
    options.probe_every = 20ms;
    rpc::Budget bound;
    bound.requests_per_second = budget;
    options.endpoints.push_back({rpc::Endpoint::parse(proxy.url()).value(), bound});
    const auto op = rpc::make_operator(io.get_executor(), http, std::move(options));
    const auto until = std::chrono::steady_clock::now() + 4s;
    std::size_t answered = 0;
    const auto worker = [&]() -> asio::awaitable<void> {
        while (std::chrono::steady_clock::now() < until) {
            const auto header = co_await op->block_by_tag(rpc::BlockTag::latest);
            if (header) ++answered;
            asio::steady_timer pause(io, 2ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    };
    std::size_t running = 8;
    for (int i = 0; i < 8; ++i)
        asio::co_spawn(io, worker, [&](std::exception_ptr thrown) {
            EXPECT_FALSE(thrown);
            if (--running == 0) op->stop();
        });
    io.run();
    std::cout << fmt::format("budget {}: {} calls, {} disrupted, {} answered, at most {} in a second\n", budget, proxy.record().arrivals().size(),
                             proxy.record().forgeries().size(), answered, proxy.record().max_in_any_second());
    EXPECT_LE(proxy.record().max_in_any_second(), static_cast<std::size_t>(budget));
    EXPECT_GT(proxy.record().max_in_any_second(), static_cast<std::size_t>(budget) / 2);
    EXPECT_GT(answered, 10U);
}

}  // namespace
}  // namespace margind::tests
