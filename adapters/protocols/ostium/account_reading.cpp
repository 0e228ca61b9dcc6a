// Reads the trades of an owner, with their pairs' leverages and last prices, their fees and prices of liquidation.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/ostium/book.hpp"
#include "adapters/protocols/ostium/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>
#include <map>

namespace margind::adapters::protocols::ostium {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::Result;
using model::U256;

namespace {

struct HeldPair {
    std::string name;
    std::uint64_t open = 0;
    std::uint64_t max_leverage = 0;
    std::uint64_t overnight_max_leverage = 0;
    PairPrice price;
    I256 funding_per_block;
    U256 rollover_per_block;
    /// Why none of its trades has a margin.
    std::string reason;
};

struct HeldTrade {
    std::uint64_t pair = 0;
    std::uint64_t index = 0;
    Trade trade;
    TradeInfo info;
    std::string reason;
};

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        replies_ = replies;
        next_ = 0;
        switch (number) {
            case 0: return ask_counts();
            case 1: return take_counts();
            case 2: return take_trades();
            case 3: return take_fees();
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
    Result<U256> next_number(const char* what, unsigned bits = 256) {
        return take([&](Bytes bytes) -> Result<U256> { return decode_number(bytes, what, bits); });
    }

    Result<std::vector<Request>> ask_counts() {
        if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + venue_schema);
        FactReader in(*venue_);
        at_ = {in.address("trading_storage"), in.address("registry"), in.address("pairInfos"), in.address("pairsStorage"), in.address("openPnl")};
        collateral_token_ = in.address("collateral_token");
        per_pair_ = in.count("max_trades_per_pair", most_per_pair);
        threshold_ = in.count("liq_margin_threshold", 0xff);
        pairs_ = in.count("pairs", most_pairs);
        if (!in.ok()) return fail(in.error());
        std::vector<Request> requests;
        for (std::uint64_t pair = 0; pair < pairs_; ++pair) requests.push_back(get_open_count(at_, owner_, pair));
        return requests;
    }

    Result<std::vector<Request>> take_counts() {
        FactReader in(*venue_);
        std::vector<Request> requests;
        for (std::uint64_t pair = 0; pair < pairs_; ++pair) {
            const auto open = next_number("openTradesCount", 32);
            if (!open) return fail(open.error());
            if (open->is_zero()) continue;
            if (*open > U256(per_pair_)) return fail(ErrorCode::decode, "openTradesCount: " + open->to_decimal() + ", more than a pair holds");
            HeldPair& held = held_[pair];
            held.open = open->limbs()[0];
            held.name = in.text(item("pair", pair, "name"));
            held.price = price_in(in, pair_address(held.name), price_decimals);
            requests.push_back(get_max_leverage(at_, pair));
            requests.push_back(get_overnight_max_leverage(at_, pair));
            requests.push_back(get_last_trade_price(at_, pair));
            requests.push_back(get_pending_funding(at_, pair));
            requests.push_back(get_rollover_per_block(at_, pair));
            for (std::uint64_t index = 0; index < per_pair_; ++index) {
                requests.push_back(get_trade(at_, owner_, pair, index));
                requests.push_back(get_trade_info(at_, owner_, pair, index));
            }
        }
        if (!in.ok()) return fail(in.error());
        return requests;
    }

    Result<std::vector<Request>> take_trades() {
        for (auto& [pair, held] : held_) {
            take_pair(held);
            std::uint64_t seen = 0;
            for (std::uint64_t index = 0; index < per_pair_; ++index) {
                const auto trade = take(decode_trade);
                const auto info = take(decode_trade_info);
                // A slot that cannot be read may be a trade.
                if (trade && trade->leverage == 0) continue;
                ++seen;
                HeldTrade& one = trades_.emplace_back();
                one.pair = pair;
                one.index = index;
                one.reason = held.reason;
                if (!trade) one.reason = trade.error().message;
                else if (!info) one.reason = info.error().message;
                else if (trade->trader != owner_ || trade->pair != pair || trade->index != index) one.reason = "getOpenTrade: a trade of another trader, pair or index";
                else {
                    one.trade = *trade;
                    one.info = *info;
                }
            }
            if (seen < held.open)
                return fail(ErrorCode::decode, std::to_string(held.open) + " open trades of " + held.name + ", of which " + std::to_string(seen) + " were found");
        }
        std::vector<Request> requests;
        for (const HeldTrade& one : trades_) {
            if (!one.reason.empty()) continue;
            const std::uint64_t max_leverage = held_.at(one.pair).max_leverage;
            requests.push_back(get_rollover_fee(at_, one.trade));
            requests.push_back(get_funding_fee(at_, one.trade));
            requests.push_back(get_liquidation_margin(at_, one.trade, max_leverage));
            requests.push_back(get_liquidation_price(at_, one.trade, max_leverage));
        }
        if (requests.empty()) add_unknown();
        return requests;
    }

    void take_pair(HeldPair& held) {
        const auto max_leverage = next_number("pairMaxLeverage", 32);
        const auto overnight = next_number("pairOvernightMaxLeverage", 32);
        const auto last = next_number("lastTradePrice", 192);
        const auto funding = take(decode_funding_rate);
        const auto rollover = next_number("getRolloverFeePerBlock");
        if (!max_leverage) held.reason = "pairMaxLeverage: " + max_leverage.error().message;
        else held.max_leverage = max_leverage->limbs()[0];
        if (overnight) held.overnight_max_leverage = overnight->limbs()[0];
        if (!funding) held.reason = "getPendingAccFundingFees: " + funding.error().message;
        else held.funding_per_block = funding->per_block;
        // Not in the reference: where it is missing the rollover stays as it is.
        if (rollover) held.rollover_per_block = *rollover;
        // Without a feed, or where that is silent: what the last trade had, whenever that was.
        if (held.price.price.is_zero()) {
            if (last) held.price = {*last, true};
            if (held.price.price.is_zero()) held.reason = "no price of " + held.name + " on chain: add its feed to the venue's " + price_feeds_name;
        }
    }

    Result<std::vector<Request>> take_fees() {
        for (HeldTrade& one : trades_) {
            if (!one.reason.empty()) continue;
            const auto rollover = next_number("getTradeRolloverFee");
            const auto funding = take(decode_funding_fee);
            const auto margin = next_number("getTradeLiquidationMargin");
            const auto price = next_number("getTradeLiquidationPrice");
            if (!rollover) one.reason = rollover.error().message;
            else if (!funding) one.reason = funding.error().message;
            else if (!margin) one.reason = margin.error().message;
            else if (!price) one.reason = price.error().message;
            else {
                const Result<void> added = add(one, *rollover, *funding, *margin, *price);
                if (!added) one.reason = added.error().message;
            }
        }
        add_unknown();
        return std::vector<Request>{};
    }

    static std::string sub_of(const HeldTrade& one) { return "trade." + std::to_string(one.pair) + '.' + std::to_string(one.index); }

    void add_unknown() {
        for (const HeldTrade& one : trades_) {
            if (one.reason.empty()) continue;
            AccountReading account;
            account.sub = sub_of(one);
            account.reason = one.reason;
            accounts_.push_back(std::move(account));
        }
    }

    Result<void> add(const HeldTrade& one, const U256& rollover, const I256& funding, const U256& margin, const U256& price) {
        const HeldPair& held = held_.at(one.pair);
        RawTrade raw;
        raw.pair = pair_address(held.name);
        raw.collateral_token = collateral_token_;
        raw.is_long = one.trade.is_long;
        raw.price_is_old = held.price.old;
        raw.leverage = one.trade.leverage;
        raw.initial_leverage = one.info.initial_leverage;
        raw.max_leverage = held.max_leverage;
        raw.overnight_max_leverage = held.overnight_max_leverage;
        raw.liq_margin_threshold = threshold_;
        raw.collateral = one.trade.collateral;
        raw.open_price = one.trade.open_price;
        raw.price = held.price.price;
        raw.rollover_fee = rollover;
        raw.funding_fee = funding;
        raw.rollover_per_block = held.rollover_per_block;
        if (!held.funding_per_block.is_zero() && held.funding_per_block.is_negative() != raw.is_long) raw.funding_per_block = held.funding_per_block.magnitude();
        const Result<void> sound = check(raw);
        if (!sound) return fail(sound.error());
        const auto signed_margin = I256::from(margin);
        const auto signed_price = I256::from(price);
        if (!signed_margin || !signed_price) return fail(ErrorCode::decode, "a figure of the contract does not fit 255 bits");
        model::FactsBuilder facts{account_schema};
        add_facts(raw, facts);
        facts.add("being_closed", one.info.being_closed);
        Result<FactsPtr> built = std::move(facts).build();
        if (!built) return fail(built.error());
        AccountReading& account = accounts_.emplace_back();
        account.sub = sub_of(one);
        account.facts = std::move(*built);
        account.views = {{view_liquidation_margin, *signed_margin, money_decimals}, {view_liquidation_price, *signed_price, price_decimals}};
        return {};
    }

    FactsPtr venue_;
    Address owner_;
    Contracts at_;
    Address collateral_token_;
    std::uint64_t per_pair_ = 0;
    std::uint64_t threshold_ = 0;
    std::uint64_t pairs_ = 0;
    std::map<std::uint64_t, HeldPair> held_;
    std::vector<HeldTrade> trades_;
    std::span<const Reply> replies_;
    std::size_t next_ = 0;
    AccountReadings accounts_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<OwnerReading>(std::move(venue), owner);
}

}  // namespace margind::adapters::protocols::ostium
