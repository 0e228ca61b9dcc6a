// Keys of GMX's DataStore: hashes of ABI-encoded names, and of these with arguments.
#pragma once

#include "risk/model/ids.hpp"

#include <string_view>

namespace margind::adapters::protocols::gmx_v2 {

/// keccak256(abi.encode("NAME")).
model::Bytes32 base_key(std::string_view name);
/// keccak256(abi.encode(base, arguments...)).
model::Bytes32 key_of(std::string_view name, const model::Address& a);
model::Bytes32 key_of(std::string_view name, const model::Address& a, bool is_long);
model::Bytes32 key_of(std::string_view name, const model::Address& a, const model::Address& b);
model::Bytes32 key_of(std::string_view name, const model::Address& a, const model::Address& b, bool is_long);
/// Of MAX_PNL_FACTOR, whose first argument says for what.
model::Bytes32 max_pnl_factor_key(std::string_view type, const model::Address& market, bool is_long);

model::Bytes32 position_key(const model::Address& account, const model::Address& market, const model::Address& collateral, bool is_long);

}  // namespace margind::adapters::protocols::gmx_v2
