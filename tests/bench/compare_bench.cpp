// Reading a block of many Aave accounts: the node alone, margind's full read, margind's read of what changed, and a monitor as
// people write it with viem, in one run on one block of the local chain. `compare_bench [ACCOUNTS]`; tests/README.md says how to
// read the table.
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"
#include "risk/account.hpp"
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
#include <set>
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
/// One block in so many is an account's turn to be verified.
constexpr std::size_t verify_every = 32;

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

    /// Venue facts, what logs since the block before name, and the turn of 1 in 32; all accounts recomputed.
    std::size_t changes(const model::FactsPtr& config, const std::vector<model::Address>& owners, const model::BlockRef& from,
                        const model::BlockRef& block, Accounts& known) {
        const model::FactsPtr now = venue(config, block);
        const adapters::Watch watch = adapter_.watch(*now).value();
        adapters::Logs filter{watch.addresses, {watch.topics}, from.number + 1, block.number};
        const auto logs = need(tests::run_coroutine(io_, adapters::rpc::logs(rpc_, std::move(filter))));
        std::set<model::Address> touched;
        for (const adapters::Log& log : logs)
            for (const model::Address& owner : adapter_.touched(log))
                if (known.contains(owner)) touched.insert(owner);
        accounts(now, {touched.begin(), touched.end()}, block, known);

        Pending<std::vector<adapters::AccountViews>> pending;
        std::vector<model::Address> turn;
        for (std::size_t i = block.number % verify_every; i < owners.size(); i += verify_every) {
            if (!known.at(owners[i]).facts) continue;
            turn.push_back(owners[i]);
            pending.add(adapter_.read_views(now, owners[i], std::span(&known.at(owners[i]), 1)));
        }
        run(pending, block);
        for (std::size_t i = 0; i < turn.size(); ++i) known.at(turn[i]).views = need(pending.readings[i]->result()).at(0).views;
        std::size_t equal = 0;
        for (const auto& [owner, reading] : known) {
            if (!reading.facts) continue;
            const auto prepared = need(adapter_.rule().prepare(*now, *reading.facts, assets_));
            need(prepared->native(prepared->current()));
        }
        for (const model::Address& owner : turn) equal += verified(*now, known.at(owner)) ? 1U : 0U;
        if (equal != turn.size()) throw std::runtime_error("a carried account differs from the pool");
        return touched.size();
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

std::vector<model::Address> make_accounts(const tests::ChainProcess& chain, std::size_t count) {
    constexpr std::size_t at_once = 5'000;
    std::vector<model::Address> owners;
    for (int seed = 7; owners.size() < count; ++seed) {
        json arguments = json::object();
        arguments["seed"] = seed;
        arguments["count"] = std::min(at_once, count - owners.size());
        const json made = chain.verb("random_aave", arguments);
        for (const json& row : made.at("accounts")) owners.push_back(need(model::Address::parse(row.at("user").get<std::string>())));
    }
    return owners;
}

/// A transaction of each of these owners that the pool logs, in one block.
void touch(const tests::ChainProcess& chain, const std::vector<model::Address>& owners) {
    const std::string pool = chain.address("/aave/pool").to_string();
    for (const model::Address& owner : owners) {
        chain.rpc("anvil_setBalance", {owner.to_string(), "0xde0b6b3a7640000"});
        chain.rpc("anvil_impersonateAccount", {owner.to_string()});
        const std::string data = model::to_hex(tests::call_data("setUserEMode(uint8)", {model::U256(0)}));
        chain.rpc("eth_sendTransaction", json::array({{{"from", owner.to_string()}, {"to", pool}, {"gas", "0x7a120"}, {"data", data}}}));
    }
    chain.rpc("evm_mine");
}

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
    const std::vector<model::Address> owners = make_accounts(chain, count);
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
    touch(chain, changed);
    const model::BlockRef next = chain.head();
    Times part;
    std::size_t touched = 0;
    for (int i = 0; i < repetitions; ++i) part.run([&] { touched = reader.changes(config, owners, block, next, known); });

    std::size_t total = 0;
    for (const auto& round : calls) total += round.size();
    const double unit = std::min(Times::median(node[1].wall), Times::median(node[2].wall));
    std::cout << fmt::format("{} owners (made in {:.0f} s), {} calls in {} requests, medians of {} runs in turn; {} accounts equal to the pool, the others have nothing there\n\n",
                             count, made_in, total, bodies.size(), repetitions, equal)
              << fmt::format("{:<62} {:>12} {:>7} {:>12} {:>11}\n", "", "wall clock", "of (a)", "own CPU", "an account");
    for (const auto& [at_once, times] : node)
        row(fmt::format("(a) the node alone, the same requests sent raw, {} at a time", at_once).c_str(), times, unit, count);
    row("(b) margind, full read, recomputed, compared", full, unit, count);
    row(fmt::format("(c) margind, a block that touched {} accounts", touched).c_str(), part, unit, count);
    row("(d) viem's multicall as it comes, the same calls, decoded", viem_default, unit, count);
    row("    viem's multicall with 8 kB of calls a request", viem_large, unit, count);
    const double b = Times::median(full.wall);
    std::cout << fmt::format("\n(b) / (a) = {:.2f}   (b) / (d) = {:.2f}   (c) / (b) = {:.3f}\n", b / unit,
                             b / Times::median(viem_default.wall), Times::median(part.wall) / b);
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
