// The account in the common form.
#include "adapters/protocols/derive/account.hpp"
#include "adapters/protocols/derive/black76.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "risk/model/money.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::Instrument;
using model::Position;
using model::Result;

class Listing {
public:
    explicit Listing(const Book& book) : book_(book) {}

    Result<std::vector<Position>> run() {
        if (!book_.cash.is_zero() || !book_.interest.is_zero()) cash();
        for (const Market& market : book_.markets) {
            if (!market.base.is_zero()) token(market.underlying, market.label, market.base, market.spot.price);
            if (market.perp) perp(market);
            for (const Expiry& expiry : market.expiries)
                for (const Option& option : expiry.options) add_option(market, expiry, option);
        }
        for (const Collateral& held : book_.collaterals) token(held.underlying, held.label, held.amount, held.price.price);
        if (!m_.ok()) return model::fail(ErrorCode::out_of_range, "a position does not fit 256 bits at the state");
        return std::move(list_);
    }

private:
    model::Money money(const I256& raw) const { return {raw, 18, book_.numeraire.symbol}; }

    Position& add(Instrument instrument, const model::AssetId& underlying, std::string label, const I256& quantity, const I256& mark) {
        Position& p = list_.emplace_back();
        p.instrument = instrument;
        p.underlying = underlying;
        p.label = std::move(label);
        p.quantity = {quantity, 18, underlying.symbol};
        p.mark = money(mark);
        p.notional = money(m_.mul(quantity, mark));
        p.accrued = money({});
        p.carry_per_day = money({});
        p.collateral = true;
        return p;
    }

    void cash() {
        Position& p = add(book_.cash.is_negative() ? Instrument::debt : Instrument::spot, book_.numeraire, book_.numeraire.symbol, book_.cash, wad);
        p.accrued = money(book_.interest);
    }

    void token(const model::AssetId& underlying, const std::string& label, const I256& amount, const I256& price) {
        add(Instrument::spot, underlying, label, amount, m_.div(price, book_.stable.price));
    }

    void perp(const Market& market) {
        const Perp& held = *market.perp;
        Position& p = add(Instrument::perp, market.underlying, market.label + " perp", held.size, held.price.price);
        p.accrued = money(held.unsettled);
        const I256 per_day = m_.mul_div(held.funding_rate, 24, 1);
        p.carry_per_day = money(m_.negate(m_.mul(held.size, m_.mul(per_day, market.spot.price))));
    }

    void add_option(const Market& market, const Expiry& expiry, const Option& option) {
        Checked m;
        I256 discount = wad;
        const std::uint64_t left = seconds_left(book_, expiry);
        if (book_.manager == ManagerKind::pmrm_2)
            discount = m.exp(m.mul_div(m.negate(std::max(expiry.rate, I256())), I256(static_cast<std::int64_t>(left)), 365LL * 86'400));
        const auto prices = black76(left, discount, option.volatility, m.add(expiry.forward_fixed, expiry.forward_variable), option.strike);
        if (!prices || !m.ok()) return m_.fail();
        Position& p = add(Instrument::option, market.underlying, option_label(market, expiry, option), option.amount,
                          option.is_call ? prices->call : prices->put);
        model::OptionTerms& terms = p.option.emplace();
        terms.kind = option.is_call ? model::OptionKind::call : model::OptionKind::put;
        terms.strike = money(option.strike);
        terms.expiry = static_cast<std::int64_t>(expiry.time);
        terms.vol_source = "SVI of the venue's vol feed";
        if (left != 0) terms.vol = model::Money{option.volatility, 18, ""};
        if (expiry.settlement) terms.settlement_price = money(*expiry.settlement);
        // Of spot: a forward that is partly fixed moves with spot by its variable share alone.
        const I256 forward_delta = option.is_call ? prices->call_delta : m_.sub(prices->call_delta, discount);
        const I256 forward = m_.add(expiry.forward_fixed, expiry.forward_variable);
        const I256 delta = expiry.settlement || forward.is_zero() ? I256() : m_.mul_div(forward_delta, expiry.forward_variable, forward);
        terms.delta = {delta, 18, market.underlying.symbol};
    }

    const Book& book_;
    Checked m_;
    std::vector<Position> list_;
};

}  // namespace

Result<std::vector<Position>> Account::positions(const model::State& state) const {
    const Result<Book> book = moved(state);
    if (!book) return model::fail(book.error());
    return Listing(*book).run();
}

}  // namespace margind::adapters::protocols::derive
