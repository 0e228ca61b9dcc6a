// Keccak-256 by Crypto++.
#include "risk/model/keccak.hpp"

#include <cryptopp/keccak.h>

namespace margind::model {

Bytes32 keccak256(std::span<const std::byte> bytes) {
    CryptoPP::Keccak_256 hash;
    hash.Update(reinterpret_cast<const CryptoPP::byte*>(bytes.data()), bytes.size());
    Bytes32 out;
    hash.Final(reinterpret_cast<CryptoPP::byte*>(out.bytes.data()));
    return out;
}

Bytes32 keccak256(std::string_view text) { return keccak256(std::as_bytes(std::span(text.data(), text.size()))); }

}  // namespace margind::model
