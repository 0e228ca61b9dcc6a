// The oracle matrix: what a running daemon makes of every state that its sources of prices can be in.
//
// ETH comes through Chainlink's own proxy, whose aggregator is not the venue's, so that no answer here touches an account's health;
// BTC has Pyth, packages signed by keys of the test, and the pool of Perp V2 as second opinions. The gateway of the packages
// is a web server of the test: what it does not prove is that RedStone's own gateways answer in this form.
#include "tests/support/daemon_process.hpp"
#include "tests/support/signed_package.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <fstream>
#include <sstream>

namespace margind::tests {
namespace {

using model::U256;
using nlohmann::json;

constexpr std::int64_t heartbeat = 3'600;
constexpr std::int64_t grace = 300;

// Serves whatever it is told to, at /packages and at /production.
class Gateway {
public:
    Gateway() {
        server_.Get("/(.*)", [this](const httplib::Request& request, httplib::Response& response) {
            const std::lock_guard lock(mutex_);
            response.set_content(bodies_[request.path], "application/json");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
    }
    ~Gateway() {
        server_.stop();
        thread_.join();
    }
    void serve(const std::string& path, std::string body) {
        const std::lock_guard lock(mutex_);
        bodies_[path] = std::move(body);
    }
    std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

private:
    httplib::Server server_;
    std::mutex mutex_;
    std::map<std::string, std::string> bodies_;
    int port_ = 0;
    std::thread thread_;
};

// The five packages of production in tests/unit/data, with the values that were signed.
std::string production_packages(std::vector<std::string>& signers) {
    const char* const values[] = {"3486.56332865", "3486.96283975", "3486.95203485", "3486.79", "3486.95203485"};
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/signatures.txt");
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::vector<std::string> row;
        for (std::string field; fields >> field;) row.push_back(field);
        if (row.front() == "message") rows.push_back(row);
    }
    std::vector<std::string> packages;
    for (std::size_t i = 0; i < std::size(values); ++i) {
        // Behind those of Pyth and of Data Streams.
        const auto& row = rows.at(15 + i);
        Saying saying;
        saying.value = values[i];
        saying.time_ms = 1'719'856'900'000;
        packages.push_back(json_package(saying, model::bytes_from_hex("0x" + row[3]).value()));
        signers.push_back(row[1]);
    }
    return gateway_reply("ETH", packages);
}

std::string listed(const std::vector<std::string>& items) { return json(items).dump(); }

class OracleMatrix : public testing::Test {
protected:
    OracleMatrix() {
        chain_.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "20"}});
        chain_.verb("aave_supply", {{"user", 0}, {"asset", "WBTC"}, {"amount", "1"}});
        chain_.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "20000"}});
        // From here on an aggregator of its own, and a sequencer that has been up for long.
        chain_.verb("oracle_phase", {{"answer", "300000000000"}});
        chain_.verb("mine", {{"at", now() + grace + 1}});
        say_together(now(), 60'000);
        daemon_ = std::make_unique<DaemonProcess>(folder_, config());
    }

    std::int64_t now() const { return chain_.head().time; }
    std::string text(const std::string& place) const { return chain_.ready().at("addresses").at(json::json_pointer(place)).get<std::string>(); }

    std::string config() {
        std::string config = config_text(chain_, {.owners = {chain_.ready().at("accounts").at(0).get<std::string>()}});
        const auto replace = [&config](const std::string& what, const std::string& by) {
            const auto at = config.find(what);
            ASSERT_NE(at, std::string::npos) << what;
            config.replace(at, what.size(), by);
        };
        replace("name = \"local\"\n", "name = \"local\"\nsequencer_feed = \"" + text("/oracles/sequencer_uptime") + "\"\nsequencer_grace_s = " + std::to_string(grace) + "\n");
        replace("\"" + text("/feeds/ETH") + "\"\nheartbeat_s = 86400", "\"" + text("/oracles/eth_proxy") + "\"\nheartbeat_s = " + std::to_string(heartbeat));
        const std::string chain = "[[feed]]\nchain = 31337\n";
        std::vector<std::string> signers;
        for (const Signer& signer : signers_) signers.push_back(signer.address().to_string());
        std::vector<std::string> production;
        gateway_.serve("/production", production_packages(production));
        const std::string feeds =
            chain + "asset = \"BTC\"\nkind = \"pyth\"\naddress = \"" + text("/oracles/pyth") + "\"\nprice_id = \"" + text("/oracles/pyth_ids/BTC") +
            "\"\nheartbeat_s = 86400\ndeviation_ppm = 5000\nsecond_opinion = true\n" +  //
            chain + "asset = \"BTC\"\nkind = \"redstone\"\ndata_feed = \"BTC\"\nurl = \"" + gateway_.url("/packages") + "\"\nsigners = " + listed(signers) +
            "\nthreshold = 3\ndeviation_ppm = 5000\npoll_s = 0.1\n" +  //
            chain + "asset = \"ETH\"\nkind = \"redstone\"\ndata_feed = \"ETH\"\nurl = \"" + gateway_.url("/production") + "\"\nsigners = " + listed(production) +
            "\nthreshold = 3\ndeviation_ppm = 5000\npoll_s = 0.1\n" +  //
            chain + "asset = \"BTC\"\nkind = \"uniswap_v3_twap\"\naddress = \"" + text("/perp/pools/BTC") + "\"\nbase_token = \"" + text("/perp/base_tokens/BTC") +
            "\"\nwindow_s = 900\ndeviation_ppm = 30000\nmin_liquidity = \"1000000000000000000\"\n" +
            // The pool is 7200 s old and some.
            chain + "asset = \"ETH\"\nkind = \"uniswap_v3_twap\"\naddress = \"" + text("/perp/pools/ETH") + "\"\nbase_token = \"" + text("/perp/base_tokens/ETH") +
            "\"\nwindow_s = 86400\ndeviation_ppm = 30000\n";
        replace("[http]\n", feeds + "[http]\n");
        return config;
    }

    std::string packages(const std::vector<Signer>& by, std::int64_t time, std::uint64_t dollars) const {
        Saying saying{"BTC", std::to_string(dollars), dollars * 100'000'000, time * 1000};
        std::vector<std::string> all;
        for (const Signer& signer : by) all.push_back(json_package(saying, signer.sign(signed_bytes(saying))));
        return gateway_reply("BTC", all);
    }
    void say_together(std::int64_t time, std::uint64_t dollars) { gateway_.serve("/packages", packages(signers_, time, dollars)); }

    struct Seen {
        json body;
        json price;
        std::string grade() const { return price.at("grade"); }
        std::string reason() const { return price.at("reason"); }
        bool doubtful() const { return body.at("headline").at("doubtful_price"); }
        bool unified() const { return !body.at("unified").is_null(); }
        std::string level() const { return body.at("headline").at("level"); }
    };

    static json price_of(const json& body, const std::string& asset, const std::string& kind) {
        for (const json& price : body.at("prices"))
            if (price.at("asset") == asset && price.at("source").get<std::string>().starts_with(kind + ":")) return price;
        throw std::runtime_error("no price of " + asset + " from " + kind + " in " + body.at("prices").dump());
    }
    Seen at(const json& block, const std::string& asset, const std::string& kind = "chainlink") const {
        daemon_->await_block(block);
        Seen seen;
        seen.body = daemon_->get("/v1/portfolios/desk").body;
        seen.price = price_of(seen.body, asset, kind);
        return seen;
    }
    Seen after(const std::string& verb, const json& arguments, const std::string& asset, const std::string& kind = "chainlink") const {
        return at(chain_.verb(verb, arguments).at("block"), asset, kind);
    }
    // Blocks are made until what the gateway serves has arrived.
    Seen until(const std::function<bool(const Seen&)>& good) const {
        Seen seen;
        for (int i = 0; i < 60; ++i) {
            seen = after("mine", {{"blocks", 1}}, "BTC", "redstone");
            if (good(seen)) return seen;
        }
        ADD_FAILURE() << "last: " << seen.price.dump();
        return seen;
    }

    ChainProcess chain_{{"--with", "oracles"}};
    TempFolder folder_;
    Gateway gateway_;
    std::vector<Signer> signers_{Signer(0x41), Signer(0x42), Signer(0x43)};
    std::unique_ptr<DaemonProcess> daemon_;
};

struct Row {
    const char* name;
    const char* verb;
    json arguments;
    const char* grade;
    /// Of the price that stands then, in USD.
    std::int64_t price;
    bool refused;
    bool doubtful;
    bool unified;
};

TEST_F(OracleMatrix, grades_a_feed_by_itself_and_its_sequencer) {
    const std::int64_t start = now() + 10;
    const auto dollars = [](std::int64_t value) { return std::to_string(value * 100'000'000); };
    const auto mine = [](std::int64_t at) { return json{{"blocks", 1}, {"at", at}}; };
    const std::int64_t again = start + 4'600;
    const Row rows[] = {
        {"fresh", "oracle_round", {{"answer", dollars(3'000)}, {"at", start}}, "fresh", 3'000, false, false, true},
        {"one heartbeat", "mine", mine(start + heartbeat), "fresh", 3'000, false, false, true},
        {"one heartbeat and a minute", "mine", mine(start + heartbeat + 60), "late", 3'000, false, false, true},
        {"the last second before stale", "mine", mine(start + 4'560), "late", 3'000, false, false, true},
        {"stale", "mine", mine(start + 4'561), "stale", 3'000, false, true, false},
        {"fresh again", "oracle_round", {{"answer", dollars(3'010)}, {"at", again}}, "fresh", 3'010, false, false, true},
        {"zero", "oracle_round", {{"answer", "0"}}, "fresh", 3'010, true, false, true},
        {"negative", "oracle_round", {{"answer", "-5"}}, "fresh", 3'010, true, false, true},
        {"the refused one's predecessor ages", "mine", mine(again + heartbeat + 60), "late", 3'010, true, false, true},
        {"and grows stale", "mine", mine(again + 4'561), "stale", 3'010, true, true, false},
        {"a good round", "oracle_round", {{"answer", dollars(3'000)}, {"round", "20"}}, "fresh", 3'000, false, false, true},
        {"round back", "oracle_round", {{"answer", dollars(2'000)}, {"round", "19"}}, "fresh", 3'000, true, false, true},
        {"time back", "oracle_round", {{"answer", dollars(2'000)}, {"round", "21"}, {"updated_at", again}}, "fresh", 3'000, true, false, true},
        {"from the future", "oracle_round", {{"answer", dollars(2'000)}, {"round", "22"}, {"updated_at", again + 90'000}}, "fresh", 3'000, true, false, true},
        {"a jump alone", "oracle_round", {{"answer", dollars(6'000)}, {"round", "23"}}, "fresh", 6'000, false, false, true},
        {"the empty start of a phase", "oracle_phase", {{"empty", true}}, "fresh", 6'000, true, false, true},
        {"the first round of a phase", "oracle_round", {{"answer", dollars(3'000)}, {"round", "1"}}, "fresh", 3'000, false, false, true},
        {"an aggregator with bounds", "oracle_phase", {{"answer", dollars(3'100)}, {"bounds", {dollars(100), dollars(9'000)}}}, "fresh", 3'100, false, false, true},
        {"at its least", "oracle_round", {{"answer", dollars(100)}}, "fresh", 3'100, true, false, true},
        {"above it", "oracle_round", {{"answer", dollars(101)}}, "fresh", 101, false, false, true},
        {"at its most", "oracle_round", {{"answer", dollars(9'000)}}, "fresh", 101, true, false, true},
        {"an aggregator without", "oracle_phase", {{"answer", dollars(3'000)}}, "fresh", 3'000, false, false, true},
        {"sequencer down", "sequencer_status", {{"down", true}}, "sequencer_grace", 3'000, false, true, true},
        {"sequencer just up", "sequencer_status", {{"down", false}}, "sequencer_grace", 3'000, false, true, true},
    };
    for (const Row& row : rows) {
        const Seen seen = after(row.verb, row.arguments, "ETH");
        EXPECT_EQ(seen.grade(), row.grade) << row.name << ": " << seen.reason();
        EXPECT_EQ(seen.price.at("raw"), dollars(row.price)) << row.name;
        EXPECT_EQ(seen.reason().find("a later answer is refused") != std::string::npos, row.refused) << row.name << ": " << seen.reason();
        EXPECT_EQ(seen.doubtful(), row.doubtful) << row.name;
        EXPECT_EQ(seen.unified(), row.unified) << row.name << ": " << seen.body.at("unified_reason");
        // The venue's own prices decide its account, whatever is thought of the reference.
        EXPECT_EQ(seen.level(), "ok") << row.name << ": " << seen.body.at("headline").at("reason");
    }
    // The very sequencer's grace, to the second; what did not come from the chain is not touched by it.
    const std::int64_t up_since = now();
    const Seen last = after("mine", {{"blocks", 1}, {"at", up_since + grace}}, "ETH");
    EXPECT_EQ(last.grade(), "sequencer_grace") << last.reason();
    EXPECT_EQ(price_of(last.body, "ETH", "redstone").at("grade"), "refused");
    const Seen over = after("mine", {{"blocks", 1}, {"at", up_since + grace + 1}}, "ETH");
    EXPECT_EQ(over.grade(), "fresh") << over.reason();
    EXPECT_FALSE(over.doubtful());
}

TEST_F(OracleMatrix, counts_confidence_down_from_the_heartbeat) {
    const std::int64_t start = now() + 10;
    EXPECT_EQ(after("oracle_round", {{"answer", "300000000000"}, {"at", start}}, "ETH").price.at("confidence_ppm"), 1'000'000);
    EXPECT_EQ(after("mine", {{"blocks", 1}, {"at", start + 3'660}}, "ETH").price.at("confidence_ppm"), 937'500);
    EXPECT_EQ(after("mine", {{"blocks", 1}, {"at", start + 4'080}}, "ETH").price.at("confidence_ppm"), 500'000);
}

TEST_F(OracleMatrix, refuses_a_first_answer_that_no_one_may_use) {
    const json block = chain_.verb("oracle_round", {{"answer", "0"}}).at("block");
    const TempFolder folder;
    DaemonProcess cold(folder, config());
    cold.await_block(block);
    const json body = cold.get("/v1/portfolios/desk").body;
    EXPECT_EQ(price_of(body, "ETH", "chainlink").at("grade"), "refused");
    EXPECT_TRUE(body.at("headline").at("doubtful_price"));
    EXPECT_TRUE(body.at("unified").is_null());
}

TEST_F(OracleMatrix, disputes_sources_that_are_apart) {
    const Seen calm = until([](const Seen& seen) { return seen.grade() == "fresh"; });
    for (const char* kind : {"chainlink", "pyth", "redstone", "uniswap_v3_twap"}) EXPECT_EQ(price_of(calm.body, "BTC", kind).at("grade"), "fresh") << kind;
    EXPECT_FALSE(calm.doubtful());
    // What nobody may build on: a pool without the history, and packages of 2024 that production's signers did sign.
    const json pool = price_of(calm.body, "ETH", "uniswap_v3_twap");
    EXPECT_EQ(pool.at("grade"), "refused");
    EXPECT_NE(pool.at("reason").get<std::string>().find("no observations over 86400 s"), std::string::npos) << pool;
    const json old = price_of(calm.body, "ETH", "redstone");
    EXPECT_EQ(old.at("grade"), "refused");
    EXPECT_NE(old.at("reason").get<std::string>().find(" s old"), std::string::npos) << old;

    // 60,000 and 60,900: 1.5 % apart, where both deviations and the interval of 500 ppm allow 1.05 %.
    const Seen apart = after("pyth_update", {{"asset", "BTC"}, {"price", "6090000000000"}, {"confidence", "3000000000"}}, "BTC");
    EXPECT_EQ(apart.grade(), "disputed");
    EXPECT_EQ(apart.price.at("confidence_ppm"), 500'000);
    EXPECT_TRUE(apart.doubtful());
    EXPECT_TRUE(apart.unified());
    EXPECT_EQ(apart.level(), "ok");
    EXPECT_EQ(price_of(apart.body, "BTC", "pyth").at("grade"), "disputed");
    // 1 % apart is not.
    const Seen near = after("pyth_update", {{"asset", "BTC"}, {"price", "6060000000000"}, {"confidence", "3000000000"}}, "BTC");
    EXPECT_EQ(near.grade(), "fresh") << near.reason();
    // A second opinion that is refused or going back has no say: an interval of 2 %.
    const Seen wide = after("pyth_update", {{"asset", "BTC"}, {"price", "9000000000000"}, {"confidence", "180000000000"}}, "BTC", "pyth");
    EXPECT_EQ(wide.grade(), "fresh");
    EXPECT_EQ(wide.price.at("raw"), "6060000000000");
    EXPECT_NE(wide.reason().find("confidence interval"), std::string::npos);
}

TEST_F(OracleMatrix, believes_packages_by_their_signatures_alone) {
    until([](const Seen& seen) { return seen.grade() == "fresh" && seen.reason().empty(); });
    const std::int64_t accepted_at = now();
    say_together(accepted_at, 60'100);
    const Seen accepted = until([&](const Seen& seen) { return seen.price.at("updated_at") == accepted_at; });
    EXPECT_EQ(accepted.grade(), "fresh") << accepted.reason();
    EXPECT_EQ(accepted.price.at("raw"), "6010000000000");
    EXPECT_TRUE(accepted.price.at("second_opinion"));

    const std::string good = packages(signers_, accepted_at + 1, 60'200);
    std::string forged = good;
    // Another price under the same signatures.
    for (auto at = forged.find("60200"); at != std::string::npos; at = forged.find("60200", at + 1)) forged.replace(at, 5, "40200");
    const std::pair<const char*, std::pair<std::string, const char*>> bad[] = {
        {"forged signature", {forged, "0 of 3 signers"}},
        {"wrong signer", {packages({signers_[0], signers_[1], Signer(0x77)}, accepted_at + 1, 40'000), "1 signed by others"}},
        {"one signer three times", {packages({signers_[0], signers_[0], signers_[0]}, accepted_at + 1, 40'000), "1 of 3 signers"}},
        {"replayed package", {packages(signers_, accepted_at - 5, 40'000), "replayed"}},
        {"from the future", {packages(signers_, accepted_at + 4'000, 40'000), "ahead of the block"}},
    };
    for (const auto& [name, what] : bad) {
        gateway_.serve("/packages", what.first);
        const char* const why = what.second;
        const Seen seen = until([why](const Seen& one) { return one.reason().find(why) != std::string::npos; });
        // The last accepted one stays, and disputes nothing.
        EXPECT_EQ(seen.grade(), "fresh") << name << ": " << seen.reason();
        EXPECT_EQ(seen.price.at("raw"), "6010000000000") << name;
        EXPECT_EQ(seen.price.at("updated_at"), accepted_at) << name;
        EXPECT_EQ(price_of(seen.body, "BTC", "chainlink").at("grade"), "fresh") << name;
        EXPECT_FALSE(seen.doubtful()) << name;
    }
    // It ages: 96 s, and 1.25 times that and 60 s.
    EXPECT_EQ(after("mine", {{"blocks", 1}, {"at", accepted_at + 97}}, "BTC", "redstone").grade(), "late");
    EXPECT_EQ(after("mine", {{"blocks", 1}, {"at", accepted_at + 181}}, "BTC", "redstone").grade(), "stale");
    // And what is signed and apart is believed: 5 %.
    say_together(now(), 63'000);
    const Seen apart = until([](const Seen& seen) { return seen.price.at("raw") == "6300000000000"; });
    EXPECT_EQ(apart.grade(), "disputed") << apart.reason();
    EXPECT_EQ(price_of(apart.body, "BTC", "chainlink").at("grade"), "disputed");
    EXPECT_TRUE(apart.doubtful());
}

// Perp V2's exchange computes the same average of the same pool in its own contract.
TEST_F(OracleMatrix, has_the_average_that_the_pools_own_protocol_has) {
    chain_.verb("move_market", {{"asset", "BTC"}, {"price", "61000"}, {"warp", 400}});
    const Seen seen = after("mine", {{"blocks", 1}}, "BTC", "uniswap_v3_twap");
    const auto reply = chain_.call(chain_.address("/perp/exchange"),
                                   call_data("getSqrtMarkTwapX96(address,uint32)", {word_of(chain_.address("/perp/base_tokens/BTC")), U256(900)}));
    const U256 root = words_of(reply).at(0);
    // Both tokens have 18 decimals, and the base is the lower address or the higher one as the pool has it.
    const U256 price = mul_div(mul_div(root, root, U256::pow2(96), model::Rounding::down).value(), U256::pow10(18), U256::pow2(96), model::Rounding::down).value();
    const double ours = U256::from_decimal(seen.price.at("raw").get<std::string>()).value().to_double();
    EXPECT_NEAR(ours / price.to_double(), 1.0, 1e-15);
    EXPECT_GT(ours / 1e18, 60'000);
    EXPECT_LT(ours / 1e18, 61'100);
}

}  // namespace
}  // namespace margind::tests
