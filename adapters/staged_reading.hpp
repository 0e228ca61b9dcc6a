// A reading as numbered stages, the calls that it asks for and its replies as values.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace margind::adapters {

/// A call that may share a Multicall3 call with others.
inline Request call_of(const model::Address& to, const evm::Function& function, const evm::AbiWriter& arguments = {}) {
    return Call{to, function(arguments), {}, {}, false};
}

/// `read` on the bytes of `reply`; an error names `what` (a text, or a function that gives one) and keeps its code.
template <class What, class F>
auto decoded(const Reply& reply, const What& what, F read) -> model::Result<decltype(read(std::declval<evm::AbiReader&>()))> {
    const model::Bytes* bytes = reply ? std::get_if<model::Bytes>(&*reply) : nullptr;
    if (bytes != nullptr) {
        // The name costs more than the words: it is made when something is wrong.
        evm::AbiReader reader(*bytes);
        auto value = read(reader);
        if (reader.error() == nullptr) return value;
    }
    std::string name;
    if constexpr (std::is_invocable_v<What>)
        name = what();
    else
        name = what;
    if (bytes == nullptr) {
        const model::Error error = reply_bytes(reply).error();
        return model::fail(error.code, name + ": " + error.message, error.retry);
    }
    evm::AbiReader reader(*bytes, name);
    return reader.finish(read(reader));
}

inline constexpr auto u256_value = [](evm::AbiReader& reader) { return reader.u256(); };
inline constexpr auto address_value = [](evm::AbiReader& reader) { return reader.address(); };
inline constexpr auto boolean_value = [](evm::AbiReader& reader) { return reader.boolean(); };
inline constexpr auto bytes32_value = [](evm::AbiReader& reader) { return reader.bytes32(); };

/// Stage 0 gets no replies; each asks for what the next one gets, until one asks for nothing. An error of one ends the reading.
template <class T>
class StagedReading : public Reading<T> {
public:
    std::vector<Request> next(std::span<const Reply> replies) final {
        if (error_) return {};
        if (replies.size() != asked_) {
            error_ = model::Error{model::ErrorCode::decode,
                                  std::to_string(replies.size()) + " replies to " + std::to_string(asked_) + " requests"};
            return {};
        }
        model::Result<std::vector<Request>> requests = stage(stage_++, replies);
        if (!requests) {
            error_ = requests.error();
            return {};
        }
        asked_ = requests->size();
        return std::move(*requests);
    }
    model::Result<T> result() final {
        if (error_) return model::fail(*error_);
        return finish();
    }

protected:
    virtual model::Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) = 0;
    virtual model::Result<T> finish() = 0;

private:
    unsigned stage_ = 0;
    std::size_t asked_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace margind::adapters
