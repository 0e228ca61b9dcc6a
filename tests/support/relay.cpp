// An HTTP server in front of a node: a test changes what is asked, what is answered, or answers itself.
#include "tests/support/relay.hpp"

#include <stdexcept>
#include <utility>

namespace margind::tests {

Relay::Relay(std::string node, Hooks hooks) : node_(std::move(node)), hooks_(std::move(hooks)) {
    server_.set_keep_alive_max_count(1'000'000);
    server_.set_keep_alive_timeout(1);
    server_.set_tcp_nodelay(true);
    server_.Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
        ++requests_;
        if (hooks_.answer) {
            if (const auto own = hooks_.answer(request.body)) {
                response.status = own->first;
                response.set_content(own->second, "application/json");
                return;
            }
        }
        httplib::Client client(node_);
        client.set_read_timeout(60);
        client.set_tcp_nodelay(true);
        const auto result = client.Post("/", hooks_.ask ? hooks_.ask(request.body) : request.body, "application/json");
        response.status = result ? result->status : 502;
        const std::string body = result ? result->body : std::string();
        response.set_content(hooks_.change ? hooks_.change(body) : body, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    if (port_ < 0) throw std::runtime_error("relay: no listening socket");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
}

Relay::~Relay() {
    server_.stop();
    thread_.join();
}

}  // namespace margind::tests
