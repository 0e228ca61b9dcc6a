// Reads what seldom changes: the markets and which release the Reader is of; and of each block the least collateral.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/keys.hpp"
#include "adapters/protocols/gmx_v2/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <array>
#include <optional>

namespace margind::adapters::protocols::gmx_v2 {

using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

constexpr std::size_t most_markets = 5000;

/// The decoded reply, or what it failed with.
template <class F, class... More>
auto taken(const Reply& reply, F decode, const More&... more) -> decltype(decode(Bytes(), more...)) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error());
    return decode(*bytes, more...);
}

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(const Settings& settings) : settings_(settings) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Result<std::vector<Request>> requests = number == 0 ? ask() : step(replies);
        // A revert here means that an address is some other contract.
        if (!requests && requests.error().code == ErrorCode::reverted) return fail(ErrorCode::decode, "not GMX V2: " + requests.error().message);
        return requests;
    }

    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{config_schema};
        facts.add("chain_id", U256(settings_.venue.chain.value));
        facts.add("reader", settings_.at.reader);
        facts.add("data_store", settings_.at.data_store);
        facts.add("referral_storage", settings_.at.referral_storage);
        facts.add("price_provider", settings_.at.price_provider);
        // 0: no position was open to tell it, or its prices could not be had.
        facts.add("info_words", U256(width_));
        facts.add("markets", U256(markets_.size()));
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            facts.add(item("market", i, "token"), markets_[i].token);
            facts.add(item("market", i, "index_token"), markets_[i].index_token);
            facts.add(item("market", i, "long_token"), markets_[i].long_token);
            facts.add(item("market", i, "short_token"), markets_[i].short_token);
        }
        facts.add("tokens", U256(settings_.decimals.size()));
        std::size_t i = 0;
        for (const auto& [token, decimals] : settings_.decimals) {
            facts.add(item("token", i, "address"), token);
            facts.add(item("token", i++, "decimals"), U256(decimals));
        }
        return std::move(facts).build();
    }

private:
    enum class Step : std::uint8_t { markets, position, prices, width };

    std::vector<Request> ask() const {
        const Contracts& at = settings_.at;
        return {Code{at.reader}, Code{at.data_store}, Code{at.price_provider}, get_uint(at, base_key("MIN_COLLATERAL_USD")),
                get_first_bytes32(at, base_key("POSITION_LIST")), get_markets(at, 0)};
    }

    Result<std::vector<Request>> step(std::span<const Reply> replies) {
        switch (step_) {
            case Step::markets: return take_markets(replies);
            case Step::position: return take_position(replies);
            case Step::prices: return take_prices(replies);
            case Step::width: return take_width(replies);
        }
        return std::vector<Request>{};
    }

    Result<std::vector<Request>> take_markets(std::span<const Reply> replies) {
        if (markets_.empty()) {
            const Result<void> known = take_contracts(replies);
            if (!known) return fail(known.error());
        }
        const auto page = taken(replies.back(), decode_markets);
        if (!page) return fail(page.error());
        markets_.insert(markets_.end(), page->begin(), page->end());
        if (markets_.size() > most_markets) return fail(ErrorCode::limit, "more than " + std::to_string(most_markets) + " markets");
        if (page->size() == markets_per_page) return std::vector<Request>{get_markets(settings_.at, markets_.size())};
        if (markets_.empty()) return fail(ErrorCode::decode, "the Reader lists no market of the data store " + settings_.at.data_store.to_string());
        if (!probe_) return std::vector<Request>{};
        step_ = Step::position;
        return std::vector<Request>{get_position(settings_.at, *probe_)};
    }

    Result<void> take_contracts(std::span<const Reply> replies) {
        const std::array names{"reader", "data_store", "price_provider"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            const Result<model::Bytes> code = reply_bytes(replies[i]);
            if (!code) return fail(code.error());
            if (code->empty()) return fail(ErrorCode::no_code, std::string(names[i]) + " holds no contract");
        }
        const Result<U256> least = decoded(replies[3], "MIN_COLLATERAL_USD", u256_value);
        if (!least) return fail(least.error());
        if (least->is_zero()) return fail(ErrorCode::decode, "the data store " + settings_.at.data_store.to_string() + " has no MIN_COLLATERAL_USD");
        const auto keys = decoded(replies[4], "POSITION_LIST", [](evm::AbiReader& reader) { return reader.array(1, [](evm::AbiReader& one) { return one.bytes32(); }); });
        if (!keys) return fail(keys.error());
        if (!keys->empty()) probe_ = keys->front();
        return {};
    }

    Result<std::vector<Request>> take_position(std::span<const Reply> replies) {
        const auto position = taken(replies.front(), decode_position);
        if (!position) return fail(position.error());
        for (const Market& market : markets_)
            if (market.token == position->market) probed_ = market;
        if (!probed_) return std::vector<Request>{};
        step_ = Step::prices;
        std::vector<Request> requests;
        for (const model::Address* token : {&probed_->index_token, &probed_->long_token, &probed_->short_token}) requests.push_back(get_oracle_price(settings_.at, *token));
        return requests;
    }

    Result<std::vector<Request>> take_prices(std::span<const Reply> replies) {
        const auto index = taken(replies[0], decode_price, probed_->index_token);
        const auto long_token = taken(replies[1], decode_price, probed_->long_token);
        const auto short_token = taken(replies[2], decode_price, probed_->short_token);
        if (!index || !long_token || !short_token) return std::vector<Request>{};
        step_ = Step::width;
        const MarketPrices prices{*index, *long_token, *short_token};
        return std::vector<Request>{get_position_info(settings_.at, *probe_, prices)};
    }

    Result<std::vector<Request>> take_width(std::span<const Reply> replies) {
        const auto infos = taken(replies.front(), decode_position_infos);
        // A position that is gone or not priced tells nothing; a reply of another layout does.
        if (!infos && infos.error().code == ErrorCode::decode) return fail(infos.error());
        if (infos) width_ = infos->width;
        return std::vector<Request>{};
    }

    const Settings settings_;
    Step step_ = Step::markets;
    std::vector<Market> markets_;
    std::optional<model::Bytes32> probe_;
    std::optional<Market> probed_;
    std::size_t width_ = 0;
};

class VenueReading final : public StagedReading<FactsPtr> {
public:
    explicit VenueReading(FactsPtr config) : config_(std::move(config)) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) return ask();
        const Result<U256> least = decoded(replies[0], "MIN_COLLATERAL_USD", u256_value);
        const Result<U256> markets = decoded(replies[1], "MARKET_LIST", u256_value);
        if (!least) return fail(least.error());
        if (!markets) return fail(markets.error());
        if (*markets != U256(markets_)) return fail(ErrorCode::missing, "the list of markets changed since the configuration was read: read it again");
        least_ = *least;
        return std::vector<Request>{};
    }

    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{venue_schema};
        for (std::size_t i = 0; i < config_->size(); ++i) facts.add(config_->name(i), config_->value(i));
        facts.add("min_collateral_usd", least_);
        return std::move(facts).build();
    }

private:
    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + config_schema);
        FactReader in(*config_);
        Contracts at;
        at.data_store = in.address("data_store");
        markets_ = in.count("markets", most_markets);
        if (!in.ok()) return fail(in.error());
        return std::vector<Request>{get_uint(at, base_key("MIN_COLLATERAL_USD")), get_address_count(at, base_key("MARKET_LIST"))};
    }

    FactsPtr config_;
    std::uint64_t markets_ = 0;
    U256 least_;
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Settings& settings) { return std::make_unique<ConfigReading>(settings); }

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config) { return std::make_unique<VenueReading>(std::move(config)); }

}  // namespace margind::adapters::protocols::gmx_v2
