// Encoding for content hashes.
#include "risk/model/content.hpp"

#include "risk/model/keccak.hpp"

#include <bit>

namespace margind::model {

void Content::add_count(std::uint64_t count) {
    for (int shift = 56; shift >= 0; shift -= 8) add_byte(static_cast<std::uint8_t>((count >> shift) & 0xff));
}

void Content::add(std::string_view text) {
    add_count(text.size());
    add_raw(std::as_bytes(std::span(text.data(), text.size())));
}

void Content::add(double value) { add_count(std::bit_cast<std::uint64_t>(value)); }

void Content::add(const U256& value) { add_raw(value.to_big_endian()); }

void Content::add(const I256& value) { add(value.to_word()); }

void Content::add(const Address& address) { add_raw(address.bytes); }

void Content::add(const Bytes32& value) { add_raw(value.bytes); }

void Content::add(const Bytes& value) {
    add_count(value.size());
    add_raw(value);
}

void Content::add(const Money& money) {
    add(money.raw);
    add_byte(money.decimals);
    add(std::string_view(money.unit));
}

Bytes32 Content::hash() const { return keccak256(bytes_); }

}  // namespace margind::model
