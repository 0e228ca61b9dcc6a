// Values of options before and after expiry, in the contracts' arithmetic.
#include "adapters/protocols/lyra_avalon/book.hpp"

#include <algorithm>
#include <limits>

namespace margind::adapters::protocols::lyra_avalon {

using model::I256;
using model::U256;

namespace {

Int signed_value(const Uint& value, bool negative) { return negative ? -Int(value) : Int(value); }

/// The collateral in quote; rounded down.
Uint in_quote(const Book& book, const Uint& collateral, const U256& spot) {
    return book.base_collateral() ? multiply_decimal(collateral, spot) : collateral;
}

Uint in_quote_up(const Book& book, const Uint& collateral, const U256& spot) {
    if (!book.base_collateral() || collateral.reverted()) return collateral;
    return Uint(mul_div(collateral.raw(), spot, U256(unit), model::Rounding::up));
}

std::optional<Value> finished(Value value, const Uint& collateral, const Int& options, const Int& equity) {
    if (collateral.reverted() || options.reverted() || equity.reverted()) return std::nullopt;
    value.collateral = collateral.raw();
    value.options = options.raw();
    value.equity = equity.raw();
    return value;
}

std::optional<Value> before_expiry(const Book& book, const U256& spot, const U256& vol, std::int64_t offset) {
    const Exposure exposure = book.exposure(spot, offset);
    const std::optional<OptionValues> values = option_values({exposure.seconds_to_expiry, vol, spot, book.strike, book.rate});
    if (!values) return std::nullopt;
    Value value;
    value.mark = is_put(book.type) ? values->put_price : values->call_price;
    value.delta = is_put(book.type) ? values->put_delta : values->call_delta;
    const Uint size = multiply_decimal(value.mark, book.amount);
    const Int options = signed_value(size, is_short(book.type));
    if (!is_short(book.type)) return finished(value, 0, options, options);
    const std::optional<U256> minimum = min_collateral(book.collateral_terms, book.rate, exposure);
    if (!minimum) return std::nullopt;
    value.minimum = *minimum;
    const Uint minimum_in_quote = in_quote_up(book, *minimum, spot);
    if (minimum_in_quote.reverted()) return std::nullopt;
    value.minimum_in_quote = minimum_in_quote.raw();
    const Uint collateral = in_quote(book, book.collateral, spot);
    return finished(value, collateral, options, Int(collateral) + options);
}

/// strikeToBaseReturnedRatio as a settlement at this price sets it.
Uint base_ratio(const Book& book, const U256& price) {
    if (price <= book.strike) return 0;
    const Uint ratio = divide_decimal(divide_decimal(Uint(price) - book.strike, price), Uint(unit) - book.base_settlement_fee);
    return ratio.reverted() ? ratio : Uint(std::min(ratio.raw(), U256(unit)));
}

/// What ShortCollateral.settleOptions pays out. Not settled yet: as if the board were settled at `spot`.
std::optional<Value> after_expiry(const Book& book, const U256& spot) {
    const U256 price = book.settled_at.value_or(spot);
    const bool put = is_put(book.type);
    const U256& above = put ? book.strike : price;
    const U256& below = put ? price : book.strike;
    Value value;
    value.expired = true;
    const Uint payoff = above > below ? Uint(above) - below : Uint(0);
    value.mark = payoff.raw();
    if (!book.settled() && above > below) value.delta = *I256::make(put, U256(unit));
    const Uint size = multiply_decimal(payoff, book.amount);
    if (!is_short(book.type)) return finished(value, 0, Int(size), Int(size));
    const Uint owed = book.base_collateral() ? multiply_decimal(book.settled() ? Uint(book.base_ratio) : base_ratio(book, price), book.amount) : size;
    if (owed.reverted()) return std::nullopt;
    const Uint left = book.collateral > owed.raw() ? Uint(book.collateral) - owed : Uint(0);
    const Uint collateral = in_quote(book, book.collateral, spot);
    const Int equity{in_quote(book, left, spot)};
    return finished(value, collateral, equity - Int(collateral), equity);
}

}  // namespace

std::uint64_t Book::seconds_to_expiry(std::int64_t time_offset_s) const {
    const std::uint64_t now = time + static_cast<std::uint64_t>(std::max<std::int64_t>(time_offset_s, 0));
    return expiry > now ? expiry - now : 0;
}

std::optional<Value> value_of(const Book& book, const U256& spot, const U256& vol, std::int64_t time_offset_s) {
    if (book.settled() || book.seconds_to_expiry(time_offset_s) == 0) return after_expiry(book, spot);
    return before_expiry(book, spot, vol, time_offset_s);
}

}  // namespace margind::adapters::protocols::lyra_avalon
