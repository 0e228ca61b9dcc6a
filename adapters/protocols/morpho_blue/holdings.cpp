// A position in the common form, and what its owner can do about it.
#include "adapters/protocols/morpho_blue/book.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::morpho_blue {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Instrument;
using model::Result;
using model::Rounding;
using model::U256;
using model::Verb;

namespace {

constexpr std::uint64_t seconds_per_day = 86'400;

/// The most that a deposit may add: 2^112 - 1 units, above any listed token's supply.
constexpr U256 deposit_room({~std::uint64_t{0}, (std::uint64_t{1} << 48) - 1, 0, 0});

/// Interest of a day on `amount` of debt at the present rate.
Maybe day_of_interest(const Book& book, const U256& amount, Rounding rounding) {
    const Maybe rate = model::checked_mul(book.rate, U256(seconds_per_day));
    return rate ? model::mul_div(amount, *rate, wad(), rounding) : std::nullopt;
}

/// What a lender of `supplied` gets of it.
Maybe day_of_income(const Book& book, const Debt& debt) {
    if (debt.totals.supply_assets.is_zero()) return U256{};
    const Maybe all = day_of_interest(book, debt.totals.borrow_assets, Rounding::down);
    const Maybe share = all ? model::mul_div(*all, debt.supplied, debt.totals.supply_assets, Rounding::down) : std::nullopt;
    const Maybe kept = model::checked_sub(wad(), book.fee);
    return share && kept ? model::mul_div(*share, *kept, wad(), Rounding::down) : std::nullopt;
}

struct Holding {
    Instrument instrument = Instrument::spot;
    const Token* token = nullptr;
    U256 amount;
    /// Loan units.
    Maybe value;
    Maybe carry;
    /// Of one whole token.
    Maybe mark;
    std::uint8_t mark_decimals = 0;
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
    position.mark = {*mark, holding.mark_decimals, loan_money(book, *mark).unit};
    position.notional = loan_money(book, *notional);
    position.accrued = loan_money(book, I256{});
    position.carry_per_day = loan_money(book, *carry);
    position.collateral = holding.collateral;
    return position;
}

Result<Book> deposited(Book book, const U256& amount) {
    const Maybe collateral = model::checked_add(book.collateral_amount, amount);
    if (!collateral || collateral->bit_width() > 128) return fail(overflow("the collateral"));
    book.collateral_amount = *collateral;
    return book;
}

/// All of it goes by shares, so that nothing is left; less of it by assets, rounded down to shares.
Result<Book> repaid(Book book, const Debt& debt, const U256& amount) {
    if (debt.borrowed.is_zero()) return fail(ErrorCode::missing, "the account has no debt in " + book.loan.label);
    const bool all = amount >= debt.borrowed;
    const Maybe shares = all ? Maybe(book.borrow_shares) : shares_down(amount, debt.totals.borrow_assets, debt.totals.borrow_shares);
    if (!shares || *shares > book.borrow_shares) return fail(overflow("the repayment"));
    const U256 paid = all ? debt.borrowed : amount;
    book.totals = debt.totals;
    book.last_update = book.time;
    book.borrow_shares = *model::checked_sub(book.borrow_shares, *shares);
    book.totals.borrow_shares = model::checked_sub(book.totals.borrow_shares, *shares).value_or(U256{});
    book.totals.borrow_assets = model::checked_sub(book.totals.borrow_assets, paid).value_or(U256{});
    return book;
}

}  // namespace

Result<std::vector<model::Position>> common_positions(const Book& book, const Debt& debt, const std::vector<U256>& prices) {
    std::vector<Holding> holdings;
    if (!book.collateral_amount.is_zero()) {
        const Maybe price = price_in_loan(prices[oracle_input], prices[loan_input]);
        if (!price) return fail(overflow("the price"));
        holdings.push_back({Instrument::spot, &book.collateral, book.collateral_amount, quoted_at(book, *price), U256{}, *price,
                            book.inputs[oracle_input].decimals, true});
    }
    const U256 one = U256::pow10(book.loan.decimals);
    if (!debt.supplied.is_zero())
        holdings.push_back({Instrument::spot, &book.loan, debt.supplied, debt.supplied, day_of_income(book, debt), one, book.loan.decimals, false});
    if (!debt.borrowed.is_zero())
        holdings.push_back({Instrument::debt, &book.loan, debt.borrowed, debt.borrowed, day_of_interest(book, debt.borrowed, Rounding::up), one,
                            book.loan.decimals, false});
    std::vector<model::Position> positions;
    for (const Holding& holding : holdings) {
        Result<model::Position> position = position_of(book, holding);
        if (!position) return fail(position.error());
        positions.push_back(std::move(*position));
    }
    return positions;
}

std::vector<model::AdjustmentOption> adjustment_options(const Book& book, const Debt& debt) {
    if (debt.borrowed.is_zero()) return {};
    const auto option = [](Verb verb, const Token& token, const U256& most) {
        return model::AdjustmentOption{
            verb, token.address, token.label, token.underlying, token.decimals, most, model::units_per_token(token.mapping)};
    };
    return {option(Verb::repay, book.loan, debt.borrowed), option(Verb::deposit, book.collateral, deposit_room)};
}

Result<Book> adjusted(const Book& book, const Debt& debt, const model::Adjustment& adjustment) {
    if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
    const auto is = [&](Verb verb, const Token& token) { return adjustment.verb == verb && adjustment.asset == token.address; };
    if (is(Verb::repay, book.loan)) return repaid(book, debt, adjustment.amount_raw);
    if (is(Verb::deposit, book.collateral) && book.needs_price()) return deposited(book, adjustment.amount_raw);
    return fail(ErrorCode::missing, "the market takes repayments of " + book.loan.label + " and deposits of " + book.collateral.label + ", not " +
                                        std::string(model::to_string(adjustment.verb)) + " of " + adjustment.asset.to_string());
}

}  // namespace margind::adapters::protocols::morpho_blue
