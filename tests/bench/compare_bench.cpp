// Reading a block of many Aave accounts: the node alone, margind's full read, margind's read of what changed, and a monitor as
// people write it with viem, in one run on one block of the local chain. `compare_bench [ACCOUNTS]`; tests/README.md says how to
// read the table.
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"
#include "risk/account.hpp"
#include "tests/bench/accounts.hpp"
#include "tests/bench/product.hpp"
#include "tests/bench/recorder.hpp"
#include "tests/bench/viem_monitor.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/venue_road.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace margind;
using nlohmann::json;
using tests::bench::Recorder;
using tests::bench::ViemMonitor;
using Clock = std::chrono::steady_clock;

constexpr int repetitions = 15;
/// About as many calls a request as ours; of 100 kB the node runs out of gas, and viem does not ask again in parts.
constexpr std::size_t viem_batch = 8'192;

template <class T>
T need(model::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

void need(const model::Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

double cpu_ms() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto ms = [](const timeval& time) { return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3; };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// Of several runs: wall clock and CPU of this process, in ms.
struct Times {
    std::vector<double> wall;
    std::vector<double> cpu;

    void run(const std::function<void()>& work) {
        const double before = cpu_ms();
        const auto start = Clock::now();
        work();
        wall.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
        cpu.push_back(cpu_ms() - before);
    }
    static double median(std::vector<double> values) {
        if (values.empty()) return 0;
        std::sort(values.begin(), values.end());
        return values[values.size() / 2];
    }
};

/// What is known of an account, by owner.
using Accounts = std::map<model::Address, adapters::AccountReading>;

/// Our client at `url`.
class Reader {
public:
    Reader(const std::string& url, const adapters::Adapter& adapter, const model::AssetMap& assets)
        : adapter_(adapter), assets_(assets), http_(io_.get_executor(), {}), rpc_(http_, need(adapters::rpc::Endpoint::parse(url))), rounds_(rpc_) {}

    model::FactsPtr venue(const model::FactsPtr& config, const model::BlockRef& block) {
        return need(tests::run_coroutine(io_, rounds_.read(adapter_.read_venue(config, block), block)));
    }

    void accounts(const model::FactsPtr& venue, const std::vector<model::Address>& owners, const model::BlockRef& block, Accounts& known) {
        Pending<adapters::AccountReadings> pending;
        for (const model::Address& owner : owners) pending.add(adapter_.read_account(venue, owner, block));
        run(pending, block);
        for (std::size_t i = 0; i < owners.size(); ++i) known[owners[i]] = one_of(need(pending.readings[i]->result()));
    }

    /// Every account, recomputed and compared with the pool's own figures; how many are equal.
    std::size_t full(const model::FactsPtr& config, const std::vector<model::Address>& owners, const model::BlockRef& block, Accounts& known) {
        const model::FactsPtr now = venue(config, block);
        accounts(now, owners, block, known);
        std::size_t equal = 0;
        for (const auto& [owner, reading] : known) equal += verified(*now, reading) ? 1U : 0U;
        return equal;
    }

private:
    static adapters::AccountReading one_of(adapters::AccountReadings all) { return all.empty() ? adapters::AccountReading{} : std::move(all.at(0)); }

    template <class T>
    struct Pending {
        std::vector<std::unique_ptr<adapters::Reading<T>>> readings;
        void add(std::unique_ptr<adapters::Reading<T>> reading) { readings.push_back(std::move(reading)); }
    };

    template <class T>
    void run(Pending<T>& pending, const model::BlockRef& block) {
        std::vector<adapters::AnyReading*> all;
        for (const auto& reading : pending.readings) all.push_back(reading.get());
        need(tests::run_coroutine(io_, rounds_.run(std::move(all), block)));
    }

    bool verified(const model::Facts& venue, const adapters::AccountReading& reading) {
        if (!reading.facts) return false;
        const auto prepared = need(adapter_.rule().prepare(venue, *reading.facts, assets_));
        return risk::difference(reading.views, need(prepared->native(prepared->current()))).empty();
    }

    const adapters::Adapter& adapter_;
    const model::AssetMap& assets_;
    boost::asio::io_context io_;
    adapters::rpc::HttpClient http_;
    adapters::rpc::JsonRpcClient rpc_;
    adapters::rpc::Rounds rounds_;
};

void row(const char* what, const Times& times, double unit, std::size_t accounts) {
    const double wall = Times::median(times.wall);
    const double cpu = Times::median(times.cpu);
    std::cout << fmt::format("{:<62} {:>9.1f} ms {:>7.2f}", what, wall, wall / unit);
    if (!times.cpu.empty()) std::cout << fmt::format(" {:>9.1f} ms {:>8.1f} us", cpu, 1e3 * cpu / static_cast<double>(accounts));
    std::cout << '\n';
}

int compare(std::size_t count) {
    tests::ChainProcess chain;
    tests::VenueRoad road = tests::aave_road(chain);
    const model::AssetMap assets = tests::chain_assets(chain);
    const auto making = Clock::now();
    const std::vector<model::Address> owners = tests::bench::make_accounts(chain, count);
    const double made_in = std::chrono::duration<double>(Clock::now() - making).count();
    const model::BlockRef block = chain.head();
    const model::FactsPtr config = road.config(block);

    Accounts known;
    Recorder recorder(chain.rpc_url());
    Reader recording(recorder.url(), road.adapter(), assets);
    const model::FactsPtr venue = recording.venue(config, block);
    std::vector<std::string> bodies = recorder.take();
    std::vector<std::vector<adapters::Call>> calls{tests::bench::calls_of(bodies)};
    recording.accounts(venue, owners, block, known);
    const std::vector<std::string> more = recorder.take();
    bodies.insert(bodies.end(), more.begin(), more.end());
    // The first round asks the same of every owner, the second for the debts of those who have any.
    std::vector<adapters::Call> all = tests::bench::calls_of(more);
    const std::size_t first = road.adapter().read_account(venue, owners.front(), block)->next({}).size() * owners.size();
    calls.emplace_back(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first));
    calls.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());

    Reader reader(chain.rpc_url(), road.adapter(), assets);
    ViemMonitor viem(chain.rpc_url(), block, calls);
    std::map<std::size_t, Times> node;
    Times full;
    Times viem_default;
    Times viem_large;
    std::size_t equal = 0;
    for (int i = -2; i < repetitions; ++i) {
        const auto timed = [&](Times& times, const std::function<void()>& work) { i < 0 ? work() : times.run(work); };
        for (const std::size_t at_once : {1U, 2U, 4U}) timed(node[at_once], [&] { tests::bench::send_raw(chain.rpc_url(), bodies, at_once); });
        timed(full, [&] { equal = reader.full(config, owners, block, known); });
        if (i >= 0) viem_default.wall.push_back(viem.run(0));
        if (i >= 0) viem_large.wall.push_back(viem.run(viem_batch));
    }

    std::vector<model::Address> changed;
    for (const auto& [owner, reading] : known)
        if (reading.facts && changed.size() < count / 100 && reading.facts->u256("emode").value().is_zero()) changed.push_back(owner);
    std::vector<Times> parts(3);
    std::vector<std::size_t> anew(parts.size());
    for (std::size_t operators = 1; operators <= 2; ++operators) {
        tests::bench::Product product(chain, owners, operators);
        product.accept_head();
        product.read();
        for (int i = 0; i < repetitions; ++i) {
            const auto read = [&](std::size_t part) {
                product.accept_head();
                parts[part].run([&] { anew[part] = product.read(); });
            };
            if (operators == 1) {
                tests::bench::move_price(chain, 2'900 + i);
                read(0);
            }
            tests::bench::touch(chain, changed);
            read(operators);
        }
    }

    std::size_t total = 0;
    for (const auto& round : calls) total += round.size();
    const double unit = std::min(Times::median(node[1].wall), Times::median(node[2].wall));
    std::cout << fmt::format("{} owners (made in {:.0f} s), {} calls in {} requests, medians of {} runs in turn; {} accounts equal to the pool, the others have nothing there\n\n",
                             count, made_in, total, bodies.size(), repetitions, equal)
              << fmt::format("{:<62} {:>12} {:>7} {:>12} {:>11}\n", "", "wall clock", "of (a)", "own CPU", "an account");
    for (const auto& [at_once, times] : node)
        row(fmt::format("(a) the node alone, the same requests sent raw, {} at a time", at_once).c_str(), times, unit, count);
    row("(b) margind, full read, recomputed, compared", full, unit, count);
    const double b = Times::median(full.wall);
    const char* const names[]{"(c) the daemon's reader, one operator, a price moved", "    one operator, 1 % of the accounts touched", "    two operators, 1 % of the accounts touched"};
    for (std::size_t i = 0; i < parts.size(); ++i) row(fmt::format("{}: {} read anew", names[i], anew[i]).c_str(), parts[i], unit, count);
    row("(d) viem's multicall as it comes, the same calls, decoded", viem_default, unit, count);
    row("    viem's multicall with 8 kB of calls a request", viem_large, unit, count);
    std::cout << fmt::format("\n(b) / (a) = {:.2f}   (b) / (d) = {:.2f}   (c) / (b) = {:.3f}\n", b / unit,
                             b / Times::median(viem_default.wall), Times::median(parts[1].wall) / b);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return compare(argc > 1 ? std::stoul(argv[1]) : 1'000);
    } catch (const std::exception& error) {
        std::cerr << "compare_bench: " << error.what() << '\n';
        return 1;
    }
}
