// Lyra Avalon on a local chain.
#include "tests/support/lyra_world.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace margind::tests {

using model::Address;
using model::BlockRef;
using model::U256;
using nlohmann::json;

namespace {

json json_object(std::initializer_list<std::pair<const char*, json>> fields) {
    json out = json::object();
    for (const auto& [name, value] : fields) out[name] = value;
    return out;
}

VenueRoad lyra_road(const ChainProcess& chain) {
    const auto all = adapters::all_protocols();
    const auto lyra = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "lyra_avalon"; });
    config::Venue settings;
    settings.id = {"lyra_avalon", {chain.ready().at("chain_id").get<std::uint64_t>()}, ""};
    settings.addresses["option_market_viewer"] = chain.address("/lyra/option_market_viewer");
    return VenueRoad(chain, *lyra->make(std::move(settings)));
}


}  // namespace

LyraWorld::LyraWorld(const std::vector<std::string>& options) : chain_(options), road_(lyra_road(chain_)), assets_(chain_assets(chain_)) {
    const model::ChainId chain{chain_.ready().at("chain_id").get<std::uint64_t>()};
    assets_.add({chain, chain_.address("/lyra/quote"), {"USD"}, "sUSD"});
    for (const std::string& market : markets()) assets_.add({chain, contract(market, "base"), {market}, "s" + market});
}

json LyraWorld::verb(const char* name, std::initializer_list<std::pair<const char*, json>> fields) const {
    return chain_.verb(name, json_object(fields));
}

Address LyraWorld::contract(const std::string& market, const char* name) const { return chain_.address("/lyra/markets/" + market + "/" + name); }

std::vector<Address> LyraWorld::make_accounts(int seed, int count) {
    const json made = verb("random_lyra", {{"seed", seed}, {"count", count}});
    std::vector<Address> owners;
    for (const json& one : made.at("accounts")) {
        owners.push_back(Address::parse(one.at("user").get<std::string>()).value());
        if (one.contains("moved_to")) owners.push_back(Address::parse(one.at("moved_to").get<std::string>()).value());
    }
    return owners;
}

std::optional<std::vector<U256>> LyraWorld::ask(const Address& to, const char* signature, const std::vector<U256>& words,
                                                   const BlockRef& block) const {
    try {
        return words_of(chain_.call(to, call_data(signature, words), block.hash.to_string()));
    } catch (const std::runtime_error& error) {
        if (std::string(error.what()).find("\"code\":3") == std::string::npos) throw;
        return std::nullopt;
    }
}

std::vector<LyraPosition> LyraWorld::positions_of(const Address& owner, const BlockRef& block) const {
    std::vector<LyraPosition> all;
    for (const std::string& market : markets()) {
        const std::vector<U256> words = ask(contract(market, "option_token"), "getOwnerPositions(address)", {word_of(owner)}, block).value();
        for (std::size_t at = 2; at + 6 <= words.size(); at += 6) {
            LyraPosition position;
            position.market = market;
            position.owner = owner;
            position.id = words[at];
            position.strike = words[at + 1];
            position.type = *words[at + 2].to_u64();
            position.amount = words[at + 3];
            position.collateral = words[at + 4];
            const std::vector<U256> terms = ask(contract(market, "option_market"), "getStrikeAndBoard(uint256)", {position.strike}, block).value();
            position.strike_price = terms.at(1);
            position.board = terms.at(8);
            position.expiry = terms.at(11);
            all.push_back(std::move(position));
        }
    }
    return all;
}

std::vector<HeldOption> LyraWorld::read(const model::FactsPtr& venue, const std::vector<Address>& owners, const BlockRef& block) {
    const auto readings = road_.accounts(venue, owners, block);
    std::vector<HeldOption> held;
    for (std::size_t i = 0; i < owners.size(); ++i) {
        if (!readings[i]) {
            ADD_FAILURE() << readings[i].error().message;
            continue;
        }
        std::map<std::string, LyraPosition> listed;
        for (LyraPosition& position : positions_of(owners[i], block)) listed[position.sub()] = std::move(position);
        EXPECT_EQ(readings[i]->size(), listed.size()) << owners[i].to_string();
        for (const adapters::AccountReading& reading : *readings[i]) {
            const auto found = listed.find(reading.sub);
            EXPECT_TRUE(found != listed.end() && reading.facts) << reading.sub << ": " << reading.reason;
            if (found != listed.end() && reading.facts) held.push_back({found->second, reading.facts, reading.views});
        }
    }
    return held;
}

std::unique_ptr<model::PreparedAccount> LyraWorld::prepare(const model::FactsPtr& venue, const model::FactsPtr& account) const {
    auto prepared = road_.adapter().rule().prepare(*venue, *account, assets_);
    if (!prepared) {
        ADD_FAILURE() << prepared.error().message;
        return nullptr;
    }
    return *std::move(prepared);
}

U256 LyraWorld::spot(const std::string& market, const BlockRef& block) const {
    return ask(chain_.address("/lyra/synthetix_adapter"), "getSpotPriceForMarket(address)", {word_of(contract(market, "option_market"))}, block)
        .value()
        .at(0);
}

std::optional<U256> LyraWorld::min_collateral(const LyraPosition& position, const U256& spot, const BlockRef& block) const {
    const auto words = ask(contract(position.market, "greek_cache"), "getMinCollateral(uint8,uint256,uint256,uint256,uint256)",
                           {U256(position.type), position.strike_price, position.expiry, spot, position.amount}, block);
    return words ? std::optional<U256>(words->at(0)) : std::nullopt;
}

bool LyraWorld::can_liquidate(const LyraPosition& position, const U256& spot, const BlockRef& block) const {
    const auto words = ask(contract(position.market, "option_token"),
                           "canLiquidate((uint256,uint256,uint8,uint256,uint256,uint8),uint256,uint256,uint256)",
                           {position.id, position.strike, U256(position.type), position.amount, position.collateral, U256(1), position.expiry,
                            position.strike_price, spot},
                           block);
    return !words.value().at(0).is_zero();
}

std::optional<std::vector<U256>> LyraWorld::black_scholes(const U256& seconds, const U256& vol, const U256& spot, const U256& strike,
                                                          const U256& rate, const BlockRef& block) const {
    return ask(chain_.address("/lyra/test_black_scholes"), "pricesDeltaStdVega_pub((uint256,uint256,uint256,uint256,int256))",
               {seconds, vol, spot, strike, rate}, block);
}

std::string LyraWorld::liquidation_refusal(const LyraPosition& position, const BlockRef& block) const {
    const Address liquidator = Address::parse(chain_.ready().at("roles").at("liquidator").get<std::string>()).value();
    json call = json_object({{"from", liquidator.to_string()},
                             {"to", contract(position.market, "option_market").to_string()},
                             {"data", model::to_hex(call_data("liquidatePosition(uint256,address)", {position.id, word_of(liquidator)}))}});
    json params = json::array();
    params.push_back(std::move(call));
    params.push_back(json_object({{"blockHash", block.hash.to_string()}}));
    try {
        chain_.rpc("eth_call", params);
        return "";
    } catch (const std::runtime_error& error) {
        const std::string text = error.what();
        const std::size_t data = text.find("\"data\":\"0x");
        return data == std::string::npos ? text : text.substr(data + 8, 10);
    }
}

std::string selector_of(const char* error) { return model::keccak256(error).to_string().substr(0, 10); }

std::string not_liquidatable() {
    return selector_of("PositionNotLiquidatable(address,(uint256,uint256,uint8,uint256,uint256,uint8),uint256)");
}

}  // namespace margind::tests
