// Reads what seldom changes: the pool, its revision, its oracle, its reserves and their e-mode categories.
#include "adapters/protocols/aave_v3/calls.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/line.hpp"
#include "adapters/protocols/aave_v3/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <set>

namespace margind::adapters::protocols::aave_v3 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function get_pool("getPool()");
const evm::Function get_price_oracle("getPriceOracle()");
const evm::Function get_price_oracle_sentinel("getPriceOracleSentinel()");
const evm::Function pool_revision("POOL_REVISION()");
const evm::Function get_reserves_list("getReservesList()");
const evm::Function get_reserve_data("getReserveData(address)");
const evm::Function get_emode_category_data("getEModeCategoryData(uint8)");
const evm::Function get_emode_shares("getEModeCategoryCollateralConfig(uint8)");
const evm::Function base_currency("BASE_CURRENCY()");
const evm::Function base_currency_unit("BASE_CURRENCY_UNIT()");

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    ConfigReading(const Address& provider, std::optional<Line> line) : provider_(provider), line_(line) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Result<std::vector<Request>> requests = step(number, replies);
        // A revert here means that the address is some other contract.
        if (!requests && requests.error().code == ErrorCode::reverted)
            return fail(ErrorCode::decode, provider_.to_string() + " is no Aave V3 addresses provider: " + requests.error().message);
        return requests;
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<std::vector<Request>> step(unsigned number, std::span<const Reply> replies) {
        switch (number) {
            case 0:
                return std::vector<Request>{Code{provider_}, call_of(provider_, get_pool), call_of(provider_, get_price_oracle),
                                            call_of(provider_, get_price_oracle_sentinel)};
            case 1: return contracts(replies);
            case 2: return pool(replies);
            case 3: return reserves(replies);
            case 4: return categories(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<std::vector<Request>> contracts(std::span<const Reply> replies) {
        const Result<model::Bytes> code = reply_bytes(replies[0]);
        if (!code) return fail(code.error());
        if (code->empty()) return fail(ErrorCode::no_code, "addresses_provider " + provider_.to_string() + " holds no contract");
        const Result<Address> pool = decoded(replies[1], "getPool", address_value);
        const Result<Address> oracle = decoded(replies[2], "getPriceOracle", address_value);
        const Result<Address> sentinel = decoded(replies[3], "getPriceOracleSentinel", address_value);
        for (const Result<Address>* address : {&pool, &oracle, &sentinel})
            if (!*address) return fail(address->error());
        if (pool->is_zero() || oracle->is_zero())
            return fail(ErrorCode::decode, "addresses_provider " + provider_.to_string() + " names no pool or no oracle");
        pool_ = *pool;
        facts_.add("addresses_provider", provider_);
        facts_.add("pool", *pool);
        facts_.add("oracle", *oracle);
        facts_.add("sentinel", *sentinel);
        return std::vector<Request>{call_of(*pool, pool_revision), call_of(*pool, get_reserves_list), call_of(*oracle, base_currency),
                                    call_of(*oracle, base_currency_unit)};
    }

    Result<std::vector<Request>> pool(std::span<const Reply> replies) {
        const Result<U256> revision = decoded(replies[0], "POOL_REVISION", u256_value);
        const Result<Address> currency = decoded(replies[2], "BASE_CURRENCY", address_value);
        const Result<U256> unit = decoded(replies[3], "BASE_CURRENCY_UNIT", u256_value);
        if (!revision) return fail(revision.error());
        if (!currency) return fail(currency.error());
        if (!unit) return fail(unit.error());
        facts_.add("revision", *revision);
        facts_.add("base_currency", *currency);
        facts_.add("base_unit", *unit);
        if (!line_) line_ = line_of_revision(*revision);
        if (!line_) return std::vector<Request>{};
        facts_.add("line", line_fact(*line_));
        Result<std::vector<Address>> list = decoded(replies[1], "getReservesList", [](evm::AbiReader& reader) {
            return reader.array(max_reserves, [](evm::AbiReader& item) { return item.address(); });
        });
        if (!list) return fail(list.error());
        assets_ = std::move(*list);
        std::vector<Request> requests;
        for (const Address& asset : assets_) requests.push_back(call_of(pool_, get_reserve_data, evm::AbiWriter().address(asset)));
        return requests;
    }

    Result<std::vector<Request>> reserves(std::span<const Reply> replies) {
        U256 listed;
        for (std::size_t i = 0; i < assets_.size(); ++i) {
            const Result<ReserveData> data = decoded(replies[i], "getReserveData of " + assets_[i].to_string(), read_reserve_data);
            if (!data) return fail(data.error());
            if (data->id >= max_reserves)
                return fail(ErrorCode::decode, "reserve " + assets_[i].to_string() + " has id " + std::to_string(data->id));
            listed = with_bit(listed, data->id);
            facts_.add(reserve_fact(data->id, "asset"), assets_[i]);
            facts_.add(reserve_fact(data->id, "a_token"), data->a_token);
            facts_.add(reserve_fact(data->id, "variable_debt_token"), data->variable_debt_token);
            if (*line_ != Line::v3_0) continue;
            facts_.add(reserve_fact(data->id, "stable_debt_token"), data->stable_debt_token);
            const auto category = bit_field(data->configuration, configuration_bits::emode_category);
            if (category != 0) categories_.insert(static_cast<unsigned>(category));
        }
        facts_.add("listed", listed);
        std::vector<Request> requests;
        if (*line_ == Line::v3_6) {
            // Nothing lists them.
            for (unsigned category = 1; category < max_categories; ++category)
                requests.push_back(call_of(pool_, get_emode_shares, evm::AbiWriter().u256(U256(category))));
            return requests;
        }
        for (const unsigned category : categories_)
            requests.push_back(call_of(pool_, get_emode_category_data, evm::AbiWriter().u256(U256(category))));
        return requests;
    }

    Result<std::vector<Request>> categories(std::span<const Reply> replies) {
        if (!line_) return std::vector<Request>{};
        if (*line_ == Line::v3_6) return categories_36(replies);
        std::size_t i = 0;
        for (const unsigned category : categories_) {
            const Result<EModeData> data =
                decoded(replies[i++], "getEModeCategoryData of " + std::to_string(category), read_emode_data);
            if (!data) return fail(data.error());
            facts_.add(emode_fact(category, "price_source"), data->price_source);
        }
        return std::vector<Request>{};
    }

    Result<std::vector<Request>> categories_36(std::span<const Reply> replies) {
        U256 listed;
        for (unsigned category = 1; category < max_categories; ++category) {
            const Result<EModeShares> shares = decoded(
                replies[category - 1], [category] { return "getEModeCategoryCollateralConfig of " + std::to_string(category); }, read_emode_shares);
            if (!shares) return fail(shares.error());
            // The configurator gives every category a threshold.
            if (shares->liquidation_threshold != 0) listed = with_bit(listed, category);
        }
        facts_.add("emodes", listed);
        return std::vector<Request>{};
    }

    Address provider_;
    /// Of the pool; empty until it is read, where it is not given.
    std::optional<Line> line_;
    Address pool_;
    std::vector<Address> assets_;
    std::set<unsigned> categories_;
    model::FactsBuilder facts_{std::string(config_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Address& addresses_provider, std::optional<Line> line) {
    return std::make_unique<ConfigReading>(addresses_provider, line);
}

}  // namespace margind::adapters::protocols::aave_v3
