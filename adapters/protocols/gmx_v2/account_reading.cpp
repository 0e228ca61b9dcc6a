// Reads the positions of an owner, the prices and parameters of their markets, and what closing them costs at those prices.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/keys.hpp"
#include "adapters/protocols/gmx_v2/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>
#include <map>

namespace margind::adapters::protocols::gmx_v2 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function fn_decimals("decimals()");

struct Token {
    std::optional<Price> price;
    std::string refusal;
    std::optional<std::uint64_t> decimals;
};

struct HeldMarket {
    Market market;
    U256 factor_for_liquidation;
    U256 factor;
    U256 impact_factor;
    U256 liquidation_fee;
    U256 multiplier;
    Address feed;
    std::optional<MarketRates> rates;
    std::string refusal;
    /// Its prices are known, so that its positions were asked about.
    bool asked = false;
};

/// Of one market and side.
struct Side {
    U256 multiplier;
    U256 max_pnl_factor;
    U256 open_interest;
    U256 open_interest_in_tokens;
    U256 pool_amount;
};

/// 60 - decimals of the feed - decimals of the token, as the exponent of a price feed's multiplier.
std::optional<std::uint64_t> decimals_by_feed(const U256& multiplier, std::uint64_t feed_decimals) {
    for (unsigned exponent = 0; exponent <= 60; ++exponent)
        if (U256::pow10(exponent) == multiplier && exponent + feed_decimals <= 60) return 60 - exponent - feed_decimals;
    return std::nullopt;
}

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        replies_ = replies;
        at_ = 0;
        switch (number) {
            case 0: return ask_positions();
            case 1: return take_positions();
            case 2: return take_parameters();
            case 3: return take_infos();
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        std::sort(accounts_.begin(), accounts_.end(), [](const AccountReading& a, const AccountReading& b) { return a.sub < b.sub; });
        return std::move(accounts_);
    }

private:
    Result<std::vector<Request>> ask_positions() {
        if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + venue_schema);
        FactReader in(*venue_);
        contracts_ = {in.address("reader"), in.address("data_store"), in.address("referral_storage"), in.address("price_provider")};
        if (!in.ok()) return fail(in.error());
        return std::vector<Request>{get_account_positions(contracts_, owner_, max_positions)};
    }

    Result<std::vector<Request>> take_positions() {
        const Result<model::Bytes> bytes = reply_bytes(replies_.front());
        if (!bytes) return fail(bytes.error());
        Result<std::vector<PositionProps>> positions = decode_positions(*bytes);
        if (!positions) return fail(positions.error());
        positions_ = std::move(*positions);
        if (positions_.empty()) return std::vector<Request>{};
        if (positions_.size() == max_positions) return fail(ErrorCode::limit, "the owner has " + std::to_string(max_positions) + " positions or more");
        const Result<void> found = find_markets();
        if (!found) return fail(found.error());
        std::vector<Request> requests;
        for (const auto& [token, known] : tokens_) {
            requests.push_back(get_oracle_price(contracts_, token));
            requests.push_back(call_of(token, fn_decimals));
        }
        for (const auto& [address, held] : markets_) {
            for (const char* name : {"MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", "MIN_COLLATERAL_FACTOR", "MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS", "LIQUIDATION_FEE_FACTOR"})
                requests.push_back(get_uint(contracts_, key_of(name, address)));
            requests.push_back(get_uint(contracts_, key_of("PRICE_FEED_MULTIPLIER", held.market.index_token)));
            requests.push_back(get_address(contracts_, key_of("PRICE_FEED", held.market.index_token)));
        }
        for (const auto& [key, side] : sides_) {
            const auto& [address, is_long] = key;
            const Market& market = markets_.at(address).market;
            requests.push_back(get_uint(contracts_, key_of("MIN_COLLATERAL_FACTOR_FOR_OPEN_INTEREST_MULTIPLIER", address, is_long)));
            requests.push_back(get_uint(contracts_, max_pnl_factor_key("MAX_PNL_FACTOR_FOR_TRADERS", address, is_long)));
            for (const char* name : {"OPEN_INTEREST", "OPEN_INTEREST_IN_TOKENS"})
                for (const Address* token : {&market.long_token, &market.short_token}) requests.push_back(get_uint(contracts_, key_of(name, address, *token, is_long)));
            requests.push_back(get_uint(contracts_, key_of("POOL_AMOUNT", address, is_long ? market.long_token : market.short_token)));
        }
        return requests;
    }

    Result<void> find_markets() {
        FactReader in(*venue_);
        const std::uint64_t count = in.count("markets", 5000);
        std::map<Address, Market> known;
        for (std::size_t i = 0; i < count && in.ok(); ++i) {
            const Market market{in.address(item("market", i, "token")), in.address(item("market", i, "index_token")), in.address(item("market", i, "long_token")),
                                in.address(item("market", i, "short_token"))};
            known.emplace(market.token, market);
        }
        const std::uint64_t told = in.count("tokens", 5000);
        for (std::size_t i = 0; i < told && in.ok(); ++i) configured_[in.address(item("token", i, "address"))] = in.count(item("token", i, "decimals"), 30);
        if (!in.ok()) return fail(in.error());
        for (const PositionProps& position : positions_) {
            if (position.account != owner_) return fail(ErrorCode::decode, "getAccountPositions: a position of " + position.account.to_string());
            const auto market = known.find(position.market);
            if (market == known.end()) return fail(ErrorCode::missing, "market " + position.market.to_string() + " is not among those of the configuration");
            if (position.collateral_token != market->second.long_token && position.collateral_token != market->second.short_token)
                return fail(ErrorCode::decode, "a position with the collateral " + position.collateral_token.to_string() + ", which is no token of its market");
            markets_[position.market].market = market->second;
            // Funding needs somebody on the other side.
            for (const bool is_long : {true, false}) sides_[{position.market, is_long}];
            for (const Address* token : {&market->second.index_token, &market->second.long_token, &market->second.short_token}) tokens_[*token];
        }
        return {};
    }

    const Reply& next_reply() { return replies_[at_++]; }
    U256 next_uint(const char* what) {
        const Result<U256> value = decoded(next_reply(), std::string(what), u256_value);
        if (!value && !error_) error_ = value.error();
        return value.value_or(U256());
    }

    Result<std::vector<Request>> take_parameters() {
        if (positions_.empty()) return std::vector<Request>{};
        for (auto& [token, known] : tokens_) {
            const Result<model::Bytes> bytes = reply_bytes(next_reply());
            const Result<Price> price = bytes ? decode_price(*bytes, token) : Result<Price>(fail(bytes.error()));
            if (price) known.price = *price;
            else known.refusal = "the price provider has no price of " + token.to_string() + ": " + price.error().message;
            const auto configured = configured_.find(token);
            const auto decimals = decoded(next_reply(), "decimals", [](evm::AbiReader& reader) { return reader.u64(8); });
            if (configured != configured_.end()) known.decimals = configured->second;
            else if (decimals && *decimals <= 30) known.decimals = *decimals;
        }
        for (auto& [address, held] : markets_) {
            held.factor_for_liquidation = next_uint("MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION");
            held.factor = next_uint("MIN_COLLATERAL_FACTOR");
            held.impact_factor = next_uint("MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS");
            held.liquidation_fee = next_uint("LIQUIDATION_FEE_FACTOR");
            held.multiplier = next_uint("PRICE_FEED_MULTIPLIER");
            const Result<Address> feed = decoded(next_reply(), "PRICE_FEED", address_value);
            if (!feed) return fail(feed.error());
            held.feed = *feed;
        }
        for (auto& [key, side] : sides_) {
            const Market& market = markets_.at(key.first).market;
            // The tokens of a market of one token are the same key, each half of it.
            const U256 halves(market.long_token == market.short_token ? 2 : 1);
            side.multiplier = next_uint("MIN_COLLATERAL_FACTOR_FOR_OPEN_INTEREST_MULTIPLIER");
            side.max_pnl_factor = next_uint("MAX_PNL_FACTOR");
            side.open_interest = sum_of("OPEN_INTEREST", halves);
            side.open_interest_in_tokens = sum_of("OPEN_INTEREST_IN_TOKENS", halves);
            side.pool_amount = checked_div(next_uint("POOL_AMOUNT"), halves).value_or(U256());
        }
        if (error_) return fail(*error_);
        return ask_infos();
    }

    U256 sum_of(const char* what, const U256& halves) {
        const U256 a = checked_div(next_uint(what), halves).value_or(U256());
        const U256 b = checked_div(next_uint(what), halves).value_or(U256());
        const std::optional<U256> sum = checked_add(a, b);
        if (!sum && !error_) error_ = model::Error{ErrorCode::decode, std::string(what) + " does not fit 256 bits", {}};
        return sum.value_or(U256());
    }

    std::vector<Request> ask_infos() {
        for (auto& [address, held] : markets_)
            for (const Address* token : {&held.market.index_token, &held.market.long_token, &held.market.short_token})
                if (!tokens_.at(*token).price && held.refusal.empty()) held.refusal = tokens_.at(*token).refusal;
        std::vector<Request> requests;
        for (const auto& [address, held] : markets_) {
            requests.push_back(call_of(held.feed, fn_decimals));
            if (held.refusal.empty()) requests.push_back(get_market_info(contracts_, prices_of(held), address));
        }
        for (const PositionProps& position : positions_) {
            const HeldMarket& held = markets_.at(position.market);
            if (!held.refusal.empty()) continue;
            const model::Bytes32 key = key_of_position(position);
            requests.push_back(is_position_liquidatable(contracts_, key, held.market, prices_of(held)));
            requests.push_back(get_position_info(contracts_, key, prices_of(held)));
        }
        return requests;
    }

    MarketPrices prices_of(const HeldMarket& held) const {
        return {*tokens_.at(held.market.index_token).price, *tokens_.at(held.market.long_token).price, *tokens_.at(held.market.short_token).price};
    }
    static model::Bytes32 key_of_position(const PositionProps& p) { return position_key(p.account, p.market, p.collateral_token, p.is_long); }

    Result<std::vector<Request>> take_infos() {
        if (positions_.empty()) return std::vector<Request>{};
        for (auto& [address, held] : markets_) {
            const auto feed_decimals = decoded(next_reply(), "decimals", [](evm::AbiReader& reader) { return reader.u64(8); });
            Token& index = tokens_.at(held.market.index_token);
            if (!index.decimals && feed_decimals) index.decimals = decimals_by_feed(held.multiplier, *feed_decimals);
            held.asked = held.refusal.empty();
            if (!held.asked) continue;
            const Result<model::Bytes> bytes = reply_bytes(next_reply());
            const Result<MarketRates> rates = bytes ? decode_market_info(*bytes, address) : Result<MarketRates>(fail(bytes.error()));
            if (rates) held.rates = *rates;
            else held.refusal = "getMarketInfo: " + rates.error().message;
        }
        for (const PositionProps& position : positions_) {
            AccountReading account;
            account.sub = key_of_position(position).to_string();
            const Result<void> taken = take_info(position, markets_.at(position.market), account);
            // One that cannot be read does not hide the others.
            if (!taken) account = AccountReading{account.sub, nullptr, taken.error().message, {}};
            accounts_.push_back(std::move(account));
        }
        return std::vector<Request>{};
    }

    Result<void> take_info(const PositionProps& position, const HeldMarket& held, AccountReading& account) {
        if (!held.asked) return fail(ErrorCode::missing, held.refusal);
        const Result<model::Bytes> test = reply_bytes(next_reply());
        const Result<model::Bytes> bytes = reply_bytes(next_reply());
        if (!held.refusal.empty()) return fail(ErrorCode::missing, held.refusal);
        if (!test) return fail(test.error().code, "isPositionLiquidatable: " + test.error().message);
        if (!bytes) return fail(bytes.error().code, "getPositionInfoList: " + bytes.error().message);
        const Result<bool> liquidatable_by_reader = decode_liquidatable(*test);
        if (!liquidatable_by_reader) return fail(liquidatable_by_reader.error());
        const Result<PositionInfos> infos = decode_position_infos(*bytes);
        if (!infos) return fail(infos.error());
        if (infos->all.size() != 1) return fail(ErrorCode::decode, std::to_string(infos->all.size()) + " PositionInfos of one position");
        const PositionInfo& info = infos->all.front();
        if (info.key != key_of_position(position) || info.position != position) return fail(ErrorCode::decode, "PositionInfo is of another position");
        if (!info.ui_fee_amount.is_zero()) return fail(ErrorCode::decode, "PositionInfo has a fee for a front end that was not named");
        if (info.collateral_price.min != tokens_.at(position.collateral_token).price->min)
            return fail(ErrorCode::decode, "PositionInfo values the collateral at another price than it was given");
        const Result<RawPosition> raw = raw_of(position, info, held);
        if (!raw) return fail(raw.error());
        model::FactsBuilder facts{account_schema};
        add_facts(*raw, facts);
        facts.add("claimable_long_token_amount", info.claimable_long);
        facts.add("claimable_short_token_amount", info.claimable_short);
        facts.add("borrowing_fee_usd", info.borrowing_fee_usd);
        facts.add("position_fee_amount", info.position_fee_amount);
        Result<FactsPtr> built = std::move(facts).build();
        if (!built) return fail(built.error());
        account.facts = std::move(*built);
        account.views = {{view_base_pnl, info.base_pnl_usd, 30}, {view_uncapped_pnl, info.uncapped_base_pnl_usd, 30}, {view_pending_impact, info.pending_impact_usd, 30}};
        // The Reader's test goes by stored fees: a "no" of it says nothing.
        if (*liquidatable_by_reader) account.views.push_back({view_liquidatable, model::I256(1), 0});
        return {};
    }

    Result<RawPosition> raw_of(const PositionProps& position, const PositionInfo& info, const HeldMarket& held) const {
        const std::optional<std::uint64_t> index_decimals = tokens_.at(held.market.index_token).decimals;
        const std::optional<std::uint64_t> collateral_decimals = tokens_.at(position.collateral_token).decimals;
        if (!index_decimals)
            return fail(ErrorCode::missing,
                        "the decimals of the index token " + held.market.index_token.to_string() + " are not known: add it to the venue's token_decimals");
        if (!collateral_decimals) return fail(ErrorCode::missing, "the decimals of the collateral " + position.collateral_token.to_string() + " are not known");
        const Result<U256> least = venue_->u256("min_collateral_usd");
        if (!least) return fail(least.error());
        const Side& side = sides_.at({position.market, position.is_long});
        RawPosition raw;
        raw.market = position.market;
        raw.index_token = held.market.index_token;
        raw.long_token = held.market.long_token;
        raw.short_token = held.market.short_token;
        raw.collateral_token = position.collateral_token;
        raw.is_long = position.is_long;
        raw.index_decimals = *index_decimals;
        raw.collateral_decimals = *collateral_decimals;
        raw.size_usd = position.size_usd;
        raw.size_tokens = position.size_tokens;
        raw.collateral_amount = position.collateral_amount;
        raw.pending_impact_amount = position.pending_impact_amount;
        raw.index_min = tokens_.at(held.market.index_token).price->min;
        raw.index_max = tokens_.at(held.market.index_token).price->max;
        raw.pnl_token_min = tokens_.at(position.is_long ? held.market.long_token : held.market.short_token).price->min;
        raw.collateral_min = info.collateral_price.min;
        raw.funding_fee_amount = info.funding_fee_amount;
        raw.cost_without_funding = info.cost_without_funding;
        raw.price_impact_usd = info.price_impact_usd;
        raw.min_collateral_usd = *least;
        raw.min_collateral_factor = held.factor;
        raw.min_collateral_factor_for_liquidation = held.factor_for_liquidation;
        raw.open_interest_multiplier = side.multiplier;
        raw.max_impact_factor_for_liquidations = held.impact_factor;
        raw.liquidation_fee_factor = held.liquidation_fee;
        raw.max_pnl_factor = side.max_pnl_factor;
        raw.open_interest = side.open_interest;
        raw.open_interest_in_tokens = side.open_interest_in_tokens;
        raw.pool_amount = side.pool_amount;
        raw.borrowing_per_second = position.is_long ? held.rates->borrowing_long : held.rates->borrowing_short;
        // Nothing accrues while nobody is on a side, though the rate that is saved is shown.
        const bool both = !side.open_interest.is_zero() && !sides_.at({position.market, !position.is_long}).open_interest.is_zero();
        const bool pays = both && held.rates->longs_pay_shorts == position.is_long;
        raw.funding_per_second = pays ? held.rates->funding : U256();
        raw.market_disabled = held.rates->disabled;
        const Result<void> sound = check(raw);
        if (!sound) return fail(ErrorCode::decode, sound.error().message);
        return raw;
    }

    FactsPtr venue_;
    Address owner_;
    Contracts contracts_;
    std::vector<PositionProps> positions_;
    std::map<Address, std::uint64_t> configured_;
    std::map<Address, Token> tokens_;
    std::map<Address, HeldMarket> markets_;
    std::map<std::pair<Address, bool>, Side> sides_;
    std::span<const Reply> replies_;
    std::size_t at_ = 0;
    std::optional<model::Error> error_;
    AccountReadings accounts_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<OwnerReading>(std::move(venue), owner);
}

}  // namespace margind::adapters::protocols::gmx_v2
