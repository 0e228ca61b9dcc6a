// Decoding what 1,000 Aave accounts answer, and evaluating what was read of them on the local chain. For reading them beside the
// node's own time see compare_bench.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/multicall.hpp"
#include "config/resources.hpp"
#include "risk/evaluate.hpp"
#include "risk/market_file.hpp"
#include "tests/support/venue_road.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace margind;
using nlohmann::json;

constexpr std::size_t accounts = 1000;

template <class T>
T need(model::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

struct World {
    tests::ChainProcess chain;
    tests::VenueRoad road = tests::aave_road(chain);
    std::vector<model::Address> owners;
    model::BlockRef block;
    std::vector<adapters::AccountReading> read;
    model::FactsPtr venue;

    World() {
        json arguments = json::object();
        arguments["seed"] = 7;
        arguments["count"] = accounts;
        const json made = chain.verb("random_aave", arguments);
        for (const json& row : made.at("accounts")) owners.push_back(need(model::Address::parse(row.at("user").get<std::string>())));
        block = chain.head();
        venue = road.venue(block);
        for (auto& reading : road.single_accounts(venue, owners, block)) read.push_back(need(std::move(reading)));
    }
};

World& world() {
    static World instance;
    return instance;
}

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

/// Whole evaluation of what was read, all owners in one portfolio, on so many threads.
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
        const model::Report report = risk::evaluate(snapshot, rules, market, model::Policy{}, static_cast<unsigned>(state.range(0)));
        known = 0;
        for (const auto& account : report.portfolios.front().accounts)
            known += account.grade.kind == model::GradeKind::verified ? 1U : 0U;
    }
    state.counters["accounts"] = static_cast<double>(snapshot.accounts.size());
    state.counters["verified"] = static_cast<double>(known);
}
BENCHMARK(evaluate_1000_accounts)->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
