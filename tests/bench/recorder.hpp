// Requests on their way to a node, kept, and sent again without our client.
#pragma once

#include "adapters/request.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace margind::tests::bench {

/// Passes requests on to the node and keeps their bodies.
class Recorder {
public:
    explicit Recorder(const std::string& node);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    std::string url() const;
    /// Those since the last take, in the order in which they came.
    std::vector<std::string> take();

private:
    struct Server;
    std::unique_ptr<Server> server_;
};

/// The bodies as they are, over `at_once` kept connections; the replies are read to their end and dropped.
void send_raw(const std::string& node, const std::vector<std::string>& bodies, std::size_t at_once);

/// The calls that the bodies carry through Multicall3, or one by one, in their order.
std::vector<adapters::Call> calls_of(const std::vector<std::string>& bodies);

}  // namespace margind::tests::bench
