// Speed of the risk core on synthetic accounts, so that the cost of a venue's own rule is out of the picture.
#include "risk/distance.hpp"
#include "risk/market_file.hpp"
#include "risk/planning.hpp"
#include "risk/pricing/kernels.hpp"
#include "tests/support/paper_random.hpp"
#include "tests/support/synthetic_book.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

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
BENCHMARK(evaluate_lenders_over_the_past)->ArgNames({"accounts"})->Arg(1)->Arg(10)->Arg(40)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

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

/// A paper account that counts what it is asked.
class CountedAccount final : public model::PreparedAccount {
public:
    CountedAccount(const testing::PaperHolder& holder, const std::map<std::string, double>& usd, std::uint64_t& asked)
        : account_(holder, usd, SyntheticBook::block().time), asked_(asked) {}
    const std::vector<model::PriceInput>& inputs() const override { return account_.inputs(); }
    const std::vector<model::VolInput>& vol_inputs() const override { return account_.vol_inputs(); }
    model::Result<model::Standing> at(const model::State& state) const override {
        ++asked_;
        return account_.at(state);
    }
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override { return account_.native(state); }
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override { return account_.terms(state); }
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override { return account_.positions(state); }
    std::vector<model::AdjustmentOption> options() const override { return {}; }
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        return account_.with(adjustment);
    }

private:
    testing::PaperAccount account_;
    std::uint64_t& asked_;
};

/// Paper accounts of five underlyings, each with a chain of its own, a third of the positions options; 2,000 paths and 250 stressed days.
/// An account's facts are its place among the holders and, so that they change with it, its price.
class Options final : public model::VenueRule {
public:
    Options(std::size_t accounts, std::size_t positions) {
        testing::Dice dice(7);
        market = testing::random_market(dice, 2000, 250);
        model::PastMoves past = market.past.moves();
        const model::AssetCalibration row = market.assets.at({"ETH"});
        for (std::size_t i = 0; i < underlyings; ++i) {
            const std::string asset = "A" + std::to_string(i);
            usd[asset] = 1000 * static_cast<double>(i + 1);
            market.assets[{asset}] = row;
            past.assets[{asset}] = past.assets.at({"ETH"});
            past.stressed[{asset}] = past.stressed.at({"ETH"});
        }
        market.past = model::Past(std::move(past));
        for (std::size_t i = 0; i < accounts; ++i) {
            const std::string asset = "A" + std::to_string(i % underlyings);
            testing::PaperHolder holder;
            for (std::size_t j = 0; j < positions; ++j) {
                testing::PaperPosition position{model::Instrument::perp, asset, dice.size()};
                if (j % 3 == 0) {
                    position.instrument = model::Instrument::option;
                    const double strike = usd[asset] * dice.between(0.7, 1.4);
                    const double vol = dice.between(0.3, 1.2);
                    position.option = testing::PaperOption{j % 2 == 0 ? model::OptionKind::call : model::OptionKind::put, strike, vol,
                                                           static_cast<std::int64_t>(dice.between(2, 200) * 86'400)};
                }
                holder.positions.push_back(position);
            }
            holders.push_back(std::move(holder));
        }
        asked.resize(accounts);
    }

    model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& /*venue*/, const model::Facts& account,
                                                                   const model::AssetMap& /*assets*/) const override {
        const auto i = static_cast<std::size_t>(*account.u64("holder"));
        return std::unique_ptr<model::PreparedAccount>(std::make_unique<CountedAccount>(holders[i], usd, asked[i]));
    }

    model::Snapshot snapshot() const {
        model::Snapshot snapshot;
        snapshot.time = SyntheticBook::block().time;
        for (std::size_t i = 0; i < underlyings; ++i) {
            const std::string asset = "A" + std::to_string(i);
            model::BlockRef block = SyntheticBook::block();
            block.chain = model::ChainId{i + 1};
            block.hash.bytes[1] = static_cast<std::byte>(static_cast<std::uint64_t>(usd.at(asset)) % 251);
            snapshot.blocks[block.chain] = block;
            model::ReferencePrice price;
            price.asset = {asset};
            price.chain = block.chain;
            price.source = "paper:" + asset;
            price.raw = testing::paper_raw(usd.at(asset));
            price.decimals = testing::paper_decimals;
            snapshot.prices.push_back(std::move(price));
            snapshot.venues.push_back({{"paper", block.chain, ""}, *model::FactsBuilder("paper.venue/1").build(), block, ""});
        }
        std::map<model::AccountKey, model::MarginAccount> sorted;
        for (std::size_t i = 0; i < holders.size(); ++i) {
            model::MarginAccount account;
            const model::ChainId chain{i % underlyings + 1};
            account.key = {{"paper", chain, ""}, testing::owner(1), std::to_string(i)};
            account.read_at = snapshot.blocks.at(chain);
            model::FactsBuilder facts("paper.account/1");
            facts.add("holder", model::U256{i});
            facts.add("price", testing::paper_raw(usd.at("A" + std::to_string(i % underlyings))));
            account.facts = *std::move(facts).build();
            sorted[account.key] = std::move(account);
        }
        for (auto& [key, account] : sorted) snapshot.accounts.push_back(std::move(account));
        snapshot.portfolios.push_back({"book", {testing::owner(1)}});
        return snapshot;
    }

    risk::Rules rules() const {
        return [this](const std::string&) { return this; };
    }

    static constexpr std::size_t underlyings = 5;
    std::map<std::string, double> usd{{"USD", 1}};
    model::Market market;
    std::vector<testing::PaperHolder> holders;
    mutable std::vector<std::uint64_t> asked;
};

void evaluate_options(benchmark::State& state) {
    const Options book(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    const model::Snapshot snapshot = book.snapshot();
    for (auto _ : state) {
        const model::Report report = risk::evaluate(snapshot, book.rules(), book.market, {});
        if (!report.portfolios.at(0).unified || !report.portfolios.at(0).unified->tail) state.SkipWithError("no figures");
    }
}

/// The same after a tick of one of the five underlyings: what the others hold is taken over.
void evaluate_options_after_a_tick(benchmark::State& state) {
    Options book(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    const auto before = risk::reevaluate(nullptr, book.snapshot(), book.rules(), book.market, {});
    book.usd["A0"] *= 1.001;
    const model::Snapshot snapshot = book.snapshot();
    for (auto _ : state) benchmark::DoNotOptimize(risk::reevaluate(before.kept, snapshot, book.rules(), book.market, {}));
}

/// What evaluate_options asks of the accounts' rules, alone.
void rules_of_options(benchmark::State& state) {
    const Options book(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    benchmark::DoNotOptimize(risk::evaluate(book.snapshot(), book.rules(), book.market, {}));
    std::uint64_t asked = 0;
    for (const std::uint64_t of_one : book.asked) asked += of_one;
    for (auto _ : state)
        for (std::size_t i = 0; i < book.holders.size(); ++i) {
            const testing::PaperAccount account(book.holders[i], book.usd, 0);
            const model::State now = account.current();
            for (std::uint64_t k = 0; k < book.asked[i]; ++k) benchmark::DoNotOptimize(account.at(now));
        }
    state.counters["asked"] = static_cast<double>(asked);
}

/// The Black-76 evaluations that it takes, alone: in the rules one by one, over the paths by the kernel; and the least of them, 33
/// scenarios and the paths, all by the kernel.
void black_76_of_options(benchmark::State& state) {
    const Options book(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    const bool least = state.range(2) != 0;
    benchmark::DoNotOptimize(risk::evaluate(book.snapshot(), book.rules(), book.market, {}));
    constexpr std::size_t paths = 2250;
    constexpr std::size_t scenarios = 33;
    std::vector<double> factor(paths + scenarios);
    std::vector<double> log_factor(factor.size());
    const std::vector<double> vol_factor(factor.size(), 1.0);
    std::vector<double> out(factor.size());
    for (std::size_t i = 0; i < factor.size(); ++i) {
        log_factor[i] = 1e-4 * (static_cast<double>(i) - 1000);
        factor[i] = std::exp(log_factor[i]);
    }
    double sum = 0;
    for (auto _ : state)
        for (std::size_t i = 0; i < book.holders.size(); ++i)
            for (const testing::PaperPosition& position : book.holders[i].positions) {
                if (!position.option) continue;
                const double spot = book.usd.at(position.underlying);
                const risk::OptionContract contract = testing::paper_contract(*position.option, spot, position.option->vol);
                for (std::uint64_t k = 0; !least && k < book.asked[i]; ++k)
                    sum += risk::value_of(contract, 1e-4 * static_cast<double>(k % 1000), 0, contract.vol);
                risk::pricing::BlackStates states;
                states.forward = spot;
                states.strike = contract.strike;
                states.log_moneyness = std::log(spot / contract.strike);
                states.deviation = contract.vol * std::sqrt(static_cast<double>(contract.time_to_expiry_s) / (365.0 * 86'400));
                states.call = contract.kind == model::OptionKind::call;
                states.factor = factor.data();
                states.log_factor = log_factor.data();
                states.vol_factor = vol_factor.data();
                states.out = out.data();
                states.count = paths + (least ? scenarios : 0);
                risk::pricing::kernels().add_black(states);
            }
    benchmark::DoNotOptimize(sum + out[0]);
}

const bool registered = [] {
    for (const auto& [accounts, positions] : {std::pair<std::int64_t, std::int64_t>(5, 200), {10'000, 10}}) {
        const std::string size = "/" + std::to_string(accounts) + "x" + std::to_string(positions);
        const auto add = [&](const std::string& name, void (*work)(benchmark::State&), std::int64_t least) {
            benchmark::RegisterBenchmark((name + size).c_str(), work)->Args({accounts, positions, least})->Unit(benchmark::kMillisecond);
        };
        add("evaluate_options", evaluate_options, 0);
        add("evaluate_options_after_a_tick", evaluate_options_after_a_tick, 0);
        add("rules_of_options", rules_of_options, 0);
        add("black_76_of_options", black_76_of_options, 0);
        add("black_76_of_options_at_least", black_76_of_options, 1);
    }
    return true;
}();

}  // namespace

BENCHMARK_MAIN();
