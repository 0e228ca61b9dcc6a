// Data packages signed by keys of the tests' own, in both forms in which RedStone's packages travel.
#pragma once

#include "adapters/oracles/redstone/package.hpp"
#include "risk/model/keccak.hpp"

#include <openssl/evp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

namespace margind::tests {

/// The private key of 32 equal bytes.
class Signer {
public:
    explicit Signer(unsigned char byte) { key_.fill(byte); }

    /// r, s and v.
    model::Bytes sign(const model::Bytes& message) const {
        const model::Bytes32 digest = model::keccak256(message);
        secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
        secp256k1_ecdsa_recoverable_signature signature;
        const auto* hashed = reinterpret_cast<const unsigned char*>(digest.bytes.data());
        if (secp256k1_ecdsa_sign_recoverable(context, &signature, hashed, key_.data(), nullptr, nullptr) != 1) throw std::logic_error("no signature");
        std::array<unsigned char, 65> out{};
        int recovery = 0;
        secp256k1_ecdsa_recoverable_signature_serialize_compact(context, out.data(), &recovery, &signature);
        secp256k1_context_destroy(context);
        out[64] = static_cast<unsigned char>(27 + recovery);
        model::Bytes bytes(out.size());
        std::transform(out.begin(), out.end(), bytes.begin(), [](unsigned char c) { return static_cast<std::byte>(c); });
        return bytes;
    }

    model::Address address() const {
        secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
        secp256k1_pubkey key;
        if (secp256k1_ec_pubkey_create(context, &key, key_.data()) != 1) throw std::logic_error("no key");
        std::array<unsigned char, 65> point{};
        std::size_t size = point.size();
        secp256k1_ec_pubkey_serialize(context, point.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
        secp256k1_context_destroy(context);
        const model::Bytes32 hash = model::keccak256(std::as_bytes(std::span(point)).subspan(1));
        model::Address address;
        std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
        return address;
    }

private:
    std::array<unsigned char, 32> key_{};
};

inline std::string base64(const model::Bytes& bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

/// What one signer says: `value` is a JSON number, `raw` the same with 8 decimals.
struct Saying {
    std::string data_feed = "ETH";
    std::string value = "3000";
    std::uint64_t raw = 300'000'000'000;
    std::int64_t time_ms = 0;
};

inline model::Bytes signed_bytes(const Saying& saying) {
    adapters::oracles::SignedPackage package;
    package.time_ms = saying.time_ms;
    package.points.push_back({adapters::oracles::redstone::data_feed_id(saying.data_feed), model::U256(saying.raw)});
    return adapters::oracles::redstone::serialised(package, 32);
}

/// One package of a gateway.
inline std::string json_package(const Saying& saying, const model::Bytes& signature) {
    return R"({"timestampMilliseconds":)" + std::to_string(saying.time_ms) + R"(,"signature":")" + base64(signature) + R"(","dataPoints":[{"dataFeedId":")" +
           saying.data_feed + R"(","value":)" + saying.value + "}]}";
}

inline std::string gateway_reply(const std::string& data_feed, const std::vector<std::string>& packages) {
    std::string list;
    for (const std::string& package : packages) list += (list.empty() ? "" : ",") + package;
    return "{\"" + data_feed + "\":[" + list + "]}";
}

}  // namespace margind::tests
