// A node that dies under margind run: what is told within its time, what is served meanwhile, and that it is over by itself.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

namespace margind::tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class Stale : public ::testing::Test {
protected:
    Stale() {
        verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "20"}});
        verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "20000"}});
    }
    json verb(const std::string& name, const json& arguments = json::object()) { return chain_.verb(name, arguments); }
    std::string config(const std::string& web_hook) const {
        std::string text = config_text(chain_, {.owners = {chain_.ready().at("accounts").at(0).get<std::string>()}, .web_hook = web_hook});
        const std::string place = "quiet_chain = true\n";
        text.insert(text.find(place), "stale_after_s = 2\n");
        return text;
    }
    static auto of(const std::string& rule, const std::string& type) {
        return [rule, type](const auto& delivery) { return delivery.body.at("rule") == rule && delivery.body.at("type") == type; };
    }
    static std::string level(const Answer& answer) { return answer.body.at("headline").at("level").get<std::string>(); }
    static bool is_ok(const Answer& answer) { return answer.status == 200 && level(answer) == "ok"; }

    ChainProcess chain_;
    TempFolder folder_;
};

TEST_F(Stale, is_told_with_the_last_figures_and_their_age_also_after_a_restart_and_ends_by_itself) {
    WebHookReceiver hook(0);
    const std::string text = config(hook.url());
    json accounts;
    json block;
    {
        DaemonProcess daemon(folder_, text);
        const Answer good = daemon.await("/v1/portfolios/desk", is_ok);
        accounts = daemon.get("/v1/portfolios/desk/accounts").body.at("accounts");
        block = good.body.at("as_of").at(0);
        EXPECT_TRUE(block.at("troubles").empty());
        verb("node_down");
        const auto down = std::chrono::steady_clock::now();
        const auto told = hook.await(of("source.stale:31337", "opened"));
        // The rule's own time is 2 s; nothing waits for a timeout of minutes.
        EXPECT_LT(std::chrono::steady_clock::now() - down, seconds(15));
        EXPECT_EQ(told.body.at("level"), "warn");
        EXPECT_NE(told.body.at("reason").get<std::string>().find("all figures are those of block " + block.at("number").dump()), std::string::npos) << told.body;

        const Answer stale = daemon.get("/v1/portfolios/desk");
        EXPECT_EQ(level(stale), "unknown");
        EXPECT_TRUE(stale.body.at("headline").at("reason").get<std::string>().starts_with("stale: ")) << stale.text;
        const json& as_of = stale.body.at("as_of").at(0);
        EXPECT_EQ(as_of.at("hash"), block.at("hash"));
        EXPECT_GE(as_of.at("confirmed_age_s").get<double>(), 2);
        EXPECT_EQ(as_of.at("troubles").at(0).at("kind"), "stale");
        EXPECT_TRUE(stale.body.at("unified").is_null());
        EXPECT_TRUE(stale.body.at("unified_reason").get<std::string>().starts_with("stale: "));
        EXPECT_TRUE(stale.body.at("last_unified").at("unified").is_object());
        const json last = daemon.get("/v1/portfolios/desk/accounts").body.at("accounts");
        ASSERT_EQ(last.size(), accounts.size());
        for (std::size_t i = 0; i < last.size(); ++i) {
            EXPECT_EQ(last[i].at("native"), accounts[i].at("native"));
            EXPECT_EQ(last[i].at("equity_usd"), accounts[i].at("equity_usd"));
            EXPECT_EQ(last[i].at("candidates"), accounts[i].at("candidates"));
            EXPECT_TRUE(last[i].at("grade").at("qualifiers").at("stale").get<bool>());
            EXPECT_TRUE(last[i].at("remembered").at("age_s").is_number());
        }
        EXPECT_EQ(daemon.get("/v1/portfolios").body.at("as_of").at(0).at("troubles").at(0).at("kind"), "stale");
        EXPECT_EQ(daemon.get("/readyz").status, 503);
        EXPECT_NE(daemon.get("/metrics").text.find("margind_source_trouble{chain=\"31337\",kind=\"stale\"} 1"), std::string::npos);
        // The trouble is in the file: the report and the incident follow from it.
        const std::string file = folder_.write("evaluation.json", daemon.get("/v1/portfolios/desk/snapshot").text);
        const json again = json::parse(run_margind({"evaluate", file, "--json"}).out);
        EXPECT_EQ(again.at("report").at("snapshot_hash"), stale.body.at("snapshot_hash"));
        EXPECT_EQ(again.at("memory").at("portfolios").at("desk").at("headline").dump(), stale.body.at("headline").dump());
        EXPECT_EQ(again.at("events").at(0).at("id"), told.body.at("id"));
        daemon.kill();
    }
    DaemonProcess daemon(folder_, text);
    const auto has_trouble = [](const Answer& answer) { return answer.status == 200 && !answer.body.at("as_of").at(0).at("troubles").empty(); };
    const Answer still = daemon.await("/v1/portfolios/desk", has_trouble);
    EXPECT_EQ(still.body.at("as_of").at(0).at("hash"), block.at("hash"));
    EXPECT_EQ(daemon.get("/v1/portfolios/desk/accounts").body.at("accounts").at(0).at("equity_usd"), accounts.at(0).at("equity_usd"));
    verb("node_up");
    hook.await(of("source.stale:31337", "cleared"));
    const Answer over = daemon.await("/v1/portfolios/desk", is_ok);
    EXPECT_TRUE(over.body.at("as_of").at(0).at("troubles").empty());
    // Once, though it was killed in between.
    int opened = 0;
    for (const auto& delivery : hook.deliveries())
        if (delivery.body.at("type") == "opened") ++opened;
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Stale, a_second_daemon_on_the_same_database_is_refused) {
    WebHookReceiver hook(0);
    const std::string text = config(hook.url());
    const std::string file = folder_.write("second.toml", text);
    {
        DaemonProcess daemon(folder_, text);
        daemon.await("/v1/portfolios/desk", is_ok);
        const Finished second = run_margind({"run", "--config", file});
        EXPECT_EQ(second.code, 3) << second.err;
        EXPECT_NE(second.err.find(" writes it; one daemon writes one database"), std::string::npos) << second.err;
        EXPECT_EQ(daemon.get("/healthz").status, 200);
        daemon.kill();
    }
    // What a killed daemon held is free.
    DaemonProcess daemon(folder_, text);
    daemon.await("/v1/portfolios/desk", is_ok);
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace margind::tests
