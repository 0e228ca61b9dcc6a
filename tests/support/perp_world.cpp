// Asking both sides the same.
#include "tests/support/perp_world.hpp"

#include "adapters/protocols/perp_v2/protocol.hpp"

#include <algorithm>
#include <random>
#include <span>
#include <stdexcept>

namespace margind::tests {

using nlohmann::json;

namespace {

model::ChainId chain_id(const ChainProcess& chain) { return {chain.ready().at("chain_id").get<std::uint64_t>()}; }

std::unique_ptr<adapters::Adapter> perp_adapter(const ChainProcess& chain, const std::vector<std::string>& markets) {
    config::Venue settings{{"perp_v2", chain_id(chain), ""}, {}, {}};
    settings.addresses["clearing_house"] = chain.address("/perp/clearing_house");
    for (const std::string& market : markets)
        settings.lists["base_tokens"].push_back(chain.address("/perp/base_tokens/" + market));
    settings.lists["collateral_tokens"] = {chain.address("/tokens/WETH/address")};
    auto made = adapters::protocols::perp_v2::protocol().make(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
}

}  // namespace

PerpWorld::PerpWorld(const std::vector<std::string>& markets)
    : assets(chain_assets(chain)), road(chain, perp_adapter(chain, markets)), config_(road.config(chain.head())) {
    for (const char* market : {"ETH", "BTC"})
        assets.add({chain_id(chain), base_token(market), {market}, std::string("v") + market});
}

model::Address PerpWorld::role(const std::string& name) const {
    return model::Address::parse(chain.ready().at("roles").at(name).get<std::string>()).value();
}

std::vector<model::Address> PerpWorld::weth_traders(std::uint64_t seed, std::size_t count) const {
    std::mt19937_64 random(seed);
    const auto between = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
    std::vector<model::Address> traders;
    for (std::size_t i = 0; i < count; ++i) {
        for (std::byte& b : traders.emplace_back().bytes) b = static_cast<std::byte>(between(0, 255));
        const std::string user = traders.back().to_string();
        // Up to 30 WETH at 3,000, counted at 70 %: some owe more than 10,000 before they owe too large a part of it.
        const std::uint64_t milli = between(500, 30'000);
        const std::uint64_t dollars = between(0, 2) == 0 ? between(50, 5'000) : 0;
        const std::string wei = std::to_string(milli) + std::string(15, '0');
        chain.verb("perp_deposit", {{"user", user}, {"asset", "WETH"}, {"amount_raw", wei}});
        if (dollars > 0) chain.verb("perp_deposit", {{"user", user}, {"asset", "USDC"}, {"amount", std::to_string(dollars)}});
        const bool both = between(0, 3) == 0;
        const std::uint64_t leverage_tenths = between(5, 70);
        const std::uint64_t quote = (milli * 21 / 10 + dollars) * leverage_tenths / (both ? 20 : 10);
        for (const char* market : {"ETH", "BTC"}) {
            if (!both && (i % 2 == 0) != (market[0] == 'B')) continue;
            const char* side = between(0, 1) == 0 ? "long" : "short";
            chain.verb("perp_open", {{"user", user}, {"market", market}, {"side", side}, {"quote", std::to_string(quote)}});
        }
    }
    return traders;
}

model::Result<adapters::AccountReading> PerpWorld::account(const model::FactsPtr& venue, const model::Address& owner,
                                                           const model::BlockRef& block) {
    return road.single_accounts(venue, std::span(&owner, 1), block).front();
}

model::Result<std::unique_ptr<model::PreparedAccount>> PerpWorld::prepared(const model::Address& owner,
                                                                           const model::BlockRef& block) {
    const auto venue_facts = venue(block);
    if (!venue_facts) return model::fail(venue_facts.error());
    const auto reading = account(*venue_facts, owner, block);
    if (!reading) return model::fail(reading.error());
    if (!reading->facts) return model::fail(model::ErrorCode::missing, owner.to_string() + " holds nothing");
    return adapter().rule().prepare(**venue_facts, *reading->facts, assets);
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
    return refusal(chain.address("/perp/clearing_house"),
                   call_data("liquidate(address,address)", {word_of(owner), word_of(base)}), block);
}

std::string PerpWorld::sale_refusal(const model::Address& owner, const model::BlockRef& block) const {
    const model::U256 weth = word_of(chain.address("/tokens/WETH/address"));
    return refusal(chain.address("/perp/vault"),
                   call_data("liquidateCollateral(address,address,uint256,bool)", {word_of(owner), weth, {}, {}}), block);
}

bool PerpWorld::liquidatable(const model::Address& owner, const model::BlockRef& block) const {
    const std::vector<model::NativeFigure> figures = views(owner, block);
    return !named(figures, "ClearingHouse.isLiquidatable").value.is_zero() ||
           !named(figures, "Vault.isLiquidatable").value.is_zero();
}

std::string PerpWorld::refusal(const model::Address& to, const model::Bytes& data, const model::BlockRef& block) const {
    const json transaction = {
        {"from", role("liquidator").to_string()}, {"to", to.to_string()}, {"data", model::to_hex(data)}};
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
