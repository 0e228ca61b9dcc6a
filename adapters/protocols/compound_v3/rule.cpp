// The health rule of Compound III comets.
#include "adapters/protocols/compound_v3/rule.hpp"

#include "adapters/protocols/compound_v3/book.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::compound_v3 {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Money;
using model::NativeFigure;
using model::Result;
using model::Rounding;
using model::State;
using model::U256;

namespace {

constexpr std::uint32_t all_bps = 10'000;

Result<I256> signed_value(const Maybe& value, bool negative, const char* what) {
    const std::optional<I256> result = value ? I256::make(negative, *value) : std::nullopt;
    if (!result) return fail(overflow(what));
    return *result;
}

/// a - b as a signed number.
Result<I256> difference(const U256& a, const U256& b, const char* what) {
    return a < b ? signed_value(model::checked_sub(b, a), true, what) : signed_value(model::checked_sub(a, b), false, what);
}

class PreparedUser final : public model::PreparedAccount {
public:
    static Result<std::unique_ptr<model::PreparedAccount>> make(Book book) {
        Result<Balance> stored = stored_balance(book);
        if (!stored) return fail(stored.error());
        Result<Balance> balance = balance_at(book, 0);
        if (!balance) return fail(balance.error());
        return std::make_unique<PreparedUser>(std::move(book), std::move(*stored), std::move(*balance));
    }

    PreparedUser(Book book, Balance stored, Balance balance) : book_(std::move(book)), stored_(std::move(stored)), balance_(std::move(balance)) {}

    const std::vector<model::PriceInput>& inputs() const override { return book_.inputs; }
    Result<model::Standing> at(const State& state) const override;
    Result<bool> liquidatable(const State& state) const override;
    std::optional<model::Enclosure> between(const State& low, const State& high) const override;
    Result<std::vector<NativeFigure>> native(const State& state) const override;
    Result<model::LiquidationTerms> terms(const State& state) const override;
    Result<std::vector<model::Position>> positions(const State& state) const override;
    std::vector<model::AdjustmentOption> options() const override { return adjustment_options(book_, balance_); }
    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        Result<Book> after = adjusted(book_, adjustment);
        if (!after) return fail(after.error());
        return make(std::move(*after));
    }

private:
    Result<Balance> balance(const State& state) const;
    bool owes() const { return book_.principal.is_negative(); }
    /// A value in the feeds' unit as base tokens; empty at a base price of 0.
    Maybe in_base(const Maybe& value, const State& state) const {
        return book_.inputs.empty() ? value : mul_div_down(value, book_.base.scale, state.prices[base_input]);
    }
    Money base_money(const I256& raw) const { return compound_v3::base_money(book_, raw); }

    Book book_;
    /// At the indices that the comet has stored, and with interest up to the facts.
    Balance stored_;
    Balance balance_;
};

Result<Balance> PreparedUser::balance(const State& state) const {
    if (state.prices.size() != book_.inputs.size())
        return fail(ErrorCode::bad_input, "the state has " + std::to_string(state.prices.size()) + " prices, the account needs " +
                                              std::to_string(book_.inputs.size()));
    if (state.time_offset_s == 0) return balance_;
    return balance_at(book_, state.time_offset_s);
}

Result<bool> PreparedUser::liquidatable(const State& state) const {
    const Result<Balance> then = balance(state);
    if (!then) return fail(then.error());
    const Result<Worth> worth = worth_at(book_, then->borrowed, state.prices);
    if (!worth) return fail(worth.error());
    return owes() && worth->liquidation < worth->debt;
}

Result<model::Standing> PreparedUser::at(const State& state) const {
    const Result<Balance> then = balance(state);
    if (!then) return fail(then.error());
    const Result<Worth> worth = worth_at(book_, then->borrowed, state.prices);
    if (!worth) return fail(worth.error());
    const Maybe collateral = in_base(worth->collateral, state);
    const Maybe liquidation = in_base(worth->liquidation, state);
    const Maybe borrowing = in_base(worth->borrowing, state);
    if (!collateral || !liquidation || !borrowing) return fail(overflow("the collateral in base tokens"));
    const Result<I256> equity = difference(*collateral, then->borrowed, "the equity");
    const Result<I256> maintenance = difference(*collateral, *liquidation, "the maintenance margin");
    const Result<I256> initial = difference(*collateral, *borrowing, "the initial margin");
    for (const Result<I256>* figure : {&equity, &maintenance, &initial})
        if (!*figure) return fail(figure->error());
    return model::Standing{base_money(*equity), base_money(*maintenance), base_money(*initial), owes() && worth->liquidation < worth->debt};
}

std::optional<model::Enclosure> PreparedUser::between(const State& low, const State& high) const {
    const Result<Balance> then = balance(low);
    if (!then || high.prices.size() != low.prices.size() || high.time_offset_s != low.time_offset_s || book_.inputs.empty()) return std::nullopt;
    // What the collateral counts grows with its prices, what is owed with the base token's.
    State worst = low;
    State best = high;
    std::swap(worst.prices[base_input], best.prices[base_input]);
    const Result<Worth> bottom = worth_at(book_, then->borrowed, worst.prices);
    const Result<Worth> top = worth_at(book_, then->borrowed, best.prices);
    const Maybe least = bottom ? in_base(bottom->liquidation, worst) : std::nullopt;
    const Maybe most = top ? in_base(top->liquidation, best) : std::nullopt;
    const Maybe all = top ? add(in_base(top->collateral, best), then->borrowed) : std::nullopt;
    if (!least || !most || !all) return std::nullopt;
    model::Enclosure enclosure;
    if (!owes() || bottom->liquidation >= bottom->debt)
        enclosure.liquidatable = false;
    else if (top->liquidation < top->debt)
        enclosure.liquidatable = true;
    const Result<I256> lowest = difference(*least, then->borrowed, "an excess");
    const Result<I256> highest = difference(*most, then->borrowed, "an excess");
    const std::optional<I256> magnitude = I256::from(*all);
    if (!lowest || !highest || !magnitude) return std::nullopt;
    enclosure.least_excess = base_money(*lowest);
    enclosure.largest_excess = base_money(*highest);
    enclosure.magnitude = base_money(*magnitude);
    return enclosure;
}

Result<std::vector<NativeFigure>> PreparedUser::native(const State& state) const {
    const Result<Balance> then = balance(state);
    if (!then) return fail(then.error());
    // The two answers go by the indices that are stored.
    const Result<Worth> stored = worth_at(book_, stored_.borrowed, state.prices);
    if (!stored) return fail(stored.error());
    const bool liquidatable = owes() && stored->liquidation < stored->debt;
    const bool collateralized = !owes() || stored->borrowing >= stored->debt;
    const std::optional<I256> supplied = I256::from(then->supplied);
    const std::optional<I256> borrowed = I256::from(then->borrowed);
    if (!supplied || !borrowed) return fail(overflow("a balance"));
    return std::vector<NativeFigure>{{std::string(view_names[0]), *supplied, book_.base.decimals},
                                     {std::string(view_names[1]), *borrowed, book_.base.decimals},
                                     {std::string(view_names[2]), I256(liquidatable ? 1 : 0), 0},
                                     {std::string(view_names[3]), I256(collateralized ? 1 : 0), 0}};
}

Result<model::LiquidationTerms> PreparedUser::terms(const State& state) const {
    const Result<Balance> then = balance(state);
    if (!then) return fail(then.error());
    const Result<Worth> worth = worth_at(book_, then->borrowed, state.prices);
    if (!worth) return fail(worth.error());
    model::LiquidationTerms terms;
    terms.loss = base_money(I256{});
    if (!owes() || worth->collateral.is_zero()) return terms;
    terms.close_factor_bps = all_bps;
    const Maybe taken = sub(worth->collateral, worth->absorbed);
    const Maybe share = taken ? model::mul_div(*taken, U256(all_bps), worth->collateral, Rounding::up) : std::nullopt;
    const Maybe loss = taken ? model::mul_div(*taken, book_.base.scale, state.prices[base_input], Rounding::up) : std::nullopt;
    const Maybe collateral = in_base(worth->collateral, state);
    if (!share || !loss || !collateral) return fail(overflow("the penalty"));
    terms.penalty_bps = static_cast<std::uint32_t>(share->to_u64().value_or(all_bps));
    const U256 left = sub(collateral, then->borrowed).value_or(U256{});
    const Result<I256> money = signed_value(std::min(*loss, left), false, "the loss");
    if (!money) return fail(money.error());
    terms.loss = base_money(*money);
    return terms;
}

Result<std::vector<model::Position>> PreparedUser::positions(const State& state) const {
    const Result<Balance> then = balance(state);
    if (!then) return fail(then.error());
    return common_positions(book_, *then, state.prices);
}

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                            const model::AssetMap& assets) const override {
        Result<Book> book = read_book(venue, account, assets);
        if (!book) return fail(book.error());
        return PreparedUser::make(std::move(*book));
    }

    std::optional<bool> liquidatable_by_views(std::span<const NativeFigure> views) const override {
        for (const NativeFigure& figure : views)
            if (figure.name == view_names[2]) return !figure.value.is_zero();
        return std::nullopt;
    }
};

}  // namespace

const model::VenueRule& rule() {
    static const Rule instance;
    return instance;
}

}  // namespace margind::adapters::protocols::compound_v3
