// One liquidation call, as LiquidationLogic computes it.
#include "adapters/protocols/aave_v3/liquidation.hpp"

#include "adapters/protocols/aave_v3/math.hpp"

#include <algorithm>

namespace margind::adapters::protocols::aave_v3 {

using model::Rounding;
using model::State;
using model::U256;

namespace {

constexpr std::uint32_t percent_unit = 10'000;
constexpr std::uint32_t default_close_factor_bps = 5'000;
/// At or below this health factor everything may be closed.
constexpr std::uint64_t close_factor_threshold = 950'000'000'000'000'000;
/// 3.6, in 1e-8 of the base currency whatever its unit: positions below are closed whole, and no call leaves less than half.
constexpr std::uint64_t whole_below = 200'000'000'000;
constexpr std::uint64_t least_leftover = whole_below / 2;

std::uint32_t penalty_of(const Reserve& reserve) {
    return reserve.liquidation_bonus > percent_unit ? reserve.liquidation_bonus - percent_unit : 0;
}

/// Whether the pool liquidates in the reserve at all, `offset_s` after the facts.
bool open_to_liquidators(const Book& book, const Reserve& reserve, std::int64_t offset_s) {
    const auto now = static_cast<std::int64_t>(book.time) + offset_s;
    return reserve.active && !reserve.paused && (now < 0 ? reserve.grace_until == 0 : reserve.grace_until < static_cast<std::uint64_t>(now));
}

std::optional<Closing> closing_30(const Book& book, const std::vector<Balance>& balances, const State& state, const Health& health) {
    Closing closing;
    closing.close_factor_bps = health.factor > U256(close_factor_threshold) ? default_close_factor_bps : percent_unit;
    U256 largest;
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        if (!reserve.collateral) continue;
        const Maybe value = base_value(balances[i].supply, state.prices[reserve.input], reserve.unit);
        if (!value || *value <= largest) continue;
        largest = *value;
        closing.penalty_bps = penalty_of(reserve);
    }
    const Maybe closed = percent_mul(health.debt, U256(closing.close_factor_bps));
    const Maybe penalty = closed ? model::mul_div(*closed, U256(closing.penalty_bps), U256(percent_unit), Rounding::up) : std::nullopt;
    if (!penalty) return std::nullopt;
    closing.penalty = *penalty;
    return closing;
}

struct Pair {
    std::optional<std::size_t> collateral;
    std::optional<std::size_t> debt;
};

/// The largest of each, of all reserves or of those open to liquidators.
Pair largest_pair(const Book& book, const std::vector<Balance>& balances, const State& state, bool open_only) {
    Pair pair;
    U256 most_collateral;
    U256 most_debt;
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        if (open_only && !open_to_liquidators(book, reserve, state.time_offset_s)) continue;
        const U256& price = state.prices[reserve.input];
        const Maybe held = base_value(balances[i].supply, price, reserve.unit);
        if (reserve.collateral && reserve.liquidation_bonus > 0 && held && *held > most_collateral) {
            most_collateral = *held;
            pair.collateral = i;
        }
        const Maybe owed = debt_value(book.line, balances[i].variable_debt, price, reserve.unit);
        if (reserve.borrowing && owed && *owed > most_debt) {
            most_debt = *owed;
            pair.debt = i;
        }
    }
    return pair;
}

std::optional<Closing> closing_36(const Book& book, const std::vector<Balance>& balances, const State& state, const Health& health) {
    Pair pair = largest_pair(book, balances, state, true);
    if (!pair.collateral || !pair.debt) pair = largest_pair(book, balances, state, false);
    // Nothing to seize, or nothing to cover.
    if (!pair.collateral || !pair.debt) return Closing{};
    const auto call = largest_call_36(book, balances, state, health, *pair.collateral, *pair.debt);
    if (!call) return std::nullopt;
    const Reserve& collateral = book.reserves[call->collateral];
    const Reserve& debt = book.reserves[call->debt];
    const Maybe covered = base_value(call->covered, state.prices[debt.input], debt.unit);
    const Maybe taken = div_up(mul(add(call->seized, call->protocol_fee), state.prices[collateral.input]), collateral.unit);
    const Maybe share = covered ? model::mul_div(*covered, U256(percent_unit), health.debt, Rounding::up) : std::nullopt;
    if (!taken || !share) return std::nullopt;
    Closing closing;
    closing.close_factor_bps = static_cast<std::uint32_t>(std::min(*share, U256(percent_unit)).limbs()[0]);
    closing.penalty_bps = penalty_of(collateral);
    if (*taken > *covered) closing.penalty = *model::checked_sub(*taken, *covered);
    return closing;
}

}  // namespace

std::optional<Closing> largest_closing(const Book& book, const std::vector<Balance>& balances, const State& state,
                                       const Health& health) {
    switch (book.line) {
        case Line::v3_0: return closing_30(book, balances, state, health);
        case Line::v3_6: return closing_36(book, balances, state, health);
    }
    return std::nullopt;
}

std::optional<Call36> largest_call_36(const Book& book, const std::vector<Balance>& balances, const State& state,
                                      const Health& health, std::size_t collateral_at, std::size_t debt_at) {
    const Reserve& collateral = book.reserves[collateral_at];
    const Reserve& debt = book.reserves[debt_at];
    const U256& collateral_price = state.prices[collateral.input];
    const U256& debt_price = state.prices[debt.input];
    const U256& held = balances[collateral_at].supply;
    const U256& owed = balances[debt_at].variable_debt;
    const U256 bonus(collateral.liquidation_bonus);
    const Maybe held_value = base_value(held, collateral_price, collateral.unit);
    const Maybe owed_value = debt_value(book.line, owed, debt_price, debt.unit);
    if (!held_value || !owed_value) return std::nullopt;

    // The whole debt of the reserve, but of a large position near health no more than half of all debt.
    U256 covered = owed;
    if (*held_value >= U256(whole_below) && *owed_value >= U256(whole_below) && health.factor > U256(close_factor_threshold)) {
        const Maybe half = percent_mul(health.debt, U256(default_close_factor_bps));
        if (!half) return std::nullopt;
        if (*owed_value > *half) {
            const Maybe part = div(mul(half, debt.unit), debt_price);
            if (!part) return std::nullopt;
            covered = *part;
        }
    }

    Call36 call{collateral_at, debt_at, covered, {}, {}, false};
    const Maybe base = div(mul(mul(debt_price, covered), collateral.unit), mul(collateral_price, debt.unit));
    const Maybe wanted = percent_mul(base, bonus);
    if (!wanted) return std::nullopt;
    U256 taken = *wanted;
    if (*wanted > held) {
        taken = held;
        const Maybe needed =
            percent_div_up(div(mul(mul(collateral_price, held), debt.unit), mul(debt_price, collateral.unit)), bonus);
        if (!needed) return std::nullopt;
        call.covered = *needed;
    }
    if (collateral.liquidation_protocol_fee != 0) {
        const Maybe fee = percent_mul(sub(taken, percent_div(taken, bonus)), U256(collateral.liquidation_protocol_fee));
        if (!fee) return std::nullopt;
        call.protocol_fee = *fee;
    }
    const Maybe seized = sub(taken, call.protocol_fee);
    const Maybe debt_left = sub(owed, call.covered);
    const Maybe held_left = sub(held, taken);
    if (!seized || !debt_left || !held_left) return std::nullopt;
    call.seized = *seized;
    if (debt_left->is_zero() || held_left->is_zero()) return call;
    const Maybe debt_left_value = debt_value(book.line, debt_left, debt_price, debt.unit);
    const Maybe held_left_value = base_value(held_left, collateral_price, collateral.unit);
    if (!debt_left_value || !held_left_value) return std::nullopt;
    call.leaves_dust = *debt_left_value < U256(least_leftover) || *held_left_value < U256(least_leftover);
    return call;
}

}  // namespace margind::adapters::protocols::aave_v3
