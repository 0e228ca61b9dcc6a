// Recovery of signers, against Wycheproof, signed transactions and published signatures of three oracle networks.
#include "adapters/evm/secp256k1.hpp"

#include "risk/model/keccak.hpp"
#include "risk/model/u256.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace margind::adapters::evm {
namespace {

using model::Address;
using model::Bytes;
using model::Bytes32;
using model::U256;

const U256 order = U256::from_hex("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();

Bytes hex(const std::string& text) { return model::bytes_from_hex("0x" + text).value(); }
Bytes32 word(const std::string& text) { return Bytes32::parse("0x" + text).value(); }

std::vector<std::vector<std::string>> vectors(const std::string& kind) {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/signatures.txt");
    std::vector<std::vector<std::string>> rows;
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::vector<std::string> row;
        for (std::string field; fields >> field;) row.push_back(field);
        if (!row.empty() && row.front() == kind) rows.push_back(row);
    }
    return rows;
}

Address address_of_key(const std::string& key) {
    const Bytes32 hash = model::keccak256(hex(key));
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

Bytes with_v(Bytes signature, unsigned v) {
    signature.push_back(static_cast<std::byte>(v));
    return signature;
}

bool recovers(const Bytes32& digest, const Bytes& signature, const Address& signer) {
    return recover_signer(digest, with_v(signature, 27)) == signer || recover_signer(digest, with_v(signature, 28)) == signer;
}

// r and order - s: the other signature that the same numbers make.
Bytes mirrored(const Bytes& signature) {
    std::array<std::byte, 32> s{};
    std::copy(signature.begin() + 32, signature.end(), s.begin());
    const auto other = checked_sub(order, U256::from_big_endian(s)).value().to_big_endian();
    Bytes out(signature.begin(), signature.begin() + 32);
    out.insert(out.end(), other.begin(), other.end());
    return out;
}

TEST(Secp256k1, agrees_with_wycheproof) {
    std::size_t valid = 0;
    std::size_t high = 0;
    std::size_t beyond = 0;
    std::size_t invalid = 0;
    for (const auto& row : vectors("wycheproof")) {
        const Address signer = address_of_key(row[2]);
        const Bytes32 digest = word(row[3]);
        const Bytes signature = row[4] == "-" ? Bytes() : hex(row[4]);
        if (row[1] == "invalid") {
            EXPECT_FALSE(recovers(digest, signature, signer)) << row[4];
            ++invalid;
            continue;
        }
        // Each valid signature or its mirror image has the low s; that one is taken, the other is not.
        const bool as_it_is = recovers(digest, signature, signer);
        const bool mirror_image = recovers(digest, mirrored(signature), signer);
        ++valid;
        if (!as_it_is && !mirror_image) {
            // Only a v of 29 or 30 could say that r + order is meant, and neither Ethereum nor RedStone has those.
            EXPECT_TRUE(row[4].starts_with(std::string(63, '0') + "2")) << row[4];
            ++beyond;
            continue;
        }
        EXPECT_NE(as_it_is, mirror_image) << row[4];
        high += as_it_is ? 0 : 1;
    }
    EXPECT_EQ(valid, 79U);
    EXPECT_EQ(invalid, 45U);
    EXPECT_GT(high, 0U);
    EXPECT_EQ(beyond, 1U);
}

TEST(Secp256k1, names_the_sender_of_transactions) {
    const auto rows = vectors("transaction");
    EXPECT_EQ(rows.size(), 24U);
    for (const auto& row : rows) {
        const auto signer = recover_signer(model::keccak256(hex(row[2])), hex(row[3]));
        ASSERT_TRUE(signer) << row[1];
        EXPECT_EQ(model::to_hex(signer->bytes), row[1]);
    }
}

TEST(Secp256k1, names_the_signers_of_pyth_data_streams_and_redstone) {
    const auto rows = vectors("message");
    EXPECT_EQ(rows.size(), 22U);
    for (const auto& row : rows) {
        const auto signer = recover_signer(word(row[2]), hex(row[3]));
        ASSERT_TRUE(signer) << row[1];
        EXPECT_EQ(model::to_hex(signer->bytes), row[1]);
    }
}

TEST(Secp256k1, takes_no_other_form_of_a_good_signature) {
    const auto row = vectors("message").front();
    const Bytes32 digest = word(row[2]);
    const Bytes good = hex(row[3]);
    ASSERT_TRUE(recover_signer(digest, good));
    Bytes short_one(good.begin(), good.end() - 1);
    EXPECT_FALSE(recover_signer(digest, short_one));
    EXPECT_FALSE(recover_signer(digest, with_v(good, 27)));
    for (const unsigned v : {0U, 1U, 26U, 29U, 255U}) EXPECT_FALSE(recover_signer(digest, with_v(short_one, v))) << v;
    const unsigned v = std::to_integer<unsigned>(good[64]);
    EXPECT_FALSE(recover_signer(digest, with_v(mirrored(short_one), 55 - v)));
    Bytes zero(65);
    zero[64] = std::byte{27};
    EXPECT_FALSE(recover_signer(digest, zero));
}

}  // namespace
}  // namespace margind::adapters::evm
