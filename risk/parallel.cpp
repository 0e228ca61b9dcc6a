// Rows handed out in small runs: they cost very different times.
#include "risk/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace margind::risk {

void for_each_row(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
    if (threads == 0) threads = 1;
    const std::size_t run = std::clamp<std::size_t>(count / (std::size_t{8} * threads), 1, 16);
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr thrown;
    const auto take = [&] {
        try {
            for (std::size_t first = next.fetch_add(run); first < count; first = next.fetch_add(run))
                for (std::size_t i = first; i < std::min(count, first + run); ++i) work(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> others;
        // So few rows take less time than a thread to start.
        constexpr std::size_t worth_a_thread = 8;
        for (std::size_t i = 1; i < std::min<std::size_t>(threads, count / worth_a_thread); ++i) others.emplace_back(take);
        take();
    }
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace margind::risk
