// Reads one block of the venue: each market's totals, rate and price, and the prices of pre-liquidation contracts.
#include "adapters/protocols/morpho_blue/calls.hpp"
#include "adapters/protocols/morpho_blue/facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "adapters/protocols/morpho_blue/search.hpp"

#include <algorithm>

namespace margind::adapters::protocols::morpho_blue {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function id_to_market_params("idToMarketParams(bytes32)");
const evm::Function market_state("market(bytes32)");
const evm::Function price("price()");
const evm::Function borrow_rate_view("borrowRateView((address,address,address,address,uint256),(uint128,uint128,uint128,uint128,uint128,uint128))");

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, const model::BlockRef& block, const Found& found)
        : config_(std::move(config)), block_(block), found_(markets_in(found.owned)), made_(pre_liquidations_in(found.shared)) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) {
            const Result<void> known = read_config();
            if (!known) return fail(known.error());
        }
        // Without markets that logs named there is one stage less.
        switch (number + (found_.empty() ? 1 : 0)) {
            case 0: return ask_params();
            case 1: return take_params(replies);
            case 2: return take_markets(replies);
            case 3: take_rates(replies); return std::vector<Request>{};
            default: return std::vector<Request>{};
        }
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<void> read_config() {
        if (config_->schema() != config_schema)
            return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + std::string(config_schema));
        if (block_.time < 0) return fail(ErrorCode::out_of_range, "block time " + std::to_string(block_.time) + " is negative");
        const Result<Address> morpho = config_->address("morpho");
        Result<std::vector<Bytes32>> markets = markets_of(*config_);
        Result<std::vector<Address>> contracts = addresses_of(*config_, "pre_liquidations");
        if (!morpho) return fail(morpho.error());
        if (!markets) return fail(markets.error());
        if (!contracts) return fail(contracts.error());
        morpho_ = *morpho;
        markets_ = std::move(*markets);
        contracts_ = std::move(*contracts);
        std::erase_if(found_, [&](const Bytes32& market) { return std::ranges::find(markets_, market) != markets_.end(); });
        // All that is configured is part of what one block shares.
        for (std::size_t i = 0; i < config_->size(); ++i)
            if (config_->name(i) != "markets" && config_->name(i) != "pre_liquidations") facts_.add(config_->name(i), config_->value(i));
        facts_.add("chain_id", U256(block_.chain.value));
        facts_.add("block_time", U256(static_cast<std::uint64_t>(block_.time)));
        for (const Bytes32& market : markets_) {
            const Result<MarketParams> params = market_params(*config_, market);
            if (!params) return fail(params.error());
            params_.push_back(*params);
        }
        for (const Address& contract : contracts_) {
            const Result<Address> oracle = config_->address(pre_liquidation_fact(contract, "oracle"));
            if (!oracle) return fail(oracle.error());
            oracles_.push_back(*oracle);
        }
        return {};
    }

    std::vector<Request> ask_params() const {
        std::vector<Request> requests;
        for (const Bytes32& market : found_) requests.push_back(call_of(morpho_, id_to_market_params, evm::AbiWriter().bytes32(market)));
        return requests;
    }

    Result<std::vector<Request>> take_params(std::span<const Reply> replies) {
        for (std::size_t i = 0; i < found_.size(); ++i) {
            const Result<MarketParams> params = decoded(replies[i], "idToMarketParams", read_market_params);
            if (!params) return fail(params.error());
            if (id_of(*params) != found_[i])
                return fail(ErrorCode::decode, "morpho " + morpho_.to_string() + " has no market " + found_[i].to_string());
            add_market(facts_, found_[i], *params);
            markets_.push_back(found_[i]);
            params_.push_back(*params);
        }
        for (const FoundPreLiquidation& made : made_) {
            if (std::ranges::find(contracts_, made.contract) != contracts_.end() || std::ranges::find(markets_, made.market) == markets_.end())
                continue;
            add_pre_liquidation(facts_, made.contract, made.market, made.params);
            contracts_.push_back(made.contract);
            oracles_.push_back(made.params.oracle);
        }
        facts_.add("markets", joined(markets_));
        facts_.add("pre_liquidations", joined(contracts_));
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            requests.push_back(call_of(morpho_, market_state, evm::AbiWriter().bytes32(markets_[i])));
            requests.push_back(call_of(params_[i].oracle, price));
        }
        for (const Address& oracle : oracles_) requests.push_back(call_of(oracle, price));
        for (std::size_t i = markets_.size() - found_.size(); i < markets_.size(); ++i)
            for (Request& request : decimals_calls(params_[i])) requests.push_back(std::move(request));
        return requests;
    }

    Result<std::vector<Request>> take_markets(std::span<const Reply> replies) {
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            const Result<MarketState> state =
                decoded(replies[2 * i], [&] { return "market " + markets_[i].to_string(); }, read_market_state);
            if (!state) return fail(state.error());
            add_state(markets_[i], *state);
            add_price(market_fact(markets_[i], ""), replies[2 * i + 1]);
            if (params_[i].irm.is_zero()) continue;
            rated_.push_back(i);
            requests.push_back(call_of(params_[i].irm, borrow_rate_view, evm::AbiWriter().tuple(words_of(params_[i])).tuple(words_of(*state))));
        }
        replies = replies.subspan(2 * markets_.size());
        for (std::size_t i = 0; i < contracts_.size(); ++i) add_price(pre_liquidation_fact(contracts_[i], ""), replies[i]);
        replies = replies.subspan(contracts_.size());
        for (std::size_t i = 0; i < found_.size(); ++i) add_decimals(facts_, found_[i], replies.subspan(2 * i, 2));
        return requests;
    }

    void add_state(const Bytes32& market, const MarketState& state) {
        facts_.add(market_fact(market, "total_supply_assets"), state.totals.supply_assets);
        facts_.add(market_fact(market, "total_supply_shares"), state.totals.supply_shares);
        facts_.add(market_fact(market, "total_borrow_assets"), state.totals.borrow_assets);
        facts_.add(market_fact(market, "total_borrow_shares"), state.totals.borrow_shares);
        facts_.add(market_fact(market, "last_update"), U256(state.last_update));
        facts_.add(market_fact(market, "fee"), state.fee);
    }

    void take_rates(std::span<const Reply> replies) {
        for (std::size_t k = 0; k < rated_.size(); ++k) add(market_fact(markets_[rated_[k]], "rate"), "borrowRateView", replies[k]);
    }

    void add_price(const std::string& prefix, const Reply& reply) { add(prefix + "price", "price", reply); }

    /// The value, or the words in which the contract refuses it: then only the accounts that need it are unknown.
    void add(const std::string& name, const char* what, const Reply& reply) {
        const Result<U256> value = decoded(reply, what, u256_value);
        if (value)
            facts_.add(name, *value);
        else
            facts_.add(name + "_refused", text_fact(value.error().message));
    }

    FactsPtr config_;
    model::BlockRef block_;
    /// Those that logs named and the configuration has not.
    std::vector<Bytes32> found_;
    std::vector<FoundPreLiquidation> made_;
    Address morpho_;
    /// Parallel to their parameters; those that were found come last.
    std::vector<Bytes32> markets_;
    std::vector<MarketParams> params_;
    std::vector<std::size_t> rated_;
    /// Parallel to their oracles.
    std::vector<Address> contracts_;
    std::vector<Address> oracles_;
    model::FactsBuilder facts_{std::string(venue_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block, const Found& found) {
    return std::make_unique<VenueReading>(std::move(config), block, found);
}

}  // namespace margind::adapters::protocols::morpho_blue
