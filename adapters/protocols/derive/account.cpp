// What the managers say of an account at a state, and what its owner can do about it.
#include "adapters/protocols/derive/account.hpp"

#include "adapters/protocols/derive/feeds.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/portfolio_margin.hpp"
#include "adapters/protocols/derive/standard_margin.hpp"
#include "adapters/protocols/derive/views.hpp"
#include "risk/model/money.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::Result;
using model::U256;

constexpr std::uint8_t decimals = 18;
/// Largest deposit offered, in whole dollars.
constexpr unsigned offered_deposit_exponent = 12;

struct Figures {
    I256 mtm;
    Pair margin;
    std::optional<std::size_t> worst_scenario;
    /// N - M as an auction would find it, and its own end mark while one is live.
    bool liquidatable = false;
};

Result<Figures> figures_of(const Book& book) {
    Figures out;
    if (book.manager == ManagerKind::standard) {
        const Result<StandardMargin> margin = standard_margin(book);
        if (!margin) return model::fail(margin.error());
        out.mtm = margin->mtm;
        out.margin = margin->margin;
    } else {
        const Result<PortfolioMargin> margin = portfolio_margin(book);
        if (!margin) return model::fail(margin.error());
        out.mtm = margin->mtm;
        out.margin = {margin->maintenance, margin->initial};
        if (book.manager == ManagerKind::pmrm_2) out.worst_scenario = margin->worst_scenario;
    }
    Checked m;
    const I256 settled = m.add(out.margin.maintenance, book.interest);
    out.liquidatable = settled.is_negative();
    if (book.auction_live) {
        // A live auction goes on until the margin has a buffer.
        const I256 buffer = m.mul(m.sub(out.margin.maintenance, out.mtm), book.auction.buffer_margin);
        out.liquidatable = m.add(settled, buffer).is_negative();
    }
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a figure of the account does not fit 256 bits at the state");
    return out;
}

std::vector<model::PriceInput> inputs_of(const Book& book) {
    std::vector<model::PriceInput> inputs;
    const auto add = [&](const model::AssetId& underlying, const std::string& label, const I256& price) {
        inputs.push_back({underlying, label, model::PriceRole::oracle, price.magnitude(), decimals});
    };
    for (const Market& market : book.markets) add(market.underlying, market.label, market.spot.price);
    for (const Collateral& held : book.collaterals) add(held.underlying, held.label, held.price.price);
    add(book.numeraire, book.numeraire.symbol, book.stable.price);
    return inputs;
}

std::vector<model::VolInput> vol_inputs_of(const Book& book) {
    std::vector<model::VolInput> inputs;
    for (const Market& market : book.markets)
        for (const Expiry& expiry : market.expiries)
            for (const Option& option : expiry.options)
                inputs.push_back({market.underlying, option_label(market, expiry, option), option.volatility.magnitude(), decimals,
                                  static_cast<std::int64_t>(seconds_left(book, expiry))});
    return inputs;
}

/// Funding for `seconds` at the present rate; what the owner receives is positive.
I256 funding(const Perp& perp, const I256& spot, std::int64_t seconds, Checked& m) {
    const I256 rate = m.mul_div(perp.funding_rate, seconds, 3600);
    return m.negate(m.mul(perp.size, m.mul(rate, spot)));
}

void move_perp(Perp& perp, const I256& before, const I256& spot, std::int64_t seconds, Checked& m) {
    const I256 price = perp.price.price;
    if (perp.difference_cap.is_zero()) perp.price.price = std::max(m.add(price, m.sub(spot, before)), I256());
    else perp.price.price = m.take(perp_price(spot, perp.difference, perp.difference_cap));
    const I256 from = perp.last_mark.value_or(price);
    const I256 gained = m.mul(m.sub(price, from), perp.size);
    perp.unsettled = m.add(m.sub(perp.unsettled, gained), m.mul(m.sub(perp.price.price, from), perp.size));
    if (seconds != 0) perp.unsettled = m.add(perp.unsettled, funding(perp, spot, seconds, m));
}

void move_expiry(Expiry& expiry, const I256& before, const I256& spot, Checked& m) {
    // In the last half hour part of the forward is fixed, and the rest is a share of spot.
    if (expiry.forward_fixed.is_zero()) expiry.forward_variable = std::max(m.add(expiry.forward_variable, m.sub(spot, before)), I256());
    else expiry.forward_variable = m.mul_div(expiry.forward_variable, spot, before);
}

}  // namespace

std::string option_label(const Market& market, const Expiry& expiry, const Option& option) {
    return market.label + (option.is_call ? " call " : " put ") + model::decimal_text(option.strike, decimals) + " at " + std::to_string(expiry.time);
}

Account::Account(Book book, std::string stale)
    : book_(std::move(book)), stale_(std::move(stale)), inputs_(inputs_of(book_)), vol_inputs_(vol_inputs_of(book_)) {}

Result<Book> Account::moved(const model::State& state) const {
    if (state.prices.size() != inputs_.size())
        return model::fail(ErrorCode::bad_input, std::to_string(state.prices.size()) + " prices for " + std::to_string(inputs_.size()) + " inputs");
    if (state.vols.size() != vol_inputs_.size())
        return model::fail(ErrorCode::bad_input, std::to_string(state.vols.size()) + " vols for " + std::to_string(vol_inputs_.size()) + " inputs");
    Checked m;
    Book book = book_;
    std::size_t vol = 0;
    for (Market& market : book.markets)
        for (Expiry& expiry : market.expiries)
            for (Option& option : expiry.options) option.volatility = m.take(I256::from(state.vols[vol++]));
    std::size_t input = 0;
    const auto price = [&] { return m.take(I256::from(state.prices[input++])); };
    for (Market& market : book.markets) {
        const I256 before = market.spot.price;
        market.spot.price = price();
        if (market.spot.price != before)
            for (Expiry& expiry : market.expiries) move_expiry(expiry, before, market.spot.price, m);
        if (market.perp && (market.spot.price != before || state.time_offset_s != 0))
            move_perp(*market.perp, before, market.spot.price, state.time_offset_s, m);
    }
    for (Collateral& held : book.collaterals) held.price.price = price();
    book.stable.price = price();
    book.time += state.time_offset_s;
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a price of the state does not fit the contract's integers");
    return book;
}

Result<model::Standing> Account::at(const model::State& state) const {
    const Result<Book> book = moved(state);
    if (!book) return model::fail(book.error());
    const Result<Figures> f = figures_of(*book);
    if (!f) return model::fail(f.error());
    Checked m;
    const model::Standing standing{money(f->mtm), money(m.sub(f->mtm, f->margin.maintenance)), money(m.sub(f->mtm, f->margin.initial)),
                                   f->liquidatable};
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a margin does not fit 256 bits at the state");
    return standing;
}

Result<std::vector<model::NativeFigure>> Account::native(const model::State& state) const {
    const Result<Book> book = moved(state);
    if (!book) return model::fail(book.error());
    const Result<Figures> f = figures_of(*book);
    if (!f) return model::fail(f.error());
    std::vector<model::NativeFigure> figures{
        {view_maintenance, f->margin.maintenance, decimals}, {view_initial, f->margin.initial, decimals}, {view_mark_to_market, f->mtm, decimals}};
    if (f->worst_scenario) figures.push_back({view_worst_scenario, I256(static_cast<std::int64_t>(*f->worst_scenario)), 0});
    return figures;
}

Result<model::LiquidationTerms> Account::terms(const model::State& state) const {
    const Result<Book> book = moved(state);
    if (!book) return model::fail(book.error());
    const Result<Figures> f = figures_of(*book);
    if (!f) return model::fail(f.error());
    Checked m;
    // At the end of the fast auction the whole portfolio goes for that share of its value, and the fee is paid out of it.
    const I256 share = std::clamp(m.add(m.sub(wad, book->auction.fast_cutoff), book->auction.liquidator_fee), I256(), I256(wad));
    const I256 equity = std::max(f->mtm, I256());
    const std::uint64_t bps = m.mul_div(share, 10'000, wad).magnitude().to_u64().value_or(0);
    const model::LiquidationTerms terms{10'000, static_cast<std::uint32_t>(bps), money(m.mul(equity, share))};
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "an auction's figures do not fit 256 bits at the state");
    return terms;
}

std::vector<model::AdjustmentOption> Account::options() const {
    std::vector<model::AdjustmentOption> list{{model::Verb::deposit, book_.cash_asset, book_.numeraire.symbol, book_.numeraire, decimals,
                                               U256::pow10(offered_deposit_exponent + decimals)}};
    // While an auction is live, adjustments by the owner revert, deposits too.
    if (book_.auction_live) return {};
    for (const Market& market : book_.markets)
        if (market.perp)
            list.push_back(
                {model::Verb::reduce, market.perp->asset, market.label + " perp", market.underlying, decimals, market.perp->size.magnitude()});
    return list;
}

Result<std::unique_ptr<model::PreparedAccount>> Account::with(const model::Adjustment& adjustment) const {
    Checked m;
    Book book = book_;
    const I256 amount = m.take(I256::from(adjustment.amount_raw));
    if (adjustment.verb == model::Verb::deposit && adjustment.asset == book.cash_asset) {
        book.cash = m.add(book.cash, amount);
    } else if (adjustment.verb == model::Verb::reduce) {
        const auto market = std::find_if(book.markets.begin(), book.markets.end(),
                                         [&](const Market& row) { return row.perp && row.perp->asset == adjustment.asset; });
        if (market == book.markets.end())
            return model::fail(ErrorCode::missing, "perp " + adjustment.asset.to_string() + " is not held: reduce another");
        Perp& perp = *market->perp;
        if (amount.is_zero() || amount > magnitude(perp.size))
            return model::fail(ErrorCode::out_of_range,
                               "a reduction by " + adjustment.amount_raw.to_decimal() + " of a perp position of " + perp.size.to_decimal());
        // At the mark: gains up to now stay unsettled, the rest of the size makes new ones.
        perp.size = perp.size.is_negative() ? m.add(perp.size, amount) : m.sub(perp.size, amount);
        perp.last_mark = perp.price.price;
        if (perp.size.is_zero()) {
            book.cash = m.add(book.cash, perp.unsettled);
            market->perp.reset();
        }
    } else {
        return model::fail(ErrorCode::bad_input, std::string(to_string(adjustment.verb)) + " of " + adjustment.asset.to_string() +
                                                     " is no way to improve this account: deposit cash or reduce a perp");
    }
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "an adjustment by " + adjustment.amount_raw.to_decimal() + " does not fit 256 bits");
    return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(std::move(book), stale_));
}

}  // namespace margind::adapters::protocols::derive
