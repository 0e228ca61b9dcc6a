// Derive's readings on bytes: the reference's own reply of balances, and messages in the feeds' storage.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/topic.hpp"
#include "adapters/protocols/derive/readings.hpp"
#include "adapters/protocols/derive/schema.hpp"
#include "adapters/protocols/derive/search.hpp"
#include "adapters/protocols/derive/stale_feeds.hpp"
#include "risk/model/money.hpp"

#include <gtest/gtest.h>

namespace margind::adapters::protocols::derive {
namespace {

using evm::AbiWriter;
using evm::Function;
using model::Address;
using model::U256;

constexpr const char* cash = "0x57B03E14d409ADC7fAb6CFc44b5886CAD2D5f02b";
constexpr const char* option = "0x4BB4C3CDc7562f08e9910A0C7D8bB7e108861eB4";

/// options-lending-oracles.md A1.10 of the project's reference: cash of -1.5, and two of the call of 3500 that ends at 1735286400.
constexpr const char* two_balances =
    "0x0000000000000000000000000000000000000000000000000000000000000020000000000000000000000000000000000000000000000000000000000000000200000000000000000000000057b03e14"
    "d409adc7fab6cfc44b5886cad2d5f02b0000000000000000000000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffeb2eedf284ea0000"
    "0000000000000000000000004bb4c3cdc7562f08e9910a0c7d8bb7e108861eb40000000000000000000000000000000000000000800000517da02c00676e5e80000000000000000000000000000000000000"
    "0000000000001bc16d674ec80000";

Address address(const std::string& text) {
    const auto parsed = Address::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Address{});
}
Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}

model::FactsPtr venue_with_one_account() {
    model::FactsBuilder facts(venue_schema);
    facts.add("time", U256(1'735'000'000));
    facts.add("subaccounts", numbered(1));
    facts.add("matching", numbered(2));
    facts.add("auction", numbered(3));
    facts.add("standard_manager", numbered(4));
    facts.add("cash_asset", address(cash));
    facts.add("markets", U256(1));
    facts.add("managers", U256(0));
    facts.add("feeds", U256(0));
    facts.add("market.0.option", address(option));
    facts.add("market.0.perp", numbered(5));
    facts.add("market.0.base", numbered(6));
    facts.add("market.0.forward_feed", numbered(7));
    facts.add("market.0.vol_feed", numbered(8));
    return *std::move(facts).build();
}

const std::vector<U256> first{U256(1)};

model::Bytes words(const AbiWriter& fields) { return fields.encoded(); }

/// The replies of the first round for an account that Matching holds for `owner`.
std::vector<Reply> first_round(const Address& owner) {
    return {words(AbiWriter().address(owner)),        words(AbiWriter().address(numbered(2))), words(AbiWriter().address(numbered(4))), *model::bytes_from_hex(two_balances),
            words(AbiWriter().i256(*model::parse_decimal("-1.625", 18))), words(AbiWriter().boolean(false))};
}

model::Bytes data_of(const Request& request) { return std::get<Call>(request).data; }

/// Logs as the reference lists them: Matching's DepositedSubAccount and SubAccounts' Transfer, of the subaccount to the owner.
Log deposited(std::uint64_t id, const Address& owner) {
    Log log;
    log.topics = {*model::Bytes32::parse("0x043a568d47b1a65cdc989ff14c921411b62abf40132dc4b5e78675ba8d0bc9df"),
                  model::Bytes32{U256(id).to_big_endian()}, evm::topic_of(owner)};
    return log;
}
Log transferred(std::uint64_t id, const Address& owner) {
    Log log = deposited(id, owner);
    log.topics = {*model::Bytes32::parse("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"), evm::topic_of(numbered(77)),
                  evm::topic_of(owner), log.topics[1]};
    return log;
}

TEST(DeriveSearch, is_for_deposits_and_transfers_to_the_owner) {
    const std::vector<Search> searches = owner_searches(*venue_with_one_account(), numbered(9), 37);
    ASSERT_EQ(searches.size(), 1U);
    EXPECT_EQ(searches[0].from_block, 37U);
    EXPECT_EQ(searches[0].filter.addresses, (std::vector<Address>{numbered(2), numbered(1)}));
    ASSERT_EQ(searches[0].filter.topics.size(), 3U);
    EXPECT_EQ(searches[0].filter.topics[0], (std::vector<model::Bytes32>{deposited(1, numbered(9)).topics[0], transferred(1, numbered(9)).topics[0]}));
    EXPECT_TRUE(searches[0].filter.topics[1].empty());
    ASSERT_EQ(searches[0].filter.topics[2].size(), 1U);
    EXPECT_EQ(searches[0].filter.topics[2][0].to_string(), "0x0000000000000000000000000000000000000000000000000000000000000009");
}

TEST(DeriveSearch, takes_the_numbers_out_of_logs_and_leaves_out_what_is_none) {
    Log other = deposited(5, numbered(9));
    other.topics[0] = model::Bytes32{};
    Log cut = transferred(6, numbered(9));
    cut.topics.pop_back();
    const std::vector<Log> logs{transferred(700'000, numbered(9)), deposited(3, numbered(9)), transferred(3, numbered(9)), other, cut, Log{}};
    EXPECT_EQ(subaccounts_in(logs), (std::vector<U256>{U256(3), U256(700'000)}));
}

TEST(DeriveAccountReading, asks_for_all_that_ever_came_to_the_owner_and_refuses_too_many) {
    const std::vector<U256> three{U256(2), U256(300), U256(700'000)};
    const auto reading = account_reading(venue_with_one_account(), numbered(9), three);
    const std::vector<Request> requests = reading->next({});
    ASSERT_EQ(requests.size(), 18U);
    EXPECT_EQ(data_of(requests[7]), Function("ownerOf(uint256)")(AbiWriter().u256(U256(300))));
    std::vector<U256> many;
    for (std::uint64_t id = 1; id <= most_candidates + 1; ++id) many.emplace_back(id);
    const auto spammed = account_reading(venue_with_one_account(), numbered(9), many);
    EXPECT_TRUE(spammed->next({}).empty());
    const auto accounts = spammed->result();
    ASSERT_FALSE(accounts);
    EXPECT_EQ(accounts.error().code, model::ErrorCode::limit);
    EXPECT_NE(accounts.error().message.find("1025 subaccounts came to the owner, more than the 1024"), std::string::npos) << accounts.error().message;
}

TEST(DeriveAccountReading, asks_for_balances_as_the_reference_encodes_it) {
    const auto reading = account_reading(venue_with_one_account(), numbered(9), first);
    const std::vector<Request> requests = reading->next({});
    ASSERT_EQ(requests.size(), 6U);
    EXPECT_EQ(model::to_hex(data_of(requests[3])), "0xc75697010000000000000000000000000000000000000000000000000000000000000001");
    // Selectors of the reference's table.
    const char* selectors[] = {"0x63f1ddaa", "0x6352211e", "0x52981457", "0xc7569701", "0x77df2e81", "0xc9008b43"};
    for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(model::to_hex(data_of(requests[i])).substr(0, 10), selectors[i]);
}

TEST(DeriveAccountReading, takes_the_references_balances_and_asks_for_what_prices_them) {
    const auto reading = account_reading(venue_with_one_account(), numbered(9), first);
    reading->next({});
    const std::vector<Request> requests = reading->next(first_round(numbered(9)));
    const char* selectors[] = {"0x623bb445", "0x623bb445", "0x6691bc04", "0xf395437d", "0x80f1d266", "0xd4435817", "0x96159550"};
    ASSERT_EQ(requests.size(), std::size(selectors));
    for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(model::to_hex(data_of(requests[i])).substr(0, 10), selectors[i]) << i;
    EXPECT_EQ(data_of(requests[6]), Function("getVol(uint128,uint64)")(AbiWriter().u256(*U256::from_decimal("3500000000000000000000")).u256(U256(1'735'286'400))));
    const auto number = [](const char* text) { return words(AbiWriter().i256(*model::parse_decimal(text, 18))); };
    const model::Bytes settlement = words(AbiWriter().boolean(false).u256(0));
    const model::Bytes forward = words(AbiWriter().u256(0).u256(*U256::from_decimal("3400000000000000000000")).u256(1));
    const model::Bytes vol = words(AbiWriter().u256(*U256::from_decimal("600000000000000000")).u256(1));
    const model::Bytes margin_and_mtm = words(AbiWriter().i256(*model::parse_decimal("7", 18)).i256(*model::parse_decimal("9", 18)));
    const std::vector<Reply> second{number("7"), number("5"), margin_and_mtm, settlement, forward, number("0.9"), vol};
    EXPECT_TRUE(reading->next(second).empty());
    const auto accounts = reading->result();
    ASSERT_TRUE(accounts) << accounts.error().message;
    ASSERT_EQ(accounts->size(), 1U);
    const AccountReading& account = accounts->front();
    EXPECT_EQ(account.sub, "1");
    ASSERT_TRUE(account.facts) << account.reason;
    EXPECT_EQ(account.facts->i256("cash"), *model::parse_decimal("-1.5", 18));
    EXPECT_EQ(account.facts->i256("interest"), *model::parse_decimal("-0.125", 18));
    EXPECT_EQ(account.facts->i256("market.0.expiry.0.option.0.amount"), *model::parse_decimal("2", 18));
    EXPECT_EQ(account.facts->u256("market.0.expiry.0.time"), U256(1'735'286'400));
    ASSERT_EQ(account.views.size(), 3U);
    EXPECT_EQ(account.views[2].value, *model::parse_decimal("9", 18));
}

TEST(DeriveAccountReading, leaves_out_what_is_another_owners) {
    const auto reading = account_reading(venue_with_one_account(), numbered(9), first);
    reading->next({});
    EXPECT_TRUE(reading->next(first_round(numbered(10))).empty());
    const auto accounts = reading->result();
    ASSERT_TRUE(accounts);
    EXPECT_TRUE(accounts->empty());
}

TEST(DeriveAccountReading, says_what_it_was_refused_with) {
    const auto reading = account_reading(venue_with_one_account(), numbered(9), first);
    reading->next({});
    const std::vector<Request> requests = reading->next(first_round(numbered(9)));
    const Reply too_old = model::fail(model::ErrorCode::reverted, "reverted: custom error 0x1141796d");
    // No feed's storage is known here, so nothing can stand in for the views.
    EXPECT_TRUE(reading->next(std::vector<Reply>(requests.size(), too_old)).empty());
    const auto accounts = reading->result();
    ASSERT_TRUE(accounts);
    EXPECT_FALSE(accounts->front().facts);
    EXPECT_NE(accounts->front().reason.find("too old, and the layout of the feed's storage is not the one known"), std::string::npos) << accounts->front().reason;
}

TEST(DeriveStaleFeeds, decode_packed_messages_and_refuse_what_is_none) {
    // 3000 and 0.5 at 1,700,000,000: 96, 64 and 64 bits from below.
    const auto packed = [](const char* low, std::uint64_t confidence, std::uint64_t time) {
        const U256 parts = *checked_add(shift_left_unchecked(U256(time), 160), shift_left_unchecked(U256(confidence), 96));
        return std::array{*checked_add(parts, *U256::from_decimal(low))};
    };
    const auto spot = stored_spot(packed("3000000000000000000000", 500'000'000'000'000'000, 1'700'000'000), 1'700'000'100);
    ASSERT_TRUE(spot) << spot.error().message;
    EXPECT_EQ(spot->price, *model::parse_decimal("3000", 18));
    EXPECT_EQ(spot->confidence, *model::parse_decimal("0.5", 18));
    // 2^96 - 5 is -5 in 96 bits.
    const auto rate = stored_rate(packed("79228162514264337593543950331", 1, 1'700'000'000), 1'700'000'000);
    ASSERT_TRUE(rate);
    EXPECT_EQ(rate->price, I256(-5));
    EXPECT_FALSE(stored_spot(packed("1", 1, 0), 1));
    EXPECT_FALSE(stored_spot(packed("1", 1, 1'700'000'001), 1'700'000'000));
    EXPECT_FALSE(stored_spot(packed("1", 1'000'000'000'000'000'001, 1), 1'700'000'000));
    EXPECT_TRUE(header_is_known(U256(2 + 180 * 256), 2, 180));
    EXPECT_FALSE(header_is_known(U256(2 + 181 * 256), 2, 180));
    // keccak256(abi.encode(key, slot)), as Solidity places a mapping's value.
    const auto slots = volatility_slots(numbered(1), 1'735'286'400);
    ASSERT_EQ(slots.size(), 7U);
    EXPECT_EQ(checked_sub(std::get<StorageAt>(slots[6]).slot, std::get<StorageAt>(slots[0]).slot), U256(6));
}

}  // namespace
}  // namespace margind::adapters::protocols::derive
