// When the database refuses: incidents go out from memory, marked, and are committed later; nothing is sent twice.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <stdexcept>

namespace margind::tests {
namespace {

using nlohmann::json;

// Another process's write transaction on the daemon's database: every commit is refused while it stands.
class WriteLock {
public:
    explicit WriteLock(const std::filesystem::path& file) {
        if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle_));
        sqlite3_busy_timeout(handle_, 5000);
        execute("BEGIN IMMEDIATE");
    }
    ~WriteLock() { sqlite3_close(handle_); }
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;
    void release() { execute("ROLLBACK"); }

private:
    void execute(const char* sql) {
        if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle_));
    }
    sqlite3* handle_ = nullptr;
};

TEST(Storage, never_holds_back_an_incident_and_takes_it_later) {
    ChainProcess chain;
    const std::string owner = chain.ready().at("accounts").at(0);
    chain.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
    chain.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "20000"}});
    const TempFolder folder;
    WebHookReceiver hook(0);
    DaemonProcess daemon(folder, config_text(chain, {.owners = {owner}, .web_hook = hook.url()}));
    daemon.await("/v1/portfolios/desk", [](const Answer& a) { return a.status == 200; });

    WriteLock lock(folder.path() / "margind.sqlite");
    const json block = chain.verb("set_price", {{"asset", "ETH"}, {"price", "2500"}}).at("block");
    const auto first = hook.await([](const auto& delivery) { return delivery.body.at("type") == "opened"; });
    EXPECT_EQ(first.body.at("uncommitted"), true);
    // The state goes on, what is not stored is shown as such, and the operator is told.
    daemon.await_block(block);
    const Answer waiting = daemon.await("/v1/incidents", [](const Answer& a) { return !a.body.at("events").empty(); });
    EXPECT_EQ(waiting.body.at("events").at(0).at("number"), nullptr);
    EXPECT_EQ(waiting.body.at("events").at(0).at("uncommitted"), true);
    const Answer ready = daemon.await("/readyz", [](const Answer& a) { return !a.body.at("warnings").empty(); });
    EXPECT_EQ(ready.status, 200);

    lock.release();
    const Answer stored = daemon.await("/v1/incidents", [](const Answer& a) { return !a.body.at("events").empty() && !a.body.at("events").at(0).at("number").is_null(); });
    ASSERT_EQ(stored.body.at("events").size(), 1U) << stored.text;
    EXPECT_EQ(stored.body.at("events").at(0).at("id"), first.body.at("id"));
    EXPECT_FALSE(stored.body.at("events").at(0).contains("uncommitted"));
    daemon.await("/readyz", [](const Answer& a) { return a.body.at("warnings").empty(); });
    // A later event arrives after it, so that a second delivery of the first would have been seen.
    chain.verb("set_price", {{"asset", "ETH"}, {"price", "2430"}});
    hook.await([](const auto& delivery) { return delivery.body.at("type") == "escalated" && !delivery.body.contains("uncommitted"); });
    int of_the_first = 0;
    for (const auto& delivery : hook.deliveries())
        if (delivery.key == first.key) ++of_the_first;
    EXPECT_EQ(of_the_first, 1);
}

TEST(Storage, without_one_incidents_are_sent_and_history_says_why_it_is_empty) {
    ChainProcess chain;
    const std::string owner = chain.ready().at("accounts").at(0);
    chain.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
    chain.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "23000"}});
    const TempFolder folder;
    WebHookReceiver hook(0);
    DaemonProcess daemon(folder, config_text(chain, {.owners = {owner}, .web_hook = hook.url(), .storage = false}));
    hook.await([](const auto& delivery) { return delivery.body.at("type") == "opened"; });
    const Answer history = daemon.get("/v1/portfolios/desk/history");
    EXPECT_EQ(history.status, 503);
    EXPECT_NE(history.body.at("detail").get<std::string>().find("[storage]"), std::string::npos);
    EXPECT_EQ(daemon.get("/v1/incidents").body.at("events").size(), 1U);
}

TEST(Storage, a_file_that_is_no_database_ends_the_daemon_with_its_name) {
    ChainProcess chain;
    const TempFolder folder;
    folder.write("margind.sqlite", std::string(8192, 'x'));
    const std::string file = folder.write("margind.toml", config_text(chain, {.owners = {chain.ready().at("accounts").at(0).get<std::string>()}}));
    const Finished finished = run_margind({"run", "--config", file});
    EXPECT_EQ(finished.code, 3);
    EXPECT_NE(finished.err.find("margind.sqlite"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace margind::tests
