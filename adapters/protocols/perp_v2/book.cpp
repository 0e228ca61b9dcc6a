// The arithmetic of AccountBalance, Vault and ClearingHouse over one account.
#include "adapters/protocols/perp_v2/book.hpp"

#include "adapters/checked.hpp"

#include <algorithm>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::I256;
using model::Rounding;
using model::U256;

constexpr std::int64_t funding_period_s = 86400;
/// A position below this many wei counts as none.
constexpr std::uint64_t dust = 10;
/// Products with a square-root price stay inside 512 bits.
constexpr unsigned max_price_bits = 127;

/// Size that earns or owes funding, with what the orders hold at the state's pool price.
MarketFigures market_figures(const HeldMarket& market, const U256& price, std::int64_t seconds, Checked& m) {
    MarketFigures f;
    f.price = price;
    const U256 sqrt_price = moved_sqrt_price(market.sqrt_price, market.reference_price, price);
    U256 base;
    U256 quote;
    for (const Range& order : market.orders) {
        const TokenAmounts held = amounts_at(order, sqrt_price);
        base = m.add(base, held.base);
        quote = m.add(quote, held.quote);
    }
    const I256 maker_base = m.sub(m.to_signed(base), m.to_signed(market.base_debt));
    const I256 maker_quote = m.sub(m.to_signed(quote), m.to_signed(market.quote_debt));
    const I256 size = m.add(maker_base, market.taker_size);
    f.size = size.magnitude() < U256(dust) ? I256() : size;
    f.open_notional = m.add(maker_quote, market.taker_notional);
    f.value = m.mul_div(f.size, m.to_signed(price), U256(one_x18));
    f.funding = market.funding;
    if (seconds != 0 && !market.premium_x96.is_zero()) {
        const I256 premium = m.mul_div(market.premium_x96, m.to_signed(price), market.reference_price);
        const I256 growth = m.mul(premium, I256(seconds));
        f.funding = m.add(f.funding, m.div(m.mul_div(size, growth, U256::pow2(96)), I256(funding_period_s)));
    }
    return f;
}

/// What the trader's own balances owe: quote netted over markets, base market by market.
U256 debt_value(const Book& book, const std::vector<MarketFigures>& markets, Checked& m) {
    I256 quote_balance;
    I256 base_debt_value;
    for (std::size_t i = 0; i < markets.size(); ++i) {
        const HeldMarket& market = book.markets[i];
        const I256 base = m.sub(market.taker_size, m.to_signed(market.base_debt));
        if (base.is_negative())
            base_debt_value = m.add(base_debt_value, m.mul_div(base, m.to_signed(markets[i].price), U256(one_x18)));
        quote_balance = m.add(quote_balance, m.sub(market.taker_notional, m.to_signed(market.quote_debt)));
    }
    const I256 quote_debt = quote_balance.is_negative() ? quote_balance : I256();
    return m.add(quote_debt, base_debt_value).magnitude();
}

I256 free_collateral(const Figures& f, const U256& ratio, Checked& m) {
    const I256 usable = std::min(f.total_collateral, f.account_value);
    return m.sub(usable, m.to_signed(m.mul_div(f.debt_value, ratio, U256(ratio_one))));
}

}  // namespace

U256 value_of(const HeldCollateral& held, const U256& amount, const U256& price, Checked& m) {
    const U256 price_unit = U256::pow10(held.price_decimals);
    if (held.decimals > 18) return m.div(m.mul_div(amount, price, price_unit), U256::pow10(held.decimals - 18U));
    return m.mul_div(m.mul(amount, U256::pow10(18U - held.decimals)), price, price_unit);
}

std::vector<model::PriceInput> inputs_of(const Book& book) {
    std::vector<model::PriceInput> inputs;
    for (const HeldMarket& market : book.markets)
        if (market.status == MarketStatus::open)
            inputs.push_back({market.underlying, market.label, model::PriceRole::mark, market.reference_price, 18});
    for (const HeldCollateral& held : book.collaterals)
        inputs.push_back({held.underlying, held.label, model::PriceRole::oracle, held.price, held.price_decimals});
    return inputs;
}

model::Result<Figures> figures_at(const Book& book, const model::State& state) {
    const auto open = static_cast<std::size_t>(std::count_if(
        book.markets.begin(), book.markets.end(), [](const HeldMarket& m) { return m.status == MarketStatus::open; }));
    if (state.prices.size() != open + book.collaterals.size())
        return model::fail(model::ErrorCode::bad_input,
                           "a state with " + std::to_string(state.prices.size()) + " prices for an account with " +
                               std::to_string(open + book.collaterals.size()) + " price inputs");
    if (state.time_offset_s < 0)
        return model::fail(model::ErrorCode::out_of_range,
                           "time offset " + std::to_string(state.time_offset_s) + " s lies before the facts");
    for (const U256& price : state.prices)
        if (price.bit_width() > max_price_bits)
            return model::fail(model::ErrorCode::out_of_range, "price " + price.to_decimal() + " is above 2^127");

    Checked m;
    Figures f;
    std::size_t next_price = 0;
    I256 values;
    I256 notionals;
    I256 funding;
    U256 pending_fee;
    f.markets.reserve(book.markets.size());
    for (const HeldMarket& market : book.markets) {
        const U256& price = market.status == MarketStatus::open ? state.prices[next_price++] : market.reference_price;
        const MarketFigures& at = f.markets.emplace_back(market_figures(market, price, state.time_offset_s, m));
        values = m.add(values, at.value);
        notionals = m.add(notionals, at.open_notional);
        funding = m.add(funding, at.funding);
        pending_fee = m.add(pending_fee, market.pending_fee);
        f.absolute_value = m.add(f.absolute_value, at.value.magnitude());
    }
    f.unrealized_pnl = m.add(values, notionals);

    U256 weighted;
    U256 haircut;
    f.collateral_prices.reserve(book.collaterals.size());
    f.collateral_values.reserve(book.collaterals.size());
    for (const HeldCollateral& held : book.collaterals) {
        const U256& price = f.collateral_prices.emplace_back(state.prices[next_price++]);
        const U256 value = value_of(held, held.balance, price, m);
        const U256 counted = m.mul_div(value, held.ratio, U256(ratio_one));
        weighted = m.add(weighted, counted);
        haircut = m.add(haircut, m.sub(value, counted));
        f.collateral_values.push_back(value);
    }
    f.weighted_collateral = m.to_signed(weighted);
    f.haircut = m.to_signed(haircut);

    const I256 unit = m.to_signed(U256::pow10(18U - book.settlement_decimals));
    f.settlement_balance = m.add(m.mul(book.balance, unit),
                                 m.add(m.sub(m.to_signed(pending_fee), funding), book.owed_realized_pnl));
    f.settlement_value = m.add(f.settlement_balance, f.unrealized_pnl);
    f.total_collateral = m.add(f.weighted_collateral, f.settlement_balance);
    f.account_value = m.add(f.total_collateral, f.unrealized_pnl);
    f.vault_account_value = m.div(f.account_value, unit, model::SignedRounding::floor);
    f.house_account_value = m.mul(f.vault_account_value, unit);
    f.requirement = m.to_signed(m.mul_div(f.absolute_value, book.mm_ratio, U256(ratio_one)));
    f.debt_value = debt_value(book, f.markets, m);
    f.free_at_initial = free_collateral(f, book.im_ratio, m);
    f.free_at_maintenance = free_collateral(f, book.mm_ratio, m);
    if (!m.ok())
        return model::fail(model::ErrorCode::out_of_range, "an amount of this account does not fit 256 bits at the state");
    return f;
}

}  // namespace margind::adapters::protocols::perp_v2
