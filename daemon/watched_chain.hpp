// The operators of one chain, the watch over their heads, and the reader over both.
#pragma once

#include "daemon/chain_reader.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace margind::daemon {

/// Where searches over the chain are kept; `history` null: nowhere.
struct SearchStore {
    asio::any_io_executor pool;
    storage::History* history = nullptr;
};

class WatchedChain {
public:
    /// `http`, `settings`, `metrics` (may be null) and what `store` holds must outlive it. Fails as make_adapters does.
    static model::Result<std::unique_ptr<WatchedChain>> make(asio::any_io_executor executor, adapters::rpc::HttpClient& http, const config::Settings& settings,
                                                             model::ChainId chain, std::vector<adapters::rpc::OperatorOptions> operators, Metrics* metrics,
                                                             SearchStore store = {});
    ~WatchedChain();
    WatchedChain(const WatchedChain&) = delete;
    WatchedChain& operator=(const WatchedChain&) = delete;

    /// `wrong_chain` when some operator serves another chain than the configuration says. Those that do not answer are logged.
    asio::awaitable<model::Result<void>> check_chain();
    /// By its hash, as the first operator that knows it has it.
    asio::awaitable<model::Result<Head>> block_by_hash(model::Bytes32 hash);
    Heads& heads() { return *heads_; }
    Searcher& searcher() { return *searcher_; }
    /// Watches the heads and searches in the background, until stop().
    void start();
    /// The reader is made with the chain; once handed out it must go before the chain does.
    ChainReader& reader() { return *reader_; }
    std::unique_ptr<ChainReader> hand_out_reader();
    /// Ends all requests and watchers.
    asio::awaitable<void> stop();

private:
    explicit WatchedChain(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    asio::any_io_executor executor_;
    std::vector<std::unique_ptr<adapters::rpc::Operator>> operators_;
    std::unique_ptr<Heads> heads_;
    std::unique_ptr<Searcher> searcher_;
    std::unique_ptr<ChainReader> reader_;
};

}  // namespace margind::daemon
