// A value that must never be printed, such as an endpoint whose path holds a key.
#pragma once

#include <string>
#include <utility>

namespace margind::config {

/// Logs and errors name `origin()`; only the code that hands the value over calls `reveal()`.
class Secret {
public:
    Secret(std::string value, std::string origin) : value_(std::move(value)), origin_(std::move(origin)) {}
    const std::string& reveal() const { return value_; }
    /// Where it came from: "env ETH_RPC", "file /run/secrets/rpc", "margind.toml:12".
    const std::string& origin() const { return origin_; }

private:
    std::string value_;
    std::string origin_;
};

}  // namespace margind::config
