// Perp V2 with three collaterals at once, of 6, 8 and 18 decimals and with ratios of their own, against the real contracts: the third
// one is added by the owner, as governance would.
#include "adapters/protocols/perp_v2/protocol.hpp"
#include "tests/support/aave_truth.hpp"
#include "tests/support/perp_world.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::U256;
using nlohmann::json;

std::unique_ptr<adapters::Adapter> adapter_of(const PerpWorld& world) {
    config::Venue settings;
    settings.id = world.adapter().venue();
    settings.addresses["clearing_house"] = world.chain.address("/perp/clearing_house");
    for (const char* market : {"ETH", "BTC"}) settings.lists["base_tokens"].push_back(world.base_token(market));
    for (const char* token : {"WETH", "WBTC"})
        settings.lists["collateral_tokens"].push_back(world.chain.address(std::string("/tokens/") + token + "/address"));
    auto made = adapters::protocols::perp_v2::protocol().make(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
}

TEST(PerpCollaterals, of_three_kinds_equal_the_contracts_in_every_state) {
    PerpWorld world;
    const Address btc = world.chain.address("/tokens/WBTC/address");
    // 85 % of its price counts, and a buyer has it 6 % cheaper.
    const model::Bytes add =
        call_data("addCollateral(address,(address,uint24,uint24,uint256))",
                  {word_of(btc), word_of(world.chain.address("/perp/dispatchers/BTC")), U256(850'000), U256(60'000), U256(100'000'000'000'000)});
    json params = json::array();
    params.push_back(object({{"from", world.role("owner").to_string()}, {"to", world.chain.address("/perp/collateral_manager").to_string()},
                             {"data", model::to_hex(add)}, {"gas", "0x989680"}}));
    ASSERT_EQ(world.chain.rpc("eth_sendTransactionSync", params).at("status"), "0x1");
    // An account with a token off the list is not taken for one without it.
    VenueRoad road(world.chain, adapter_of(world));
    std::vector<Address> owners;
    for (unsigned i = 0; i < 24; ++i) {
        Address owner;
        owner.bytes[0] = std::byte{0xc0};
        owner.bytes[19] = std::byte(i + 1);
        owners.push_back(owner);
        const std::string user = owner.to_string();
        const auto deposit = [&](const char* asset, const std::string& amount) {
            world.chain.verb("perp_deposit", object({{"user", user}, {"asset", asset}, {"amount", amount}}));
        };
        deposit("WBTC", "0." + std::to_string(101'234 + i * 37'919));
        if (i % 3 != 0) deposit("WETH", std::to_string(1 + i) + ".000000000000000" + std::to_string(100 + i));
        if (i % 4 == 0) deposit("USDC", std::to_string(500 + i * 211));
        // What counts of it in dollars, 2.5 to 6.5 times.
        const unsigned counted = (101'234 + i * 37'919) * 51 / 1'000 + (i % 3 != 0 ? (1 + i) * 2'100 : 0) + (i % 4 == 0 ? 500 + i * 211 : 0);
        const unsigned quote = counted * (25 + i % 5 * 10) / 10;
        world.chain.verb(
            "perp_open",
            object(
                {{"user", user}, {"market", i % 2 == 0 ? "ETH" : "BTC"}, {"side", i % 5 < 3 ? "long" : "short"}, {"quote", std::to_string(quote)}}));
    }
    int figures = 0;
    int for_sale = 0;
    int liquidatable = 0;
    int sold = 0;
    const auto check = [&](const std::string& what) {
        const BlockRef block = world.chain.head();
        const auto venue = road.venue(block);
        const auto readings = road.single_accounts(venue, owners, block);
        for (std::size_t i = 0; i < owners.size(); ++i) {
            ASSERT_TRUE(readings[i]) << readings[i].error().message;
            const auto prepared = road.adapter().rule().prepare(*venue, *readings[i]->facts, world.assets);
            ASSERT_TRUE(prepared) << prepared.error().message;
            const auto chain = world.views(owners[i], block);
            EXPECT_EQ(differences((*prepared)->native((*prepared)->current()).value(), chain), std::vector<std::string>{}) << what << ", " << i;
            EXPECT_EQ((*prepared)->at((*prepared)->current())->liquidatable, world.liquidatable(owners[i], block)) << what << ", " << i;
            figures += static_cast<int>(chain.size());
            for_sale += !named(chain, "Vault.isLiquidatable").value.is_zero();
            liquidatable += !named(chain, "ClearingHouse.isLiquidatable").value.is_zero();
        }
    };
    check("as opened");
    const auto move = [&](const char* verb, const json& fields) {
        world.chain.verb(verb, fields);
        check(verb + fields.dump());
    };
    move("warp", object({{"seconds", 86'400}, {"refresh", true}}));
    move("move_market", object({{"asset", "BTC"}, {"price", "50000"}}));
    move("move_market", object({{"asset", "ETH"}, {"price", "2200"}}));
    // What can be bought of the third collateral is bought.
    for (const Address& owner : owners) {
        if (named(world.views(owner, world.chain.head()), "Vault.isLiquidatable").value.is_zero()) continue;
        try {
            world.chain.verb("perp_liquidate_collateral", object({{"user", owner.to_string()}, {"asset", "WBTC"}, {"amount", "max"}}));
            ++sold;
        } catch (const std::runtime_error&) {
        }
    }
    check("after sales");
    move("move_market", object({{"asset", "ETH"}, {"price", "3600"}}));
    // Its market closes; what backs the accounts stays.
    move("perp_market", object({{"market", "BTC"}, {"action", "pause"}}));
    move("warp", object({{"seconds", 40'000}, {"refresh", true}}));
    move("perp_market", object({{"market", "BTC"}, {"action", "close"}, {"price", "47123.456789"}}));
    std::cout << "perp_v2 with three collaterals: " << figures << " figures compared, " << liquidatable << " times liquidatable, " << for_sale
              << " times with collateral for sale, " << sold << " sold\n";
    EXPECT_GE(figures, 1'000);
    EXPECT_GT(for_sale, 5);
    EXPECT_GT(sold, 2);

    // The adapter that knows of WETH alone refuses by name.
    const BlockRef block = world.chain.head();
    const auto unlisted = world.prepared(owners[0], block);
    ASSERT_FALSE(unlisted);
    EXPECT_NE(unlisted.error().message.find(btc.to_string()), std::string::npos) << unlisted.error().message;
}

}  // namespace
}  // namespace margind::tests
