// A user's holdings in the common form.
#include "adapters/protocols/aave_v3/book.hpp"
#include "adapters/protocols/aave_v3/math.hpp"

#include <optional>
#include <utility>

namespace margind::adapters::protocols::aave_v3 {

using model::fail;
using model::I256;
using model::Instrument;
using model::Money;
using model::Result;
using model::Rounding;
using model::U256;

namespace {

constexpr std::uint64_t days_per_year = 365;

/// Interest on `amount` for a day in the base currency, at a yearly `rate` in ray.
Maybe interest_of_a_day(const Reserve& reserve, const U256& amount, const U256& price, const U256& rate, Rounding rounding) {
    const Maybe worth = mul(amount, price);
    const Maybe year = mul(mul(reserve.unit, ray()), U256(days_per_year));
    return worth && year ? model::mul_div(*worth, rate, *year, rounding) : std::nullopt;
}

/// A holding of `amount`; a debt is negative.
Result<model::Position> position(const Book& book, const Reserve& reserve, Instrument instrument, const U256& amount,
                                 const U256& price, const Maybe& interest) {
    const bool owed = instrument == Instrument::debt;
    const Maybe value = owed ? debt_value(book.line, amount, price, reserve.unit) : base_value(amount, price, reserve.unit);
    const std::optional<U256> units = model::units_of(reserve.mapping, amount);
    const std::optional<U256> unit_price = model::price_of_unit(reserve.mapping, price);
    const std::optional<I256> quantity = units ? I256::make(owed, *units) : std::nullopt;
    const std::optional<I256> mark = unit_price ? I256::from(*unit_price) : std::nullopt;
    const std::optional<I256> notional = value ? I256::make(owed, *value) : std::nullopt;
    const std::optional<I256> carry = interest ? I256::make(owed, *interest) : std::nullopt;
    if (!quantity || !mark || !notional || !carry) return fail(overflow(reserve, "a position"));
    const auto money = [&](const I256& raw) { return Money{raw, book.base_decimals, book.numeraire}; };
    model::Position position;
    position.instrument = instrument;
    position.underlying = reserve.underlying;
    position.label = reserve.label;
    position.quantity = {*quantity, reserve.decimals, reserve.underlying.symbol};
    position.mark = money(*mark);
    position.notional = money(*notional);
    position.accrued = money(I256{});
    position.carry_per_day = money(*carry);
    position.collateral = !owed && reserve.collateral;
    return position;
}

}  // namespace

Result<std::vector<model::Position>> common_positions(const Book& book, const std::vector<Balance>& balances,
                                                      const model::State& state) {
    std::vector<model::Position> positions;
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        const Balance& balance = balances[i];
        const U256& price = state.prices[reserve.input];
        if (!balance.supply.is_zero()) {
            const Maybe interest =
                interest_of_a_day(reserve, balance.supply, price, reserve.liquidity_rate, Rounding::down);
            Result<model::Position> supply = position(book, reserve, Instrument::spot, balance.supply, price, interest);
            if (!supply) return fail(supply.error());
            positions.push_back(std::move(*supply));
        }
        const Result<U256> owed = debt_of(balance, reserve);
        if (!owed) return fail(owed.error());
        if (!owed->is_zero()) {
            const Maybe interest = add(
                interest_of_a_day(reserve, balance.variable_debt, price, reserve.variable_borrow_rate, Rounding::up),
                interest_of_a_day(reserve, balance.stable_debt, price, reserve.stable_rate, Rounding::up));
            Result<model::Position> debt = position(book, reserve, Instrument::debt, *owed, price, interest);
            if (!debt) return fail(debt.error());
            positions.push_back(std::move(*debt));
        }
    }
    return positions;
}

}  // namespace margind::adapters::protocols::aave_v3
