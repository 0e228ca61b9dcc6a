// An account of a comet in the common form, and what its owner can do about it.
#include "adapters/protocols/compound_v3/book.hpp"

#include <utility>

namespace margind::adapters::protocols::compound_v3 {

using model::fail;
using model::I256;
using model::Instrument;
using model::Result;
using model::Rounding;
using model::U256;
using model::Verb;

namespace {

constexpr std::uint64_t seconds_per_day = 86'400;
constexpr std::uint64_t factor_scale = 1'000'000'000'000'000'000;

Maybe day_of_interest(const U256& amount, const U256& rate, Rounding rounding) {
    const Maybe day = model::checked_mul(rate, U256(seconds_per_day));
    return day ? model::mul_div(amount, *day, U256(factor_scale), rounding) : std::nullopt;
}

struct Holding {
    Instrument instrument = Instrument::spot;
    const Token* token = nullptr;
    U256 amount;
    /// One whole token, and all of it, in base tokens.
    Maybe mark;
    Maybe value;
    Maybe carry;
    bool collateral = false;
};

Result<model::Position> position_of(const Book& book, const Holding& holding) {
    const bool owed = holding.instrument == Instrument::debt;
    const Maybe units = model::units_of(holding.token->mapping, holding.amount);
    const Maybe unit_price = holding.mark ? model::price_of_unit(holding.token->mapping, *holding.mark) : std::nullopt;
    const std::optional<I256> quantity = units ? I256::make(owed, *units) : std::nullopt;
    const std::optional<I256> mark = unit_price ? I256::from(*unit_price) : std::nullopt;
    const std::optional<I256> notional = holding.value ? I256::make(owed, *holding.value) : std::nullopt;
    const std::optional<I256> carry = holding.carry ? I256::make(owed, *holding.carry) : std::nullopt;
    if (!quantity || !mark || !notional || !carry) return fail(overflow("a position"));
    model::Position position;
    position.instrument = holding.instrument;
    position.underlying = holding.token->underlying;
    position.label = holding.token->label;
    position.quantity = {*quantity, holding.token->decimals, holding.token->underlying.symbol};
    position.mark = base_money(book, *mark);
    position.notional = base_money(book, *notional);
    position.accrued = base_money(book, I256{});
    position.carry_per_day = base_money(book, *carry);
    position.collateral = holding.collateral;
    return position;
}

}  // namespace

model::Money base_money(const Book& book, const I256& raw) { return {raw, book.base.decimals, book.base.mapping.underlying.symbol}; }

Result<std::vector<model::Position>> common_positions(const Book& book, const Balance& balance, const std::vector<U256>& prices) {
    std::vector<Holding> holdings;
    for (const Collateral& one : book.collaterals) {
        const U256& price = prices[one.input];
        const Maybe value = mul_div_down(one.balance, price, one.token.scale);
        holdings.push_back({Instrument::spot, &one.token, one.balance, mul_div_down(price, book.base.scale, prices[base_input]),
                            mul_div_down(value, book.base.scale, prices[base_input]), U256{}, true});
    }
    if (!balance.supplied.is_zero())
        holdings.push_back({Instrument::spot, &book.base, balance.supplied, book.base.scale, balance.supplied,
                            day_of_interest(balance.supplied, book.supply_rate, Rounding::down), false});
    if (!balance.borrowed.is_zero())
        holdings.push_back({Instrument::debt, &book.base, balance.borrowed, book.base.scale, balance.borrowed,
                            day_of_interest(balance.borrowed, book.borrow_rate, Rounding::up), false});
    std::vector<model::Position> positions;
    for (const Holding& holding : holdings) {
        Result<model::Position> position = position_of(book, holding);
        if (!position) return fail(position.error());
        positions.push_back(std::move(*position));
    }
    return positions;
}

std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const Balance& balance) {
    std::vector<model::AdjustmentOption> options;
    if (balance.borrowed.is_zero()) return options;
    const auto offer = [&](Verb verb, const Token& token, const U256& most) {
        if (!most.is_zero())
            options.push_back({verb, token.address, token.label, token.underlying, token.decimals, most, model::units_per_token(token.mapping)});
    };
    offer(Verb::repay, book.base, balance.borrowed);
    for (const Collateral& one : book.collaterals) offer(Verb::deposit, one.token, one.room);
    return options;
}

}  // namespace margind::adapters::protocols::compound_v3
