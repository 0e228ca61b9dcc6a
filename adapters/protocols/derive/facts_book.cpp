// Every fact is checked once, here.
#include "adapters/protocols/derive/facts_book.hpp"

#include "adapters/protocols/derive/feeds.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/option_id.hpp"
#include "adapters/protocols/derive/parameters.hpp"
#include "adapters/protocols/derive/schema.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::Address;
using model::ErrorCode;
using model::Result;
using model::U256;

/// Balances and prices that the contracts could hold; from those nothing computed leaves 256 bits.
constexpr unsigned largest_bits = 128;

class Decoder {
public:
    Decoder(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets)
        : venue_(venue), account_(account), assets_(assets) {}

    Result<HeldBook> run() {
        read();
        if (!error_ && !venue_.ok()) error_ = venue_.error();
        if (!error_ && !account_.ok()) error_ = account_.error();
        if (error_) return model::fail(*error_);
        return std::move(out_);
    }

private:
    void read() {
        Book& book = out_.book;
        chain_ = {venue_.u256("chain_id").to_u64().value_or(0)};
        book.time = static_cast<std::int64_t>(venue_.count("time", std::uint64_t{1} << 40));
        book.manager = static_cast<ManagerKind>(account_.count("kind", 2));
        book.cash_asset = venue_.address("cash_asset");
        const model::AssetMapping* cash = mapped(book.cash_asset);
        if (cash == nullptr) return;
        book.numeraire = cash->underlying;
        book.cash = number(account_, "cash");
        book.interest = number(account_, "interest");
        book.auction_live = account_.boolean("auction_live");
        book.auction = {number(venue_, "auction_fast_cutoff"), number(venue_, "auction_liquidator_fee"), number(venue_, "auction_buffer_margin")};
        book.depeg_threshold = number(venue_, "depeg_threshold");
        book.depeg_factor = number(venue_, "depeg_factor");
        if (const std::string stale = account_.text("stale"); !stale.empty()) note(stale);
        const std::uint64_t rows = account_.count("markets", most_markets);
        for (std::size_t i = 0; i < rows && !error_; ++i) read_market(i);
        if (error_) return;
        if (book.manager != ManagerKind::standard && rows != 1)
            return refuse(ErrorCode::decode, "a portfolio manager's account has " + std::to_string(rows) + " markets");
        if (book.manager == ManagerKind::standard) book.stable = spot_of("stable_", "the stable token");
        else read_portfolio();
    }

    void read_market(std::size_t i) {
        Book& book = out_.book;
        const bool standard = book.manager == ManagerKind::standard;
        const std::string held = item(markets, i, "");
        const char* list = standard ? markets : managers;
        row_ = account_.count(held + (standard ? "market" : "manager"), most_markets);
        prefix_ = item(list, row_, "");
        Market market;
        market.spot = spot_of(prefix_ + "spot_", "spot");
        if (account_.has(held + "base")) {
            market.base = number(account_, held + "base");
            market.base_asset = venue_.address(prefix_ + "base");
            use(market, market.base_asset);
        }
        if (account_.has(held + "perp_size")) read_perp(market, held);
        const std::string expiries = list_of(markets, i, "expiry");
        const std::uint64_t count = account_.count(expiries + 's', most_balances);
        for (std::size_t e = 0; e < count && !error_; ++e) read_expiry(market, item(expiries, e, ""));
        if (count != 0) use(market, venue_.address(prefix_ + "option"));
        if (standard)
            for (const StandardField& field : standard_fields()) market.standard.*field.member = number(venue_, prefix_ + field.name);
        // An account of a portfolio manager may hold tokens or cash alone: the currency is then known by its option.
        if (market.underlying.symbol.empty()) use(market, venue_.address(prefix_ + "option"));
        book.markets.push_back(std::move(market));
    }

    void read_perp(Market& market, const std::string& held) {
        Perp perp;
        perp.asset = account_.address(held + "perp_asset");
        perp.size = number(account_, held + "perp_size");
        perp.difference = number(venue_, prefix_ + "difference");
        perp.difference_cap = number(venue_, prefix_ + "difference_cap");
        perp.funding_rate = number(venue_, prefix_ + "funding_rate");
        use(market, perp.asset);
        if (venue_.has(prefix_ + "perp_reason")) return refuse(ErrorCode::missing, "no perp price: " + venue_.text(prefix_ + "perp_reason"));
        const std::optional<I256> computed = perp_price(market.spot.price, perp.difference, perp.difference_cap);
        if (venue_.boolean(prefix_ + "perp_stale")) {
            note("perp of " + market.label);
            if (!computed) return refuse(ErrorCode::out_of_range, "the perp price does not fit");
            perp.price = {*computed, std::min(number(venue_, prefix_ + "perp_confidence"), market.spot.confidence)};
        } else {
            perp.price = {number(venue_, prefix_ + "perp_price"), number(venue_, prefix_ + "perp_confidence")};
        }
        // A feed that computes otherwise: its distance to spot stays as it is.
        if (computed != std::optional<I256>(perp.price.price)) perp.difference = perp.difference_cap = {};
        Checked m;
        if (!account_.has(held + "perp_unsettled") || account_.has(held + "perp_last_mark")) perp.last_mark = number(account_, held + "perp_last_mark");
        if (account_.has(held + "perp_unsettled")) {
            perp.unsettled = number(account_, held + "perp_unsettled");
        } else {
            const I256 gain = m.mul(m.sub(perp.price.price, *perp.last_mark), perp.size);
            perp.unsettled = m.add(gain, number(account_, held + "perp_stored"));
        }
        if (!m.ok()) return refuse(ErrorCode::out_of_range, "the perp's result does not fit");
        market.perp = perp;
    }

    void read_expiry(Market& market, const std::string& prefix) {
        Expiry expiry;
        expiry.time = account_.count(prefix + "time", 0xffff'ffffULL);
        expiry.forward_confidence = number(account_, prefix + "forward_confidence");
        expiry.volatility_confidence = number(account_, prefix + "volatility_confidence");
        if (account_.has(prefix + "forward_fixed")) {
            expiry.forward_fixed = number(account_, prefix + "forward_fixed");
            expiry.forward_variable = number(account_, prefix + "forward_variable");
        } else {
            const ForwardMessage message{
                number(account_, prefix + "forward_difference"), account_.count(prefix + "forward_timestamp", 0xffff'ffffULL),
                number(account_, prefix + "forward_start_aggregate"), number(account_, prefix + "forward_current_aggregate")};
            const std::optional<ForwardPortions> portions = forward_portions(message, expiry.time, market.spot.price);
            if (!portions) return refuse(ErrorCode::decode, "the stored forward of expiry " + std::to_string(expiry.time) + " gives no price");
            expiry.forward_fixed = portions->fixed;
            expiry.forward_variable = portions->variable;
            expiry.forward_confidence = std::min(expiry.forward_confidence, market.spot.confidence);
        }
        if (account_.has(prefix + "settlement")) expiry.settlement = number(account_, prefix + "settlement");
        if (out_.book.manager != ManagerKind::standard) {
            expiry.rate = number(account_, prefix + "rate");
            expiry.rate_confidence = number(account_, prefix + "rate_confidence");
        }
        const std::uint64_t count = account_.count(prefix + "options", most_balances);
        for (std::size_t k = 0; k < count; ++k) {
            const std::string at = item(prefix + "option", k, "");
            const std::optional<OptionId> terms = decode_option_id(account_.u256(at + "sub_id"));
            if (!terms || terms->expiry != expiry.time) return refuse(ErrorCode::decode, "fact " + at + "sub_id is of no option of this expiry");
            expiry.options.push_back({terms->strike, terms->is_call, number(account_, at + "amount"), number(account_, at + "volatility")});
        }
        market.expiries.push_back(std::move(expiry));
    }

    void read_portfolio() {
        Book& book = out_.book;
        book.stable = spot_of(prefix_ + "stable_", "the stable token");
        for (const PortfolioField& field : portfolio_fields())
            if (field.in(book.manager)) book.portfolio.*field.member = number(venue_, prefix_ + field.name);
        book.portfolio.dte_floor_s = number(venue_, prefix_ + "dte_floor_s").magnitude().to_u64().value_or(1);
        const std::string scenarios = list_of(managers, row_, "scenario");
        const std::uint64_t count = venue_.count(scenarios + 's', most_scenarios);
        for (std::size_t k = 0; k < count; ++k)
            book.scenarios.push_back({number(venue_, item(scenarios, k, "spot")), static_cast<VolShock>(venue_.count(item(scenarios, k, "vol"), 4)),
                                      number(venue_, item(scenarios, k, "dampening"))});
        const std::uint64_t held = account_.count("tokens", most_balances);
        for (std::size_t j = 0; j < held && !error_; ++j) read_token(j);
    }

    void read_token(std::size_t j) {
        const std::uint64_t row = account_.count(item(tokens, j, "collateral"), most_markets);
        const std::string prefix = item(list_of(managers, row_, "collateral"), row, "");
        Collateral held;
        held.asset = venue_.address(prefix + "asset");
        const model::AssetMapping* mapping = mapped(held.asset);
        if (mapping == nullptr) return;
        held.label = mapping->label;
        held.underlying = mapping->underlying;
        held.amount = number(account_, item(tokens, j, "amount"));
        if (!venue_.boolean(prefix + "enabled"))
            return refuse(ErrorCode::missing, held.label + " is not enabled as collateral: the manager's margin reverts");
        held.price = spot_of(prefix, held.label.c_str());
        held.risk_cancelling = venue_.boolean(prefix + "risk_cancelling");
        held.maintenance_haircut = number(venue_, prefix + "maintenance_haircut");
        held.initial_haircut = number(venue_, prefix + "initial_haircut");
        out_.book.collaterals.push_back(std::move(held));
    }

    I256 number(FactReader& facts, const std::string& name) {
        const I256 value = facts.i256(name);
        if (value.magnitude().bit_width() > largest_bits) refuse(ErrorCode::out_of_range, "fact " + name + " is " + value.to_decimal());
        return value;
    }

    Feed spot_of(const std::string& prefix, const char* what) {
        if (venue_.has(prefix + "reason")) {
            refuse(ErrorCode::missing, std::string("no price of ") + what + ": " + venue_.text(prefix + "reason"));
            return {};
        }
        if (venue_.boolean(prefix + "stale")) note(what);
        const Feed feed{number(venue_, prefix + "price"), number(venue_, prefix + "confidence")};
        if (feed.price.is_zero() || feed.price.is_negative())
            refuse(ErrorCode::missing, std::string("the price of ") + what + " is " + feed.price.to_decimal());
        return feed;
    }

    const model::AssetMapping* mapped(const Address& token) {
        const model::AssetMapping* mapping = assets_.find(chain_, token);
        if (mapping == nullptr)
            refuse(ErrorCode::missing,
                   "unmapped_asset " + token.to_string() + " on chain " + std::to_string(chain_.value) + ": add it to the assets");
        return mapping;
    }

    /// The underlying of a market is that of each asset of it that is held.
    void use(Market& market, const Address& asset) {
        const model::AssetMapping* mapping = mapped(asset);
        if (mapping == nullptr) return;
        if (!market.underlying.symbol.empty() && market.underlying != mapping->underlying)
            return refuse(ErrorCode::bad_input, "the assets map one market to " + market.underlying.symbol + " and to " + mapping->underlying.symbol);
        market.underlying = mapping->underlying;
        if (market.label.empty()) market.label = mapping->underlying.symbol;
    }

    void note(const std::string& what) { out_.stale += (out_.stale.empty() ? "" : ", ") + what; }
    void refuse(ErrorCode code, std::string message) {
        if (!error_) error_ = model::Error{code, std::move(message)};
    }

    FactReader venue_;
    FactReader account_;
    const model::AssetMap& assets_;
    model::ChainId chain_;
    std::size_t row_ = 0;
    std::string prefix_;
    HeldBook out_;
    std::optional<model::Error> error_;
};

}  // namespace

Result<HeldBook> book_of(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets) {
    return Decoder(venue, account, assets).run();
}

}  // namespace margind::adapters::protocols::derive
