// What every connection to a server begins with: its addresses, trust in it, who we are.
#include "adapters/rpc/dial.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <charconv>
#include <memory>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// The name lookup in flight; the system's resolver cannot be interrupted, so its waiter has a timer of its own.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), waiter(executor) {}
    tcp::resolver resolver;
    asio::steady_timer waiter;
    Addresses found{asio::error::timed_out, {}};
};

}  // namespace

asio::awaitable<Addresses> look_up(asio::any_io_executor executor, Endpoint endpoint, std::chrono::steady_clock::time_point until) {
    auto lookup = std::make_shared<Lookup>(executor);
    std::uint16_t port = 0;
    std::from_chars(endpoint.port.data(), endpoint.port.data() + endpoint.port.size(), port);
    std::vector<tcp::endpoint> known;
    error_code literal;
    const auto address = asio::ip::make_address(endpoint.host, literal);
    if (!literal) known.emplace_back(address, port);
    // RFC 6761: always loopback, also where no hosts file says so.
    if (endpoint.host == "localhost") {
        known.emplace_back(asio::ip::address_v4::loopback(), port);
        known.emplace_back(asio::ip::address_v6::loopback(), port);
    }
    if (!known.empty()) {
        lookup->found.error.clear();
        lookup->found.results = tcp::resolver::results_type::create(known.begin(), known.end(), endpoint.host, endpoint.port);
        co_return lookup->found;
    }
    lookup->waiter.expires_at(until);
    lookup->resolver.async_resolve(endpoint.host, endpoint.port, [lookup](const error_code& error, tcp::resolver::results_type results) {
        lookup->found.error = error;
        lookup->found.results = std::move(results);
        lookup->waiter.cancel();
    });
    error_code ignored;
    co_await lookup->waiter.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return lookup->found;
}

asio::ssl::context tls_context(const std::string& ca_file) {
    asio::ssl::context out(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(out.native_handle(), TLS1_2_VERSION);
    out.set_verify_mode(asio::ssl::verify_peer);
    out.set_default_verify_paths();
    if (!ca_file.empty()) out.load_verify_file(ca_file);
    return out;
}

error_code set_server_name(SSL* connection, const Endpoint& endpoint) {
    error_code not_literal;
    asio::ip::make_address(endpoint.host, not_literal);
    if (not_literal && SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                const_cast<char*>(endpoint.host.c_str())) != 1)
        return asio::error::invalid_argument;
    return {};
}

std::string basic_authorization(const Endpoint& endpoint) {
    const std::string& text = endpoint.user_info;
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(length));
    return "Basic " + out;
}

}  // namespace margind::adapters::rpc
