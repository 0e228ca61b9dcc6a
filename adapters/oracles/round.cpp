// The five words of latestRoundData.
#include "adapters/oracles/round.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <utility>

namespace margind::adapters::oracles {
namespace {

constexpr unsigned round_id_bits = 80;

}  // namespace

Call latest_round_data(const model::Address& feed) {
    static const evm::Function function("latestRoundData()");
    return Call{feed, function(), {}, {}, false};
}

model::Result<Round> decode_round(std::span<const std::byte> bytes, std::string_view what) {
    evm::AbiReader reader(bytes, what);
    Round round;
    round.id = reader.uint(round_id_bits);
    round.answer = reader.i256();
    round.started_at = static_cast<std::int64_t>(reader.u64(63));
    round.updated_at = static_cast<std::int64_t>(reader.u64(63));
    return reader.finish(std::move(round));
}

}  // namespace margind::adapters::oracles
