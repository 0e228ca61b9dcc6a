// Signed price packages as their gateways hand them out.
#pragma once

#include "adapters/oracles/delivery.hpp"
#include "adapters/rpc/http.hpp"
#include "config/settings.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace margind::daemon {

namespace asio = boost::asio;

/// Asks the gateway of a feed of packages once, within 3 s; what went wrong is in the delivery.
asio::awaitable<adapters::oracles::Delivery> fetch_packages(adapters::rpc::HttpClient& http, config::RedstoneFeed source);

/// The gateways of a chain's feeds, each asked at most once in its poll interval. On the io thread.
class Packages {
public:
    /// `http` must outlive it, and what is under way.
    Packages(adapters::rpc::HttpClient& http, const std::vector<config::Feed>& feeds);
    ~Packages();

    /// Asks those whose turn it is, and waits for those alone of which nothing was ever heard.
    asio::awaitable<void> refresh();
    /// What came last; null for a feed of another kind.
    std::shared_ptr<const adapters::oracles::Delivery> of(const config::Feed& feed) const;

private:
    struct Gateway;
    adapters::rpc::HttpClient& http_;
    /// By URL and data feed.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<Gateway>> gateways_;
};

}  // namespace margind::daemon
