// Hyperliquid: calls and replies as bytes, the worked numbers of the project's reference (perps.md 2), and laws of the margin.
#include "adapters/protocols/hyperliquid/account_file.hpp"
#include "adapters/protocols/hyperliquid/core.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"

#include <gtest/gtest.h>

#include <random>

namespace margind::adapters::protocols::hyperliquid {
namespace {

using evm::AbiWriter;
using model::Address;
using model::I256;
using model::State;
using model::U256;

Address owner_one() {
    Address made;
    made.bytes[19] = std::byte{1};
    return made;
}

model::Result<Named> by_name(const Address&, const std::string& name) { return Named{model::AssetId{name}, name}; }

/// The isolated long of 0.0335 ETH of perps.md 2.3: 100.02765 USD at 2985.9, with -95.059824 of cash.
RawPosition reference_position() {
    RawPosition p;
    p.perp = 1;
    p.coin = "ETH";
    p.margin_table = 50;
    p.sz_decimals = 4;
    p.max_leverage = 50;
    p.szi = I256(335);
    p.entry_ntl = U256(100'027'650);
    p.mark = U256(298'590);
    p.oracle = U256(298'590);
    return p;
}

std::unique_ptr<model::PreparedAccount> account_of(const RawAccount& raw, const std::vector<TierRow>& tiers = {}) {
    auto book = book_of(raw, tiers, by_name);
    EXPECT_TRUE(book) << book.error().message;
    return book ? prepared(std::move(*book)) : nullptr;
}

RawAccount isolated(RawPosition position, std::int64_t raw_usd) {
    position.is_isolated = true;
    position.isolated_raw_usd = I256(raw_usd);
    RawAccount raw;
    raw.mode = "unknown";
    raw.isolated = true;
    raw.positions = {std::move(position)};
    return raw;
}

RawAccount cross(std::vector<RawPosition> positions, std::int64_t raw_usd) {
    RawAccount raw;
    raw.mode = "unknown";
    raw.raw_usd = I256(raw_usd);
    raw.account_value = raw.raw_usd;
    for (const RawPosition& p : positions) {
        const U256 notional = *checked_mul(p.szi.magnitude(), p.mark);
        raw.ntl_pos = *checked_add(raw.ntl_pos, notional);
        raw.account_value = *checked_add(raw.account_value, *I256::make(p.szi.is_negative(), notional));
    }
    raw.positions = std::move(positions);
    return raw;
}

model::Standing standing(const model::PreparedAccount& account, std::vector<U256> prices) { return account.at(State{std::move(prices)}).value(); }

TEST(HyperliquidCalls, are_those_of_the_reference) {
    // perps.md 11.1: no selector.
    const std::string one(63, '0');
    EXPECT_EQ(model::to_hex(position_call(owner_one(), 4).data), "0x" + one + "1" + one + "4");
    EXPECT_EQ(model::to_hex(core_call(Precompile::account_margin_summary, AbiWriter().u256(U256(0)).address(owner_one())).data), "0x" + one + "0" + one + "1");
    EXPECT_EQ(position_call(owner_one(), 4).to.to_string(), "0x0000000000000000000000000000000000000800");
    EXPECT_EQ(address_of(Precompile::account_margin_summary), Address::parse("0x000000000000000000000000000000000000080f"));
}

TEST(HyperliquidCalls, of_a_builders_perp_go_to_the_second_position_precompile) {
    // perps.md 2.1 and 11.1: position2(0x...01, perp 10002).
    const std::string one(63, '0');
    const Call builders = position_call(owner_one(), 10'002);
    EXPECT_EQ(builders.to.to_string(), "0x0000000000000000000000000000000000000813");
    EXPECT_EQ(model::to_hex(builders.data), "0x" + one + "1" + std::string(60, '0') + "2712");
    EXPECT_EQ(position_call(owner_one(), 70'002).to.to_string(), "0x0000000000000000000000000000000000000813");
    EXPECT_EQ(position_call(owner_one(), 9'999).to.to_string(), "0x0000000000000000000000000000000000000800");
    // One that does not know it burns what it got: alone, with little gas, at the latest block.
    EXPECT_TRUE(builders.isolated);
    EXPECT_TRUE(builders.latest);
    EXPECT_LE(builders.gas.value(), 100'000U);
}

TEST(HyperliquidReplies, are_read_word_by_word) {
    const auto position = decode_position(AbiWriter().i256(I256(-335)).u256(U256(7)).i256(I256(-9)).u256(U256(20)).boolean(true).encoded());
    ASSERT_TRUE(position) << position.error().message;
    EXPECT_EQ(position->szi, I256(-335));
    EXPECT_EQ(position->entry_ntl, U256(7));
    EXPECT_EQ(position->isolated_raw_usd, I256(-9));
    EXPECT_EQ(position->leverage, 20U);
    EXPECT_TRUE(position->is_isolated);
    const AbiWriter fields = AbiWriter().string("NVDA").u256(U256(10)).u256(U256(3)).u256(U256(10)).boolean(false);
    const auto info = decode_perp_info(AbiWriter().tuple(fields).encoded());
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->coin, "NVDA");
    EXPECT_EQ(info->margin_table, 10U);
    EXPECT_EQ(info->sz_decimals, 3U);
    // spotInfo: tokens[0] is priced in tokens[1].
    const auto pair = decode_spot_info(AbiWriter().tuple(AbiWriter().string("HYPE/USDC").u256(U256(150)).u256(U256(0))).encoded());
    ASSERT_TRUE(pair) << pair.error().message;
    EXPECT_EQ(pair->base, 150U);
    EXPECT_EQ(pair->quote, 0U);
    const auto summary = decode_summary(AbiWriter().i256(I256(-5)).u256(U256(1)).u256(U256(2)).i256(I256(-3)).encoded());
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->account_value, I256(-5));
    EXPECT_EQ(summary->raw_usd, I256(-3));
}

TEST(HyperliquidReplies, of_another_width_or_range_are_errors) {
    const auto refused = [](const auto& result) { return !result && result.error().code == model::ErrorCode::decode; };
    const AbiWriter five = AbiWriter().i256(I256(1)).u256(U256(1)).i256(I256(1)).u256(U256(1)).boolean(false);
    model::Bytes bytes = five.encoded();
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(refused(decode_position(std::span(bytes).first(size)))) << size;
    bytes.resize(bytes.size() + 32);
    EXPECT_TRUE(refused(decode_position(bytes)));
    EXPECT_TRUE(refused(decode_position(AbiWriter().u256(U256::pow2(63)).u256(U256(1)).i256(I256(1)).u256(U256(1)).boolean(false).encoded()))) << "no int64";
    EXPECT_TRUE(refused(decode_position(AbiWriter().u256(U256(1)).u256(U256::pow2(64)).i256(I256(1)).u256(U256(1)).boolean(false).encoded())));
    EXPECT_TRUE(refused(decode_position(AbiWriter().u256(U256(1)).u256(U256(1)).i256(I256(1)).u256(U256(1)).u256(U256(2)).encoded())));
    EXPECT_TRUE(refused(decode_u64(AbiWriter().u256(U256(1)).u256(U256(1)).encoded(), "markPx")));
    const AbiWriter grown = AbiWriter().string("ETH").u256(U256(50)).u256(U256(4)).u256(U256(50)).boolean(false).u256(U256(9));
    EXPECT_TRUE(refused(decode_perp_info(AbiWriter().tuple(grown).encoded()))) << "a field more";
    const AbiWriter fewer = AbiWriter().string("ETH").u256(U256(50)).u256(U256(4)).u256(U256(50));
    EXPECT_TRUE(refused(decode_perp_info(AbiWriter().tuple(fewer).encoded()))) << "a field less";
    const AbiWriter wide = AbiWriter().string("ETH").u256(U256(50)).u256(U256(7)).u256(U256(50)).boolean(false);
    EXPECT_TRUE(refused(decode_perp_info(AbiWriter().tuple(wide).encoded()))) << "szDecimals above 6 leave a price no scale";
}

TEST(HyperliquidMargin, is_that_of_the_references_isolated_position) {
    // perps.md 2.3: equity 4.967826, 1 % of maintenance at 50x, liquidated at 95.059824 / (0.0335 x 0.99) = 2866.2694.
    const auto account = account_of(isolated(reference_position(), -95'059'824));
    const model::Standing now = standing(*account, {U256(298'590)});
    EXPECT_EQ(now.equity.to_string(), "4.967826");
    EXPECT_EQ(now.maintenance.to_string(), "1.000277");
    EXPECT_FALSE(now.liquidatable);
    EXPECT_FALSE(standing(*account, {U256(286'627)}).liquidatable);
    EXPECT_TRUE(standing(*account, {U256(286'626)}).liquidatable);
}

TEST(HyperliquidMargin, has_the_liquidation_price_of_the_closed_form) {
    // perps.md 2.4: P - side x M / size / (1 - l x side), with M the equity above the maintenance margin and l its rate.
    for (const bool is_short : {false, true})
        for (const std::uint64_t leverage : {3U, 20U, 25U, 40U, 50U}) {
            RawPosition p = reference_position();
            p.margin_table = leverage == 50 ? 50 : leverage;
            p.max_leverage = leverage;
            p.szi = I256(is_short ? -335 : 335);
            const auto account = account_of(isolated(p, is_short ? 130'000'000 : -70'000'000));
            const model::Standing now = standing(*account, {p.mark});
            const double side = is_short ? -1 : 1;
            const double above = (now.equity.raw.to_double() - now.maintenance.raw.to_double()) / 1e6;
            const double price = 2985.9 - side * above / 0.0335 / (1 - side / (2.0 * static_cast<double>(leverage)));
            const auto at = [&](double usd) { return standing(*account, {U256(static_cast<std::uint64_t>(usd * 100))}).liquidatable; };
            EXPECT_FALSE(at(price + side * 0.05)) << leverage << is_short;
            EXPECT_TRUE(at(price - side * 0.05)) << leverage << is_short;
        }
}

TEST(HyperliquidMargin, of_a_mark_of_zero_is_no_figure) {
    RawPosition none = reference_position();
    none.mark = U256();
    const auto book = book_of(isolated(none, 5'000'000), {}, by_name);
    ASSERT_FALSE(book) << "nothing would be required of it, and it would stand as healthy";
    EXPECT_EQ(book.error().message, "ETH: its mark price is 0");
}

TEST(HyperliquidMargin, initial_is_at_the_leverage_of_the_position) {
    // perps.md 2.4: notional / leverage; not below what the tiers allow.
    RawPosition p = reference_position();
    p.leverage = 20;
    EXPECT_EQ(standing(*account_of(isolated(p, 0)), {p.mark}).initial.to_string(), "5.001383");
    p.leverage = 50;
    EXPECT_EQ(standing(*account_of(isolated(p, 0)), {p.mark}).initial.to_string(), "2.000554") << "twice 1.000277";
    p.leverage = 0;
    EXPECT_EQ(standing(*account_of(isolated(p, 0)), {p.mark}).initial.to_string(), "2.000554") << "not given";
}

TEST(HyperliquidMargin, counts_cash_and_positions) {
    // perps.md 2.3: 13,009.454678 of cash and 100.02765 of ETH are 13,109.482328.
    const auto account = account_of(cross({reference_position()}, 13'009'454'678));
    EXPECT_EQ(standing(*account, {U256(298'590)}).equity.to_string(), "13109.482328");
    const auto figures = account->native(account->current()).value();
    ASSERT_EQ(figures.size(), 4U);
    EXPECT_EQ(figures[2].name, view_account_value);
    EXPECT_EQ(figures[2].value, I256(13'109'482'328));
    EXPECT_EQ(figures[3].value, I256(100'027'650));
}

TEST(HyperliquidMargin, is_half_of_the_initial_one_at_the_maximum_leverage) {
    // perps.md 2.4, of a notional of 600,000 USD: 16.67 %, 2.5 %, 2 %, 1.25 %, 1 %.
    const std::pair<std::uint64_t, std::uint64_t> cases[] = {{3, 100'000}, {20, 15'000}, {25, 12'000}, {40, 7'500}, {50, 6'000}};
    for (const auto& [leverage, required] : cases)
        EXPECT_EQ(maintenance_of(U256(600'000'000'000), {{U256(), leverage}}), U256(required * 1'000'000)) << leverage;
    // 200 million of BTC in tiers of 40x and, above 150 million, 20x: 3.125 million.
    const std::vector<Tier> btc{{U256(), 40}, {U256(150'000'000'000'000), 20}};
    EXPECT_EQ(maintenance_of(U256(200'000'000'000'000), btc), U256(3'125'000'000'000));
    EXPECT_EQ(maintenance_of(U256(150'000'000'000'000), btc), U256(1'875'000'000'000));
    EXPECT_EQ(maintenance_of(U256(1), btc), U256(1)) << "rounded up";
}

TEST(HyperliquidMargin, takes_tiers_from_the_table_the_configuration_or_the_documentation) {
    RawPosition btc = reference_position();
    btc.perp = 0;
    btc.coin = "BTC";
    btc.sz_decimals = 5;
    btc.max_leverage = 40;
    btc.margin_table = 56;
    btc.mark = U256(1'000'000);
    // 2,000 BTC at 100,000.
    btc.szi = I256(200'000'000);
    const RawAccount raw = cross({btc}, 0);
    const auto notes = [](const model::PreparedAccount& account) { return account.off_chain().notes; };
    const auto documented = account_of(raw);
    EXPECT_EQ(standing(*documented, {btc.mark}).maintenance.to_string(), "3125000");
    EXPECT_EQ(notes(*documented).at(1), "the margin tiers of BTC are those of the documentation");
    const auto configured = account_of(raw, {{56, 0, 40}, {56, 100'000'000, 10}});
    // 1.25 % of 100 million and 5 % of the next.
    EXPECT_EQ(standing(*configured, {btc.mark}).maintenance.to_string(), "6250000");
    RawAccount other = raw;
    other.positions[0].coin = "NEW";
    const auto unknown = account_of(other);
    EXPECT_EQ(standing(*unknown, {btc.mark}).maintenance.to_string(), "2500000");
    EXPECT_TRUE(notes(*unknown).at(1).starts_with("the margin tiers of NEW (table 56) are not known")) << notes(*unknown).at(1);
    other.positions[0].margin_table = 20;
    EXPECT_EQ(standing(*account_of(other), {btc.mark}).maintenance.to_string(), "5000000") << "one tier, by the table's number";
    EXPECT_FALSE(book_of(raw, {{56, 5, 40}}, by_name)) << "no tier at 0";
}

TEST(HyperliquidMode, is_standard_only_where_the_figures_reconcile) {
    const RawAccount good = cross({reference_position()}, 5'000'000);
    EXPECT_TRUE(book_of(good, {}, by_name));
    const auto reason = [](const RawAccount& raw) {
        const auto book = book_of(raw, {}, by_name);
        return book ? std::string("known") : book.error().message;
    };
    RawAccount empty = good;
    empty.account_value = empty.raw_usd = I256();
    empty.ntl_pos = U256();
    EXPECT_TRUE(reason(empty).starts_with("mode: its notional is 0")) << reason(empty);
    RawAccount off = good;
    off.account_value = I256(1);
    EXPECT_TRUE(reason(off).starts_with("mode: its value is 1, its cash and positions are 105027650")) << reason(off);
    // Below its margin: liquidatable if nothing else can stand behind it.
    RawAccount low = cross({reference_position()}, -99'500'000);
    EXPECT_TRUE(standing(*account_of(low), {U256(298'590)}).liquidatable);
    low.spot_total = U256(100);
    EXPECT_TRUE(reason(low).starts_with("mode: its perps are below their margin of 1000277")) << reason(low);
    low.mode = "standard";
    EXPECT_EQ(reason(low), "known");
    low.mode = "portfolio";
    EXPECT_TRUE(reason(low).starts_with("mode: portfolio margin")) << reason(low);
    low.mode = "another";
    EXPECT_FALSE(book_of(low, {}, by_name));
}

TEST(HyperliquidMode, unified_takes_spot_usdc_and_the_profit) {
    RawAccount raw = cross({reference_position()}, 0);
    raw.account_value = I256();
    raw.ntl_pos = U256();
    raw.mode = "unified";
    raw.spot_total = U256(1'000'000'099);
    raw.positions[0].entry_ntl = U256(90'000'000);
    const auto account = account_of(raw);
    // 10.00000099 spot, to 6 decimals down, and 100.02765 - 90.
    EXPECT_EQ(standing(*account, {U256(298'590)}).equity.to_string(), "20.02765");
}

TEST(HyperliquidMode, unified_counts_usdc_for_no_dex_of_another_collateral) {
    RawAccount raw = cross({reference_position()}, 0);
    raw.mode = "unified";
    raw.spot_total = U256(1'000'000'099);
    raw.dex = 2;
    raw.token = 360;
    const auto book = book_of(raw, {}, [](const Address&, const std::string&) -> model::Result<Named> { return Named{{"USDH"}, "USDH"}; });
    ASSERT_FALSE(book);
    EXPECT_TRUE(book.error().message.starts_with("mode: token 360 stands behind dex 2 of a unified account")) << book.error().message;
}

TEST(HyperliquidMode, tells_by_the_notional_whether_the_summary_counts_isolated_positions) {
    RawPosition alone = reference_position();
    alone.is_isolated = true;
    alone.isolated_raw_usd = I256(-95'059'824);
    RawPosition crossed = reference_position();
    crossed.perp = 2;
    RawAccount both = cross({crossed, alone}, 20'000'000);
    // As a total the cash leg holds that of the isolated position too.
    both.raw_usd = I256(20'000'000 - 95'059'824);
    both.account_value = I256(20'000'000 - 95'059'824 + 2 * 100'027'650);
    EXPECT_EQ(standing(*account_of(both), {U256(298'590)}).equity.to_string(), "120.02765");
    RawAccount apart = cross({crossed}, 20'000'000);
    apart.positions.push_back(alone);
    const auto account = account_of(apart);
    EXPECT_EQ(standing(*account, {U256(298'590)}).equity.to_string(), "120.02765");
    EXPECT_EQ(account->native(account->current()).value().at(2).value, I256(120'027'650));
}

RawPosition random_position(std::mt19937_64& random, std::uint64_t perp) {
    const auto below = [&](std::uint64_t n) { return random() % n; };
    RawPosition p = reference_position();
    p.perp = perp;
    p.coin = "C" + std::to_string(perp);
    p.sz_decimals = below(7);
    p.margin_table = 1 + below(49);
    p.szi = *I256::make(below(2) == 0, U256(1 + below(1'000'000'000)));
    p.mark = U256(1 + below(1'000'000'000));
    p.entry_ntl = *checked_mul(p.szi.magnitude(), U256(1 + below(1'000'000'000)));
    return p;
}

TEST(HyperliquidLaws, hold_for_random_positions) {
    std::mt19937_64 random(7);
    for (int turn = 0; turn < 2000; ++turn) {
        RawPosition p = random_position(random, 3);
        const U256 notional = *checked_mul(p.szi.magnitude(), p.mark);
        const auto cash = static_cast<std::int64_t>(random() % 1'000'000'000'000);
        const auto account = account_of(cross({p}, cash));
        const U256 m = account->at(account->current()).value().maintenance.raw.magnitude();
        // Twice the position, twice the requirement, to the unit that was rounded up.
        RawPosition twice = p;
        twice.szi = *checked_mul(p.szi, I256(2));
        const U256 m_twice = account_of(cross({twice}, cash))->at(account->current()).value().maintenance.raw.magnitude();
        const U256 doubled = *checked_mul(m, U256(2));
        EXPECT_TRUE(m_twice == doubled || *checked_add(m_twice, U256(1)) == doubled) << m.to_decimal();
        // The other side needs the same.
        RawPosition mirrored = p;
        mirrored.szi = *negate(p.szi);
        EXPECT_EQ(account_of(cross({mirrored}, cash))->at(account->current()).value().maintenance.raw.magnitude(), m);
        EXPECT_LE(m, notional);
        // Once liquidatable, further that way too.
        bool broken = false;
        for (int step = 0; step < 20; ++step) {
            const U256 price = *model::mul_div(p.mark, U256(static_cast<std::uint64_t>(p.szi.is_negative() ? 20 + step : 20 - step)), U256(20), model::Rounding::down);
            const bool there = account->liquidatable(State{{price}}).value();
            if (!price.is_zero()) {
                EXPECT_TRUE(!broken || there) << turn << ' ' << step;
                broken = there;
            }
        }
        // Filled at the mark, a smaller position leaves the equity as it is.
        const U256 some = *model::mul_div(p.szi.magnitude(), U256(1), U256(3), model::Rounding::up);
        const auto reduced = account->with({model::Verb::reduce, perp_address(3), some});
        ASSERT_TRUE(reduced) << reduced.error().message;
        EXPECT_EQ((*reduced)->at((*reduced)->current()).value().equity, account->at(account->current()).value().equity);
    }
}

TEST(HyperliquidFacts, come_back_as_they_were_written) {
    RawAccount raw = cross({reference_position()}, -7);
    raw.spots = {{150, "HYPE", 8, 2, U256(12), U256(34)}};
    model::FactsBuilder builder{account_schema};
    add_facts(raw, builder);
    const auto facts = std::move(builder).build();
    ASSERT_TRUE(facts);
    model::FactsBuilder again{account_schema};
    add_facts(raw_account(**facts).value(), again);
    EXPECT_EQ((*facts)->content_hash(), std::move(again).build().value()->content_hash());
}

TEST(HyperliquidRule, refuses_a_coin_that_the_asset_table_calls_otherwise) {
    model::FactsBuilder venue{venue_schema};
    venue.add("chain_id", U256(999));
    venue.add("tiers", U256(0));
    const auto venue_facts = std::move(venue).build().value();
    model::FactsBuilder account{account_schema};
    add_facts(cross({reference_position()}, 5'000'000), account);
    const auto account_facts = std::move(account).build().value();
    model::AssetMap assets;
    assets.add({model::ChainId{999}, token_address(0), {"USDC"}, "USDC"});
    const auto reason = [&] { return rule().prepare(*venue_facts, *account_facts, assets).error().message; };
    EXPECT_TRUE(reason().starts_with("unmapped_asset 0x5045525000000000000000000000000000000001 (ETH)")) << reason();
    assets.add({model::ChainId{999}, perp_address(1), {"MATIC"}, "MATIC"});
    EXPECT_NE(reason().find("HyperCore calls it ETH, the asset table MATIC"), std::string::npos) << reason();
    assets.add({model::ChainId{999}, perp_address(1), {"ETH"}, "ETH"});
    EXPECT_TRUE(rule().prepare(*venue_facts, *account_facts, assets));
}

}  // namespace
}  // namespace margind::adapters::protocols::hyperliquid
