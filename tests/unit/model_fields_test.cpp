// Every struct that is written as JSON is written whole, and comes back as it was.
#include "risk/model/content.hpp"
#include "risk/model/incident_fields.hpp"
#include "risk/model/json.hpp"
#include "risk/model/market_fields.hpp"
#include "risk/model/snapshot_fields.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>

namespace margind::model {
namespace {

struct Anything {
    template <class T>
    operator T() const;  // NOLINT: stands for a value of any type where only its form matters
};

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
    return requires { T{(static_cast<void>(I), Anything{})...}; };
}

/// Number of members of an aggregate.
template <class T, std::size_t N = 96>
constexpr std::size_t arity() {
    if constexpr (takes<T>(std::make_index_sequence<N>{})) return N;
    else return arity<T, N - 1>();
}

template <class T>
constexpr std::size_t described = std::tuple_size_v<decltype(describe(static_cast<const T*>(nullptr)))>;

template <class... T>
constexpr bool whole = ((described<T> == arity<T>()) && ...);

static_assert(whole<BlockRef, AssetMapping, ReferencePrice, Qualifiers, NativeFigure, Portfolio, SourceTrouble>);
static_assert(whole<Grade, OptionTerms, Position, Standing, LiquidationTerms, Candidate, Action, AccountReport, UnderlyingExposure>);
static_assert(whole<TailLoss, AddOnInput, AddOn, StressResult, Shares, PositionShare, PartShare, Attribution, BreachMove, CrossChecks, PolicyFigure>);
static_assert(whole<ScenarioResult, Unified, Headline, PortfolioReport, Report>);
static_assert(whole<IncidentEvent, OpenIncident, EndedIncident, AccountMemory, PortfolioMemory, Memory>);
static_assert(whole<AssetCalibration, Liquidity, StressDay, GasPrice, PastSeries, PastMoves, Market, Policy>);
// Rows stand for these with facts by hash.
static_assert(whole<VenueRow, AccountRow, SnapshotRows>);
static_assert(arity<VenueRow>() == arity<Venue>() && arity<AccountRow>() == arity<MarginAccount>() && arity<SnapshotRows>() == arity<Snapshot>());

template <class T>
nlohmann::json written(const T& value) {
    nlohmann::json document;
    write_json(JsonWriter(document), value);
    return document;
}

Memory busy_memory() {
    Memory memory;
    memory.time = 1'767'225'600;
    memory.blocks = {BlockRef{ChainId{1}, 7, {}, 1'767'225'600}};
    PortfolioMemory& portfolio = memory.portfolios["main"];
    portfolio.unified = Unified{};
    portfolio.unified->scenarios = {ScenarioResult{"ETH +1.00R vol up", false, {{AssetId{"ETH"}, 0.18}}, {{AssetId{"ETH"}, VolMove::up}}, 0.5, -0.1}};
    portfolio.headline.binding = AccountKey{VenueId{"protocol", ChainId{1}, ""}, {}, "7"};
    portfolio.ended[Bytes32{}] = EndedIncident{3, 5};
    AccountMemory& account = portfolio.accounts[*portfolio.headline.binding];
    account.level = Level::call;
    account.z = std::numeric_limits<double>::infinity();
    account.open["distance"].leaving_since[Level::warn] = 12;
    return memory;
}

TEST(Fields, memory_comes_back_as_it_was) {
    const auto document = written(busy_memory());
    const auto read = from_json<Memory>(document);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(written(*read), document);
    EXPECT_EQ(content_hash(*read), content_hash(busy_memory()));
}

TEST(Fields, every_field_counts_for_the_hash) {
    Policy changed;
    changed.default_range += 0.01;
    EXPECT_NE(content_hash(Policy{}), content_hash(changed));
}

TEST(Fields, an_unknown_key_is_refused_by_name) {
    auto document = written(Policy{});
    document["z_wach"] = 3.0;
    const auto read = from_json<Policy>(document);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("z_wach"), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace margind::model
