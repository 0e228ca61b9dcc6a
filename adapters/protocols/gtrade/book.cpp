// The liquidation test of a trade (getTradeLiquidationPrice of the borrowing facet, version 10), and its facts.
#include "adapters/protocols/gtrade/book.hpp"

#include "adapters/checked.hpp"
#include "adapters/fact_reader.hpp"

#include <algorithm>

namespace margind::adapters::protocols::gtrade {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::Rounding;
using model::U256;

namespace {

/// 90 %, of trades whose parameters are not set.
constexpr std::uint64_t legacy_threshold = 900'000'000'000;
constexpr std::uint64_t version_9_2 = 1;
constexpr std::uint64_t whole_percent = 10'000'000'000;
constexpr std::uint64_t hundred_percent = 1'000'000'000'000;

U256 delta_of(const RawTrade& raw) { return U256::pow10(18 - static_cast<unsigned>(raw.collateral_decimals)); }
U256 size_of(const RawTrade& raw, Checked& m) { return m.div(m.mul(raw.collateral, U256(raw.leverage)), U256(1'000)); }

/// What a close costs: a share of the position, or of the least one that the pair has.
U256 closing_fee(const RawTrade& raw, const U256& size, const U256& collateral_price, Checked& m) {
    const U256 least = m.div(m.div(m.mul(raw.min_position_size, U256(100'000'000)), collateral_price), delta_of(raw));
    const U256 counted = m.mul(size, U256(raw.fee_multiplier == 0 ? 1'000 : raw.fee_multiplier));
    const U256 basis = std::max(counted, m.mul(least, U256(1'000)));
    return m.div(m.div(m.div(m.mul(basis, raw.position_size_fee), U256(whole_percent)), U256(100)), U256(1'000));
}

/// Pending fees are linear in the pair's price; time adds to them by the block's rates. Against the account.
I256 holding_fees(const RawTrade& raw, const U256& size, const Place& place, Checked& m) {
    I256 fees = raw.holding_fees;
    if (place.price != raw.price) {
        const I256 move = m.sub(m.to_signed(place.price), m.to_signed(raw.price));
        const I256 slope = m.sub(raw.holding_fees_at_twice, raw.holding_fees);
        // floor of the negative is the ceiling.
        fees = m.sub(fees, m.take(model::mul_div(m.negate(slope), move, m.to_signed(raw.price), model::SignedRounding::floor)));
    }
    if (place.seconds != 0) {
        const std::uint64_t span = place.seconds < 0 ? ~static_cast<std::uint64_t>(place.seconds) + 1 : static_cast<std::uint64_t>(place.seconds);
        // Borrowing has 10 decimals, funding 18.
        const U256 rate = m.add(m.mul(raw.borrowing_per_second, U256(100'000'000)), raw.funding_per_second);
        const Rounding rounding = place.seconds < 0 ? Rounding::down : Rounding::up;
        const U256 share = m.mul_div(m.mul(rate, U256(span)), place.price, raw.open_price, rounding);
        const I256 more = m.to_signed(m.mul_div(size, share, U256::pow10(20), rounding));
        fees = place.seconds < 0 ? m.sub(fees, more) : m.add(fees, more);
    }
    return fees;
}

}  // namespace

Result<void> check(const RawTrade& raw) {
    const auto bad = [](const char* what) { return fail(ErrorCode::out_of_range, std::string("a trade of gTrade: ") + what); };
    if (raw.leverage == 0 || raw.leverage > 0xffffff || raw.max_leverage == 0) return bad("its leverage or the pair's is 0, or above 24 bits");
    if (raw.collateral_decimals > 18) return bad("its collateral has more than 18 decimals");
    if (raw.collateral.is_zero() || raw.collateral.bit_width() > 120) return bad("its collateral is 0 or above 120 bits");
    for (const U256* price : {&raw.open_price, &raw.price, &raw.collateral_price})
        if (price->is_zero() || price->bit_width() > 64) return bad("a price is 0 or above 64 bits");
    if (raw.start_threshold > hundred_percent || raw.end_threshold > raw.start_threshold || raw.max_liq_spread > hundred_percent)
        return bad("its parameters of liquidation are above 100 %, or rise with the leverage");
    if (raw.spread > U256(hundred_percent) || raw.position_size_fee > U256(hundred_percent)) return bad("a spread or fee above 100 %");
    for (const I256* value : {&raw.holding_fees, &raw.holding_fees_at_twice, &raw.realized_pnl})
        if (value->magnitude().bit_width() > 128) return bad("a figure of more than 128 bits");
    for (const U256* value : {&raw.min_position_size, &raw.realized_trading_fees, &raw.borrowing_per_second, &raw.funding_per_second})
        if (value->bit_width() > 128) return bad("a figure of more than 128 bits");
    return {};
}

I256 percent_profit(const U256& open, const U256& price, bool is_long, std::uint64_t leverage) {
    Checked m;
    const I256 difference = m.sub(m.to_signed(price), m.to_signed(open));
    const I256 move = is_long ? difference : m.negate(difference);
    const I256 percent = m.div(m.div(m.mul(move, m.mul(I256(static_cast<std::int64_t>(hundred_percent)), m.to_signed(U256(leverage)))), m.to_signed(open)), I256(1'000));
    return std::max(percent, I256(-static_cast<std::int64_t>(hundred_percent)));
}

U256 loss_threshold(const RawTrade& raw) {
    for (const std::uint64_t one : {raw.max_liq_spread, raw.start_threshold, raw.end_threshold, raw.start_leverage, raw.end_leverage})
        if (one == 0) return U256(legacy_threshold);
    if (raw.leverage <= raw.start_leverage) return U256(raw.start_threshold);
    if (raw.leverage >= raw.end_leverage) return U256(raw.end_threshold);
    const std::uint64_t between = raw.leverage - raw.start_leverage;
    const auto lower = model::mul_div(U256(between), U256(raw.start_threshold - raw.end_threshold), U256(raw.end_leverage - raw.start_leverage), Rounding::down);
    return checked_sub(U256(raw.start_threshold), lower.value_or(U256())).value_or(U256());
}

Result<Figures> figures_of(const RawTrade& raw, const Place& place) {
    if (place.collateral_price.is_zero()) return fail(ErrorCode::out_of_range, "the collateral's price is 0");
    Checked m;
    Figures f;
    const U256 size = size_of(raw, m);
    const I256 delta = m.to_signed(delta_of(raw));
    const I256 collateral = m.to_signed(raw.collateral);
    f.closing_fee = closing_fee(raw, size, place.collateral_price, m);
    f.holding_fees = holding_fees(raw, size, place, m);
    const I256 realized = m.sub(raw.realized_pnl, m.to_signed(raw.realized_trading_fees));
    f.fees = m.add(m.to_signed(f.closing_fee), m.sub(f.holding_fees, realized));
    f.threshold = loss_threshold(raw);
    if (raw.contracts_version >= version_9_2) f.closing_spread = std::min(m.div(raw.spread, U256(2)), U256(raw.max_liq_spread));

    f.percent_profit = percent_profit(raw.open_price, place.price, raw.is_long, raw.leverage);
    const I256 scaled = m.mul(collateral, delta);
    const I256 profit = m.div(m.div(m.mul(scaled, f.percent_profit), I256(static_cast<std::int64_t>(whole_percent))), I256(100));
    f.value = m.sub(m.div(m.add(scaled, profit), delta), f.fees);
    const U256 kept = m.mul_div(raw.collateral, m.sub(U256(hundred_percent), f.threshold), U256(hundred_percent), Rounding::up);
    f.maintenance = m.add(kept, m.mul_div(size, f.closing_spread, U256(hundred_percent), Rounding::up));

    const I256 open = m.to_signed(raw.open_price);
    const U256 loss = m.div(m.div(m.mul(m.mul(m.mul(raw.collateral, f.threshold), delta_of(raw)), U256(1'000)), U256(100)), U256(whole_percent));
    const I256 fees = m.mul(m.mul(f.fees, delta), I256(1'000));
    I256 distance = m.div(m.div(m.div(m.mul(open, m.sub(m.to_signed(loss), fees)), collateral), m.to_signed(U256(raw.leverage))), delta);
    distance = m.sub(distance, m.to_signed(m.div(m.div(m.mul(raw.open_price, f.closing_spread), U256(whole_percent)), U256(100))));
    const I256 at = raw.is_long ? m.sub(open, distance) : m.add(open, distance);
    f.liquidation_price = at.is_negative() ? U256() : at.magnitude();
    f.liquidatable = raw.is_long ? place.price <= f.liquidation_price : place.price >= f.liquidation_price;
    if (!m.ok()) return fail(ErrorCode::out_of_range, "a term of the liquidation test does not fit 256 bits at the state");
    return f;
}

void add_facts(const RawTrade& raw, model::FactsBuilder& facts) {
    model::for_each_field<RawTrade>([&](const char* name, auto member) {
        if constexpr (std::is_same_v<std::decay_t<decltype(raw.*member)>, std::uint64_t>) facts.add(name, U256(raw.*member));
        else facts.add(name, raw.*member);
    });
}

Result<RawTrade> raw_trade(const model::Facts& account) {
    FactReader in(account);
    RawTrade raw;
    model::for_each_field<RawTrade>([&](const char* name, auto member) {
        using T = std::decay_t<decltype(raw.*member)>;
        if constexpr (std::is_same_v<T, std::uint64_t>) raw.*member = in.count(name, std::uint64_t{1} << 48);
        else if constexpr (std::is_same_v<T, U256>) raw.*member = in.u256(name);
        else if constexpr (std::is_same_v<T, I256>) raw.*member = in.i256(name);
        else if constexpr (std::is_same_v<T, bool>) raw.*member = in.boolean(name);
        else raw.*member = in.address(name);
    });
    if (!in.ok()) return fail(in.error());
    return raw;
}

}  // namespace margind::adapters::protocols::gtrade
