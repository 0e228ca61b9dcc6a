// One account of a comet, decoded from facts.
#include "adapters/protocols/compound_v3/book.hpp"

#include "adapters/protocols/compound_v3/facts.hpp"
#include "adapters/protocols/compound_v3/rule.hpp"

namespace margind::adapters::protocols::compound_v3 {

using model::Error;
using model::ErrorCode;
using model::fail;
using model::Facts;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t index_scale = 1'000'000'000'000'000;
constexpr std::uint64_t factor_scale = 1'000'000'000'000'000'000;
constexpr std::uint8_t price_decimals = 8;

/// Reads facts of one prefix and keeps the first error.
class Fields {
public:
    Fields(const Facts& facts, std::string prefix) : facts_(facts), prefix_(std::move(prefix)) {}

    U256 u256(std::string_view field) { return keep(facts_.u256(prefix_ + std::string(field))); }
    std::uint64_t u64(std::string_view field) { return keep(facts_.u64(prefix_ + std::string(field))); }
    model::I256 i256(std::string_view field) { return keep(facts_.i256(prefix_ + std::string(field))); }
    model::Address address(std::string_view field) { return keep(facts_.address(prefix_ + std::string(field))); }
    /// Where the comet refused it, the error says in which words.
    U256 price(std::string_view field) {
        const model::FactValue* refused = facts_.find(prefix_ + std::string(field) + "_refused");
        if (refused == nullptr) return u256(field);
        std::string reason;
        if (const auto* text = std::get_if<model::Bytes>(refused))
            for (const std::byte character : *text) reason.push_back(static_cast<char>(character));
        if (!error_) error_ = Error{ErrorCode::missing, "price_refused: " + reason};
        return {};
    }
    const std::optional<Error>& error() const { return error_; }

private:
    template <class T>
    T keep(Result<T> value) {
        if (value) return *value;
        if (!error_) error_ = value.error();
        return T{};
    }

    const Facts& facts_;
    std::string prefix_;
    std::optional<Error> error_;
};

Result<Token> token_of(const model::Address& address, const U256& scale, model::ChainId chain, const model::AssetMap& assets) {
    const model::AssetMapping* mapping = assets.find(chain, address);
    if (mapping == nullptr)
        return fail(ErrorCode::missing,
                    "unmapped_asset " + address.to_string() + " on chain " + std::to_string(chain.value) + ": add it to the asset table");
    const std::optional<std::uint8_t> decimals = decimals_of(scale);
    if (!decimals) return fail(ErrorCode::decode, "the scale " + scale.to_decimal() + " of " + address.to_string() + " is no power of ten");
    return Token{address, model::stands_for(*mapping), mapping->label, scale, *decimals, *mapping};
}

model::PriceInput input_of(const Token& token, const U256& price) {
    return {token.underlying, token.label, model::PriceRole::oracle, price, price_decimals};
}

Result<void> check_schemas(const Facts& venue, const Facts& account) {
    if (venue.schema() != venue_schema)
        return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + std::string(venue_schema));
    if (account.schema() != account_schema)
        return fail(ErrorCode::unknown_schema, "account facts have schema " + account.schema() + ", not " + std::string(account_schema));
    return {};
}

Result<Collateral> read_collateral(const Facts& venue, const Facts& account, unsigned offset, model::ChainId chain, const model::AssetMap& assets,
                                   Book& book) {
    Fields fields(venue, asset_fact(offset, ""));
    Fields own(account, asset_fact(offset, ""));
    Collateral one;
    one.balance = own.u256("balance");
    one.borrow_factor = fields.u256("borrow_factor");
    one.liquidate_factor = fields.u256("liquidate_factor");
    one.liquidation_factor = fields.u256("liquidation_factor");
    one.room = fields.u256("room");
    const model::Address address = fields.address("token");
    const U256 scale = fields.u256("scale");
    const U256 price = fields.price("price");
    for (const Fields* all : {&own, &fields})
        if (all->error()) return fail(*all->error());
    Result<Token> token = token_of(address, scale, chain, assets);
    if (!token) return fail(token.error());
    one.token = std::move(*token);
    one.input = book.inputs.size();
    book.inputs.push_back(input_of(one.token, price));
    return one;
}

/// index + index x (rate x seconds); kept in 64 bits.
Maybe accrued(const U256& index, const U256& rate, std::uint64_t seconds) {
    const Maybe growth = model::checked_mul(rate, U256(seconds));
    const Maybe later = add(index, mul_factor(index, growth));
    return later && later->bit_width() <= 64 ? later : std::nullopt;
}

/// Seconds from the last accrual to `offset_s` after the facts; empty when that is in its past.
std::optional<std::uint64_t> elapsed(const Book& book, std::int64_t offset_s) {
    const std::uint64_t magnitude = offset_s < 0 ? ~static_cast<std::uint64_t>(offset_s) + 1 : static_cast<std::uint64_t>(offset_s);
    if (offset_s < 0 && magnitude > book.time) return std::nullopt;
    const std::uint64_t now = offset_s < 0 ? book.time - magnitude : book.time + magnitude;
    if (now < book.last_accrual) return std::nullopt;
    return now - book.last_accrual;
}

Result<Balance> balance_of(const Book& book, const U256& supply_index, const U256& borrow_index) {
    const bool owes = book.principal.is_negative();
    const Maybe present = mul_div_down(book.principal.magnitude(), owes ? borrow_index : supply_index, U256(index_scale));
    if (!present) return fail(overflow("the balance"));
    return owes ? Balance{{}, *present} : Balance{*present, {}};
}

}  // namespace

Error overflow(const char* what) { return {ErrorCode::out_of_range, std::string(what) + " does not fit; the comet reverts there"}; }

Maybe add(const Maybe& a, const Maybe& b) { return a && b ? model::checked_add(*a, *b) : std::nullopt; }
Maybe sub(const Maybe& a, const Maybe& b) { return a && b ? model::checked_sub(*a, *b) : std::nullopt; }
Maybe mul_div_down(const Maybe& a, const Maybe& b, const Maybe& divisor) {
    const Maybe product = a && b ? model::checked_mul(*a, *b) : std::nullopt;
    return product && divisor ? model::checked_div(*product, *divisor) : std::nullopt;
}
Maybe mul_factor(const Maybe& a, const Maybe& factor) { return mul_div_down(a, factor, U256(factor_scale)); }

std::optional<std::uint8_t> decimals_of(const U256& scale) {
    for (std::uint8_t decimals = 0; decimals <= model::max_decimals; ++decimals)
        if (U256::pow10(decimals) == scale) return decimals;
    return std::nullopt;
}

Result<Book> read_book(const Facts& venue, const Facts& account, const model::AssetMap& assets) {
    const Result<void> known = check_schemas(venue, account);
    if (!known) return fail(known.error());
    Fields shared(venue, "");
    Fields own(account, "");
    Book book;
    book.time = shared.u64("block_time");
    book.supply_index = shared.u256("supply_index");
    book.borrow_index = shared.u256("borrow_index");
    book.last_accrual = shared.u64("last_accrual");
    book.supply_rate = shared.u256("supply_rate");
    book.borrow_rate = shared.u256("borrow_rate");
    const model::ChainId chain{shared.u64("chain_id")};
    const std::uint64_t listed = shared.u64("assets");
    const model::Address base = shared.address("base_token");
    const U256 scale = shared.u256("base_scale");
    book.principal = own.i256("principal");
    const std::uint64_t held = own.u64("assets_in");
    const U256 price = book.principal.is_negative() || held != 0 ? shared.price("base_price") : U256{};
    for (const Fields* all : {&shared, &own})
        if (all->error()) return fail(*all->error());
    Result<Token> token = token_of(base, scale, chain, assets);
    if (!token) return fail(token.error());
    book.base = std::move(*token);
    if (!book.principal.is_negative() && held == 0) return book;
    book.inputs.push_back(input_of(book.base, price));
    for (unsigned offset = 0; offset < listed && offset < max_assets; ++offset) {
        if ((held >> offset & 1U) == 0) continue;
        Result<Collateral> collateral = read_collateral(venue, account, offset, chain, assets, book);
        if (!collateral) return fail(collateral.error());
        book.collaterals.push_back(std::move(*collateral));
    }
    return book;
}

Result<Balance> stored_balance(const Book& book) { return balance_of(book, book.supply_index, book.borrow_index); }

Result<Balance> balance_at(const Book& book, std::int64_t offset_s) {
    const std::optional<std::uint64_t> seconds = elapsed(book, offset_s);
    if (!seconds) return fail(overflow("the time since the last accrual"));
    const Maybe supply = accrued(book.supply_index, book.supply_rate, *seconds);
    const Maybe borrow = accrued(book.borrow_index, book.borrow_rate, *seconds);
    if (!supply || !borrow) return fail(overflow("an index"));
    return balance_of(book, *supply, *borrow);
}

Result<Worth> worth_at(const Book& book, const U256& borrowed, const std::vector<U256>& prices) {
    Worth worth;
    if (book.inputs.empty()) return worth;
    const Maybe debt = mul_div_down(borrowed, prices[base_input], book.base.scale);
    if (!debt) return fail(overflow("the debt's value"));
    worth.debt = *debt;
    for (const Collateral& one : book.collaterals) {
        const Maybe value = mul_div_down(one.balance, prices[one.input], one.token.scale);
        const auto raise = [&](U256& sum, const Maybe& by) {
            const Maybe more = add(sum, by);
            if (more) sum = *more;
            return more.has_value();
        };
        if (!raise(worth.collateral, value) || !raise(worth.liquidation, mul_factor(value, one.liquidate_factor)) ||
            !raise(worth.borrowing, mul_factor(value, one.borrow_factor)) || !raise(worth.absorbed, mul_factor(value, one.liquidation_factor)))
            return fail(overflow("the collateral's value"));
    }
    return worth;
}

Result<Book> adjusted(const Book& book, const model::Adjustment& adjustment) {
    if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
    Book after = book;
    if (adjustment.verb == model::Verb::repay && adjustment.asset == book.base.address && book.principal.is_negative()) {
        const std::optional<std::uint64_t> seconds = elapsed(book, 0);
        const Maybe supply = seconds ? accrued(book.supply_index, book.supply_rate, *seconds) : std::nullopt;
        const Maybe borrow = seconds ? accrued(book.borrow_index, book.borrow_rate, *seconds) : std::nullopt;
        if (!supply || !borrow) return fail(overflow("an index"));
        after.supply_index = *supply;
        after.borrow_index = *borrow;
        after.last_accrual = book.time;
        const Result<Balance> balance = stored_balance(after);
        if (!balance) return fail(balance.error());
        const U256 left = model::checked_sub(balance->borrowed, adjustment.amount_raw).value_or(U256{});
        // The comet rounds a debt's principal up.
        const Maybe principal = model::mul_div(left, U256(index_scale), after.borrow_index, model::Rounding::up);
        const std::optional<model::I256> negative = principal ? model::I256::make(true, *principal) : std::nullopt;
        if (!negative) return fail(overflow("the principal"));
        after.principal = *negative;
        return after;
    }
    for (Collateral& one : after.collaterals) {
        if (adjustment.verb != model::Verb::deposit || one.token.address != adjustment.asset) continue;
        const Maybe balance = model::checked_add(one.balance, adjustment.amount_raw);
        const Maybe room = model::checked_sub(one.room, adjustment.amount_raw);
        if (!balance || !room) return fail(ErrorCode::out_of_range, "a deposit of " + adjustment.amount_raw.to_decimal() + " passes the supply cap");
        one.balance = *balance;
        one.room = *room;
        return after;
    }
    return fail(ErrorCode::missing, "the account can repay its base token or deposit more of a collateral that it has, not " +
                                        std::string(model::to_string(adjustment.verb)) + " of " + adjustment.asset.to_string());
}

}  // namespace margind::adapters::protocols::compound_v3
