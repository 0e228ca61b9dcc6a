// Threads that serve HTTP connections, with a bound on how many may wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace margind::daemon {

/// When `bound` connections wait, enqueue() blocks its caller, the accept loop: further ones stay in the kernel's
/// backlog, which is bounded too. Every connection that was accepted is served or closed; none is dropped unseen.
class BoundedTaskQueue {
public:
    BoundedTaskQueue(std::size_t threads, std::size_t bound);
    ~BoundedTaskQueue();
    BoundedTaskQueue(const BoundedTaskQueue&) = delete;
    BoundedTaskQueue& operator=(const BoundedTaskQueue&) = delete;

    void enqueue(std::function<void()> task);
    /// Runs what waits, then joins. Idempotent.
    void shutdown();
    std::size_t waiting() const;

private:
    void work();

    const std::size_t bound_;
    mutable std::mutex mutex_;
    std::condition_variable not_empty_;
    std::condition_variable not_full_;
    std::deque<std::function<void()>> tasks_;
    bool closing_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace margind::daemon
