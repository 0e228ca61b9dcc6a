// One position in one market, decoded from facts.
#include "adapters/protocols/morpho_blue/book.hpp"

#include "adapters/protocols/morpho_blue/facts.hpp"

namespace margind::adapters::protocols::morpho_blue {

using model::Bytes32;
using model::Error;
using model::ErrorCode;
using model::fail;
using model::Facts;
using model::Result;
using model::U256;

namespace {

constexpr std::uint8_t price_scale_decimals = 36;

/// Reads facts of one prefix and keeps the first error.
class Fields {
public:
    Fields(const Facts& facts, std::string prefix) : facts_(facts), prefix_(std::move(prefix)) {}

    U256 u256(std::string_view field) { return keep(facts_.u256(prefix_ + std::string(field))); }
    std::uint64_t u64(std::string_view field) { return keep(facts_.u64(prefix_ + std::string(field))); }
    model::Address address(std::string_view field) { return keep(facts_.address(prefix_ + std::string(field))); }
    bool has(std::string_view field) const { return facts_.find(prefix_ + std::string(field)) != nullptr; }
    /// Where the venue refused the fact `field`, the error says in which words.
    U256 given(std::string_view field) {
        const model::FactValue* refused = facts_.find(prefix_ + std::string(field) + "_refused");
        if (refused == nullptr) return u256(field);
        if (!error_) error_ = Error{ErrorCode::missing, std::string(field) + "_refused: " + text_of(*refused)};
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

Result<void> check_schemas(const Facts& venue, const Facts& account) {
    if (venue.schema() != venue_schema)
        return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + std::string(venue_schema));
    if (account.schema() != account_schema)
        return fail(ErrorCode::unknown_schema, "account facts have schema " + account.schema() + ", not " + std::string(account_schema));
    return {};
}

Result<Token> token_of(const model::Address& address, const U256& decimals, model::ChainId chain, const model::AssetMap& assets) {
    const model::AssetMapping* mapping = assets.find(chain, address);
    if (mapping == nullptr)
        return fail(ErrorCode::missing,
                    "unmapped_asset " + address.to_string() + " on chain " + std::to_string(chain.value) + ": add it to the asset table");
    const std::optional<std::uint64_t> places = decimals.to_u64();
    if (!places || *places > model::max_decimals)
        return fail(ErrorCode::decode, "token " + address.to_string() + " has " + decimals.to_decimal() + " decimals");
    return Token{address, model::stands_for(*mapping), mapping->label, static_cast<std::uint8_t>(*places), *mapping};
}

model::PriceInput oracle_price(const Book& book, const U256& price) {
    return {book.collateral.underlying, book.collateral.label, model::PriceRole::oracle, price,
            static_cast<std::uint8_t>(price_scale_decimals + book.loan.decimals - book.collateral.decimals)};
}

Result<void> read_pre_liquidators(const Facts& venue, const Facts& account, const model::Address& oracle, Book& book) {
    const Result<std::vector<model::Address>> authorized = addresses_of(account, "authorized");
    if (!authorized) return fail(authorized.error());
    book.authorized = !authorized->empty();
    for (const model::Address& contract : *authorized) {
        Fields fields(venue, pre_liquidation_fact(contract, ""));
        if (fields.has("price_refused")) continue;
        PreLiquidator one;
        one.contract = contract;
        one.pre_lltv = fields.u256("pre_lltv");
        one.close_factor_1 = fields.u256("close_factor_1");
        one.close_factor_2 = fields.u256("close_factor_2");
        one.incentive_1 = fields.u256("incentive_1");
        one.incentive_2 = fields.u256("incentive_2");
        const model::Address own_oracle = fields.address("oracle");
        const U256 price = fields.u256("price");
        if (fields.error()) return fail(*fields.error());
        one.input = own_oracle == oracle ? oracle_input : book.inputs.size();
        if (own_oracle != oracle) book.inputs.push_back(oracle_price(book, price));
        book.pre_liquidators.push_back(std::move(one));
    }
    return {};
}

/// Seconds from the market's last update to `offset_s` after the facts; empty when that is in its past.
std::optional<std::uint64_t> elapsed(const Book& book, std::int64_t offset_s) {
    const std::uint64_t magnitude = offset_s < 0 ? ~static_cast<std::uint64_t>(offset_s) + 1 : static_cast<std::uint64_t>(offset_s);
    if (offset_s < 0 && magnitude > book.time) return std::nullopt;
    const std::uint64_t now = offset_s < 0 ? book.time - magnitude : book.time + magnitude;
    if (now < book.last_update) return std::nullopt;
    return now - book.last_update;
}

}  // namespace

Error overflow(const char* what) {
    return {ErrorCode::out_of_range, std::string(what) + " does not fit; the contract reverts there"};
}

Result<Book> read_book(const Facts& venue, const Facts& account, const model::AssetMap& assets) {
    const Result<void> known = check_schemas(venue, account);
    if (!known) return fail(known.error());
    const model::FactValue* market = account.find("market");
    const Bytes32* id = market == nullptr ? nullptr : std::get_if<Bytes32>(market);
    if (id == nullptr) return fail(ErrorCode::missing, "the fact market is no market id");
    Fields shared(venue, "");
    Fields own(account, "");
    Fields fields(venue, market_fact(*id, ""));
    Book book;
    book.time = shared.u64("block_time");
    const model::ChainId chain{shared.u64("chain_id")};
    book.supply_shares = own.u256("supply_shares");
    book.borrow_shares = own.u256("borrow_shares");
    book.collateral_amount = own.u256("collateral");
    book.lltv = fields.u256("lltv");
    book.totals = {fields.u256("total_supply_assets"), fields.u256("total_supply_shares"), fields.u256("total_borrow_assets"),
                   fields.u256("total_borrow_shares")};
    book.last_update = fields.u64("last_update");
    book.fee = fields.u256("fee");
    const model::Address oracle = fields.address("oracle");
    const model::Address loan = fields.address("loan_token");
    const model::Address collateral = fields.address("collateral_token");
    if (!fields.address("irm").is_zero()) book.rate = fields.given("rate");
    const U256 loan_decimals = fields.given("loan_decimals");
    const U256 collateral_decimals = fields.given("collateral_decimals");
    const U256 price = book.needs_price() ? fields.given("price") : U256{};
    for (const Fields* all : {&shared, &own, &fields})
        if (all->error()) return fail(*all->error());
    if (book.lltv > wad())
        return fail(ErrorCode::decode, "market " + id->to_string() + " lends above its collateral: lltv " + book.lltv.to_decimal());

    for (const auto& [token, address, decimals] :
         {std::tuple{&book.loan, &loan, &loan_decimals}, std::tuple{&book.collateral, &collateral, &collateral_decimals}}) {
        Result<Token> read = token_of(*address, *decimals, chain, assets);
        if (!read) return fail(read.error());
        *token = std::move(*read);
    }
    book.inputs.push_back({book.loan.underlying, book.loan.label, model::PriceRole::oracle, wad(), 18});
    if (!book.needs_price()) return book;
    book.inputs.push_back(oracle_price(book, price));
    const Result<void> read = read_pre_liquidators(venue, account, oracle, book);
    if (!read) return fail(read.error());
    return book;
}

model::Money loan_money(const Book& book, const model::I256& raw) { return {raw, book.loan.decimals, book.loan.mapping.underlying.symbol}; }

Result<Debt> debt_at(const Book& book, std::int64_t offset_s) {
    const std::optional<std::uint64_t> seconds = elapsed(book, offset_s);
    if (!seconds) return fail(overflow("the time since the market's last update"));
    const std::optional<Totals> totals = book.rate.is_zero() ? book.totals : accrued(book.totals, book.rate, *seconds, book.fee);
    if (!totals) return fail(overflow("the market's interest"));
    const Maybe borrowed = assets_up(book.borrow_shares, totals->borrow_assets, totals->borrow_shares);
    const Maybe supplied = assets_down(book.supply_shares, totals->supply_assets, totals->supply_shares);
    if (!borrowed || !supplied) return fail(overflow("the debt"));
    return Debt{*totals, *borrowed, *supplied};
}

Maybe price_in_loan(const U256& price, const U256& loan) {
    return loan == wad() ? Maybe(price) : model::mul_div(price, wad(), loan, model::Rounding::down);
}

Maybe quoted_at(const Book& book, const U256& price) { return mul_div_down(book.collateral_amount, price, price_scale()); }

Maybe allowed_debt(const U256& quoted, const U256& lltv) { return w_mul_down(quoted, lltv); }

}  // namespace margind::adapters::protocols::morpho_blue
