// The liquidation test of a position (PositionUtils.isPositionLiquidatable), with pending fees; and its facts.
#include "adapters/protocols/gmx_v2/book.hpp"

#include "adapters/checked.hpp"
#include "adapters/fact_reader.hpp"

#include <algorithm>

namespace margind::adapters::protocols::gmx_v2 {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::Rounding;
using model::U256;

namespace {

constexpr std::uint8_t largest_decimals = 30;
/// Of amounts, USD and prices apart, so that every product of the test fits.
constexpr unsigned largest_bits = 160;

U256 one() { return U256::pow10(30); }

/// What profits of a side come to after the pool's cap: the share of them that is paid, as (paid, all).
struct Cap {
    U256 paid;
    U256 all;
};

/// Empty where profits are paid in full.
std::optional<Cap> cap_of(const RawPosition& raw, Checked& m) {
    if (raw.open_interest.is_zero() || raw.open_interest_in_tokens.is_zero()) return std::nullopt;
    // Maximized: the better price for the side.
    const U256 value = m.mul(raw.open_interest_in_tokens, raw.is_long ? raw.index_max : raw.index_min);
    const I256 difference = m.sub(m.to_signed(value), m.to_signed(raw.open_interest));
    const I256 pnl = raw.is_long ? difference : m.negate(difference);
    const U256 largest = m.mul_div(m.mul(raw.pool_amount, raw.pnl_token_min), raw.max_pnl_factor, one());
    if (pnl <= I256() || largest.is_zero() || pnl.magnitude() <= largest) return std::nullopt;
    return Cap{largest, pnl.magnitude()};
}

}  // namespace

Result<void> check(const RawPosition& raw) {
    const auto bad = [](const char* what) { return fail(ErrorCode::out_of_range, std::string("a position of GMX: ") + what); };
    if (raw.index_decimals > largest_decimals || raw.collateral_decimals > largest_decimals) return bad("a token of more than 30 decimals");
    if (raw.size_usd.is_zero() || raw.size_tokens.is_zero()) return bad("its size is 0");
    if (raw.index_min.is_zero() || raw.index_min > raw.index_max || raw.collateral_min.is_zero()) return bad("a price is 0, or min is above max");
    for (const U256* value : {&raw.size_usd, &raw.size_tokens, &raw.collateral_amount, &raw.index_max, &raw.pnl_token_min, &raw.collateral_min, &raw.open_interest,
                              &raw.open_interest_in_tokens, &raw.pool_amount, &raw.funding_fee_amount, &raw.cost_without_funding})
        if (value->bit_width() > largest_bits) return bad("a figure of more than 160 bits");
    return {};
}

Result<Figures> figures_of(const RawPosition& raw, std::int64_t seconds) {
    Checked m;
    Figures f;
    const U256 price = raw.is_long ? raw.index_min : raw.index_max;
    const I256 value = m.to_signed(m.mul(raw.size_tokens, price));
    const I256 size = m.to_signed(raw.size_usd);
    f.uncapped_pnl = raw.is_long ? m.sub(value, size) : m.sub(size, value);
    f.pnl = f.uncapped_pnl;
    if (!f.pnl.is_negative() && !f.pnl.is_zero())
        if (const auto cap = cap_of(raw, m)) f.pnl = m.to_signed(m.mul_div(f.pnl.magnitude(), cap->paid, cap->all));
    f.collateral_usd = m.to_signed(m.mul(raw.collateral_amount, raw.collateral_min));
    const bool positive = !raw.pending_impact_amount.is_negative();
    f.pending_impact = m.mul(raw.pending_impact_amount, m.to_signed(positive ? raw.index_min : raw.index_max));
    const I256 largest = m.negate(m.to_signed(m.mul_div(raw.size_usd, raw.max_impact_factor_for_liquidations, one())));
    f.impact = std::max(std::min(m.add(raw.price_impact_usd, f.pending_impact), I256()), largest);
    const U256 amount = m.add(raw.funding_fee_amount, raw.cost_without_funding);
    f.cost = m.to_signed(m.mul(amount, raw.collateral_min));
    if (seconds != 0) {
        const U256 rate = m.add(raw.borrowing_per_second, raw.funding_per_second);
        const std::uint64_t span = seconds < 0 ? ~static_cast<std::uint64_t>(seconds) + 1 : static_cast<std::uint64_t>(seconds);
        const I256 more = m.to_signed(m.mul_div(raw.size_usd, m.mul(rate, U256(span)), one(), seconds < 0 ? Rounding::down : Rounding::up));
        f.cost = std::max(seconds < 0 ? m.sub(f.cost, more) : m.add(f.cost, more), I256());
    }
    f.remaining = m.sub(m.add(m.add(f.collateral_usd, f.pnl), f.impact), f.cost);
    f.by_leverage = m.mul_div(raw.size_usd, raw.min_collateral_factor_for_liquidation, one());
    if (!m.ok() || raw.min_collateral_usd.bit_width() > 254 || f.by_leverage.bit_width() > 254)
        return fail(ErrorCode::out_of_range, "a term of the liquidation test does not fit 256 bits at the state");
    f.liquidatable = f.remaining < m.to_signed(raw.min_collateral_usd) || f.remaining <= I256() || f.remaining < m.to_signed(f.by_leverage);
    return f;
}

std::uint32_t impact_band_ppm(const RawPosition& raw) {
    constexpr std::uint32_t widest = 1'000'000;
    const Result<Figures> f = figures_of(raw, 0);
    if (!f) return widest;
    Checked m;
    const U256 largest = m.mul_div(raw.size_usd, raw.max_impact_factor_for_liquidations, one());
    const U256 left = m.sub(largest, std::min(f->impact.magnitude(), largest));
    const U256 value = m.mul(raw.size_tokens, raw.is_long ? raw.index_min : raw.index_max);
    const U256 ppm = m.mul_div(left, U256(1'000'000), value, Rounding::up);
    return m.ok() && ppm < U256(widest) ? static_cast<std::uint32_t>(ppm.limbs()[0]) : widest;
}

namespace {

/// Names and values of all facts, once for writing and once for reading.
template <class Raw, class F>
void each_fact(Raw& raw, F f) {
    model::for_each_field<RawPosition>([&](const char* name, auto member) { f(name, raw.*member); });
}

}  // namespace

void add_facts(const RawPosition& raw, model::FactsBuilder& facts) {
    each_fact(raw, [&](const char* name, const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::uint64_t>)
            facts.add(name, U256(value));
        else
            facts.add(name, value);
    });
}

Result<RawPosition> raw_position(const model::Facts& account) {
    FactReader in(account);
    RawPosition raw;
    each_fact(raw, [&](const char* name, auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::uint64_t>) value = in.count(name, largest_decimals);
        else if constexpr (std::is_same_v<T, U256>) value = in.u256(name);
        else if constexpr (std::is_same_v<T, I256>) value = in.i256(name);
        else if constexpr (std::is_same_v<T, bool>) value = in.boolean(name);
        else value = in.address(name);
    });
    if (!in.ok()) return fail(in.error());
    return raw;
}

}  // namespace margind::adapters::protocols::gmx_v2
