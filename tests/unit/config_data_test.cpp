// The data that ships: built-in rows are complete and consistent, the example loads, every policy field is settable.
#include "config/policy_fields.hpp"
#include "config/resources.hpp"
#include "config/settings.hpp"
#include "risk/model/market_fields.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

namespace margind::config {
namespace {

const Feed* feed_of(const Settings& settings, std::uint64_t chain, const std::string& asset) {
    for (const Feed& feed : settings.feeds)
        if (feed.chain.value == chain && feed.asset.symbol == asset) return &feed;
    return nullptr;
}

TEST(BuiltIn, knows_the_four_chains_with_venues_and_main_feeds) {
    const Settings settings = defaults();
    for (const std::uint64_t chain : {1U, 10U, 8453U, 42161U}) {
        ASSERT_TRUE(settings.chains.contains({chain}));
        EXPECT_TRUE(settings.venues.contains({"aave_v3", {chain}, ""}));
        for (const char* asset : {"ETH", "BTC", "USDC", "USDT", "DAI"}) EXPECT_NE(feed_of(settings, chain, asset), nullptr) << chain << asset;
    }
    EXPECT_TRUE(settings.endpoints.empty());
    EXPECT_TRUE(settings.portfolios.empty());
    EXPECT_TRUE(settings.storage.empty());
    EXPECT_EQ(settings.keep_full_days, 14U);
    EXPECT_EQ(settings.policy, model::Policy{});
}

TEST(BuiltIn, maps_tokens_whose_addresses_are_published_elsewhere) {
    const Settings settings = defaults();
    const struct {
        std::uint64_t chain;
        const char* token;
        const char* underlying;
    } cases[] = {
        {1, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "ETH"},  {1, "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", "BTC"},
        {1, "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC"}, {1, "0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0", "wstETH"},
        {10, "0x8C835DFaA34e2AE61775e80EE29E2c724c6AE2BB", "ETH"}, {10, "0x7F5c764cBc14f9669B88837ca1490cCa17c31607", "USDC"},
        {957, "0x4BB4C3CDc7562f08e9910A0C7D8bB7e108861eB4", "ETH"}, {957, "0x57B03E14d409ADC7fAb6CFc44b5886CAD2D5f02b", "USDC"},
        {8453, "0x4200000000000000000000000000000000000006", "ETH"}, {42161, "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1", "ETH"},
    };
    for (const auto& one : cases) {
        const auto* row = settings.assets.find({one.chain}, model::Address::parse(one.token).value());
        ASSERT_NE(row, nullptr) << one.token;
        EXPECT_EQ(row->underlying.symbol, one.underlying) << one.token;
    }
    EXPECT_EQ(settings.assets.find({5}, model::Address::parse(cases[0].token).value()), nullptr);
}

TEST(BuiltIn, has_hypercores_perps_at_their_published_places) {
    // "universe" of the info endpoint's "meta" as BlockPI's documentation shows it, from its beginning.
    const char* universe[] = {"BTC", "ETH", "ATOM", "MATIC", "DYDX", "SOL"};
    const model::AssetMap assets = defaults().assets;
    std::size_t mapped = 0;
    for (std::size_t i = 0; i < std::size(universe); ++i) {
        const auto* row = assets.find({999}, model::Address::parse("0x504552500000000000000000000000000000000" + std::to_string(i)).value());
        if (row == nullptr) continue;
        ++mapped;
        EXPECT_EQ(row->label, universe[i]) << "the name that HyperCore itself must give";
        EXPECT_EQ(row->underlying.symbol, universe[i]);
    }
    EXPECT_EQ(mapped, 3U);
}

TEST(BuiltIn, maps_every_market_that_a_venue_lists) {
    const Settings settings = defaults();
    for (const auto& [id, venue] : settings.venues)
        for (const auto& [name, list] : venue.lists)
            for (const model::Address& address : list)
                if (name != "portfolio_managers") {
                    EXPECT_NE(settings.assets.find(id.chain, address), nullptr) << id.to_string() << ' ' << address.to_string();
                }
}

TEST(BuiltIn, describes_each_feed_by_the_asset_that_it_prices) {
    for (const Feed& feed : defaults().feeds) {
        std::string symbol = feed.description.substr(0, feed.description.find(' '));
        EXPECT_EQ(feed.description, symbol + " / USD");
        EXPECT_EQ(symbol.size(), feed.asset.symbol.size());
        EXPECT_GE(feed.heartbeat_s, 60);
    }
}

TEST(BuiltIn, gives_every_data_file_of_the_folder_by_name) {
    for (const char* name : {"chains.toml", "venues.toml", "assets.toml", "feeds.toml", "market.json"}) {
        std::ifstream stream(std::string(MARGIND_SOURCE_DIR) + "/config/" + name);
        std::stringstream text;
        text << stream.rdbuf();
        EXPECT_EQ(resource(name), text.str()) << name;
        EXPECT_FALSE(text.str().empty());
    }
    EXPECT_THROW(resource("example.toml"), std::logic_error);
}

TEST(BuiltIn, names_the_policy_as_the_model_does) {
    std::set<std::string> ours;
    for (const PolicyField& field : policy_fields()) ours.emplace(field.name);
    std::set<std::string> models;
    model::for_each_field<model::Policy>([&](const char* name, auto) { models.emplace(name); });
    EXPECT_EQ(ours, models);
}

TEST(Describe, gives_a_file_that_loads_as_the_same_settings) {
    const Settings settings = parse("[policy]\neta = 0.3\n[storage]\npath = '/var/lib/\\ \" x'\nkeep_full_days = 90\n[[portfolio]]\nname = 'a'\nowners = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed']\n"
                                    "[http]\nallowed_origins = ['http://localhost:3000']\n[[chain]]\nid = 31337\nblock_time_s = 0.3\nquiet_chain = true\n",
                                    "t.toml", process_environment).value();
    const std::string text = describe(settings);
    const auto again = parse(text, "t.toml", process_environment);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(describe(*again), text);
    EXPECT_EQ(again->policy, settings.policy);
    EXPECT_EQ(again->storage, settings.storage);
    EXPECT_EQ(again->keep_full_days, 90U);
    EXPECT_EQ(again->assets, settings.assets);
    EXPECT_EQ(again->portfolios, settings.portfolios);
    EXPECT_EQ(again->feeds.size(), settings.feeds.size());
    EXPECT_EQ(again->venues.size(), settings.venues.size());
}

TEST(Example, loads_and_holds_what_it_says) {
    const Environment env = [](const std::string& name) -> std::optional<std::string> { return "http://127.0.0.1:8545/" + name; };
    const auto settings = load(std::string(MARGIND_SOURCE_DIR) + "/config/example.toml", env);
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->portfolios.at(0).name, "desk");
    EXPECT_EQ(settings->endpoints.at(0).url.reveal(), "http://127.0.0.1:8545/MAINNET_RPC");
    EXPECT_EQ(settings->endpoints.at(0).operator_name, "alchemy");
    EXPECT_EQ(settings->endpoints.at(0).compute_units_per_second, 500);
    EXPECT_EQ(settings->sinks.web_hooks.at(0).deadline, std::chrono::seconds(5));
    EXPECT_FALSE(settings->venues.contains({"aave_v3", {1}, "etherfi"}));
    EXPECT_NE(settings->assets.find({31337}, model::Address::parse("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2").value()), nullptr);
    EXPECT_EQ(settings->policy, model::Policy{});
}

TEST(Example, has_a_feed_of_every_kind) {
    const Environment env = [](const std::string& name) -> std::optional<std::string> { return "http://127.0.0.1:8545/" + name; };
    const auto settings = load(std::string(MARGIND_SOURCE_DIR) + "/config/example.toml", env);
    ASSERT_TRUE(settings) << settings.error().message;
    const std::vector<Feed> feeds = feeds_of(*settings, model::ChainId{31337});
    ASSERT_EQ(feeds.size(), 4U);
    EXPECT_EQ(kind_of(feeds[0].source), "chainlink");
    EXPECT_FALSE(feeds[0].second_opinion);
    const auto& pyth = std::get<PythFeed>(feeds[1].source);
    EXPECT_EQ(pyth.price_id.to_string(), "0xff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace");
    EXPECT_TRUE(feeds[1].second_opinion);
    const auto& packages = std::get<RedstoneFeed>(feeds[2].source);
    EXPECT_EQ(packages.url.origin(), "env REDSTONE_URL");
    EXPECT_EQ(packages.signers.size(), 3U);
    EXPECT_EQ(feeds[2].heartbeat_s, 96);
    EXPECT_TRUE(feeds[2].second_opinion);
    const auto& pool = std::get<TwapFeed>(feeds[3].source);
    EXPECT_EQ(pool.quote, "USDC");
    EXPECT_EQ(feeds[3].heartbeat_s, 1800);
    EXPECT_TRUE(feeds[3].second_opinion);
    for (const Feed& feed : feeds) EXPECT_NE(describe(*settings).find("kind = \"" + std::string(kind_of(feed.source)) + "\""), std::string::npos);
}

TEST(SecondOpinions, load_as_a_configuration) {
    const Environment env = [](const std::string&) -> std::optional<std::string> { return "http://127.0.0.1:1/"; };
    const auto settings = load(std::string(MARGIND_SOURCE_DIR) + "/config/second_opinions.toml", env);
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->feeds.size(), defaults().feeds.size() + 15);
}

TEST(BuiltIn, has_the_uptime_feeds_of_the_rollups) {
    const Settings settings = defaults();
    EXPECT_FALSE(settings.chains.at(model::ChainId{1}).sequencer_feed);
    for (const std::uint64_t chain : {10ULL, 8453ULL, 42161ULL}) {
        const std::vector<Feed> feeds = feeds_of(settings, model::ChainId{chain});
        ASSERT_FALSE(feeds.empty()) << chain;
        ASSERT_TRUE(std::holds_alternative<SequencerFeed>(feeds.back().source)) << chain;
        EXPECT_EQ(std::get<SequencerFeed>(feeds.back().source).grace_s, 3600) << chain;
    }
}

TEST(Policy, every_field_is_settable_and_its_default_is_in_range) {
    const model::Policy defaults;
    std::set<std::string_view> names;
    std::size_t bytes = 0;
    for (const PolicyField& field : policy_fields()) {
        EXPECT_TRUE(names.insert(field.name).second) << field.name;
        const double value = std::visit([&](auto member) { return static_cast<double>(defaults.*member); }, field.member);
        EXPECT_GE(value, field.min) << field.name;
        EXPECT_LE(value, field.max) << field.name;
        bytes += std::visit([&](auto member) { return sizeof(defaults.*member); }, field.member);
        const bool whole = std::holds_alternative<std::int64_t model::Policy::*>(field.member);
        const std::string text = whole ? fmt::format("{}", static_cast<std::int64_t>(value)) : fmt::format("{}", value);
        const auto parsed = parse(fmt::format("[policy]\n{} = {}\n", field.name, text), "t.toml", process_environment);
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(parsed->policy, defaults) << field.name;
    }
    EXPECT_EQ(bytes, sizeof(model::Policy)) << "a field of Policy has no row in policy_fields()";
    for (const PolicyOrder& order : policy_orders()) {
        EXPECT_TRUE(names.contains(order.smaller)) << order.smaller;
        EXPECT_TRUE(names.contains(order.larger)) << order.larger;
    }
}

}  // namespace
}  // namespace margind::config
