// From the file to a book, each value checked where it stands.
#include "adapters/protocols/derive/raw_account.hpp"

#include "adapters/protocols/derive/feeds.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/parameters.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::JsonReader;
using model::Result;

/// Bits of the contracts' narrowest type for a balance or a price; everything computed from such values fits 256.
constexpr unsigned largest_bits = 96;
constexpr std::int64_t last_time = 0xffff'ffffLL;
constexpr std::size_t most_rows = 256;

enum class Range : std::uint8_t { any, not_negative, positive, share };

I256 number(const JsonReader& in, Range range) {
    const std::string* text = in.text();
    if (text == nullptr) return {};
    const std::optional<I256> value = model::parse_decimal(*text, 18);
    if (!value) {
        in.expected("a decimal number with at most 18 places, as text");
        return {};
    }
    if (value->magnitude().bit_width() > largest_bits) in.expected("a number below 7.9e10");
    else if (range == Range::share && (value->is_negative() || *value > I256(wad))) in.expected("a share from \"0\" to \"1\"");
    else if (range != Range::any && value->is_negative()) in.expected("a number that is not negative");
    else if (range == Range::positive && value->is_zero()) in.expected("a number above 0");
    return *value;
}

I256 number(const JsonReader& in, std::string_view key, Range range) { return number(JsonReader(in, key), range); }
I256 number_or(const JsonReader& in, std::string_view key, Range range, const I256& otherwise) {
    return in.has(key) ? number(in, key, range) : otherwise;
}

bool rows_fit(const JsonReader& in) {
    if (!in.is_array_or_refuse()) return false;
    if (in.size() > most_rows) in.refuse(ErrorCode::limit, "has " + std::to_string(in.size()) + " rows, more than " + std::to_string(most_rows));
    return !in.failed();
}

std::string name_of(const JsonReader& in) {
    const JsonReader member(in, "name");
    const std::string* text = member.text();
    return text == nullptr ? std::string() : *text;
}

Feed feed(const JsonReader& in, std::string_view key) {
    const JsonReader member(in, key);
    static constexpr std::array<std::string_view, 2> known{"price", "confidence"};
    member.only_keys(known);
    return {number(member, "price", Range::positive), number(member, "confidence", Range::share)};
}

SviCurve curve(const JsonReader& in) {
    static constexpr std::array<std::string_view, 7> known{"a", "b", "rho", "m", "sigma", "forward", "tau"};
    in.only_keys(known);
    return {number(in, "a", Range::any),
            number(in, "b", Range::not_negative),
            number(in, "rho", Range::any),
            number(in, "m", Range::any),
            number(in, "sigma", Range::not_negative),
            number(in, "forward", Range::positive),
            number(in, "tau", Range::positive)};
}

void add_option(Expiry& expiry, const Option& option) {
    const auto same = std::find_if(expiry.options.begin(), expiry.options.end(),
                                   [&](const Option& held) { return held.strike == option.strike && held.is_call == option.is_call; });
    Checked m;
    if (same == expiry.options.end()) expiry.options.push_back(option);
    else same->amount = m.add(same->amount, option.amount);
}

Option option_of(const JsonReader& in, const std::optional<SviCurve>& svi) {
    static constexpr std::array<std::string_view, 4> known{"kind", "strike", "amount", "volatility"};
    in.only_keys(known);
    Option option;
    const JsonReader kind(in, "kind");
    const std::string* text = kind.text();
    if (text != nullptr && *text != "call" && *text != "put") kind.expected("\"call\" or \"put\"");
    option.is_call = text != nullptr && *text == "call";
    option.strike = number(in, "strike", Range::positive);
    option.amount = number(in, "amount", Range::any);
    if (!svi || in.has("volatility")) {
        option.volatility = number(in, "volatility", Range::not_negative);
    } else if (!in.failed()) {
        const std::optional<I256> vol = svi_volatility(*svi, option.strike);
        if (!vol) in.refuse(ErrorCode::out_of_range, "the expiry's svi has no volatility at strike " + model::decimal_text(option.strike, 18));
        option.volatility = vol.value_or(I256());
    }
    return option;
}

Expiry expiry_of(const JsonReader& in, bool with_rate) {
    static constexpr std::array<std::string_view, 9> known{"time", "forward", "forward_confidence", "forward_fixed", "volatility_confidence",
                                                           "rate", "rate_confidence", "svi", "options"};
    in.only_keys(known);
    Expiry expiry;
    expiry.time = static_cast<std::uint64_t>(JsonReader(in, "time").integer(1, last_time).value_or(1));
    const I256 forward = number(in, "forward", Range::positive);
    expiry.forward_fixed = number_or(in, "forward_fixed", Range::not_negative, {});
    Checked m;
    expiry.forward_variable = m.sub(forward, expiry.forward_fixed);
    if (expiry.forward_variable.is_negative()) JsonReader(in, "forward_fixed").expected("at most the forward");
    expiry.forward_confidence = number(in, "forward_confidence", Range::share);
    expiry.volatility_confidence = number(in, "volatility_confidence", Range::share);
    if (with_rate) {
        expiry.rate = number(in, "rate", Range::any);
        expiry.rate_confidence = number(in, "rate_confidence", Range::share);
    } else if (in.has("rate") || in.has("rate_confidence")) {
        in.refuse(ErrorCode::bad_input, "the standard manager knows no rate");
    }
    std::optional<SviCurve> svi;
    if (in.has("svi")) svi = curve(JsonReader(in, "svi"));
    const JsonReader options(in, "options");
    if (!rows_fit(options)) return expiry;
    for (std::size_t i = 0; i < options.size() && !in.failed(); ++i) add_option(expiry, option_of(JsonReader(options, i), svi));
    std::erase_if(expiry.options, [](const Option& option) { return option.amount.is_zero(); });
    return expiry;
}

std::optional<Perp> perp_of(const JsonReader& in) {
    static constexpr std::array<std::string_view, 4> known{"size", "price", "confidence", "unsettled"};
    in.only_keys(known);
    Perp perp;
    perp.size = number(in, "size", Range::any);
    perp.price = {number(in, "price", Range::positive), number(in, "confidence", Range::share)};
    perp.unsettled = number(in, "unsettled", Range::any);
    if (perp.size.is_zero()) return std::nullopt;
    return perp;
}

Market market_of(const JsonReader& in, ManagerKind manager) {
    static constexpr std::array<std::string_view, 6> known{"name", "spot", "perp", "base", "expiries", "parameters"};
    in.only_keys(known);
    Market market;
    market.label = name_of(in);
    market.underlying = {market.label};
    market.spot = feed(in, "spot");
    if (in.has("perp")) market.perp = perp_of(JsonReader(in, "perp"));
    market.base = number_or(in, "base", Range::not_negative, {});
    if (manager == ManagerKind::pmrm_2 && !market.base.is_zero())
        JsonReader(in, "base").refuse(ErrorCode::bad_input, "pmrm_2 takes tokens as collaterals");
    if (manager == ManagerKind::standard) {
        const JsonReader parameters(in, "parameters");
        std::vector<std::string_view> names;
        for (const StandardField& field : standard_fields()) {
            names.emplace_back(field.name);
            market.standard.*field.member = number(parameters, field.name, Range::not_negative);
        }
        parameters.only_keys(names);
    } else if (in.has("parameters")) {
        in.refuse(ErrorCode::bad_input, "a portfolio manager's parameters stand beside the markets");
    }
    if (!in.has("expiries")) return market;
    const JsonReader expiries(in, "expiries");
    if (!rows_fit(expiries)) return market;
    for (std::size_t i = 0; i < expiries.size() && !in.failed(); ++i) {
        const JsonReader row(expiries, i);
        Expiry expiry = expiry_of(row, manager != ManagerKind::standard);
        if (std::any_of(market.expiries.begin(), market.expiries.end(), [&](const Expiry& other) { return other.time == expiry.time; }))
            JsonReader(row, "time").refuse(ErrorCode::bad_input, "the expiry " + std::to_string(expiry.time) + " is given twice");
        if (!expiry.options.empty()) market.expiries.push_back(std::move(expiry));
    }
    return market;
}

Collateral collateral_of(const JsonReader& in) {
    static constexpr std::array<std::string_view, 7> known{"name", "amount", "price", "confidence", "risk_cancelling", "maintenance_haircut",
                                                           "initial_haircut"};
    in.only_keys(known);
    Collateral held;
    held.label = name_of(in);
    held.underlying = {held.label};
    held.amount = number(in, "amount", Range::not_negative);
    held.price = {number(in, "price", Range::positive), number(in, "confidence", Range::share)};
    JsonReader(in, "risk_cancelling").read(held.risk_cancelling);
    held.maintenance_haircut = number(in, "maintenance_haircut", Range::share);
    held.initial_haircut = number(in, "initial_haircut", Range::share);
    return held;
}

VolShock shock_of(const JsonReader& in, ManagerKind manager) {
    const std::string* text = in.text();
    if (text == nullptr) return VolShock::none;
    std::vector<VolShock> known{VolShock::none, VolShock::up, VolShock::down};
    if (manager == ManagerKind::pmrm_2) known.insert(known.end(), {VolShock::linear, VolShock::absolute});
    std::string names;
    for (const VolShock shock : known) {
        if (*text == to_string(shock)) return shock;
        names += (names.empty() ? "" : ", ") + std::string(to_string(shock));
    }
    in.expected("one of " + names);
    return VolShock::none;
}

void read_portfolio(const JsonReader& in, Book& book) {
    std::vector<std::string_view> names{"dte_floor_s"};
    for (const PortfolioField& field : portfolio_fields()) {
        if (!field.in(book.manager)) continue;
        names.emplace_back(field.name);
        book.portfolio.*field.member = number(in, field.name, Range::any);
    }
    book.portfolio.dte_floor_s = static_cast<std::uint64_t>(JsonReader(in, "dte_floor_s").integer(1, last_time).value_or(1));
    in.only_keys(names);
}

void read_scenarios(const JsonReader& in, Book& book) {
    if (!rows_fit(in)) return;
    if (in.size() == 0) in.refuse(ErrorCode::bad_input, "a portfolio manager has at least one scenario");
    static constexpr std::array<std::string_view, 3> known{"spot", "vol", "dampening"};
    for (std::size_t i = 0; i < in.size() && !in.failed(); ++i) {
        const JsonReader row(in, i);
        row.only_keys(known);
        Scenario& scenario = book.scenarios.emplace_back();
        scenario.spot = number(row, "spot", Range::not_negative);
        scenario.vol = shock_of(JsonReader(row, "vol"), book.manager);
        if (book.manager == ManagerKind::pmrm_2) scenario.dampening = number_or(row, "dampening", Range::not_negative, wad);
        else if (row.has("dampening")) row.refuse(ErrorCode::bad_input, "pmrm knows no dampening");
    }
}

void read_book(const JsonReader& in, Book& book) {
    static constexpr std::array<std::string_view, 12> known{"format", "manager", "time", "cash", "interest", "stable", "depeg",
                                                            "markets", "collaterals", "parameters", "scenarios", "comment"};
    in.only_keys(known);
    const JsonReader format(in, "format");
    if (const std::string* text = format.text(); text != nullptr && *text != raw_format) format.expected(std::string("\"") + raw_format + "\"");
    const JsonReader manager(in, "manager");
    if (const std::string* text = manager.text()) {
        const std::optional<ManagerKind> kind = manager_kind(*text);
        if (!kind) return manager.expected("one of standard, pmrm, pmrm_2");
        book.manager = *kind;
    }
    book.time = JsonReader(in, "time").integer(1, last_time).value_or(1);
    book.numeraire = {"USDC"};
    book.cash = number(in, "cash", Range::any);
    book.interest = number_or(in, "interest", Range::any, {});
    book.stable = feed(in, "stable");
    const bool standard = book.manager == ManagerKind::standard;
    const JsonReader markets(in, "markets");
    if (!rows_fit(markets)) return;
    if (!standard && markets.size() != 1)
        markets.refuse(ErrorCode::bad_input, "a portfolio manager has one market, not " + std::to_string(markets.size()));
    for (std::size_t i = 0; i < markets.size() && !in.failed(); ++i) book.markets.push_back(market_of(JsonReader(markets, i), book.manager));
    if (standard) {
        const JsonReader depeg(in, "depeg");
        static constexpr std::array<std::string_view, 2> depeg_keys{"threshold", "factor"};
        depeg.only_keys(depeg_keys);
        book.depeg_threshold = number(depeg, "threshold", Range::not_negative);
        book.depeg_factor = number(depeg, "factor", Range::not_negative);
        for (const char* key : {"parameters", "scenarios", "collaterals"})
            if (in.has(key)) JsonReader(in, key).refuse(ErrorCode::bad_input, "belongs to a portfolio manager");
        return;
    }
    if (in.has("depeg")) JsonReader(in, "depeg").refuse(ErrorCode::bad_input, "belongs to the standard manager");
    read_portfolio(JsonReader(in, "parameters"), book);
    read_scenarios(JsonReader(in, "scenarios"), book);
    if (!in.has("collaterals")) return;
    const JsonReader collaterals(in, "collaterals");
    if (book.manager != ManagerKind::pmrm_2) return collaterals.refuse(ErrorCode::bad_input, "pmrm holds one token, as base of its market");
    if (!rows_fit(collaterals)) return;
    for (std::size_t i = 0; i < collaterals.size() && !in.failed(); ++i) book.collaterals.push_back(collateral_of(JsonReader(collaterals, i)));
}

}  // namespace

Result<Book> parse_raw_account(std::string_view text) {
    const Result<nlohmann::json> document = model::parse_json(text, {.bytes = std::size_t{4} << 20, .depth = 8, .values = 65'536});
    if (!document) return model::fail(document.error());
    const JsonReader in(*document);
    Book book;
    read_book(in, book);
    if (in.error()) return model::fail(*in.error());
    return book;
}

}  // namespace margind::adapters::protocols::derive
