// margind run with a wallet and tokens that grow, on a real chain: the venue that reads both comes by itself, its figures are the tokens' own,
// and they come back from the evaluation file and after a restart.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <map>

namespace margind::tests {
namespace {

using model::Address;
using model::U256;
using nlohmann::json;

class Wallets : public testing::Test {
protected:
    ChainProcess chain_{{"--with", "wallet"}};
    TempFolder folder_;

    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    json verb(const char* name, const char* fields) const { return chain_.verb(name, json::parse(fields)).at("block"); }
    std::string config() const { return config_text(chain_, {.owners = {user(0)}, .wallets = {user(1)}}); }

    U256 ask(const std::string& place, const char* signature, const std::vector<U256>& words = {}) const {
        return words_of(chain_.call(chain_.address(place), call_data(signature, words))).at(0);
    }
    U256 balance(const std::string& place) const { return ask(place, "balanceOf(address)", {word_of(Address::parse(user(1)).value())}); }

    /// Raw quantities by label, by the tokens' own views.
    std::map<std::string, std::string> held() const {
        const U256 shares = balance("/wallet/wstETH/address");
        const U256 rate = ask("/wallet/wstETH/address", "stEthPerToken()");
        return {{"WETH", balance("/tokens/WETH/address").to_decimal()},
                {"vUSDC", ask("/wallet/vUSDC/address", "convertToAssets(uint256)", {balance("/wallet/vUSDC/address")}).to_decimal()},
                {"wstETH", model::mul_div(shares, rate, U256::pow10(18), model::Rounding::down)->to_decimal()}};
    }
    static std::map<std::string, std::string> told(const json& portfolio) {
        std::map<std::string, std::string> quantities;
        for (const json& position : portfolio.at("wallets").at(0).at("positions"))
            quantities[position.at("label").get<std::string>()] = position.at("quantity").at("raw").get<std::string>();
        return quantities;
    }
};

TEST_F(Wallets, count_beside_the_book_by_their_tokens_rates) {
    verb("aave_supply", R"({"user": 0, "asset": "WETH", "amount": "10"})");
    verb("aave_borrow", R"({"user": 0, "asset": "USDC", "amount": "12000"})");
    verb("wallet_mint", R"({"user": 1, "asset": "WETH", "amount": "2"})");
    verb("wallet_deposit", R"({"user": 1, "vault": "vUSDC", "amount": "1000"})");
    const json block = verb("wallet_mint", R"({"user": 1, "asset": "wstETH", "amount": "3"})");
    double before = 0;
    {
        DaemonProcess daemon(folder_, config());
        daemon.await_block(block);
        const json first = daemon.get("/v1/portfolios/desk").body;
        EXPECT_EQ(told(first), held());
        // 2 ETH, 3 tokens of 1.2 ETH, 1,000 dollars.
        EXPECT_NEAR(first.at("wallets_usd").get<double>(), 2 * 3'000 + 3 * 1.2 * 3'000 + 1'000, 0.01);
        EXPECT_NEAR(first.at("unified_with_wallets").at("net_delta_usd").get<double>(),
                    first.at("unified").at("net_delta_usd").get<double>() + 2 * 3'000 + 3 * 1.2 * 3'000, 0.01);
        daemon.await_block(verb("wallet_rate", R"({"rate": "1.5"})"));
        const json second = daemon.get("/v1/portfolios/desk").body;
        EXPECT_EQ(told(second), held());
        before = second.at("wallets_usd").get<double>();
        EXPECT_NEAR(before, 2 * 3'000 + 3 * 1.5 * 3'000 + 1'000, 0.01);
        // Nobody's account is a wallet's.
        EXPECT_EQ(daemon.get("/v1/portfolios/desk/accounts").body.at("accounts").size(), 1U);

        const std::string file = folder_.write("evaluation.json", daemon.get("/v1/portfolios/desk/snapshot").text);
        const json again = json::parse(run_margind({"evaluate", file, "--json"}).out).at("report").at("portfolios").at(0);
        EXPECT_EQ(told(again), held());
        EXPECT_EQ(again.at("wallets_usd"), second.at("wallets_usd"));
        EXPECT_EQ(daemon.stop(), 0);
    }
    const DaemonProcess resumed(folder_, config());
    const Answer answer = resumed.await("/v1/portfolios/desk", [](const Answer& a) { return a.status == 200; });
    EXPECT_EQ(answer.body.at("wallets_usd").get<double>(), before);
}

}  // namespace
}  // namespace margind::tests
