// Decodes a user's facts and accrues balances.
#include "adapters/protocols/aave_v3/book.hpp"

#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/math.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace margind::adapters::protocols::aave_v3 {

using model::Error;
using model::ErrorCode;
using model::fail;
using model::Facts;
using model::Result;
using model::U256;

namespace {

/// Reads facts of one prefix and keeps the first error.
class Fields {
public:
    Fields(const Facts& facts, std::string prefix) : facts_(facts), prefix_(std::move(prefix)) {}

    U256 u256(std::string_view field) { return keep(facts_.u256(prefix_ + std::string(field))); }
    std::uint64_t u64(std::string_view field) { return keep(facts_.u64(prefix_ + std::string(field))); }
    model::Address address(std::string_view field) { return keep(facts_.address(prefix_ + std::string(field))); }
    bool has(std::string_view field) const { return facts_.find(prefix_ + std::string(field)) != nullptr; }
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

struct EMode {
    unsigned category = 0;
    std::uint32_t ltv = 0;
    std::uint32_t liquidation_threshold = 0;
    std::uint32_t liquidation_bonus = 0;
    /// 3.6: the reserves that the category's shares hold for as collateral, and those among them that may not be borrowed against.
    U256 collateral_bitmap;
    U256 ltvzero_bitmap;
    /// Input that prices every asset of the category, where it has a price source of its own.
    std::optional<std::size_t> input;
};

Error unmapped(model::ChainId chain, const model::Address& token) {
    return {ErrorCode::missing,
            "unmapped_asset " + token.to_string() + " on chain " + std::to_string(chain.value) +
                ": add it to the asset table"};
}

/// The price fact under `prefix`, or why the venue gives none.
Result<U256> price_of(const Facts& venue, const std::string& prefix, const model::Address& token) {
    if (const model::FactValue* refused = venue.find(prefix + "price_refused")) {
        std::string reason;
        if (const auto* text = std::get_if<model::Bytes>(refused))
            for (const std::byte character : *text) reason.push_back(static_cast<char>(character));
        return fail(ErrorCode::missing, "price_refused " + token.to_string() + ": " + reason);
    }
    return venue.u256(prefix + "price");
}

Result<EMode> read_emode(const Facts& venue, const U256& category, const model::AssetMap& assets, model::ChainId chain,
                         Book& book) {
    EMode mode;
    const std::optional<std::uint64_t> id = category.to_u64();
    if (!id || *id > 255) return fail(ErrorCode::out_of_range, "e-mode category " + category.to_decimal() + " is above 255");
    mode.category = static_cast<unsigned>(*id);
    Fields fields(venue, emode_fact(mode.category, ""));
    if (mode.category == 0) return mode;
    if (!fields.has("ltv")) {
        // A category that no reserve belongs to changes nothing.
        if (book.line == Line::v3_0) return mode;
        return fail(ErrorCode::missing, "e-mode category " + category.to_decimal() + " is not in the configuration that was read");
    }
    mode.ltv = static_cast<std::uint32_t>(fields.u64("ltv"));
    mode.liquidation_threshold = static_cast<std::uint32_t>(fields.u64("liquidation_threshold"));
    mode.liquidation_bonus = static_cast<std::uint32_t>(fields.u64("liquidation_bonus"));
    if (book.line == Line::v3_6) {
        mode.collateral_bitmap = fields.u256("collateral_bitmap");
        mode.ltvzero_bitmap = fields.u256("ltvzero_bitmap");
        if (fields.error()) return fail(*fields.error());
        return mode;
    }
    const model::Address source = fields.address("price_source");
    if (fields.error()) return fail(*fields.error());
    if (source.is_zero()) return mode;
    const Result<U256> price = price_of(venue, emode_fact(mode.category, ""), source);
    if (!price) return fail(price.error());
    // The pool takes a price of 0 as "none" and reads each reserve's own.
    if (price->is_zero()) return mode;
    const model::AssetMapping* mapping = assets.find(chain, source);
    if (!mapping) return fail(unmapped(chain, source));
    mode.input = book.inputs.size();
    book.inputs.push_back({mapping->underlying, mapping->label, model::PriceRole::oracle, *price, book.base_decimals});
    return mode;
}

/// What of the user's e-mode holds for the reserve, over its own shares.
void apply_emode(Line line, const EMode& mode, Reserve& reserve) {
    const bool inside = line == Line::v3_0 ? mode.category != 0 && reserve.emode_category == mode.category
                                           : mode.collateral_bitmap.bit(reserve.id);
    if (!inside) return;
    reserve.liquidation_threshold = mode.liquidation_threshold;
    reserve.liquidation_bonus = mode.liquidation_bonus;
    // 3.0 leaves a collateral without a loan-to-value of its own at none in e-mode too; 3.6 keeps a list of those.
    if (line == Line::v3_6)
        reserve.ltv = mode.ltvzero_bitmap.bit(reserve.id) ? 0 : mode.ltv;
    else if (reserve.ltv != 0)
        reserve.ltv = mode.ltv;
}

Result<Reserve> read_reserve(Line line, const Facts& venue, const Facts& account, unsigned id, const U256& user_bits,
                             const EMode& mode) {
    namespace bits = configuration_bits;
    Reserve reserve;
    reserve.id = id;
    Fields market(venue, reserve_fact(id, ""));
    reserve.asset = market.address("asset");
    const U256 word = market.u256("configuration");
    reserve.liquidity_index = market.u256("liquidity_index");
    reserve.liquidity_rate = market.u256("liquidity_rate");
    reserve.variable_borrow_index = market.u256("variable_borrow_index");
    reserve.variable_borrow_rate = market.u256("variable_borrow_rate");
    reserve.updated = market.u64("last_update");
    reserve.market_scaled_supply = market.u256("scaled_supply");
    if (market.error()) return fail(*market.error());

    const std::uint64_t decimals = bit_field(word, bits::decimals);
    if (decimals > model::max_decimals)
        return fail(ErrorCode::decode, "reserve " + reserve.asset.to_string() + " has " + std::to_string(decimals) +
                                           " decimals, more than any listed token");
    reserve.decimals = static_cast<std::uint8_t>(decimals);
    reserve.unit = U256::pow10(reserve.decimals);
    reserve.active = bit_field(word, bits::active) != 0;
    reserve.frozen = bit_field(word, bits::frozen) != 0;
    reserve.paused = bit_field(word, bits::paused) != 0;
    reserve.supply_cap = bit_field(word, bits::supply_cap);

    reserve.liquidation_threshold = static_cast<std::uint32_t>(bit_field(word, bits::liquidation_threshold));
    reserve.ltv = static_cast<std::uint32_t>(bit_field(word, bits::ltv));
    reserve.liquidation_bonus = static_cast<std::uint32_t>(bit_field(word, bits::liquidation_bonus));
    reserve.liquidation_protocol_fee = static_cast<std::uint32_t>(bit_field(word, bits::liquidation_protocol_fee));
    reserve.borrowing = user_bits.bit(2 * id);
    reserve.collateral = user_bits.bit(2 * id + 1) && (line == Line::v3_6 || reserve.liquidation_threshold != 0);
    if (line == Line::v3_0)
        reserve.emode_category = static_cast<std::uint32_t>(bit_field(word, bits::emode_category));
    else
        reserve.grace_until = market.u64("grace_until");
    if (market.error()) return fail(*market.error());
    apply_emode(line, mode, reserve);

    Fields user(account, reserve_fact(id, ""));
    reserve.scaled_supply = user.u256("scaled_supply");
    if (reserve.borrowing) {
        reserve.scaled_variable_debt = user.u256("scaled_variable_debt");
    }
    if (reserve.borrowing && line == Line::v3_0) {
        reserve.stable_principal = user.u256("stable_principal");
        reserve.stable_rate = user.u256("stable_rate");
        reserve.stable_updated = user.u64("stable_last_update");
    }
    if (user.error()) return fail(*user.error());
    return reserve;
}

/// Sets what the reserve is and what prices it. False: a supply that is no collateral and that nobody can price.
Result<bool> price_reserve(const Facts& venue, const model::AssetMap& assets, model::ChainId chain, bool used,
                           const EMode& mode, Book& book, Reserve& reserve) {
    const model::AssetMapping* mapping = assets.find(chain, reserve.asset);
    if (!mapping) return used ? Result<bool>(fail(unmapped(chain, reserve.asset))) : Result<bool>(false);
    reserve.underlying = model::stands_for(*mapping);
    reserve.label = mapping->label;
    reserve.mapping = *mapping;
    if (mode.input && reserve.emode_category == mode.category) {
        reserve.input = *mode.input;
        return true;
    }
    const Result<U256> price = price_of(venue, reserve_fact(reserve.id, ""), reserve.asset);
    if (!price) return used ? Result<bool>(fail(price.error())) : Result<bool>(false);
    reserve.input = book.inputs.size();
    book.inputs.push_back({reserve.underlying, mapping->label, model::PriceRole::oracle, *price, book.base_decimals});
    return true;
}

Result<std::uint8_t> base_decimals(const U256& unit) {
    for (std::uint8_t decimals = 0; decimals <= model::max_decimals; ++decimals)
        if (U256::pow10(decimals) == unit) return decimals;
    return fail(ErrorCode::decode, "the base currency unit " + unit.to_decimal() + " is no power of ten up to 10^36");
}

Result<void> check_schemas(const Facts& venue, const Facts& account) {
    if (venue.schema() != venue_schema)
        return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + std::string(venue_schema));
    if (account.schema() != account_schema)
        return fail(ErrorCode::unknown_schema,
                    "account facts have schema " + account.schema() + ", not " + std::string(account_schema));
    const Result<U256> revision = venue.u256("revision");
    if (!revision) return fail(revision.error());
    if (!line_of(venue))
        return fail(ErrorCode::unknown_revision,
                    "pool revision " + revision->to_decimal() + " is neither 1 to 3 (3.0.x) nor 10 (3.6): only the pool's own figures are shown");
    return {};
}

/// Seconds from `since` to `offset_s` after the facts; empty when that is in the past of `since`.
std::optional<std::uint64_t> elapsed(const Book& book, std::int64_t offset_s, std::uint64_t since) {
    const std::uint64_t magnitude =
        offset_s < 0 ? ~static_cast<std::uint64_t>(offset_s) + 1 : static_cast<std::uint64_t>(offset_s);
    if (offset_s < 0 && magnitude > book.time) return std::nullopt;
    const std::uint64_t now = offset_s < 0 ? book.time - magnitude : book.time + magnitude;
    if (now < since) return std::nullopt;
    return now - since;
}

}  // namespace

Error overflow(const Reserve& reserve, const char* what) {
    return {ErrorCode::out_of_range, std::string(what) + " of reserve " + reserve.asset.to_string() +
                                         " does not fit 256 bits; the pool reverts there"};
}

Error overflow(const char* what) {
    return {ErrorCode::out_of_range, std::string(what) + " does not fit 256 bits; the pool reverts there"};
}

Result<Book> read_book(const Facts& venue, const Facts& account, const model::AssetMap& assets) {
    const Result<void> known = check_schemas(venue, account);
    if (!known) return fail(known.error());
    Fields market(venue, "");
    Fields user(account, "");
    Book book;
    book.line = *line_of(venue);
    book.time = market.u64("block_time");
    const model::ChainId chain{market.u64("chain_id")};
    const model::Address base_currency = market.address("base_currency");
    const U256 base_unit = market.u256("base_unit");
    const U256 user_bits = user.u256("configuration");
    const U256 user_emode = user.u256("emode");
    const U256 held = user.u256("held");
    if (market.error()) return fail(*market.error());
    if (user.error()) return fail(*user.error());

    const Result<std::uint8_t> decimals = base_decimals(base_unit);
    if (!decimals) return fail(decimals.error());
    book.base_decimals = *decimals;
    book.numeraire = "USD";
    if (!base_currency.is_zero()) {
        const model::AssetMapping* mapping = assets.find(chain, base_currency);
        if (!mapping) return fail(unmapped(chain, base_currency));
        book.numeraire = mapping->underlying.symbol;
    }

    const Result<EMode> mode = read_emode(venue, user_emode, assets, chain, book);
    if (!mode) return fail(mode.error());
    for (unsigned id = 0; id < max_reserves; ++id) {
        const bool used = user_bits.bit(2 * id) || user_bits.bit(2 * id + 1);
        // The pool skips the bits of a dropped reserve.
        if ((!used && !held.bit(id)) || venue.find(reserve_fact(id, "asset")) == nullptr) continue;
        Result<Reserve> reserve = read_reserve(book.line, venue, account, id, user_bits, *mode);
        if (!reserve) return fail(reserve.error());
        const Result<bool> priced = price_reserve(venue, assets, chain, used, *mode, book, *reserve);
        if (!priced) return fail(priced.error());
        if (*priced) book.reserves.push_back(std::move(*reserve));
    }
    return book;
}

void accrue_indices(Book& book) {
    for (Reserve& reserve : book.reserves) {
        if (const Result<U256> income = income_at(book, reserve, 0)) reserve.income_now = *income;
        if (const Result<U256> debt = debt_index_at(book, reserve, 0)) reserve.debt_index_now = *debt;
    }
}

Result<U256> income_at(const Book& book, const Reserve& reserve, std::int64_t offset_s) {
    if (offset_s == 0 && reserve.income_now) return *reserve.income_now;
    const auto seconds = elapsed(book, offset_s, reserve.updated);
    if (!seconds) return fail(overflow(reserve, "the time since the last update"));
    if (*seconds == 0) return reserve.liquidity_index;
    const Maybe index = ray_mul(linear_interest(reserve.liquidity_rate, *seconds), reserve.liquidity_index);
    if (!index) return fail(overflow(reserve, "the liquidity index"));
    return *index;
}

Result<U256> debt_index_at(const Book& book, const Reserve& reserve, std::int64_t offset_s) {
    if (offset_s == 0 && reserve.debt_index_now) return *reserve.debt_index_now;
    const auto seconds = elapsed(book, offset_s, reserve.updated);
    if (!seconds) return fail(overflow(reserve, "the time since the last update"));
    if (*seconds == 0) return reserve.variable_borrow_index;
    const Maybe index = ray_mul(compounded_interest(book.line, reserve.variable_borrow_rate, *seconds), reserve.variable_borrow_index);
    if (!index) return fail(overflow(reserve, "the variable borrow index"));
    return *index;
}

Result<std::vector<Balance>> balances_at(const Book& book, std::int64_t offset_s) {
    std::vector<Balance> balances(book.reserves.size());
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        if (!reserve.scaled_supply.is_zero()) {
            const Result<U256> index = income_at(book, reserve, offset_s);
            if (!index) return fail(index.error());
            const Maybe supply = supply_balance(book.line, reserve.scaled_supply, *index);
            if (!supply) return fail(overflow(reserve, "the supply"));
            balances[i].supply = *supply;
        }
        if (!reserve.scaled_variable_debt.is_zero()) {
            const Result<U256> index = debt_index_at(book, reserve, offset_s);
            if (!index) return fail(index.error());
            const Maybe debt = debt_balance(book.line, reserve.scaled_variable_debt, *index);
            if (!debt) return fail(overflow(reserve, "the variable debt"));
            balances[i].variable_debt = *debt;
        }
        if (!reserve.stable_principal.is_zero()) {
            const auto seconds = elapsed(book, offset_s, reserve.stable_updated);
            const Maybe debt = seconds ? ray_mul(reserve.stable_principal, compounded_interest(reserve.stable_rate, *seconds))
                                       : std::nullopt;
            if (!debt) return fail(overflow(reserve, "the stable debt"));
            balances[i].stable_debt = *debt;
        }
    }
    return balances;
}

Result<U256> debt_of(const Balance& balance, const Reserve& reserve) {
    const Maybe debt = add(balance.variable_debt, balance.stable_debt);
    if (!debt) return fail(overflow(reserve, "the debt"));
    return *debt;
}

}  // namespace margind::adapters::protocols::aave_v3
