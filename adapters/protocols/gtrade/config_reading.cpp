// Reads what seldom changes: collaterals and the layout of the diamond; and of each block what prices and switches say.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gtrade/book.hpp"
#include "adapters/protocols/gtrade/readings.hpp"
#include "adapters/staged_reading.hpp"

namespace margind::adapters::protocols::gtrade {

using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

/// The decoded reply, or what it failed with.
template <class F>
auto taken(const Reply& reply, F decode) -> decltype(decode(Bytes())) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error());
    return decode(*bytes);
}
Result<U256> number(const Reply& reply, const char* what, unsigned bits = 256) {
    return taken(reply, [&](Bytes bytes) -> Result<U256> { return decode_number(bytes, what, bits); });
}

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(const Settings& settings) : settings_(settings) {}

protected:
    Result<std::vector<Request>> stage(unsigned stage_number, std::span<const Reply> replies) override {
        if (stage_number == 0) return ask();
        const Result<void> good = take(replies);
        // A revert here means that the address is some other contract.
        if (!good && good.error().code == ErrorCode::reverted) return fail(ErrorCode::decode, "not gTrade: " + good.error().message);
        if (!good) return fail(good.error());
        return std::vector<Request>{};
    }

    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{config_schema};
        facts.add("chain_id", U256(settings_.venue.chain.value));
        facts.add("diamond", settings_.diamond);
        facts.add("pairs", pairs_);
        facts.add("collaterals", U256(collaterals_.size()));
        for (std::size_t i = 0; i < collaterals_.size(); ++i) {
            facts.add(item("collateral", i, "token"), collaterals_[i].token);
            facts.add(item("collateral", i, "decimals"), U256(collaterals_[i].decimals));
        }
        add_feeds(settings_.feeds, facts);
        return std::move(facts).build();
    }

private:
    std::vector<Request> ask() const {
        const model::Address& diamond = settings_.diamond;
        // Nobody's slots: all zeros, as wide as any.
        std::vector<Request> requests{Code{diamond}, get_trade(diamond, {}, 0), get_trade_info(diamond, {}, 0), get_trade_liquidation_params(diamond, {}, 0),
                                      get_pairs_count(diamond), get_collaterals(diamond)};
        for (const PairFeed& feed : settings_.feeds) requests.push_back(ask_decimals(feed));
        return requests;
    }

    Result<void> take(std::span<const Reply> replies) {
        const Result<model::Bytes> code = reply_bytes(replies[0]);
        if (!code) return fail(code.error());
        if (code->empty()) return fail(ErrorCode::no_code, "diamond holds no contract");
        const auto width = [&](std::size_t i, std::size_t words, const char* what) {
            return taken(replies[i], [&](Bytes bytes) -> Result<void> { return check_width(bytes, words, what); });
        };
        for (const Result<void>& one : {width(1, 15, "getTrade"), width(2, 9, "getTradeInfo"), width(3, 5, "getTradeLiquidationParams")})
            if (!one) return fail(one.error());
        const auto pairs = number(replies[4], "pairsCount", 16);
        if (!pairs) return fail(pairs.error());
        if (pairs->is_zero()) return fail(ErrorCode::decode, "the diamond has no pair");
        auto collaterals = taken(replies[5], decode_collaterals);
        if (!collaterals) return fail(collaterals.error());
        if (collaterals->empty()) return fail(ErrorCode::decode, "the diamond has no collateral");
        pairs_ = *pairs;
        collaterals_ = std::move(*collaterals);
        for (std::size_t i = 0; i < settings_.feeds.size(); ++i) {
            const Result<void> feed = take_decimals(settings_.feeds[i], replies[6 + i]);
            if (!feed) return fail(feed.error());
        }
        return {};
    }

    Settings settings_;
    U256 pairs_;
    std::vector<Collateral> collaterals_;
};

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, std::int64_t time) : config_(std::move(config)), facts_(venue_schema), time_(time) {}

protected:
    Result<std::vector<Request>> stage(unsigned stage_number, std::span<const Reply> replies) override {
        if (stage_number == 0) return ask();
        const auto collaterals = taken(replies[0], decode_collaterals);
        if (!collaterals) return fail(collaterals.error());
        if (*collaterals != collaterals_) return fail(ErrorCode::missing, "the collaterals changed since the configuration was read: read it again");
        const auto activated = number(replies[1], "getTradingActivated", 8);
        if (!activated) return fail(activated.error());
        facts_.add("trading_activated", *activated);
        for (std::size_t i = 0; i < collaterals_.size(); ++i) {
            // One that is not traded any more may have no price.
            const auto price = number(replies[2 + i], "getCollateralPriceUsd");
            facts_.add(item("collateral", i, "price"), price && price->bit_width() <= 64 ? *price : U256());
        }
        for (std::size_t i = 0; i < feeds_.size(); ++i) add_answer(i, replies[2 + collaterals_.size() + i], facts_);
        return std::vector<Request>{};
    }

    Result<FactsPtr> finish() override {
        facts_.add("time", U256(static_cast<std::uint64_t>(time_)));
        return std::move(facts_).build();
    }

private:
    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + config_schema);
        FactReader in(*config_);
        const model::Address diamond = in.address("diamond");
        collaterals_.resize(in.count("collaterals", most_collaterals));
        for (std::size_t i = 0; i < collaterals_.size(); ++i) {
            collaterals_[i].token = in.address(item("collateral", i, "token"));
            collaterals_[i].decimals = in.count(item("collateral", i, "decimals"), 18);
        }
        feeds_ = feeds_in(in);
        if (!in.ok()) return fail(in.error());
        for (std::size_t i = 0; i < config_->size(); ++i) facts_.add(config_->name(i), config_->value(i));
        std::vector<Request> requests{get_collaterals(diamond), get_trading_activated(diamond)};
        for (std::size_t i = 0; i < collaterals_.size(); ++i) requests.push_back(get_collateral_price(diamond, i + 1));
        for (const PairFeed& feed : feeds_) requests.push_back(ask_answer(feed));
        return requests;
    }

    FactsPtr config_;
    model::FactsBuilder facts_;
    std::int64_t time_;
    std::vector<Collateral> collaterals_;
    std::vector<PairFeed> feeds_;
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Settings& settings) { return std::make_unique<ConfigReading>(settings); }

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block.time);
}

}  // namespace margind::adapters::protocols::gtrade
