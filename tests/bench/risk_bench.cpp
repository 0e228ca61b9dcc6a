// Speed of the risk core on synthetic accounts, so that the cost of a venue's own rule is out of the picture.
#include "risk/distance.hpp"
#include "risk/market_file.hpp"
#include "risk/planning.hpp"
#include "tests/support/paper_random.hpp"
#include "tests/support/synthetic_book.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <fstream>
#include <sstream>
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

/// The same with the shipped calibration: VaR, ES and netting over 2,000 paths.
void evaluate_lenders_over_the_past(benchmark::State& state) {
    SyntheticBook book = lenders(state.range(0), 9'000'000);
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/config/market.json");
    std::stringstream text;
    text << file.rdbuf();
    book.market = risk::parse_market(text.str()).value();
    const model::Snapshot snapshot = book.snapshot();
    const risk::Rules rules = book.rules();
    for (auto _ : state) benchmark::DoNotOptimize(risk::evaluate(snapshot, rules, book.market, book.policy));
}
BENCHMARK(evaluate_lenders_over_the_past)->ArgNames({"accounts"})->Args({1})->Args({100})->Args({1000})->Unit(benchmark::kMillisecond);

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

/// 1,000 positions of five underlyings, one account each, a third of them options; 2,000 paths and 250 stressed days.
testing::PaperBook thousand_positions() {
    testing::Dice dice(7);
    testing::PaperBook book;
    book.market = testing::random_market(dice, 2000, 250);
    book.usd = {{"USD", 1}};
    model::PastMoves past = book.market.past.moves();
    const model::AssetCalibration row = book.market.assets.at({"ETH"});
    for (std::size_t i = 0; i < 5; ++i) {
        const std::string asset = "A" + std::to_string(i);
        book.usd[asset] = 1000 * static_cast<double>(i + 1);
        book.market.assets[{asset}] = row;
        past.assets[{asset}] = past.assets.at({"ETH"});
        past.stressed[{asset}] = past.stressed.at({"ETH"});
        testing::PaperHolder holder;
        for (std::size_t j = 0; j < 200; ++j) {
            testing::PaperPosition position{model::Instrument::perp, asset, dice.size()};
            if (j % 3 == 0) {
                position.instrument = model::Instrument::option;
                position.option = testing::PaperOption{j % 2 == 0 ? model::OptionKind::call : model::OptionKind::put, book.usd[asset] * dice.between(0.7, 1.4),
                                                       dice.between(0.3, 1.2), static_cast<std::int64_t>(dice.between(2, 200) * 86'400)};
            }
            holder.positions.push_back(position);
        }
        book.holders.push_back(std::move(holder));
    }
    book.market.past = model::Past(std::move(past));
    return book;
}

void unify_1000_positions(benchmark::State& state) {
    const testing::PaperBook book = thousand_positions();
    for (auto _ : state) benchmark::DoNotOptimize(book.unify());
}
BENCHMARK(unify_1000_positions)->Unit(benchmark::kMillisecond);

/// The same after a tick of one of the five underlyings: what the others hold is taken over.
void unify_1000_positions_after_a_tick(benchmark::State& state) {
    testing::PaperBook book = thousand_positions();
    const testing::PaperBook::Accounts then = book.accounts();
    const auto before = book.unify(then);
    book.usd["A0"] *= 1.001;
    testing::PaperBook::Accounts now = then;
    now[0] = book.accounts()[0];
    for (auto _ : state) benchmark::DoNotOptimize(book.unify(now, 1, before->kept.get()));
}
BENCHMARK(unify_1000_positions_after_a_tick)->Unit(benchmark::kMillisecond);

/// The Black-76 evaluations that its expected shortfall takes, alone.
void black_76_of_1000_positions(benchmark::State& state) {
    const testing::PaperBook book = thousand_positions();
    const std::vector<testing::PaperPosition>& held = book.holders[0].positions;
    double sum = 0;
    for (auto _ : state)
        for (std::size_t i = 0; i < 5; ++i)
            for (const testing::PaperPosition& position : held) {
                if (!position.option) continue;
                const risk::OptionContract contract = testing::paper_contract(*position.option, 1000, position.option->vol);
                for (int path = 0; path < 2250; ++path) sum += risk::value_of(contract, 1e-4 * (path - 1000), 86'400, contract.vol);
            }
    benchmark::DoNotOptimize(sum);
}
BENCHMARK(black_76_of_1000_positions)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
