// The health rule of Morpho Blue and of its pre-liquidation contracts.
#include "adapters/protocols/morpho_blue/rule.hpp"

#include "adapters/protocols/morpho_blue/book.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::morpho_blue {

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

constexpr std::uint8_t wad_decimals = 18;
/// 10^18 / 10^4.
constexpr std::uint64_t wad_per_bps = 100'000'000'000'000;
constexpr std::uint32_t all_bps = 10'000;

/// A pre-liquidation contract at one state.
struct EarlyTrigger {
    const PreLiquidator* by = nullptr;
    /// The collateral at its oracle's price, in loan units.
    U256 quoted;
    /// The debt up to which it does not trigger.
    U256 allowed;
    bool triggered = false;
};

/// A position at one state, in loan units.
struct Figures {
    U256 borrowed;
    U256 quoted;
    /// The debt up to which the market itself does not liquidate.
    U256 allowed;
    bool liquidatable = false;
    std::vector<EarlyTrigger> early;

    bool pre_liquidatable() const {
        return std::any_of(early.begin(), early.end(), [](const EarlyTrigger& one) { return one.triggered; });
    }
    /// Whichever comes first.
    U256 first_limit() const {
        U256 least = allowed;
        for (const EarlyTrigger& one : early) least = std::min(least, one.allowed);
        return least;
    }
};

Result<I256> signed_value(const Maybe& value, bool negative, const char* what) {
    const std::optional<I256> result = value ? I256::make(negative, *value) : std::nullopt;
    if (!result) return fail(overflow(what));
    return *result;
}

/// a - b as a signed number.
Result<I256> difference(const U256& a, const U256& b, const char* what) {
    return a < b ? signed_value(model::checked_sub(b, a), true, what) : signed_value(model::checked_sub(a, b), false, what);
}

class PreparedPosition final : public model::PreparedAccount {
public:
    static Result<std::unique_ptr<model::PreparedAccount>> make(Book book) {
        Result<Debt> debt = debt_at(book, 0);
        if (!debt) return fail(debt.error());
        return std::make_unique<PreparedPosition>(std::move(book), std::move(*debt));
    }

    PreparedPosition(Book book, Debt debt) : book_(std::move(book)), debt_(std::move(debt)) {}

    const std::vector<model::PriceInput>& inputs() const override { return book_.inputs; }
    Result<model::Standing> at(const State& state) const override;
    Result<bool> liquidatable(const State& state) const override;
    std::optional<model::Enclosure> between(const State& low, const State& high) const override;
    Result<std::vector<NativeFigure>> native(const State& state) const override;
    Result<model::LiquidationTerms> terms(const State& state) const override;
    Result<std::vector<model::Position>> positions(const State& state) const override;
    std::vector<model::AdjustmentOption> options() const override { return adjustment_options(book_, debt_); }
    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        Result<Book> after = adjusted(book_, debt_, adjustment);
        if (!after) return fail(after.error());
        return make(std::move(*after));
    }

private:
    Result<Debt> debt(const State& state) const;
    Result<Figures> figures(const State& state) const;
    Result<Figures> figures(const U256& borrowed, const std::vector<U256>& prices) const;
    Money loan_money(const I256& raw) const { return morpho_blue::loan_money(book_, raw); }

    Book book_;
    /// At the time of the facts.
    Debt debt_;
};

Result<Debt> PreparedPosition::debt(const State& state) const {
    if (state.prices.size() != book_.inputs.size())
        return fail(ErrorCode::bad_input, "the state has " + std::to_string(state.prices.size()) + " prices, the account needs " +
                                              std::to_string(book_.inputs.size()));
    if (state.time_offset_s == 0) return debt_;
    return debt_at(book_, state.time_offset_s);
}

Result<Figures> PreparedPosition::figures(const State& state) const {
    const Result<Debt> then = debt(state);
    if (!then) return fail(then.error());
    return figures(then->borrowed, state.prices);
}

Result<Figures> PreparedPosition::figures(const U256& borrowed, const std::vector<U256>& prices) const {
    Figures now;
    now.borrowed = borrowed;
    if (!book_.needs_price()) return now;
    const auto quoted = [&](std::size_t input) -> Maybe {
        const Maybe price = price_in_loan(prices[input], prices[loan_input]);
        return price ? quoted_at(book_, *price) : std::nullopt;
    };
    const Maybe worth = quoted(oracle_input);
    const Maybe allowed = worth ? allowed_debt(*worth, book_.lltv) : std::nullopt;
    if (!worth || !allowed) return fail(overflow("the collateral's value"));
    now.quoted = *worth;
    now.allowed = *allowed;
    now.liquidatable = !book_.borrow_shares.is_zero() && borrowed > *allowed;
    for (const PreLiquidator& one : book_.pre_liquidators) {
        const Maybe own = quoted(one.input);
        const Maybe early = own ? allowed_debt(*own, one.pre_lltv) : std::nullopt;
        const Maybe late = own ? allowed_debt(*own, book_.lltv) : std::nullopt;
        if (!early || !late) return fail(overflow("the collateral's value to a pre-liquidation contract"));
        now.early.push_back({&one, *own, *early, borrowed > *early && borrowed <= *late});
    }
    return now;
}

Result<bool> PreparedPosition::liquidatable(const State& state) const {
    const Result<Figures> now = figures(state);
    if (!now) return fail(now.error());
    return now->liquidatable || now->pre_liquidatable();
}

Result<model::Standing> PreparedPosition::at(const State& state) const {
    const Result<Figures> now = figures(state);
    if (!now) return fail(now.error());
    const Result<I256> equity = difference(now->quoted, now->borrowed, "the equity");
    if (!equity) return fail(equity.error());
    const Result<I256> maintenance = difference(now->quoted, now->first_limit(), "the maintenance margin");
    const Result<I256> initial = difference(now->quoted, now->allowed, "the initial margin");
    if (!maintenance) return fail(maintenance.error());
    if (!initial) return fail(initial.error());
    return model::Standing{loan_money(*equity), loan_money(*maintenance), loan_money(*initial), now->liquidatable || now->pre_liquidatable()};
}

std::optional<model::Enclosure> PreparedPosition::between(const State& low, const State& high) const {
    const Result<Debt> then = debt(low);
    if (!then || high.prices.size() != low.prices.size() || high.time_offset_s != low.time_offset_s) return std::nullopt;
    // Every oracle's price in the loan token grows with itself and falls with the loan token.
    std::vector<U256> worst = low.prices;
    std::vector<U256> best = high.prices;
    std::swap(worst[loan_input], best[loan_input]);
    const Result<Figures> bottom = figures(then->borrowed, worst);
    const Result<Figures> top = figures(then->borrowed, best);
    if (!bottom || !top) return std::nullopt;
    const bool owes = !book_.borrow_shares.is_zero();
    // A contract with an oracle of its own lets go again further down: above its limit only the market's own trigger is sure.
    U256 sure = top->allowed;
    for (const EarlyTrigger& one : top->early)
        if (one.by->input == oracle_input) sure = std::min(sure, one.allowed);
    model::Enclosure enclosure;
    if (!owes || then->borrowed <= bottom->first_limit())
        enclosure.liquidatable = false;
    else if (then->borrowed > sure)
        enclosure.liquidatable = true;
    const Result<I256> least = difference(bottom->first_limit(), then->borrowed, "an excess");
    const Result<I256> largest = difference(top->first_limit(), then->borrowed, "an excess");
    const Maybe sum = model::checked_add(top->quoted, then->borrowed);
    const std::optional<I256> magnitude = sum ? I256::from(*sum) : std::nullopt;
    if (!least || !largest || !magnitude) return std::nullopt;
    enclosure.least_excess = loan_money(*least);
    enclosure.largest_excess = loan_money(*largest);
    enclosure.magnitude = loan_money(*magnitude);
    return enclosure;
}

Result<std::vector<NativeFigure>> PreparedPosition::native(const State& state) const {
    const Result<Debt> then = debt(state);
    if (!then) return fail(then.error());
    const Result<Figures> now = figures(then->borrowed, state.prices);
    if (!now) return fail(now.error());
    std::vector<NativeFigure> figures;
    bool fits = true;
    const auto add = [&](std::string name, const Maybe& value, std::uint8_t decimals) {
        const std::optional<I256> figure = value ? I256::from(*value) : std::nullopt;
        fits = fits && figure.has_value();
        figures.push_back({std::move(name), figure.value_or(I256{}), decimals});
    };
    add("borrowed", now->borrowed, book_.loan.decimals);
    add("collateralValue", now->quoted, book_.loan.decimals);
    add("maxBorrow", now->allowed, book_.loan.decimals);
    add("lltv", book_.lltv, wad_decimals);
    if (!then->supplied.is_zero()) add("supplied", then->supplied, book_.loan.decimals);
    if (!now->borrowed.is_zero()) {
        add("healthFactor", w_div_down(now->allowed, now->borrowed), wad_decimals);
        if (!now->quoted.is_zero()) add("ltv", w_div_up(now->borrowed, now->quoted), wad_decimals);
    }
    add(std::string(liquidatable_name), U256(now->liquidatable ? 1 : 0), 0);
    if (!now->early.empty()) {
        const auto first = std::min_element(now->early.begin(), now->early.end(), [](const auto& a, const auto& b) { return a.allowed < b.allowed; });
        add("preLltv", first->by->pre_lltv, wad_decimals);
        add("preMaxBorrow", first->allowed, book_.loan.decimals);
    }
    if (book_.authorized) add(std::string(pre_liquidatable_name), U256(now->pre_liquidatable() ? 1 : 0), 0);
    if (!fits) return fail(overflow("a figure"));
    return figures;
}

/// Of 18 decimals, rounded up, at most 100 %.
std::uint32_t bps_of(const U256& share) {
    const U256 bps = *model::checked_div(share, U256(wad_per_bps), Rounding::up);
    return static_cast<std::uint32_t>(std::min(bps, U256(all_bps)).to_u64().value_or(all_bps));
}

struct Taking {
    U256 close_factor;
    U256 incentive;
};

/// What the market's liquidators, or else the first pre-liquidator, may take at these figures, or would once they may.
Result<Taking> taking_at(const Book& book, const Figures& now) {
    const auto first = std::min_element(now.early.begin(), now.early.end(), [](const auto& a, const auto& b) { return a.allowed < b.allowed; });
    if (now.liquidatable || first == now.early.end() || first->allowed >= now.allowed) return Taking{wad(), liquidation_incentive_factor(book.lltv)};
    const PreLiquidator& by = *first->by;
    Maybe way = U256{};
    if (first->triggered) {
        const Maybe ltv = w_div_up(now.borrowed, first->quoted);
        const Maybe above = ltv ? model::checked_sub(*ltv, by.pre_lltv) : std::nullopt;
        const Maybe width = model::checked_sub(book.lltv, by.pre_lltv);
        way = w_div_down(above, width);
    }
    const auto between = [&](const U256& from, const U256& to) -> Maybe {
        const Maybe more = w_mul_down(way, model::checked_sub(to, from));
        return more ? model::checked_add(*more, from) : std::nullopt;
    };
    const Maybe close_factor = between(by.close_factor_1, by.close_factor_2);
    const Maybe incentive = between(by.incentive_1, by.incentive_2);
    if (!close_factor || !incentive) return fail(overflow("what a pre-liquidation contract takes"));
    return Taking{std::min(*close_factor, wad()), *incentive};
}

Result<model::LiquidationTerms> PreparedPosition::terms(const State& state) const {
    const Result<Figures> now = figures(state);
    if (!now) return fail(now.error());
    model::LiquidationTerms terms;
    terms.loss = loan_money(I256{});
    if (now->borrowed.is_zero()) return terms;
    const Result<Taking> taking = taking_at(book_, *now);
    if (!taking) return fail(taking.error());
    const U256 bonus = model::checked_sub(taking->incentive, wad()).value_or(U256{});
    terms.close_factor_bps = bps_of(taking->close_factor);
    terms.penalty_bps = bps_of(bonus);
    const Maybe closed = model::mul_div(now->borrowed, taking->close_factor, wad(), Rounding::up);
    const Maybe penalty = closed ? model::mul_div(*closed, bonus, wad(), Rounding::up) : std::nullopt;
    if (!penalty) return fail(overflow("the penalty"));
    const U256 left = now->quoted > now->borrowed ? *model::checked_sub(now->quoted, now->borrowed) : U256{};
    const Result<I256> loss = signed_value(std::min(*penalty, left), false, "the loss");
    if (!loss) return fail(loss.error());
    terms.loss = loan_money(*loss);
    return terms;
}

Result<std::vector<model::Position>> PreparedPosition::positions(const State& state) const {
    const Result<Debt> then = debt(state);
    if (!then) return fail(then.error());
    return common_positions(book_, *then, state.prices);
}

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                            const model::AssetMap& assets) const override {
        Result<Book> book = read_book(venue, account, assets);
        if (!book) return fail(book.error());
        return PreparedPosition::make(std::move(*book));
    }

    std::optional<bool> liquidatable_by_views(std::span<const NativeFigure> views) const override {
        std::optional<bool> said;
        for (const NativeFigure& figure : views)
            if (figure.name == liquidatable_name || figure.name == pre_liquidatable_name) said = said.value_or(false) || !figure.value.is_zero();
        return said;
    }
};

}  // namespace

const model::VenueRule& rule() {
    static const Rule instance;
    return instance;
}

}  // namespace margind::adapters::protocols::morpho_blue
