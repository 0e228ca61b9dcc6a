// Standing, figures and terms of one option position.
#include "adapters/protocols/lyra_avalon/account.hpp"

#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/rule.hpp"

#include <algorithm>

namespace margind::adapters::protocols::lyra_avalon {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::State;
using model::U256;

namespace {

model::Error reverts(const char* what, const U256& spot) {
    return {ErrorCode::reverted, std::string(what) + " reverts at a spot of " + model::decimal_text(*I256::from(shift_right(spot, 1)), 18) + " x 2"};
}

std::uint32_t bps_of(const U256& ratio) {
    return static_cast<std::uint32_t>(checked_div(ratio, U256(unit / 10'000))->to_u64().value_or(0));
}

}  // namespace

Account::Account(Book book) : book_(std::move(book)) {
    if (book_.spot) inputs_.push_back({book_.base.underlying, book_.base.label, model::PriceRole::oracle, *book_.spot, 18});
    if (runs(State{})) {
        const auto left = static_cast<std::int64_t>(std::min<std::uint64_t>(book_.seconds_to_expiry(0), 1ULL << 40));
        vols_.push_back({book_.base.underlying,
                         book_.label + " GWAV vol at " + model::decimal_text(*I256::from(book_.strike), 18), book_.vol, 18, left});
    }
}

Result<Value> Account::value(const State& state) const {
    if (state.prices.size() != inputs_.size()) return fail(ErrorCode::bad_input, "the state has not one price per input");
    std::optional<Value> value = value_of(book_, spot(state), vol(state), state.time_offset_s);
    if (!value) return fail(reverts("the option's value", spot(state)));
    return *std::move(value);
}

Result<model::Standing> Account::at(const State& state) const {
    const Result<Value> now = value(state);
    if (!now) return fail(now.error());
    const Int maintenance = Int(Uint(now->minimum_in_quote)) + now->options;
    if (maintenance.reverted()) return fail(reverts("the margin", spot(state)));
    model::Standing standing;
    const bool asked = is_short(book_.type) && !now->expired;
    standing.equity = money(now->equity);
    standing.maintenance = money(asked ? maintenance.raw() : I256());
    standing.initial = standing.maintenance;
    standing.liquidatable = asked && can_liquidate(now->minimum);
    return standing;
}

Result<bool> Account::liquidatable(const State& state) const {
    const Result<model::Standing> standing = at(state);
    if (!standing) return fail(standing.error());
    return standing->liquidatable;
}

std::optional<model::Enclosure> Account::between(const State& low, const State& high) const {
    const Result<Value> bottom = value(low);
    const Result<Value> top = value(high);
    if (!bottom || !top) return std::nullopt;
    // What an expired call leaves of base collateral, times the spot, is not monotone.
    if (book_.base_collateral() && !book_.settled() && bottom->expired) return std::nullopt;
    const U256& highest_spot = high.prices.empty() ? book_.strike : high.prices.front();
    // The contract's formulas are monotone in the spot but for their last digits, which are far below a billionth of a billionth of
    // the prices; this allows for a million times that.
    const Uint scale = Uint(highest_spot) + book_.strike + 1;
    const Uint slack = multiply_decimal(scale, Uint(book_.amount) + 1) / 1'000'000'000'000 + 2;
    const Uint slack_in_collateral = book_.base_collateral() ? Uint(book_.amount) / 1'000'000'000'000 + 2 : slack;
    const auto excess = [&](const Value& value) {
        return is_short(book_.type) && !value.expired ? Int(Uint(value.collateral)) - Int(Uint(value.minimum_in_quote)) : Int(value.equity);
    };
    const bool asked = is_short(book_.type) && !bottom->expired;
    Int least = excess(*bottom);
    Int largest = excess(*top);
    if (least.reverted() || largest.reverted() || slack.reverted() || slack_in_collateral.reverted()) return std::nullopt;
    model::Enclosure enclosure;
    enclosure.liquidatable = false;
    if (asked) {
        const U256 smallest = std::min(bottom->minimum, top->minimum);
        const U256 greatest = std::max(bottom->minimum, top->minimum);
        const Uint surely = Uint(book_.collateral) + slack_in_collateral;
        const Uint surely_not = Uint(greatest) + slack_in_collateral;
        if (surely.reverted() || surely_not.reverted()) return std::nullopt;
        if (book_.collateral < surely_not.raw()) enclosure.liquidatable = surely.raw() < smallest ? std::optional<bool>(true) : std::nullopt;
    }
    if (asked && book_.base_collateral()) {
        // (collateral - minimum) x spot is not monotone: the minimum, in base, grows with the spot.
        const Int widest = Int(Uint(book_.collateral)) - Int(Uint(bottom->minimum));
        const Int narrowest = Int(Uint(book_.collateral)) - Int(Uint(top->minimum));
        const auto times = [&](const Int& base, const U256& at) { return base * Int(Uint(at)) / Int(Uint(unit)); };
        largest = times(widest, widest.is_negative() ? low.prices.front() : highest_spot);
        least = times(narrowest, narrowest.is_negative() ? highest_spot : low.prices.front());
    } else if (least.raw() > largest.raw()) {
        std::swap(least, largest);
    }
    least = least - Int(slack) - Int(slack);
    largest = largest + Int(slack) + Int(slack);
    const Uint collateral = book_.base_collateral() ? multiply_decimal(book_.collateral, highest_spot) : Uint(book_.collateral);
    const Uint magnitude = (collateral + multiply_decimal(scale, Uint(book_.amount) + 1) +
                            top->minimum_in_quote + bottom->minimum_in_quote + slack) * 4;
    if (least.reverted() || largest.reverted()) return std::nullopt;
    const Int bound{magnitude};
    if (bound.reverted()) return std::nullopt;
    enclosure.least_excess = money(least.raw());
    enclosure.largest_excess = money(largest.raw());
    enclosure.magnitude = money(bound.raw());
    return enclosure;
}

Result<std::vector<model::NativeFigure>> Account::native(const State& state) const {
    std::vector<model::NativeFigure> figures;
    const auto add = [&](const char* name, const U256& value, std::uint8_t decimals) {
        figures.push_back({name, I256::from(value).value_or(*I256::make(false, *checked_sub(U256::pow2(255), U256(1)))), decimals});
    };
    add(view_amount, book_.amount, 18);
    add(view_collateral, book_.collateral, 18);
    if (!book_.listed || inputs_.empty()) return figures;
    U256 minimum;
    if (is_short(book_.type)) {
        const std::optional<U256> asked = min_collateral(book_.collateral_terms, book_.rate, book_.exposure(spot(state), state.time_offset_s));
        if (!asked) return fail(reverts("getMinCollateral", spot(state)));
        minimum = *asked;
        add(view_min_collateral, minimum, 18);
    }
    add(view_can_liquidate, U256(can_liquidate(minimum) ? 1 : 0), 0);
    add(view_spot, spot(state), 18);
    return figures;
}

Result<model::LiquidationTerms> Account::terms(const State& state) const {
    model::LiquidationTerms terms;
    terms.loss = money(I256());
    if (!is_short(book_.type) || !runs(state)) return terms;
    const Result<Value> now = value(state);
    if (!now) return fail(now.error());
    const U256 at = spot(state);
    std::optional<U256> cost = closing_cost(book_.closing_terms, book_.rate, book_.exposure(at, state.time_offset_s));
    std::optional<U256> least_fee = book_.penalty_terms.least_fee;
    if (book_.base_collateral()) {
        if (cost) cost = base_for_quote(book_.closing_terms, at, *cost);
        least_fee = divide_decimal(*least_fee, at).value();
    }
    const std::optional<LiquidationFees> fees =
        cost && least_fee ? liquidation_fees(book_.penalty_terms, *cost, book_.collateral, *least_fee, book_.base_collateral() ? at : U256(unit))
                          : std::nullopt;
    if (!fees) return fail(reverts("a liquidation", at));
    const Uint returned = book_.base_collateral() ? multiply_decimal(fees->returned, at) : Uint(fees->returned);
    const Int loss = Int(now->equity) - Int(returned);
    if (loss.reverted()) return fail(reverts("a liquidation", at));
    terms.close_factor_bps = 10'000;
    terms.penalty_bps = bps_of(book_.penalty_terms.penalty_ratio);
    terms.loss = money(std::clamp(loss.raw(), I256(), std::max(now->equity, I256())));
    return terms;
}

namespace {

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                            const model::AssetMap& assets) const override {
        if (venue.schema() != venue_schema)
            return fail(ErrorCode::unknown_schema, "venue facts of schema " + venue.schema() + ", not " + venue_schema);
        if (account.schema() != account_schema)
            return fail(ErrorCode::unknown_schema, "account facts of schema " + account.schema() + ", not " + account_schema);
        Result<Book> book = book_of(venue, account, assets);
        if (!book) return fail(book.error());
        return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(*std::move(book)));
    }

    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override {
        const auto view = std::find_if(views.begin(), views.end(),
                                       [](const model::NativeFigure& figure) { return figure.name == view_can_liquidate; });
        return view == views.end() ? std::nullopt : std::optional<bool>(!view->value.is_zero());
    }
};

}  // namespace

const model::VenueRule& rule() {
    static const Rule the_rule;
    return the_rule;
}

}  // namespace margind::adapters::protocols::lyra_avalon
