// How long an endpoint's last answers took.
#include "adapters/rpc/latencies.hpp"

#include <algorithm>

namespace margind::adapters::rpc {

void Latencies::add(std::chrono::steady_clock::duration took) {
    last_[count_++ % last_.size()] = std::chrono::duration_cast<std::chrono::microseconds>(took);
}

std::optional<std::chrono::milliseconds> Latencies::percentile(std::size_t percent) const {
    const std::size_t size = std::min(count_, last_.size());
    if (size == 0) return std::nullopt;
    std::array<std::chrono::microseconds, 128> sorted = last_;
    const std::size_t rank = (size * percent + 99) / 100 - 1;
    const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(sorted.begin(), nth, sorted.begin() + static_cast<std::ptrdiff_t>(size));
    return std::chrono::ceil<std::chrono::milliseconds>(*nth);
}

}  // namespace margind::adapters::rpc
