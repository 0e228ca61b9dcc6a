// Random accounts by the chain's own verbs.
#include "tests/bench/accounts.hpp"

#include "risk/model/text_form.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace margind::tests::bench {

using nlohmann::json;

std::vector<model::Address> make_accounts(const ChainProcess& chain, std::size_t count) {
    constexpr std::size_t at_once = 5'000;
    std::vector<model::Address> owners;
    for (int seed = 7; owners.size() < count; ++seed) {
        const json made = chain.verb("random_aave", {{"seed", seed}, {"count", std::min(at_once, count - owners.size())}});
        for (const json& row : made.at("accounts")) owners.push_back(model::Address::parse(row.at("user").get<std::string>()).value());
    }
    return owners;
}

void touch(const ChainProcess& chain, const std::vector<model::Address>& owners) {
    const std::string pool = chain.address("/aave/pool").to_string();
    // Mined one by one they would go on being mined beside what reads the head.
    chain.rpc("evm_setAutomine", {false});
    for (const model::Address& owner : owners) {
        chain.rpc("anvil_setBalance", {owner.to_string(), "0xde0b6b3a7640000"});
        chain.rpc("anvil_impersonateAccount", {owner.to_string()});
        const std::string data = model::to_hex(call_data("setUserEMode(uint8)", {model::U256(0)}));
        chain.rpc("eth_sendTransaction", json::array({{{"from", owner.to_string()}, {"to", pool}, {"gas", "0x7a120"}, {"data", data}}}));
    }
    chain.rpc("evm_mine");
    chain.rpc("evm_setAutomine", {true});
}

void move_price(const ChainProcess& chain, int dollars) {
    chain.verb("set_price", {{"asset", "ETH"}, {"price", std::to_string(dollars)}, {"keeper", false}});
}

}  // namespace margind::tests::bench
