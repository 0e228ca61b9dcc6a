// The perp index space: how many indices each dex has, found and kept watch of.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/hyperliquid/core.hpp"
#include "adapters/protocols/hyperliquid/readings.hpp"
#include "adapters/staged_reading.hpp"

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t probes_per_round = 32;

Call info_call(std::uint64_t perp) { return core_call(Precompile::perp_asset_info, evm::AbiWriter().u256(U256(perp))); }

/// Whether the index is a perp; an error where the reply is none of what a precompile gives.
Result<bool> is_perp(const Reply& reply, std::uint64_t perp) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    // A precompile that is asked for what it does not know burns the gas it got. Nodes may also answer nothing at all.
    if (!bytes) {
        if (bytes.error().code == ErrorCode::reverted) return false;
        return fail(bytes.error());
    }
    if (bytes->empty()) return false;
    const Result<PerpInfo> info = decode_perp_info(*bytes);
    if (!info) return fail(ErrorCode::decode, "perp " + std::to_string(perp) + ": " + info.error().message);
    return true;
}

template <class F>
auto decoded_by(const Reply& reply, F decode) -> decltype(decode(Bytes())) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error());
    return decode(*bytes);
}

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(const Settings& settings) : settings_(settings), counts_(settings.dexes.size()) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) {
            std::vector<Request> requests = probes();
            // Alone, as all of which nothing proves that it is known.
            for (const SpotPair& one : settings_.spots) {
                requests.push_back(core_call(Precompile::spot_info, evm::AbiWriter().u256(U256(one.pair))));
                requests.push_back(core_call(Precompile::token_info, evm::AbiWriter().u256(U256(one.token))));
            }
            requests.push_back(CoreBatch(settings_.multicall).request());
            return requests;
        }
        if (number == 1) {
            // The replies of each dex follow one another; behind them the spot pairs and the batch.
            const auto block = CoreBatch(settings_.multicall).take(replies.back(), 0);
            if (!block) return fail(block.error().code, "no HyperCore block through Multicall3: " + block.error().message, block.error().retry);
            const std::size_t first = replies.size() - 1 - 2 * settings_.spots.size();
            const Result<void> known = take_spots(replies.subspan(first, 2 * settings_.spots.size()));
            if (!known) return fail(known.error());
            replies = replies.first(first);
        }
        const Result<void> taken = take(replies);
        if (!taken) return fail(taken.error());
        return probes();
    }

    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{config_schema};
        facts.add("chain_id", U256(settings_.venue.chain.value));
        facts.add("multicall", settings_.multicall);
        facts.add("dexs", U256(settings_.dexes.size()));
        for (std::size_t i = 0; i < settings_.dexes.size(); ++i) {
            facts.add(item("dex", i, "number"), U256(settings_.dexes[i].number));
            facts.add(item("dex", i, "token"), U256(settings_.dexes[i].token));
            facts.add(item("dex", i, "perps"), U256(counts_[i]));
        }
        facts.add("tiers", U256(settings_.tiers.size()));
        for (std::size_t i = 0; i < settings_.tiers.size(); ++i) {
            facts.add(item("tier", i, "table"), U256(settings_.tiers[i].table));
            facts.add(item("tier", i, "above_usd"), U256(settings_.tiers[i].above_usd));
            facts.add(item("tier", i, "max_leverage"), U256(settings_.tiers[i].max_leverage));
        }
        facts.add("pairs", U256(settings_.spots.size()));
        for (std::size_t i = 0; i < settings_.spots.size(); ++i) {
            facts.add(item("pair", i, "token"), U256(settings_.spots[i].token));
            facts.add(item("pair", i, "pair"), U256(settings_.spots[i].pair));
        }
        return std::move(facts).build();
    }

private:
    std::vector<Request> probes() {
        std::vector<Request> requests;
        for (; dex_ < counts_.size(); ++dex_) {
            for (std::uint64_t i = 0; i < probes_per_round; ++i) requests.push_back(info_call(settings_.dexes[dex_].number * perps_of_dex + counts_[dex_] + i));
            break;
        }
        return requests;
    }

    /// A pair that prices another token would give it that one's price.
    Result<void> take_spots(std::span<const Reply> replies) const {
        for (std::size_t i = 0; i < settings_.spots.size(); ++i) {
            const SpotPair& one = settings_.spots[i];
            const std::string who = "spot token " + std::to_string(one.token) + " with pair " + std::to_string(one.pair) + ": ";
            const Result<SpotInfo> info = decoded_by(replies[2 * i], decode_spot_info);
            const Result<TokenInfo> token = decoded_by(replies[2 * i + 1], decode_token_info);
            if (!info) return fail(info.error().code, who + info.error().message, info.error().retry);
            if (!token) return fail(token.error().code, who + token.error().message, token.error().retry);
            if (info->base != one.token || info->quote != usdc_token)
                return fail(ErrorCode::bad_input, who + "the pair prices token " + std::to_string(info->base) + " in token " + std::to_string(info->quote));
        }
        return {};
    }

    Result<void> take(std::span<const Reply> replies) {
        std::uint64_t& count = counts_[dex_];
        const std::uint64_t first = settings_.dexes[dex_].number * perps_of_dex;
        for (const Reply& reply : replies) {
            const Result<bool> there = is_perp(reply, first + count);
            if (!there) return fail(there.error());
            if (!*there) {
                if (count == 0)
                    return fail(ErrorCode::no_code, "perp " + std::to_string(first) + " has no information: the node does not serve HyperCore's precompiles, or there is no dex " +
                                                        std::to_string(settings_.dexes[dex_].number));
                ++dex_;
                return {};
            }
            if (++count > max_perps_per_dex) return fail(ErrorCode::limit, "dex " + std::to_string(settings_.dexes[dex_].number) + " has more than " + std::to_string(max_perps_per_dex) + " perps");
        }
        return {};
    }

    const Settings settings_;
    std::vector<std::uint64_t> counts_;
    std::size_t dex_ = 0;
};

class VenueReading final : public StagedReading<FactsPtr> {
public:
    explicit VenueReading(FactsPtr config) : config_(std::move(config)) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) return ask();
        for (std::size_t i = 0; i < replies.size(); ++i) {
            const Result<bool> there = is_perp(replies[i], next_[i]);
            if (!there) return fail(there.error());
            if (*there) return fail(ErrorCode::missing, "perp " + std::to_string(next_[i]) + " was listed since the configuration was read: read it again");
        }
        return std::vector<Request>{};
    }

    /// The same from block to block, so that it is kept once.
    Result<FactsPtr> finish() override {
        model::FactsBuilder facts{venue_schema};
        for (std::size_t i = 0; i < config_->size(); ++i) facts.add(config_->name(i), config_->value(i));
        return std::move(facts).build();
    }

private:
    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + config_schema);
        FactReader in(*config_);
        const std::uint64_t dexes = in.count("dexs", max_dexes);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < dexes && in.ok(); ++i) {
            const std::uint64_t number = in.count(item("dex", i, "number"), ~std::uint32_t{0});
            next_.push_back(number * perps_of_dex + in.count(item("dex", i, "perps"), max_perps_per_dex));
            requests.push_back(info_call(next_.back()));
        }
        if (!in.ok()) return fail(in.error());
        return requests;
    }

    FactsPtr config_;
    std::vector<std::uint64_t> next_;
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Settings& settings) { return std::make_unique<ConfigReading>(settings); }

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef&) { return std::make_unique<VenueReading>(std::move(config)); }

}  // namespace margind::adapters::protocols::hyperliquid
