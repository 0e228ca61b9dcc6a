// Readings of GMX V2's accounts on replies that a Reader made of a few lines gives.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/keys.hpp"
#include "adapters/protocols/gmx_v2/readings.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace margind::adapters::protocols::gmx_v2 {
namespace {

using evm::AbiWriter;
using model::Address;
using model::Bytes32;
using model::I256;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}
U256 scaled(std::uint64_t value, unsigned decimals) { return *checked_mul(U256(value), U256::pow10(decimals)); }

const Address owner = numbered(9);
const Address weth = numbered(11);
const Address usdc = numbered(12);
const Address two_markets[] = {numbered(20), numbered(30)};

model::FactsPtr venue() {
    model::FactsBuilder facts{venue_schema};
    facts.add("chain_id", U256(42161));
    facts.add("reader", numbered(1));
    facts.add("data_store", numbered(2));
    facts.add("referral_storage", numbered(3));
    facts.add("price_provider", numbered(4));
    facts.add("min_collateral_usd", U256::pow10(30));
    facts.add("markets", U256(2));
    for (std::size_t i = 0; i < 2; ++i) {
        facts.add(item("market", i, "token"), two_markets[i]);
        facts.add(item("market", i, "index_token"), weth);
        facts.add(item("market", i, "long_token"), weth);
        facts.add(item("market", i, "short_token"), usdc);
    }
    facts.add("tokens", U256(0));
    return std::move(facts).build().value();
}

/// 100,000 USD of ETH at 5,000 behind 10,000 USDC.
AbiWriter position_words(const Address& market) {
    AbiWriter words;
    words.address(owner).address(market).address(usdc).u256(scaled(100'000, 30)).u256(scaled(20, 18)).u256(scaled(10'000, 6)).i256(I256()).u256(U256());
    for (int i = 0; i < 5; ++i) words.u256(U256());
    return words.boolean(true);
}

/// A Reader, a data store and a price provider. Words 28 to 66 of PositionInfo are 0 but for the price of the collateral.
class Chain {
public:
    /// What is in the store; else 0.
    std::map<Bytes32, U256> numbers;
    std::map<Address, bool> disabled;
    /// Of positions by key: what the Reader answers instead.
    std::map<Bytes32, std::function<Reply()>> instead;

    Reply operator()(const Request& request) const {
        const Call& call = std::get<Call>(request);
        const std::string selector = model::to_hex(call.data).substr(0, 10);
        if (selector == "0x77cfb162") return AbiWriter().array(2, AbiWriter().tuple(position_words(two_markets[0])).tuple(position_words(two_markets[1]))).encoded();
        if (selector == "0x377bbdaf") {
            const Address token = address_at(call, 0);
            const U256 price = token == weth ? scaled(5000, 12) : scaled(1, 24);
            return AbiWriter().address(token).u256(price).u256(price).u256(U256(1)).address(numbered(4)).encoded();
        }
        if (selector == "0x313ce567") return AbiWriter().u256(U256(call.to == usdc ? 6 : call.to == weth ? 18 : 8)).encoded();
        if (selector == "0xbd02d0f5") {
            const auto found = numbers.find(word_at(call, 0));
            return AbiWriter().u256(found == numbers.end() ? U256() : found->second).encoded();
        }
        if (selector == "0x21f8a721") return AbiWriter().address(numbered(5)).encoded();
        if (selector == "0x847bb469") return AbiWriter().tuple(market_words(address_at(call, 7))).encoded();
        if (selector == "0x456110f9") return AbiWriter().boolean(false).string("").i256(I256()).i256(I256()).i256(I256()).encoded();
        if (selector == "0xbfbf451a") return info(word_at(call, 6));
        ADD_FAILURE() << "nobody answers " << selector;
        return model::Bytes{};
    }

    AccountReadings accounts() const {
        const auto reading = account_reading(venue(), owner);
        std::vector<Request> requests = reading->next({});
        int rounds = 0;
        for (; !requests.empty(); ++rounds) {
            std::vector<Reply> replies;
            for (const Request& request : requests) replies.push_back((*this)(request));
            requests = reading->next(replies);
        }
        EXPECT_LE(rounds, 3);
        const auto result = reading->result();
        EXPECT_TRUE(result) << result.error().message;
        return *result;
    }
    /// Of the market of that place.
    AccountReading account(std::size_t place) const {
        const std::string sub = key(place).to_string();
        for (const AccountReading& one : accounts())
            if (one.sub == sub) return one;
        throw std::runtime_error("no account " + sub);
    }
    static Bytes32 key(std::size_t place) { return position_key(owner, two_markets[place], usdc, true); }

private:
    static Bytes32 word_at(const Call& call, std::size_t word) {
        Bytes32 out;
        std::copy_n(call.data.begin() + 4 + static_cast<std::ptrdiff_t>(32 * word), 32, out.bytes.begin());
        return out;
    }
    static Address address_at(const Call& call, std::size_t word) {
        Address out;
        const Bytes32 bytes = word_at(call, word);
        std::copy(bytes.bytes.begin() + 12, bytes.bytes.end(), out.bytes.begin());
        return out;
    }
    AbiWriter market_words(const Address& market) const {
        AbiWriter words;
        // 14: longs pay shorts; 15: 10^-7 of the size a second.
        for (unsigned i = 0; i < 29; ++i) {
            if (i == 0) words.address(market);
            else if (i == 28) words.boolean(disabled.contains(market));
            else words.u256(i == 14 ? U256(1) : i == 15 ? scaled(1, 23) : U256());
        }
        return words;
    }
    Reply info(const Bytes32& key_of_info) const {
        if (const auto other = instead.find(key_of_info); other != instead.end()) return other->second();
        const Address& market = two_markets[key_of_info == key(0) ? 0 : 1];
        AbiWriter words = AbiWriter().bytes32(key_of_info).tuple(position_words(market));
        for (unsigned i = 15; i < 67; ++i) words.u256(i == 45 || i == 46 ? scaled(1, 24) : U256());
        return AbiWriter().array(1, AbiWriter().tuple(words)).encoded();
    }
};

TEST(GmxAccounts, that_the_reader_refuses_hide_no_other) {
    Chain chain;
    chain.instead[Chain::key(1)] = [] { return Reply(model::fail(model::ErrorCode::reverted, "reverted: 0x6afad778")); };
    EXPECT_TRUE(chain.account(0).facts);
    EXPECT_FALSE(chain.account(1).facts);
    EXPECT_EQ(chain.account(1).reason, "getPositionInfoList: reverted: 0x6afad778");
    // Another release's width, another position, no position.
    for (const auto& reply : {AbiWriter().array(1, AbiWriter().u256(U256(1))).encoded(), std::get<model::Bytes>(*chain(get_position_info({}, Chain::key(0), {}))),
                              AbiWriter().array(0, {}).encoded(), model::Bytes{}}) {
        chain.instead[Chain::key(1)] = [&] { return Reply(reply); };
        EXPECT_TRUE(chain.account(0).facts);
        EXPECT_FALSE(chain.account(1).facts);
        EXPECT_FALSE(chain.account(1).reason.empty());
    }
}

TEST(GmxAccounts, pay_no_funding_while_nobody_is_on_the_other_side) {
    // perps.md 1.7: nothing accrues while either side's open interest is zero, though MarketInfo shows the saved rate.
    Chain chain;
    const auto rate = [&] { return raw_position(*chain.account(0).facts)->funding_per_second; };
    chain.numbers[key_of("OPEN_INTEREST", two_markets[0], usdc, true)] = scaled(100'000, 30);
    EXPECT_EQ(rate(), U256());
    chain.numbers[key_of("OPEN_INTEREST", two_markets[0], weth, false)] = scaled(1, 30);
    EXPECT_EQ(rate(), scaled(1, 23));
}

TEST(GmxAccounts, of_a_disabled_market_say_so_and_offer_nothing) {
    Chain chain;
    chain.disabled[two_markets[0]] = true;
    for (const std::size_t place : {0U, 1U}) {
        const Named eth{{"ETH"}, "WETH"};
        const auto account = prepared(Book{*raw_position(*chain.account(place).facts), eth, Named{{"USDC"}, "USDC"}, eth});
        const bool said = account->off_chain().notes.size() == 3;
        EXPECT_EQ(said, place == 0);
        EXPECT_EQ(account->options().empty(), place == 0);
        EXPECT_EQ(bool(account->with({model::Verb::deposit, usdc, U256(1)})), place == 1);
    }
}

}  // namespace
}  // namespace margind::adapters::protocols::gmx_v2
