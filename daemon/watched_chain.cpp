// The operators of one chain, the watch over their heads, and the reader over both.
#include "daemon/watched_chain.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/log_value.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <optional>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::rpc::Operator;
using model::ErrorCode;
using model::Result;

asio::awaitable<void> check_operator(Operator& of, std::optional<model::Error>& failure) {
    const auto served = co_await of.chain_id();
    if (served) co_return;
    if (served.error().code == ErrorCode::wrong_chain) failure = served.error();
    else spdlog::warn("event=operator_away operator={} error={}", of.name(), log_value(served.error().message));
}

}  // namespace

Result<std::unique_ptr<WatchedChain>> WatchedChain::make(asio::any_io_executor executor, adapters::rpc::HttpClient& http, const config::Settings& settings,
                                                         model::ChainId chain, std::vector<adapters::rpc::OperatorOptions> operators, Metrics* metrics,
                                                         SearchStore store) {
    const config::Chain& configured = settings.chains.at(chain);
    std::unique_ptr<WatchedChain> watched(new WatchedChain(executor));
    std::vector<Operator*> pointers;
    for (adapters::rpc::OperatorOptions& options : operators) {
        options.rounds.multicall = configured.multicall3;
        watched->operators_.push_back(adapters::rpc::make_operator(executor, http, std::move(options)));
        pointers.push_back(watched->operators_.back().get());
    }
    HeadsOptions heads;
    heads.chain = chain;
    heads.block_time = configured.block_time;
    heads.poll_interval = configured.poll_interval;
    heads.quiet = configured.quiet_chain;
    watched->heads_ = std::make_unique<Heads>(executor, pointers, heads, system_clocks());
    SearcherParts searches{executor, chain, pointers, *watched->heads_, configured.block_time, store.pool, store.history};
    watched->searcher_ = std::make_unique<Searcher>(std::move(searches));
    auto reader = ChainReader::make({executor, settings, chain, pointers, *watched->heads_, metrics, &http, watched->searcher_.get()});
    if (!reader) return model::fail(reader.error());
    watched->reader_ = std::move(*reader);
    return watched;
}

WatchedChain::~WatchedChain() = default;

asio::awaitable<Result<void>> WatchedChain::check_chain() {
    std::optional<model::Error> failure;
    std::vector<asio::awaitable<void>> checks;
    for (const auto& of : operators_) checks.push_back(check_operator(*of, failure));
    co_await adapters::rpc::join_all(std::move(checks));
    if (failure) co_return model::fail(*failure);
    co_return Result<void>{};
}

asio::awaitable<Result<Head>> WatchedChain::block_by_hash(model::Bytes32 hash) {
    model::Error last{ErrorCode::unreachable, "no operator answers", model::Retry::later};
    for (const auto& of : operators_) {
        const auto header = co_await of->block_by_hash(hash);
        if (header) {
            Head head;
            head.block = header->ref;
            head.parent = header->parent;
            co_return head;
        }
        last = header.error();
    }
    co_return model::fail(last);
}

std::unique_ptr<ChainReader> WatchedChain::hand_out_reader() { return std::move(reader_); }

void WatchedChain::start() {
    heads_->start();
    adapters::rpc::spawn(executor_, searcher_->run(), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
}

asio::awaitable<void> WatchedChain::stop() {
    for (const auto& of : operators_) of->stop();
    co_await searcher_->stop();
    co_await heads_->stop();
}

}  // namespace margind::daemon
