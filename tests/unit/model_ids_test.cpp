// Identifiers: text forms against published vectors, and refusals.
#include "risk/model/ids.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace margind::model {
namespace {

// Addresses in EIP-55 form: the first rows of ethers.js testcases/accounts.json (MIT).
constexpr const char* eip55[] = {
    "0xFc32402667182d11B29fab5c5e323e80483e7800", "0x754f3988a32B833D1CcEE2655679c9201074891f",
    "0x29Bb98427ebCe59c93852cA9310A90dD89A807aB", "0x65B71D4E2302EA1209d781c2abC681B76F9e4E50",
    "0x8b4130A0cA7970b8a8A3b8Ec8a284175949d99F6", "0x71112dd7F2178bb88C41AF9828E7b0335b334473",
    "0xA011D4E22c57Ba8C66131EA943af8147C9DF75bb", "0x98B70f30a7b4ec45F1dA6352CBBed414aCa4Ca3D",
    "0x263953eB318da2872544bAD6CA7dEc0d44D3b5a2", "0x2900d43c17f8A671B540Baa57C2a0f252b733b74",
    "0x3974fBDa2f958A62a476f65b05FCC85844b3CE61", "0x6747828810Dd200F5D2b41dd96778B5a2a6295e9",
    "0x553A8BAbc81a877eB76e443a7e739be04a0142F0", "0x25F11a6Cc1567db5B189D89E853aa7d0314F5531",
    "0xAAaFa0aD921E8766E43b342CD155Cd291E9bF8a9", "0x5FFD1244d86A6904aa7fe6F04665BE76425A1537",
    // The four mixed-case examples of EIP-55 itself.
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

TEST(Address, prints_the_eip55_form_of_published_addresses) {
    for (const char* text : eip55) {
        const Result<Address> address = Address::parse(lower(text));
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), text);
        EXPECT_EQ(*Address::parse(text), *address);
    }
}

TEST(Address, takes_one_case_without_a_checksum) {
    EXPECT_TRUE(Address::parse("0x52908400098527886E0F7030069857D2E4169EE7"));
    EXPECT_TRUE(Address::parse("0xde709f2102306220921060314715629080e2fb77"));
    EXPECT_TRUE(Address::parse("0x0000000000000000000000000000000000000000")->is_zero());
}

TEST(Address, refuses_every_single_change_of_case) {
    const std::string good = eip55[0];
    for (std::size_t i = 2; i < good.size(); ++i) {
        std::string bad = good;
        if (std::isalpha(static_cast<unsigned char>(bad[i])) == 0) continue;
        bad[i] = static_cast<char>(bad[i] ^ 0x20);
        const Result<Address> address = Address::parse(bad);
        ASSERT_FALSE(address) << bad;
        EXPECT_NE(address.error().message.find(bad), std::string::npos) << address.error().message;
    }
}

TEST(Address, names_the_malformed_text) {
    for (const char* text : {"", "0x", "0x12", "52908400098527886E0F7030069857D2E4169EE7", "0X52908400098527886E0F7030069857D2E4169EE7",
                             "0x52908400098527886E0F7030069857D2E4169EE", "0x52908400098527886E0F7030069857D2E4169EE70",
                             "0x52908400098527886E0F7030069857D2E4169Eg7", " 0x52908400098527886E0F7030069857D2E4169EE7"}) {
        const Result<Address> address = Address::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().code, ErrorCode::bad_input);
        EXPECT_NE(address.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
    }
    EXPECT_LT(Address::parse(std::string(1 << 20, 'a')).error().message.size(), 300U);
}

TEST(Hex, round_trips_and_refuses) {
    for (const char* text : {"0x", "0x00", "0xdeadbeef", "0x0102ff"}) EXPECT_EQ(to_hex(bytes_from_hex(text).value()), text);
    EXPECT_EQ(to_hex(bytes_from_hex("0xABcd").value()), "0xabcd");
    for (const char* text : {"", "0", "x", "0x0", "00", "0xzz", "0x 1", "0X00"}) EXPECT_FALSE(bytes_from_hex(text)) << text;
    EXPECT_TRUE(bytes_from_hex("0x0102", 2));
    EXPECT_FALSE(bytes_from_hex("0x010203", 2));
}

TEST(Bytes32, takes_exactly_64_digits) {
    const std::string text = "0x" + std::string(62, '0') + "a7";
    EXPECT_EQ(Bytes32::parse(text)->to_string(), text);
    EXPECT_FALSE(Bytes32::parse("0xa7"));
    EXPECT_FALSE(Bytes32::parse(text + "00"));
    EXPECT_FALSE(Bytes32::parse(text.substr(2)));
}

TEST(VenueId, round_trips) {
    for (const char* text : {"aave_v3:1", "gmx_v2:42161", "aave_v3:1/lido", "x:18446744073709551615"}) {
        const Result<VenueId> venue = VenueId::parse(text);
        ASSERT_TRUE(venue) << text;
        EXPECT_EQ(venue->to_string(), text);
    }
    EXPECT_EQ(VenueId::parse("aave_v3:1/lido")->market, "lido");
}

TEST(VenueId, names_the_malformed_text) {
    for (const char* text : {"", "aave_v3", ":1", "aave_v3:", "aave_v3:0", "aave_v3:01", "aave_v3:-1", "aave_v3:1/", "Aave:1", "aave_v3:1x",
                             "aave_v3:18446744073709551616", "aave_v3:1/a b", "aave_v3:1/a:b", "aave_v3:1/a/b"}) {
        const Result<VenueId> venue = VenueId::parse(text);
        ASSERT_FALSE(venue) << text;
        EXPECT_NE(venue.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
    }
}

TEST(AccountKey, round_trips) {
    const std::string owner = eip55[1];
    for (const std::string& text : {"aave_v3:1:" + owner, "aave_v3:1/lido:" + owner, "derive:957:" + owner + ":17", "gmx_v2:42161:" + owner + ":0xab:long"}) {
        const Result<AccountKey> key = AccountKey::parse(text);
        ASSERT_TRUE(key) << text;
        EXPECT_EQ(key->to_string(), text);
    }
    for (const std::string& text : {std::string("aave_v3:1"), "aave_v3:1:" + owner + ":", "aave_v3:1:" + owner + ": ", owner, std::string("aave_v3:1:0x12")})
        EXPECT_FALSE(AccountKey::parse(text)) << text;
}

struct KeccakVector {
    const char* data;
    const char* hash;
};

// Rows of ethers.js testcases/hashes.json (MIT).
constexpr KeccakVector keccak_vectors[] = {
    {"0x",
     "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
    {"0xdd633e51d725e1f444b9a724729fb8bd052ec4737eceba804e846a32b4530c22604b520987eef289f30fd2db127d27bda9d3",
     "0x62a89402990455b21b2119540dc10d9b74fe5b951d343a3540d54f8c0bf3475b"},
    {"0x5dca53da48dba1ac89b63618acd056621774dd60a7ef7f891f64",
     "0xf3a5018dcb8a9cc9109e8c92e37e1734ccf10f38dfcad66ba8428b2e6e6e7270"},
    {"0x3e",
     "0xeff31f7855752a3582db9a0d965d5063f23d94003e66f8c5a8f8e8fe2ab24753"},
    {"0x9141b6a6f54196",
     "0x8cb442484ae258e5d10818b4bd24ffd2aa64bd47d78bdc2c7ae69061f431db97"},
    {"0xc52fa2eeac4ecc94db7e76c2d6d057952d9e841803ab114c3f63655da583fd73",
     "0xa1b6b9e8effdbad2ae7c980bb8d917c775a74aed64f3f4eb1b041f7a570f4879"},
    {"0x2f55a04b8e30377e18f40628703dd9fee4a7a6caaa8d2f5aedc9f93123eec8bc374b2b8301b1edbcc86612a691376d7ac3ced7229835b3516e1c75b47e8c6c9e67c454eeb7ee4bdfdce3bff554800152182ef7c097e155ba1797cc067cf6cdd6e5018cd62ebe9977f3a8c0f3ac9f2e3c11e6e8765e94306c3a97104fb2",
     "0xaa318ca36812bbb22cc9d79a0ddd63b29991463a7016ccfa169f80090ff45003"},
};

TEST(Keccak256, equals_published_hashes) {
    for (const auto& [data, hash] : keccak_vectors) EXPECT_EQ(keccak256(bytes_from_hex(data).value()).to_string(), hash) << data;
}

TEST(Keccak256, gives_the_selector_of_transfer) {
    EXPECT_EQ(keccak256("transfer(address,uint256)").to_string().substr(0, 10), "0xa9059cbb");
}

}  // namespace
}  // namespace margind::model
