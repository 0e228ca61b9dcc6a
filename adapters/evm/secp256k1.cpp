// Recovery of addresses from signatures, by libsecp256k1.
#include "adapters/evm/secp256k1.hpp"

#include "risk/model/keccak.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <array>
#include <algorithm>
#include <stdexcept>

namespace margind::adapters::evm {
namespace {

// Made once and never changed, so that threads share it; what is verified is public, so there is nothing to blind.
const secp256k1_context* context() {
    static const secp256k1_context* const made = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
    if (made == nullptr) throw std::runtime_error("libsecp256k1 gives no context");
    return made;
}

const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

bool is_low(const secp256k1_ecdsa_recoverable_signature& signature) {
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(context(), &plain, &signature);
    secp256k1_ecdsa_signature normal;
    return secp256k1_ecdsa_signature_normalize(context(), &normal, &plain) == 0;
}

}  // namespace

std::optional<model::Address> recover_signer(const model::Bytes32& digest, std::span<const std::byte> signature) {
    if (signature.size() != signature_size) return std::nullopt;
    const int recovery = std::to_integer<int>(signature[64]) - 27;
    if (recovery != 0 && recovery != 1) return std::nullopt;
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, raw(signature.data()), recovery) == 0) return std::nullopt;
    if (!is_low(parsed)) return std::nullopt;
    secp256k1_pubkey key;
    // Refuses r and s of zero, and an r that no point of the curve has.
    if (secp256k1_ecdsa_recover(context(), &key, &parsed, raw(digest.bytes.data())) == 0) return std::nullopt;
    std::array<std::byte, 65> point{};
    std::size_t size = point.size();
    secp256k1_ec_pubkey_serialize(context(), reinterpret_cast<unsigned char*>(point.data()), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    const model::Bytes32 hash = model::keccak256(std::span<const std::byte>(point).subspan(1));
    model::Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

}  // namespace margind::adapters::evm
