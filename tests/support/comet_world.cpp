// A comet of the local chain.
#include "tests/support/comet_world.hpp"

#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace margind::tests {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using model::U256;
using nlohmann::json;

namespace {

std::unique_ptr<adapters::Adapter> adapter_of(const ChainProcess& chain, const std::string& base) {
    const auto all = adapters::all_protocols();
    const auto compound = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "compound_v3"; });
    config::Venue settings;
    settings.id = {"compound_v3", {chain.ready().at("chain_id").get<std::uint64_t>()}, base};
    settings.addresses["comet"] = chain.address("/compound/" + base + "/comet");
    auto made = compound->make(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
}

}  // namespace

CometWorld::CometWorld(const ChainProcess& on, const std::string& token)
    : chain(on), base(token), comet(on.address("/compound/" + token + "/comet")), assets(chain_assets(on)), road(on, adapter_of(on, token)) {}

json CometWorld::verb(const std::string& name, const std::string& fields) const {
    json arguments = json::parse(fields);
    arguments["comet"] = base;
    return chain.verb(name, arguments);
}

void CometWorld::set_price(const std::string& symbol, const U256& answer, std::int64_t at) const {
    verb("compound_set_price",
         R"({"asset": ")" + symbol + R"(", "answer": ")" + answer.to_decimal() + "\"" + (at == 0 ? "" : ", \"at\": " + std::to_string(at)) + "}");
}

std::vector<CometAccount> CometWorld::random_accounts(int seed, int count) {
    const json made = verb("random_compound", R"({"seed": )" + std::to_string(seed) + R"(, "count": )" + std::to_string(count) + "}");
    std::vector<CometAccount> accounts;
    std::vector<Address> owners;
    for (const json& one : made.at("accounts")) {
        accounts.push_back({Address::parse(one.at("user").get<std::string>()).value(), one.at("kind").get<std::string>(), nullptr});
        owners.push_back(accounts.back().owner);
    }
    const BlockRef block = chain.head();
    const auto readings = road.accounts(road.venue(block), owners, block);
    for (std::size_t i = 0; i < accounts.size(); ++i)
        if (!readings[i].value().empty()) accounts[i].facts = readings[i]->front().facts;
    std::erase_if(accounts, [](const CometAccount& one) { return !one.facts; });
    return accounts;
}

std::unique_ptr<model::PreparedAccount> CometWorld::prepare(const FactsPtr& venue, const CometAccount& account) const {
    auto prepared = road.adapter().rule().prepare(*venue, *account.facts, assets);
    if (!prepared) throw std::runtime_error(prepared.error().message);
    return std::move(*prepared);
}

std::vector<U256> CometWorld::views(const Address& owner, const BlockRef& block) const {
    std::vector<U256> words;
    for (const char* view : {"balanceOf(address)", "borrowBalanceOf(address)", "isLiquidatable(address)", "isBorrowCollateralized(address)"})
        words.push_back(words_of(chain.call(comet, call_data(view, {word_of(owner)}), block.hash.to_string())).at(0));
    return words;
}

bool CometWorld::absorbs(const Address& owner, const BlockRef& block) const {
    try {
        chain.call(comet, call_data("absorb(address,address[])", {word_of(owner), U256(64), U256(1), word_of(owner)}), block.hash.to_string());
        return true;
    } catch (const std::runtime_error& error) {
        const model::Bytes32 hash = model::keccak256(std::string_view("NotLiquidatable()"));
        EXPECT_NE(std::string(error.what()).find(model::to_hex(std::span(hash.bytes).first(4))), std::string::npos) << error.what();
        return false;
    }
}

}  // namespace margind::tests
