// Reads the trades of an owner, and what their fees and prices of liquidation follow from.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gtrade/book.hpp"
#include "adapters/protocols/gtrade/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>

namespace margind::adapters::protocols::gtrade {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::Result;
using model::U256;

namespace {

struct Held {
    Trade trade;
    /// Of its pair; empty where it has none that can be read.
    std::string name;
    std::string reason;
    std::uint64_t version = 0;
    LiquidationParams params;
    PairPrice price;
    Collateral collateral;
    U256 collateral_price;
};

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        replies_ = replies;
        next_ = 0;
        switch (number) {
            case 0: return ask_trades();
            case 1: return take_trades();
            case 2: return take_names();
            case 3: return take_figures();
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        std::sort(accounts_.begin(), accounts_.end(), [](const AccountReading& a, const AccountReading& b) { return a.sub < b.sub; });
        return std::move(accounts_);
    }

private:
    /// The decoded next reply.
    template <class F>
    auto take(F decode) -> decltype(decode(Bytes())) {
        const Result<model::Bytes> bytes = reply_bytes(replies_[next_++]);
        if (!bytes) return fail(bytes.error());
        return decode(*bytes);
    }

    /// As take(), keeping the first error in `reason`.
    template <class F>
    auto part(F decode, const char* what, std::string& reason) -> std::decay_t<decltype(*decode(Bytes()))> {
        auto value = take(decode);
        if (value) return *std::move(value);
        if (reason.empty()) reason = std::string(what) + ": " + value.error().message;
        return {};
    }
    U256 figure(const char* what, std::string& reason, unsigned bits = 256) {
        return part([&](Bytes bytes) -> Result<U256> { return decode_number(bytes, what, bits); }, what, reason);
    }

    Result<std::vector<Request>> ask_trades() {
        if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + venue_schema);
        FactReader in(*venue_);
        diamond_ = in.address("diamond");
        if (!in.ok()) return fail(in.error());
        return std::vector<Request>{get_trades(diamond_, owner_), get_trade_infos(diamond_, owner_), get_trades_liquidation_params(diamond_, owner_)};
    }

    Result<std::vector<Request>> take_trades() {
        const auto trades = take(decode_trades);
        if (!trades) return fail(trades.error());
        const auto versions = take(decode_versions);
        if (!versions) return fail(versions.error());
        const auto params = take(decode_liquidation_params);
        if (!params) return fail(params.error());
        if (versions->size() != trades->size() || params->size() != trades->size())
            return fail(ErrorCode::decode, std::to_string(trades->size()) + " trades with " + std::to_string(versions->size()) + " infos and " +
                                               std::to_string(params->size()) + " parameters of liquidation");
        FactReader in(*venue_);
        const std::uint64_t collaterals = in.count("collaterals", most_collaterals);
        for (std::size_t i = 0; i < trades->size() && in.ok(); ++i) {
            const Trade& trade = (*trades)[i];
            if (trade.user != owner_) return fail(ErrorCode::decode, "getTrades: a trade of " + trade.user.to_string());
            for (std::size_t other = 0; other < i; ++other)
                if ((*trades)[other].index == trade.index) return fail(ErrorCode::decode, "getTrades: trade " + std::to_string(trade.index) + " twice");
            // Orders that wait are no positions.
            if (trade.type != 0 || !trade.is_open) continue;
            if (trade.collateral == 0 || trade.collateral > collaterals)
                return fail(ErrorCode::decode, "getTrades: collateral " + std::to_string(trade.collateral) + " of " + std::to_string(collaterals));
            Held held;
            held.trade = trade;
            held.version = (*versions)[i];
            held.params = (*params)[i];
            const std::size_t place = trade.collateral - 1;
            held.collateral = {in.address(item("collateral", place, "token")), in.count(item("collateral", place, "decimals"), 18)};
            held.collateral_price = in.u256(item("collateral", place, "price"));
            held_.push_back(std::move(held));
        }
        if (!in.ok()) return fail(in.error());
        std::vector<Request> requests;
        for (const Held& held : held_) requests.push_back(get_pair(diamond_, held.trade.pair));
        return requests;
    }

    Result<std::vector<Request>> take_names() {
        FactReader in(*venue_);
        std::vector<Request> requests;
        for (Held& held : held_) {
            held.name = part(decode_pair_name, "pairs", held.reason);
            held.price = price_in(in, pair_address(held.name), price_decimals);
            if (held.reason.empty() && !priced(held)) held.reason = "no price of " + held.name + " on chain: add its feed to the venue's " + price_feeds_name;
            if (held.reason.empty()) ask_figures(held, requests);
        }
        if (!in.ok()) return fail(in.error());
        // Nothing more to ask: what there is stands without a margin.
        if (requests.empty()) return take_figures();
        return requests;
    }

    static bool priced(const Held& held) { return !held.price.price.is_zero() && held.price.price.bit_width() <= 63; }
    static U256 twice(const Held& held) { return checked_add(held.price.price, held.price.price).value_or(U256()); }

    void ask_figures(const Held& held, std::vector<Request>& requests) const {
        const Trade& trade = held.trade;
        requests.push_back(get_fees_data(diamond_, trade));
        requests.push_back(get_holding_fees(diamond_, trade, held.price.price));
        requests.push_back(get_holding_fees(diamond_, trade, twice(held)));
        requests.push_back(get_liquidation_price(diamond_, trade, held.params, held.price.price));
        requests.push_back(get_pair_spread(diamond_, trade));
        requests.push_back(get_position_size_fee(diamond_, trade.pair));
        requests.push_back(get_min_position_size(diamond_, trade.pair));
        requests.push_back(get_max_leverage(diamond_, trade.pair));
        requests.push_back(get_borrowing_rate(diamond_, trade));
        requests.push_back(get_funding_rate(diamond_, trade));
        if (trade.is_counter_trade) requests.push_back(get_counter_trade_multiplier(diamond_, trade.pair));
    }

    Result<std::vector<Request>> take_figures() {
        for (const Held& held : held_) {
            AccountReading& account = accounts_.emplace_back();
            account.sub = "trade." + std::to_string(held.trade.index);
            std::string reason = held.reason;
            if (reason.empty()) {
                RawTrade raw;
                const U256 liquidation_price = take_parts(held, raw, reason);
                raw.pair = pair_address(held.name);
                const Result<void> added = reason.empty() ? add(raw, liquidation_price, account) : Result<void>();
                if (!added) reason = added.error().message;
            }
            if (!reason.empty()) account.reason = std::move(reason);
        }
        return std::vector<Request>{};
    }

    /// Gives the contract's price of liquidation.
    U256 take_parts(const Held& held, RawTrade& raw, std::string& reason) {
        const Trade& trade = held.trade;
        const FeesData fees = part(decode_fees_data, "getTradeFeesDataArray", reason);
        raw.holding_fees = part(decode_holding_fees, "getTradePendingHoldingFeesCollateral", reason);
        raw.holding_fees_at_twice = part(decode_holding_fees, "getTradePendingHoldingFeesCollateral", reason);
        const U256 liquidation_price = figure("getTradeLiquidationPrice", reason, 128);
        raw.spread = figure("pairSpreadP", reason);
        raw.position_size_fee = figure("pairTotalPositionSizeFeeP", reason);
        raw.min_position_size = figure("pairMinPositionSizeUsd", reason);
        raw.max_leverage = figure("pairMaxLeverage", reason, 32).limbs()[0];
        raw.borrowing_per_second = part(decode_borrowing_rate, "getPairBorrowingFeeParams", reason);
        const I256 funding = part(decode_funding_rate, "getPairFundingFeeData", reason);
        // Fees of funding are of version 10.
        if (held.version >= 2 && !funding.is_zero() && funding.is_negative() != trade.is_long) raw.funding_per_second = funding.magnitude();
        if (trade.is_counter_trade) raw.fee_multiplier = figure("getPairCounterTradeFeeRateMultiplier", reason, 16).limbs()[0];
        raw.collateral_token = held.collateral.token;
        raw.is_long = trade.is_long;
        raw.price_is_old = held.price.old;
        raw.collateral_decimals = held.collateral.decimals;
        raw.contracts_version = held.version;
        raw.leverage = trade.leverage;
        raw.max_liq_spread = held.params.max_liq_spread;
        raw.start_threshold = held.params.start_threshold;
        raw.end_threshold = held.params.end_threshold;
        raw.start_leverage = held.params.start_leverage;
        raw.end_leverage = held.params.end_leverage;
        raw.collateral = trade.collateral_amount;
        raw.open_price = trade.open_price;
        raw.price = held.price.price;
        raw.collateral_price = held.collateral_price;
        raw.realized_pnl = fees.realized_pnl;
        raw.realized_trading_fees = fees.realized_trading_fees;
        return liquidation_price;
    }

    static Result<void> add(const RawTrade& raw, const U256& liquidation_price, AccountReading& account) {
        const Result<void> sound = check(raw);
        if (!sound) return fail(sound.error());
        const auto price = I256::from(liquidation_price);
        if (!price) return fail(ErrorCode::decode, "the price of liquidation does not fit 255 bits");
        model::FactsBuilder facts{account_schema};
        add_facts(raw, facts);
        Result<FactsPtr> built = std::move(facts).build();
        if (!built) return fail(built.error());
        account.facts = std::move(*built);
        account.views = {{view_liquidation_price, *price, price_decimals}};
        return {};
    }

    FactsPtr venue_;
    Address owner_;
    Address diamond_;
    std::vector<Held> held_;
    std::span<const Reply> replies_;
    std::size_t next_ = 0;
    AccountReadings accounts_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<OwnerReading>(std::move(venue), owner);
}

}  // namespace margind::adapters::protocols::gtrade
