// Speed of the ABI codec on what a block's refresh consists of: a thousand calls, six words each.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/multicall.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

namespace {

using namespace margind;
using namespace margind::adapters;

constexpr std::size_t count = 1000;

std::vector<Call> calls() {
    const evm::Function user_data("getUserAccountData(address)");
    std::vector<Call> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i].data = user_data(evm::AbiWriter().u256(i));
    return out;
}

model::Bytes reply() {
    evm::AbiWriter items;
    for (std::size_t i = 0; i < count; ++i) {
        evm::AbiWriter words;
        for (unsigned k = 0; k < 6; ++k) words.u256(model::U256::pow2(40 + k));
        items.tuple(evm::AbiWriter().boolean(true).bytes(words.encoded()));
    }
    return evm::AbiWriter().array(count, items).encoded();
}

void encode_1000_calls(benchmark::State& state) {
    const std::vector<Call> all = calls();
    std::vector<const Call*> pointers;
    for (const Call& call : all) pointers.push_back(&call);
    for (auto _ : state) benchmark::DoNotOptimize(evm::encode_aggregate3(pointers));
}
BENCHMARK(encode_1000_calls)->Unit(benchmark::kMicrosecond);

void decode_1000_replies_of_6_words(benchmark::State& state) {
    const model::Bytes data = reply();
    for (auto _ : state) {
        const auto results = evm::decode_aggregate3(count, data);
        if (!results) std::abort();
        for (const evm::CallResult& result : *results) {
            evm::AbiReader reader(result.data, "getUserAccountData");
            for (unsigned k = 0; k < 6; ++k) benchmark::DoNotOptimize(reader.u256());
            if (reader.error() != nullptr) std::abort();
        }
    }
}
BENCHMARK(decode_1000_replies_of_6_words)->Unit(benchmark::kMicrosecond);

void hex_of_1000_replies(benchmark::State& state) {
    const std::string text = model::to_hex(reply());
    for (auto _ : state) benchmark::DoNotOptimize(model::bytes_from_hex(text));
}
BENCHMARK(hex_of_1000_replies)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
