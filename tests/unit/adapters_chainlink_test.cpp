// Grades of Chainlink rounds, a replay of real ones, and the reading on bytes.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/chainlink/chainlink.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace margind::adapters::oracles::chainlink {
namespace {

using model::ErrorCode;
using model::I256;
using model::PriceGrade;
using model::U256;

constexpr std::int64_t heartbeat = 3'600;
constexpr std::int64_t now = 1'700'000'000;

struct Case {
    const char* name;
    Round round;
    std::optional<Round> previous;
    PriceGrade grade;
};

TEST(ChainlinkGrade, follows_the_table) {
    const Round before{U256(9), I256(1), now - 7'200};
    const std::vector<Case> cases{
        {"just updated", {U256(10), I256(5), now}, before, PriceGrade::fresh},
        {"at the heartbeat", {U256(10), I256(5), now - 3'600}, before, PriceGrade::fresh},
        {"past the heartbeat", {U256(10), I256(5), now - 3'601}, before, PriceGrade::late},
        {"at 1.25 heartbeats and 60 s", {U256(10), I256(5), now - 4'560}, before, PriceGrade::late},
        {"past 1.25 heartbeats and 60 s", {U256(10), I256(5), now - 4'561}, before, PriceGrade::stale},
        {"a little ahead of the block", {U256(10), I256(5), now + 60}, before, PriceGrade::fresh},
        {"far ahead of the block", {U256(10), I256(5), now + 61}, before, PriceGrade::refused},
        {"at the end of time", {U256(10), I256(5), INT64_MAX}, before, PriceGrade::refused},
        {"answer zero", {U256(10), I256(0), now}, before, PriceGrade::refused},
        {"answer negative", {U256(10), I256(-1), now}, before, PriceGrade::refused},
        {"never updated", {U256(10), I256(5), 0}, std::nullopt, PriceGrade::refused},
        {"round going back", {U256(8), I256(5), now}, before, PriceGrade::refused},
        {"time going back", {U256(10), I256(5), now - 7'201}, before, PriceGrade::refused},
        {"the same round again", before, before, PriceGrade::stale},
        {"a jump alone", {U256(10), I256(1'000'000), now}, before, PriceGrade::fresh},
        {"nothing before", {U256(1), I256(5), now}, std::nullopt, PriceGrade::fresh},
    };
    for (const Case& one : cases) {
        const Graded graded = grade(one.round, one.previous, heartbeat, now);
        EXPECT_EQ(graded.grade, one.grade) << one.name << ": " << graded.reason;
        EXPECT_EQ(graded.reason.empty(), one.grade == PriceGrade::fresh) << one.name;
    }
}

TEST(ChainlinkGrade, rounds_no_bound_for_odd_heartbeats) {
    // 1.25 x 1201 + 60 = 1561.25
    EXPECT_EQ(grade({U256(1), I256(5), now - 1'561}, {}, 1'201, now).grade, PriceGrade::late);
    EXPECT_EQ(grade({U256(1), I256(5), now - 1'562}, {}, 1'201, now).grade, PriceGrade::stale);
}

std::vector<Round> recorded_rounds() {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/chainlink_eth_usd_rounds.csv");
    std::vector<Round> rounds;
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#' || line.starts_with("round_id")) continue;
        std::istringstream fields(line);
        std::string id;
        std::string answer;
        std::string time;
        std::getline(fields, id, ',');
        std::getline(fields, answer, ',');
        std::getline(fields, time, ',');
        rounds.push_back({U256::from_decimal(id).value(), I256::from_decimal(answer).value(),
                          static_cast<std::int64_t>(U256::from_decimal(time).value().to_u64().value())});
    }
    return rounds;
}

TEST(ChainlinkGrade, calls_no_real_round_stale_one_second_before_its_successor) {
    const std::vector<Round> rounds = recorded_rounds();
    ASSERT_EQ(rounds.size(), 201U);
    EXPECT_EQ(grade(rounds[0], {}, heartbeat, rounds[1].updated_at).grade, PriceGrade::refused);
    int late = 0;
    int stale = 0;
    int refused = 0;
    for (std::size_t i = 1; i + 1 < rounds.size(); ++i) {
        const std::optional<Round> previous = i > 1 ? std::optional(rounds[i - 1]) : std::nullopt;
        const PriceGrade graded = grade(rounds[i], previous, heartbeat, rounds[i + 1].updated_at - 1).grade;
        late += graded == PriceGrade::late;
        stale += graded == PriceGrade::stale;
        refused += graded == PriceGrade::refused;
    }
    EXPECT_EQ(stale, 0);
    EXPECT_EQ(refused, 0);
    // Updates come up to 120 s after the heartbeat: a bound at one heartbeat would cry wolf.
    EXPECT_GT(late, 0);
}

config::Feed eth_feed() {
    config::Feed feed;
    feed.chain = model::ChainId{1};
    feed.asset = {"ETH"};
    feed.address.bytes[19] = std::byte{7};
    feed.heartbeat_s = heartbeat;
    feed.deviation_ppm = 5'000;
    feed.description = "ETH / USD";
    return feed;
}

model::BlockRef block_at(std::int64_t time) { return {model::ChainId{1}, 1, {}, time}; }

Reply bytes_reply(model::Bytes bytes) { return Reply(std::variant<model::Bytes, std::vector<Log>>(std::move(bytes))); }

model::Bytes encoded_round(std::uint64_t id, std::int64_t answer, std::uint64_t updated_at) {
    return evm::AbiWriter().u256(U256(id)).i256(I256(answer)).u256(U256(1)).u256(U256(updated_at)).u256(U256(id)).encoded();
}

std::vector<Reply> replies_with(Reply round) {
    std::vector<Reply> replies{std::move(round), bytes_reply(evm::AbiWriter().u256(U256(8)).encoded())};
    return replies;
}

model::Result<Observation> read(std::optional<Round> previous, const std::vector<Reply>& replies) {
    const auto reading = read_price(eth_feed(), std::move(previous), block_at(now));
    EXPECT_EQ(reading->next({}).size(), 2U);
    EXPECT_TRUE(reading->next(replies).empty());
    return reading->result();
}

TEST(ChainlinkReading, gives_a_graded_reference_price) {
    const auto seen = read({}, replies_with(bytes_reply(encoded_round(10, 300'000'000'000, now - 30))));
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->price.raw, I256(300'000'000'000));
    EXPECT_EQ(seen->price.decimals, 8);
    EXPECT_EQ(seen->price.updated_at, now - 30);
    EXPECT_EQ(seen->price.source, "chainlink:1:0x0000000000000000000000000000000000000007");
    EXPECT_EQ(seen->price.grade, PriceGrade::fresh);
    EXPECT_EQ(seen->accepted->id, U256(10));
}

TEST(ChainlinkReading, keeps_the_accepted_round_when_a_later_one_is_refused) {
    const Round accepted{U256(9), I256(7), now - 4'000};
    const auto seen = read(accepted, replies_with(bytes_reply(encoded_round(10, -5, now))));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->price.raw, I256(7));
    EXPECT_EQ(seen->price.grade, PriceGrade::late);
    EXPECT_NE(seen->price.reason.find("-5"), std::string::npos) << seen->price.reason;
    EXPECT_EQ(seen->accepted, accepted);
}

TEST(ChainlinkReading, refuses_a_bad_first_round_and_a_revert) {
    const auto zero = read({}, replies_with(bytes_reply(encoded_round(10, 0, now))));
    ASSERT_TRUE(zero);
    EXPECT_EQ(zero->price.grade, PriceGrade::refused);
    EXPECT_FALSE(zero->accepted);
    const auto reverted = read({}, replies_with(model::fail(ErrorCode::reverted, "No data present")));
    ASSERT_TRUE(reverted);
    EXPECT_EQ(reverted->price.grade, PriceGrade::refused);
    EXPECT_NE(reverted->price.reason.find("No data present"), std::string::npos);
}

TEST(ChainlinkReading, fails_on_what_is_no_feed) {
    const auto short_reply = read({}, replies_with(bytes_reply({std::byte{1}})));
    ASSERT_FALSE(short_reply);
    EXPECT_EQ(short_reply.error().code, ErrorCode::decode);
    std::vector<Reply> empty = replies_with(bytes_reply({}));
    empty[1] = bytes_reply({});
    EXPECT_EQ(read({}, empty).error().code, ErrorCode::no_code);
}

TEST(ChainlinkReading, compares_the_description) {
    const auto described = [](std::string_view text) {
        const auto reading = read_description(eth_feed());
        EXPECT_EQ(reading->next({}).size(), 2U);
        const std::vector<Reply> replies{bytes_reply({std::byte{1}}), bytes_reply(evm::AbiWriter().string(text).encoded())};
        EXPECT_TRUE(reading->next(replies).empty());
        return reading->result();
    };
    EXPECT_EQ(described("ETH / USD").value(), "ETH / USD");
    const auto other = described("BTC / USD");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::bad_input);
    EXPECT_NE(other.error().message.find("BTC / USD"), std::string::npos);
}

}  // namespace
}  // namespace margind::adapters::oracles::chainlink
