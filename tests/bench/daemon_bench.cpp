// The real daemon beside the node: from a head that is accepted to the report that is served, block for block, as its own metrics
// tell, against the node's own time for the very same requests. `daemon_bench [ACCOUNTS]`.
#include "tests/bench/accounts.hpp"
#include "tests/bench/recorder.hpp"
#include "tests/support/daemon_process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace margind;
using nlohmann::json;
using Bodies = std::vector<std::string>;

constexpr int blocks = 30;
constexpr int recorded_blocks = 5;
constexpr int repetitions = 9;

/// The sum of all series of a metric.
double metric(const std::string& text, const std::string& name) {
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

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

/// The better of 1 and 2 at a time, medians.
double node_ms(const std::string& node, const Bodies& bodies) {
    std::vector<double> best;
    for (const std::size_t at_once : {1U, 2U}) {
        std::vector<double> all;
        for (int i = 0; i < repetitions; ++i) {
            const auto start = std::chrono::steady_clock::now();
            tests::bench::send_raw(node, bodies, at_once);
            all.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
        }
        best.push_back(median(all));
    }
    return std::min(best[0], best[1]);
}

/// What reads a block, without the polls for the head.
Bodies without_polls(const Bodies& bodies) {
    Bodies some;
    for (const std::string& body : bodies)
        if (body.find("eth_call") != std::string::npos || body.find("eth_getLogs") != std::string::npos) some.push_back(body);
    return some;
}

/// Of a metric's observations since the earlier text, the mean in ms; 0 without any.
double mean_ms(const std::string& before, const std::string& after, const std::string& name) {
    const double count = metric(after, name + "_count") - metric(before, name + "_count");
    return count > 0 ? (metric(after, name + "_sum") - metric(before, name + "_sum")) * 1e3 / count : 0;
}

class Bench {
public:
    explicit Bench(std::size_t count) : owners_(tests::bench::make_accounts(chain_, count)) {}

    /// `change` makes a block, differently each time.
    void run(const std::string& what, bool perp, const std::function<void(int)>& change) {
        tests::ConfigOptions options;
        for (const model::Address& owner : owners_) options.owners.push_back(owner.to_string());
        options.perp = perp;
        std::vector<double> node;
        double cold = 0;
        {
            tests::bench::Recorder recorder(chain_.rpc_url());
            options.rpc_url = recorder.url();
            const tests::TempFolder folder;
            const tests::DaemonProcess daemon(folder, tests::config_text(chain_, options));
            await_head(daemon);
            cold = node_ms(chain_.rpc_url(), without_polls(recorder.take()));
            for (int i = 0; i < recorded_blocks; ++i) {
                change(i);
                await_head(daemon);
                node.push_back(node_ms(chain_.rpc_url(), without_polls(recorder.take())));
            }
        }
        options.rpc_url.clear();
        const tests::TempFolder folder;
        const tests::DaemonProcess daemon(folder, tests::config_text(chain_, options));
        await_head(daemon);
        const std::string before = daemon.get("/metrics").text;
        const double cpu = cpu_ms(daemon.pid());
        for (int i = 0; i < blocks; ++i) {
            change(recorded_blocks + i);
            await_head(daemon);
        }
        const std::string after = daemon.get("/metrics").text;
        const double used = (cpu_ms(daemon.pid()) - cpu) / blocks;
        const double published = mean_ms(before, after, "margind_publish_seconds");
        const double alone = median(node);
        std::cout << fmt::format("{}\n", what);
        for (const auto& [name, label] : {std::pair("margind_read_seconds", "read"), std::pair("margind_evaluate_seconds", "evaluate")})
            std::cout << fmt::format("  {:<44} {:>9.1f} ms\n", label, mean_ms(before, after, name));
        std::cout << fmt::format("  {:<44} {:>9.1f} ms\n", "head accepted to report served", published)
                  << fmt::format("  {:<44} {:>9.1f} ms\n", "commit, after that", mean_ms(before, after, "margind_commit_seconds"))
                  << fmt::format("  {:<44} {:>9.1f} ms   head to report is {:.2f} of it\n", "the node alone, the same requests", alone, published / alone)
                  << fmt::format("  {:<44} {:>9.1f} ms   head to report is {:.2f} of it\n", "the node alone, all accounts anew", cold, published / cold)
                  << fmt::format("  {:<44} {:>9.1f} ms   {:.1f} us an account\n\n", "CPU of the process, all of it", used, used * 1e3 / static_cast<double>(owners_.size()));
    }

    const tests::ChainProcess& chain() const { return chain_; }
    const std::vector<model::Address>& owners() const { return owners_; }

private:
    void await_head(const tests::DaemonProcess& daemon) const {
        const auto number = static_cast<double>(chain_.head().number);
        daemon.await("/metrics", [&](const tests::Answer& answer) { return metric(answer.text, "margind_evaluated_block") >= number; }, std::chrono::seconds(120));
    }

    tests::ChainProcess chain_;
    std::vector<model::Address> owners_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        Bench bench(argc > 1 ? std::stoul(argv[1]) : 1'000);
        const auto price = [&](int i) { tests::bench::move_price(bench.chain(), 2'900 + i); };
        const std::vector<model::Address> some(bench.owners().begin(), bench.owners().begin() + static_cast<std::ptrdiff_t>(bench.owners().size() / 100));
        std::cout << fmt::format("{} owners, each block of {} with its mean\n\n", bench.owners().size(), blocks);
        bench.run("Aave, a price moves", false, price);
        bench.run("Aave, 1 % of the accounts are touched", false, [&](int) { tests::bench::touch(bench.chain(), some); });
        bench.run("Aave and Perp V2 (read whole at each block), a price moves", true, price);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "daemon_bench: " << error.what() << '\n';
        return 1;
    }
}
