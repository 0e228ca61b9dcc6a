// A snapshot through a real database and back: the same bits, rows that do not change kept once, and the route that serves it.
#include "daemon/as_json.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/http_server.hpp"
#include "daemon/routes.hpp"
#include "daemon/stored.hpp"
#include "risk/model/json_print.hpp"

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace margind::daemon {
namespace {

using nlohmann::json;

constexpr std::int64_t day = 86'400;
constexpr std::int64_t start = 1'700'000'000;

model::Address address(std::uint8_t first, std::uint8_t last) {
    model::Address out;
    out.bytes.front() = std::byte{first};
    out.bytes.back() = std::byte{last};
    return out;
}

model::FactsPtr facts(std::uint64_t value) {
    model::FactsBuilder builder("venue/1");
    builder.add("value", model::U256(value));
    return std::move(builder).build().value();
}

/// Block `number`, 63 asset rows, two accounts of which one changes with the block.
model::Snapshot snapshot(std::uint64_t number, std::int64_t time) {
    model::Snapshot out;
    out.time = time;
    const model::ChainId chain{1};
    const model::BlockRef block{chain, number, {}, time};
    out.blocks.emplace(chain, block);
    for (std::uint8_t i = 0; i < 63; ++i) out.assets.add({chain, address(2, i), {"ETH"}, "row \"" + std::to_string(i) + "\" \xc3\xa9"});
    const model::VenueId venue{"venue", chain, ""};
    out.venues.push_back({venue, facts(number), block, ""});
    for (std::uint8_t i = 1; i <= 2; ++i) {
        model::MarginAccount account;
        account.key.venue = venue;
        account.key.owner = address(1, i);
        account.facts = facts(i == 1 ? 7 : 1000 + number);
        account.read_at = block;
        out.accounts.push_back(std::move(account));
    }
    out.portfolios = {{"desk", {address(1, 1), address(1, 2)}}};
    return out;
}

storage::CommitBatch batch(const model::Snapshot& one) {
    storage::CommitBatch out;
    out.snapshot = snapshot_text(one, model::snapshot_hash(one));
    storage::ReportText report;
    report.portfolio = "desk";
    report.json = "{}";
    out.reports = {report};
    return out;
}

class StoredSnapshots : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("margind_stored_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "_" + std::to_string(getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        auto opened = storage::open_sqlite(folder_ / "h.sqlite", {.keep_full_days = 2});
        ASSERT_TRUE(opened) << opened.error().message;
        history_ = std::move(*opened);
    }
    void TearDown() override {
        history_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::string file_of(const model::Snapshot& one) const { return evaluation_file_text(one, {}, {}, nullptr); }

    std::filesystem::path folder_;
    std::unique_ptr<storage::History> history_;
};

TEST_F(StoredSnapshots, come_back_bit_for_bit) {
    const model::Snapshot given = snapshot(5, start);
    ASSERT_TRUE(history_->commit(batch(given)));
    const auto text = history_->snapshot_at("desk", start);
    ASSERT_TRUE(text && *text);
    const auto back = snapshot_of(**text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(model::snapshot_hash(*back), model::snapshot_hash(given));
    EXPECT_EQ(file_of(*back), file_of(given));
}

TEST_F(StoredSnapshots, hold_rows_that_do_not_change_once) {
    const auto first = snapshot_text(snapshot(1, start), {});
    const auto second = snapshot_text(snapshot(2, start + 12), {});
    EXPECT_LT(second.json.size(), 3000U) << second.json;
    EXPECT_EQ(json::parse(first.json).at("assets"), json::parse(second.json).at("assets"));
    EXPECT_EQ(json::parse(first.json).at("portfolios"), json::parse(second.json).at("portfolios"));
    const auto changed = std::count_if(second.facts.begin(), second.facts.end(), [&](const storage::FactsText& one) {
        return std::none_of(first.facts.begin(), first.facts.end(), [&](const storage::FactsText& other) { return other.hash == one.hash; });
    });
    EXPECT_EQ(second.facts.size(), 5U) << "venue, two accounts, assets, portfolios";
    EXPECT_EQ(changed, 2) << "the venue and one account";
}

TEST_F(StoredSnapshots, are_read_with_their_rows_inside_too) {
    const model::Snapshot given = snapshot(5, start);
    storage::SnapshotText text = snapshot_text(given, model::snapshot_hash(given));
    json document = json::parse(text.json);
    for (const char* part : {"assets", "portfolios"}) {
        const auto found = std::find_if(text.facts.begin(), text.facts.end(),
                                        [&](const storage::FactsText& one) { return one.hash.to_string() == document.at(part); });
        ASSERT_NE(found, text.facts.end());
        document.at(part) = json::parse(found->json);
        text.facts.erase(found);
    }
    text.json = document.dump();
    const auto back = snapshot_of(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(file_of(*back), file_of(given));
}

TEST_F(StoredSnapshots, name_what_is_damaged) {
    const model::Snapshot given = snapshot(5, start);
    const storage::SnapshotText good = snapshot_text(given, model::snapshot_hash(given));
    storage::SnapshotText text = good;
    const std::string assets = json::parse(good.json).at("assets");
    std::erase_if(text.facts, [&](const storage::FactsText& one) { return one.hash.to_string() == assets; });
    auto refused = snapshot_of(text);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(assets), std::string::npos) << refused.error().message;

    text = good;
    for (storage::FactsText& one : text.facts)
        if (one.hash.to_string() == assets) one.json = "[]";
    refused = snapshot_of(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, model::ErrorCode::storage);
    EXPECT_NE(refused.error().message.find(good.hash.to_string()), std::string::npos) << refused.error().message;

    text = good;
    text.json = "[";
    EXPECT_FALSE(snapshot_of(text));
    text.json = "[]";
    EXPECT_FALSE(snapshot_of(text));
}

// Each with its hash as the daemon that wrote it gave it: before troubles of sources, before second opinions, before ratios and wallets.
TEST_F(StoredSnapshots, of_older_daemons_are_read) {
    const std::string price = R"("asset":"ETH","chain":1,"decimals":8,"deviation_ppm":5000,"grade":"fresh","heartbeat_s":3600,"raw":"200000000000",)"
                              R"("reason":"","source":"chainlink:1:0x02","updated_at":1700000000)";
    const struct {
        const char* hash;
        std::string more_of_price;
        std::string more;
    } cases[] = {{"0x3c725c95d9d345a8b97b918729fcd877ed4f0b396dfd4b5c92535ae0cfcee257", "", ""},
                 {"0x7edd20f112cf2e2a1526e17636d6be2dcd596d3e4b1af7b2cb83c7361fb498fe", "", R"(,"troubles":[])"},
                 {"0xbc58414a2cf441b8ae2dd49247e70f08d93f75f57e965656da93d7ba405c5dee", R"(,"confidence_ppm":1000000,"second_opinion":false)",
                  R"(,"troubles":[])"}};
    for (const auto& one : cases) {
        storage::SnapshotText text;
        text.hash = model::Bytes32::parse(one.hash).value();
        text.json =
            R"({"time":1700000100,"accounts":[],"venues":[],"facts":{},)"
            R"("assets":[{"chain":1,"label":"WETH","token":"0x0000000000000000000000000000000000000001","underlying":"ETH"}],)"
            R"("blocks":[{"chain":1,"hash":"0x0000000000000000000000000000000000000000000000000000000000000007","number":101,"time":1700000088}],)"
            R"("portfolios":[{"name":"desk","owners":["0x0000000000000000000000000000000000000001"]}],"prices":[{)" +
            price + one.more_of_price + "}]" + one.more + "}";
        const auto read = snapshot_of(text);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->prices.at(0).confidence_ppm, 1'000'000U);
        EXPECT_FALSE(read->assets.rows().begin()->second.ratio);
        EXPECT_TRUE(read->portfolios.at(0).wallets.empty());
        const auto file = parse_evaluation_file(file_of(*read));
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(model::snapshot_hash(file->snapshot), model::snapshot_hash(*read));
        // Evaluation files too, which have no hash.
        std::string older = file_of(*read);
        const std::string now = model::print_json(as_json(*read));
        ASSERT_NE(older.find(now), std::string::npos);
        older.replace(older.find(now), now.size(), text.json);
        EXPECT_TRUE(parse_evaluation_file(older));
        text.json.replace(text.json.find("1700000100"), 10, "1700000101");
        const auto damaged = snapshot_of(text);
        ASSERT_FALSE(damaged);
        EXPECT_EQ(damaged.error().code, model::ErrorCode::storage);
    }
}

TEST_F(StoredSnapshots, are_served_by_time_until_they_are_too_old) {
    const model::Snapshot old = snapshot(1, start);
    const model::Snapshot recent = snapshot(2, start + 2 * day);
    ASSERT_TRUE(history_->commit(batch(old)));
    ASSERT_TRUE(history_->commit(batch(recent)));

    PublishedState state;
    model::PortfolioReport portfolio;
    portfolio.name = "desk";
    model::Report report;
    report.portfolios = {portfolio};
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->report = std::make_shared<const model::Report>(report);
    evaluation->snapshot = std::make_shared<const model::Snapshot>(recent);
    auto published = std::make_shared<Published>();
    published->evaluation = evaluation;
    state.publish(published);
    Metrics metrics;
    const model::Market market;
    const model::Policy policy;
    Routes routes(RouteContext{state, history_.get(), metrics, system_clocks(), market, policy, {{"desk", {}}}, {}});
    HttpServer server(HttpLimits{}, AllowList{});
    routes.add_to(server.server());
    const auto port = server.listen("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().message;
    httplib::Client client("127.0.0.1", *port);
    const auto get = [&](std::int64_t at) { return client.Get("/v1/portfolios/desk/snapshot?at=" + std::to_string(at)); };

    EXPECT_EQ(get(start + day)->status, 200);
    EXPECT_EQ(get(start + day)->body, evaluation_file_text(old, market, policy, nullptr));
    EXPECT_EQ(get(start + 3 * day)->body, evaluation_file_text(recent, market, policy, nullptr));
    ASSERT_TRUE(history_->commit(batch(snapshot(3, start + 2 * day + 1))));
    const auto gone = get(start + day);
    EXPECT_EQ(gone->status, 404);
    EXPECT_EQ(gone->get_header_value("Content-Type"), "application/problem+json");
    const std::string detail = json::parse(gone->body).at("detail");
    EXPECT_NE(detail.find("is older than keep_full_days = 2 and was dropped"), std::string::npos) << detail;
    const auto never = get(start - 1);
    EXPECT_EQ(never->status, 404);
    EXPECT_NE(never->body.find("no snapshot at or before 1699999999"), std::string::npos) << never->body;
    const auto wrong = client.Get("/v1/portfolios/desk/snapshot?at=yesterday");
    EXPECT_EQ(wrong->status, 400);
    EXPECT_NE(wrong->body.find("yesterday"), std::string::npos) << wrong->body;
}

}  // namespace
}  // namespace margind::daemon
