// What the Aave rule proves between two states holds in between, and spares only steps that change nothing: real accounts of
// the local chain at random prices, with the rule's proofs and without.
#include "risk/evaluate.hpp"
#include "risk/model/content.hpp"
#include "risk/model/report_fields.hpp"
#include "tests/support/full_scan.hpp"
#include "tests/support/venue_road.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

namespace margind::tests {
namespace {

using model::FactsPtr;
using model::State;
using model::U256;
using nlohmann::json;

class AaveProof : public ::testing::TestWithParam<AaveMarket> {
protected:
    AaveMarket market_ = GetParam();
    ChainProcess chain_{market_.options};
    VenueRoad road_ = aave_road(chain_, market_);
    model::AssetMap assets_ = chain_assets(chain_, market_);
    std::mt19937_64 engine_{11};
    model::BlockRef block_;
    FactsPtr venue_;
    std::vector<std::pair<model::Address, FactsPtr>> accounts_;

    void SetUp() override {
        json arguments = json::object();
        arguments["seed"] = 31;
        arguments["count"] = 160;
        const json made = chain_.verb(market_.random, arguments);
        std::vector<model::Address> owners;
        for (const json& one : made.at("accounts")) owners.push_back(model::Address::parse(one.at("user").get<std::string>()).value());
        std::sort(owners.begin(), owners.end());
        block_ = chain_.head();
        venue_ = road_.venue(block_);
        const auto read = road_.single_accounts(venue_, owners, block_);
        for (std::size_t i = 0; i < owners.size(); ++i)
            if (read[i].value().facts) accounts_.emplace_back(owners[i], read[i]->facts);
        ASSERT_GT(accounts_.size(), 100U);
    }

    double uniform(double low, double high) { return std::uniform_real_distribution(low, high)(engine_); }

    /// Thousandths: times 0.2 to 3, or nearly what it was.
    U256 moved(const U256& price) {
        const double factor = engine_() % 2 == 0 ? std::exp(uniform(-1.6, 1.1)) : uniform(0.995, 1.005);
        return *model::mul_div(price, U256(static_cast<std::uint64_t>(factor * 1e9)), U256(1'000'000'000), model::Rounding::down);
    }

    /// The venue with every price moved on its own.
    FactsPtr elsewhere() {
        model::FactsBuilder facts(venue_->schema());
        for (std::size_t i = 0; i < venue_->size(); ++i) {
            const std::string& name = venue_->name(i);
            if (name.ends_with(".price"))
                facts.add(name, moved(std::get<U256>(venue_->value(i))));
            else
                facts.add(name, venue_->value(i));
        }
        return std::move(facts).build().value();
    }

    model::Snapshot snapshot(const FactsPtr& venue) const {
        model::Snapshot snapshot;
        snapshot.time = block_.time;
        snapshot.blocks[block_.chain] = block_;
        snapshot.assets = assets_;
        snapshot.venues.push_back({road_.adapter().venue(), venue, block_, ""});
        for (const auto& [symbol, usd] : {std::pair{"BTC", 60'000}, std::pair{"DAI", 1}, std::pair{"ETH", 3'000}, std::pair{"USDC", 1}}) {
            model::ReferencePrice price;
            price.asset = {symbol};
            price.chain = block_.chain;
            price.raw = std::int64_t{usd} * 100'000'000;
            price.decimals = 8;
            price.deviation_ppm = 5000;
            snapshot.prices.push_back(std::move(price));
        }
        model::Portfolio portfolio{"all", {}};
        for (const auto& [owner, facts] : accounts_) {
            model::MarginAccount account;
            account.key = {road_.adapter().venue(), owner, ""};
            account.facts = facts;
            account.read_at = block_;
            snapshot.accounts.push_back(std::move(account));
            portfolio.owners.push_back(owner);
        }
        snapshot.portfolios.push_back(std::move(portfolio));
        return snapshot;
    }
};

INSTANTIATE_TEST_SUITE_P(Aave, AaveProof, ::testing::Values(aave_30, aave_36), [](const auto& market) { return std::string(market.param.name); });

TEST_P(AaveProof, changes_no_bit_of_a_report) {
    model::Market market;
    market.market_sigma_24h = 0.03;
    market.market_range = 0.18;
    market.assets[{"ETH"}] = {0.035, 1.1, 0.012, 0.18, 1'000};
    market.assets[{"BTC"}] = {0.028, 0.9, 0.01, 0.18, 1'000};
    market.assets[{"USDC"}] = {0.001, 0.0, 0.001, 0.05, 1'000};
    market.assets[{"DAI"}] = {0.001, -0.02, 0.001, 0.05, 1'000};
    const model::VenueRule& rule = road_.adapter().rule();
    const margind::testing::FullScanRule slow(rule);
    const auto report = [&](const model::Snapshot& snapshot, const model::VenueRule& by, unsigned threads) {
        return risk::evaluate(snapshot, [&](const std::string&) { return &by; }, market, {}, threads);
    };
    std::size_t levels = 0;
    for (int round = 0; round < 6; ++round) {
        const model::Snapshot at = snapshot(round == 0 ? venue_ : elsewhere());
        const model::Report quick = report(at, rule, 2);
        const model::Report full = report(at, slow, 1);
        const auto& ours = quick.portfolios.front().accounts;
        const auto& theirs = full.portfolios.front().accounts;
        ASSERT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < ours.size(); ++i)
            ASSERT_EQ(model::content_hash(ours[i]), model::content_hash(theirs[i])) << ours[i].key.to_string() << " in round " << round;
        ASSERT_EQ(model::content_hash(quick), model::content_hash(full)) << "round " << round;
        for (const auto& account : ours) levels |= std::size_t{1} << static_cast<unsigned>(account.level);
    }
    // From LIQUIDATABLE to OK.
    EXPECT_GE(std::popcount(levels), 5);
}

TEST_P(AaveProof, holds_at_states_in_between) {
    const FactsPtr venue = elsewhere();
    int proved = 0;
    int liquidatable = 0;
    for (const auto& [owner, facts] : accounts_) {
        const auto prepared = road_.adapter().rule().prepare(*venue, *facts, assets_);
        ASSERT_TRUE(prepared) << prepared.error().message;
        for (int box = 0; box < 40; ++box) {
            State low = (*prepared)->current();
            State high = low;
            low.time_offset_s = high.time_offset_s = box % 5 == 0 ? 86'400 : 0;
            for (std::size_t i = 0; i < low.prices.size(); ++i) {
                const U256 one = box % 2 == 0 ? moved(low.prices[i]) : low.prices[i];
                const U256 other = box % 3 == 0 ? moved(one) : *model::checked_add(one, U256(engine_() % 1'000));
                low.prices[i] = std::min(one, other);
                high.prices[i] = std::max(one, other);
            }
            const auto enclosure = (*prepared)->between(low, high);
            ASSERT_TRUE(enclosure);
            proved += enclosure->liquidatable.has_value();
            for (int point = 0; point < 4; ++point) {
                State between = low;
                for (std::size_t i = 0; i < low.prices.size(); ++i) {
                    const U256 width = *model::checked_sub(high.prices[i], low.prices[i]);
                    const U256 part = point == 0   ? U256{}
                                      : point == 1 ? width
                                                   : *model::mul_div(width, U256(engine_() % 1'001), U256(1'000), model::Rounding::down);
                    between.prices[i] = *model::checked_add(low.prices[i], part);
                }
                const auto standing = (*prepared)->at(between);
                ASSERT_TRUE(standing) << standing.error().message;
                ASSERT_EQ((*prepared)->liquidatable(between).value(), standing->liquidatable) << owner.to_string();
                if (enclosure->liquidatable) { ASSERT_EQ(standing->liquidatable, *enclosure->liquidatable) << owner.to_string(); }
                liquidatable += standing->liquidatable;
                const model::I256 excess = *checked_sub(standing->equity.raw, standing->maintenance.raw);
                ASSERT_LE(enclosure->least_excess.raw, excess);
                ASSERT_GE(enclosure->largest_excess.raw, excess);
                ASSERT_LE(standing->equity.raw.magnitude(), enclosure->magnitude.raw.magnitude());
                ASSERT_LE(standing->maintenance.raw.magnitude(), enclosure->magnitude.raw.magnitude());
            }
        }
    }
    EXPECT_GT(proved, 2'000);
    EXPECT_GT(liquidatable, 500);
}

}  // namespace
}  // namespace margind::tests
