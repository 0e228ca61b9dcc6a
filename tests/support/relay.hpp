// An HTTP server in front of a node: a test changes what is asked, what is answered, or answers itself.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace margind::tests {

/// Real HTTP on a free loopback port, any number of connections at once. The hooks run on its own threads.
class Relay {
public:
    struct Hooks {
        /// An answer ends the request here: the status and the body.
        std::function<std::optional<std::pair<int, std::string>>(const std::string& body)> answer;
        /// What the node is asked instead.
        std::function<std::string(std::string body)> ask;
        /// What is answered instead.
        std::function<std::string(std::string body)> change;
    };

    /// `node`: "http://127.0.0.1:PORT"; may be empty where the hook answers everything.
    Relay(std::string node, Hooks hooks);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int requests() const { return requests_; }

private:
    std::string node_;
    Hooks hooks_;
    httplib::Server server_;
    int port_ = 0;
    std::atomic<int> requests_ = 0;
    std::thread thread_;
};

}  // namespace margind::tests
