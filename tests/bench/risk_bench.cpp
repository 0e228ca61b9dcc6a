// Speed of the risk core on synthetic accounts, so that the cost of a venue's own rule is out of the picture.
#include "risk/distance.hpp"
#include "risk/planning.hpp"
#include "tests/support/synthetic_book.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace margind;
using testing::Holdings;
using testing::SyntheticBook;

SyntheticBook lenders(std::int64_t count, std::int64_t debt) {
    SyntheticBook book;
    for (std::int64_t i = 0; i < count; ++i)
        book.accounts.push_back({1, Holdings{{"supply.ETH", 10'000 + i}, {"supply.BTC", 100 + i % 7}, {"debt.USDC", debt + 1000 * i}},
                                 false, std::to_string(i), ""});
    return book;
}

/// Accounts; whether all of them are near enough for actions to be planned.
void evaluate_lenders(benchmark::State& state) {
    const SyntheticBook book = lenders(state.range(0), state.range(1) != 0 ? 17'200'000 : 9'000'000);
    const model::Snapshot snapshot = book.snapshot();
    const risk::Rules rules = book.rules();
    for (auto _ : state) benchmark::DoNotOptimize(risk::evaluate(snapshot, rules, book.market, book.policy));
}
BENCHMARK(evaluate_lenders)->ArgNames({"accounts", "near"})->Args({1, 0})->Args({1, 1})->Args({100, 0})->Args({100, 1})->Args({1000, 0})->Unit(benchmark::kMillisecond);

void distances_of_one(benchmark::State& state) {
    const SyntheticBook book = lenders(1, 9'000'000);
    const model::Snapshot snapshot = book.snapshot();
    const auto account = book.rule.prepare(*snapshot.venues[0].facts, *snapshot.accounts[0].facts, snapshot.assets);
    const auto& counted = static_cast<const testing::LinearAccount&>(**account);
    for (auto _ : state)
        benchmark::DoNotOptimize(risk::distances(**account, book.market, book.policy, snapshot.prices, model::ChainId{1}));
    state.counters["evaluations"] =
        benchmark::Counter(static_cast<double>(counted.evaluations), benchmark::Counter::kAvgIterations);
}
BENCHMARK(distances_of_one)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
