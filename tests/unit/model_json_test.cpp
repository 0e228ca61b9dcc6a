// Snapshots and facts as JSON: nothing lost, nothing let through, and a hash that does not depend on order.
#include "risk/model/json.hpp"

#include "risk/model/content.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/snapshot_fields.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

namespace margind::model {
namespace {

using nlohmann::json;

Address address(std::uint64_t n) {
    Address out;
    const auto word = U256(n).to_big_endian();
    std::copy(word.begin() + 12, word.end(), out.bytes.begin());
    return out;
}

Bytes32 hash(std::uint64_t n) { return Bytes32{U256(n).to_big_endian()}; }

BlockRef block(std::uint64_t chain, std::uint64_t number) { return {ChainId{chain}, number, hash(number), 1'700'000'000 + static_cast<std::int64_t>(number)}; }

FactsPtr facts(std::uint64_t price) {
    FactsBuilder builder("aave_v3.account/1");
    builder.add("price", U256(price));
    builder.add("max", U256::max());
    builder.add("lowest", I256::from_word(U256::pow2(255)));
    builder.add("owner", address(77));
    builder.add("root", hash(5));
    builder.add("paused", false);
    builder.add("active", true);
    builder.add("raw", Bytes{std::byte{0}, std::byte{255}});
    builder.add("none", Bytes{});
    return std::move(builder).build().value();
}

Snapshot sample() {
    Snapshot out;
    out.time = 1'700'000'100;
    for (const std::uint64_t chain : {1ULL, 10ULL}) out.blocks[ChainId{chain}] = block(chain, 100 + chain);
    out.assets.add({ChainId{1}, address(1), AssetId{"ETH"}, "WETH"});
    out.assets.add({ChainId{1}, address(2), AssetId{"USDC"}, "USDC"});
    out.prices.push_back({AssetId{"BTC"}, ChainId{1}, "chainlink:1:0x01", I256(6'400'000'000'000), 8, 1'700'000'000, 3600, 5000, PriceGrade::fresh, ""});
    out.prices.push_back({AssetId{"ETH"}, ChainId{1}, "chainlink:1:0x02", I256(-1), 8, 0, 3600, 5000, PriceGrade::refused, "negative answer -1"});
    out.venues.push_back({VenueId::parse("aave_v3:1").value(), facts(1), block(1, 101), ""});
    out.venues.push_back({VenueId::parse("perp_v2:10").value(), nullptr, {}, "reverted: 0x"});
    for (std::uint64_t i = 0; i < 4; ++i) {
        MarginAccount account;
        account.key = {VenueId::parse("aave_v3:1").value(), address(i + 10), ""};
        // Two accounts hold the same content.
        account.facts = i == 2 ? nullptr : facts(i == 1 ? 3 : 2);
        account.read_at = block(1, 101);
        account.reason = i == 2 ? "reverted: \xe2\x82\xac" : "";
        if (i == 0) account.views = {{"healthFactor", I256(2'362'500'000'000'000'000), 18}, {"ltv", I256(8000), 4}};
        account.verified_at = i == 0 ? block(1, 100) : BlockRef{};
        account.qualifiers.stale = i == 1;
        account.qualifiers.single_source = true;
        out.accounts.push_back(account);
    }
    out.accounts[3].key.sub = "7";
    out.portfolios.push_back({"main", {address(10), address(11)}});
    out.portfolios.push_back({"other", {address(12)}});
    return out;
}

json document_of(const Snapshot& snapshot) {
    json out;
    write_json(JsonWriter(out), snapshot);
    return out;
}

void expect_equal(const Snapshot& a, const Snapshot& b) {
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.blocks, b.blocks);
    EXPECT_EQ(a.assets, b.assets);
    EXPECT_EQ(a.prices, b.prices);
    EXPECT_EQ(a.portfolios, b.portfolios);
    const auto same_facts = [](const FactsPtr& x, const FactsPtr& y) { return x == nullptr ? y == nullptr : y != nullptr && *x == *y; };
    ASSERT_EQ(a.venues.size(), b.venues.size());
    for (std::size_t i = 0; i < a.venues.size(); ++i) {
        EXPECT_EQ(a.venues[i].id, b.venues[i].id);
        EXPECT_TRUE(same_facts(a.venues[i].facts, b.venues[i].facts));
        EXPECT_EQ(a.venues[i].read_at, b.venues[i].read_at);
        EXPECT_EQ(a.venues[i].reason, b.venues[i].reason);
    }
    ASSERT_EQ(a.accounts.size(), b.accounts.size());
    for (std::size_t i = 0; i < a.accounts.size(); ++i) {
        EXPECT_EQ(a.accounts[i].key, b.accounts[i].key);
        EXPECT_TRUE(same_facts(a.accounts[i].facts, b.accounts[i].facts));
        EXPECT_EQ(a.accounts[i].read_at, b.accounts[i].read_at);
        EXPECT_EQ(a.accounts[i].reason, b.accounts[i].reason);
        EXPECT_EQ(a.accounts[i].views, b.accounts[i].views);
        EXPECT_EQ(a.accounts[i].verified_at, b.accounts[i].verified_at);
        EXPECT_EQ(a.accounts[i].qualifiers, b.accounts[i].qualifiers);
    }
}

TEST(SnapshotJson, comes_back_without_loss_through_text) {
    const Snapshot snapshot = sample();
    const Result<json> document = parse_json(print_json(document_of(snapshot)));
    ASSERT_TRUE(document);
    const Result<Snapshot> read = from_json<Snapshot>(*document);
    ASSERT_TRUE(read) << read.error().message;
    expect_equal(snapshot, *read);
    EXPECT_EQ(snapshot_hash(*read), snapshot_hash(snapshot));
    EXPECT_EQ(print_json(document_of(*read)), print_json(document_of(snapshot)));
}

TEST(SnapshotJson, holds_equal_facts_once) {
    EXPECT_EQ(document_of(sample())["facts"].size(), 3U);
    const Snapshot read = from_json<Snapshot>(document_of(sample())).value();
    EXPECT_EQ(read.accounts[0].facts, read.accounts[3].facts);
}

TEST(SnapshotJson, holds_every_type_of_fact_as_text) {
    const json values = document_of(sample())["facts"][facts(1)->content_hash().to_string()]["values"];
    EXPECT_EQ(values["price"], "u256:1");
    EXPECT_EQ(values["lowest"], "i256:-57896044618658097711785492504343953926634992332820282019728792003956564819968");
    EXPECT_EQ(values["paused"], "bool:false");
    EXPECT_EQ(values["raw"], "bytes:0x00ff");
    EXPECT_EQ(values["owner"], "address:0x000000000000000000000000000000000000004D");
}

struct Change {
    const char* what;
    std::function<void(json&)> apply;
    const char* message;
};

TEST(SnapshotJson, names_the_path_and_the_value_that_it_refuses) {
    const std::string facts_key = facts(1)->content_hash().to_string();
    const Change changes[] = {
        {"unknown key", [](json& d) { d["extra"] = 1; }, "$: unknown key \"extra\""},
        {"unknown key below", [](json& d) { d["venues"][0]["x y"] = 1; }, "$.venues[0]: unknown key \"x y\""},
        {"missing key", [](json& d) { d["venues"][1].erase("reason"); }, "$.venues[1]: missing key \"reason\""},
        {"wrong type", [](json& d) { d["time"] = "soon"; }, "$.time: expected an integer from"},
        {"fraction", [](json& d) { d["time"] = 1.5; }, "got 1.5"},
        {"number for an amount", [](json& d) { d["prices"][0]["raw"] = 5; }, "$.prices[0].raw: expected text, got 5"},
        {"malformed amount", [](json& d) { d["prices"][0]["raw"] = "5e3"; }, "got \"5e3\""},
        {"integer too large", [](json& d) { d["prices"][0]["decimals"] = 256; }, "$.prices[0].decimals: expected an integer from 0 to 255, got 256"},
        {"negative number", [](json& d) { d["prices"][0]["decimals"] = -1; }, "got -1"},
        {"unknown enumerator", [](json& d) { d["prices"][0]["grade"] = "good"; }, "$.prices[0].grade: expected one of fresh, late, stale, disputed, sequencer_grace, refused, got \"good\""},
        {"wrong checksum", [](json& d) { d["accounts"][0]["key"] = "aave_v3:1:0xFB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"; }, "wrong address checksum"},
        {"row twice", [](json& d) { d["venues"].push_back(d["venues"][0]); }, "$.venues: aave_v3:1 is given twice"},
        {"block twice", [](json& d) { d["blocks"].push_back(d["blocks"][1]); }, "$.blocks: chain 10 is given twice"},
        {"portfolio twice", [](json& d) { d["portfolios"][1]["name"] = "main"; }, "$.portfolios: \"main\" is given twice"},
        {"absent facts", [&](json& d) { d["facts"].erase(facts_key); }, "aave_v3:1 refers to facts 0x"},
        {"facts of another hash", [&](json& d) { d["facts"][facts_key]["values"]["price"] = "u256:2"; }, "this content hashes to 0x"},
        {"facts of no use", [](json& d) { d["venues"][0]["facts"] = nullptr; }, "nothing refers to facts 0x"},
        {"fact of no type", [&](json& d) { d["facts"][facts_key]["values"]["price"] = "1"; }, "expected a fact such as \"u256:1\", got \"1\""},
        {"fact of unknown type", [&](json& d) { d["facts"][facts_key]["values"]["price"] = "u512:1"; }, "got \"u512:1\""},
        {"fact out of range", [&](json& d) { d["facts"][facts_key]["values"]["price"] = "u256:-1"; }, ".values.price: expected a decimal integer below 2^256, got \"-1\""},
        {"no object", [](json& d) { d = json::array(); }, "$: expected an object, got an array"},
        {"no list", [](json& d) { d["accounts"] = json::object(); }, "$.accounts: expected an array, got an object"},
        {"boolean as number", [](json& d) { d["accounts"][0]["qualifiers"]["stale"] = 1; }, "$.accounts[0].qualifiers.stale: expected true or false, got 1"},
    };
    for (const Change& change : changes) {
        json document = document_of(sample());
        change.apply(document);
        const Result<Snapshot> read = from_json<Snapshot>(document);
        ASSERT_FALSE(read) << change.what;
        EXPECT_NE(read.error().message.find(change.message), std::string::npos) << change.what << ": " << read.error().message;
    }
}

TEST(SnapshotHash, does_not_depend_on_the_order_of_reading) {
    Snapshot turned = sample();
    std::ranges::reverse(turned.accounts);
    std::ranges::reverse(turned.venues);
    std::ranges::reverse(turned.prices);
    std::ranges::reverse(turned.portfolios);
    std::ranges::reverse(turned.portfolios[0].owners);
    EXPECT_EQ(snapshot_hash(turned), snapshot_hash(sample()));
}

TEST(SnapshotHash, depends_on_everything_else) {
    const std::vector<std::function<void(Snapshot&)>> changes = {
        [](Snapshot& s) { ++s.time; },
        [](Snapshot& s) { s.blocks[ChainId{1}].number++; },
        [](Snapshot& s) { s.blocks.erase(ChainId{10}); },
        [](Snapshot& s) { s.assets.add({ChainId{1}, address(1), AssetId{"BTC"}, "WETH"}); },
        [](Snapshot& s) { s.prices[0].raw = I256(1); },
        [](Snapshot& s) { s.prices[0].grade = PriceGrade::late; },
        [](Snapshot& s) { s.prices[1].reason += "x"; },
        [](Snapshot& s) { s.venues[0].facts = facts(9); },
        [](Snapshot& s) { s.venues[0].facts = nullptr; },
        [](Snapshot& s) { s.venues[1].reason = ""; },
        [](Snapshot& s) { s.accounts[0].views[0].value = I256(1); },
        [](Snapshot& s) { std::swap(s.accounts[0].views[0], s.accounts[0].views[1]); },
        [](Snapshot& s) { s.accounts[0].verified_at.time++; },
        [](Snapshot& s) { s.accounts[0].qualifiers.unpinned = true; },
        [](Snapshot& s) { s.accounts[0].key.sub = "1"; },
        [](Snapshot& s) { s.accounts.pop_back(); },
        [](Snapshot& s) { s.portfolios[0].owners.pop_back(); },
        [](Snapshot& s) { s.portfolios[0].name += "x"; },
    };
    std::vector<Bytes32> hashes = {snapshot_hash(sample())};
    for (const auto& change : changes) {
        Snapshot changed = sample();
        change(changed);
        hashes.push_back(snapshot_hash(changed));
    }
    std::ranges::sort(hashes);
    EXPECT_EQ(std::ranges::adjacent_find(hashes), hashes.end());
}

enum class Colour : std::uint8_t { red, blue };
const char* to_string(Colour colour) {
    switch (colour) {
        case Colour::red: return "red";
        case Colour::blue: return "blue";
    }
    return "invalid";
}

struct Inner {
    std::optional<double> share;
    Money money;
};
constexpr auto describe(const Inner*) { return std::tuple(field("share", &Inner::share), field("money", &Inner::money)); }

struct Outer {
    std::int64_t low = 0;
    std::uint64_t high = 0;
    std::uint32_t small = 0;
    Colour colour = Colour::red;
    std::map<AssetId, Inner> inner;
    std::map<AccountKey, std::vector<double>> lists;
};
constexpr auto describe(const Outer*) {
    return std::tuple(field("low", &Outer::low), field("high", &Outer::high), field("small", &Outer::small), field("colour", &Outer::colour),
                      field("inner", &Outer::inner), field("lists", &Outer::lists));
}

Outer outer() {
    Outer out{std::numeric_limits<std::int64_t>::min(), ~0ULL, 7, Colour::blue, {}, {}};
    out.inner[AssetId{"ETH"}] = {0.1, Money{I256(-1'500'000), 6, "USDC"}};
    out.inner[AssetId{"BTC"}] = {std::nullopt, Money{I256(0), 18, "USD"}};
    out.lists[AccountKey::parse("aave_v3:1:0x0000000000000000000000000000000000000001").value()] = {
        0.1, 1.0 / 3.0, -0.0, 5e-324, 1.7976931348623157e308, 3.0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    return out;
}

TEST(DescribedStruct, comes_back_bit_for_bit_through_text) {
    json document;
    write_json(JsonWriter(document), outer());
    const Result<Outer> read = from_json<Outer>(parse_json(print_json(document)).value());
    ASSERT_TRUE(read) << read.error().message;
    // The content hash covers each bit of each double.
    EXPECT_EQ(content_hash(*read), content_hash(outer()));
    EXPECT_EQ(document["low"], "-9223372036854775808");
    EXPECT_EQ(document["high"], "18446744073709551615");
    EXPECT_EQ(document["colour"], "blue");
    EXPECT_EQ(document["inner"]["ETH"]["money"]["amount"], "-1.5");
    EXPECT_TRUE(document["inner"]["BTC"]["share"].is_null());
}

TEST(DescribedStruct, refuses_an_amount_that_is_not_its_raw_value) {
    json document;
    write_json(JsonWriter(document), outer());
    document["inner"]["ETH"]["money"]["amount"] = "-1.6";
    EXPECT_EQ(from_json<Outer>(document).error().message, "$.inner.ETH.money.amount: expected \"-1.5\", which is raw and decimals, got \"-1.6\"");
}

TEST(DescribedStruct, refuses_two_keys_of_one_meaning) {
    json document;
    write_json(JsonWriter(document), outer());
    document["lists"]["aave_v3:1:0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"] = json::array();
    document["lists"]["aave_v3:1:0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"] = json::array();
    EXPECT_NE(from_json<Outer>(document).error().message.find("the key is given twice"), std::string::npos);
}

}  // namespace
}  // namespace margind::model
