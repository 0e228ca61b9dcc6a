// What every connection to a server begins with: its addresses, trust in it, who we are.
#pragma once

#include "adapters/rpc/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

struct Addresses {
    boost::system::error_code error;
    asio::ip::tcp::resolver::results_type results;
};

/// Used from the io thread alone. What was found stands for five minutes, and after that until something newer is known: Asio asks the
/// system for one name after the other, which cannot be interrupted, so one whose name server keeps silent would keep all others from
/// connecting.
class Dialer {
public:
    using Clock = std::chrono::steady_clock;
    /// TLS 1.2 or later, the system's certificate authorities, and those of `ca_file` (PEM; empty for none). Throws when they cannot
    /// be loaded. The name is checked where the stream is set up: ssl::host_name_verification.
    Dialer(asio::any_io_executor executor, const std::string& ca_file);

    /// By `until` at the latest; literal addresses and localhost are not asked for.
    static asio::awaitable<Addresses> look_up(std::shared_ptr<Dialer> self, Endpoint endpoint, Clock::time_point until);
    /// Connecting failed, so its addresses are asked for anew.
    void doubt(const Endpoint& endpoint);
    asio::ssl::context& tls() { return tls_; }

private:
    struct Name;

    asio::any_io_executor executor_;
    asio::ssl::context tls_;
    /// By host and port.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<Name>> names_;
};

/// RFC 6066: addresses are not sent as a server name.
boost::system::error_code set_server_name(SSL* connection, const Endpoint& endpoint);

/// The Authorization header of the user info.
std::string basic_authorization(const Endpoint& endpoint);

}  // namespace margind::adapters::rpc
