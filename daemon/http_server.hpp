// The HTTP listener: loopback only, bounded in every direction, and closed to foreign web pages.
#pragma once

#include "risk/model/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace httplib {
class Server;
}

namespace margind::daemon {

struct HttpLimits {
    std::size_t payload_bytes = std::size_t{64} << 10;
    std::chrono::seconds read{5};
    std::chrono::seconds write{5};
    std::chrono::seconds keep_alive{5};
    std::size_t keep_alive_requests = 100;
    std::size_t threads = 8;
    std::size_t waiting_connections = 64;
};

/// Who may ask. A Host must be a loopback name or listed in `hosts` (a page that rebinds its DNS name to 127.0.0.1
/// sends its own), with its port where it is listed with one; an Origin, where there is one, must be the very host and port that was asked, or listed in `origins`.
struct AllowList {
    std::vector<std::string> hosts;
    std::vector<std::string> origins;

    bool host(std::string_view header) const;
    bool origin(std::string_view origin_header, std::string_view host_header) const;
};

class HttpServer {
public:
    HttpServer(HttpLimits limits, AllowList allowed);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// For registering routes, before listen().
    httplib::Server& server() { return *server_; }

    /// Port 0: any free one. `host` must be a loopback address. Serves on threads of its own from then on.
    /// Gives the port.
    model::Result<int> listen(const std::string& host, int port);

    /// Stops accepting and waits up to `patience` for what is being served. False: a client still holds a thread.
    bool stop(std::chrono::milliseconds patience);

private:
    struct Running;
    std::unique_ptr<httplib::Server> server_;
    std::shared_ptr<Running> running_;
    std::thread thread_;
};

}  // namespace margind::daemon
