// Readings of Hyperliquid on replies that a core made of a few lines gives, and how two operators' readings are held against each other.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/hyperliquid/core.hpp"
#include "adapters/protocols/hyperliquid/readings.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace margind::adapters::protocols::hyperliquid {
namespace {

using evm::AbiWriter;
using model::Address;
using model::I256;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}

/// What each precompile answers to given arguments; what is not here burns all gas.
class Core {
public:
    void says(Precompile precompile, const AbiWriter& arguments, const AbiWriter& answer) { answers_[{address_of(precompile), arguments.encoded()}] = answer.encoded(); }
    void lists(std::uint64_t perp, const std::string& coin) {
        says(Precompile::perp_asset_info, AbiWriter().u256(U256(perp)),
             AbiWriter().tuple(AbiWriter().string(coin).u256(U256(20)).u256(U256(2)).u256(U256(20)).boolean(false)));
    }

    model::Bytes answer(const Call& call) const {
        if (call.to == address_of(Precompile::l1_block_number)) return AbiWriter().u256(U256(12'000)).encoded();
        if (call.to == evm::multicall3_address()) return AbiWriter().u256(U256(1'000)).encoded();
        const auto found = answers_.find({call.to, call.data});
        return found == answers_.end() ? model::Bytes{} : found->second;
    }
    Reply single(const Request& request) const {
        model::Bytes bytes = answer(std::get<Call>(request));
        if (bytes.empty()) return model::fail(model::ErrorCode::reverted, "out of gas");
        return bytes;
    }

private:
    std::map<std::pair<Address, model::Bytes>, model::Bytes> answers_;
};

/// aggregate3's calls as they were packed: address, flag, data.
std::vector<Call> unpacked(const model::Bytes& data) {
    evm::AbiReader reader(std::span<const std::byte>(data).subspan(4));
    return reader.array(1000, [](evm::AbiReader& element) {
        evm::AbiReader tuple = element.tuple();
        Call call;
        call.to = tuple.address();
        tuple.skip(1);
        const auto bytes = tuple.bytes();
        call.data.assign(bytes.begin(), bytes.end());
        return call;
    });
}

Reply batch(const Core& core, const Request& request) {
    AbiWriter results;
    const std::vector<Call> calls = unpacked(std::get<Call>(request).data);
    for (const Call& call : calls) {
        const model::Bytes bytes = core.answer(call);
        results.tuple(AbiWriter().boolean(!bytes.empty()).bytes(bytes));
    }
    return AbiWriter().array(calls.size(), results).encoded();
}

template <class T>
model::Result<T> read(Reading<T>& reading, const Core& core) {
    std::vector<Request> requests = reading.next({});
    while (!requests.empty()) {
        std::vector<Reply> replies;
        for (const Request& request : requests)
            replies.push_back(std::get<Call>(request).to == evm::multicall3_address() ? batch(core, request) : core.single(request));
        requests = reading.next(replies);
    }
    return reading.result();
}

Settings settings() {
    Settings made;
    made.venue = {"hyperliquid", model::ChainId{999}, ""};
    made.multicall = evm::multicall3_address();
    made.dexes = {{0, 0}};
    return made;
}

Core core_of_three() {
    Core core;
    for (const auto& [perp, coin] : {std::pair{0U, "BTC"}, std::pair{1U, "ETH"}, std::pair{2U, "ATOM"}}) core.lists(perp, coin);
    return core;
}

TEST(HyperliquidConfig, counts_the_perps_and_holds_spot_pairs_against_their_tokens) {
    Core core = core_of_three();
    Settings with = settings();
    with.spots = {{150, 107}};
    const AbiWriter token = AbiWriter().string("HYPE").array(0, {}).u256(U256(0)).address({}).address({}).u256(U256(2)).u256(U256(8)).u256(U256(0));
    core.says(Precompile::token_info, AbiWriter().u256(U256(150)), AbiWriter().tuple(token));
    const auto pair = [&](std::uint64_t base, std::uint64_t quote) {
        core.says(Precompile::spot_info, AbiWriter().u256(U256(107)), AbiWriter().tuple(AbiWriter().string("@107").u256(U256(base)).u256(U256(quote))));
        return read(*config_reading(with), core);
    };
    const auto good = pair(150, 0);
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ((*good)->u64(item("dex", 0, "perps")), 3U);
    for (const auto& wrong : {pair(151, 0), pair(150, 268)}) {
        ASSERT_FALSE(wrong) << "a pair of another token would price it";
        EXPECT_TRUE(wrong.error().message.starts_with("spot token 150 with pair 107: the pair prices token")) << wrong.error().message;
    }
    with.spots = {{150, 108}};
    EXPECT_FALSE(read(*config_reading(with), core)) << "no such pair";
}

/// The venue's facts of a core, and one owner who holds perps of it.
model::FactsPtr venue_of(const Core& core, const Settings& with) {
    const auto config = read(*config_reading(with), core);
    EXPECT_TRUE(config) << config.error().message;
    return read(*venue_reading(*config, {}), core).value();
}

void holds(Core& core, const Address& owner, std::uint64_t perp, std::int64_t szi, bool is_isolated) {
    const AbiWriter of = AbiWriter().address(owner).u256(U256(perp));
    core.says(perp < perps_of_dex ? Precompile::position : Precompile::position2, of,
              AbiWriter().i256(I256(szi)).u256(U256(500'000)).i256(I256(is_isolated ? -400'000 : 0)).u256(U256(10)).boolean(is_isolated));
    core.says(Precompile::mark_px, AbiWriter().u256(U256(perp)), AbiWriter().u256(U256(5'000)));
    core.says(Precompile::oracle_px, AbiWriter().u256(U256(perp)), AbiWriter().u256(U256(5'000)));
}

Core core_with_owner(const Address& owner, const Settings& with, const std::set<std::uint64_t>& perps) {
    Core core = core_of_three();
    core.lists(20'000, "USDHPERP");
    core.says(Precompile::core_user_exists, AbiWriter().address(owner), AbiWriter().boolean(true));
    core.says(Precompile::withdrawable, AbiWriter().address(owner), AbiWriter().u256(U256(0)));
    core.says(Precompile::spot_balance, AbiWriter().address(owner).u256(U256(0)), AbiWriter().u256(U256(100'000'000)).u256(U256(0)).u256(U256(0)));
    for (const Dex& dex : with.dexes)
        core.says(Precompile::account_margin_summary, AbiWriter().u256(U256(dex.number)).address(owner), AbiWriter().i256(I256(7)).u256(U256(0)).u256(U256(0)).i256(I256(7)));
    for (const std::uint64_t perp : {0U, 1U, 2U, 20'000U}) holds(core, owner, perp, perps.contains(perp) ? 100 : 0, perp == 2);
    return core;
}

TEST(HyperliquidAccounts, of_a_unified_owner_are_one_of_usdc_and_one_of_each_other_collateral) {
    Settings with = settings();
    with.dexes.push_back({2, 360});
    const Core core = core_with_owner(numbered(9), with, {0, 1, 20'000});
    const auto venue = venue_of(core, with);
    const auto accounts = read(*account_reading(venue, numbered(9), {}, Mode::unified), core);
    ASSERT_TRUE(accounts) << accounts.error().message;
    ASSERT_EQ(accounts->size(), 2U);
    EXPECT_EQ(accounts->at(0).sub, "dex.2");
    EXPECT_EQ(accounts->at(1).sub, "unified");
    EXPECT_EQ(raw_account(*accounts->at(1).facts)->positions.size(), 2U);
    model::AssetMap assets;
    for (const auto& [address, label] : {std::pair{token_address(0), "USDC"}, std::pair{token_address(360), "USDH"}, std::pair{perp_address(0), "BTC"},
                                         std::pair{perp_address(1), "ETH"}, std::pair{perp_address(20'000), "USDHPERP"}})
        assets.add({model::ChainId{999}, address, {label}, label});
    const auto other = rule().prepare(*venue, *accounts->at(0).facts, assets);
    ASSERT_FALSE(other) << "the dollar of USDC would count twice";
    EXPECT_TRUE(other.error().message.starts_with("mode: token 360 stands behind dex 2")) << other.error().message;
    const auto unified = rule().prepare(*venue, *accounts->at(1).facts, assets);
    ASSERT_TRUE(unified) << unified.error().message;
    // 1 USDC, and two longs of 100 x 5,000 entered at 500,000.
    EXPECT_EQ((*unified)->at((*unified)->current())->equity.to_string(), "1");
}

TEST(HyperliquidAgreement, is_broken_by_a_lie_about_cash_or_spot_balances) {
    const Settings with = settings();
    const Core core = core_with_owner(numbered(9), with, {0, 2});
    const auto venue = venue_of(core, with);
    const auto said = [&](auto change, std::size_t place, Mode mode) {
        const auto accounts = read(*account_reading(venue, numbered(9), {}, mode), core);
        RawAccount raw = raw_account(*accounts->at(place).facts).value();
        change(raw);
        model::FactsBuilder facts{account_schema};
        add_facts(raw, facts);
        facts.add("l1_block", U256(12'000));
        facts.add("evm_block", U256(1'001));
        AccountReading made = accounts->at(place);
        made.facts = std::move(facts).build().value();
        return agree(accounts->at(place), made);
    };
    const auto nothing = [](RawAccount&) {};
    // dex.0 and isolated.2; of a unified owner isolated.2 and unified.
    for (const std::size_t place : {0U, 1U}) {
        EXPECT_TRUE(said(nothing, place, Mode::standard)) << place;
        EXPECT_TRUE(said(nothing, place, Mode::unified)) << place;
    }
    // 2 % of a notional of 500,000 is 10,000: funding of an hour may be as much.
    EXPECT_TRUE(said([](RawAccount& raw) { raw.positions[0].isolated_raw_usd = I256(-390'000); }, 1, Mode::standard));
    EXPECT_FALSE(said([](RawAccount& raw) { raw.positions[0].isolated_raw_usd = I256(-389'999); }, 1, Mode::standard)) << "the equity of an isolated position";
    EXPECT_FALSE(said([](RawAccount& raw) { raw.raw_usd = I256(1'000'000); }, 0, Mode::standard));
    EXPECT_TRUE(said([](RawAccount& raw) { raw.spot_total = U256(101'000'000); }, 1, Mode::unified));
    EXPECT_FALSE(said([](RawAccount& raw) { raw.spot_total = U256(110'000'000); }, 1, Mode::unified)) << "the collateral of a unified account";
    EXPECT_FALSE(said([](RawAccount& raw) { raw.spots.clear(); }, 0, Mode::standard));
    EXPECT_FALSE(said([](RawAccount& raw) { raw.positions[0].szi = I256(-100); }, 0, Mode::standard));
}

}  // namespace
}  // namespace margind::adapters::protocols::hyperliquid
