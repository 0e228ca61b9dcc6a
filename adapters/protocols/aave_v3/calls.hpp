// The contract calls of Aave V3 and the layouts of their replies.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace margind::adapters::protocols::aave_v3 {

/// getReserveData: the same 15 words in all 3.x pools.
struct ReserveData {
    model::U256 configuration;
    model::U256 liquidity_index;
    model::U256 liquidity_rate;
    model::U256 variable_borrow_index;
    model::U256 variable_borrow_rate;
    std::uint64_t last_update = 0;
    unsigned id = 0;
    model::Address a_token;
    model::Address stable_debt_token;
    model::Address variable_debt_token;
    model::U256 accrued_to_treasury;
};

/// getEModeCategoryData of pools up to 3.1.
struct EModeData {
    std::uint64_t ltv = 0;
    std::uint64_t liquidation_threshold = 0;
    std::uint64_t liquidation_bonus = 0;
    model::Address price_source;
};

/// getEModeCategoryCollateralConfig of pools from 3.2 on.
struct EModeShares {
    std::uint64_t ltv = 0;
    std::uint64_t liquidation_threshold = 0;
    std::uint64_t liquidation_bonus = 0;
};

ReserveData read_reserve_data(evm::AbiReader& reader);
EModeData read_emode_data(evm::AbiReader& reader);
EModeShares read_emode_shares(evm::AbiReader& reader);
std::array<model::U256, 6> read_account_data(evm::AbiReader& reader);

/// A call without arguments, of an address, or of a number.
Request call(const model::Address& to, const evm::Function& function);
Request call(const model::Address& to, const evm::Function& function, const model::Address& argument);
Request call(const model::Address& to, const evm::Function& function, const model::U256& argument);

/// `read` on the bytes of `reply`; an error names `what` (a text, or a function that gives one) and keeps its code.
template <class What, class F>
auto decode(const Reply& reply, const What& what, F read)
    -> model::Result<decltype(read(std::declval<evm::AbiReader&>()))> {
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

inline constexpr auto as_u256 = [](evm::AbiReader& reader) { return reader.u256(); };
inline constexpr auto as_address = [](evm::AbiReader& reader) { return reader.address(); };

/// A reading as numbered stages, the first without replies; an error of one ends it.
template <class T>
class StagedReading : public Reading<T> {
public:
    std::vector<Request> next(std::span<const Reply> replies) final {
        if (error_) return {};
        if (replies.size() != asked_) {
            error_ = model::Error{model::ErrorCode::decode, std::to_string(replies.size()) + " replies to " +
                                                                std::to_string(asked_) + " requests"};
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

}  // namespace margind::adapters::protocols::aave_v3
