// Threads that serve HTTP connections, with a bound on how many may wait.
#include "daemon/task_queue.hpp"

#include <utility>

namespace margind::daemon {

BoundedTaskQueue::BoundedTaskQueue(std::size_t threads, std::size_t bound) : bound_(bound) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

BoundedTaskQueue::~BoundedTaskQueue() { shutdown(); }

void BoundedTaskQueue::enqueue(std::function<void()> task) {
    {
        std::unique_lock lock(mutex_);
        not_full_.wait(lock, [this] { return tasks_.size() < bound_ || closing_; });
        tasks_.push_back(std::move(task));
    }
    not_empty_.notify_one();
}

void BoundedTaskQueue::shutdown() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

std::size_t BoundedTaskQueue::waiting() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
}

void BoundedTaskQueue::work() {
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock lock(mutex_);
            not_empty_.wait(lock, [this] { return !tasks_.empty() || closing_; });
            if (tasks_.empty()) return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        not_full_.notify_one();
        task();
    }
}

}  // namespace margind::daemon
