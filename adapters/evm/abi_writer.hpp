// Encodes arguments in the Solidity contract ABI.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace margind::adapters::evm {

/// The fields of one tuple (the arguments of a call are one) in their order. An integer of any width is u256 or i256:
/// narrow ones differ only in range, which is the caller's to keep.
class AbiWriter {
public:
    AbiWriter& u256(const model::U256& value);
    AbiWriter& i256(const model::I256& value) { return u256(value.to_word()); }
    AbiWriter& boolean(bool value) { return u256(value ? 1 : 0); }
    AbiWriter& address(const model::Address& value);
    AbiWriter& bytes32(const model::Bytes32& value) { return fixed_bytes(value.bytes); }
    /// bytesN, left-aligned. \pre value.size() <= 32
    AbiWriter& fixed_bytes(std::span<const std::byte> value);
    AbiWriter& bytes(std::span<const std::byte> value);
    AbiWriter& string(std::string_view value) { return bytes(std::as_bytes(std::span(value))); }
    /// A tuple, or an array T[k] of fixed length whose elements are `fields`.
    AbiWriter& tuple(const AbiWriter& fields);
    /// T[]: `elements` holds `count` elements one after the other.
    AbiWriter& array(std::size_t count, const AbiWriter& elements);

    /// Heads, then tails.
    model::Bytes encoded() const;
    void append_to(model::Bytes& out) const;

private:
    void begin_tail();
    bool is_dynamic() const { return !offsets_.empty(); }

    model::Bytes head_;
    model::Bytes tail_;
    /// (place of the offset word in head_, place of its data in tail_)
    std::vector<std::pair<std::size_t, std::size_t>> offsets_;
};

/// A contract function: its selector is computed once, from the canonical signature "transfer(address,uint256)".
class Function {
public:
    explicit Function(std::string_view signature);
    const std::array<std::byte, 4>& selector() const { return selector_; }
    /// Selector and arguments.
    model::Bytes operator()(const AbiWriter& arguments = {}) const;

private:
    std::array<std::byte, 4> selector_{};
};

}  // namespace margind::adapters::evm
