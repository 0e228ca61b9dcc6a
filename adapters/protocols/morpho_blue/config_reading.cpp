// Reads what never changes: a market's parameters and its tokens' decimals, a pre-liquidation contract's parameters.
#include "adapters/protocols/morpho_blue/calls.hpp"
#include "adapters/protocols/morpho_blue/facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace margind::adapters::protocols::morpho_blue {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function domain_separator("DOMAIN_SEPARATOR()");
const evm::Function id_to_market_params("idToMarketParams(bytes32)");
const evm::Function decimals_of("decimals()");
const evm::Function morpho_of("MORPHO()");
const evm::Function market_of("ID()");
const evm::Function pre_liquidation_params("preLiquidationParams()");

/// In the order of the struct; the oracle follows.
constexpr std::array<std::string_view, 5> pre_liquidation_fields{"pre_lltv", "close_factor_1", "close_factor_2", "incentive_1", "incentive_2"};
constexpr std::size_t requests_per_pre_liquidation = 3;

struct PreLiquidationParams {
    std::array<U256, pre_liquidation_fields.size()> values;
    Address oracle;
};

template <class T>
std::vector<T> sorted(std::vector<T> list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
}

/// What Morpho signs by: it tells the contract and the chain.
Bytes32 domain_of(model::ChainId chain, const Address& morpho) {
    const Bytes32 type = model::keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");
    return model::keccak256(evm::AbiWriter().bytes32(type).u256(U256(chain.value)).address(morpho).encoded());
}

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(Scope scope) : scope_(std::move(scope)) {
        scope_.markets = sorted(std::move(scope_.markets));
        scope_.pre_liquidations = sorted(std::move(scope_.pre_liquidations));
    }

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Result<std::vector<Request>> requests = step(number, replies);
        // A revert here means that the address is some other contract.
        if (!requests && requests.error().code == ErrorCode::reverted)
            return fail(ErrorCode::decode, scope_.morpho.to_string() + " is no Morpho Blue: " + requests.error().message);
        return requests;
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<std::vector<Request>> step(unsigned number, std::span<const Reply> replies) {
        switch (number) {
            case 0: return ask();
            case 1: return take(replies);
            case 2: return take_decimals(replies);
            default: return std::vector<Request>{};
        }
    }

    std::vector<Request> ask() const {
        std::vector<Request> requests{Code{scope_.morpho}, call_of(scope_.morpho, domain_separator)};
        for (const Bytes32& market : scope_.markets) requests.push_back(call_of(scope_.morpho, id_to_market_params, evm::AbiWriter().bytes32(market)));
        for (const Address& contract : scope_.pre_liquidations)
            for (const evm::Function* function : {&morpho_of, &market_of, &pre_liquidation_params}) requests.push_back(call_of(contract, *function));
        return requests;
    }

    Result<std::vector<Request>> take(std::span<const Reply> replies) {
        const Result<model::Bytes> code = reply_bytes(replies[0]);
        if (!code) return fail(code.error());
        if (code->empty()) return fail(ErrorCode::no_code, "morpho " + scope_.morpho.to_string() + " holds no contract");
        const Result<Bytes32> domain = decoded(replies[1], "DOMAIN_SEPARATOR", bytes32_value);
        if (!domain) return fail(domain.error());
        if (*domain != domain_of(scope_.chain, scope_.morpho))
            return fail(ErrorCode::decode, scope_.morpho.to_string() + " is no Morpho Blue of chain " + std::to_string(scope_.chain.value) + ": its domain is another's");
        facts_.add("morpho", scope_.morpho);
        facts_.add("markets", joined(scope_.markets));
        facts_.add("pre_liquidations", joined(scope_.pre_liquidations));
        replies = replies.subspan(2);
        std::vector<Request> requests;
        for (const Bytes32& market : scope_.markets) {
            const Result<MarketParams> params = decoded(replies.front(), "idToMarketParams", read_market_params);
            if (!params) return fail(params.error());
            if (id_of(*params) != market)
                return fail(ErrorCode::decode, "morpho " + scope_.morpho.to_string() + " has no market " + market.to_string());
            add_market(market, *params);
            requests.push_back(call_of(params->loan_token, decimals_of));
            requests.push_back(call_of(params->collateral_token, decimals_of));
            replies = replies.subspan(1);
        }
        for (const Address& contract : scope_.pre_liquidations) {
            const Result<void> good = take_pre_liquidation(contract, replies.first(requests_per_pre_liquidation));
            if (!good) return fail(good.error());
            replies = replies.subspan(requests_per_pre_liquidation);
        }
        return requests;
    }

    void add_market(const Bytes32& market, const MarketParams& params) {
        facts_.add(market_fact(market, "loan_token"), params.loan_token);
        facts_.add(market_fact(market, "collateral_token"), params.collateral_token);
        facts_.add(market_fact(market, "oracle"), params.oracle);
        facts_.add(market_fact(market, "irm"), params.irm);
        facts_.add(market_fact(market, "lltv"), params.lltv);
    }

    Result<void> take_pre_liquidation(const Address& contract, std::span<const Reply> replies) {
        const std::string name = "pre-liquidation " + contract.to_string();
        const Result<Address> morpho = decoded(replies[0], name + " MORPHO", address_value);
        const Result<Bytes32> market = decoded(replies[1], name + " ID", bytes32_value);
        const Result<PreLiquidationParams> params = decoded(replies[2], name + " preLiquidationParams", [](evm::AbiReader& reader) {
            PreLiquidationParams read;
            for (U256& value : read.values) value = reader.u256();
            read.oracle = reader.address();
            return read;
        });
        if (!morpho) return fail(morpho.error());
        if (!market) return fail(market.error());
        if (!params) return fail(params.error());
        if (*morpho != scope_.morpho) return fail(ErrorCode::decode, name + " belongs to morpho " + morpho->to_string());
        facts_.add(pre_liquidation_fact(contract, "market"), *market);
        for (std::size_t i = 0; i < pre_liquidation_fields.size(); ++i)
            facts_.add(pre_liquidation_fact(contract, pre_liquidation_fields[i]), params->values[i]);
        facts_.add(pre_liquidation_fact(contract, "oracle"), params->oracle);
        return {};
    }

    /// A token that does not tell its decimals makes the accounts of its markets unknown, and nothing else.
    Result<std::vector<Request>> take_decimals(std::span<const Reply> replies) {
        for (std::size_t i = 0; i < scope_.markets.size(); ++i) {
            for (const auto& [k, field] : {std::pair{std::size_t{0}, "loan_decimals"}, std::pair{std::size_t{1}, "collateral_decimals"}}) {
                const Result<U256> decimals = decoded(replies[2 * i + k], field, u256_value);
                if (decimals && *decimals <= U256(model::max_decimals))
                    facts_.add(market_fact(scope_.markets[i], field), *decimals);
                else
                    facts_.add(market_fact(scope_.markets[i], std::string(field) + "_refused"),
                               text_fact(decimals ? "decimals() is " + decimals->to_decimal() : decimals.error().message));
            }
        }
        return std::vector<Request>{};
    }

    Scope scope_;
    model::FactsBuilder facts_{std::string(config_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(Scope scope) { return std::make_unique<ConfigReading>(std::move(scope)); }

}  // namespace margind::adapters::protocols::morpho_blue
