// One option position in the common form, and what its owner can do about it.
#include "adapters/protocols/lyra_avalon/account.hpp"

namespace margind::adapters::protocols::lyra_avalon {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::State;
using model::U256;

namespace {

/// The largest amount that a figure holds; what does not fit is cut to it.
I256 signed_amount(const U256& amount, bool negative) {
    return I256::make(negative, amount).value_or(*I256::make(negative, *checked_sub(U256::pow2(255), U256(1))));
}

}  // namespace

model::Position Account::option_position(const Value& now, const State& state) const {
    // One option is on one base token: on so many units of what that stands for.
    const model::AssetMapping& base = book_.base.mapping;
    const auto in_money = [&](const U256& price) { return money(signed_amount(price_of_unit(base, price).value_or(U256::max()), false)); };
    model::Position option;
    option.instrument = model::Instrument::option;
    option.underlying = book_.base.underlying;
    option.label = book_.base.label;
    option.quantity = {signed_amount(units_of(base, book_.amount).value_or(U256::max()), is_short(book_.type)), 18, book_.base.underlying.symbol};
    option.mark = in_money(now.mark);
    option.notional = money(now.options);
    option.accrued = money(I256());
    option.carry_per_day = money(I256());
    option.option.emplace();
    model::OptionTerms& terms = *option.option;
    terms.kind = is_put(book_.type) ? model::OptionKind::put : model::OptionKind::call;
    terms.strike = in_money(book_.strike);
    terms.expiry = static_cast<std::int64_t>(book_.expiry);
    terms.delta = {now.delta, 18, book_.base.underlying.symbol};
    if (!now.expired) {
        terms.vol = model::Money{signed_amount(vol(state), false), 18, "annualised"};
        terms.vol_source = "GWAV of iv x skew";
    }
    if (book_.settled_at) terms.settlement_price = in_money(*book_.settled_at);
    return option;
}

Result<std::vector<model::Position>> Account::positions(const State& state) const {
    const Result<Value> now = value(state);
    if (!now) return fail(now.error());
    std::vector<model::Position> positions{option_position(*now, state)};
    if (book_.collateral.is_zero()) return positions;
    const Token& token = book_.base_collateral() ? book_.base : book_.quote;
    model::Position collateral;
    collateral.instrument = model::Instrument::spot;
    collateral.underlying = token.underlying;
    collateral.label = token.label;
    collateral.quantity = {signed_amount(units_of(token.mapping, book_.collateral).value_or(U256::max()), false), 18, token.underlying.symbol};
    const U256 price = book_.base_collateral() ? spot(state) : U256(unit);
    collateral.mark = money(signed_amount(price_of_unit(token.mapping, price).value_or(U256::max()), false));
    collateral.notional = money(signed_amount(now->collateral, false));
    collateral.accrued = money(I256());
    collateral.carry_per_day = money(I256());
    collateral.collateral = true;
    positions.push_back(std::move(collateral));
    return positions;
}

std::vector<model::AdjustmentOption> Account::options() const {
    std::vector<model::AdjustmentOption> options;
    if (!is_short(book_.type) || !runs(State{}) || book_.all_paused) return options;
    const Token& token = book_.base_collateral() ? book_.base : book_.quote;
    options.push_back({model::Verb::deposit, token.address, token.label, token.underlying, 18, U256::pow10(36), units_per_token(token.mapping)});
    const std::uint64_t left = book_.seconds_to_expiry(0);
    if (!book_.paused && !book_.frozen && left >= book_.closing_terms.trading_cutoff_s)
        options.push_back(
            {model::Verb::reduce, book_.option_market, book_.label, book_.base.underlying, 18, book_.amount, units_per_token(book_.base.mapping)});
    return options;
}

Result<std::unique_ptr<model::PreparedAccount>> Account::with(const model::Adjustment& adjustment) const {
    Book book = book_;
    const Token& token = book.base_collateral() ? book.base : book.quote;
    if (adjustment.verb == model::Verb::deposit && adjustment.asset == token.address && is_short(book.type)) {
        const std::optional<U256> collateral = checked_add(book.collateral, adjustment.amount_raw);
        if (!collateral) return fail(ErrorCode::out_of_range, "the collateral does not fit");
        book.collateral = *collateral;
        return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(std::move(book)));
    }
    if (adjustment.verb == model::Verb::reduce && adjustment.asset == book.option_market) {
        const std::optional<U256> amount = checked_sub(book.amount, adjustment.amount_raw);
        if (!amount) return fail(ErrorCode::out_of_range, "the position has no " + adjustment.amount_raw.to_decimal() + " to close");
        book.amount = *amount;
        // A position that is closed whole gives its collateral back.
        if (book.amount.is_zero()) book.collateral = U256();
        return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(std::move(book)));
    }
    return fail(ErrorCode::missing, std::string("no ") + model::to_string(adjustment.verb) + " of " + adjustment.asset.to_string());
}

}  // namespace margind::adapters::protocols::lyra_avalon
