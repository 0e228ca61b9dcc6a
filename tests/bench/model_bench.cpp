// Speed of what rules and snapshots are made of.
#include "risk/model/json.hpp"
#include "risk/model/json_text.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace {

using namespace margind::model;

std::vector<U256> random_values(std::int64_t bits, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<U256> out;
    for (int i = 0; i < 1024; ++i)
        out.push_back(shift_right(U256({random(), random(), random(), random()}), 256 - static_cast<unsigned>(bits)));
    return out;
}

/// Bits of the factors, then the divisor: 10^that many.
void mul_div_by_power_of_ten(benchmark::State& state) {
    const auto a = random_values(state.range(0), 1);
    const auto b = random_values(state.range(1), 2);
    const U256 divisor = U256::pow10(static_cast<unsigned>(state.range(2)));
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(mul_div(a[i & 1023], b[i & 1023], divisor, Rounding::half_up));
        ++i;
    }
}
BENCHMARK(mul_div_by_power_of_ten)->ArgNames({"a", "b", "ten_to"})->Args({90, 90, 27})->Args({100, 60, 18})->Args({60, 40, 8})->Args({200, 90, 27});

void mul_div_of_random_values(benchmark::State& state) {
    const auto a = random_values(state.range(0), 1);
    const auto b = random_values(state.range(0), 2);
    const auto divisor = random_values(state.range(0), 3);
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(mul_div(a[i & 1023], b[i & 1023], divisor[i & 1023], Rounding::down));
        ++i;
    }
}
BENCHMARK(mul_div_of_random_values)->Arg(128)->Arg(256);

void checked_add_of_random_values(benchmark::State& state) {
    const auto a = random_values(200, 1);
    const auto b = random_values(200, 2);
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(checked_add(a[i & 1023], b[i & 1023]));
        ++i;
    }
}
BENCHMARK(checked_add_of_random_values);

FactsPtr account_facts(std::uint64_t seed) {
    FactsBuilder builder("bench.account/1");
    for (std::uint64_t i = 0; i < 12; ++i) {
        builder.add("reserve." + std::to_string(i) + ".supply", U256(seed * 1000 + i));
        builder.add("reserve." + std::to_string(i) + ".debt", U256(i));
    }
    return std::move(builder).build().value();
}

Snapshot accounts(std::uint64_t count) {
    Snapshot out;
    const BlockRef block{ChainId{1}, 101, Bytes32{U256(5).to_big_endian()}, 1'700'000'012};
    out.blocks[block.chain] = block;
    const VenueId venue{"bench", block.chain, ""};
    for (std::uint64_t i = 1; i <= count; ++i) {
        MarginAccount account;
        const auto word = U256(i).to_big_endian();
        std::copy(word.begin() + 12, word.end(), account.key.owner.bytes.begin());
        account.key.venue = venue;
        account.facts = account_facts(i);
        account.read_at = account.verified_at = block;
        for (int k = 0; k < 6; ++k) account.views.push_back({"figure" + std::to_string(k), I256(5), 18});
        out.accounts.push_back(std::move(account));
    }
    return out;
}

void build_facts_of_24_values(benchmark::State& state) {
    std::uint64_t seed = 0;
    for (auto _ : state) benchmark::DoNotOptimize(account_facts(++seed));
}
BENCHMARK(build_facts_of_24_values);

void find_a_fact(benchmark::State& state) {
    const FactsPtr facts = account_facts(1);
    for (auto _ : state) benchmark::DoNotOptimize(facts->u256("reserve.7.debt"));
}
BENCHMARK(find_a_fact);

void hash_snapshot_of_1000_accounts(benchmark::State& state) {
    const Snapshot snapshot = accounts(1000);
    for (auto _ : state) benchmark::DoNotOptimize(snapshot_hash(snapshot));
}
BENCHMARK(hash_snapshot_of_1000_accounts)->Unit(benchmark::kMillisecond);

std::string text_of(const Snapshot& snapshot) {
    nlohmann::json document;
    write_json(JsonWriter(document), snapshot);
    return print_json(document);
}

void write_snapshot_of_1000_accounts(benchmark::State& state) {
    const Snapshot snapshot = accounts(1000);
    for (auto _ : state) benchmark::DoNotOptimize(text_of(snapshot));
}
BENCHMARK(write_snapshot_of_1000_accounts)->Unit(benchmark::kMillisecond);

void read_snapshot_of_1000_accounts(benchmark::State& state) {
    const std::string text = text_of(accounts(1000));
    for (auto _ : state) {
        const Result<nlohmann::json> document = parse_json(text);
        if (!document || !from_json<Snapshot>(*document)) std::abort();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(read_snapshot_of_1000_accounts)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
