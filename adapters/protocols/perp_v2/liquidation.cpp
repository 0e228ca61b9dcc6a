// ClearingHouse.liquidate and Vault.liquidateCollateral over one account.
#include "adapters/protocols/perp_v2/liquidation.hpp"

#include "adapters/checked.hpp"

#include <algorithm>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::ErrorCode;
using model::I256;
using model::Result;
using model::Rounding;
using model::U256;

/// A position worth at most 100 (18 decimals) is closed whole.
constexpr unsigned whole_below_exponent = 20;

U256 settlement_unit(const Book& book) { return U256::pow10(18U - book.settlement_decimals); }

U256 settlement_debt(const Figures& f) { return f.settlement_value.is_negative() ? f.settlement_value.magnitude() : U256(); }

std::uint32_t basis_points(const U256& part, const U256& whole, Checked& m) {
    if (whole.is_zero()) return 0;
    return static_cast<std::uint32_t>(m.mul_div(part, U256(10'000), whole, Rounding::up).to_u64().value_or(0));
}

/// Everything when the account value is below half the requirement, else what one call of liquidate() takes in the market
/// where that is most.
U256 closable(const Book& book, const Figures& f, Checked& m) {
    const bool whole = f.house_account_value < m.div(f.requirement, I256(2));
    U256 sum;
    U256 most;
    for (std::size_t i = 0; i < f.markets.size(); ++i) {
        const U256 value = f.markets[i].value.magnitude();
        if (book.markets[i].status != MarketStatus::open || value.is_zero()) continue;
        U256 part = value;
        if (value > U256::pow10(whole_below_exponent)) {
            const U256 ratio = m.mul_div(f.absolute_value, U256(ratio_one), m.mul(value, U256(2)));
            part = m.mul_div(value, std::min(ratio, U256(ratio_one)), U256(ratio_one));
        }
        sum = m.add(sum, value);
        most = std::max(most, part);
    }
    return whole ? sum : most;
}

Taking of_positions(const Book& book, const Figures& f, Checked& m) {
    const U256 closed = closable(book, f, m);
    return {basis_points(closed, f.absolute_value, m), basis_points(book.penalty_ratio, U256(ratio_one), m),
            m.to_signed(m.mul_div(closed, book.penalty_ratio, U256(ratio_one)))};
}

/// The most that a buyer of collateral may pay in one call, with the insurance fund's fee, 18 decimals.
U256 payable(const Book& book, const Figures& f, Checked& m) {
    const U256 one(ratio_one);
    const U256 debt = std::max(settlement_debt(f), m.mul_div(f.debt_value, book.im_ratio, one));
    const bool dust = debt <= m.mul(book.sale_dust, settlement_unit(book));
    return m.mul_div(dust ? debt : m.mul_div(debt, book.sale_ratio, one), one, m.sub(one, book.sale_fee_ratio));
}

/// How much of a collateral is sold for `settlement` (18 decimals) at a price.
U256 amount_for(const HeldCollateral& held, const U256& settlement, const U256& price, Checked& m) {
    const U256 price_unit = U256::pow10(held.price_decimals);
    if (held.decimals > 18)
        return m.mul_div(m.mul(settlement, U256::pow10(held.decimals - 18U)), price_unit, price, Rounding::up);
    return m.div(m.mul_div(settlement, price_unit, price, Rounding::up), U256::pow10(18U - held.decimals));
}

/// One call of liquidateCollateral() to the full in the token where it costs most. Nothing where the contract would divide
/// by zero: no price, all of it discount or fee.
Taking of_collateral(const Book& book, const Figures& f, Checked& m) {
    const U256 one(ratio_one);
    Taking worst;
    if (book.sale_fee_ratio >= one) return worst;
    const U256 payable_most = payable(book, f, m);
    U256 all;
    for (const U256& value : f.collateral_values) all = m.add(all, value);
    for (std::size_t i = 0; i < book.collaterals.size(); ++i) {
        const HeldCollateral& held = book.collaterals[i];
        const U256& price = f.collateral_prices[i];
        if (held.discount_ratio >= one) continue;
        const U256 kept_ratio = m.sub(one, held.discount_ratio);
        const U256 discounted = m.mul_div(price, kept_ratio, one);
        if (discounted.is_zero()) continue;
        U256 paid = payable_most;
        U256 sold = amount_for(held, paid, discounted, m);
        if (sold > held.balance) {
            sold = held.balance;
            paid = value_of(held, sold, discounted, m);
        }
        const U256 paid_raw = m.div(paid, settlement_unit(book));
        const U256 received_raw = m.sub(paid_raw, m.mul_div(paid_raw, book.sale_fee_ratio, one));
        const U256 left = value_of(held, m.sub(held.balance, sold), price, m);
        const U256 value = m.sub(f.collateral_values[i], left);
        const I256 loss = m.sub(m.to_signed(value), m.to_signed(m.mul(received_raw, settlement_unit(book))));
        if (i > 0 && loss <= worst.loss) continue;
        const U256 received_ratio = m.mul_div(kept_ratio, m.sub(one, book.sale_fee_ratio), one);
        worst = {basis_points(value, all, m), basis_points(m.sub(one, received_ratio), one, m), std::max(loss, I256())};
    }
    return worst;
}

}  // namespace

bool positions_liquidatable(const Figures& figures) { return figures.house_account_value < figures.requirement; }

Result<bool> collateral_liquidatable(const Book& book, const Figures& f) {
    if (book.collaterals.empty()) return false;
    Checked m;
    const U256 one(ratio_one);
    const I256 requirement = m.to_signed(m.mul_div(f.absolute_value, m.add(book.mm_ratio, book.mm_ratio_buffer), one));
    const U256 debt = settlement_debt(f);
    const U256 bearable = m.mul_div(f.weighted_collateral.magnitude(), book.debt_value_ratio, one);
    const U256 debt_raw = m.div(debt, settlement_unit(book));
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a collateral requirement does not fit 256 bits");
    return f.account_value < requirement || debt > bearable || debt_raw > book.debt_threshold;
}

Result<Taking> taking_at(const Book& book, const Figures& f) {
    const Result<bool> sale = collateral_liquidatable(book, f);
    if (!sale) return model::fail(sale.error());
    Checked m;
    const bool closing = positions_liquidatable(f);
    Taking taking;
    if (*sale || (!closing && !book.collaterals.empty())) taking = of_collateral(book, f, m);
    if (closing || book.collaterals.empty()) {
        const Taking positions = of_positions(book, f, m);
        if (!*sale || positions.loss > taking.loss) taking = positions;
    }
    if (!m.ok()) return model::fail(ErrorCode::out_of_range, "a liquidation penalty does not fit 256 bits at the state");
    return taking;
}

}  // namespace margind::adapters::protocols::perp_v2
