// margind evaluate on one account written down, without a chain: the published cases as files, and files that are wrong.
#include "risk/model/money.hpp"
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace margind::tests {
namespace {

using nlohmann::json;

std::string path_of(const std::string& name) { return std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/derive/" + name; }

json document(const std::string& name) {
    std::ifstream file(path_of(name));
    EXPECT_TRUE(file) << name;
    json parsed = json::parse(file);
    return parsed;
}

void expect_close(const json& ours, const json& published, const std::string& what) {
    const double theirs = std::stod(published.get<std::string>());
    EXPECT_NEAR(std::stod(ours.get<std::string>()), theirs, 1e-9 * std::max(1.0, std::abs(theirs))) << what;
}

TEST(DeriveAccountFile, gives_the_published_margin_with_each_scenario) {
    for (const std::string name : {"pmrm_2_short_put", "pmrm_2_general", "pmrm_short_call", "standard_call_spread"}) {
        const Finished run = run_margind({"evaluate", path_of(name + ".json"), "--json"});
        // Each of them is a position without the cash that it needs.
        const json answer = json::parse(run.out);
        EXPECT_EQ(run.code, answer.at("liquidatable").get<bool>() ? 20 : 0) << run.err;
        const json expected = document(name + ".expected.json");
        expect_close(answer.at("margin").at("maintenance"), expected.at("maintenance"), name);
        if (expected.contains("initial")) expect_close(answer.at("margin").at("initial"), expected.at("initial"), name);
        if (!expected.contains("scenario_pnl")) continue;
        ASSERT_EQ(answer.at("scenarios").size(), expected.at("scenario_pnl").size());
        for (std::size_t i = 0; i < answer.at("scenarios").size(); ++i)
            expect_close(answer.at("scenarios").at(i).at("pnl"), expected.at("scenario_pnl").at(i), name + " scenario " + std::to_string(i));
    }
}

TEST(DeriveAccountFile, tells_a_person_the_same) {
    const Finished run = run_margind({"evaluate", path_of("pmrm_2_short_put.json")});
    EXPECT_EQ(run.code, 20) << run.err;
    for (const char* part : {"manager                                                       pmrm_2", "scenario spot 0.8200000000000001 vol up",
                             "  worst", "maintenance contingency options", "maintenance margin", "-18851.84081190", "-22163.82044010",
                             "liquidatable                                                     yes"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
}

TEST(DeriveAccountFile, is_healthy_with_enough_cash) {
    const TempFolder folder;
    json account = document("pmrm_2_short_put.json");
    account["cash"] = "18851.85";
    EXPECT_EQ(run_margind({"evaluate", folder.write("enough.json", account.dump())}).code, 0);
    account["interest"] = "-0.02";
    EXPECT_EQ(run_margind({"evaluate", folder.write("owing.json", account.dump())}).code, 20);
}

TEST(DeriveAccountFile, gives_the_price_at_which_a_file_with_that_price_is_liquidatable) {
    const TempFolder folder;
    json account = document("standard_short_call.json");
    account["cash"] = "1000";
    const auto raw = [](const json& text) { return model::parse_decimal(text.get<std::string>(), 18).value(); };
    json& market = account["markets"][0];
    const model::I256 spot = raw(market["spot"]["price"]);
    const model::I256 forward = raw(market["expiries"][0]["forward"]);
    const json found = json::parse(run_margind({"evaluate", folder.write("short_call.json", account.dump()), "--json"}).out);
    ASSERT_FALSE(found.at("candidates").empty()) << found.dump(1);
    const json& candidate = found.at("candidates").at(0);
    EXPECT_EQ(candidate.at("asset"), "ETH");
    EXPECT_EQ(candidate.at("direction"), "up");
    const model::I256 price = model::I256::from(model::U256::from_decimal(candidate.at("liquidation_price").get<std::string>()).value()).value();
    for (const auto& [there, code] : {std::pair(price, 20), std::pair(*model::checked_sub(price, model::I256(1)), 0)}) {
        market["spot"]["price"] = model::decimal_text(there, 18);
        market["expiries"][0]["forward"] = model::decimal_text(*model::checked_add(forward, *model::checked_sub(there, spot)), 18);
        EXPECT_EQ(run_margind({"evaluate", folder.write("moved.json", account.dump())}).code, code) << market["spot"]["price"];
    }
}

TEST(DeriveAccountFile, is_refused_with_the_value_that_is_wrong) {
    const TempFolder folder;
    const auto refused = [&](const json& account, const std::string& told) {
        const std::string file = folder.write("account.json", account.dump());
        const Finished run = run_margind({"evaluate", file});
        EXPECT_EQ(run.code, 2) << run.out;
        EXPECT_EQ(run.out, "");
        EXPECT_NE(run.err.find(file + ": " + told), std::string::npos) << run.err;
    };
    json account = document("pmrm_2_short_put.json");
    account["markets"][0]["spot"]["price"] = "95,663";
    refused(account, "$.markets[0].spot.price: expected a decimal number with at most 18 places, as text, got \"95,663\"");
    account = document("pmrm_2_short_put.json");
    account["format"] = "derive.account-file/9";
    refused(account, "format: expected one of derive.account-file/1");
    account = document("standard_call_spread.json");
    account["markets"][0]["parameters"].erase("max_spot");
    refused(account, "$.markets[0].parameters: missing key \"max_spot\"");
}

class DeriveOnChain : public testing::Test {
protected:
    std::string at(const std::string& place) const { return chain_.address("/derive/" + place).to_string(); }
    std::string owner() const { return chain_.ready().at("accounts").at(0).get<std::string>(); }
    static std::string whole(const std::string& number) { return number + "000000000000000000"; }

    static json call_of(const char* contract, const char* method, const json& arguments) {
        json call = json::object();
        call["contract"] = contract;
        call["method"] = method;
        call["args"] = arguments;
        return call;
    }
    std::string key_of(const std::string& sub) const { return "derive:31337:" + model::Address::parse(owner()).value().to_string() + ":" + sub; }
    /// All in one block, which it gives.
    json send(const json& calls) const { return chain_.verb("derive_send", {{"calls", calls}}).at("block"); }
    /// Of others than the owner, before the owner has one.
    void open_others(int count) const {
        json calls = json::array();
        for (int i = 0; i < count; ++i) calls.push_back(call_of("subaccounts", "create", {chain_.ready().at("accounts").at(4), at("standard")}));
        send(calls);
    }

    void open_long_perp(int id = 1) const {
        json calls = json::array();
        const auto call = [&](const char* contract, const char* method, const json& arguments) {
            calls.push_back(call_of(contract, method, arguments));
        };
        // The chain is two hours older than what was written at the deployment.
        call("stable", "set", {whole("1"), whole("1")});
        call("ETH.spot", "set", {whole("3000"), whole("1")});
        call("ETH.perp_feed", "set", {"0", whole("1")});
        call("subaccounts", "create", {owner(), at("standard")});
        call("matching", "deposit", {id});
        call("subaccounts", "adjust", {id, at("cash"), "0", whole("1000")});
        call("subaccounts", "adjust", {id, at("ETH/perp"), "0", whole("2")});
        call("ETH.perp", "setPosition", {id, whole("3000"), "0", "0", "0"});
        send(calls);
    }

    std::string config(bool storage = false) const { return config_text(chain_, {.owners = {owner()}, .storage = storage}); }

    json check(int code) const {
        const Finished run = run_margind({"check", owner(), "--config", folder_.write("local.toml", config()), "--json"});
        EXPECT_EQ(run.code, code) << run.err << run.out;
        const json report = json::parse(run.out);
        for (const json& account : report.at("portfolios").at(0).at("accounts"))
            if (account.at("key").dump().find("derive:31337") != std::string::npos) return account;
        ADD_FAILURE() << run.out;
        return json::object();
    }

    ChainProcess chain_{{"--with", "derive"}};
    TempFolder folder_;
};

TEST_F(DeriveOnChain, check_lists_a_subaccount_verified_and_then_stale) {
    open_long_perp();
    // Two ETH at 3,000 with a requirement of 6.5 % against 1,000 of cash.
    const json fresh = check(0);
    EXPECT_EQ(fresh.at("grade").at("kind"), "verified") << fresh.dump(1);
    EXPECT_EQ(fresh.at("grade").at("qualifiers").at("stale"), false);
    EXPECT_EQ(fresh.at("standing").at("equity").at("amount"), "1000");
    EXPECT_EQ(fresh.at("standing").at("maintenance").at("amount"), "390");
    chain_.verb("warp", {{"seconds", 1800}, {"refresh", true}});
    const json old = check(30);
    EXPECT_EQ(old.at("grade").at("kind"), "recomputed") << old.dump(1);
    EXPECT_EQ(old.at("grade").at("qualifiers").at("stale"), true);
    EXPECT_NE(old.at("grade").at("reason").get<std::string>().find("the venue refuses as too old"), std::string::npos) << old.dump(1);
    EXPECT_EQ(old.at("standing").at("maintenance").at("amount"), "390");
}

TEST_F(DeriveOnChain, check_finds_the_subaccount_of_an_owner_behind_hundreds_of_others) {
    for (int i = 0; i < 3; ++i) open_others(100);
    open_long_perp(301);
    const json found = check(0);
    EXPECT_EQ(found.at("key"), key_of("301")) << found.dump(1);
    EXPECT_EQ(found.at("standing").at("maintenance").at("amount"), "390");
}

TEST_F(DeriveOnChain, run_follows_a_subaccount_that_is_deposited_given_away_and_withdrawn) {
    open_others(1);
    open_long_perp(2);
    const DaemonProcess daemon(folder_, config(true));
    const auto await_subs = [&](const json& block, std::vector<std::string> subs) {
        for (std::string& sub : subs) sub = key_of(sub);
        daemon.await_block(block);
        const Answer accounts = daemon.get("/v1/portfolios/desk/accounts");
        std::vector<std::string> found;
        for (const json& account : accounts.body.at("accounts")) {
            if (!account.at("key").get<std::string>().starts_with("derive:31337")) continue;
            found.push_back(account.at("key"));
            EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
        }
        EXPECT_EQ(found, subs) << accounts.text;
    };
    await_subs(chain_.verb("mine").at("block"), {"2"});
    const std::string other = chain_.ready().at("accounts").at(4);
    // The other's own comes to Matching, is withdrawn there, and given to the owner.
    await_subs(send(json::array({call_of("matching", "deposit", {1})})), {"2"});
    await_subs(send(json::array({call_of("matching", "withdraw", {1}), call_of("subaccounts", "transfer", {1, owner()})})), {"1", "2"});
    await_subs(send(json::array({call_of("matching", "withdraw", {2})})), {"1", "2"});
    await_subs(send(json::array({call_of("subaccounts", "transfer", {2, other}), call_of("matching", "deposit", {2})})), {"1"});
    await_subs(send(json::array({call_of("matching", "withdraw", {2}), call_of("subaccounts", "transfer", {2, owner()}),
                                 call_of("matching", "deposit", {2}), call_of("matching", "deposit", {1})})),
               {"1", "2"});
}

}  // namespace
}  // namespace margind::tests
