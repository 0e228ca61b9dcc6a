// RedStone's packages: published samples of production, and packages signed by keys of the test.
#include "adapters/oracles/redstone/kind.hpp"
#include "adapters/oracles/redstone/package.hpp"
#include "tests/support/signed_package.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>

namespace margind::adapters::oracles::redstone {
namespace {

using model::Address;
using model::Bytes;
using model::U256;
using tests::Saying;
using tests::Signer;

const Wanted eth{data_feed_id("ETH")};
constexpr std::int64_t heartbeat = 96;

Bytes hex(const std::string& text) { return model::bytes_from_hex("0x" + text).value(); }
Address address(const char* text) { return Address::parse(text).value(); }

// The unit test of RedStone's own protocol library: BTC 42000 and ETH 2000, signed by the keys 0x11… and 0x22…
const std::string unsigned_package =
    "4254430000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003d1e382100045544800"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002e90edd00001812f2590c00000"
    "0020000002";
const std::string first_signature =
    "c1296a449f5d353c8b04eb389f33a583ee79449cca6e366900042f19f2521e722a410929223231905839c00865af68738f1a202478d87dc33675ea5824f343901b";
const std::string second_signature =
    "dbbf8a0e6b1c9a56a4a0ef7089ef2a3f74fbd21fbd5c7c8192b70084004b4f6d37427507c4fff835f74fd4d000b6830ed296e207f49831b96f90a4f4e60820ee1c";
const std::string end_of_payload = "0002312e312e3223746573742d646174612d66656564000014000002ed57011e0000";
const std::string payload = unsigned_package + first_signature + unsigned_package + second_signature + end_of_payload;

TEST(RedstonePayload, gives_the_packages_and_signers_of_the_protocols_own_sample) {
    const auto packages = parse_payload(hex("a9059cbb" + payload), eth);
    ASSERT_TRUE(packages) << packages.error().message;
    ASSERT_EQ(packages->size(), 2U);
    for (const SignedPackage& package : *packages) {
        EXPECT_EQ(package.time_ms, 1'654'353'400'000);
        ASSERT_EQ(package.points.size(), 2U);
        EXPECT_EQ(package.points[0], (DataPoint{data_feed_id("BTC"), U256(4'200'000'000'000)}));
        EXPECT_EQ(package.points[1], (DataPoint{data_feed_id("ETH"), U256(200'000'000'000)}));
        EXPECT_EQ(serialised(package, 32), hex(unsigned_package));
    }
    EXPECT_EQ((*packages)[0].signer, address("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"));
    EXPECT_EQ((*packages)[1].signer, address("0x1563915e194D8CfBA1943570603F7606A3115508"));
    EXPECT_EQ(Signer(0x11).address(), address("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"));
}

TEST(RedstonePayload, passes_over_packages_of_other_feeds) {
    const auto packages = parse_payload(hex(payload), {data_feed_id("SOL")});
    ASSERT_TRUE(packages);
    EXPECT_TRUE(packages->empty());
}

TEST(RedstonePayload, refuses_every_cut_of_a_payload) {
    const Bytes whole = hex(payload);
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        EXPECT_FALSE(parse_payload(std::span(whole).subspan(cut), eth)) << cut;
        EXPECT_FALSE(parse_payload(std::span(whole).first(whole.size() - cut), eth)) << cut;
    }
}

TEST(RedstonePayload, refuses_sizes_beyond_its_bounds) {
    const auto with = [&](const std::string& value_size, const std::string& count) {
        const std::string package = unsigned_package.substr(0, unsigned_package.size() - 14) + value_size + count;
        return parse_payload(hex(package + first_signature + "0001" + "000000" + "000002ed57011e0000"), eth);
    };
    EXPECT_TRUE(with("00000020", "000002"));
    EXPECT_FALSE(with("00000000", "000002"));
    EXPECT_FALSE(with("00000021", "000002"));
    EXPECT_FALSE(with("ffffffff", "ffffff"));
    EXPECT_FALSE(with("00000020", "000000"));
    EXPECT_FALSE(with("00000020", "ffffff"));
    EXPECT_FALSE(parse_payload(hex("ffff" "000000" "000002ed57011e0000"), eth));
    EXPECT_FALSE(parse_payload({}, eth));
}

// What RedStone's primary service said of ETH on 2024-07-01 at 18:01:40 UTC.
constexpr std::int64_t production_ms = 1'719'856'900'000;

std::vector<std::vector<std::string>> published() {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/signatures.txt");
    std::vector<std::vector<std::string>> rows;
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::vector<std::string> row;
        for (std::string field; fields >> field;) row.push_back(field);
        if (!row.empty() && row.front() == "message") rows.push_back(row);
    }
    return rows;
}

TEST(RedstoneGateway, verifies_what_production_signed) {
    // Values in the order of the published rows, which begin after those of Pyth (13) and Data Streams (2).
    const char* const values[] = {"3486.56332865", "3486.96283975", "3486.95203485", "3486.79", "3486.95203485"};
    const auto rows = published();
    std::vector<std::string> packages;
    config::RedstoneFeed source{"ETH", config::Secret("http://localhost", "test"), {}, 3};
    for (std::size_t i = 0; i < std::size(values); ++i) {
        const auto& row = rows.at(15 + i);
        source.signers.push_back(address(row[1].c_str()));
        Saying saying;
        saying.value = values[i];
        saying.time_ms = production_ms;
        packages.push_back(tests::json_package(saying, hex(row[3])));
    }
    Delivery delivery;
    delivery.packages = parse_gateway(tests::gateway_reply("ETH", packages), eth).value();
    ASSERT_EQ(delivery.packages.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(delivery.packages[i].signer, source.signers[i]) << i;
    const Verdict verdict = judge(source, heartbeat, &delivery, {}, production_ms / 1000 + 20);
    EXPECT_EQ(verdict.refused, "");
    EXPECT_EQ(verdict.answer.raw, model::I256(348'695'203'485));
    EXPECT_EQ(verdict.answer.updated_at, production_ms / 1000);
    EXPECT_EQ(verdict.answer.decimals, 8);
}

TEST(RedstoneGateway, takes_the_decimals_of_the_signed_bytes_and_not_those_that_the_gateway_claims) {
    // 20 with 10 decimals makes the signed bytes of 2000 with 8.
    Saying saying;
    saying.raw = 200'000'000'000;
    saying.time_ms = production_ms;
    const Bytes signature = Signer(1).sign(tests::signed_bytes(saying));
    const std::string text = R"([{"timestampMilliseconds":)" + std::to_string(production_ms) + R"(,"signature":")" + tests::base64(signature) +
                             R"(","dataPoints":[{"dataFeedId":"ETH","value":20,"decimals":10}]}])";
    const auto packages = parse_gateway(text, eth);
    ASSERT_TRUE(packages);
    ASSERT_EQ(packages->size(), 1U);
    EXPECT_EQ(packages->front().signer, Signer(1).address());
    EXPECT_EQ(packages->front().points.front().value, U256(200'000'000'000));
}

TEST(RedstoneGateway, leaves_out_what_is_no_package) {
    Saying saying;
    saying.time_ms = production_ms;
    const std::string good = tests::json_package(saying, Signer(1).sign(tests::signed_bytes(saying)));
    const char* const bad[] = {"{}", "7", "null", "[]", R"({"timestampMilliseconds":1,"signature":"","dataPoints":[]})",
                               R"({"timestampMilliseconds":-1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":1}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":-1}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":1e21}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":"x"}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":2,"decimals":19}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":2,"valueByteSize":33}]})",
                               R"({"timestampMilliseconds":1,"signature":"","dataPoints":[{"dataFeedId":"ETH","value":2,"valueByteSize":1}]})"};
    for (const char* const one : bad) {
        const auto packages = parse_gateway(tests::gateway_reply("ETH", {one, good}), eth);
        ASSERT_TRUE(packages) << one;
        EXPECT_EQ(packages->size(), 1U) << one;
        EXPECT_FALSE(parse_gateway(tests::gateway_reply("ETH", {one}), eth)) << one;
    }
    // Base64 with a bit too much, or of another length, is no signature.
    const std::string text = tests::base64(Signer(1).sign(tests::signed_bytes(saying)));
    for (std::string damaged : {text.substr(0, 87), text + "=", text.substr(0, 86) + "A=", std::string(88, '*')}) {
        const auto packages = parse_gateway(R"([{"timestampMilliseconds":1719856900000,"signature":")" + damaged + R"(","dataPoints":[{"dataFeedId":"ETH","value":3000}]}])", eth);
        ASSERT_TRUE(packages) << damaged;
        EXPECT_FALSE(packages->front().signer) << damaged;
    }
}

TEST(RedstoneDelivery, knows_both_forms) {
    EXPECT_EQ(parse_delivery(" 0x" + payload + "\n", eth).value().size(), 2U);
    EXPECT_FALSE(parse_delivery("0xzz", eth));
    EXPECT_FALSE(parse_delivery("  ", eth));
    EXPECT_FALSE(parse_delivery("<html>", eth));
}

// Number.toFixed(8) of V8, computed with Node.
TEST(RedstoneValue, is_fixed_as_javascript_fixes_it) {
    const std::pair<double, std::uint64_t> cases[] = {{0, 0}, {1, 100'000'000}, {3486.56332865, 348'656'332'865}, {0.1, 10'000'000}, {1e-9, 0}, {5e-9, 1},
                                                      {4.9999e-9, 0}, {1.0 / 512, 195'313}, {3.0 / 512, 585'938}, {1.000000005, 100'000'000},
                                                      {123456789.123456789, 12'345'678'912'345'679}, {5e-324, 0}, {0.00000001, 1}, {1.005, 100'500'000}};
    for (const auto& [value, fixed] : cases) EXPECT_EQ(fixed_decimals(value, 8), U256(fixed)) << value;
    EXPECT_EQ(fixed_decimals(999999999999999868928.0, 8).value().to_decimal(), "99999999999999986892800000000");
    EXPECT_FALSE(fixed_decimals(1e21, 8));
    EXPECT_FALSE(fixed_decimals(-1e-9, 8));
    EXPECT_FALSE(fixed_decimals(std::numeric_limits<double>::quiet_NaN(), 8));
    EXPECT_FALSE(fixed_decimals(std::numeric_limits<double>::infinity(), 8));
}

class RedstoneJudge : public testing::Test {
protected:
    RedstoneJudge() {
        for (unsigned char byte = 1; byte <= 5; ++byte) source_.signers.push_back(Signer(byte).address());
    }
    SignedPackage said(unsigned char by, std::uint64_t value, std::int64_t time_ms) const {
        SignedPackage package;
        package.time_ms = time_ms;
        package.points.push_back({data_feed_id("ETH"), U256(value)});
        package.signer = Signer(by).address();
        return package;
    }
    Verdict judged(std::vector<SignedPackage> packages, std::optional<Answer> previous = {}, std::int64_t block_time = at) const {
        Delivery delivery;
        delivery.packages = std::move(packages);
        return judge(source_, heartbeat, &delivery, previous, block_time);
    }
    static constexpr std::int64_t at = 1'800'000'000;
    static constexpr std::int64_t ms = at * 1000;
    config::RedstoneFeed source_{"ETH", config::Secret("http://localhost", "test"), {}, 3};
};

TEST_F(RedstoneJudge, takes_the_median_of_enough_signers) {
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 9, ms), said(3, 7, ms)}).answer.raw, model::I256(7));
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 9, ms), said(3, 7, ms), said(4, 8, ms)}).answer.raw, model::I256(7));
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 9, ms), said(3, 7, ms), said(4, 8, ms)}).refused, "");
}

TEST_F(RedstoneJudge, counts_distinct_configured_signers_of_one_moment) {
    EXPECT_EQ(judged({said(1, 5, ms), said(1, 5, ms), said(2, 5, ms)}).refused, "2 of 3 signers");
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 5, ms), said(9, 5, ms)}).refused, "2 of 3 signers, 1 signed by others than the configured signers");
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 5, ms), said(3, 5, ms - 10'000)}).refused, "2 of 3 signers");
    SignedPackage forged = said(3, 5, ms);
    forged.signer.reset();
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 5, ms), forged}).refused, "2 of 3 signers, 1 packages without a valid signature");
    // One who says two things at a time has said nothing.
    EXPECT_EQ(judged({said(1, 5, ms), said(2, 5, ms), said(3, 5, ms), said(3, 6, ms)}).refused, "2 of 3 signers");
}

TEST_F(RedstoneJudge, takes_the_newest_moment_that_enough_signed) {
    const Verdict verdict = judged({said(1, 9, ms), said(1, 5, ms - 10'000), said(2, 5, ms - 10'000), said(3, 5, ms - 10'000)});
    EXPECT_EQ(verdict.refused, "");
    EXPECT_EQ(verdict.answer.updated_at, at - 10);
}

TEST_F(RedstoneJudge, refuses_old_future_and_replayed_packages) {
    const auto all = [&](std::int64_t time_ms, std::uint64_t value = 5) { return std::vector{said(1, value, time_ms), said(2, value, time_ms), said(3, value, time_ms)}; };
    EXPECT_EQ(judged(all(ms - 180'000)).refused, "");
    EXPECT_EQ(judged(all(ms - 181'000)).refused, "packages are 181 s old");
    EXPECT_EQ(judged(all(ms + 60'000)).refused, "");
    EXPECT_NE(judged(all(ms + 60'001)).refused, "");
    const Answer accepted = judged(all(ms)).answer;
    EXPECT_NE(judged(all(ms - 10'000), accepted).refused.find("replayed"), std::string::npos);
    // The same moment is no news, whatever its value: what was accepted stays and ages.
    const Verdict again = judged(all(ms, 6), accepted, at + 100);
    EXPECT_EQ(again.refused, "");
    EXPECT_EQ(again.answer, accepted);
    EXPECT_EQ(judge(source_, heartbeat, nullptr, accepted, at).refused, "no package was delivered");
}

RC_GTEST_PROP(RedstonePackages, come_back_from_their_own_payload, ()) {
    const auto time = *rc::gen::inRange<std::int64_t>(1, (std::int64_t{1} << 48) - 1);
    const auto value_size = *rc::gen::inRange<std::size_t>(1, 33);
    const auto count = *rc::gen::inRange<std::size_t>(1, 4);
    SignedPackage package;
    package.time_ms = time;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<std::byte, 32> word{};
        for (std::size_t b = 32 - value_size; b < 32; ++b) word[b] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
        package.points.push_back({data_feed_id(i == 0 ? "ETH" : "F" + std::to_string(i)), U256::from_big_endian(word)});
    }
    const Signer signer(7);
    Bytes bytes = serialised(package, value_size);
    package.signer = signer.address();
    const Bytes signature = signer.sign(bytes);
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    const Bytes end = hex("0001000000000002ed57011e0000");
    bytes.insert(bytes.end(), end.begin(), end.end());
    const auto packages = parse_payload(bytes, eth);
    RC_ASSERT(packages.has_value());
    RC_ASSERT(packages->size() == 1U);
    RC_ASSERT(packages->front() == package);
}

}  // namespace
}  // namespace margind::adapters::oracles::redstone
