// The health rule of Aave V3.0.x: six values, standing and liquidation terms of one user.
#include "adapters/protocols/aave_v3/rule.hpp"

#include "adapters/protocols/aave_v3/book.hpp"
#include "adapters/protocols/aave_v3/legs.hpp"
#include "adapters/protocols/aave_v3/liquidation.hpp"
#include "adapters/protocols/aave_v3/math.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::aave_v3 {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Money;
using model::Result;
using model::Rounding;
using model::State;
using model::U256;

namespace {

constexpr std::uint64_t percent_unit = 10'000;

struct Totals {
    U256 collateral;
    U256 debt;
    /// Sums of value times basis points.
    U256 weighted_threshold;
    U256 weighted_ltv;
    U256 average_threshold;
    U256 average_ltv;
    U256 health_factor;
};

class PreparedUser final : public model::PreparedAccount {
public:
    static Result<std::unique_ptr<model::PreparedAccount>> make(Book book) {
        Result<std::vector<Balance>> balances = balances_at(book, 0);
        if (!balances) return fail(balances.error());
        return std::make_unique<PreparedUser>(std::move(book), std::move(*balances));
    }

    PreparedUser(Book book, std::vector<Balance> balances)
        : book_(std::move(book)), balances_(std::move(balances)), legs_(legs_of(book_, balances_)) {}

    const std::vector<model::PriceInput>& inputs() const override { return book_.inputs; }
    Result<model::Standing> at(const State& state) const override;
    Result<bool> liquidatable(const State& state) const override;
    std::optional<model::Enclosure> between(const State& low, const State& high) const override;
    Result<std::vector<model::NativeFigure>> native(const State& state) const override;
    Result<model::LiquidationTerms> terms(const State& state) const override;
    Result<std::vector<model::Position>> positions(const State& state) const override;
    std::vector<model::AdjustmentOption> options() const override { return adjustment_options(book_, balances_); }
    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        Result<Book> after = adjusted(book_, balances_, adjustment);
        if (!after) return fail(after.error());
        return make(std::move(*after));
    }

private:
    /// The balances at the state's time: those of the facts at offset 0, else `accrued`, filled here.
    Result<const std::vector<Balance>*> balances(const State& state, std::vector<Balance>& accrued) const;
    /// What counts of them, likewise.
    Result<const std::vector<Leg>*> legs(const State& state, std::vector<Leg>& accrued) const;
    Result<Totals> totals(const State& state) const;
    Money base_money(const I256& raw) const { return {raw, book_.base_decimals, book_.numeraire}; }

    Book book_;
    std::vector<Balance> balances_;
    /// At the time of the facts.
    Result<std::vector<Leg>> legs_;
};

Result<I256> signed_value(const Maybe& value, const char* what) {
    const std::optional<I256> result = value ? I256::from(*value) : std::nullopt;
    if (!result) return fail(overflow(what));
    return *result;
}

/// a - b as a signed number.
Result<I256> difference(const U256& a, const U256& b, const char* what) {
    const bool negative = a < b;
    const Maybe magnitude = negative ? model::checked_sub(b, a) : model::checked_sub(a, b);
    const std::optional<I256> result = magnitude ? I256::make(negative, *magnitude) : std::nullopt;
    if (!result) return fail(overflow(what));
    return *result;
}

Result<const std::vector<Balance>*> PreparedUser::balances(const State& state, std::vector<Balance>& accrued) const {
    if (state.prices.size() != book_.inputs.size())
        return fail(ErrorCode::bad_input, "the state has " + std::to_string(state.prices.size()) + " prices, the account needs " +
                                              std::to_string(book_.inputs.size()));
    if (state.time_offset_s == 0) return &balances_;
    Result<std::vector<Balance>> later = balances_at(book_, state.time_offset_s);
    if (!later) return fail(later.error());
    accrued = std::move(*later);
    return &accrued;
}

Result<const std::vector<Leg>*> PreparedUser::legs(const State& state, std::vector<Leg>& accrued) const {
    std::vector<Balance> later;
    const Result<const std::vector<Balance>*> now = balances(state, later);
    if (!now) return fail(now.error());
    if (state.time_offset_s == 0) {
        if (!legs_) return fail(legs_.error());
        return &*legs_;
    }
    Result<std::vector<Leg>> then = legs_of(book_, **now);
    if (!then) return fail(then.error());
    accrued = std::move(*then);
    return &accrued;
}

Result<bool> PreparedUser::liquidatable(const State& state) const {
    std::vector<Leg> accrued;
    const Result<const std::vector<Leg>*> now = legs(state, accrued);
    if (!now) return fail(now.error());
    if (const std::optional<bool> found = liquidatable_at(book_.line, **now, state.prices)) return *found;
    return PreparedAccount::liquidatable(state);
}

std::optional<model::Enclosure> PreparedUser::between(const State& low, const State& high) const {
    std::vector<Leg> accrued;
    const Result<const std::vector<Leg>*> now = legs(low, accrued);
    if (!now || high.prices.size() != low.prices.size() || high.time_offset_s != low.time_offset_s) return std::nullopt;
    std::optional<model::Enclosure> enclosure = enclosure_of(book_.line, **now, low.prices, high.prices);
    if (!enclosure) return std::nullopt;
    for (Money* money : {&enclosure->least_excess, &enclosure->largest_excess, &enclosure->magnitude})
        *money = base_money(money->raw);
    return enclosure;
}

Result<Totals> PreparedUser::totals(const State& state) const {
    std::vector<Leg> accrued;
    const Result<const std::vector<Leg>*> now = legs(state, accrued);
    if (!now) return fail(now.error());
    const std::optional<Sums> sums = sums_at(book_.line, **now, state.prices);
    if (!sums) return fail(overflow("a sum of values"));
    const auto& [collateral, debt, weighted_threshold, weighted_ltv] = *sums;
    Totals totals{collateral, debt, weighted_threshold, weighted_ltv, {}, {}, U256::max()};
    if (!collateral.is_zero()) {
        totals.average_threshold = *model::checked_div(weighted_threshold, collateral);
        totals.average_ltv = *model::checked_div(weighted_ltv, collateral);
    }
    if (!debt.is_zero()) {
        const Maybe health = aave_v3::health_factor(book_.line, collateral, weighted_threshold, debt);
        if (!health) return fail(overflow("the health factor"));
        totals.health_factor = *health;
    }
    return totals;
}

Result<model::Standing> PreparedUser::at(const State& state) const {
    const Result<Totals> sums = totals(state);
    if (!sums) return fail(sums.error());
    const Result<I256> equity = difference(sums->collateral, sums->debt, "the equity");
    if (!equity) return fail(equity.error());
    const Maybe whole = mul(sums->collateral, U256(percent_unit));
    if (!whole) return fail(overflow("the collateral"));
    // Requirements round up: against the account. Flooring a negative one would round the other way.
    const auto requirement = [&](const U256& weighted) -> Result<I256> {
        const Maybe share = model::checked_sub(*whole, weighted);
        if (!share) return fail(ErrorCode::out_of_range, "a reserve counts for more than its value");
        return signed_value(model::checked_div(*share, U256(percent_unit), Rounding::up), "a requirement");
    };
    const Result<I256> maintenance = requirement(sums->weighted_threshold);
    if (!maintenance) return fail(maintenance.error());
    const Result<I256> initial = requirement(sums->weighted_ltv);
    if (!initial) return fail(initial.error());
    return model::Standing{base_money(*equity), base_money(*maintenance), base_money(*initial),
                           !sums->debt.is_zero() && sums->health_factor < wad()};
}

Result<std::vector<model::NativeFigure>> PreparedUser::native(const State& state) const {
    const Result<Totals> sums = totals(state);
    if (!sums) return fail(sums.error());
    const Maybe allowed = borrowing_power(book_.line, sums->collateral, sums->average_ltv);
    if (!allowed) return fail(overflow("the borrowing power"));
    const U256 available = *allowed < sums->debt ? U256{} : *model::checked_sub(*allowed, sums->debt);
    return native_figures({sums->collateral, sums->debt, available, sums->average_threshold, sums->average_ltv,
                           sums->health_factor},
                          book_.base_decimals);
}

Result<model::LiquidationTerms> PreparedUser::terms(const State& state) const {
    std::vector<Balance> accrued;
    const Result<const std::vector<Balance>*> now = balances(state, accrued);
    if (!now) return fail(now.error());
    const Result<Totals> sums = totals(state);
    if (!sums) return fail(sums.error());
    model::LiquidationTerms terms;
    terms.loss = base_money(I256{});
    if (sums->debt.is_zero()) return terms;
    const std::optional<Closing> closing =
        largest_closing(book_, **now, state, {sums->collateral, sums->debt, sums->health_factor});
    if (!closing) return fail(overflow("the penalty"));
    terms.close_factor_bps = closing->close_factor_bps;
    terms.penalty_bps = closing->penalty_bps;
    const U256 left = sums->collateral > sums->debt ? *model::checked_sub(sums->collateral, sums->debt) : U256{};
    const Result<I256> loss = signed_value(std::min(closing->penalty, left), "the loss");
    if (!loss) return fail(loss.error());
    terms.loss = base_money(*loss);
    return terms;
}

Result<std::vector<model::Position>> PreparedUser::positions(const State& state) const {
    std::vector<Balance> accrued;
    const Result<const std::vector<Balance>*> now = balances(state, accrued);
    if (!now) return fail(now.error());
    return common_positions(book_, **now, state);
}

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                            const model::AssetMap& assets) const override {
        Result<Book> book = read_book(venue, account, assets);
        if (!book) return fail(book.error());
        accrue_indices(*book);
        return PreparedUser::make(std::move(*book));
    }

    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override {
        const auto find = [&](std::string_view name) {
            return std::find_if(views.begin(), views.end(), [&](const auto& figure) { return figure.name == name; });
        };
        const auto debt = find("totalDebtBase");
        const auto health = find("healthFactor");
        if (debt == views.end() || health == views.end()) return std::nullopt;
        return !debt->value.is_zero() && health->value < *I256::from(wad());
    }
};

}  // namespace

std::vector<model::NativeFigure> native_figures(const std::array<U256, 6>& words, std::uint8_t base_decimals) {
    constexpr std::uint8_t bps_decimals = 4;
    constexpr std::uint8_t wad_decimals = 18;
    const std::array<std::uint8_t, 6> decimals{base_decimals, base_decimals, base_decimals,
                                               bps_decimals,  bps_decimals,  wad_decimals};
    static const I256 largest = *I256::from(*model::checked_sub(U256::pow2(255), U256(1)));
    std::vector<model::NativeFigure> figures;
    figures.reserve(words.size());
    for (std::size_t i = 0; i < words.size(); ++i)
        figures.push_back({std::string(view_names[i]), I256::from(words[i]).value_or(largest), decimals[i]});
    return figures;
}

const model::VenueRule& rule() {
    static const Rule instance;
    return instance;
}

}  // namespace margind::adapters::protocols::aave_v3
