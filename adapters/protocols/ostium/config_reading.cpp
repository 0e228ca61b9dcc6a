// Reads what seldom changes: contracts and pairs; and of each block the threshold and what the feeds answer.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/ostium/book.hpp"
#include "adapters/protocols/ostium/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <array>

namespace margind::adapters::protocols::ostium {

using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

/// The decoded reply, or what it failed with.
template <class F, class... More>
auto taken(const Reply& reply, F decode, const More&... more) -> decltype(decode(Bytes(), more...)) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error());
    return decode(*bytes, more...);
}

Result<U256> number(const Reply& reply, const char* what, unsigned bits = 256) {
    return taken(reply, [&](Bytes bytes) { return decode_number(bytes, what, bits); });
}
Result<model::Address> contract(const Reply& reply, const char* what) {
    const Result<model::Address> address = decoded(reply, what, address_value);
    if (!address) return fail(address.error());
    if (address->is_zero()) return fail(ErrorCode::decode, std::string("the registry has no ") + what);
    return address;
}

Result<void> has_code(const Reply& reply, const char* what) {
    const Result<model::Bytes> code = reply_bytes(reply);
    if (!code) return fail(code.error());
    if (code->empty()) return fail(ErrorCode::no_code, std::string(what) + " holds no contract");
    return {};
}

/// Names in the registry, and where they go.
struct Registered {
    const char* name;
    model::Address Contracts::*member;
};
constexpr std::array registered{Registered{"pairInfos", &Contracts::pair_infos}, Registered{"pairsStorage", &Contracts::pairs_storage},
                                Registered{"openPnl", &Contracts::open_pnl}};

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(const Settings& settings) : settings_(settings) { at_.storage = settings.storage; }

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Result<std::vector<Request>> requests = step(number, replies);
        // A revert here means that an address is some other contract.
        if (!requests && requests.error().code == ErrorCode::reverted) return fail(ErrorCode::decode, "not Ostium: " + requests.error().message);
        return requests;
    }

    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{config_schema};
        facts.add("chain_id", U256(settings_.venue.chain.value));
        facts.add("trading_storage", at_.storage);
        facts.add("registry", at_.registry);
        for (const Registered& one : registered) facts.add(one.name, at_.*one.member);
        facts.add("collateral_token", settings_.collateral_token);
        facts.add("max_trades_per_pair", per_pair_);
        facts.add("pairs", U256(names_.size()));
        for (std::size_t i = 0; i < names_.size(); ++i) facts.add(item("pair", i, "name"), to_bytes(names_[i]));
        add_feeds(settings_.feeds, facts);
        return std::move(facts).build();
    }

private:
    Result<std::vector<Request>> step(unsigned stage_number, std::span<const Reply> replies) {
        switch (stage_number) {
            case 0: return std::vector<Request>{Code{at_.storage}, get_registry(at_.storage), get_max_trades_per_pair(at_), get_trade(at_, {}, 0, 0), get_trade_info(at_, {}, 0, 0)};
            case 1: return take_storage(replies);
            case 2: return take_registry(replies);
            case 3: return take_contracts(replies);
            case 4: return take_pairs(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<std::vector<Request>> take_storage(std::span<const Reply> replies) {
        const Result<void> code = has_code(replies[0], "trading_storage");
        if (!code) return fail(code.error());
        const auto registry = contract(replies[1], "registry");
        if (!registry) return fail(registry.error());
        const auto per_pair = number(replies[2], "maxTradesPerPair", 8);
        if (!per_pair) return fail(per_pair.error());
        // Nobody's slot: all zeros, as wide as any.
        const auto trade = taken(replies[3], decode_trade);
        if (!trade) return fail(trade.error());
        const auto info = taken(replies[4], decode_trade_info);
        if (!info) return fail(info.error());
        at_.registry = *registry;
        per_pair_ = *per_pair;
        std::vector<Request> requests{Code{at_.registry}};
        for (const Registered& one : registered) requests.push_back(get_contract(at_, one.name));
        return requests;
    }

    Result<std::vector<Request>> take_registry(std::span<const Reply> replies) {
        const Result<void> code = has_code(replies[0], "registry");
        if (!code) return fail(code.error());
        for (std::size_t i = 0; i < registered.size(); ++i) {
            const auto address = contract(replies[i + 1], registered[i].name);
            if (!address) return fail(address.error());
            at_.*registered[i].member = *address;
        }
        std::vector<Request> requests;
        for (const Registered& one : registered) requests.push_back(Code{at_.*one.member});
        requests.push_back(get_pairs_count(at_));
        requests.push_back(get_liq_threshold(at_));
        for (const PairFeed& feed : settings_.feeds) requests.push_back(ask_decimals(feed));
        return requests;
    }

    Result<std::vector<Request>> take_contracts(std::span<const Reply> replies) {
        for (std::size_t i = 0; i < registered.size(); ++i) {
            const Result<void> code = has_code(replies[i], registered[i].name);
            if (!code) return fail(code.error());
        }
        const auto count = number(replies[registered.size()], "pairsCount", 16);
        if (!count) return fail(count.error());
        const auto threshold = number(replies[registered.size() + 1], "liqMarginThresholdP", 8);
        if (!threshold) return fail(threshold.error());
        if (count->is_zero() || *count > U256(most_pairs)) return fail(ErrorCode::limit, "Ostium has " + count->to_decimal() + " pairs");
        for (std::size_t i = 0; i < settings_.feeds.size(); ++i) {
            const Result<void> feed = take_decimals(settings_.feeds[i], replies[registered.size() + 2 + i]);
            if (!feed) return fail(feed.error());
        }
        names_.resize(count->limbs()[0]);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < names_.size(); ++i) requests.push_back(get_pair(at_, i));
        return requests;
    }

    Result<std::vector<Request>> take_pairs(std::span<const Reply> replies) {
        for (std::size_t i = 0; i < replies.size(); ++i) {
            Result<std::string> name = taken(replies[i], decode_pair_name);
            if (!name) return fail(name.error().code, "pair " + std::to_string(i) + ": " + name.error().message);
            names_[i] = std::move(*name);
        }
        return std::vector<Request>{};
    }

    Settings settings_;
    Contracts at_;
    U256 per_pair_;
    std::vector<std::string> names_;
};

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, std::int64_t time) : config_(std::move(config)), facts_(venue_schema), time_(time) {}

protected:
    Result<std::vector<Request>> stage(unsigned stage_number, std::span<const Reply> replies) override {
        if (stage_number == 0) return ask();
        for (std::size_t i = 0; i < registered.size(); ++i) {
            const auto address = contract(replies[i], registered[i].name);
            if (!address) return fail(address.error());
            if (*address != at_.*registered[i].member) return changed(registered[i].name);
        }
        const std::span<const Reply> rest = replies.subspan(registered.size());
        const auto count = number(rest[0], "pairsCount", 16);
        const auto per_pair = number(rest[1], "maxTradesPerPair", 8);
        const auto threshold = number(rest[2], "liqMarginThresholdP", 8);
        for (const auto* one : {&count, &per_pair, &threshold})
            if (!*one) return fail(one->error());
        if (*count != U256(pairs_) || *per_pair != U256(per_pair_)) return changed("the list of pairs");
        facts_.add("liq_margin_threshold", *threshold);
        for (std::size_t i = 0; i < feeds_.size(); ++i) add_answer(i, rest[3 + i], facts_);
        return std::vector<Request>{};
    }

    Result<FactsPtr> finish() override {
        facts_.add("time", U256(static_cast<std::uint64_t>(time_)));
        return std::move(facts_).build();
    }

private:
    static Result<std::vector<Request>> changed(const char* what) {
        return fail(ErrorCode::missing, std::string(what) + " changed since the configuration was read: read it again");
    }

    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + config_schema);
        FactReader in(*config_);
        at_.storage = in.address("trading_storage");
        at_.registry = in.address("registry");
        for (const Registered& one : registered) at_.*one.member = in.address(one.name);
        pairs_ = in.count("pairs", most_pairs);
        per_pair_ = in.count("max_trades_per_pair", most_per_pair);
        feeds_ = feeds_in(in);
        if (!in.ok()) return fail(in.error());
        for (std::size_t i = 0; i < config_->size(); ++i) facts_.add(config_->name(i), config_->value(i));
        std::vector<Request> requests;
        for (const Registered& one : registered) requests.push_back(get_contract(at_, one.name));
        requests.push_back(get_pairs_count(at_));
        requests.push_back(get_max_trades_per_pair(at_));
        requests.push_back(get_liq_threshold(at_));
        for (const PairFeed& feed : feeds_) requests.push_back(ask_answer(feed));
        return requests;
    }

    FactsPtr config_;
    model::FactsBuilder facts_;
    std::int64_t time_;
    Contracts at_;
    std::uint64_t pairs_ = 0;
    std::uint64_t per_pair_ = 0;
    std::vector<PairFeed> feeds_;
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Settings& settings) { return std::make_unique<ConfigReading>(settings); }

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block.time);
}

}  // namespace margind::adapters::protocols::ostium
