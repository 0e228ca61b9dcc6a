// Asking the contracts and decoding what they answer, with the view's name in every error.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::adapters::protocols::lyra_avalon {

/// A view by its canonical signature.
Call view(const model::Address& to, std::string_view signature, const evm::AbiWriter& arguments = {});

/// The replies of one round, taken in the order of its requests. Keeps the first error.
class Answers {
public:
    explicit Answers(std::span<const Reply> replies) : replies_(replies) {}

    /// Decodes the next reply; `read(reader)` gives the value. After a revert or wrong bytes: the error is kept, and
    /// a value of nothing is given.
    template <class F>
    auto take(const std::string& what, F read) -> decltype(read(std::declval<evm::AbiReader&>())) {
        auto value = attempt(what, read);
        if (value) return *std::move(value);
        if (!error_) error_ = value.error();
        return {};
    }
    /// The same where a revert is an answer: that reply's own error.
    template <class F>
    auto attempt(const std::string& what, F read) -> model::Result<decltype(read(std::declval<evm::AbiReader&>()))> {
        const model::Result<model::Bytes> data = next(what);
        if (!data) return model::fail(data.error());
        evm::AbiReader reader(*data, what);
        auto value = read(reader);
        return reader.finish(std::move(value));
    }

    model::U256 u256(const std::string& what) { return take(what, read_u256); }
    bool boolean(const std::string& what) {
        return take(what, [](evm::AbiReader& r) { return r.boolean(); });
    }
    model::Address address(const std::string& what) {
        return take(what, [](evm::AbiReader& r) { return r.address(); });
    }
    model::Result<model::U256> attempt_u256(const std::string& what) { return attempt(what, read_u256); }
    /// The raw bytes of the next reply.
    model::Result<model::Bytes> next(const std::string& what);
    void skip(std::size_t replies) { taken_ += replies; }

    const std::optional<model::Error>& error() const { return error_; }
    /// From here on another error may be kept.
    void forgive() { error_.reset(); }

private:
    static model::U256 read_u256(evm::AbiReader& reader) { return reader.u256(); }

    std::span<const Reply> replies_;
    std::size_t taken_ = 0;
    std::optional<model::Error> error_;
};

/// OptionToken's OptionPosition.
struct OptionPosition {
    model::U256 id;
    model::U256 strike;
    std::uint64_t type = 0;
    model::U256 amount;
    model::U256 collateral;
    std::uint64_t state = 0;
};
inline constexpr std::uint64_t state_active = 1;

OptionPosition read_position(evm::AbiReader& reader);
/// Appends its six words.
void write_position(evm::AbiWriter& out, const OptionPosition& position);

/// A reading as numbered stages, the first without replies; an error of one ends it.
template <class T>
class StagedReading : public Reading<T> {
public:
    std::vector<Request> next(std::span<const Reply> replies) final {
        if (error_) return {};
        model::Result<std::vector<Request>> requests = stage(stage_++, replies);
        if (requests) return *std::move(requests);
        error_ = requests.error();
        return {};
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
    std::optional<model::Error> error_;
};

}  // namespace margind::adapters::protocols::lyra_avalon
