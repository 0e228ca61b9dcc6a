// The local chain with Morpho Blue on it.
#include "tests/support/morpho_world.hpp"

#include "risk/model/keccak.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace margind::tests {

using model::Address;
using model::BlockRef;
using model::Bytes;
using model::Bytes32;
using model::FactsPtr;
using model::U256;
using nlohmann::json;

namespace {

U256 word(const Bytes32& bytes) { return U256::from_big_endian(bytes.bytes); }

std::vector<MorphoMarket> markets_of(const ChainProcess& chain) {
    std::vector<MorphoMarket> markets;
    const json& described = chain.ready().at("addresses").at("morpho");
    for (const auto& [name, one] : described.at("markets").items()) {
        MorphoMarket market;
        market.name = name;
        market.id = Bytes32::parse(one.at("id").get<std::string>()).value();
        market.collateral = one.at("collateral").get<std::string>();
        market.loan = one.at("loan").get<std::string>();
        market.oracle = Address::parse(one.at("oracle").get<std::string>()).value();
        market.params = words_of(chain.call(chain.address("/morpho/morpho"), call_data("idToMarketParams(bytes32)", {word(market.id)})));
        if (described.at("pre_liquidations").contains(name))
            market.pre_liquidation = Address::parse(described.at("pre_liquidations").at(name).get<std::string>()).value();
        markets.push_back(std::move(market));
    }
    return markets;
}

std::unique_ptr<adapters::Adapter> adapter_of(const ChainProcess& chain, const std::vector<MorphoMarket>& markets) {
    const auto all = adapters::all_protocols();
    const auto morpho = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "morpho_blue"; });
    config::Venue settings;
    settings.id = {"morpho_blue", {chain.ready().at("chain_id").get<std::uint64_t>()}, ""};
    settings.addresses["morpho"] = chain.address("/morpho/morpho");
    settings.lists["pre_liquidations"] = {};
    settings.lists["pre_liquidation_factories"] = {};
    for (const MorphoMarket& market : markets) {
        settings.ids["markets"].push_back(market.id);
        if (!market.pre_liquidation.is_zero()) settings.lists["pre_liquidations"].push_back(market.pre_liquidation);
    }
    auto made = morpho->make(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
}

}  // namespace

MorphoWorld::MorphoWorld()
    : chain({"--with", "morpho"}), markets(markets_of(chain)), assets(chain_assets(chain)), road(chain, adapter_of(chain, markets)) {}

json MorphoWorld::verb(const std::string& name, const std::string& fields) const { return chain.verb(name, json::parse(fields)); }

std::string MorphoWorld::refusal(const std::string& name, const std::string& fields) const {
    try {
        verb(name, fields);
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

std::vector<Address> MorphoWorld::owners(int seed, int count, std::vector<std::string>& kinds) const {
    json arguments = json::object();
    arguments["seed"] = seed;
    arguments["count"] = count;
    const json made = chain.verb("random_morpho", arguments);
    std::vector<Address> owners;
    for (const json& one : made.at("accounts")) {
        owners.push_back(Address::parse(one.at("user").get<std::string>()).value());
        kinds.push_back(one.at("kind").get<std::string>());
    }
    return owners;
}

std::vector<MorphoAccount> MorphoWorld::accounts_of(const std::vector<Address>& owners, const std::vector<std::string>& kinds, const FactsPtr& venue,
                                                    const BlockRef& block) {
    std::vector<MorphoAccount> accounts;
    const auto readings = road.accounts(venue, owners, block);
    for (std::size_t i = 0; i < owners.size(); ++i) {
        if (!readings[i]) throw std::runtime_error(readings[i].error().message);
        for (const adapters::AccountReading& one : *readings[i]) {
            const auto market = std::find_if(markets.begin(), markets.end(), [&](const MorphoMarket& m) { return m.id.to_string() == one.sub; });
            if (market == markets.end()) throw std::runtime_error("an account in a market that was not configured: " + one.sub);
            if (!one.facts) throw std::runtime_error(owners[i].to_string() + ": " + one.reason);
            accounts.push_back({owners[i], kinds[i], &*market, one.facts, one.views});
        }
    }
    return accounts;
}

std::vector<MorphoAccount> MorphoWorld::random_accounts(int seed, int count) {
    std::vector<std::string> kinds;
    const std::vector<Address> all = owners(seed, count, kinds);
    const BlockRef block = chain.head();
    return accounts_of(all, kinds, road.venue(block), block);
}

const MorphoMarket& MorphoWorld::market(const std::string& name) const {
    const auto found = std::find_if(markets.begin(), markets.end(), [&](const MorphoMarket& one) { return one.name == name; });
    if (found == markets.end()) throw std::runtime_error("no market " + name);
    return *found;
}

std::unique_ptr<model::PreparedAccount> MorphoWorld::prepare(const FactsPtr& venue, const FactsPtr& account) const {
    auto prepared = road.adapter().rule().prepare(*venue, *account, assets);
    if (!prepared) throw std::runtime_error(prepared.error().message);
    return std::move(*prepared);
}

std::string MorphoWorld::call_refusal(const Address& to, const Bytes& data, const BlockRef& block) const {
    try {
        chain.call(to, data, block.hash.to_string());
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

std::optional<bool> MorphoWorld::liquidatable(const MorphoAccount& account, const BlockRef& block) const {
    // Words: the five parameters, borrower, seized assets, repaid shares, place and length of no data.
    std::vector<U256> words = account.market->params;
    for (const U256& more : {word_of(account.owner), U256(1), U256(), U256(9 * 32), U256()}) words.push_back(more);
    const Bytes data = call_data("liquidate((address,address,address,address,uint256),address,uint256,uint256,bytes)", words);
    const std::string why = call_refusal(chain.address("/morpho/morpho"), data, block);
    if (why.find("position is healthy") != std::string::npos) return false;
    const bool price = call_refusal(account.market->oracle, call_data("price()"), block).empty();
    return price ? std::optional<bool>(true) : std::nullopt;
}

std::optional<bool> MorphoWorld::pre_liquidatable(const MorphoAccount& account, const BlockRef& block) const {
    const Address& contract = account.market->pre_liquidation;
    if (contract.is_zero()) return false;
    const auto authorized =
        words_of(chain.call(chain.address("/morpho/morpho"), call_data("isAuthorized(address,address)", {word_of(account.owner), word_of(contract)}),
                            block.hash.to_string()));
    if (authorized.at(0).is_zero()) return false;
    const Bytes data = call_data("preLiquidate(address,uint256,uint256,bytes)", {word_of(account.owner), U256(1), U256(), U256(4 * 32), U256()});
    const std::string why = call_refusal(contract, data, block);
    for (const char* error : {"NotPreLiquidatablePosition()", "LiquidatablePosition()"}) {
        const Bytes32 hash = model::keccak256(std::string_view(error));
        const std::string selector = model::to_hex(std::span(hash.bytes).first(4));
        if (why.find(selector) != std::string::npos) return false;
    }
    return true;
}

U256 MorphoWorld::borrowed_after_accrual(const MorphoAccount& account, const BlockRef& block) const {
    const std::string before = chain.verb("snapshot").at("id").get<std::string>();
    json arguments = json::object();
    arguments["market"] = account.market->name;
    arguments["at"] = block.time;
    chain.verb("morpho_accrue", arguments);
    const Address morpho = chain.address("/morpho/morpho");
    const auto market = words_of(chain.call(morpho, call_data("market(bytes32)", {word(account.market->id)})));
    const auto position = words_of(chain.call(morpho, call_data("position(bytes32,address)", {word(account.market->id), word_of(account.owner)})));
    arguments = json::object();
    arguments["id"] = before;
    chain.verb("revert", arguments);
    return *model::mul_div(position.at(1), *model::checked_add(market.at(2), U256(1)), *model::checked_add(market.at(3), U256(1'000'000)),
                           model::Rounding::up);
}

void MorphoWorld::replace_oracle(const Address& oracle, const std::optional<U256>& price) const {
    // PUSH32 price, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN; or PUSH1 0, PUSH1 0, REVERT.
    std::string code = "0x60006000fd";
    if (price) code = "0x7f" + model::to_hex(price->to_big_endian()).substr(2) + "60005260206000f3";
    json params = json::array();
    params.push_back(oracle.to_string());
    params.push_back(code);
    chain.rpc("anvil_setCode", params);
}

model::I256 figure(const std::vector<model::NativeFigure>& figures, const std::string& name) {
    for (const model::NativeFigure& one : figures)
        if (one.name == name) return one.value;
    throw std::runtime_error("there is no figure " + name);
}

bool has_figure(const std::vector<model::NativeFigure>& figures, const std::string& name) {
    return std::any_of(figures.begin(), figures.end(), [&](const auto& one) { return one.name == name; });
}

}  // namespace margind::tests
