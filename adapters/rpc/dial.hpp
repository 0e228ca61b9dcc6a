// What every connection to a server begins with: its addresses, trust in it, who we are.
#pragma once

#include "adapters/rpc/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <string>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

struct Addresses {
    boost::system::error_code error;
    asio::ip::tcp::resolver::results_type results;
};
/// By `until` at the latest; literal addresses and localhost are not asked for.
asio::awaitable<Addresses> look_up(asio::any_io_executor executor, Endpoint endpoint, std::chrono::steady_clock::time_point until);

/// TLS 1.2 or later, the system's certificate authorities, and those of `ca_file` (PEM; empty for none). Throws when they cannot
/// be loaded. The name is checked where the stream is set up: ssl::host_name_verification.
asio::ssl::context tls_context(const std::string& ca_file);
/// RFC 6066: addresses are not sent as a server name.
boost::system::error_code set_server_name(SSL* connection, const Endpoint& endpoint);

/// The Authorization header of the user info.
std::string basic_authorization(const Endpoint& endpoint);

}  // namespace margind::adapters::rpc
