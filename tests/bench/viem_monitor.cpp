// Starts the monitor and asks it, a line for each run.
#include "tests/bench/viem_monitor.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace margind::tests::bench {

using nlohmann::json;

ViemMonitor::ViemMonitor(const std::string& node, const model::BlockRef& block, const std::vector<std::vector<adapters::Call>>& rounds) {
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the viem monitor");
    const std::string script = MARGIND_SOURCE_DIR "/tests/bench/viem_monitor.mjs";
    process_ = ::fork();
    if (process_ == 0) {
        ::dup2(to[0], STDIN_FILENO);
        ::dup2(from[1], STDOUT_FILENO);
        ::execlp("node", "node", script.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    to_ = ::fdopen(to[1], "w");
    from_ = ::fdopen(from[0], "r");

    json job = json::object();
    job["url"] = node;
    job["block"] = block.number;
    job["rounds"] = json::array();
    for (const auto& calls : rounds) {
        json list = json::array();
        for (const adapters::Call& call : calls) {
            json one = json::object();
            one["to"] = call.to.to_string();
            one["data"] = model::to_hex(call.data);
            list.push_back(std::move(one));
        }
        job["rounds"].push_back(std::move(list));
    }
    const std::string text = job.dump() + '\n';
    std::fwrite(text.data(), 1, text.size(), to_);
    std::fflush(to_);
    if (line() != "ready") throw std::runtime_error("the viem monitor did not start: node tests/bench/viem_setup.mjs");
}

ViemMonitor::~ViemMonitor() {
    std::fclose(to_);
    std::fclose(from_);
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
}

double ViemMonitor::run(std::size_t batch_size) {
    std::fprintf(to_, "%zu\n", batch_size);
    std::fflush(to_);
    const std::string answer = line();
    if (answer.empty()) throw std::runtime_error("the viem monitor ended");
    return std::strtod(answer.c_str(), nullptr);
}

std::string ViemMonitor::line() {
    std::string out;
    for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_)) out.push_back(static_cast<char>(c));
    return out;
}

}  // namespace margind::tests::bench
