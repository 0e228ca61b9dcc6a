// Keccak-256 as Ethereum uses it (not SHA3-256, whose padding differs).
#pragma once

#include "risk/model/ids.hpp"

#include <span>
#include <string_view>

namespace margind::model {

Bytes32 keccak256(std::span<const std::byte> bytes);
Bytes32 keccak256(std::string_view text);

}  // namespace margind::model
