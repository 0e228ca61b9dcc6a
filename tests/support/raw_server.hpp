// A TCP server for misbehaviour that no HTTP library offers.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace margind::tests {

/// Listens on a free loopback port and serves one connection after the other on a thread of its own.
class RawServer {
public:
    /// `serve(connection, n)` gets the n-th connection, from 0; it is closed afterwards.
    explicit RawServer(std::function<void(int, int)> serve);
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const { return connections_; }

    /// Reads one request: up to the blank line, and the Content-Length behind it. False when the peer closed before.
    static bool read_request(int connection);
    /// False when the peer is gone.
    static bool send(int connection, std::string_view bytes);

private:
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

}  // namespace margind::tests
