// GMX V2: keys, calls and replies as bytes, the worked numbers of the project's reference (perps.md 1), and laws of the test.
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/keys.hpp"

#include <gtest/gtest.h>

#include <random>

namespace margind::adapters::protocols::gmx_v2 {
namespace {

using evm::AbiWriter;
using model::Address;
using model::I256;
using model::State;
using model::U256;

Address address(const char* text) { return Address::parse(text).value(); }
Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}
U256 scaled(std::uint64_t value, unsigned decimals) { return *checked_mul(U256(value), U256::pow10(decimals)); }
U256 usd(std::uint64_t dollars) { return scaled(dollars, 30); }
/// ETH has 18 decimals: prices per wei have 12.
U256 eth_price(std::uint64_t dollars) { return scaled(dollars, 12); }

const char* const weth = "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1";
const char* const usdc = "0xaf88d065e77c8cC2239327C5EDb3A432268e5831";
const char* const eth_market = "0x70d95587d40A2caf56bd97485aB3Eec10Bee6336";
const Contracts arbitrum{address("0xfA26cBb46e2614609406de08CA1Dc7f70a684184"), address("0xFD70de6b91282D8017aA4E741e9Ae325CAb992d8"),
                         address("0xe6fab3F0c7199b0d34d7FbE83394fc0e0D06e99d"), address("0x90218fbb064b1475E4382b041Cc7ccF08AF718B0")};

/// test/exchange/LiquidationOrder.ts (perps.md 1.8): 10 WETH behind 200,000 USD of ETH at 5,000, at least 1 %.
RawPosition reference_long(std::uint64_t price) {
    RawPosition raw;
    raw.market = address(eth_market);
    raw.index_token = raw.long_token = raw.collateral_token = address(weth);
    raw.short_token = address(usdc);
    raw.is_long = true;
    raw.index_decimals = raw.collateral_decimals = 18;
    raw.size_usd = usd(200'000);
    raw.size_tokens = scaled(40, 18);
    raw.collateral_amount = scaled(10, 18);
    raw.index_min = raw.index_max = raw.collateral_min = raw.pnl_token_min = eth_price(price);
    raw.min_collateral_usd = usd(1);
    raw.min_collateral_factor = raw.min_collateral_factor_for_liquidation = scaled(1, 28);
    return raw;
}
/// 10,000 USDC behind a short of 20 ETH at 5,000.
RawPosition usdc_short(std::uint64_t price) {
    RawPosition raw = reference_long(price);
    raw.is_long = false;
    raw.collateral_token = address(usdc);
    raw.collateral_decimals = 6;
    raw.collateral_min = raw.pnl_token_min = scaled(1, 24);
    raw.collateral_amount = scaled(10'000, 6);
    raw.size_usd = usd(100'000);
    raw.size_tokens = scaled(20, 18);
    return raw;
}

std::unique_ptr<model::PreparedAccount> account_of(const RawPosition& raw) {
    const bool usd_collateral = raw.collateral_decimals == 6;
    const Named eth{{"ETH"}, "WETH"};
    const Named stable{{"USDC"}, "USDC"};
    return prepared(Book{raw, eth, usd_collateral ? stable : eth, raw.is_long ? eth : stable});
}

/// Every ETH price at `price`.
bool liquidatable_at(const RawPosition& raw, const U256& price) {
    const auto account = account_of(raw);
    State state = account->current();
    for (std::size_t i = 0; i < state.prices.size(); ++i)
        if (account->inputs()[i].underlying.symbol == "ETH") state.prices[i] = price;
    return account->liquidatable(state).value();
}

TEST(GmxKeys, are_those_of_the_reference) {
    // perps.md 1.5, all of its base keys.
    const std::pair<const char*, const char*> base_keys[] = {
        {"ACCOUNT_POSITION_LIST", "0xa94015725b1182c6666b50aed1bb84d2b2cf9da39e6f5a5b19cd01f2f37738a1"},
        {"POSITION_LIST", "0x3fe95e2be5587b71e685e297dc351a27f09a363e7d84b38bb75158a8f06590ac"},
        {"MARKET_LIST", "0xcdac201abd09598973b1365dbbaeb65ff0f370d30bb5c7440dc3341f570b2e38"},
        {"MIN_COLLATERAL_FACTOR", "0x9fc265ee9783e670a7a731141f58b59bca5a260ba3eb3f893412fb613dc559f7"},
        {"MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", "0xc1c82b94002bf5bd86480807e32ee86f3d83d38b2853b1e48546acc11884eebd"},
        {"MIN_COLLATERAL_FACTOR_FOR_OPEN_INTEREST_MULTIPLIER", "0xdc48ea96f9c72892c8db4fdc046f04409cdef6b91e71b660bce5b8302ce8a9bb"},
        {"MIN_COLLATERAL_USD", "0x6497f0f2c47edc68f06ede1c06d3475f939eb1a8341362460277bcd8ee7419f4"},
        {"MIN_POSITION_SIZE_USD", "0x48faddd525cc6e216bc2c62a7053b940a842e3c102782fb4da69ebeb8f7bd724"},
        {"MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS", "0x60c6f7a6820f7b274465f97450f5ba86cedd20f28f1cd3690510968ab87a0f8c"},
        {"MAX_POSITION_IMPACT_FACTOR", "0x13be955c1220ee542749f9621d477d34649523d4273ecf1b722d67b372cca75f"},
        {"POSITION_IMPACT_FACTOR", "0xdbe66c23ce3688bc34131316a8b4dd967631de35afb1dbb972bc1b7c71c4a18b"},
        {"POSITION_IMPACT_EXPONENT_FACTOR", "0xdd130ae153fcacdeb3063e386277de2d305638932d8de421f5c79f3919eea233"},
        {"POSITION_FEE_FACTOR", "0x3999256650a6ebfea3dfbd4d56990f4d9048943a0e38ea6aabfc65122556c342"},
        {"LIQUIDATION_FEE_FACTOR", "0x3a9047f0ded507ed1dabb64e1e0515c4b51c350aa275b69f5d66841dcf29b4ff"},
        {"MAX_PNL_FACTOR", "0xd71a84af4a71a03c3fefcc9b7409cf8ddf5087c8ae89bfa83fc0daa003cd5bdd"},
        {"MAX_PNL_FACTOR_FOR_TRADERS", "0xab15365d3aa743e766355e2557c230d8f943e195dc84d9b2b05928a07b635ee1"},
        {"MAX_PNL_FACTOR_FOR_ADL", "0x95024a223e128da6224cc271671896642c5acb9ebf2f0432e71fcd87205177cf"},
        {"OPEN_INTEREST", "0x4259c04608de5df0fa0e375507d66e8ffc81773c9f3dd501a181cbb349ae4fe0"},
        {"OPEN_INTEREST_IN_TOKENS", "0xc577a5cb08b8e2126f9b9796b8c85ef9d1b5047a5ff670fc18802878f0bfd2f8"},
        {"POOL_AMOUNT", "0x8d6d2afbc2bb1e17cb89b72f19b266a410f6ee8f890812b98b609d4bbf135960"},
        {"FUNDING_FEE_AMOUNT_PER_SIZE", "0x4c12833ffbe25653fd28535e4277f4c8ada589407177c25b4e4760ab736a64ba"},
        {"CLAIMABLE_FUNDING_AMOUNT_PER_SIZE", "0xeb7c85784645884cb4a464c83381b211da0a5822b2a986804aa3cba063c130cd"},
        {"CLAIMABLE_FUNDING_AMOUNT", "0x06fc3f5466c175728538f97bb3af89978c1db23c9c7f107930c4bb1b84305a1d"},
        {"CUMULATIVE_BORROWING_FACTOR", "0xdfcf1ff0bd7c33ac55f48912a5ab14e3f2f75247a2a36b0f34c4bf025cf7aca9"},
        {"CUMULATIVE_BORROWING_FACTOR_UPDATED_AT", "0x965350856896dd6e2b221d575c162996752999158c92401a2428740d55b419bf"},
        {"FUNDING_UPDATED_AT", "0xb5ddf508060c27de8692c76ee937ac1c56cb8c1fb7431f074d2a0eb00b863ee6"},
        {"SAVED_FUNDING_FACTOR_PER_SECOND", "0xf63fea608b7053f75017cdb08ea8cedc1dc27ba6c7e693da824eb04a2ebc0729"},
        {"PRICE_FEED", "0x81aa94c2a32d037d5c7159805991f42e28203d981808ca299c160ae93ad8e555"},
        {"PRICE_FEED_MULTIPLIER", "0x83ba84737b6b708ae0e41e2bc28956c56998b33ca3c6c0a781e4382342fa3071"},
        {"PRICE_FEED_HEARTBEAT_DURATION", "0x69e355be3e99b33ce1a145b798739352367a6af7143f540e50ef6cbc2ef211cb"},
        {"STABLE_PRICE", "0x6f64eca4396d54f1ceda702ad11639031126fc26b9d71c09d05771abe22cc450"},
        {"DATA_STREAM_ID", "0xb0e5ff337a5342f322adf882ea142231d63ac56163479c6584faa447c66fef9d"},
        {"DATA_STREAM_MULTIPLIER", "0x7bad48bb191a799189b580e2b36b191467986ea06959f4392f0849479f927fe9"},
        {"ORACLE_PROVIDER_FOR_TOKEN", "0x657bbff942bd72a4c9f2ae3dde95e145191db37af62643255f43fd27fb007981"},
        {"MAX_ORACLE_PRICE_AGE", "0x2498be75403c532695a52aa481268f4d166a68f0d7468b5a879e2beb6ec70062"},
        {"USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE", "0x75a3957e02e4119004dc68ed9253860288ddffa3fa2751cb5855a7eb30175c8e"},
        {"SKIP_BORROWING_FEE_FOR_SMALLER_SIDE", "0x6b11e342f6958fd7970dd58c6f71142d5edf77c480f9322a8e9c96b6cc7f7888"},
        {"IS_MARKET_DISABLED", "0x5c27e8a9fa01145fb01eb80b81db2eab7e57bc33d109d6a64315239a65ce4d36"},
    };
    for (const auto& [name, hash] : base_keys) EXPECT_EQ(base_key(name).to_string(), hash) << name;
    // perps.md 1.4.
    EXPECT_EQ(position_key(numbered(1), address(eth_market), address(usdc), true).to_string(),
              "0xb3bf16ca6d9190493297b60512115932f87f340cc1f094b6e71aa169d23c12e8");
    EXPECT_EQ(key_of("ACCOUNT_POSITION_LIST", numbered(1)).to_string(), "0xd143ad61137d45e26f9774a78da2be938af43ce6906d660c88758075d3623e66");
    EXPECT_EQ(key_of("MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", address(eth_market)).to_string(),
              "0xefc3fc73b918e0aa9a9a9f306393b25a2919aad551cbd5c5535834b6ea9d9934");
}

TEST(GmxCalls, are_those_of_the_reference) {
    // perps.md 11.1 and A.1.
    EXPECT_EQ(model::to_hex(std::get<Call>(get_account_positions(arbitrum, numbered(1), 100)).data),
              "0x77cfb162000000000000000000000000fd70de6b91282d8017aa4e741e9ae325cab992d80000000000000000000000000000000000000000000000000000000000000001"
              "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000064");
    const MarketPrices prices{{eth_price(5000), eth_price(5000)}, {eth_price(5000), eth_price(5000)}, {scaled(1, 24), scaled(1, 24)}};
    const Market market{address(eth_market), address(weth), address(weth), address(usdc)};
    const std::string call = model::to_hex(
        std::get<Call>(is_position_liquidatable(arbitrum, position_key(numbered(1), address(eth_market), address(usdc), true), market, prices)).data);
    EXPECT_EQ(call,
              "0x456110f9"
              "000000000000000000000000fd70de6b91282d8017aa4e741e9ae325cab992d8000000000000000000000000e6fab3f0c7199b0d34d7fbe83394fc0e0d06e99d"
              "b3bf16ca6d9190493297b60512115932f87f340cc1f094b6e71aa169d23c12e800000000000000000000000070d95587d40a2caf56bd97485ab3eec10bee6336"
              "00000000000000000000000082af49447d8a07e3bd95bd0d56f35241523fbab100000000000000000000000082af49447d8a07e3bd95bd0d56f35241523fbab1"
              "000000000000000000000000af88d065e77c8cc2239327c5edb3a432268e58310000000000000000000000000000000000000000000000000011c37937e08000"
              "0000000000000000000000000000000000000000000000000011c37937e080000000000000000000000000000000000000000000000000000011c37937e08000"
              "0000000000000000000000000000000000000000000000000011c37937e0800000000000000000000000000000000000000000000000d3c21bcecceda1000000"
              "00000000000000000000000000000000000000000000d3c21bcecceda10000000000000000000000000000000000000000000000000000000000000000000001"
              "0000000000000000000000000000000000000000000000000000000000000001");
    const auto selector = [](const Request& request) { return model::to_hex(std::get<Call>(request).data).substr(0, 10); };
    EXPECT_EQ(selector(get_position_info(arbitrum, {}, prices)), "0xbfbf451a");
    EXPECT_EQ(selector(get_position(arbitrum, {})), "0x0fa8f516");
    EXPECT_EQ(selector(get_markets(arbitrum, 0)), "0xce3264bf");
    EXPECT_EQ(selector(get_market_info(arbitrum, prices, address(eth_market))), "0x847bb469");
    EXPECT_EQ(selector(get_oracle_price(arbitrum, address(weth))), "0x377bbdaf");
    EXPECT_EQ(selector(get_uint(arbitrum, {})), "0xbd02d0f5");
    EXPECT_EQ(selector(get_address(arbitrum, {})), "0x21f8a721");
    EXPECT_EQ(selector(get_address_count(arbitrum, {})), "0x35ea8059");
    EXPECT_EQ(selector(get_first_bytes32(arbitrum, {})), "0xf069052a");
}

/// Words 0 to `width`, each its own number, but those that a decoder checks.
AbiWriter info_words(std::size_t width, unsigned account) {
    AbiWriter words;
    for (std::size_t i = 0; i < width; ++i) {
        if (i == 1) words.address(numbered(account));
        else if (i == 14) words.boolean(true);
        else if (i == 46) words.u256(U256(46));
        else if (i == 55) words.u256(U256(54 + 28));
        else if (i == 57 || i == 60 || i == 63 || i == 64) words.i256(I256(-static_cast<std::int64_t>(i)));
        else words.u256(U256(i));
    }
    return words;
}

model::Bytes infos(std::size_t width, std::size_t count) {
    AbiWriter elements;
    for (std::size_t i = 0; i < count; ++i) elements.tuple(info_words(width, static_cast<unsigned>(i) + 1));
    return AbiWriter().array(count, elements).encoded();
}

TEST(GmxPositionInfo, is_read_by_the_words_of_the_reference_at_both_widths) {
    for (const std::size_t width : {66U, 67U})
        for (const std::size_t count : {1U, 3U}) {
            const auto decoded = decode_position_infos(infos(width, count));
            ASSERT_TRUE(decoded) << decoded.error().message;
            EXPECT_EQ(decoded->width, width);
            ASSERT_EQ(decoded->all.size(), count);
            const PositionInfo& last = decoded->all.back();
            EXPECT_EQ(last.position.account, numbered(static_cast<unsigned>(count)));
            EXPECT_EQ(last.position.size_usd, U256(4));
            EXPECT_EQ(last.position.collateral_amount, U256(6));
            EXPECT_EQ(last.position.decreased_at, U256(13));
            EXPECT_TRUE(last.position.is_long);
            EXPECT_EQ(last.funding_fee_amount, U256(28));
            EXPECT_EQ(last.claimable_short, U256(30));
            EXPECT_EQ(last.borrowing_fee_usd, U256(34));
            EXPECT_EQ(last.ui_fee_amount, U256(40));
            EXPECT_EQ(last.collateral_price.min, U256(45));
            EXPECT_EQ(last.position_fee_amount, U256(53));
            EXPECT_EQ(last.cost_without_funding, U256(54));
            EXPECT_EQ(last.price_impact_usd, I256(-57));
            EXPECT_EQ(last.pending_impact_usd, I256(-60));
            EXPECT_EQ(last.base_pnl_usd, I256(-63));
            EXPECT_EQ(last.uncapped_base_pnl_usd, I256(-64));
        }
    const auto none = decode_position_infos(infos(67, 0));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->all.empty());
}

TEST(GmxPositionInfo, of_another_width_is_an_error_and_never_a_position) {
    const auto refused = [](const model::Bytes& bytes) {
        const auto decoded = decode_position_infos(bytes);
        return !decoded && decoded.error().code == model::ErrorCode::decode;
    };
    for (const std::size_t width : {14U, 65U, 68U, 132U}) EXPECT_TRUE(refused(infos(width, 1))) << width;
    for (const std::size_t width : {66U, 67U}) {
        const model::Bytes whole = infos(width, 2);
        for (std::size_t size = 0; size < whole.size(); size += 31) EXPECT_TRUE(refused(model::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
        model::Bytes wide = whole;
        wide.resize(wide.size() + 32);
        EXPECT_TRUE(refused(wide));
    }
    // 132 words for two of 66, read as one of 132 or with a sum that is another's.
    model::Bytes shifted = infos(67, 1);
    shifted.erase(shifted.begin() + 64, shifted.begin() + 96);
    EXPECT_TRUE(refused(shifted)) << "a word less, and every word in the place of its neighbour";
}

TEST(GmxReplies, refuse_what_is_not_what_was_asked) {
    EXPECT_FALSE(decode_price(AbiWriter().address(numbered(2)).u256(U256(1)).u256(U256(1)).u256(U256(1)).address(numbered(9)).encoded(), numbered(1)));
    EXPECT_FALSE(decode_price(AbiWriter().address(numbered(1)).u256(U256(2)).u256(U256(1)).u256(U256(1)).address(numbered(9)).encoded(), numbered(1)));
    EXPECT_FALSE(decode_price(AbiWriter().address(numbered(1)).u256(U256(0)).u256(U256(1)).u256(U256(1)).address(numbered(9)).encoded(), numbered(1)));
    EXPECT_TRUE(decode_price(AbiWriter().address(numbered(1)).u256(U256(1)).u256(U256(1)).u256(U256(1)).address(numbered(9)).encoded(), numbered(1)));
    AbiWriter market;
    for (unsigned i = 0; i < 29; ++i) market.u256(U256(i == 0 ? 7 : i == 14 || i == 28 ? 1 : i));
    const auto rates = decode_market_info(market.encoded(), numbered(7));
    ASSERT_TRUE(rates) << rates.error().message;
    EXPECT_EQ(rates->borrowing_long, U256(4));
    EXPECT_EQ(rates->borrowing_short, U256(5));
    EXPECT_TRUE(rates->longs_pay_shorts);
    EXPECT_EQ(rates->funding, U256(15));
    EXPECT_TRUE(rates->disabled);
    EXPECT_FALSE(decode_market_info(market.encoded(), numbered(8)));
    EXPECT_FALSE(decode_market_info(market.u256(U256(1)).encoded(), numbered(7)));
    const AbiWriter said = AbiWriter().boolean(true).string("min collateral").i256(I256(1)).i256(I256(2)).i256(I256(3));
    EXPECT_EQ(decode_liquidatable(said.encoded()), true);
    EXPECT_FALSE(decode_liquidatable(AbiWriter().boolean(true).string("").i256(I256(1)).encoded())) << "a struct of one word";
}

TEST(GmxTest, is_that_of_the_references_worked_example) {
    // perps.md 1.8: 4,200 not liquidated, 4,000 is; closed form 4,040.
    const Figures high = figures_of(reference_long(4200), 0).value();
    EXPECT_EQ(high.collateral_usd, *I256::from(usd(42'000)));
    EXPECT_EQ(high.pnl, *negate(*I256::from(usd(32'000))));
    EXPECT_EQ(high.remaining, *I256::from(usd(10'000)));
    EXPECT_EQ(high.by_leverage, usd(2'000));
    EXPECT_FALSE(high.liquidatable);
    EXPECT_TRUE(figures_of(reference_long(4000), 0)->liquidatable);
    EXPECT_TRUE(figures_of(reference_long(4000), 0)->remaining.is_zero());
    EXPECT_FALSE(liquidatable_at(reference_long(5000), eth_price(4040)));
    EXPECT_TRUE(liquidatable_at(reference_long(5000), *checked_sub(eth_price(4040), U256(1))));
}

TEST(GmxTest, has_the_closed_form_of_shorts_and_of_fees_and_impact) {
    // perps.md 1.8: short P = (L - R - size) / -tokens = (1,000 - 10,000 - 100,000) / -20 = 5,450.
    EXPECT_FALSE(liquidatable_at(usdc_short(5000), eth_price(5450)));
    EXPECT_TRUE(liquidatable_at(usdc_short(5000), *checked_add(eth_price(5450), U256(1))));
    // With 100 USDC of fees and 200 of an impact that is not capped: 5,435.
    RawPosition charged = usdc_short(5000);
    charged.funding_fee_amount = scaled(40, 6);
    charged.cost_without_funding = scaled(60, 6);
    charged.price_impact_usd = *negate(*I256::from(usd(200)));
    charged.max_impact_factor_for_liquidations = scaled(5, 27);
    EXPECT_FALSE(liquidatable_at(charged, eth_price(5435)));
    EXPECT_TRUE(liquidatable_at(charged, *checked_add(eth_price(5435), U256(1))));
    // The cap: at 0.1 % of 100,000 the impact counts 100, so 5,440.
    charged.max_impact_factor_for_liquidations = scaled(1, 27);
    EXPECT_FALSE(liquidatable_at(charged, eth_price(5440)));
    EXPECT_TRUE(liquidatable_at(charged, *checked_add(eth_price(5440), U256(1))));
    // With the usual factor of 0 it does not count at all, and neither does one in the owner's favour.
    charged.max_impact_factor_for_liquidations = U256();
    EXPECT_FALSE(liquidatable_at(charged, eth_price(5445)));
    charged.price_impact_usd = *I256::from(usd(200));
    EXPECT_TRUE(liquidatable_at(charged, *checked_add(eth_price(5445), U256(1))));
}

TEST(GmxTest, values_tokens_of_18_8_and_6_decimals) {
    // perps.md 1.2: ETH at 5,000 is 5000e12, USDC at 1 is 1e24, BTC of 8 decimals at 60,000 is 60000e22.
    RawPosition raw = reference_long(5000);
    EXPECT_EQ(figures_of(raw, 0)->collateral_usd, *I256::from(usd(50'000)));
    raw.collateral_amount = scaled(7, 6);
    raw.collateral_min = scaled(1, 24);
    EXPECT_EQ(figures_of(raw, 0)->collateral_usd, *I256::from(usd(7)));
    raw.collateral_amount = scaled(3, 8);
    raw.collateral_min = scaled(60'000, 22);
    EXPECT_EQ(figures_of(raw, 0)->collateral_usd, *I256::from(usd(180'000)));
}

TEST(GmxTest, of_an_earlier_moment_takes_off_no_more_than_accrued) {
    RawPosition raw = usdc_short(5000);
    raw.cost_without_funding = scaled(100, 6);
    // A third of a unit a second.
    raw.borrowing_per_second = U256(1);
    raw.size_usd = *model::mul_div(U256::pow10(30), U256(1), U256(3), model::Rounding::down);
    EXPECT_EQ(figures_of(raw, 1)->cost, *checked_add(figures_of(raw, 0)->cost, I256(1))) << "up";
    EXPECT_EQ(figures_of(raw, -1)->cost, figures_of(raw, 0)->cost) << "down";
}

TEST(GmxTest, needs_the_least_collateral_of_any_position) {
    RawPosition raw = usdc_short(5000);
    raw.min_collateral_usd = usd(5'000);
    const auto standing = account_of(raw)->at(account_of(raw)->current()).value();
    EXPECT_EQ(standing.maintenance.to_string(), "5000");
    // 10,000 + 100,000 - 20 P < 5,000 above 5,250.
    EXPECT_FALSE(liquidatable_at(raw, eth_price(5250)));
    EXPECT_TRUE(liquidatable_at(raw, *checked_add(eth_price(5250), U256(1))));
}

TEST(GmxTest, pays_profits_as_far_as_the_pool_goes) {
    RawPosition raw = reference_long(6000);
    raw.open_interest = usd(400'000);
    raw.open_interest_in_tokens = scaled(80, 18);
    raw.pool_amount = scaled(10, 18);
    raw.max_pnl_factor = scaled(9, 29);
    // All longs have 80,000 of profit; 90 % of the pool's 60,000 is 54,000: the position's 40,000 become 27,000.
    EXPECT_EQ(figures_of(raw, 0)->uncapped_pnl, *I256::from(usd(40'000)));
    EXPECT_EQ(figures_of(raw, 0)->pnl, *I256::from(usd(27'000)));
    raw.max_pnl_factor = U256();
    EXPECT_EQ(figures_of(raw, 0)->pnl, *I256::from(usd(40'000))) << "skipped where the capped profit is 0";
}

TEST(GmxTest, band_is_what_the_impact_may_still_cost) {
    RawPosition raw = usdc_short(5000);
    EXPECT_EQ(account_of(raw)->off_chain().band_ppm, 0U);
    raw.max_impact_factor_for_liquidations = scaled(5, 26);
    EXPECT_EQ(account_of(raw)->off_chain().band_ppm, 500U) << "0.05 % of 100,000 on a value of 100,000";
    raw.price_impact_usd = *negate(*I256::from(usd(20)));
    EXPECT_EQ(account_of(raw)->off_chain().band_ppm, 300U);
}

TEST(GmxTest, initial_requirement_grows_with_the_open_interest) {
    RawPosition raw = usdc_short(5000);
    raw.min_collateral_factor = scaled(1, 28);
    raw.open_interest = usd(10'000'000);
    // 10 million x 2e-9 is 2 %.
    raw.open_interest_multiplier = scaled(2, 21);
    EXPECT_EQ(account_of(raw)->at(account_of(raw)->current())->initial.to_string(), "2000");
}

RawPosition random_position(std::mt19937_64& random) {
    const auto below = [&](std::uint64_t n) { return random() % n; };
    RawPosition raw = below(2) == 0 ? reference_long(1 + below(10'000)) : usdc_short(1 + below(10'000));
    raw.size_usd = usd(1 + below(10'000'000));
    raw.size_tokens = scaled(1 + below(1'000'000), 15);
    raw.collateral_amount = scaled(1 + below(1'000'000), static_cast<unsigned>(raw.collateral_decimals) - 2);
    raw.pending_impact_amount = I256(static_cast<std::int64_t>(below(1'000'000)) - 500'000);
    raw.price_impact_usd = *I256::make(below(2) == 0, usd(below(1000)));
    raw.max_impact_factor_for_liquidations = scaled(below(100), 26);
    raw.funding_fee_amount = U256(below(1'000'000));
    raw.cost_without_funding = U256(below(1'000'000));
    raw.open_interest = *checked_mul(raw.size_usd, U256(2));
    raw.open_interest_in_tokens = *checked_mul(raw.size_tokens, U256(2));
    raw.pool_amount = scaled(1 + below(1000), static_cast<unsigned>(raw.is_long ? 18 : 6));
    raw.max_pnl_factor = scaled(below(10), 29);
    raw.borrowing_per_second = scaled(below(1000), 19);
    raw.funding_per_second = scaled(below(1000), 19);
    return raw;
}

TEST(GmxLaws, hold_for_random_positions) {
    std::mt19937_64 random(11);
    for (int turn = 0; turn < 2000; ++turn) {
        const RawPosition raw = random_position(random);
        ASSERT_TRUE(check(raw));
        const Figures f = figures_of(raw, 0).value();
        // Twice the size, twice what is required by leverage, to the unit that was rounded down; whatever the side.
        RawPosition twice = raw;
        twice.size_usd = *checked_mul(raw.size_usd, U256(2));
        const U256 doubled = *checked_mul(f.by_leverage, U256(2));
        const U256 required = figures_of(twice, 0)->by_leverage;
        EXPECT_TRUE(required == doubled || required == *checked_add(doubled, U256(1)));
        // A long and a short of the same size lose what the other gains, before the caps.
        RawPosition other = raw;
        other.is_long = !raw.is_long;
        other.index_max = other.index_min = raw.index_min;
        RawPosition same = raw;
        same.index_max = same.index_min = raw.index_min;
        EXPECT_EQ(figures_of(other, 0)->uncapped_pnl, *negate(figures_of(same, 0)->uncapped_pnl));
        EXPECT_EQ(figures_of(other, 0)->by_leverage, f.by_leverage);
        // Fees never raise equity, and neither does time.
        RawPosition dearer = raw;
        dearer.funding_fee_amount = *checked_add(raw.funding_fee_amount, U256(1 + random() % 1000));
        EXPECT_LT(figures_of(dearer, 0)->remaining, f.remaining);
        dearer = raw;
        dearer.cost_without_funding = *checked_add(raw.cost_without_funding, U256(1 + random() % 1000));
        EXPECT_LT(figures_of(dearer, 0)->remaining, f.remaining);
        EXPECT_LE(figures_of(raw, 86'400)->remaining, f.remaining);
        // The impact is never to the owner's good and within its cap.
        EXPECT_FALSE(f.impact > I256());
        // Once liquidatable, further that way too (with collateral that does not move).
        if (raw.collateral_decimals == 6) {
            bool broken = false;
            for (std::uint64_t step = 0; step < 30; ++step) {
                const U256 price = *checked_add(raw.index_max, *model::mul_div(raw.index_max, U256(step), U256(10), model::Rounding::down));
                const bool there = liquidatable_at(raw, price);
                EXPECT_TRUE(!broken || there) << turn << ' ' << step;
                broken = there;
            }
        }
        // A reduction pays its costs and gives nothing away.
        const auto account = account_of(raw);
        const auto reduced = account->with({model::Verb::reduce, raw.market, *model::mul_div(raw.size_tokens, U256(1), U256(2), model::Rounding::up)});
        if (reduced) {
            EXPECT_LE((*reduced)->at((*reduced)->current())->equity.raw, f.remaining);
        }
    }
}

TEST(GmxFacts, come_back_as_they_were_written) {
    std::mt19937_64 random(5);
    const RawPosition raw = random_position(random);
    model::FactsBuilder builder{account_schema};
    add_facts(raw, builder);
    const auto facts = std::move(builder).build().value();
    model::FactsBuilder again{account_schema};
    add_facts(raw_position(*facts).value(), again);
    EXPECT_EQ(facts->content_hash(), std::move(again).build().value()->content_hash());
}

}  // namespace
}  // namespace margind::adapters::protocols::gmx_v2
