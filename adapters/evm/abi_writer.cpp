// Encodes arguments in the Solidity contract ABI.
#include "adapters/evm/abi_writer.hpp"

#include "risk/model/keccak.hpp"

#include <algorithm>
#include <cassert>

namespace margind::adapters::evm {

namespace {

constexpr std::size_t word = 32;

void append_word(model::Bytes& out, const model::U256& value) {
    const auto bytes = value.to_big_endian();
    out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

AbiWriter& AbiWriter::u256(const model::U256& value) {
    append_word(head_, value);
    return *this;
}

AbiWriter& AbiWriter::address(const model::Address& value) {
    head_.resize(head_.size() + word - value.bytes.size());
    head_.insert(head_.end(), value.bytes.begin(), value.bytes.end());
    return *this;
}

AbiWriter& AbiWriter::fixed_bytes(std::span<const std::byte> value) {
    assert(value.size() <= word);
    head_.insert(head_.end(), value.begin(), value.end());
    head_.resize(head_.size() + word - value.size());
    return *this;
}

AbiWriter& AbiWriter::bytes(std::span<const std::byte> value) {
    begin_tail();
    append_word(tail_, value.size());
    tail_.insert(tail_.end(), value.begin(), value.end());
    tail_.resize(tail_.size() + (word - value.size() % word) % word);
    return *this;
}

AbiWriter& AbiWriter::tuple(const AbiWriter& fields) {
    if (fields.is_dynamic()) {
        begin_tail();
        fields.append_to(tail_);
    } else {
        head_.insert(head_.end(), fields.head_.begin(), fields.head_.end());
    }
    return *this;
}

AbiWriter& AbiWriter::array(std::size_t count, const AbiWriter& elements) {
    begin_tail();
    append_word(tail_, count);
    elements.append_to(tail_);
    return *this;
}

model::Bytes AbiWriter::encoded() const {
    model::Bytes out;
    out.reserve(head_.size() + tail_.size());
    append_to(out);
    return out;
}

// Does not reserve: exact growth at each of many tuples would copy their array again and again.
void AbiWriter::append_to(model::Bytes& out) const {
    const std::size_t start = out.size();
    out.insert(out.end(), head_.begin(), head_.end());
    for (const auto& [place, target] : offsets_) {
        const auto offset = model::U256(head_.size() + target).to_big_endian();
        std::copy(offset.begin(), offset.end(), out.begin() + static_cast<std::ptrdiff_t>(start + place));
    }
    out.insert(out.end(), tail_.begin(), tail_.end());
}

void AbiWriter::begin_tail() {
    offsets_.emplace_back(head_.size(), tail_.size());
    head_.resize(head_.size() + word);
}

Function::Function(std::string_view signature) {
    const model::Bytes32 hash = model::keccak256(signature);
    std::copy_n(hash.bytes.begin(), selector_.size(), selector_.begin());
}

model::Bytes Function::operator()(const AbiWriter& arguments) const {
    model::Bytes out(selector_.begin(), selector_.end());
    arguments.append_to(out);
    return out;
}

}  // namespace margind::adapters::evm
