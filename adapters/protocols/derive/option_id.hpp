// How an option's terms are packed into the id of its balance.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>

namespace margind::adapters::protocols::derive {

struct OptionId {
    /// Unix seconds.
    std::uint64_t expiry = 0;
    /// 18 decimals; the packed form holds 8 of them.
    model::I256 strike;
    bool is_call = false;
    friend bool operator==(const OptionId&, const OptionId&) = default;
};

/// Empty where the id has bits beyond the 96 or no expiry.
std::optional<OptionId> decode_option_id(const model::U256& sub_id);
/// Empty where the expiry is 0 or above 32 bits, or the strike is negative, finer than 8 decimals or above 63 bits of them.
std::optional<model::U256> encode_option_id(const OptionId& option);

}  // namespace margind::adapters::protocols::derive
