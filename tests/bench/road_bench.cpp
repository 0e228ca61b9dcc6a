// The road of a block: a refresh of 1,000 Aave accounts on the local chain beside the node's own time for the same
// requests, decoding what they answer, and evaluating what was read.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/multicall.hpp"
#include "adapters/rpc/rounds.hpp"
#include "config/resources.hpp"
#include "risk/evaluate.hpp"
#include "risk/market_file.hpp"
#include "tests/support/run_coroutine.hpp"
#include "tests/support/venue_road.hpp"

#include <benchmark/benchmark.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace margind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t accounts = 1000;

template <class T>
T need(model::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Our client, or whatever stands at `url`.
class Reader {
public:
    Reader(const std::string& url, const adapters::Adapter& adapter)
        : adapter_(adapter), http_(io_.get_executor(), {}), rpc_(http_, need(adapters::rpc::Endpoint::parse(url))), rounds_(rpc_) {}

    /// Venue facts and all accounts, as a block costs them; the accounts that could be read.
    std::vector<adapters::AccountReading> refresh(const model::FactsPtr& config, const std::vector<model::Address>& owners,
                                                  const model::BlockRef& block, model::FactsPtr& venue) {
        venue = need(tests::run_coroutine(io_, rounds_.read(adapter_.read_venue(config, block), block)));
        std::vector<std::unique_ptr<adapters::Reading<adapters::AccountReading>>> readings;
        std::vector<adapters::AnyReading*> all;
        for (const model::Address& owner : owners) {
            readings.push_back(adapter_.read_account(venue, owner, block));
            all.push_back(readings.back().get());
        }
        if (const auto done = tests::run_coroutine(io_, rounds_.run(std::move(all), block)); !done) throw std::runtime_error(done.error().message);
        std::vector<adapters::AccountReading> results;
        for (const auto& reading : readings) results.push_back(need(reading->result()));
        return results;
    }

private:
    const adapters::Adapter& adapter_;
    boost::asio::io_context io_;
    adapters::rpc::HttpClient http_;
    adapters::rpc::JsonRpcClient rpc_;
    adapters::rpc::Rounds rounds_;
};

/// Passes requests on to the node and keeps their bodies.
class Recorder {
public:
    explicit Recorder(const std::string& node) : node_(node) {
        server_.Post("/", [this](const httplib::Request& request, httplib::Response& response) {
            httplib::Client client(node_);
            const auto answer = client.Post("/", request.body, "application/json");
            const std::lock_guard lock(mutex_);
            bodies_.push_back(request.body);
            response.set_content(answer->body, "application/json");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
    }
    ~Recorder() {
        server_.stop();
        thread_.join();
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<std::string> bodies() {
        const std::lock_guard lock(mutex_);
        return bodies_;
    }

private:
    std::string node_;
    httplib::Server server_;
    int port_ = 0;
    std::thread thread_;
    std::mutex mutex_;
    std::vector<std::string> bodies_;
};

struct World {
    tests::ChainProcess chain;
    tests::VenueRoad road = tests::aave_road(chain);
    std::vector<model::Address> owners;
    model::BlockRef block;
    model::FactsPtr config;
    std::vector<std::string> requests;
    std::vector<adapters::AccountReading> read;
    model::FactsPtr venue;

    World() {
        json arguments = json::object();
        arguments["seed"] = 7;
        arguments["count"] = accounts;
        const json made = chain.verb("random_aave", arguments);
        for (const json& row : made.at("accounts")) owners.push_back(need(model::Address::parse(row.at("user").get<std::string>())));
        block = chain.head();
        config = road.config(block);
        Recorder recorder(chain.rpc_url());
        Reader reader(recorder.url(), road.adapter());
        read = reader.refresh(config, owners, block, venue);
        requests = recorder.bodies();
    }
};

World& world() {
    static World instance;
    return instance;
}

/// The recorded requests again, by as many connections as our client uses, nothing decoded.
void send_raw(std::vector<httplib::Client>& clients, const std::vector<std::string>& bodies) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (httplib::Client& client : clients)
        threads.emplace_back([&] {
            for (std::size_t i = next++; i < bodies.size(); i = next++)
                if (const auto answer = client.Post("/", bodies[i], "application/json"); !answer || answer->status != 200)
                    throw std::runtime_error("the node refused a request");
        });
    for (std::thread& thread : threads) thread.join();
}

void refresh_1000_accounts_beside_the_node(benchmark::State& state) {
    World& w = world();
    Reader reader(w.chain.rpc_url(), w.road.adapter());
    std::vector<httplib::Client> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back(w.chain.rpc_url());
        clients.back().set_keep_alive(true);
        clients.back().set_tcp_nodelay(true);
    }
    model::FactsPtr venue;
    std::vector<double> ours;
    std::vector<double> node;
    send_raw(clients, w.requests);
    for (auto _ : state) {
        const auto start = Clock::now();
        send_raw(clients, w.requests);
        const auto between = Clock::now();
        benchmark::DoNotOptimize(reader.refresh(w.config, w.owners, w.block, venue));
        const auto end = Clock::now();
        node.push_back(milliseconds(between - start));
        ours.push_back(milliseconds(end - between));
    }
    state.counters["requests"] = static_cast<double>(w.requests.size());
    state.counters["node_ms"] = median(node);
    state.counters["margind_ms"] = median(ours);
    state.counters["ratio"] = median(ours) / median(node);
}
BENCHMARK(refresh_1000_accounts_beside_the_node)->Unit(benchmark::kMillisecond)->Iterations(15)->UseRealTime();

void decode_1000_account_data(benchmark::State& state) {

    // An aggregate3 reply of 1,000 times six words, written by hand.
    std::vector<model::U256> words{model::U256(32), model::U256(accounts)};
    for (std::size_t i = 0; i < accounts; ++i) words.emplace_back(32 * accounts + i * 32 * 9);
    for (std::size_t i = 0; i < accounts; ++i) {
        words.insert(words.end(), {model::U256(1), model::U256(64), model::U256(192)});
        for (std::uint64_t figure = 0; figure < 6; ++figure) words.emplace_back(i * 1'000'003 + figure);
    }
    model::Bytes reply;
    for (const model::U256& word : words) {
        const auto bytes = word.to_big_endian();
        reply.insert(reply.end(), bytes.begin(), bytes.end());
    }
    for (auto _ : state) {
        const auto calls = need(adapters::evm::decode_aggregate3(accounts, reply));
        for (const auto& call : calls) {
            adapters::evm::AbiReader reader(call.data, "getUserAccountData");
            for (int figure = 0; figure < 6; ++figure) benchmark::DoNotOptimize(reader.u256());
            if (reader.error() != nullptr) throw std::runtime_error(reader.error()->message);
        }
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(reply.size()));
}
BENCHMARK(decode_1000_account_data)->Unit(benchmark::kMicrosecond);

/// Whole evaluation of what the refresh read, each owner in one portfolio.
void evaluate_1000_accounts(benchmark::State& state) {
    World& w = world();
    model::Snapshot snapshot;
    snapshot.time = w.block.time;
    snapshot.blocks[w.block.chain] = w.block;
    snapshot.assets = tests::chain_assets(w.chain);
    snapshot.venues.push_back({w.road.adapter().venue(), w.venue, w.block, ""});
    for (const char* asset : {"BTC", "DAI", "ETH", "USDC"}) {
        model::ReferencePrice price;
        price.asset = {asset};
        price.chain = w.block.chain;
        price.raw = std::string(asset) == "BTC" ? 6'000'000'000'000 : std::string(asset) == "ETH" ? 300'000'000'000 : 100'000'000;
        price.decimals = 8;
        price.deviation_ppm = 5000;
        snapshot.prices.push_back(std::move(price));
    }
    std::map<model::Address, const adapters::AccountReading*> sorted;
    for (std::size_t i = 0; i < w.owners.size(); ++i)
        if (w.read[i].facts) sorted[w.owners[i]] = &w.read[i];
    model::Portfolio portfolio{"all", {}};
    for (const auto& [owner, reading] : sorted) {
        model::MarginAccount account;
        account.key = {w.road.adapter().venue(), owner, ""};
        account.facts = reading->facts;
        account.views = reading->views;
        account.read_at = account.verified_at = w.block;
        snapshot.accounts.push_back(std::move(account));
        portfolio.owners.push_back(owner);
    }
    snapshot.portfolios.push_back(std::move(portfolio));
    const auto market = need(risk::parse_market(config::resource("market.json")));
    const risk::Rules rules = [&](const std::string&) { return &w.road.adapter().rule(); };
    std::size_t known = 0;
    for (auto _ : state) {
        const model::Report report = risk::evaluate(snapshot, rules, market, model::Policy{});
        known = 0;
        for (const auto& account : report.portfolios.front().accounts)
            known += account.grade.kind == model::GradeKind::verified ? 1U : 0U;
    }
    state.counters["accounts"] = static_cast<double>(snapshot.accounts.size());
    state.counters["verified"] = static_cast<double>(known);
}
BENCHMARK(evaluate_1000_accounts)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
