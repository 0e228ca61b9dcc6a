// Loading a configuration file: every class of error, several at once, secrets kept out of messages.
#include "config/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace margind::config {
namespace {

using model::ChainId;

constexpr const char* secret_text = "hunter2-key";

Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto it = values.find(name);
        if (it == values.end()) return std::nullopt;
        return it->second;
    };
}

std::string errors(const std::string& text, const Environment& env = environment({})) {
    const auto result = parse(text, "t.toml", env);
    return result ? std::string() : result.error().message;
}

struct Wrong {
    const char* name;
    const char* text;
    /// The whole message.
    const char* message;
};

class WrongFile : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFile, gives_line_key_value_and_remedy) { EXPECT_EQ(errors(GetParam().text), GetParam().message); }

constexpr const char* checksum_address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

const Wrong wrong_files[] = {
    {"syntax", "[http]\nport = = 1\n", nullptr},
    {"unknown_section", "[htpp]\nport = 1\n", "t.toml:1: htpp: is not a setting; did you mean \"http\"?"},
    {"unknown_key", "[http]\nprot = 1\n", "t.toml:2: http.prot: is not a setting; did you mean \"port\"?"},
    {"unknown_key_far", "[http]\ncertificate = 'x'\n", "t.toml:2: http.certificate: is not a setting; remove it"},
    {"wrong_kind", "[http]\nport = '80'\n", "t.toml:2: http.port: \"80\" is a text; give a whole number from 0 to 65535"},
    {"whole_from_real", "[http]\nport = 80.5\n", "t.toml:2: http.port: 80.5 is a number; give a whole number from 0 to 65535"},
    {"out_of_range", "[http]\nport = 65536\n",
     "t.toml:2: http.port: 65536 is out of range; give a whole number from 0 to 65535"},
    {"keep_no_day", "[storage]\nkeep_full_days = 0\n", "t.toml:2: storage.keep_full_days: 0 is out of range; give a whole number from 1 to 3650"},
    {"keep_too_long", "[storage]\npath = 'h'\nkeep_full_days = 3651\n",
     "t.toml:3: storage.keep_full_days: 3651 is out of range; give a whole number from 1 to 3650"},
    {"keep_half_a_day", "[storage]\nkeep_full_days = 0.5\n",
     "t.toml:2: storage.keep_full_days: 0.5 is a number; give a whole number from 1 to 3650"},
    {"date", "[http]\nport = 1979-05-27\n", "t.toml:2: http.port: is a date or time; give a whole number from 0 to 65535"},
    {"not_loopback", "[http]\nhost = '0.0.0.0'\n",
     "t.toml:2: http.host: \"0.0.0.0\" is not a loopback address; give 127.0.0.1, ::1 or localhost and put a proxy in front for others"},
    {"bad_origin", "[http]\nallowed_origins = ['localhost']\n",
     "t.toml:2: http.allowed_origins: \"localhost\" is no origin; give one such as http://localhost:3000"},
    {"wildcard_origin", "[http]\nallowed_origins = ['*']\n",
     "t.toml:2: http.allowed_origins: \"*\" is no origin; give one such as http://localhost:3000"},
    {"bad_host_name", "[http]\nallowed_hosts = ['http://x']\n",
     "t.toml:2: http.allowed_hosts: \"http://x\" is no host name; give one such as margind.internal or margind.internal:8480"},
    {"list_of_numbers", "[http]\nallowed_hosts = [1]\n", "t.toml:2: http.allowed_hosts[0]: 1 is a whole number; give a text in quotes"},
    {"missing_field", "[[chain]]\nid = 5\n", "t.toml:1: chain[0].block_time_s: is missing; add it"},
    {"table_not_array", "[chain]\nid = 5\n", "t.toml:1: chain: is a table; write [[chain]] before each entry"},
    {"array_of_numbers", "chain = [1]\n", nullptr},
    {"chain_zero", "[[chain]]\nid = 0\nblock_time_s = 1\n",
     "t.toml:2: chain[0].id: 0 is out of range; give a whole number from 1 to 9223372036854775807"},
    {"chain_twice", "[[chain]]\nid = 1\n[[chain]]\nid = 1\n",
     "t.toml:4: chain[1].id: chain 1 is given twice, first in line 1; remove one"},
    {"chain_name", "[[chain]]\nid = 1\nname = 'a b'\n",
     "t.toml:3: chain[0].name: \"a b\" is no name; give 1 to 64 letters, digits, '_', '-' or '.'"},
    {"block_time_nan", "[[chain]]\nid = 1\nblock_time_s = nan\n",
     "t.toml:3: chain[0].block_time_s: nan is out of range; give a number from 0.001 to 86400"},
    {"block_time_fine", "[[chain]]\nid = 1\nblock_time_s = 0.2505\n",
     "t.toml:3: chain[0].block_time_s: 0.2505 is finer than a millisecond; give at most three decimals"},
    {"rpc_of_a_chain", "[[chain]]\nid = 1\nrpc = { env = 'NOT_SET' }\n",
     "t.toml:3: chain[0].rpc: is not a setting of a chain; write [[endpoint]] with chain = 1, operator = \"who runs it\" and url = what stands here"},
    {"verify_never", "[[chain]]\nid = 1\nverify_every_blocks = 1001\n",
     "t.toml:3: chain[0].verify_every_blocks: 1001 is out of range; give a whole number from 1 to 1000"},
    {"endpoint_scheme", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = 'ftp://node'\n",
     "t.toml:4: endpoint[0].url: the value of t.toml:4 (not shown) is no http://, https://, ws:// or wss:// URL and no ipc:/path; give one such as http://127.0.0.1:8545 or ipc:/run/geth/geth.ipc"},
    {"endpoint_ipc_relative", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = 'ipc:geth.ipc'\n",
     "t.toml:4: endpoint[0].url: the value of t.toml:4 (not shown) is no http://, https://, ws:// or wss:// URL and no ipc:/path; give one such as http://127.0.0.1:8545 or ipc:/run/geth/geth.ipc"},
    {"endpoint_environment", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { env = 'NOT_SET' }\n",
     "t.toml:4: endpoint[0].url: the environment variable NOT_SET is not set; set it before the start"},
    {"endpoint_file", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { file = '/nonexistent/rpc' }\n",
     "t.toml:4: endpoint[0].url: the file /nonexistent/rpc cannot be read; check its path and permissions"},
    {"endpoint_neither", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = {}\n",
     "t.toml:4: endpoint[0].url: has neither env nor file; give { env = \"NAME\" } or { file = \"path\" }"},
    {"endpoint_both", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { env = 'A', file = 'b' }\n",
     "t.toml:4: endpoint[0].url: has both env and file; give { env = \"NAME\" } or { file = \"path\" }"},
    {"endpoint_number", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = 8545\n",
     "t.toml:4: endpoint[0].url: is a whole number; give { env = \"NAME\" } or { file = \"path\" }"},
    {"endpoint_nobodys", "[[endpoint]]\nchain = 1\nurl = 'http://a'\n", "t.toml:1: endpoint[0].operator: is missing; add it"},
    {"endpoint_chain", "[[endpoint]]\nchain = 99\noperator = 'a'\nurl = 'http://a'\n", "t.toml:2: endpoint[0].chain: chain 99 is not known; add a [[chain]] with id = 99"},
    {"endpoint_budget", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = 'http://a'\nrequests_per_second = 0\n",
     "t.toml:5: endpoint[0].requests_per_second: 0 is out of range; give a number from 0.01 to 1000000"},
    {"endpoint_under_two_names", "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = 'https://node/KEY'\n[[endpoint]]\nchain = 1\noperator = 'b'\nurl = 'https://Node/KEY/'\n",
     "t.toml:8: endpoint[1].url: the value of t.toml:8 (not shown) is also the URL of the endpoint in line 1: one node cannot confirm what it said itself; remove one"},
    {"venue_id", "[[venue]]\nid = 'aave'\n", nullptr},
    {"venue_chain", "[[venue]]\nid = 'aave_v3:99'\n", "t.toml:2: venue[0].id: chain 99 is not known; add a [[chain]] with id = 99"},
    {"venue_disabled", "[[venue]]\nid = 'aave_v3:1/nowhere'\nenabled = false\n",
     "t.toml:2: venue[0].id: aave_v3:1/nowhere is not a known venue, so it cannot be disabled; check its name"},
    {"address_checksum", "[[venue]]\nid = 'aave_v3:1'\naddresses.x = '0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed'\n", nullptr},
    {"address_repeated", "[[venue]]\nid = 'aave_v3:1'\nlists.x = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed']\n",
     "t.toml:3: venue[0].lists.x[1]: \"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\" is in the list twice; remove one"},
    {"id_repeated", "[[venue]]\nid = 'aave_v3:1'\nids.x = ['0xb323495f7e4148be5643a4ea4a8221eef163e4bccfdedc2a6f4696baacbc86cc', '0xb323495f7e4148be5643a4ea4a8221eef163e4bccfdedc2a6f4696baacbc86cc']\n",
     "t.toml:3: venue[0].ids.x[1]: \"0xb323495f7e4148be5643a4ea4a8221eef163e4bccfdedc2a6f4696baacbc86cc\" is in the list twice; remove one"},
    {"id_short", "[[venue]]\nid = 'aave_v3:1'\nids.x = ['0xb3']\n", "t.toml:3: venue[0].ids.x[0]: \"0xb3\" is no id; give 64 hex digits after 0x"},
    {"asset_incomplete", "asset = [{ chain = 1, token = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', underlying = 'ETH' }]\n",
     "t.toml:1: asset[0].label: is missing; add it"},
    {"feed_deviation", "[[feed]]\nchain = 1\nasset = 'ETH'\naddress = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'\nheartbeat_s = 60\ndeviation_ppm = 0\ndescription = 'ETH / USD'\n",
     "t.toml:6: feed[0].deviation_ppm: 0 is out of range; give a whole number from 1 to 500000"},
    {"feed_kind", "[[feed]]\nchain = 1\nasset = 'ETH'\nkind = 'oracle'\naddress = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'\nheartbeat_s = 60\ndeviation_ppm = 9\n",
     "t.toml:4: feed[0].kind: \"oracle\" is no kind of feed; give chainlink, pyth, uniswap_v3_twap or redstone"},
    {"feed_pyth_id", "[[feed]]\nchain = 1\nasset = 'ETH'\nkind = 'pyth'\naddress = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'\nheartbeat_s = 60\ndeviation_ppm = 9\nprice_id = '0x12'\n",
     "t.toml:8: feed[0].price_id: \"0x12\" is no price id; give 0x and 64 hex digits"},
    {"feed_twap_token", "[[feed]]\nchain = 1\nasset = 'ETH'\nkind = 'uniswap_v3_twap'\naddress = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'\ndeviation_ppm = 9\n",
     "t.toml:1: feed[0].base_token: is missing; add it"},
    {"feed_threshold",
     "[[feed]]\nchain = 1\nasset = 'ETH'\nkind = 'redstone'\ndata_feed = 'ETH'\nurl = 'http://x/'\nsigners = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed']\nthreshold = 2\ndeviation_ppm = 9\n",
     "t.toml:8: feed[0].threshold: 2 of 1 signers cannot be; give at most 64 signers and a threshold of 1 to their number"},
    {"portfolio_empty", "[[portfolio]]\nname = 'a'\nowners = []\n", "t.toml:3: portfolio[0].owners: is an empty list; give at least one address"},
    {"portfolio_twice",
     "[[portfolio]]\nname = 'a'\nowners = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed']\n[[portfolio]]\nname = 'a'\nowners = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed']\n",
     "t.toml:5: portfolio[1].name: portfolio a is given twice, first in line 1; remove one"},
    {"policy_range", "[policy]\neta = 1.5\n", "t.toml:2: policy.eta: 1.5 is out of range; give a number from 0 to 1"},
    {"policy_unknown", "[policy]\nz_watsh = 1\n", "t.toml:2: policy.z_watsh: is not a setting; did you mean \"z_watch\"?"},
    {"policy_order", "[policy]\nz_warn = 3.5\n", nullptr},
    {"hook_literal_token", "[[sinks.web_hook]]\nname = 'a'\nurl = 'http://x/'\nheader = { name = 'A', value = 'hunter2-key' }\n",
     "t.toml:4: sinks.web_hook[0].header.value: stands in the file itself, where a secret does not belong; give { env = \"NAME\" } or { file = \"path\" }"},
    {"market_file", "[market]\nfile = '/nonexistent/market.json'\n",
     "t.toml:2: market.file: /nonexistent/market.json is not a readable file; check the path"},
};

INSTANTIATE_TEST_SUITE_P(Config, WrongFile, testing::ValuesIn([] {
                             std::vector<Wrong> out;
                             for (const Wrong& one : wrong_files)
                                 if (one.message != nullptr) out.push_back(one);
                             return out;
                         }()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Config, names_line_and_key_where_the_words_are_another_parts) {
    for (const Wrong& one : wrong_files) {
        if (one.message != nullptr) continue;
        EXPECT_TRUE(errors(one.text).starts_with("t.toml:")) << one.name << ": " << errors(one.text);
    }
    EXPECT_NE(errors("[http]\nport = = 1\n").find("t.toml:2: "), std::string::npos);
    EXPECT_NE(errors("[[venue]]\nid = 'aave'\n").find("t.toml:2: venue[0].id: "), std::string::npos);
    const std::string order = errors("[policy]\nz_warn = 3.5\n");
    EXPECT_NE(order.find("t.toml:2: policy.z_warn: z_warn = 3.5 must be below z_watch = 3"), std::string::npos) << order;
}

TEST(Config, reports_every_problem_at_once_in_the_order_of_lines) {
    const std::string text = errors("[http]\nhost = '8.8.8.8'\nport = -1\nzzzzzz = 1\n[policy]\neta = 7\n[[chain]]\nid = 'x'\nname = 'n'\n[[portfolio]]\nowners = ['0x12']\n");
    std::vector<std::size_t> lines;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) == std::string::npos ? text.size() : text.find('\n', at) + 1)
        lines.push_back(std::stoul(text.substr(at + 7)));
    EXPECT_EQ(lines, (std::vector<std::size_t>{2, 3, 4, 6, 8, 10, 11})) << text;
}

TEST(Config, never_shows_a_secret_in_errors_or_descriptions) {
    const std::string url = std::string("https://rpc.example/") + secret_text;
    const auto env = environment({{"RPC", url}, {"TOKEN", secret_text}, {"BAD", std::string("ftp://") + secret_text}, {"TWO", std::string(secret_text) + "\nx"}});
    const std::string wrong = errors("[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { env = 'BAD' }\n[[endpoint]]\nchain = 10\noperator = 'a'\nurl = { env = 'TWO' }\n"
                                     "[[chain]]\nid = 8453\nrpc = 'ftp://hunter2-key'\n"
                                     "[[sinks.web_hook]]\nname = 'a'\nurl = 'hunter2-key'\nheader = { name = 'A', value = 'hunter2-key' }\n", env);
    EXPECT_EQ(std::ranges::count(wrong, '\n'), 4) << wrong;
    EXPECT_EQ(wrong.find(secret_text), std::string::npos) << wrong;

    const auto good = parse("[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { env = 'RPC' }\n[[sinks.web_hook]]\nname = 'a'\nurl = { env = 'RPC' }\nheader = { name = 'A', value = { env = 'TOKEN' } }\n",
                            "t.toml", env);
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ(good->endpoints.at(0).url.reveal(), url);
    EXPECT_EQ(good->endpoints.at(0).url.origin(), "env RPC");
    EXPECT_EQ(good->sinks.web_hooks.at(0).header->second.reveal(), secret_text);
    const std::string shown = describe(*good);
    EXPECT_EQ(shown.find(secret_text), std::string::npos);
    EXPECT_NE(shown.find("env RPC"), std::string::npos);
}

TEST(Config, reads_a_secret_from_a_file_relative_to_the_configuration) {
    const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "margind_config_secret";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "rpc") << "http://node:8545/key\n";
    std::ofstream(folder / "margind.toml") << "[[endpoint]]\nchain = 1\noperator = 'a'\nurl = { file = 'rpc' }\n[storage]\npath = 'h.sqlite'\n";
    const auto settings = load(folder / "margind.toml", environment({}));
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->endpoints.at(0).url.reveal(), "http://node:8545/key");
    EXPECT_EQ(settings->storage, folder / "h.sqlite");

    std::ofstream(folder / "rpc") << std::string(20000, 'x');
    const auto large = load(folder / "margind.toml", environment({}));
    ASSERT_FALSE(large);
    EXPECT_NE(large.error().message.find("more than 16384 bytes"), std::string::npos) << large.error().message;
    std::filesystem::remove_all(folder);
}

TEST(Config, names_a_file_that_cannot_be_read) {
    const auto absent = load("/nonexistent/margind.toml", environment({}));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().message, "/nonexistent/margind.toml cannot be read; check its path and permissions");
    EXPECT_FALSE(load(testing::TempDir(), environment({})));
}

TEST(Config, refuses_a_document_that_is_too_large_or_too_deep) {
    EXPECT_NE(errors(std::string(5 << 20, '#')).find("at most 4194304 are read"), std::string::npos);
    EXPECT_NE(errors("a = " + std::string(100000, '[')).find("t.toml:1: "), std::string::npos);
}

TEST(Config, merges_a_known_chain_field_by_field) {
    const auto settings = parse("[[chain]]\nid = 42161\nverify_every_blocks = 100\n[[chain]]\nid = 31337\nblock_time_s = 2\nquiet_chain = true\n", "t.toml", environment({}));
    ASSERT_TRUE(settings) << settings.error().message;
    const Chain& arbitrum = settings->chains.at(ChainId{42161});
    EXPECT_EQ(arbitrum.name, "arbitrum_one");
    EXPECT_EQ(arbitrum.block_time, std::chrono::milliseconds(250));
    EXPECT_EQ(arbitrum.verify_every_blocks, 100U);
    const Chain& local = settings->chains.at(ChainId{31337});
    EXPECT_EQ(local.name, "chain-31337");
    EXPECT_EQ(local.multicall3.to_string(), "0xcA11bde05977b3631167028862bE2a173976CA11");
    EXPECT_EQ(local.poll_interval, std::chrono::milliseconds(1000));
    EXPECT_TRUE(local.quiet_chain);
    EXPECT_EQ(settings->chains.at(ChainId{1}).verify_every_blocks, 32U);
    // 3 block times of 12 s; of 2 and 0.25 s the least.
    EXPECT_EQ(settings->chains.at(ChainId{1}).stale_after, std::chrono::seconds(36));
    EXPECT_EQ(arbitrum.stale_after, std::chrono::seconds(30));
    EXPECT_EQ(local.stale_after, std::chrono::seconds(30));
    const auto slow = parse("[[chain]]\nid = 5\nblock_time_s = 60\n[[chain]]\nid = 1\nstale_after_s = 2.5\n", "t.toml", environment({}));
    ASSERT_TRUE(slow) << slow.error().message;
    EXPECT_EQ(slow->chains.at(ChainId{5}).stale_after, std::chrono::seconds(45));
    EXPECT_EQ(slow->chains.at(ChainId{1}).stale_after, std::chrono::milliseconds(2500));
}

TEST(Config, sorts_endpoints_by_chain_and_operator_and_keeps_the_order_of_one_operators) {
    const auto row = [](int chain, const char* name, const char* url, const char* more = "") {
        return "[[endpoint]]\nchain = " + std::to_string(chain) + "\noperator = '" + name + "'\nurl = '" + url + "'\n" + more;
    };
    const auto settings = parse(row(10, "b", "http://n/1") + row(1, "b", "wss://n/2", "requests_per_second = 2.5\ncompute_units_per_second = 300\n") + row(1, "a", "ipc:/n/3") +
                                row(1, "b", "https://n/1", "") + row(1, "b", "ws://n/0"), "t.toml", environment({}));
    ASSERT_TRUE(settings) << settings.error().message;
    std::vector<std::string> order;
    for (const Endpoint& endpoint : settings->endpoints) order.push_back(std::to_string(endpoint.chain.value) + endpoint.operator_name + " " + endpoint.url.reveal());
    EXPECT_EQ(order, (std::vector<std::string>{"1a ipc:/n/3", "1b wss://n/2", "1b https://n/1", "1b ws://n/0", "10b http://n/1"}));
    EXPECT_EQ(settings->endpoints.at(1).requests_per_second, 2.5);
    EXPECT_EQ(settings->endpoints.at(1).compute_units_per_second, 300.0);
    EXPECT_FALSE(settings->endpoints.at(0).requests_per_second);
}

TEST(Config, puts_rows_in_the_place_of_built_in_ones_and_disables_them) {
    const std::string eth_feed = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419";
    const auto settings = parse("[[venue]]\nid = 'aave_v3:1'\naddresses = { addresses_provider = '" + std::string(checksum_address) + "' }\n"
                                "[[venue]]\nid = 'perp_v2:10'\nenabled = false\n"
                                "[[feed]]\nchain = 1\nasset = 'ETH'\naddress = '" + eth_feed + "'\nheartbeat_s = 7\ndeviation_ppm = 9\ndescription = 'ETH / USD'\n"
                                "[[feed]]\nchain = 1\nasset = 'BTC'\naddress = '0xF4030086522a5bEEa4988F8cA5B36dbC97BeE88c'\nenabled = false\n",
                                "t.toml", environment({}));
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->venues.at(model::VenueId::parse("aave_v3:1").value()).addresses.at("addresses_provider").to_string(), checksum_address);
    EXPECT_FALSE(settings->venues.contains(model::VenueId::parse("perp_v2:10").value()));
    const auto feeds = [&](const char* asset) {
        std::vector<Feed> out;
        std::ranges::copy_if(settings->feeds, std::back_inserter(out), [&](const Feed& f) { return f.chain.value == 1 && f.asset.symbol == asset; });
        return out;
    };
    ASSERT_EQ(feeds("ETH").size(), 1U);
    EXPECT_EQ(feeds("ETH")[0].heartbeat_s, 7);
    EXPECT_TRUE(feeds("BTC").empty());
}

TEST(Config, takes_rules_ratios_and_wallets) {
    const std::string text = "[[venue]]\nid = 'aave_v3:1/spark'\nrule = '3.6'\naddresses = { addresses_provider = '" + std::string(checksum_address) + "' }\n"
                             "[[asset]]\nchain = 1\ntoken = '" + checksum_address + "'\nunderlying = 'vX'\nlabel = 'vX'\nratio = 'erc4626'\nbase = 'ETH'\n"
                             "[[portfolio]]\nname = 'a'\nowners = ['" + checksum_address + "']\nwallets = ['" + checksum_address + "']\n";
    const auto settings = parse(text, "t.toml", environment({}));
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->venues.at(model::VenueId::parse("aave_v3:1/spark").value()).rule, "3.6");
    EXPECT_EQ(defaults().venues.at(model::VenueId::parse("aave_v3:1/spark").value()).rule, "3.0");
    const model::AssetMapping* row = settings->assets.find({1}, model::Address::parse(checksum_address).value());
    ASSERT_TRUE(row != nullptr && row->ratio);
    EXPECT_EQ(row->ratio->source, model::RatioSource::erc4626);
    EXPECT_EQ(row->ratio->base.symbol, "ETH");
    ASSERT_EQ(settings->portfolios.size(), 1U);
    EXPECT_EQ(settings->portfolios[0].wallets.size(), 1U);
    const auto again = parse(describe(*settings), "t.toml", environment({}));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->assets, settings->assets);
    EXPECT_EQ(again->portfolios, settings->portfolios);
    EXPECT_EQ(again->venues.at(model::VenueId::parse("aave_v3:1/spark").value()).rule, "3.6");
    const std::string by_feed = "[[asset]]\nchain = 1\ntoken = '" + std::string(checksum_address) + "'\nunderlying = 'x'\nlabel = 'x'\nratio = 'rate_feed'\nbase = 'ETH'\n";
    const auto fed = parse(by_feed + "rate_feed = '" + checksum_address + "'\n", "t.toml", environment({}));
    ASSERT_TRUE(fed) << fed.error().message;
    EXPECT_EQ(parse(describe(*fed), "t.toml", environment({}))->assets, fed->assets);
    EXPECT_EQ(fed->assets.find({1}, model::Address::parse(checksum_address).value())->ratio->rate_feed.to_string(), checksum_address);
    EXPECT_NE(errors(by_feed).find("rate_feed"), std::string::npos);
    EXPECT_NE(errors("[[asset]]\nchain = 1\ntoken = '" + std::string(checksum_address) + "'\nunderlying = 'x'\nlabel = 'x'\nratio = 'guess'\nbase = 'ETH'\n").find("erc4626"),
              std::string::npos);
    EXPECT_NE(errors("[[asset]]\nchain = 1\ntoken = '" + std::string(checksum_address) + "'\nunderlying = 'x'\nlabel = 'x'\nratio = 'wsteth'\n").find("base"),
              std::string::npos);
}

/// Lido's own token and its bridged ones; feeds of wstETH/stETH from npm @bgd-labs/aave-address-book 4.44.22.
TEST(Config, has_the_ratios_of_tokens_that_grow_built_in) {
    const struct {
        std::uint64_t chain;
        const char* token;
        model::RatioSource source;
        const char* base;
        const char* feed;
    } rows[] = {
        {1, "0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0", model::RatioSource::wsteth, "ETH", nullptr},
        {10, "0x1F32b1c2345538c0c6f582fCB022739c4A194Ebb", model::RatioSource::rate_feed, "ETH", "0xe59EBa0D492cA53C6f46015EEa00517F2707dc77"},
        {8453, "0xc1CBa3fCea344f92D9239c08C0568f6F2F0ee452", model::RatioSource::rate_feed, "ETH", "0xB88BAc61a4Ca37C43a3725912B1f472c9A5bc061"},
        {42161, "0x5979D7b546E38E414F7E9822514be443A4800529", model::RatioSource::rate_feed, "ETH", "0xB1552C5e96B312d0Bf8b554186F846C40614a540"},
        {1, "0x83F20F44975D03b1b09e64809B757c47f942BEeA", model::RatioSource::erc4626, "DAI", nullptr},
        {1, "0xa3931d71877C0E7a3148CB7Eb4463524FEc27fbD", model::RatioSource::erc4626, "USDS", nullptr},
    };
    std::size_t built_in = 0;
    const Settings settings = defaults();
    for (const auto& [place, mapping] : settings.assets.rows()) built_in += mapping.ratio.has_value();
    EXPECT_EQ(built_in, std::size(rows));
    for (const auto& row : rows) {
        const model::AssetMapping* mapping = settings.assets.find({row.chain}, model::Address::parse(row.token).value());
        ASSERT_TRUE(mapping != nullptr && mapping->ratio) << row.token;
        EXPECT_EQ(mapping->ratio->source, row.source) << row.token;
        EXPECT_EQ(mapping->ratio->base.symbol, row.base) << row.token;
        EXPECT_EQ(mapping->ratio->rate_feed, row.feed == nullptr ? model::Address{} : model::Address::parse(row.feed).value()) << row.token;
    }
}

TEST(Config, sets_policy_fields_and_leaves_the_others) {
    const auto good = parse("[policy]\nz_watch = 2.5\nunknown_blocks = 5\n", "t.toml", environment({}));
    ASSERT_TRUE(good) << good.error().message;
    model::Policy expected;
    expected.z_watch = 2.5;
    expected.unknown_blocks = 5;
    EXPECT_EQ(good->policy, expected);
}

}  // namespace
}  // namespace margind::config
