// The liquidation test of a trade (OstiumPairInfos.getTradeValue, getTradeLiquidationPrice), and its facts.
#include "adapters/protocols/ostium/book.hpp"

#include "adapters/checked.hpp"
#include "adapters/fact_reader.hpp"

#include <algorithm>

namespace margind::adapters::protocols::ostium {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::Rounding;
using model::U256;

namespace {

/// int32 in the contract.
constexpr std::uint64_t largest_leverage = 0x7fffffff;
/// Of money and prices, so that every product of the test fits.
constexpr unsigned largest_bits = 112;
constexpr std::int64_t most_gain_percent = 900;

I256 one_million() { return I256(1'000'000); }
U256 size_of(const RawTrade& raw, Checked& m) { return m.mul(raw.collateral, U256(raw.leverage)); }

/// Of the position (collateral x leverage, in hundredths), with blocks at `rate` each; rounded against the account.
I256 accrued(const U256& size, const U256& rate, std::int64_t seconds, Checked& m) {
    const std::uint64_t span = seconds < 0 ? ~static_cast<std::uint64_t>(seconds) + 1 : static_cast<std::uint64_t>(seconds);
    const U256 blocks = m.mul(U256(span), U256(blocks_per_second));
    const I256 more = m.to_signed(m.mul_div(size, m.mul(rate, blocks), U256::pow10(20), seconds < 0 ? Rounding::down : Rounding::up));
    return seconds < 0 ? m.negate(more) : more;
}

}  // namespace

Result<void> check(const RawTrade& raw) {
    const auto bad = [](const char* what) { return fail(ErrorCode::out_of_range, std::string("a trade of Ostium: ") + what); };
    if (raw.leverage == 0 || raw.leverage > largest_leverage || raw.initial_leverage > largest_leverage) return bad("its leverage is 0 or above 2^31");
    if (raw.max_leverage == 0 || raw.max_leverage > largest_leverage) return bad("the pair's maximum leverage is 0 or above 2^31");
    if (raw.liq_margin_threshold > 100) return bad("the threshold is above 100 %");
    if (raw.collateral.is_zero() || raw.open_price.is_zero() || raw.price.is_zero()) return bad("its collateral or a price is 0");
    for (const U256* value : {&raw.collateral, &raw.open_price, &raw.price, &raw.rollover_fee, &raw.rollover_per_block, &raw.funding_per_block})
        if (value->bit_width() > largest_bits) return bad("a figure of more than 112 bits");
    if (raw.funding_fee.magnitude().bit_width() > largest_bits) return bad("a funding fee of more than 112 bits");
    return {};
}

Result<Figures> figures_of(const RawTrade& raw, std::int64_t seconds) {
    Checked m;
    Figures f;
    const I256 open = m.to_signed(raw.open_price);
    const I256 price = m.to_signed(raw.price);
    const I256 collateral = m.to_signed(raw.collateral);
    const I256 leverage(static_cast<std::int64_t>(raw.leverage));
    const U256 size = size_of(raw, m);

    f.rollover = m.to_signed(raw.rollover_fee);
    f.funding = raw.funding_fee;
    if (seconds != 0) {
        f.rollover = std::max(m.add(f.rollover, accrued(size, raw.rollover_per_block, seconds, m)), I256());
        f.funding = m.add(f.funding, accrued(size, raw.funding_per_block, seconds, m));
    }
    const U256 threshold = m.div(m.mul(m.mul(U256(raw.liq_margin_threshold), U256(raw.leverage)), U256(1'000'000)), U256(raw.max_leverage));
    f.liquidation_margin = m.div(m.mul(raw.collateral, threshold), U256(100'000'000));

    const I256 move = raw.is_long ? m.sub(price, open) : m.sub(open, price);
    const I256 widest(static_cast<std::int64_t>(std::max(raw.leverage, raw.initial_leverage)));
    const I256 most = m.div(m.mul(m.mul(I256(most_gain_percent), one_million()), leverage), widest);
    f.percent_profit = std::min(m.div(m.mul(m.mul(move, one_million()), leverage), open), most);
    const I256 profit = m.div(m.div(m.mul(collateral, f.percent_profit), one_million()), I256(100));
    f.value = m.sub(m.sub(m.add(collateral, profit), f.rollover), f.funding);
    f.liquidatable = f.value <= m.to_signed(f.liquidation_margin);

    const I256 target = m.sub(m.sub(m.sub(collateral, m.to_signed(f.liquidation_margin)), f.rollover), f.funding);
    const I256 distance = m.div(m.mul(m.div(m.mul(open, target), collateral), I256(100)), leverage);
    const I256 at = raw.is_long ? m.sub(open, distance) : m.add(open, distance);
    f.liquidation_price = at.is_negative() ? U256() : at.magnitude();
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
        if constexpr (std::is_same_v<T, std::uint64_t>) raw.*member = in.count(name, 0xffffffff);
        else if constexpr (std::is_same_v<T, U256>) raw.*member = in.u256(name);
        else if constexpr (std::is_same_v<T, I256>) raw.*member = in.i256(name);
        else if constexpr (std::is_same_v<T, bool>) raw.*member = in.boolean(name);
        else raw.*member = in.address(name);
    });
    if (!in.ok()) return fail(in.error());
    return raw;
}

}  // namespace margind::adapters::protocols::ostium
