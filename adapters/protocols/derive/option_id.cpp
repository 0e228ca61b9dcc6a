// Bits 0 to 31 expiry, 32 to 94 strike / 1e10, 95 whether it is a call.
#include "adapters/protocols/derive/option_id.hpp"

namespace margind::adapters::protocols::derive {
namespace {

using model::I256;
using model::U256;

constexpr std::uint64_t strike_unit = 10'000'000'000ULL;
constexpr unsigned strike_bits = 63;
constexpr unsigned call_bit = 95;

}  // namespace

std::optional<OptionId> decode_option_id(const U256& sub_id) {
    if (sub_id.bit_width() > call_bit + 1) return std::nullopt;
    const std::uint64_t expiry = sub_id.limbs()[0] & 0xffff'ffffULL;
    if (expiry == 0) return std::nullopt;
    const std::uint64_t packed = shift_right(sub_id, 32).limbs()[0] & ((1ULL << strike_bits) - 1);
    const std::optional<I256> strike = I256::from(checked_mul(U256(packed), U256(strike_unit)).value_or(U256()));
    return OptionId{expiry, strike.value_or(I256()), sub_id.bit(call_bit)};
}

std::optional<U256> encode_option_id(const OptionId& option) {
    const U256 strike = option.strike.magnitude();
    if (option.expiry == 0 || option.expiry > 0xffff'ffffULL || option.strike.is_negative()) return std::nullopt;
    if (!checked_mod(strike, U256(strike_unit)).value_or(U256(1)).is_zero()) return std::nullopt;
    const U256 packed = checked_div(strike, U256(strike_unit)).value_or(U256());
    if (packed.bit_width() > strike_bits) return std::nullopt;
    const U256 terms = checked_add(shift_left_unchecked(packed, 32), U256(option.expiry)).value_or(U256());
    return option.is_call ? checked_add(terms, U256::pow2(call_bit)) : std::optional<U256>(terms);
}

}  // namespace margind::adapters::protocols::derive
