// Names and schemas of the facts that the aave_v3 readings write and its rule reads.
#pragma once

#include "risk/model/facts.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace margind::adapters::protocols::aave_v3 {

inline constexpr std::string_view config_schema = "aave_v3.config/1";
inline constexpr std::string_view venue_schema = "aave_v3.venue/1";
inline constexpr std::string_view account_schema = "aave_v3.account/1";

/// The user configuration word holds two bits for each of 128 reserves.
inline constexpr unsigned max_reserves = 128;
/// E-mode categories are numbered from 1 to 255.
inline constexpr unsigned max_categories = 256;

/// "reserve.007.price"
std::string reserve_fact(unsigned id, std::string_view field);
/// "emode.001.price"
std::string emode_fact(unsigned category, std::string_view field);

/// A field of a reserve's configuration word.
std::uint64_t bit_field(const model::U256& word, unsigned first, unsigned width);

/// `set` with the bit of a reserve id.
model::U256 with_bit(const model::U256& set, unsigned id);

namespace configuration_bits {
struct Field {
    unsigned first;
    unsigned width;
};
inline constexpr Field ltv{0, 16};
inline constexpr Field liquidation_threshold{16, 16};
inline constexpr Field liquidation_bonus{32, 16};
inline constexpr Field decimals{48, 8};
inline constexpr Field active{56, 1};
inline constexpr Field frozen{57, 1};
inline constexpr Field paused{60, 1};
inline constexpr Field supply_cap{116, 36};
inline constexpr Field liquidation_protocol_fee{152, 16};
inline constexpr Field emode_category{168, 8};
}  // namespace configuration_bits

inline std::uint64_t bit_field(const model::U256& word, configuration_bits::Field field) {
    return bit_field(word, field.first, field.width);
}

}  // namespace margind::adapters::protocols::aave_v3
