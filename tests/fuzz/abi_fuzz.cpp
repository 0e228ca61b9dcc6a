// Fuzz entry of the ABI reader: what is read, written again and read again, is the same.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/multicall.hpp"

#include <cstdint>
#include <cstdlib>
#include <tuple>

namespace {

using namespace margind;
using adapters::evm::AbiReader;
using adapters::evm::AbiWriter;

struct Row {
    model::Address address;
    bool flag = false;
    model::I256 number;
    model::Bytes32 id;
    std::string text;
    std::vector<model::U256> values;
    friend bool operator==(const Row&, const Row&) = default;
};

struct Value {
    std::uint64_t narrow = 0;
    model::Bytes tag;
    std::vector<Row> rows;
    std::vector<std::vector<model::Bytes>> lists;
    friend bool operator==(const Value&, const Value&) = default;
};

model::Bytes copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

Row read_row(AbiReader& in) {
    AbiReader r = in.tuple();
    return {r.address(), r.boolean(), r.sint(128), r.bytes32(), std::string(r.string()),
            r.array(64, [](AbiReader& e) { return e.u256(); })};
}

// (uint40, bytes4, (address, bool, int128, bytes32, string, uint256[])[], bytes[][])
model::Result<Value> read(std::span<const std::byte> data) {
    AbiReader r(data);
    Value value{r.u64(40), r.fixed_bytes(4), r.array(64, read_row), r.array(64, [](AbiReader& list) {
                    return list.array(64, [](AbiReader& e) { return copy(e.bytes()); });
                })};
    return r.finish(std::move(value));
}

model::Bytes write(const Value& value) {
    AbiWriter rows;
    for (const Row& row : value.rows) {
        AbiWriter values;
        for (const model::U256& v : row.values) values.u256(v);
        rows.tuple(AbiWriter()
                       .address(row.address)
                       .boolean(row.flag)
                       .i256(row.number)
                       .bytes32(row.id)
                       .string(row.text)
                       .array(row.values.size(), values));
    }
    AbiWriter lists;
    for (const auto& list : value.lists) {
        AbiWriter items;
        for (const model::Bytes& item : list) items.bytes(item);
        lists.array(list.size(), items);
    }
    return AbiWriter()
        .u256(value.narrow)
        .fixed_bytes(value.tag)
        .array(value.rows.size(), rows)
        .array(value.lists.size(), lists)
        .encoded();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto value = read(bytes)) {
        const auto again = read(write(*value));
        if (!again || *again != *value) std::abort();
    }
    const std::size_t count = size == 0 ? 0 : data[size - 1] % 4;
    const auto results = adapters::evm::decode_aggregate3(count, bytes);
    if (results && results->size() != count) std::abort();
    (void)adapters::evm::revert_text(bytes);
    return 0;
}
