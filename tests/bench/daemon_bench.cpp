// The real daemon beside the node: from a head that is accepted to the report that is published, block for block with a price that
// moves, as its own metrics tell. `daemon_bench [ACCOUNTS]`; the node's own time for a full read is compare_bench's row (a).
#include "tests/support/daemon_process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace margind;
using nlohmann::json;

constexpr int blocks = 40;

/// The sum of all series of a metric.
double metric(const tests::DaemonProcess& daemon, const std::string& name) {
    const std::string text = daemon.get("/metrics").text;
    double sum = 0;
    for (std::size_t at = text.find('\n' + name); at != std::string::npos; at = text.find('\n' + name, at + 1)) {
        const std::size_t end = at + 1 + name.size();
        if (text[end] != ' ' && text[end] != '{') continue;
        sum += std::stod(text.substr(text.find(' ', text[end] == '{' ? text.find('}', end) : end) + 1));
    }
    return sum;
}

/// User and system time of a process, in ms.
double cpu_ms(pid_t process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/stat");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    // Fields 14 and 15, counted from behind the name, which may hold blanks.
    std::size_t at = text.rfind(')');
    for (int field = 2; field < 14; ++field) at = text.find(' ', at + 1);
    std::size_t used = 0;
    const double user = std::stod(text.substr(at + 1), &used);
    const double system = std::stod(text.substr(at + 1 + used));
    return (user + system) * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void run(std::size_t count) {
    tests::ChainProcess chain;
    tests::ConfigOptions options;
    for (int seed = 7; options.owners.size() < count; ++seed) {
        json arguments = json::object();
        arguments["seed"] = seed;
        arguments["count"] = std::min<std::size_t>(5'000, count - options.owners.size());
        const json made = chain.verb("random_aave", arguments);
        for (const json& row : made.at("accounts")) options.owners.push_back(row.at("user").get<std::string>());
    }
    const tests::TempFolder folder;
    const tests::DaemonProcess daemon(folder, tests::config_text(chain, options));
    const auto evaluated = [&](std::uint64_t number) {
        daemon.await("/metrics", [&](const tests::Answer&) { return metric(daemon, "margind_evaluated_block") >= static_cast<double>(number); },
                     std::chrono::seconds(120));
    };
    evaluated(chain.head().number);

    const std::vector<std::string> names{"margind_read_seconds", "margind_evaluate_seconds", "margind_commit_seconds"};
    const auto sums = [&] {
        std::vector<double> all;
        for (const std::string& name : names)
            for (const char* part : {"_sum", "_count"}) all.push_back(metric(daemon, name + part));
        return all;
    };
    const std::vector<double> before = sums();
    const double cpu = cpu_ms(daemon.pid());
    for (int i = 0; i < blocks; ++i) {
        json arguments = json::object();
        arguments["asset"] = "ETH";
        arguments["price"] = std::to_string(2900 + i);
        chain.verb("set_price", arguments);
        evaluated(chain.head().number);
    }
    const std::vector<double> after = sums();
    const double used = cpu_ms(daemon.pid()) - cpu;
    const double read_blocks = after[1] - before[1];
    std::cout << fmt::format("{} owners, {} blocks read\n\n", count, read_blocks);
    double total = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const double each = (after[2 * i] - before[2 * i]) * 1e3 / read_blocks;
        total += each;
        std::cout << fmt::format("{:<40} {:>9.1f} ms a block\n", names[i], each);
    }
    std::cout << fmt::format("{:<40} {:>9.1f} ms a block\n{:<40} {:>9.1f} ms a block, {:.1f} us an account\n", "together", total, "CPU of the process",
                             used / read_blocks, used * 1e3 / read_blocks / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(argc > 1 ? std::stoul(argv[1]) : 1'000);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "daemon_bench: " << error.what() << '\n';
        return 1;
    }
}
