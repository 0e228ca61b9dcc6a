// What a user can do about an account: repayments and deposits, at the pool's own rounding.
#include "adapters/protocols/aave_v3/book.hpp"
#include "adapters/protocols/aave_v3/math.hpp"

#include <algorithm>

namespace margind::adapters::protocols::aave_v3 {

using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;
using model::Verb;

namespace {

/// The most that a deposit without a supply cap may add: 2^112 - 1 token units, above any listed token's supply.
constexpr U256 uncapped_room({~std::uint64_t{0}, (std::uint64_t{1} << 48) - 1, 0, 0});

U256 deposit_room(const Book& book, const Reserve& reserve) {
    if (reserve.supply_cap == 0) return uncapped_room;
    const Result<U256> index = income_at(book, reserve, 0);
    const Maybe supplied = index ? supply_balance(book.line, reserve.market_scaled_supply, *index) : std::nullopt;
    const Maybe room = sub(mul(U256(reserve.supply_cap), reserve.unit), supplied);
    return room ? std::min(*room, uncapped_room) : U256{};
}

/// A repayment goes to the variable debt while there is one, else to the stable debt: the pool takes one mode at a time.
bool repays_variable(const Balance& balance) { return !balance.variable_debt.is_zero(); }

const U256& repayable(const Balance& balance) {
    return repays_variable(balance) ? balance.variable_debt : balance.stable_debt;
}

Result<void> deposit(const Book& book, Reserve& reserve, const U256& amount) {
    if (!reserve.collateral) return fail(ErrorCode::missing, "the account has no enabled collateral in " + reserve.label);
    const Result<U256> index = income_at(book, reserve, 0);
    if (!index) return fail(index.error());
    const Maybe minted = minted_supply(book.line, amount, *index);
    if (!minted || minted->is_zero())
        return fail(ErrorCode::out_of_range, "a deposit of " + amount.to_decimal() + " mints nothing; the pool reverts there");
    const Maybe supply = add(reserve.scaled_supply, minted);
    const Maybe market = add(reserve.market_scaled_supply, minted);
    if (!supply || !market) return fail(overflow(reserve, "the supply"));
    reserve.scaled_supply = *supply;
    reserve.market_scaled_supply = *market;
    return {};
}

Result<void> repay(const Book& book, Reserve& reserve, const Balance& balance, const U256& amount) {
    const U256& owed = repayable(balance);
    if (owed.is_zero()) return fail(ErrorCode::missing, "the account has no debt in " + reserve.label);
    const U256 paid = std::min(amount, owed);
    if (repays_variable(balance)) {
        const Result<U256> index = debt_index_at(book, reserve, 0);
        if (!index) return fail(index.error());
        const Maybe burnt = burnt_debt(book.line, paid, *index);
        const Maybe left = sub(reserve.scaled_variable_debt, burnt);
        if (!left || burnt->is_zero())
            return fail(ErrorCode::out_of_range,
                        "a repayment of " + amount.to_decimal() + " burns nothing or too much; the pool reverts there");
        reserve.scaled_variable_debt = *left;
        const bool variable_left = book.line == Line::v3_0 ? paid != owed : !left->is_zero();
        reserve.borrowing = variable_left || !balance.stable_debt.is_zero();
        return {};
    }
    // The token makes the accrued interest principal, takes off the payment and restarts the clock.
    const Maybe left = sub(owed, paid);
    if (!left) return fail(overflow(reserve, "the stable debt"));
    reserve.stable_principal = *left;
    reserve.stable_updated = book.time;
    reserve.borrowing = !left->is_zero();
    return {};
}

}  // namespace

std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const std::vector<Balance>& balances) {
    std::vector<model::AdjustmentOption> options;
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        if (!reserve.active || reserve.paused) continue;
        const auto offer = [&](Verb verb, const U256& most) {
            if (most.is_zero()) return;
            options.push_back(
                {verb, reserve.asset, reserve.label, reserve.underlying, reserve.decimals, most, model::units_per_token(reserve.mapping)});
        };
        offer(Verb::repay, repayable(balances[i]));
        if (reserve.collateral && !reserve.frozen) offer(Verb::deposit, deposit_room(book, reserve));
    }
    return options;
}

Result<Book> adjusted(const Book& book, const std::vector<Balance>& balances, const model::Adjustment& adjustment) {
    if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        if (book.reserves[i].asset != adjustment.asset) continue;
        Book after = book;
        Result<void> done = fail(ErrorCode::bad_input, "an Aave account has no position to reduce: repay or deposit");
        switch (adjustment.verb) {
            case Verb::deposit: done = deposit(book, after.reserves[i], adjustment.amount_raw); break;
            case Verb::repay: done = repay(book, after.reserves[i], balances[i], adjustment.amount_raw); break;
            case Verb::reduce: break;
        }
        if (!done) return fail(done.error());
        return after;
    }
    return fail(ErrorCode::missing, "the account has nothing in " + adjustment.asset.to_string());
}

}  // namespace margind::adapters::protocols::aave_v3
