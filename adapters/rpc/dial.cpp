// What every connection to a server begins with: its addresses, trust in it, who we are.
#include "adapters/rpc/dial.hpp"

#include "adapters/rpc/signal.hpp"

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

constexpr std::chrono::minutes stands_for{5};

/// Empty where a name server has to be asked.
tcp::resolver::results_type known_addresses(const Endpoint& endpoint) {
    std::uint16_t port = 0;
    std::from_chars(endpoint.port.data(), endpoint.port.data() + endpoint.port.size(), port);
    std::vector<tcp::endpoint> known;
    error_code not_literal;
    const auto address = asio::ip::make_address(endpoint.host, not_literal);
    if (!not_literal) known.emplace_back(address, port);
    // RFC 6761: always loopback, also where no hosts file says so.
    if (endpoint.host == "localhost") {
        known.emplace_back(asio::ip::address_v4::loopback(), port);
        known.emplace_back(asio::ip::address_v6::loopback(), port);
    }
    return tcp::resolver::results_type::create(known.begin(), known.end(), endpoint.host, endpoint.port);
}

asio::ssl::context tls_context(const std::string& ca_file) {
    asio::ssl::context out(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(out.native_handle(), TLS1_2_VERSION);
    out.set_verify_mode(asio::ssl::verify_peer);
    out.set_default_verify_paths();
    if (!ca_file.empty()) out.load_verify_file(ca_file);
    return out;
}

}  // namespace

struct Dialer::Name {
    explicit Name(const asio::any_io_executor& executor) : resolver(executor) {}

    static void ask(const std::shared_ptr<Name>& self, const Endpoint& endpoint) {
        if (std::exchange(self->asking, true)) return;
        self->resolver.async_resolve(endpoint.host, endpoint.port, [self](const error_code& error, tcp::resolver::results_type results) {
            self->asking = false;
            self->error = error;
            if (!error) {
                self->results = std::move(results);
                self->stands_until = Clock::now() + stands_for;
            }
            self->answered->notify();
        });
    }

    tcp::resolver resolver;
    bool asking = false;
    /// Of the last answer.
    error_code error;
    /// Of the last one that held any.
    tcp::resolver::results_type results;
    Clock::time_point stands_until{};
    std::shared_ptr<Signal> answered = std::make_shared<Signal>();
};

Dialer::Dialer(asio::any_io_executor executor, const std::string& ca_file) : executor_(std::move(executor)), tls_(tls_context(ca_file)) {}

asio::awaitable<Addresses> Dialer::look_up(std::shared_ptr<Dialer> self, Endpoint endpoint, Clock::time_point until) {
    Addresses found;
    found.results = known_addresses(endpoint);
    if (!found.results.empty()) co_return found;
    std::shared_ptr<Name>& place = self->names_[std::pair(endpoint.host, endpoint.port)];
    if (!place) place = std::make_shared<Name>(self->executor_);
    const std::shared_ptr<Name> name = place;
    if (Clock::now() >= name->stands_until) Name::ask(name, endpoint);
    while (name->results.empty() && name->asking && Clock::now() < until) co_await Signal::wait(name->answered, self->executor_, until);
    found.results = name->results;
    if (!found.results.empty()) co_return found;
    found.error = name->error;
    if (name->asking) found.error = asio::error::timed_out;
    co_return found;
}

void Dialer::doubt(const Endpoint& endpoint) {
    const auto found = names_.find(std::pair(endpoint.host, endpoint.port));
    if (found != names_.end() && !found->second->results.empty()) Name::ask(found->second, endpoint);
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
