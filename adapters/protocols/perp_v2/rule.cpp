// From facts to a book: every number checked once, so that evaluation need not.
#include "adapters/protocols/perp_v2/rule.hpp"

#include "adapters/protocols/perp_v2/account.hpp"
#include "adapters/checked.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

#include <algorithm>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::ErrorCode;
using model::I256;
using model::Result;
using model::U256;

Result<const model::AssetMapping*> mapped(const model::AssetMap& assets, model::ChainId chain,
                                          const model::Address& token) {
    const model::AssetMapping* mapping = assets.find(chain, token);
    if (mapping == nullptr)
        return model::fail(ErrorCode::missing, "unmapped_asset " + token.to_string() + " on chain " +
                                                   std::to_string(chain.value) + ": add it to the assets");
    return mapping;
}

/// Position of the item of the venue's list with this token, or the list's length.
std::size_t find_item(FactReader& venue, const char* list, std::size_t length, const model::Address& token) {
    for (std::size_t i = 0; i < length; ++i)
        if (venue.address(item(list, i, "token")) == token) return i;
    return length;
}

U256 room_below(const U256& cap, const U256& held) { return checked_sub(cap, held).value_or(U256()); }

/// What a long of one unit owes per day: the difference of the TWAPs, at most `rate` (of 1e6) of the index.
I256 clamped_premium(const U256& sqrt_market_twap, const U256& index_twap, const U256& rate, Checked& m) {
    const U256 q96 = U256::pow2(96);
    const U256 market = m.mul_div(sqrt_market_twap, sqrt_market_twap, q96);
    const U256 index = m.mul_div(index_twap, q96, U256(one_x18));
    const U256 most = m.mul_div(index, rate, U256(ratio_one));
    if (market > index) return m.to_signed(std::min(m.sub(market, index), most));
    return m.negate(m.to_signed(std::min(m.sub(index, market), most)));
}

/// Fails with `missing` and the venue's own reason where the market's price could not be read.
Result<HeldMarket> venue_side(FactReader& venue, std::size_t i, Checked& m) {
    HeldMarket market;
    market.token = venue.address(item(markets, i, "token"));
    market.status = static_cast<MarketStatus>(venue.count(item(markets, i, "status"), 2));
    if (!venue.has(item(markets, i, "price")))
        return model::fail(ErrorCode::missing, "no price of market " + market.token.to_string() + ": " +
                                                   venue.text(item(markets, i, "reason")));
    market.reference_price = venue.u256(item(markets, i, "price"));
    market.sqrt_price = venue.u256(item(markets, i, "sqrt_price_x96"));
    market.fee_ratio = venue.u256(item(markets, i, "fee_ratio"));
    if (market.status == MarketStatus::open) {
        if (market.reference_price.is_zero())
            return model::fail(ErrorCode::missing, "the mark price of market " + market.token.to_string() + " is 0");
        market.premium_x96 = clamped_premium(venue.u256(item(markets, i, "sqrt_market_twap_x96")),
                                             venue.u256(item(markets, i, "index_twap")),
                                             venue.u256("max_funding_rate"), m);
    }
    return market;
}

Result<Range> order_of(FactReader& account, const std::string& list, std::size_t k) {
    const I256 lower = account.i256(item(list, k, "lower_tick"));
    const I256 upper = account.i256(item(list, k, "upper_tick"));
    const U256 liquidity = account.u256(item(list, k, "liquidity"));
    const U256 limit(static_cast<std::uint64_t>(max_tick));
    if (lower.magnitude() > limit || upper.magnitude() > limit || lower >= upper || liquidity.bit_width() > 128)
        return model::fail(ErrorCode::out_of_range, item(list, k, "*") + ": liquidity " + liquidity.to_decimal() +
                                                        " between ticks " + lower.to_decimal() + " and " +
                                                        upper.to_decimal());
    const auto tick = [](const I256& value) {
        const auto size = static_cast<std::int32_t>(value.magnitude().limbs()[0]);
        return value.is_negative() ? -size : size;
    };
    return Range{liquidity, sqrt_ratio_at_tick(tick(lower)), sqrt_ratio_at_tick(tick(upper))};
}

Result<HeldMarket> held_market(FactReader& venue, std::size_t venue_index, FactReader& account, std::size_t i,
                               const model::AssetMapping& mapping) {
    Checked m;
    Result<HeldMarket> market = venue_side(venue, venue_index, m);
    if (!market) return market;
    market->underlying = mapping.underlying;
    market->label = mapping.label;
    market->taker_size = account.i256(item(markets, i, "taker_size"));
    market->taker_notional = account.i256(item(markets, i, "taker_notional"));
    market->funding = account.i256(item(markets, i, "funding"));
    market->pending_fee = account.u256(item(markets, i, "pending_fee"));
    const std::string list = orders_of(i);
    const std::uint64_t orders = account.count(list + "s", max_items);
    for (std::size_t k = 0; k < orders; ++k) {
        Result<Range> order = order_of(account, list, k);
        if (!order) return model::fail(order.error());
        market->orders.push_back(*std::move(order));
        market->base_debt = m.add(market->base_debt, account.u256(item(list, k, "base_debt")));
        market->quote_debt = m.add(market->quote_debt, account.u256(item(list, k, "quote_debt")));
    }
    if (!m.ok())
        return model::fail(ErrorCode::out_of_range, "facts of market " + market->token.to_string() + " overflow");
    return market;
}

Result<HeldCollateral> held_collateral(FactReader& venue, std::size_t venue_index, FactReader& account, std::size_t i,
                                       const model::AssetMapping& mapping) {
    HeldCollateral held;
    held.token = mapping.token;
    held.underlying = mapping.underlying;
    held.label = mapping.label;
    if (!venue.has(item(collaterals, venue_index, "price")))
        return model::fail(ErrorCode::missing, "no price of collateral " + mapping.label + " (" +
                                                   mapping.token.to_string() +
                                                   "): " + venue.text(item(collaterals, venue_index, "reason")));
    held.decimals = static_cast<std::uint8_t>(venue.count(item(collaterals, venue_index, "decimals"), model::max_decimals));
    held.price = venue.u256(item(collaterals, venue_index, "price"));
    held.price_decimals =
        static_cast<std::uint8_t>(venue.count(item(collaterals, venue_index, "price_decimals"), model::max_decimals));
    held.ratio = venue.u256(item(collaterals, venue_index, "ratio"));
    held.discount_ratio = venue.u256(item(collaterals, venue_index, "discount_ratio"));
    held.deposit_room = room_below(venue.u256(item(collaterals, venue_index, "deposit_cap")),
                                   venue.u256(item(collaterals, venue_index, "held")));
    held.balance = account.u256(item(collaterals, i, "balance"));
    return held;
}

Result<Book> decode(FactReader& venue, FactReader& account, const model::AssetMap& assets) {
    Book book;
    const model::ChainId chain{venue.u256("chain_id").to_u64().value_or(0)};
    book.settlement_token = venue.address("settlement_token");
    book.settlement_decimals = static_cast<std::uint8_t>(venue.count("settlement_decimals", 18));
    book.settlement_room = room_below(venue.u256("settlement_cap"), venue.u256("settlement_held"));
    book.im_ratio = venue.u256("im_ratio");
    book.mm_ratio = venue.u256("mm_ratio");
    book.penalty_ratio = venue.u256("penalty_ratio");
    book.mm_ratio_buffer = venue.u256("mm_ratio_buffer");
    book.debt_value_ratio = venue.u256("debt_value_ratio");
    book.sale_ratio = venue.u256("sale_ratio");
    book.sale_dust = venue.u256("sale_dust");
    book.sale_fee_ratio = venue.u256("sale_fee_ratio");
    const std::uint64_t venue_markets = venue.count("markets", max_items);
    const std::uint64_t venue_collaterals = venue.count("collaterals", max_items);
    book.balance = account.i256("balance");
    book.owed_realized_pnl = account.i256("owed_realized_pnl");
    book.debt_threshold = account.u256("debt_threshold");
    const std::uint64_t held_markets = account.count("markets", max_items);
    const std::uint64_t held_collaterals = account.count("collaterals", max_items);
    if (!venue.ok()) return model::fail(venue.error());
    if (!account.ok()) return model::fail(account.error());

    const Result<const model::AssetMapping*> settlement = mapped(assets, chain, book.settlement_token);
    if (!settlement) return model::fail(settlement.error());
    book.settlement = (*settlement)->underlying;
    book.settlement_label = (*settlement)->label;
    for (std::size_t i = 0; i < held_markets; ++i) {
        const model::Address token = account.address(item(markets, i, "token"));
        const std::size_t at = find_item(venue, markets, venue_markets, token);
        if (at == venue_markets)
            return model::fail(ErrorCode::missing, "market " + token.to_string() + " is not among the base_tokens");
        const Result<const model::AssetMapping*> mapping = mapped(assets, chain, token);
        if (!mapping) return model::fail(mapping.error());
        Result<HeldMarket> market = held_market(venue, at, account, i, **mapping);
        if (!market) return model::fail(market.error());
        book.markets.push_back(*std::move(market));
    }
    for (std::size_t i = 0; i < held_collaterals; ++i) {
        const model::Address token = account.address(item(collaterals, i, "token"));
        const std::size_t at = find_item(venue, collaterals, venue_collaterals, token);
        if (at == venue_collaterals)
            return model::fail(ErrorCode::missing,
                               "collateral " + token.to_string() + " is not among the collateral_tokens");
        const Result<const model::AssetMapping*> mapping = mapped(assets, chain, token);
        if (!mapping) return model::fail(mapping.error());
        Result<HeldCollateral> held = held_collateral(venue, at, account, i, **mapping);
        if (!held) return model::fail(held.error());
        book.collaterals.push_back(*std::move(held));
    }
    return book;
}

}  // namespace

Result<std::unique_ptr<model::PreparedAccount>> Rule::prepare(const model::Facts& venue, const model::Facts& account,
                                                              const model::AssetMap& assets) const {
    if (venue.schema() != venue_schema)
        return model::fail(ErrorCode::unknown_schema, "venue facts of schema " + venue.schema() + ", not " + venue_schema);
    if (account.schema() != account_schema)
        return model::fail(ErrorCode::unknown_schema,
                           "account facts of schema " + account.schema() + ", not " + account_schema);
    FactReader venue_facts(venue);
    FactReader account_facts(account);
    Result<Book> book = decode(venue_facts, account_facts, assets);
    if (!venue_facts.ok()) return model::fail(venue_facts.error());
    if (!account_facts.ok()) return model::fail(account_facts.error());
    if (!book) return model::fail(book.error());
    return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(*std::move(book)));
}

std::optional<bool> Rule::liquidatable_by_views(std::span<const model::NativeFigure> views) const {
    const auto said = [&](const char* name) -> std::optional<bool> {
        const auto view =
            std::find_if(views.begin(), views.end(), [&](const model::NativeFigure& v) { return v.name == name; });
        return view == views.end() ? std::nullopt : std::optional<bool>(!view->value.is_zero());
    };
    const std::optional<bool> position = said(view_liquidatable);
    const std::optional<bool> collateral = said(view_collateral_liquidatable);
    if (position.value_or(false) || collateral.value_or(false)) return true;
    if (!position || !collateral) return std::nullopt;
    return false;
}

}  // namespace margind::adapters::protocols::perp_v2
