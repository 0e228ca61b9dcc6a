// Facts of one position at four venues, as their readings would have them.
#include "daemon/backtest_venues.hpp"

#include "adapters/fact_reader.hpp"
#include "daemon/venues.hpp"
#include "risk/path.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::item;
using model::Address;
using model::AssetMap;
using model::fail;
using model::FactsBuilder;
using model::I256;
using model::Result;
using model::U256;
using risk::backtest::AlarmVenue;
using risk::backtest::Opening;

constexpr model::ChainId chain{1};
constexpr double notional_usd = 100'000;
constexpr std::uint64_t opened_at = 1'700'000'000;

/// |value| in units of 10^-decimals, rounded down.
U256 raw(double value, unsigned decimals) { return *risk::scaled(U256::pow10(decimals), std::abs(value)); }
I256 signed_raw(double value, unsigned decimals) { return *I256::make(value < 0, raw(value, decimals)); }

Address numbered(std::uint64_t number, std::string_view marker = {}) {
    Address address;
    for (std::size_t i = 0; i < 8; ++i) address.bytes[19 - i] = static_cast<std::byte>(number >> (8 * i) & 0xff);
    for (std::size_t i = 0; i < marker.size(); ++i) address.bytes[i] = static_cast<std::byte>(marker[i]);
    return address;
}

model::Bytes text(const std::string& value) {
    model::Bytes bytes;
    for (const char c : value) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

using Opened = Result<std::shared_ptr<const model::PreparedAccount>>;

/// By asset; null: not listed.
template <class T>
const T* find(const std::map<std::string, T>& terms, const Opening& opening) {
    const auto found = terms.find(opening.asset.symbol);
    return found == terms.end() ? nullptr : &found->second;
}

const Address dollar = numbered(1);
const Address coin = numbered(2);

AssetMap assets_of(const Opening& opening) {
    AssetMap map;
    map.add({chain, dollar, {"USD"}, "USDC"});
    map.add({chain, coin, opening.asset, opening.asset.symbol});
    return map;
}

Opened prepared(const model::VenueRule& rule, FactsBuilder venue, FactsBuilder account, const AssetMap& assets) {
    const auto venue_facts = std::move(venue).build();
    if (!venue_facts) return fail(venue_facts.error());
    const auto account_facts = std::move(account).build();
    if (!account_facts) return fail(account_facts.error());
    auto ready = rule.prepare(**venue_facts, **account_facts, assets);
    if (!ready) return fail(ready.error());
    const auto standing = (*ready)->at((*ready)->current());
    if (!standing) return fail(standing.error());
    if (standing->equity.raw < standing->initial.raw || standing->liquidatable) return nullptr;
    return std::shared_ptr<const model::PreparedAccount>(*std::move(ready));
}

/// An isolated position; prices have 6 decimals less those of the size.
Opened hyperliquid(const model::VenueRule& rule, const Opening& opening) {
    struct Listed {
        std::uint64_t most_leverage;
        unsigned size_decimals;
    };
    static const std::map<std::string, Listed> all{{"BTC", {40, 5}}, {"ETH", {25, 4}}, {"SOL", {20, 2}}};
    const Listed* const terms = find(all, opening);
    if (terms == nullptr) return nullptr;
    const unsigned price_decimals = 6 - terms->size_decimals;
    const U256 mark = raw(opening.entry, price_decimals);
    const double entry = mark.to_double() / std::pow(10, price_decimals);
    const I256 size = signed_raw((opening.is_long ? 1 : -1) * notional_usd / entry, terms->size_decimals);
    const I256 value = *checked_mul(size, *I256::from(mark));
    FactsBuilder venue("hyperliquid.venue/1");
    venue.add("chain_id", U256(chain.value));
    venue.add("tiers", U256());
    FactsBuilder account("hyperliquid.account/1");
    account.add("mode", text("standard"));
    account.add("isolated", true);
    for (const char* name : {"dex", "token", "margin_used", "ntl_pos", "withdrawable", "spot_total"}) account.add(name, U256());
    for (const char* name : {"account_value", "raw_usd"}) account.add(name, I256());
    account.add("positions", U256(1));
    account.add("spots", U256());
    const auto add = [&](const char* field, model::FactValue fact) { account.add(item("position", 0, field), std::move(fact)); };
    add("perp", U256());
    add("coin", text(opening.asset.symbol));
    add("margin_table", U256(terms->most_leverage));
    add("sz_decimals", U256(terms->size_decimals));
    add("max_leverage", U256(terms->most_leverage));
    add("szi", size);
    add("entry_ntl", value.magnitude());
    add("isolated_raw_usd", *checked_sub(signed_raw(notional_usd / opening.leverage, 6), value));
    // The slider as far up as it goes: it decides nothing but the initial margin.
    add("leverage", U256(terms->most_leverage));
    add("is_isolated", true);
    add("mark", mark);
    add("oracle", mark);
    AssetMap assets;
    assets.add({chain, numbered(0, "PERP"), opening.asset, opening.asset.symbol});
    // A token is its number behind 0x20, which is a blank.
    assets.add({chain, numbered(0, " "), {"USD"}, "USDC"});
    return prepared(rule, std::move(venue), std::move(account), assets);
}

/// USDC behind it, and the fee of its close.
Opened gmx(const model::VenueRule& rule, const Opening& opening) {
    struct Listed {
        unsigned decimals;
        double factor;
    };
    constexpr double close_fee = 0.0006;
    constexpr unsigned usd = 30;
    constexpr unsigned money_decimals = 6;
    static const std::map<std::string, Listed> all{{"BTC", {8, 0.005}}, {"ETH", {18, 0.005}}, {"SOL", {9, 0.01}}};
    const Listed* const terms = find(all, opening);
    if (terms == nullptr) return nullptr;
    FactsBuilder venue("gmx_v2.venue/1");
    venue.add("chain_id", U256(chain.value));
    FactsBuilder account("gmx_v2.account/1");
    const U256 price = raw(opening.entry, usd - terms->decimals);
    const U256 dollar_price = U256::pow10(usd - money_decimals);
    account.add("market", numbered(3));
    account.add("index_token", coin);
    account.add("long_token", coin);
    account.add("short_token", dollar);
    account.add("collateral_token", dollar);
    account.add("is_long", opening.is_long);
    account.add("market_disabled", false);
    account.add("index_decimals", U256(terms->decimals));
    account.add("collateral_decimals", U256(money_decimals));
    account.add("size_usd", raw(notional_usd, usd));
    account.add("size_tokens", raw(notional_usd / opening.entry, terms->decimals));
    account.add("collateral_amount", raw(notional_usd / opening.leverage, money_decimals));
    account.add("index_min", price);
    account.add("index_max", price);
    account.add("collateral_min", dollar_price);
    account.add("pnl_token_min", opening.is_long ? price : dollar_price);
    account.add("cost_without_funding", raw(notional_usd * close_fee, money_decimals));
    account.add("min_collateral_usd", raw(1, usd));
    account.add("min_collateral_factor", raw(terms->factor, usd));
    account.add("min_collateral_factor_for_liquidation", raw(terms->factor, usd));
    for (const char* name : {"pending_impact_amount", "price_impact_usd"}) account.add(name, I256());
    for (const char* name : {"funding_fee_amount", "open_interest_multiplier", "max_impact_factor_for_liquidations", "liquidation_fee_factor", "max_pnl_factor",
                             "open_interest", "open_interest_in_tokens", "pool_amount", "borrowing_per_second", "funding_per_second"})
        account.add(name, U256());
    return prepared(rule, std::move(venue), std::move(account), assets_of(opening));
}

Opened perp_v2(const model::VenueRule& rule, const Opening& opening) {
    const U256 price = raw(opening.entry, 18);
    const U256 root = raw(std::ldexp(std::sqrt(opening.entry), 48), 0);
    FactsBuilder venue("perp_v2.venue/2");
    venue.add("chain_id", U256(chain.value));
    venue.add("settlement_token", dollar);
    venue.add("settlement_decimals", U256(6));
    venue.add("settlement_cap", U256::max());
    venue.add("settlement_held", U256());
    const std::map<std::string, std::uint64_t> ratios{{"im_ratio", 100'000},          {"mm_ratio", 62'500},   {"penalty_ratio", 25'000},
                                                      {"mm_ratio_buffer", 2'000},     {"debt_value_ratio", 750'000}, {"sale_ratio", 500'000},
                                                      {"sale_dust", 500'000'000},     {"sale_fee_ratio", 30'000},    {"max_funding_rate", 100'000}};
    for (const auto& [name, value] : ratios) venue.add(name, U256(value));
    venue.add("markets", U256(1));
    venue.add("collaterals", U256());
    const auto add = [](FactsBuilder& to, const char* field, model::FactValue fact) { to.add(item("market", 0, field), std::move(fact)); };
    add(venue, "token", coin);
    add(venue, "status", U256());
    add(venue, "price", price);
    add(venue, "sqrt_price_x96", *checked_mul(root, U256::pow2(48)));
    add(venue, "fee_ratio", U256(1000));
    add(venue, "sqrt_market_twap_x96", *checked_mul(root, U256::pow2(48)));
    add(venue, "index_twap", price);
    const double side = opening.is_long ? 1 : -1;
    FactsBuilder account("perp_v2.account/1");
    account.add("balance", signed_raw(notional_usd / opening.leverage, 6));
    account.add("owed_realized_pnl", I256());
    account.add("debt_threshold", U256(10'000'000'000));
    account.add("markets", U256(1));
    account.add("collaterals", U256());
    add(account, "token", coin);
    add(account, "taker_size", signed_raw(side * notional_usd / opening.entry, 18));
    add(account, "taker_notional", signed_raw(-side * notional_usd, 18));
    add(account, "funding", I256());
    add(account, "pending_fee", U256());
    add(account, "orders", U256());
    return prepared(rule, std::move(venue), std::move(account), assets_of(opening));
}

/// A long borrows dollars against the coin, a short the coin against dollars; shares in basis points.
Opened aave(const model::VenueRule& rule, const Opening& opening) {
    struct Reserve {
        std::uint64_t ltv;
        std::uint64_t threshold;
        unsigned decimals;
    };
    static const std::map<std::string, Reserve> all{{"BTC", {7300, 7800, 8}}, {"ETH", {8050, 8300, 18}}};
    const Reserve* const terms = find(all, opening);
    if (terms == nullptr) return nullptr;
    const std::map<std::size_t, Reserve> reserves{{0, *terms}, {1, {7500, 7800, 6}}};
    constexpr std::uint64_t bonus = 10'500;
    constexpr std::uint64_t active = std::uint64_t{1} << 56;
    const auto reserve = [](std::size_t id, const char* field) { return fmt::format("reserve.{:03}.{}", id, field); };
    FactsBuilder venue("aave_v3.venue/1");
    venue.add("chain_id", U256(chain.value));
    venue.add("block_time", U256(opened_at));
    venue.add("revision", U256(1));
    venue.add("base_currency", Address{});
    venue.add("base_unit", U256(100'000'000));
    for (const auto& [id, of] : reserves) {
        venue.add(reserve(id, "asset"), id == 0 ? coin : dollar);
        venue.add(reserve(id, "configuration"), U256(of.ltv | of.threshold << 16 | bonus << 32 | std::uint64_t{of.decimals} << 48 | active));
        venue.add(reserve(id, "liquidity_index"), U256::pow10(27));
        venue.add(reserve(id, "variable_borrow_index"), U256::pow10(27));
        venue.add(reserve(id, "liquidity_rate"), U256());
        venue.add(reserve(id, "variable_borrow_rate"), U256());
        venue.add(reserve(id, "last_update"), U256(opened_at));
        venue.add(reserve(id, "scaled_supply"), U256::pow10(of.decimals + 12));
        venue.add(reserve(id, "price"), raw(id == 0 ? opening.entry : 1, 8));
    }
    const double equity = notional_usd / opening.leverage;
    const std::size_t held = opening.is_long ? 0 : 1;
    const std::size_t owed = 1 - held;
    const double held_usd = opening.is_long ? notional_usd : notional_usd + equity;
    const double owed_usd = opening.is_long ? notional_usd - equity : notional_usd;
    const auto units = [&](std::size_t id, double usd) { return raw(usd / (id == 0 ? opening.entry : 1), reserves.at(id).decimals); };
    FactsBuilder account("aave_v3.account/1");
    account.add(reserve(held, "scaled_supply"), units(held, held_usd));
    account.add(reserve(owed, "scaled_supply"), U256());
    account.add(reserve(owed, "scaled_variable_debt"), units(owed, owed_usd));
    for (const char* field : {"stable_principal", "stable_rate", "stable_last_update"}) account.add(reserve(owed, field), U256());
    account.add("configuration", U256(std::uint64_t{1} << (2 * held + 1) | std::uint64_t{1} << (2 * owed)));
    account.add("emode", U256());
    account.add("held", U256(std::uint64_t{3}));
    return prepared(rule, std::move(venue), std::move(account), assets_of(opening));
}

using Open = Opened (*)(const model::VenueRule&, const Opening&);

}  // namespace

std::vector<AlarmVenue> backtest_venues() {
    struct Row {
        const char* protocol;
        /// Of Chainlink's feeds of BTC and ETH on the venue's main chain; 0: none triggers.
        double feed_deviation;
        Open open;
    };
    std::vector<AlarmVenue> venues;
    const risk::Rules find = rules();
    for (const Row& row : {Row{"hyperliquid", 0, hyperliquid}, Row{"gmx_v2", 0.0005, gmx}, Row{"perp_v2", 0.0015, perp_v2}, Row{"aave_v3", 0.005, aave}})
        if (const model::VenueRule* rule = find(row.protocol))
            venues.push_back({row.protocol, row.feed_deviation, [rule, open = row.open](const Opening& opening) { return open(*rule, opening); }});
    return venues;
}

}  // namespace margind::daemon
