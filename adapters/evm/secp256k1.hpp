// Who signed: recovery of addresses from secp256k1 signatures. Nothing here can sign.
#pragma once

#include "risk/model/ids.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace margind::adapters::evm {

constexpr std::size_t signature_size = 65;

/// The address whose key made this signature over `digest`: r (32 bytes), s (32 bytes), v (27 or 28). Empty where it is none:
/// another length or v, r or s zero or not below the order, no point of the curve, and s in the upper half (its mirror image
/// would be a second signature of the same). Any thread.
std::optional<model::Address> recover_signer(const model::Bytes32& digest, std::span<const std::byte> signature);

}  // namespace margind::adapters::evm
