// How long an endpoint's last answers took.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace margind::adapters::rpc {

/// Of the last 128. Nearest rank; empty before the first.
class Latencies {
public:
    void add(std::chrono::steady_clock::duration took);
    std::optional<std::chrono::milliseconds> p50() const { return percentile(50); }
    std::optional<std::chrono::milliseconds> p95() const { return percentile(95); }

private:
    std::optional<std::chrono::milliseconds> percentile(std::size_t percent) const;

    std::array<std::chrono::microseconds, 128> last_{};
    std::size_t count_ = 0;
};

}  // namespace margind::adapters::rpc
