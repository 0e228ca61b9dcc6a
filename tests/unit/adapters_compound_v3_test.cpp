// Compound III on facts by hand: balances, standing, verdicts, prices that are refused, adjustments, tokens that grow, logs. Expected numbers:
// whole-number arithmetic by hand after the public source of the comet.
#include "adapters/protocols/compound_v3/events.hpp"
#include "adapters/protocols/compound_v3/facts.hpp"
#include "adapters/protocols/compound_v3/rule.hpp"
#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <string>

namespace margind::adapters::protocols::compound_v3 {
namespace {

using model::Address;
using model::FactsPtr;
using model::I256;
using model::U256;

constexpr std::uint64_t now = 1'767'225'600;
constexpr std::uint64_t unit = 1'000'000'000'000'000'000;

Address address(std::uint8_t n) {
    Address out;
    out.bytes.back() = std::byte{n};
    return out;
}

const Address comet = address(1);
const Address usdc = address(2);
const Address wsteth = address(3);
const Address wbtc = address(4);
/// Beyond the 16 that assetsIn has bits for.
constexpr unsigned wbtc_offset = 16;

I256 signed_number(std::int64_t value) { return I256(value); }
U256 hundredths(std::uint64_t n) { return U256(n * 10'000'000'000'000'000); }

/// 5 wstETH at 3,600 against 10,000 USDC.
struct Given {
    std::int64_t principal = -9'523'809'524;
    std::uint64_t borrow_rate = 0;
    std::uint64_t elapsed = 0;
    std::uint64_t price = 360'000'000'000;
    bool refused = false;
    /// In units of 10^-8.
    std::uint64_t wbtc = 0;
    bool collateral = true;
    std::optional<model::UnitRatio> ratio;
    std::optional<model::UnitRatio> base_ratio;
};

FactsPtr venue_of(const Given& given) {
    model::FactsBuilder facts{std::string(venue_schema)};
    facts.add("chain_id", U256(1));
    facts.add("block_time", U256(now));
    facts.add("comet", comet);
    facts.add("supply_index", U256(1'020'000'000'000'000));
    facts.add("borrow_index", U256(1'050'000'000'000'000));
    facts.add("last_accrual", U256(now - given.elapsed));
    facts.add("supply_rate", U256(0));
    facts.add("borrow_rate", U256(given.borrow_rate));
    facts.add("base_token", usdc);
    facts.add("base_scale", U256(1'000'000));
    facts.add("base_price", U256(100'000'000));
    facts.add("assets", U256(17));
    const auto asset = [&](unsigned offset, const Address& token, std::uint64_t scale, std::uint64_t price) {
        const auto add = [&](const char* field, model::FactValue value) { facts.add(asset_fact(offset, field), std::move(value)); };
        add("token", token);
        add("scale", U256(scale));
        add("borrow_factor", hundredths(80));
        add("liquidate_factor", hundredths(85));
        add("liquidation_factor", hundredths(93));
        add("room", U256(2 * unit));
        if (given.refused)
            add("price_refused", model::Bytes{std::byte{'o'}, std::byte{'l'}, std::byte{'d'}});
        else
            add("price", U256(price));
    };
    asset(0, wsteth, unit, given.price);
    asset(wbtc_offset, wbtc, 100'000'000, 6'000'000'000'000);
    return std::move(facts).build().value();
}

FactsPtr account_of(const Given& given) {
    model::FactsBuilder facts{std::string(account_schema)};
    facts.add("principal", signed_number(given.principal));
    facts.add("assets_in", U256((given.collateral ? 1U : 0U) | (given.wbtc > 0 ? 1U << wbtc_offset : 0U)));
    if (given.collateral) facts.add(asset_fact(0, "balance"), U256(5 * unit));
    if (given.wbtc > 0) facts.add(asset_fact(wbtc_offset, "balance"), U256(given.wbtc));
    return std::move(facts).build().value();
}

model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const Given& given) {
    model::AssetMap assets;
    assets.add({{1}, usdc, {"USDC"}, "USDC", given.base_ratio});
    assets.add({{1}, wsteth, {"wstETH"}, "wstETH", given.ratio});
    assets.add({{1}, wbtc, {"BTC"}, "WBTC"});
    return rule().prepare(*venue_of(given), *account_of(given), assets);
}

/// In the order of view_names.
std::vector<std::string> figures(const model::PreparedAccount& account) {
    std::vector<std::string> values;
    const auto native = account.native(account.current());
    for (const auto& one : native.value()) values.push_back(one.value.to_decimal());
    return values;
}

using Values = std::vector<std::string>;

TEST(CompoundV3, counts_collateral_by_three_factors) {
    const auto account = prepare({});
    ASSERT_TRUE(account) << account.error().message;
    // 9,523.809524 x 1.05 is 10,000.0000002, cut.
    EXPECT_EQ(figures(**account), (Values{"0", "10000000000", "0", "1"}));
    const model::Standing standing = (*account)->at((*account)->current()).value();
    EXPECT_EQ(standing.equity.to_string(), "8000");
    EXPECT_EQ(standing.equity.unit, "USDC");
    EXPECT_EQ(standing.maintenance.to_string(), "2700");
    EXPECT_EQ(standing.initial.to_string(), "3600");
    EXPECT_FALSE(standing.liquidatable);
    const model::LiquidationTerms terms = (*account)->terms((*account)->current()).value();
    EXPECT_EQ(terms.close_factor_bps, 10'000U);
    EXPECT_EQ(terms.penalty_bps, 700U);
    EXPECT_EQ(terms.loss.to_string(), "1260");
    // 0.01 WBTC more, of the second word of held assets.
    Given two;
    two.wbtc = 1'000'000;
    EXPECT_EQ((*prepare(two))->at((*prepare(two))->current())->equity.to_string(), "8600");
}

TEST(CompoundV3, liquidates_strictly_below_the_debt) {
    // 5 x 0.85 x p, cut: 999,999,999,999 and 1,000,000,000,004 against a debt of 10^12.
    Given given;
    given.price = 235'294'117'648;
    EXPECT_EQ(figures(**prepare(given)), (Values{"0", "10000000000", "0", "0"}));
    EXPECT_FALSE((*prepare(given))->at((*prepare(given))->current())->liquidatable);
    given.price = 235'294'117'647;
    EXPECT_EQ(figures(**prepare(given)), (Values{"0", "10000000000", "1", "0"}));
    EXPECT_TRUE((*prepare(given))->at((*prepare(given))->current())->liquidatable);
    // Without a debt nothing is.
    given.principal = 0;
    given.price = 1;
    EXPECT_EQ(figures(**prepare(given)), (Values{"0", "0", "0", "1"}));
}

TEST(CompoundV3, owes_interest_that_the_views_of_health_do_not_count) {
    // A day at 10^-9 a second: the index grows by 90,720,000,000 to 1.05009072, the debt to 10,000.864.
    Given given;
    given.borrow_rate = 1'000'000'000;
    given.elapsed = 86'400;
    // Collateral counts 10,000.25: above what is stored, below what is owed.
    given.price = 235'300'000'000;
    const auto account = prepare(given);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(figures(**account), (Values{"0", "10000864000", "0", "0"}));
    EXPECT_TRUE((*account)->at((*account)->current())->liquidatable);
    model::State earlier = (*account)->current();
    earlier.time_offset_s = -86'400;
    EXPECT_FALSE((*account)->at(earlier)->liquidatable);
    earlier.time_offset_s = -86'401;
    EXPECT_FALSE((*account)->at(earlier)) << "before the accrual that is stored";
}

TEST(CompoundV3, knows_a_lender_without_prices_and_nobody_else) {
    Given lender;
    lender.principal = 1'000'000'000;
    lender.collateral = false;
    lender.refused = true;
    const auto account = prepare(lender);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(figures(**account), (Values{"1020000000", "0", "0", "1"}));
    EXPECT_TRUE((*account)->inputs().empty());
    const auto positions = (*account)->positions((*account)->current());
    ASSERT_EQ(positions->size(), 1U);
    EXPECT_EQ(positions->front().quantity.to_string(), "1020");
    EXPECT_FALSE(positions->front().collateral);
    Given borrower;
    borrower.refused = true;
    const auto refused = prepare(borrower);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "price_refused: old");
}

TEST(CompoundV3, repays_with_the_principal_rounded_up_and_deposits_up_to_the_cap) {
    const auto account = prepare({});
    const auto options = (*account)->options();
    ASSERT_EQ(options.size(), 2U);
    EXPECT_EQ(options[0].max_raw, U256(10'000'000'000));
    EXPECT_EQ(options[1].max_raw, U256(2 * unit));
    // 6,000 left: ceil(6 x 10^9 / 1.05) = 5,714,285,715, which is 6,000.000000 again.
    const auto repaid = (*account)->with({model::Verb::repay, usdc, U256(4'000'000'000)});
    ASSERT_TRUE(repaid);
    EXPECT_EQ(figures(**repaid), (Values{"0", "6000000000", "0", "1"}));
    const auto all = (*account)->with({model::Verb::repay, usdc, U256(20'000'000'000)});
    EXPECT_EQ(figures(**all).at(1), "0");
    const auto deposited = (*account)->with({model::Verb::deposit, wsteth, U256(2 * unit)});
    EXPECT_EQ((*deposited)->at((*deposited)->current())->equity.to_string(), "15200");
    EXPECT_FALSE((*account)->with({model::Verb::deposit, wsteth, U256(2 * unit + 1)}));
    EXPECT_FALSE((*account)->with({model::Verb::deposit, wbtc, U256(1)})) << "nothing of it is held";
    EXPECT_FALSE((*account)->with({model::Verb::repay, usdc, U256(0)}));
}

TEST(CompoundV3, tells_a_growing_token_in_units_of_its_base) {
    Given given;
    given.ratio = model::UnitRatio{model::RatioSource::wsteth, {"ETH"}, U256(1'200'000'000'000'000'000)};
    const auto account = prepare(given);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ((*account)->inputs().at(1).underlying.symbol, "ETH");
    EXPECT_EQ((*account)->inputs().at(1).price, U256(360'000'000'000)) << "of the token";
    const model::Position held = (*account)->positions((*account)->current())->front();
    EXPECT_EQ(held.underlying.symbol, "ETH");
    EXPECT_EQ(held.label, "wstETH");
    EXPECT_EQ(held.quantity.to_string(), "6");
    EXPECT_EQ(held.mark.to_string(), "3000");
    EXPECT_EQ(held.notional.to_string(), "18000");
    EXPECT_EQ(figures(**account), figures(**prepare({})));
    EXPECT_EQ((*account)->options().at(1).underlying.symbol, "ETH");
    EXPECT_EQ((*account)->options().at(1).units, U256(1'200'000'000'000'000'000));
    // The comet's own sums stay in the base token, though its exposure is told in what it is made of.
    given.base_ratio = model::UnitRatio{model::RatioSource::erc4626, {"USD"}, U256(2 * unit)};
    const auto vault = prepare(given);
    EXPECT_EQ((*vault)->at((*vault)->current())->equity.unit, "USDC");
    const model::Position debt = (*vault)->positions((*vault)->current())->back();
    EXPECT_EQ(debt.underlying.symbol, "USD");
    EXPECT_EQ(debt.quantity.to_string(), "-20000");
    EXPECT_EQ(debt.mark.to_string(), "0.5");
    EXPECT_EQ(debt.notional.to_string(), "-10000");
}

TEST(CompoundV3, finds_the_owner_in_each_watched_log) {
    const auto topic_of = [](const Address& owner) {
        model::Bytes32 topic;
        std::copy(owner.bytes.begin(), owner.bytes.end(), topic.bytes.begin() + 12);
        return topic;
    };
    const struct {
        const char* signature;
        std::vector<Address> owners;
    } cases[] = {
        {"Supply(address,address,uint256)", {address(12)}},
        {"Withdraw(address,address,uint256)", {address(11)}},
        {"Transfer(address,address,uint256)", {address(11), address(12)}},
        {"SupplyCollateral(address,address,address,uint256)", {address(12)}},
        {"WithdrawCollateral(address,address,address,uint256)", {address(11)}},
        {"TransferCollateral(address,address,address,uint256)", {address(11), address(12)}},
        {"AbsorbDebt(address,address,uint256,uint256)", {address(12)}},
        {"AbsorbCollateral(address,address,address,uint256,uint256)", {address(12)}},
        {"BuyCollateral(address,address,uint256,uint256)", {}},
    };
    const auto watched = watch(*venue_of({}));
    ASSERT_TRUE(watched);
    EXPECT_EQ(watched->addresses, std::vector<Address>{comet});
    EXPECT_EQ(watched->topics.size(), 8U);
    for (const auto& one : cases) {
        Log log;
        log.address = comet;
        log.topics = {model::keccak256(one.signature), topic_of(address(11)), topic_of(address(12))};
        EXPECT_EQ(touched(log), one.owners) << one.signature;
    }
    // Minted: the zero address is nobody.
    Log log;
    log.topics = {model::keccak256("Transfer(address,address,uint256)"), topic_of(Address{}), topic_of(address(12))};
    EXPECT_EQ(touched(log), std::vector<Address>{address(12)});
    EXPECT_TRUE(touched(Log{}).empty());
}

}  // namespace
}  // namespace margind::adapters::protocols::compound_v3
