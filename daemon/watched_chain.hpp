// The operators of one chain, the watch over their heads, and the reader over both.
#pragma once

#include "daemon/chain_reader.hpp"

#include <memory>
#include <string>
#include <vector>

namespace margind::daemon {

class WatchedChain {
public:
    /// `http`, `settings` and `metrics` (may be null) must outlive it. Fails as make_adapters does.
    static model::Result<std::unique_ptr<WatchedChain>> make(asio::any_io_executor executor, adapters::rpc::HttpClient& http, const config::Settings& settings,
                                                             model::ChainId chain, std::vector<adapters::rpc::OperatorOptions> operators, Metrics* metrics);
    ~WatchedChain();
    WatchedChain(const WatchedChain&) = delete;
    WatchedChain& operator=(const WatchedChain&) = delete;

    /// `wrong_chain` when some operator serves another chain than the configuration says. Those that do not answer are logged.
    asio::awaitable<model::Result<void>> check_chain();
    /// By its hash, as the first operator that knows it has it.
    asio::awaitable<model::Result<Head>> block_by_hash(model::Bytes32 hash);
    Heads& heads() { return *heads_; }
    /// The reader is made with the chain; once handed out it must go before the chain does.
    ChainReader& reader() { return *reader_; }
    std::unique_ptr<ChainReader> hand_out_reader();
    /// Ends all requests and watchers.
    asio::awaitable<void> stop();

private:
    WatchedChain() = default;

    std::vector<std::unique_ptr<adapters::rpc::Operator>> operators_;
    std::unique_ptr<Heads> heads_;
    std::unique_ptr<ChainReader> reader_;
};

}  // namespace margind::daemon
