// viem_monitor.mjs as a process: a monitor as people write it, timed from inside.
#pragma once

#include "adapters/request.hpp"

#include <cstdio>
#include <string>
#include <sys/types.h>
#include <vector>

namespace margind::tests::bench {

/// From construction to destruction. Throws std::runtime_error where viem is not set up (tests/bench/viem_setup.mjs).
class ViemMonitor {
public:
    /// `rounds`: the calls of each round, made by viem once the round before has been decoded.
    ViemMonitor(const std::string& node, const model::BlockRef& block, const std::vector<std::vector<adapters::Call>>& rounds);
    ~ViemMonitor();
    ViemMonitor(const ViemMonitor&) = delete;
    ViemMonitor& operator=(const ViemMonitor&) = delete;

    /// Reads the block once, in ms; `batch_size` is multicall's, 0 for viem's own.
    double run(std::size_t batch_size);

private:
    std::string line();

    pid_t process_ = -1;
    FILE* to_ = nullptr;
    FILE* from_ = nullptr;
};

}  // namespace margind::tests::bench
