// The hash of a block header, from its fields: a header cannot be forged and keep its hash. Pure.
#include "adapters/rpc/header_hash.hpp"

#include "adapters/rpc/fields.hpp"
#include "risk/model/keccak.hpp"
#include "risk/model/u256.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace margind::adapters::rpc {

namespace {

using nlohmann::json;

enum class Form : std::uint8_t { bytes, quantity };

struct Field {
    std::string_view name;
    Form form;
    /// Of bytes; 0: any number.
    std::size_t size;
};

/// In the order of the header; the first 15 were always there.
constexpr std::size_t always = 15;
constexpr std::array<Field, 21> fields{{{"parentHash", Form::bytes, 32},
                                        {"sha3Uncles", Form::bytes, 32},
                                        {"miner", Form::bytes, 20},
                                        {"stateRoot", Form::bytes, 32},
                                        {"transactionsRoot", Form::bytes, 32},
                                        {"receiptsRoot", Form::bytes, 32},
                                        {"logsBloom", Form::bytes, 256},
                                        {"difficulty", Form::quantity, 0},
                                        {"number", Form::quantity, 0},
                                        {"gasLimit", Form::quantity, 0},
                                        {"gasUsed", Form::quantity, 0},
                                        {"timestamp", Form::quantity, 0},
                                        {"extraData", Form::bytes, 0},
                                        {"mixHash", Form::bytes, 32},
                                        {"nonce", Form::bytes, 8},
                                        {"baseFeePerGas", Form::quantity, 0},
                                        {"withdrawalsRoot", Form::bytes, 32},
                                        {"blobGasUsed", Form::quantity, 0},
                                        {"excessBlobGas", Form::quantity, 0},
                                        {"parentBeaconBlockRoot", Form::bytes, 32},
                                        {"requestsHash", Form::bytes, 32}}};
/// What nodes answer beside the header.
constexpr std::array<std::string_view, 6> beside{"hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"};

bool is_known(std::string_view name) {
    return std::find(beside.begin(), beside.end(), name) != beside.end() ||
           std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
}

std::span<const std::byte> without_leading_zeros(std::span<const std::byte> bytes) {
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
    return bytes.subspan(static_cast<std::size_t>(first - bytes.begin()));
}

/// RLP's length: `offset` is 0x80 for bytes, 0xc0 for a list.
void append_length(model::Bytes& out, std::size_t length, unsigned offset) {
    if (length <= 55) {
        out.push_back(static_cast<std::byte>(offset + length));
        return;
    }
    std::array<std::byte, sizeof length> big{};
    for (std::size_t i = 0; i < big.size(); ++i) big[big.size() - 1 - i] = static_cast<std::byte>(length >> (8 * i) & 0xff);
    const auto digits = without_leading_zeros(big);
    out.push_back(static_cast<std::byte>(offset + 55 + digits.size()));
    out.insert(out.end(), digits.begin(), digits.end());
}

void append_bytes(model::Bytes& out, std::span<const std::byte> bytes) {
    const bool itself = bytes.size() == 1 && std::to_integer<unsigned>(bytes[0]) < 0x80;
    if (!itself) append_length(out, bytes.size(), 0x80);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

bool append_field(model::Bytes& out, const json& block, const Field& field) {
    const std::string* text = text_of(block, field.name.data());
    if (text == nullptr) return false;
    if (field.form == Form::quantity) {
        const auto value = model::U256::from_hex(*text);
        if (!value) return false;
        const auto big = value->to_big_endian();
        append_bytes(out, without_leading_zeros(big));
        return true;
    }
    const auto bytes = model::bytes_from_hex(*text);
    if (!bytes || (field.size != 0 && bytes->size() != field.size)) return false;
    append_bytes(out, *bytes);
    return true;
}

}  // namespace

std::optional<model::Bytes32> header_hash(const json& block) {
    for (const auto& [name, value] : block.items())
        if (!is_known(name)) return std::nullopt;
    model::Bytes list;
    bool ended = false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool there = block.contains(fields[i].name);
        if (!there && i < always) return std::nullopt;
        if (there && (ended || !append_field(list, block, fields[i]))) return std::nullopt;
        ended = !there;
    }
    model::Bytes whole;
    append_length(whole, list.size(), 0xc0);
    whole.insert(whole.end(), list.begin(), list.end());
    return model::keccak256(whole);
}

bool HeaderCheck::believes(const json& block, const model::Bytes32& claimed) {
    const auto computed = header_hash(block);
    if (!computed) return true;
    if (*computed != claimed) return !has_matched_;
    has_matched_ = true;
    return true;
}

}  // namespace margind::adapters::rpc
