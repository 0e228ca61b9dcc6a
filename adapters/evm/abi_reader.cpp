// Decodes bytes in the Solidity contract ABI, trusting none of them.
#include "adapters/evm/abi_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace margind::adapters::evm {

namespace {

constexpr std::size_t word = 32;

bool all_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

AbiReader::AbiReader(std::span<const std::byte> data, std::string_view what)
    : own_{data, what, data.size(), std::nullopt} {}

model::U256 AbiReader::uint(unsigned bits) {
    assert(bits >= 8 && bits <= 256);
    const auto bytes = take_word("uint");
    if (!bytes) return {};
    const model::U256 value = model::U256::from_big_endian(*bytes);
    if (value.bit_width() <= bits) return value;
    fail_at(at_ - word, "uint", fmt::format("{} does not fit {} bits", value.to_hex(), bits));
    return {};
}

model::I256 AbiReader::sint(unsigned bits) {
    assert(bits >= 8 && bits <= 256);
    const auto bytes = take_word("int");
    if (!bytes) return {};
    const model::U256 raw = model::U256::from_big_endian(*bytes);
    const model::I256 value = model::I256::from_word(raw);
    const model::U256 limit = model::U256::pow2(bits - 1);
    if (value.magnitude() < limit || (value.is_negative() && value.magnitude() == limit)) return value;
    fail_at(at_ - word, "int", fmt::format("{} does not fit {} bits", raw.to_hex(), bits));
    return {};
}

std::uint64_t AbiReader::u64(unsigned bits) {
    assert(bits <= 64);
    return uint(bits).limbs()[0];
}

bool AbiReader::boolean() {
    const auto bytes = take_word("bool");
    if (!bytes) return false;
    if (all_zero(bytes->first<word - 1>()) && bytes->back() <= std::byte{1}) return bytes->back() == std::byte{1};
    fail_at(at_ - word, "bool", fmt::format("{} is neither 0 nor 1", model::to_hex(*bytes)));
    return false;
}

model::Address AbiReader::address() {
    model::Address out;
    const auto bytes = take_word("address");
    if (!bytes) return out;
    if (all_zero(bytes->first<12>()))
        std::copy(bytes->begin() + 12, bytes->end(), out.bytes.begin());
    else
        fail_at(at_ - word, "address", fmt::format("{} is longer than 20 bytes", model::to_hex(*bytes)));
    return out;
}

model::Bytes32 AbiReader::bytes32() {
    model::Bytes32 out;
    if (const auto bytes = take_word("bytes32")) std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
    return out;
}

model::Bytes AbiReader::fixed_bytes(std::size_t size) {
    assert(size >= 1 && size <= word);
    const auto bytes = take_word("bytesN");
    if (!bytes) return {};
    if (all_zero(bytes->subspan(size))) return {bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(size)};
    fail_at(at_ - word, "bytesN", fmt::format("{} is longer than {} bytes", model::to_hex(*bytes), size));
    return {};
}

std::span<const std::byte> AbiReader::bytes() {
    AbiReader inner(*shared_, tail("bytes"));
    const std::size_t place = inner.at_;
    const model::U256 length = inner.uint(256);
    if (error() != nullptr) return {};
    const std::size_t available = shared_->data.size() - inner.at_;
    if (length > model::U256(available)) {
        fail_at(place, "bytes", fmt::format("length {} but {} bytes follow", length.to_decimal(), available));
        return {};
    }
    const auto size = static_cast<std::size_t>(length.limbs()[0]);
    if (!spend(size, "bytes")) return {};
    return shared_->data.subspan(inner.at_, size);
}

std::string_view AbiReader::string() {
    const auto data = bytes();
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

void AbiReader::skip(std::size_t count) {
    for (std::size_t i = 0; i < count && error() == nullptr; ++i) take_word("word");
}

AbiReader AbiReader::tuple() { return AbiReader(*shared_, tail("tuple")); }

AbiReader AbiReader::elements(std::size_t max_count, std::size_t& count) {
    const std::size_t place = tail("array");
    AbiReader inner(*shared_, place);
    const model::U256 length = inner.uint(256);
    count = 0;
    if (error() != nullptr) return AbiReader(*shared_, inner.at_);
    const std::size_t available = (shared_->data.size() - inner.at_) / word;
    if (length > model::U256(available))
        fail_at(place, "array", fmt::format("{} elements but {} words follow", length.to_decimal(), available));
    else if (length > model::U256(max_count))
        fail_at(place, "array", fmt::format("{} elements, more than the {} allowed", length.to_decimal(), max_count));
    else
        count = static_cast<std::size_t>(length.limbs()[0]);
    return AbiReader(*shared_, inner.at_);
}

void AbiReader::reject(std::string what) {
    if (shared_->error) return;
    const std::size_t place = at_ == base_ ? at_ : at_ - word;
    shared_->error = model::Error{model::ErrorCode::decode, fmt::format("{} at byte {}: {}", shared_->what, place, what), {}};
}

std::optional<std::span<const std::byte, 32>> AbiReader::take_word(const char* type) {
    if (shared_->error) return std::nullopt;
    const std::size_t size = shared_->data.size();
    if (size < word || at_ > size - word) {
        fail_at(at_, type, size == 0 ? "the reply is empty (no such function, or no contract)"
                                     : fmt::format("the input ends at byte {}", size));
        return std::nullopt;
    }
    if (!spend(word, type)) return std::nullopt;
    const auto out = shared_->data.subspan(at_).first<word>();
    at_ += word;
    return out;
}

bool AbiReader::spend(std::size_t bytes, const char* type) {
    if (bytes > shared_->bytes_left) {
        fail_at(at_, type, "tails overlap: more is to be read than the input holds");
        return false;
    }
    shared_->bytes_left -= bytes;
    return true;
}

std::size_t AbiReader::tail(const char* type) {
    const std::size_t place = at_;
    const model::U256 offset = uint(256);
    const std::size_t size = shared_->data.size();
    if (error() != nullptr) return size;
    if (offset <= model::U256(size - base_)) return base_ + static_cast<std::size_t>(offset.limbs()[0]);
    fail_at(place, type, fmt::format("offset {} is beyond the end, byte {}", offset.to_hex(), size));
    return size;
}

void AbiReader::fail_at(std::size_t place, const char* type, const std::string& why) {
    if (shared_->error) return;
    shared_->error = model::Error{model::ErrorCode::decode,
                                  fmt::format("{}: {} at byte {}: {}", shared_->what, type, place, why), {}};
}

}  // namespace margind::adapters::evm
