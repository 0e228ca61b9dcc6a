// The daemon's own reader of a chain, without the daemon around it.
#pragma once

#include "daemon/watched_chain.hpp"
#include "tests/support/chain_process.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace margind::tests::bench {

/// Aave alone. All operators are the one node, each over its own connections.
class Product {
public:
    Product(const ChainProcess& chain, const std::vector<model::Address>& owners, std::size_t operators);
    ~Product();
    Product(const Product&) = delete;
    Product& operator=(const Product&) = delete;

    /// The chain's head becomes the accepted one.
    void accept_head();
    /// Reads the accepted head and recomputes every account; how many were read anew. Throws where our figures and the pool's differ.
    std::size_t read();

private:
    boost::asio::io_context io_{1};
    adapters::rpc::HttpClient http_{io_.get_executor(), adapters::rpc::HttpOptions{}};
    config::Settings settings_;
    std::unique_ptr<daemon::WatchedChain> chain_;
};

}  // namespace margind::tests::bench
