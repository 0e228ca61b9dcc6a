// A node that fails and lies on command: a real HTTP and WebSocket server between a client and a real node.
#pragma once

#include "tests/support/fault_plan.hpp"
#include "tests/support/fault_record.hpp"

#include <memory>
#include <string>

namespace margind::tests {

/// Answers JSON-RPC over HTTP/1.1 and WebSocket (newHeads included) on one free loopback port, with what the node behind it says:
/// byte for byte where the plan forges nothing. No double of a node: only what the plan names is not the node's own. Used from
/// any thread; serves on one of its own.
class FaultProxy {
public:
    /// `node`: "http://127.0.0.1:PORT".
    explicit FaultProxy(const std::string& node, FaultPlan plan = {});
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    /// With a path that nobody may show.
    std::string url() const;
    std::string ws_url() const;
    int port() const;
    /// What a path of url() and ws_url() holds.
    static constexpr const char* secret = "key-that-nobody-may-show";

    /// Of messages that arrive from here on.
    void set(FaultPlan plan);
    FaultPlan plan() const;
    /// Closes every connection, as a node that goes away; new ones are accepted.
    void close_connections();
    const FaultRecord& record() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace margind::tests
