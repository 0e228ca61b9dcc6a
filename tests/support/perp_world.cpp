// Asking both sides the same.
#include "tests/support/perp_world.hpp"

#include "adapters/protocols/perp_v2/protocol.hpp"

#include <algorithm>
#include <stdexcept>

namespace margind::tests {

using nlohmann::json;

namespace {

adapters::Reply answer_to(const ChainProcess& chain, const adapters::Request& request, const model::BlockRef& block) {
    using Content = std::variant<model::Bytes, std::vector<adapters::Log>>;
    if (const auto* code = std::get_if<adapters::Code>(&request)) {
        const json at = {{"blockHash", block.hash.to_string()}};
        const std::string text = chain.rpc("eth_getCode", json::array({code->address.to_string(), at}));
        return Content(model::bytes_from_hex(text).value());
    }
    const auto& call = std::get<adapters::Call>(request);
    try {
        return Content(chain.call(call.to, call.data, block.hash.to_string()));
    } catch (const std::runtime_error& error) {
        return model::fail(model::ErrorCode::reverted, error.what());
    }
}

}  // namespace

PerpWorld::PerpWorld(const std::vector<std::string>& markets) {
    const model::ChainId chain_id{chain.ready().at("chain_id").get<std::uint64_t>()};
    adapters::VenueSettings settings{{"perp_v2", chain_id, ""}, {}, {}};
    settings.addresses["clearing_house"] = chain.address("/perp/clearing_house");
    for (const std::string& market : markets) settings.lists["base_tokens"].push_back(base_token(market));
    const model::Address weth = chain.address("/tokens/WETH/address");
    settings.lists["collateral_tokens"] = {weth};
    auto made = adapters::protocols::perp_v2::protocol().make(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message);
    adapter = *std::move(made);

    assets.add({chain_id, chain.address("/tokens/USDC/address"), {"USDC"}, "USDC"});
    assets.add({chain_id, weth, {"ETH"}, "WETH"});
    assets.add({chain_id, base_token("ETH"), {"ETH"}, "vETH"});
    assets.add({chain_id, base_token("BTC"), {"BTC"}, "vBTC"});

    auto config = read(adapter->read_config(), chain.head());
    if (!config) throw std::runtime_error(config.error().message);
    config_ = *std::move(config);
}

model::Address PerpWorld::role(const std::string& name) const {
    return model::Address::parse(chain.ready().at("roles").at(name).get<std::string>()).value();
}

template <class T>
model::Result<T> PerpWorld::read(std::unique_ptr<adapters::Reading<T>> reading, const model::BlockRef& block) {
    std::vector<adapters::Request> requests = reading->next({});
    while (!requests.empty()) {
        std::vector<adapters::Reply> replies;
        for (const adapters::Request& request : requests) replies.push_back(answer_to(chain, request, block));
        requests = reading->next(replies);
    }
    return reading->result();
}

model::Result<model::FactsPtr> PerpWorld::venue(const model::BlockRef& block) {
    return read(adapter->read_venue(config_, block), block);
}

model::Result<adapters::AccountReading> PerpWorld::account(const model::FactsPtr& venue, const model::Address& owner,
                                                           const model::BlockRef& block) {
    return read(adapter->read_account(venue, owner, block), block);
}

model::Result<std::unique_ptr<model::PreparedAccount>> PerpWorld::prepared(const model::Address& owner,
                                                                           const model::BlockRef& block) {
    const auto venue_facts = venue(block);
    if (!venue_facts) return model::fail(venue_facts.error());
    const auto reading = account(*venue_facts, owner, block);
    if (!reading) return model::fail(reading.error());
    if (!reading->facts) return model::fail(model::ErrorCode::missing, owner.to_string() + " holds nothing");
    return adapter->rule().prepare(**venue_facts, *reading->facts, assets);
}

std::vector<model::U256> PerpWorld::ask(const std::string& contract, std::string_view signature,
                                        const model::Address& subject, const model::BlockRef& block) const {
    const model::Bytes data = call_data(signature, {word_of(subject)});
    return words_of(chain.call(chain.address("/perp/" + contract), data, block.hash.to_string()));
}

std::vector<model::NativeFigure> PerpWorld::views(const model::Address& owner, const model::BlockRef& block) const {
    const auto figure = [&](const char* contract, const char* signature) {
        return model::I256::from_word(ask(contract, signature, owner, block).at(0));
    };
    const model::I256 value = figure("clearing_house", "getAccountValue(address)");
    const model::I256 requirement = figure("account_balance", "getMarginRequirementForLiquidation(address)");
    return {{"Vault.getAccountValue", figure("vault", "getAccountValue(address)"), 6},
            {"ClearingHouse.getAccountValue", value, 18},
            {"AccountBalance.getMarginRequirementForLiquidation", requirement, 18},
            {"Vault.getFreeCollateral", figure("vault", "getFreeCollateral(address)"), 6},
            {"ClearingHouse.isLiquidatable", model::I256(value < requirement ? 1 : 0), 0},
            {"Vault.isLiquidatable", figure("vault", "isLiquidatable(address)"), 0}};
}

model::U256 PerpWorld::mark(const std::string& market, const model::BlockRef& block) const {
    return ask("account_balance", "getMarkPrice(address)", base_token(market), block).at(0);
}

std::string PerpWorld::liquidation_refusal(const model::Address& owner, const model::Address& base,
                                           const model::BlockRef& block) const {
    const model::Bytes data = call_data("liquidate(address,address)", {word_of(owner), word_of(base)});
    const json transaction = {{"from", role("liquidator").to_string()},
                              {"to", chain.address("/perp/clearing_house").to_string()},
                              {"data", model::to_hex(data)}};
    try {
        chain.rpc("eth_call", json::array({transaction, json{{"blockHash", block.hash.to_string()}}}));
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

std::vector<model::Address> PerpWorld::base_tokens_of(const model::Address& owner, const model::BlockRef& block) const {
    const std::vector<model::U256> words = ask("account_balance", "getBaseTokens(address)", owner, block);
    std::vector<model::Address> tokens;
    for (std::size_t i = 2; i < words.size(); ++i) {
        const auto bytes = words[i].to_big_endian();
        std::copy(bytes.begin() + 12, bytes.end(), tokens.emplace_back().bytes.begin());
    }
    return tokens;
}

std::vector<std::string> differences(const std::vector<model::NativeFigure>& ours,
                                     const std::vector<model::NativeFigure>& chain) {
    std::vector<std::string> lines;
    for (const model::NativeFigure& theirs : chain) {
        const model::NativeFigure& mine = named(ours, theirs.name);
        if (!(mine == theirs))
            lines.push_back(theirs.name + ": chain " + theirs.value.to_decimal() + ", ours " + mine.value.to_decimal());
    }
    return lines;
}

const model::NativeFigure& named(const std::vector<model::NativeFigure>& figures, const std::string& name) {
    const auto found =
        std::find_if(figures.begin(), figures.end(), [&](const model::NativeFigure& f) { return f.name == name; });
    if (found == figures.end()) throw std::runtime_error("no figure " + name);
    return *found;
}

}  // namespace margind::tests
