// What a FaultProxy was asked, when, and what it forged.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace margind::tests {

/// Used from any thread.
class FaultRecord {
public:
    using Clock = std::chrono::steady_clock;
    struct Arrival {
        Clock::time_point at;
        /// An HTTP request or a WebSocket message, from 0; the parts of a batch share one.
        std::uint64_t message = 0;
        std::string method;
        std::size_t bytes = 0;
    };
    /// Of an eth_getLogs by numbers, whether it was refused or not.
    struct LogRange {
        Clock::time_point at;
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };
    struct Forged {
        Clock::time_point at;
        /// "price", "position", "lag", "stall", …
        std::string kind;
        std::string what;
    };

    void arrived(std::uint64_t message, const std::vector<std::string>& methods, std::size_t bytes);
    void asked_logs(std::uint64_t from, std::uint64_t to);
    void forged(std::string kind, std::string what);
    /// A defect of the proxy itself.
    void failed(std::string what);

    std::vector<Arrival> arrivals() const;
    std::vector<LogRange> log_ranges() const;
    std::uint64_t messages() const;
    std::map<std::string, std::size_t> calls_by_method() const;
    /// The most calls, each part of a batch counted, that arrived within a second from one of them on.
    std::size_t max_in_any_second() const;
    std::vector<Forged> forgeries() const;
    std::map<std::string, std::size_t> forgeries_by_kind() const;
    std::vector<std::string> failures() const;

private:
    mutable std::mutex mutex_;
    std::uint64_t messages_ = 0;
    std::vector<Arrival> arrivals_;
    std::vector<LogRange> log_ranges_;
    std::vector<Forged> forgeries_;
    std::vector<std::string> failures_;
};

}  // namespace margind::tests
