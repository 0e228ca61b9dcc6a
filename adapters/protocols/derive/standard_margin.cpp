// Term by term in the contract's own order of roundings.
#include "adapters/protocols/derive/standard_margin.hpp"

#include "adapters/protocols/derive/black76.hpp"
#include "adapters/protocols/derive/fixed.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::Result;

/// (1 - confidence) x factor where the confidence is below a threshold that is not 0.
I256 confidence_share(const I256& confidence, const I256& threshold, const I256& factor, Checked& m) {
    if (threshold.is_zero() || confidence >= threshold) return {};
    return m.mul(m.sub(wad, confidence), factor);
}

/// max(max_spot - how far out of the money, min_spot) x spot.
I256 initial_spot_requirement(const StandardParameters& p, const I256& spot, const I256& out_of_the_money, Checked& m) {
    const I256 otm = out_of_the_money.is_negative() ? I256() : m.div(out_of_the_money, spot);
    return m.mul(std::max(m.sub(p.max_spot, otm), p.min_spot), spot);
}

Pair isolated_short(const Market& market, const Option& option, const I256& mtm, Checked& m) {
    const StandardParameters& p = market.standard;
    const I256& spot = market.spot.price;
    if (option.is_call)
        return {m.add(mtm, m.mul(m.mul(p.maintenance_call_spot, spot), option.amount)),
                m.add(m.mul(initial_spot_requirement(p, spot, m.sub(option.strike, spot), m), option.amount), mtm)};
    const I256 maintenance = m.add(std::min(m.mul(m.mul(p.maintenance_put_spot, spot), option.amount), m.mul(p.maintenance_put_mtm, mtm)), mtm);
    const I256 initial = m.add(m.mul(initial_spot_requirement(p, spot, m.sub(spot, option.strike), m), option.amount), mtm);
    return {maintenance, std::min(initial, m.mul(maintenance, p.maintenance_offset))};
}

I256 payoff(const Option& option, const I256& price, Checked& m) {
    const I256 difference = option.is_call ? m.sub(price, option.strike) : m.sub(option.strike, price);
    return difference.is_negative() ? I256() : m.mul(difference, option.amount);
}

I256 loss_at(const Expiry& expiry, const I256& price, Checked& m) {
    I256 sum;
    for (const Option& option : expiry.options) sum = m.add(sum, payoff(option, price, m));
    return std::min(sum, I256());
}

void add(Pair& sum, const Pair& part, Checked& m) {
    sum.maintenance = m.add(sum.maintenance, part.maintenance);
    sum.initial = m.add(sum.initial, part.initial);
}

StandardExpiry expiry_margin(const Book& book, const Market& market, const Expiry& expiry, Checked& m) {
    const StandardParameters& p = market.standard;
    StandardExpiry out;
    out.forward = m.add(expiry.forward_fixed, expiry.forward_variable);
    I256 worst = loss_at(expiry, {}, m);
    I256 net_calls;
    I256 shorts;
    for (const Option& option : expiry.options) {
        const auto prices = black76(seconds_left(book, expiry), wad, option.volatility, out.forward, option.strike);
        if (!prices) m.fail();
        StandardOption row;
        row.mtm = m.mul(prices ? (option.is_call ? prices->call : prices->put) : I256(), option.amount);
        if (option.amount.is_negative()) row.isolated = isolated_short(market, option, row.mtm, m);
        out.mtm = m.add(out.mtm, row.mtm);
        add(out.isolated, row.isolated, m);
        worst = std::min(worst, loss_at(expiry, option.strike, m));
        if (option.is_call) net_calls = m.add(net_calls, option.amount);
        if (option.amount.is_negative()) shorts = m.sub(shorts, option.amount);
        out.options.push_back(row);
    }
    out.max_loss = {worst, worst};
    if (net_calls.is_negative())
        add(out.max_loss, {m.mul(m.mul(p.unpaired_maintenance, out.forward), net_calls), m.mul(m.mul(p.unpaired_initial, out.forward), net_calls)},
            m);
    const I256 confidence = std::min({market.spot.confidence, expiry.forward_confidence, expiry.volatility_confidence});
    const I256 share = confidence_share(confidence, p.option_confidence_threshold, p.confidence_factor, m);
    out.confidence_penalty = m.negate(m.mul(m.mul(share, market.spot.price), shorts));
    return out;
}

void add_perp(StandardMarket& out, const Market& market, Checked& m) {
    const StandardParameters& p = market.standard;
    const I256 size = magnitude(market.perp->size);
    const I256 notional = m.mul(size, market.perp->price.price);
    out.perp = {m.negate(m.mul(notional, p.perp_maintenance)), m.negate(m.mul(notional, p.perp_initial))};
    const I256 confidence = std::min(market.perp->price.confidence, market.spot.confidence);
    const I256 share = confidence_share(confidence, p.perp_confidence_threshold, p.confidence_factor, m);
    out.perp_confidence_penalty = m.negate(m.mul(m.mul(share, market.spot.price), size));
    out.perp_unsettled = market.perp->unsettled;
}

void add_base(StandardMarket& out, const Book& book, const Market& market, Checked& m) {
    const StandardParameters& p = market.standard;
    const I256 notional = m.mul(market.base, market.spot.price);
    out.base_mtm = m.div(notional, book.stable.price);
    out.base.maintenance = m.mul(notional, p.base_factor);
    out.base.initial = m.mul(out.base.maintenance, p.base_initial_scale);
    if (out.base.initial.is_zero()) return;
    out.base_confidence_penalty =
        m.negate(m.mul(confidence_share(market.spot.confidence, p.base_confidence_threshold, p.confidence_factor, m), notional));
}

/// Every perp and every short option costs more where the dollar token has lost its peg.
I256 depeg_penalty(const Book& book, const Market& market, Checked& m) {
    if (book.stable.price >= book.depeg_threshold) return {};
    I256 size = market.perp ? magnitude(market.perp->size) : I256();
    for (const Expiry& expiry : market.expiries)
        for (const Option& option : expiry.options)
            if (option.amount.is_negative()) size = m.sub(size, option.amount);
    const I256 multiplier = m.mul(m.sub(book.depeg_threshold, book.stable.price), book.depeg_factor);
    return m.negate(m.mul(m.mul(size, multiplier), market.spot.price));
}

}  // namespace

Result<StandardMargin> standard_margin(const Book& book) {
    Checked m;
    StandardMargin out;
    out.cash = book.cash;
    for (const Market& market : book.markets) {
        StandardMarket& row = out.markets.emplace_back();
        if (market.perp) add_perp(row, market, m);
        if (!market.base.is_zero()) add_base(row, book, market, m);
        row.depeg_penalty = depeg_penalty(book, market, m);
        row.mtm = m.add(row.perp_unsettled, row.base_mtm);
        I256 penalties = m.add(row.depeg_penalty, m.add(row.perp_confidence_penalty, row.base_confidence_penalty));
        for (const Expiry& expiry : market.expiries) {
            const StandardExpiry& at = row.expiries.emplace_back(expiry_margin(book, market, expiry, m));
            if (at.forward.is_zero())
                return model::fail(ErrorCode::missing, "no forward price of " + market.label + " at expiry " + std::to_string(expiry.time));
            row.mtm = m.add(row.mtm, at.mtm);
            add(row.margin, at.taken(), m);
            penalties = m.add(penalties, at.confidence_penalty);
        }
        add(row.margin, row.perp, m);
        add(row.margin, row.base, m);
        add(row.margin, {row.perp_unsettled, m.add(row.perp_unsettled, penalties)}, m);
        add(out.margin, row.margin, m);
        out.mtm = m.add(out.mtm, row.mtm);
    }
    add(out.margin, {book.cash, book.cash}, m);
    out.mtm = m.add(out.mtm, book.cash);
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a figure of the account does not fit the contract's integers at this state");
    return out;
}

}  // namespace margind::adapters::protocols::derive
