// Many calls in one: Multicall3's aggregate3, packed and unpacked. Pure.
#include "adapters/evm/multicall.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::adapters::evm {

namespace {

constexpr std::size_t word = 32;
/// Selector, offset and count of the array.
constexpr std::size_t fixed_bytes = 4 + 2 * word;
/// A revert payload is shown up to this many bytes; a contract may return megabytes.
constexpr std::size_t max_shown = 512;
constexpr std::size_t max_reason = 200;

std::size_t encoded_bytes(const Call& call) {
    return 5 * word + (call.data.size() + word - 1) / word * word;
}

const Function& aggregate3() {
    static const Function function("aggregate3((address,bool,bytes)[])");
    return function;
}

/// From Solidity's documentation of Panic(uint256).
const char* panic_meaning(std::uint64_t code) {
    switch (code) {
        case 0x01: return "assertion failed";
        case 0x11: return "arithmetic overflow";
        case 0x12: return "division by zero";
        case 0x21: return "no such enum value";
        case 0x22: return "badly encoded storage bytes";
        case 0x31: return "pop of an empty array";
        case 0x32: return "index out of bounds";
        case 0x41: return "out of memory";
        case 0x51: return "call of an empty function";
        default: return "unknown code";
    }
}

/// A contract chose these bytes: what is not plain ASCII is shown as '?'.
std::string printable(std::string_view text) {
    std::string out(text.substr(0, max_reason));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~' || c == '"'; }, '?');
    if (text.size() > max_reason) out += "...";
    return out;
}

std::string meaning(std::span<const std::byte> payload) {
    static const Function error("Error(string)");
    static const Function panic("Panic(uint256)");
    if (payload.empty()) return "no reason given";
    if (payload.size() < 4) return "a payload too short for a selector";
    const auto selector = payload.first(4);
    AbiReader reader(payload.subspan(4), "revert payload");
    if (std::ranges::equal(selector, error.selector())) {
        const std::string_view text = reader.string();
        if (reader.error() == nullptr) return fmt::format("\"{}\"", printable(text));
    } else if (std::ranges::equal(selector, panic.selector())) {
        const model::U256 code = reader.u256();
        if (reader.error() == nullptr)
            return fmt::format("panic {}, {}", code.to_hex(), panic_meaning(code.to_u64().value_or(0)));
    }
    return fmt::format("custom error {}", model::to_hex(selector));
}

}  // namespace

const model::Address& multicall3_address() {
    static const model::Address address = model::Address::parse("0xcA11bde05977b3631167028862bE2a173976CA11").value();
    return address;
}

std::vector<std::size_t> chunk_lengths(std::span<const Call* const> calls, const ChunkLimits& limits) {
    const std::size_t chunks = (calls.size() + limits.max_calls - 1) / limits.max_calls;
    const std::size_t fair = chunks == 0 ? 0 : (calls.size() + chunks - 1) / chunks;
    std::vector<std::size_t> lengths;
    std::size_t length = 0;
    std::size_t bytes = fixed_bytes;
    for (const Call* call : calls) {
        const std::size_t own = encoded_bytes(*call);
        if (length > 0 && (length >= fair || bytes + own > limits.max_bytes)) {
            lengths.push_back(std::exchange(length, 0));
            bytes = fixed_bytes;
        }
        ++length;
        bytes += own;
    }
    if (length > 0) lengths.push_back(length);
    return lengths;
}

model::Bytes encode_aggregate3(std::span<const Call* const> calls) {
    AbiWriter items;
    for (const Call* call : calls)
        items.tuple(AbiWriter().address(call->to).boolean(true).bytes(call->data));
    return aggregate3()(AbiWriter().array(calls.size(), items));
}

model::Result<std::vector<CallResult>> decode_aggregate3(std::size_t count, std::span<const std::byte> reply) {
    AbiReader reader(reply, "aggregate3");
    auto results = reader.array(count, [](AbiReader& item) {
        AbiReader result = item.tuple();
        const bool success = result.boolean();
        return CallResult{success, result.bytes()};
    });
    if (results.size() != count) reader.reject(fmt::format("{} results for {} calls", results.size(), count));
    return reader.finish(std::move(results));
}

std::string call_name(const Call& call) {
    const std::span<const std::byte> selector(call.data.data(), std::min<std::size_t>(call.data.size(), 4));
    return fmt::format("call {} of {}", model::to_hex(selector), call.to.to_string());
}

std::string revert_text(std::span<const std::byte> payload) {
    const bool cut = payload.size() > max_shown;
    return fmt::format("reverted: {} ({}{})", meaning(payload), model::to_hex(payload.first(cut ? max_shown : payload.size())),
                       cut ? fmt::format("... {} bytes", payload.size()) : "");
}

}  // namespace margind::adapters::evm
