// Asking views and decoding what they answer one after another, with the view's name in every error.
#pragma once

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/request.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::adapters::evm {

/// A view by its canonical signature.
Call view(const model::Address& to, std::string_view signature, const AbiWriter& arguments = {});

/// The replies of one round, taken in the order of its requests. Keeps the first error.
class Answers {
public:
    explicit Answers(std::span<const Reply> replies) : replies_(replies) {}

    /// Decodes the next reply; `read(reader)` gives the value. After a revert or wrong bytes: the error is kept, and
    /// a value of nothing is given.
    template <class F>
    auto take(const std::string& what, F read) -> decltype(read(std::declval<AbiReader&>())) {
        auto value = decode(what, read);
        if (value) return *std::move(value);
        if (!error_) error_ = value.error();
        return {};
    }
    /// The same where a revert is an answer (a price that a keeper has not brought): that reply's own error.
    template <class F>
    auto attempt(const std::string& what, F read) { return decode(what, read); }

    model::U256 u256(const std::string& what, unsigned bits = 256) {
        return take(what, [&](AbiReader& r) { return r.uint(bits); });
    }
    model::I256 i256(const std::string& what) {
        return take(what, [](AbiReader& r) { return r.i256(); });
    }
    bool boolean(const std::string& what) {
        return take(what, [](AbiReader& r) { return r.boolean(); });
    }
    model::Address address(const std::string& what) {
        return take(what, [](AbiReader& r) { return r.address(); });
    }
    model::Result<model::U256> attempt_u256(const std::string& what) {
        return attempt(what, [](AbiReader& r) { return r.u256(); });
    }
    /// The raw bytes of the next reply.
    model::Bytes bytes(const std::string& what);

    const std::optional<model::Error>& error() const { return error_; }

private:
    const Reply* next(const std::string& what, model::Error& error);

    template <class F>
    auto decode(const std::string& what, F read) -> model::Result<decltype(read(std::declval<AbiReader&>()))> {
        model::Error error;
        const Reply* reply = next(what, error);
        if (reply == nullptr) return model::fail(std::move(error));
        model::Result<model::Bytes> data = reply_bytes(*reply);
        if (!data) return model::fail(data.error().code, what + ": " + data.error().message, data.error().retry);
        AbiReader reader(*data, what);
        auto value = read(reader);
        return reader.finish(std::move(value));
    }

    std::span<const Reply> replies_;
    std::size_t taken_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace margind::adapters::evm
