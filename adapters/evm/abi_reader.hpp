// Decodes bytes in the Solidity contract ABI, trusting none of them.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/result.hpp"
#include "risk/model/u256.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace margind::adapters::evm {

/// Reads the fields of one tuple (the values that a call returns are one) in their order.
///
/// The first bad field is remembered, with what and where; every read from then on gives zeros and empties, here and
/// in all readers made from this one, and finish() gives the error instead of the value. So fields are read without a
/// check each, and nothing that was read may be used before finish() or error() was asked.
///
///     AbiReader r(bytes, "getUserAccountData");
///     Account account{r.u256(), r.u256(), r.u256(), r.u256(), r.u256(), r.u256()};
///     return r.finish(std::move(account));
///
/// Reads are bounded by the input: never beyond it, never more in sum than it holds (tails that overlap cannot be made
/// to multiply), and no allocation before the bytes that fill it were seen to exist. Bytes behind the last field are
/// not looked at: contracts grow.
class AbiReader {
public:
    /// `data` and `what` (named in errors: the function or struct) must outlive the reader.
    explicit AbiReader(std::span<const std::byte> data, std::string_view what = "reply");
    AbiReader(const AbiReader&) = delete;
    AbiReader& operator=(const AbiReader&) = delete;

    model::U256 u256() { return uint(256); }
    model::I256 i256() { return sint(256); }
    /// uintN, intN: refused when the word is outside N bits. \pre 8 <= bits <= 256
    model::U256 uint(unsigned bits);
    model::I256 sint(unsigned bits);
    /// uintN with N <= 64.
    std::uint64_t u64(unsigned bits = 64);
    /// Refused unless 0 or 1.
    bool boolean();
    /// Refused when the upper 12 bytes are not zero.
    model::Address address();
    model::Bytes32 bytes32();
    /// bytesN: the rest of the word must be zero. \pre 1 <= size <= 32
    model::Bytes fixed_bytes(std::size_t size);
    /// `bytes`: a view into the input. Padding is not required.
    std::span<const std::byte> bytes();
    /// As bytes(); may hold any bytes.
    std::string_view string();
    /// Passes over `count` words of the head.
    void skip(std::size_t count);

    /// A tuple that holds something dynamic; a static one is simply read on. Also T[k] of dynamic T.
    AbiReader tuple();
    /// T[] of at most `max_count` elements; `read(reader)` is called for each in order.
    template <class F>
    auto array(std::size_t max_count, F read) -> std::vector<decltype(read(std::declval<AbiReader&>()))>;

    /// The first error of this reader's family, or null.
    const model::Error* error() const { return shared_->error ? &*shared_->error : nullptr; }
    /// Makes a wrong value found by the caller the error, unless there is one already; `what` completes "… at byte N: ".
    void reject(std::string what);
    template <class T>
    model::Result<T> finish(T value) const {
        if (const model::Error* e = error()) return model::fail(*e);
        return model::Result<T>(std::move(value));
    }

private:
    struct Shared {
        std::span<const std::byte> data;
        std::string_view what;
        std::size_t bytes_left = 0;
        std::optional<model::Error> error;
    };

    AbiReader(Shared& shared, std::size_t base) : shared_(&shared), base_(base), at_(base) {}
    /// The word at the cursor, or nothing after an error.
    std::optional<std::span<const std::byte, 32>> take_word(const char* type);
    bool spend(std::size_t bytes, const char* type);
    /// Where the tail starts that the next head word points at; the input's end after an error.
    std::size_t tail(const char* type);
    AbiReader elements(std::size_t max_count, std::size_t& count);
    void fail_at(std::size_t place, const char* type, const std::string& why);

    Shared own_;
    Shared* shared_ = &own_;
    std::size_t base_ = 0;
    std::size_t at_ = 0;
};

template <class F>
auto AbiReader::array(std::size_t max_count, F read) -> std::vector<decltype(read(std::declval<AbiReader&>()))> {
    std::vector<decltype(read(std::declval<AbiReader&>()))> out;
    std::size_t count = 0;
    AbiReader inner = elements(max_count, count);
    out.reserve(count);
    for (std::size_t i = 0; i < count && error() == nullptr; ++i) out.push_back(read(inner));
    return out;
}

}  // namespace margind::adapters::evm
