// What a clearing house says of an account, and what a trader can do about it.
#include "adapters/protocols/perp_v2/account.hpp"

#include "adapters/checked.hpp"
#include "adapters/protocols/perp_v2/liquidation.hpp"

#include <algorithm>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::ErrorCode;
using model::I256;
using model::Result;
using model::Rounding;
using model::U256;

/// Largest deposit offered, in whole tokens, where the vault has more room.
constexpr unsigned offered_deposit_exponent = 12;

}  // namespace

Result<model::Standing> Account::at(const model::State& state) const {
    const Result<Figures> f = figures_at(book_, state);
    if (!f) return model::fail(f.error());
    const Result<bool> collateral = collateral_liquidatable(book_, *f);
    if (!collateral) return model::fail(collateral.error());
    Checked m;
    const I256 equity = m.add(f->house_account_value, f->haircut);
    model::Standing standing{money(equity), money(m.add(f->requirement, f->haircut)),
                             money(m.sub(equity, f->free_at_initial)), *collateral || positions_liquidatable(*f)};
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "an account value does not fit 256 bits at the state");
    return standing;
}

Result<std::vector<model::NativeFigure>> Account::native(const model::State& state) const {
    const Result<Figures> f = figures_at(book_, state);
    if (!f) return model::fail(f.error());
    const Result<bool> collateral = collateral_liquidatable(book_, *f);
    if (!collateral) return model::fail(collateral.error());
    Checked m;
    const I256 unit = m.to_signed(U256::pow10(18U - book_.settlement_decimals));
    const I256 free = m.div(std::max(f->free_at_initial, I256()), unit);
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "free collateral does not fit 256 bits at the state");
    return std::vector<model::NativeFigure>{
        {view_vault_account_value, f->vault_account_value, book_.settlement_decimals},
        {view_house_account_value, f->house_account_value, 18},
        {view_requirement, f->requirement, 18},
        {view_free_collateral, free, book_.settlement_decimals},
        {view_liquidatable, I256(positions_liquidatable(*f) ? 1 : 0), 0},
        {view_collateral_liquidatable, I256(*collateral ? 1 : 0), 0},
    };
}

Result<model::LiquidationTerms> Account::terms(const model::State& state) const {
    const Result<Figures> f = figures_at(book_, state);
    if (!f) return model::fail(f.error());
    const Result<Taking> taking = taking_at(book_, *f);
    if (!taking) return model::fail(taking.error());
    Checked m;
    const I256 equity = std::max(m.add(f->house_account_value, f->haircut), I256());
    model::LiquidationTerms terms{taking->close_factor_bps, taking->penalty_bps, money(std::min(taking->loss, equity))};
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "an account value does not fit 256 bits at the state");
    return terms;
}

Result<std::vector<model::Position>> Account::positions(const model::State& state) const {
    const Result<Figures> f = figures_at(book_, state);
    if (!f) return model::fail(f.error());
    Checked m;
    std::vector<model::Position> list;
    const I256 unit = m.to_signed(U256::pow10(18U - book_.settlement_decimals));
    if (!book_.balance.is_zero() || !book_.owed_realized_pnl.is_zero()) {
        model::Position& p = list.emplace_back();
        p.instrument = book_.balance.is_negative() ? model::Instrument::debt : model::Instrument::spot;
        p.underlying = book_.settlement;
        p.label = book_.settlement_label;
        p.quantity = {book_.balance, book_.settlement_decimals, book_.settlement.symbol};
        p.mark = money(m.to_signed(U256(one_x18)));
        p.notional = money(m.mul(book_.balance, unit));
        p.accrued = money(book_.owed_realized_pnl);
        p.carry_per_day = money({});
        p.collateral = true;
    }
    for (std::size_t i = 0; i < book_.collaterals.size(); ++i) {
        const HeldCollateral& held = book_.collaterals[i];
        const std::size_t input = inputs_.size() - book_.collaterals.size() + i;
        model::Position& p = list.emplace_back();
        p.instrument = model::Instrument::spot;
        p.underlying = held.underlying;
        p.label = held.label;
        p.quantity = {m.to_signed(held.balance), held.decimals, held.underlying.symbol};
        p.mark = {m.to_signed(state.prices[input]), held.price_decimals, book_.settlement.symbol};
        p.notional = money(m.to_signed(f->collateral_values[i]));
        p.accrued = money({});
        p.carry_per_day = money({});
        p.collateral = true;
    }
    for (std::size_t i = 0; i < book_.markets.size(); ++i) {
        const HeldMarket& market = book_.markets[i];
        const MarketFigures& at = f->markets[i];
        model::Position& p = list.emplace_back();
        p.accrued = money(m.sub(m.to_signed(market.pending_fee), at.funding));
        if (market.status != MarketStatus::open) {
            // The price is fixed for good: what is left is an amount of money.
            const I256 result = m.add(at.value, at.open_notional);
            p.instrument = result.is_negative() ? model::Instrument::debt : model::Instrument::spot;
            p.underlying = book_.settlement;
            p.label = market.label + (market.status == MarketStatus::paused ? " (paused)" : " (closed)");
            p.quantity = {result, 18, book_.settlement.symbol};
            p.mark = money(m.to_signed(U256(one_x18)));
            p.notional = money(result);
            p.carry_per_day = money({});
            p.collateral = true;
            continue;
        }
        p.instrument = model::Instrument::perp;
        p.underlying = market.underlying;
        p.label = market.label;
        p.quantity = {at.size, 18, market.underlying.symbol};
        p.mark = money(m.to_signed(at.price));
        p.notional = money(at.value);
        if (!at.size.is_zero())
            p.entry = money(m.to_signed(m.mul_div(at.open_notional.magnitude(), U256(one_x18), at.size.magnitude())));
        const I256 premium = m.mul_div(market.premium_x96, m.to_signed(at.price), market.reference_price);
        p.carry_per_day = money(m.negate(m.mul_div(at.size, premium, U256::pow2(96))));
    }
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a position does not fit 256 bits at the state");
    return list;
}

std::vector<model::AdjustmentOption> Account::options() const {
    std::vector<model::AdjustmentOption> list;
    const auto offer = [&](const model::Address& token, const std::string& label, const model::AssetId& underlying,
                           std::uint8_t decimals, const U256& room) {
        const U256 bound = U256::pow10(offered_deposit_exponent + decimals);
        if (!room.is_zero())
            list.push_back({model::Verb::deposit, token, label, underlying, decimals, std::min(room, bound)});
    };
    offer(book_.settlement_token, book_.settlement_label, book_.settlement, book_.settlement_decimals,
          book_.settlement_room);
    for (const HeldCollateral& held : book_.collaterals)
        offer(held.token, held.label, held.underlying, held.decimals, held.deposit_room);

    // The clearing house refuses to reduce where free collateral at the maintenance ratio would stay negative.
    const Result<Figures> f = figures_at(book_, current());
    if (!f || f->free_at_maintenance.is_negative()) return list;
    for (std::size_t i = 0; i < book_.markets.size(); ++i) {
        const HeldMarket& market = book_.markets[i];
        if (market.status == MarketStatus::open && !f->markets[i].size.is_zero() && !market.taker_size.is_zero())
            list.push_back({model::Verb::reduce, market.token, market.label, market.underlying, 18,
                            market.taker_size.magnitude()});
    }
    return list;
}

Result<std::unique_ptr<model::PreparedAccount>> Account::with(const model::Adjustment& adjustment) const {
    if (adjustment.verb == model::Verb::repay)
        return model::fail(ErrorCode::bad_input, "repay is no way to improve a Perp V2 account: deposit or reduce");
    Result<Book> book = adjustment.verb == model::Verb::deposit ? deposited(adjustment) : reduced(adjustment);
    if (!book) return model::fail(book.error());
    return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(*std::move(book)));
}

Result<Book> Account::deposited(const model::Adjustment& adjustment) const {
    Checked m;
    Book book = book_;
    const auto held = std::find_if(book.collaterals.begin(), book.collaterals.end(),
                                   [&](const HeldCollateral& c) { return c.token == adjustment.asset; });
    const bool settles = adjustment.asset == book.settlement_token;
    if (!settles && held == book.collaterals.end())
        return model::fail(ErrorCode::missing, "token " + adjustment.asset.to_string() +
                                                   " is not among this account's collateral: deposit another");
    U256& room = settles ? book.settlement_room : held->deposit_room;
    if (adjustment.amount_raw > room)
        return model::fail(ErrorCode::out_of_range, "a deposit of " + adjustment.amount_raw.to_decimal() +
                                                        " where the vault takes " + room.to_decimal() + " more");
    room = m.sub(room, adjustment.amount_raw);
    if (settles)
        book.balance = m.add(book.balance, m.to_signed(adjustment.amount_raw));
    else
        held->balance = m.add(held->balance, adjustment.amount_raw);
    if (!m.ok())
        return model::fail(ErrorCode::out_of_range,
                           "a deposit of " + adjustment.amount_raw.to_decimal() + " does not fit 256 bits");
    return book;
}

Result<Book> Account::reduced(const model::Adjustment& adjustment) const {
    Checked m;
    Book book = book_;
    const auto market = std::find_if(book.markets.begin(), book.markets.end(),
                                     [&](const HeldMarket& h) { return h.token == adjustment.asset; });
    if (market == book.markets.end() || market->status != MarketStatus::open)
        return model::fail(ErrorCode::missing,
                           "market " + adjustment.asset.to_string() + " is not open with a position of this account");
    const U256 held = market->taker_size.magnitude();
    if (adjustment.amount_raw.is_zero() || adjustment.amount_raw > held)
        return model::fail(ErrorCode::out_of_range, "a reduction by " + adjustment.amount_raw.to_decimal() +
                                                        " of a position of " + held.to_decimal());
    const bool is_long = !market->taker_size.is_negative();
    const I256 amount = m.to_signed(adjustment.amount_raw);
    const I256 traded = is_long ? m.negate(amount) : amount;
    const U256 exchanged = m.mul_div(adjustment.amount_raw, market->reference_price, U256(one_x18));
    const I256 fee = m.to_signed(m.mul_div(exchanged, market->fee_ratio, U256(ratio_one), Rounding::up));
    const I256 gross = m.to_signed(exchanged);
    const I256 quote = m.sub(is_long ? gross : m.negate(gross), fee);

    const U256 closed_ratio = m.mul_div(adjustment.amount_raw, U256(one_x18), held);
    const I256 released = m.mul_div(market->taker_notional, m.to_signed(closed_ratio), U256(one_x18));
    const I256 realized = m.add(quote, released);
    market->taker_size = m.add(market->taker_size, traded);
    market->taker_notional = m.sub(m.add(market->taker_notional, quote), realized);
    book.owed_realized_pnl = m.add(m.sub(book.owed_realized_pnl, market->funding), realized);
    market->funding = {};
    if (!m.ok())
        return model::fail(ErrorCode::out_of_range,
                           "a reduction by " + adjustment.amount_raw.to_decimal() + " does not fit 256 bits");
    return book;
}

}  // namespace margind::adapters::protocols::perp_v2
