// Reads what never changes: a market's parameters and its tokens' decimals, a pre-liquidation contract's parameters.
#include "adapters/protocols/morpho_blue/calls.hpp"
#include "adapters/protocols/morpho_blue/facts.hpp"
#include "adapters/protocols/morpho_blue/market_facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "risk/model/keccak.hpp"

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

const evm::Function domain_separator("DOMAIN_SEPARATOR()");
const evm::Function id_to_market_params("idToMarketParams(bytes32)");
const evm::Function morpho_of("MORPHO()");
const evm::Function market_of("ID()");
const evm::Function pre_liquidation_params("preLiquidationParams()");

constexpr std::size_t requests_per_pre_liquidation = 3;

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
        for (const Bytes32& market : scope_.markets)
            requests.push_back(call_of(scope_.morpho, id_to_market_params, evm::AbiWriter().bytes32(market)));
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
            return fail(ErrorCode::decode, scope_.morpho.to_string() + " is no Morpho Blue of chain " + std::to_string(scope_.chain.value) +
                                               ": its domain is another's");
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
            add_market(facts_, market, *params);
            for (Request& request : decimals_calls(*params)) requests.push_back(std::move(request));
            replies = replies.subspan(1);
        }
        for (const Address& contract : scope_.pre_liquidations) {
            const Result<void> good = take_pre_liquidation(contract, replies.first(requests_per_pre_liquidation));
            if (!good) return fail(good.error());
            replies = replies.subspan(requests_per_pre_liquidation);
        }
        return requests;
    }

    Result<void> take_pre_liquidation(const Address& contract, std::span<const Reply> replies) {
        const std::string name = "pre-liquidation " + contract.to_string();
        const Result<Address> morpho = decoded(replies[0], name + " MORPHO", address_value);
        const Result<Bytes32> market = decoded(replies[1], name + " ID", bytes32_value);
        const Result<PreLiquidationParams> params = decoded(replies[2], name + " preLiquidationParams", read_pre_liquidation_params);
        if (!morpho) return fail(morpho.error());
        if (!market) return fail(market.error());
        if (!params) return fail(params.error());
        if (*morpho != scope_.morpho) return fail(ErrorCode::decode, name + " belongs to morpho " + morpho->to_string());
        add_pre_liquidation(facts_, contract, *market, *params);
        return {};
    }

    Result<std::vector<Request>> take_decimals(std::span<const Reply> replies) {
        for (std::size_t i = 0; i < scope_.markets.size(); ++i) add_decimals(facts_, scope_.markets[i], replies.subspan(2 * i, 2));
        return std::vector<Request>{};
    }

    Scope scope_;
    model::FactsBuilder facts_{std::string(config_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(Scope scope) { return std::make_unique<ConfigReading>(std::move(scope)); }

}  // namespace margind::adapters::protocols::morpho_blue
