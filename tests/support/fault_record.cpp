// What a FaultProxy was asked, when, and what it forged.
#include "tests/support/fault_record.hpp"

#include <algorithm>
#include <utility>

namespace margind::tests {

void FaultRecord::arrived(std::uint64_t message, const std::vector<std::string>& methods, std::size_t bytes) {
    const auto at = Clock::now();
    const std::lock_guard lock(mutex_);
    messages_ = std::max(messages_, message + 1);
    for (const std::string& method : methods) arrivals_.push_back(Arrival{at, message, method, bytes});
}

void FaultRecord::asked_logs(std::uint64_t from, std::uint64_t to) {
    const std::lock_guard lock(mutex_);
    log_ranges_.push_back(LogRange{Clock::now(), from, to});
}

void FaultRecord::forged(std::string kind, std::string what) {
    const std::lock_guard lock(mutex_);
    forgeries_.push_back(Forged{Clock::now(), std::move(kind), std::move(what)});
}

void FaultRecord::failed(std::string what) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(what));
}

std::vector<FaultRecord::Arrival> FaultRecord::arrivals() const {
    const std::lock_guard lock(mutex_);
    return arrivals_;
}

std::vector<FaultRecord::LogRange> FaultRecord::log_ranges() const {
    const std::lock_guard lock(mutex_);
    return log_ranges_;
}

std::uint64_t FaultRecord::messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
}

std::map<std::string, std::size_t> FaultRecord::calls_by_method() const {
    std::map<std::string, std::size_t> out;
    for (const Arrival& arrival : arrivals()) ++out[arrival.method];
    return out;
}

std::size_t FaultRecord::max_in_any_second() const {
    const std::vector<Arrival> all = arrivals();
    std::size_t most = 0;
    std::size_t first = 0;
    for (std::size_t last = 0; last < all.size(); ++last) {
        while (all[last].at - all[first].at >= std::chrono::seconds(1)) ++first;
        most = std::max(most, last - first + 1);
    }
    return most;
}

std::vector<FaultRecord::Forged> FaultRecord::forgeries() const {
    const std::lock_guard lock(mutex_);
    return forgeries_;
}

std::map<std::string, std::size_t> FaultRecord::forgeries_by_kind() const {
    std::map<std::string, std::size_t> out;
    for (const Forged& forgery : forgeries()) ++out[forgery.kind];
    return out;
}

std::vector<std::string> FaultRecord::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

}  // namespace margind::tests
