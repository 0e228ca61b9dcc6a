// Oracle contracts' replies, by hand: Chainlink's rounds and phases, the sequencer's uptime feed, Pyth, pools.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/chainlink/kind.hpp"
#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/uniswap_v3_twap/kind.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace margind::adapters::oracles {
namespace {

using model::ErrorCode;
using model::I256;
using model::PriceGrade;
using model::U256;

constexpr std::int64_t now = 1'706'560'000;
constexpr std::int64_t heartbeat = 3'600;

config::Feed eth_feed(config::FeedSource source = config::ChainlinkFeed{}) {
    config::Feed feed;
    feed.chain = model::ChainId{1};
    feed.asset = {"ETH"};
    feed.address.bytes[19] = std::byte{7};
    feed.heartbeat_s = heartbeat;
    feed.deviation_ppm = 5'000;
    feed.description = "ETH / USD";
    feed.source = std::move(source);
    return feed;
}

U256 round_id(std::uint64_t phase, std::uint64_t round) { return checked_add(checked_mul(U256(phase), U256::pow2(64)).value(), U256(round)).value(); }

Answer answer(std::uint64_t phase, std::uint64_t round, std::int64_t updated_at, std::int64_t raw = 5) {
    Answer out;
    out.id = round_id(phase, round);
    out.raw = raw;
    out.decimals = 8;
    out.updated_at = updated_at;
    return out;
}

model::BlockRef block_at(std::int64_t time) { return {model::ChainId{1}, 1, {}, time}; }
Reply bytes_reply(model::Bytes bytes) { return Reply(std::variant<model::Bytes, std::vector<Log>>(std::move(bytes))); }
Reply word_reply(const U256& word) { return bytes_reply(evm::AbiWriter().u256(word).encoded()); }

Reply round_reply(const Answer& round, std::int64_t started_at = 1) {
    return bytes_reply(evm::AbiWriter().u256(round.id).i256(round.raw).i256(I256(started_at)).i256(I256(round.updated_at)).u256(round.id).encoded());
}

template <class T>
model::Result<T> run(Reading<T>& reading, const std::vector<std::vector<Reply>>& rounds) {
    std::vector<Request> asked = reading.next({});
    for (const std::vector<Reply>& replies : rounds) {
        EXPECT_EQ(asked.size(), replies.size());
        asked = reading.next(replies);
    }
    EXPECT_TRUE(asked.empty());
    return reading.result();
}

model::Result<Observation> read(const config::Feed& feed, std::optional<Answer> previous, const std::vector<std::vector<Reply>>& rounds, std::int64_t time = now) {
    Before before;
    before.previous = std::move(previous);
    const auto reading = read_price(feed, std::move(before), block_at(time));
    return run(*reading, rounds);
}

const Reply no_such_view = model::fail(ErrorCode::reverted, "reverted");

/// Of a feed without bounds.
model::Result<Observation> read_round(const Answer& round, std::optional<Answer> previous = {}) {
    Before before;
    before.previous = std::move(previous);
    const auto reading = read_price(eth_feed(), std::move(before), block_at(now));
    reading->next({});
    const std::vector<Request> more = reading->next(std::vector<Reply>{round_reply(round), word_reply(U256(8))});
    if (!more.empty()) reading->next(std::vector<Reply>(more.size(), no_such_view));
    return reading->result();
}
/// As it is kept once its aggregator was asked for bounds.
std::optional<Answer> asked(Answer answer) {
    answer.bounds.emplace();
    return answer;
}

TEST(OracleGrade, follows_age) {
    const std::pair<std::int64_t, PriceGrade> cases[] = {{0, PriceGrade::fresh}, {3'600, PriceGrade::fresh}, {3'601, PriceGrade::late},
                                                         {4'560, PriceGrade::late}, {4'561, PriceGrade::stale}, {-60, PriceGrade::fresh}};
    for (const auto& [age, grade] : cases) {
        const Graded graded = grade_age(now - age, heartbeat, now);
        EXPECT_EQ(graded.grade, grade) << age;
        EXPECT_EQ(graded.reason.empty(), grade == PriceGrade::fresh) << age;
    }
    // A heartbeat whose quarter is no whole number: 1.25 x 1201 + 60 = 1561.25.
    EXPECT_EQ(grade_age(now - 1'561, 1'201, now).grade, PriceGrade::late);
    EXPECT_EQ(grade_age(now - 1'562, 1'201, now).grade, PriceGrade::stale);
}

TEST(OracleConfidence, falls_from_the_heartbeat_to_where_it_is_stale_and_is_halved_when_disputed) {
    model::ReferencePrice price;
    price.heartbeat_s = heartbeat;
    price.updated_at = now;
    const auto after = [&](std::int64_t age) { return confidence_ppm(price, now + age); };
    EXPECT_EQ(after(0), 1'000'000U);
    EXPECT_EQ(after(3'600), 1'000'000U);
    // Half of the way from 3600 to 4560.
    EXPECT_EQ(after(4'080), 500'000U);
    EXPECT_EQ(after(4'560), 0U);
    EXPECT_EQ(after(9'000), 0U);
    price.grade = PriceGrade::disputed;
    EXPECT_EQ(after(0), 500'000U);
    EXPECT_EQ(after(4'080), 250'000U);
    price.grade = PriceGrade::refused;
    EXPECT_EQ(after(0), 0U);
}

TEST(Chainlink, refuses_a_round_of_an_earlier_phase_and_one_that_goes_back_within_its_phase) {
    const Answer before = answer(6, 100, now - 50);
    EXPECT_EQ(chainlink::going_back(answer(6, 100, now - 50), before), "");
    EXPECT_EQ(chainlink::going_back(answer(6, 101, now), before), "");
    EXPECT_NE(chainlink::going_back(answer(6, 99, now), before), "");
    EXPECT_NE(chainlink::going_back(answer(6, 101, now - 51), before), "");
    EXPECT_NE(chainlink::going_back(answer(5, 4'000'000, now), before), "");
    // A new phase begins with round 1, and its first round may be older than the last one of the phase before.
    EXPECT_EQ(chainlink::going_back(answer(7, 1, now - 400), before), "");
}

TEST(Chainlink, grades_what_a_proxy_answers) {
    struct Case {
        const char* name;
        Answer round;
        std::optional<Answer> previous;
        PriceGrade grade;
        /// Of which of the two the price is.
        bool previous_holds;
    };
    const Answer before = answer(6, 100, now - 3'700);
    const Case cases[] = {
        {"just updated", answer(6, 101, now), before, PriceGrade::fresh, false},
        {"a jump alone", answer(6, 101, now, 1'000'000), before, PriceGrade::fresh, false},
        {"the same round again", before, before, PriceGrade::late, false},
        {"a little ahead of the block", answer(6, 101, now + 60), before, PriceGrade::fresh, false},
        {"a new phase", answer(7, 1, now - 10), before, PriceGrade::fresh, false},
        {"the empty start of a phase", answer(7, 0, 0, 0), before, PriceGrade::late, true},
        {"far ahead of the block", answer(6, 101, now + 61), before, PriceGrade::late, true},
        {"at the end of time", answer(6, 101, INT64_MAX), before, PriceGrade::late, true},
        {"zero", answer(6, 101, now, 0), before, PriceGrade::late, true},
        {"negative", answer(6, 101, now, -1), before, PriceGrade::late, true},
        {"round going back", answer(6, 99, now), before, PriceGrade::late, true},
        {"time going back", answer(6, 101, now - 3'701), before, PriceGrade::late, true},
        {"phase going back", answer(5, 999, now), before, PriceGrade::late, true},
        {"zero, and nothing before", answer(6, 101, now, 0), std::nullopt, PriceGrade::refused, false},
        {"the empty start of a phase, and nothing before", answer(7, 0, 0, 0), std::nullopt, PriceGrade::refused, false},
    };
    for (const Case& one : cases) {
        const auto seen = read_round(one.round, one.previous);
        ASSERT_TRUE(seen) << one.name << ": " << seen.error().message;
        EXPECT_EQ(seen->price.grade, one.grade) << one.name << ": " << seen->price.reason;
        EXPECT_EQ(seen->price.raw, one.previous_holds ? one.previous->raw : one.round.raw) << one.name;
        EXPECT_EQ(seen->accepted, one.grade == PriceGrade::refused ? std::nullopt : one.previous_holds ? one.previous : asked(one.round)) << one.name;
        EXPECT_EQ(seen->price.reason.starts_with("a later answer is refused: "), one.previous_holds) << one.name << ": " << seen->price.reason;
        EXPECT_EQ(seen->price.source, "chainlink:1:0x0000000000000000000000000000000000000007");
    }
}

TEST(Chainlink, calls_a_round_that_reverts_refused_and_fails_on_what_is_no_feed) {
    const auto reverted = read(eth_feed(), {}, {{model::fail(ErrorCode::reverted, "No data present"), word_reply(U256(8))}});
    ASSERT_TRUE(reverted);
    EXPECT_EQ(reverted->price.grade, PriceGrade::refused);
    EXPECT_NE(reverted->price.reason.find("No data present"), std::string::npos);
    EXPECT_EQ(read(eth_feed(), {}, {{bytes_reply({std::byte{1}}), word_reply(U256(8))}}).error().code, ErrorCode::decode);
    EXPECT_EQ(read(eth_feed(), {}, {{bytes_reply({}), bytes_reply({})}}).error().code, ErrorCode::no_code);
    EXPECT_EQ(read(eth_feed(), {}, {{round_reply(answer(1, 1, now)), word_reply(U256(200))}}).error().code, ErrorCode::decode);
}

TEST(Chainlink, refuses_what_stands_at_a_bound_of_the_aggregator_behind_the_proxy) {
    const Reply round = round_reply(answer(2, 7, now, 300'000));
    const Reply aggregator = word_reply(U256(0xa66));
    const auto bounds = [](std::int64_t low, std::int64_t high) {
        return std::vector<Reply>{bytes_reply(evm::AbiWriter().i256(I256(low)).encoded()), bytes_reply(evm::AbiWriter().i256(I256(high)).encoded())};
    };
    const auto behind_proxy = [&](std::int64_t low, std::int64_t high) {
        return read(eth_feed(), answer(2, 6, now - 10, 200'000), {{round, word_reply(U256(8))}, {aggregator, no_such_view, no_such_view}, bounds(low, high)});
    };
    EXPECT_EQ(behind_proxy(299'999, 300'001)->price.raw, I256(300'000));
    EXPECT_EQ(behind_proxy(-5, 300'001)->price.reason, "");
    for (const auto& seen : {behind_proxy(300'000, 400'000), behind_proxy(300'001, 400'000), behind_proxy(1, 300'000), behind_proxy(1, 299'999)}) {
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->price.raw, I256(200'000)) << "the one before holds, and ages";
        EXPECT_TRUE(seen->price.reason.starts_with("a later answer is refused: answer 300000 is not ")) << seen->price.reason;
    }
    // A bare aggregator tells of its own, and nothing before it: no price.
    const auto bare = read(eth_feed(), {}, {{round, word_reply(U256(8))}, {no_such_view, bounds(300'000, 400'000)[0], bounds(300'000, 400'000)[1]}});
    ASSERT_TRUE(bare) << bare.error().message;
    EXPECT_EQ(bare->price.grade, PriceGrade::refused);
    EXPECT_EQ(bare->price.reason, "answer 300000 is not above the aggregator's least of 300000");
}

TEST(Chainlink, asks_for_bounds_once_in_each_phase) {
    Answer before = answer(2, 6, now - 10, 200'000);
    before.bounds = AnswerBounds{I256(1), I256(250'000)};
    const auto same = read(eth_feed(), before, {{round_reply(answer(2, 7, now, 250'000)), word_reply(U256(8))}});
    EXPECT_EQ(same->price.raw, I256(200'000)) << "at the most that is remembered";
    const auto next = read(eth_feed(), before, {{round_reply(answer(3, 1, now, 250'000)), word_reply(U256(8))}, {no_such_view, no_such_view, no_such_view}});
    EXPECT_EQ(next->price.raw, I256(250'000));
    EXPECT_EQ(next->accepted, asked(answer(3, 1, now, 250'000)));
    // What did not come is no word that there are none.
    const Reply lost = model::fail(ErrorCode::unreachable, "gone");
    EXPECT_FALSE(read(eth_feed(), {}, {{round_reply(answer(2, 7, now)), word_reply(U256(8))}, {lost, no_such_view, no_such_view}}));
}

TEST(Chainlink, compares_the_description) {
    const auto described = [](std::string_view text) {
        const auto reading = read_description(eth_feed());
        return run(*reading, {{bytes_reply({std::byte{1}}), bytes_reply(evm::AbiWriter().string(text).encoded())}});
    };
    EXPECT_EQ(described("ETH / USD").value(), "ETH / USD");
    const auto other = described("BTC / USD");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::bad_input);
    EXPECT_NE(other.error().message.find("BTC / USD"), std::string::npos);
}

// Every round of tests/unit/data, in the last second before the next one.
TEST(Chainlink, calls_no_real_round_stale_or_refused) {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/chainlink_rounds.txt");
    std::string line;
    config::Feed feed = eth_feed();
    std::optional<Answer> previous;
    Answer round;
    std::map<PriceGrade, int> seen;
    int empties = 0;
    const auto judge = [&](std::int64_t until) {
        std::string refused = refusal(round, until);
        if (refused.empty() && previous) refused = chainlink::going_back(round, *previous);
        const Observation observation = observe(feed, round, refused, previous, until);
        EXPECT_EQ(observation.accepted, round);
        ++seen[observation.price.grade];
        previous = observation.accepted;
    };
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string word;
        if (line.empty() || line[0] == '#') continue;
        if (line.starts_with("empty")) {
            std::string name;
            fields >> word >> name >> word;
            Answer empty;
            empty.id = U256::from_decimal(word).value();
            EXPECT_EQ(observe(feed, empty, refusal(empty, now), previous, now).accepted, previous);
            ++empties;
        } else if (line.starts_with("feed")) {
            std::string name;
            std::string id;
            fields >> word >> name >> feed.heartbeat_s >> id >> round.updated_at;
            round.id = U256::from_decimal(id).value();
            round.raw = 5;
            previous.reset();
        } else {
            for (std::int64_t gap = 0; fields >> gap;) {
                judge(round.updated_at + gap - 1);
                round.id = checked_add(round.id, U256(1)).value();
                round.updated_at += gap;
            }
        }
    }
    EXPECT_EQ(empties, 1);
    EXPECT_EQ(seen[PriceGrade::stale], 0);
    EXPECT_EQ(seen[PriceGrade::refused], 0);
    // Updates come up to 120 s after the heartbeat: a bound at one heartbeat would cry wolf.
    EXPECT_GT(seen[PriceGrade::late], 1'000);
    EXPECT_EQ(seen[PriceGrade::fresh] + seen[PriceGrade::late], 11'105 + 812 + 342);
}

TEST(Sequencer, is_relied_on_when_up_for_longer_than_the_grace) {
    const auto status = [](std::int64_t answered, std::int64_t started_at) {
        return read(eth_feed(config::SequencerFeed{3'600}), {}, {{round_reply(answer(1, 1, now, answered), started_at)}})->price;
    };
    EXPECT_EQ(status(0, now - 3'601).grade, PriceGrade::fresh);
    EXPECT_EQ(status(0, now - 3'600).grade, PriceGrade::sequencer_grace);
    EXPECT_EQ(status(0, 0).grade, PriceGrade::sequencer_grace);
    EXPECT_EQ(status(1, now - 9'000).grade, PriceGrade::sequencer_grace);
    EXPECT_EQ(status(2, now - 9'000).grade, PriceGrade::sequencer_grace);
    EXPECT_NE(status(1, now - 9'000).reason.find("down"), std::string::npos);
    const auto reverted = read(eth_feed(config::SequencerFeed{3'600}), {}, {{model::fail(ErrorCode::reverted, "No access")}});
    EXPECT_EQ(reverted->price.grade, PriceGrade::sequencer_grace);
}

model::Result<Observation> read_pyth(std::int64_t price, std::uint64_t confidence, std::int64_t exponent, std::int64_t time, std::optional<Answer> previous = {}) {
    config::PythFeed source;
    source.max_interval_ppm = 10'000;
    return read(eth_feed(source), std::move(previous),
                {{bytes_reply(evm::AbiWriter().i256(I256(price)).u256(U256(confidence)).i256(I256(exponent)).i256(I256(time)).encoded())}});
}

TEST(Pyth, gives_price_interval_and_time) {
    // The golden message of 2024-05-03: BTC 6140993501000e-8 with 3287868567.
    const auto seen = read_pyth(6'140'993'501'000, 3'287'868'567, -8, now - 5);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->price.raw, I256(6'140'993'501'000));
    EXPECT_EQ(seen->price.decimals, 8);
    EXPECT_EQ(seen->price.grade, PriceGrade::fresh);
    // 3287868567 / 6140993501000 = 535.4 ppm, rounded up, beside the feed's own deviation.
    EXPECT_EQ(seen->price.deviation_ppm, 5'000U + 536U);
    const auto positive = read_pyth(3, 0, 2, now);
    EXPECT_EQ(positive->price.raw, I256(300));
    EXPECT_EQ(positive->price.decimals, 0);
}

TEST(Pyth, refuses_what_no_one_may_use) {
    const Answer before = read_pyth(300, 1, -8, now - 4'000)->accepted.value();
    const auto refused = [&](const model::Result<Observation>& seen) { return seen->price.raw == before.raw && seen->price.grade == PriceGrade::late; };
    EXPECT_TRUE(refused(read_pyth(0, 1, -8, now, before)));
    EXPECT_TRUE(refused(read_pyth(-1, 1, -8, now, before)));
    EXPECT_TRUE(refused(read_pyth(1'000'000, 10'001, -8, now, before)));
    EXPECT_FALSE(refused(read_pyth(1'000'000, 10'000, -8, now, before)));
    EXPECT_TRUE(refused(read_pyth(301, 1, -8, now - 4'001, before)));
    EXPECT_TRUE(refused(read_pyth(301, 1, -8, now + 61, before)));
    EXPECT_EQ(read_pyth(1, 0, -37, now).error().code, ErrorCode::decode);
    EXPECT_EQ(read_pyth(1, 0, 19, now).error().code, ErrorCode::decode);
    const auto unknown = read(eth_feed(config::PythFeed{}), {}, {{model::fail(ErrorCode::reverted, "0x14aebe68")}});
    EXPECT_EQ(unknown->price.grade, PriceGrade::refused);
}

TEST(Twap, has_the_mean_tick_rounded_towards_minus_infinity) {
    // Reference, and OracleLibrary's rule: -358000 / 1800 = -198.9.
    const auto tick = [](std::int64_t from, std::int64_t to, std::int64_t seconds) {
        return uniswap_v3_twap::mean_tick({seconds, I256(from), I256(to), {}, {}});
    };
    EXPECT_EQ(tick(-100'000'000, -100'358'000, 1'800), -199);
    EXPECT_EQ(tick(0, 358'000, 1'800), 198);
    EXPECT_EQ(tick(0, -1'800, 1'800), -1);
    EXPECT_EQ(tick(0, 887'272, 1), 887'272);
    EXPECT_FALSE(tick(0, 887'273, 1));
}

TEST(Twap, has_the_harmonic_mean_of_liquidity_also_when_the_counter_wraps) {
    // Liquidity L for T seconds moves the counter by T * 2^128 / L.
    const auto mean = [](const U256& from, const U256& to) { return uniswap_v3_twap::mean_liquidity({1'800, {}, {}, from, to}); };
    const U256 moved = mul_div(U256(1'800), U256::pow2(128), U256::pow10(18), model::Rounding::down).value();
    const auto near = [](const U256& a) { return a.to_double() / 1e18; };
    EXPECT_NEAR(near(mean({}, moved)), 1.0, 1e-9);
    const U256 last = checked_sub(U256::pow2(160), U256(5)).value();
    EXPECT_NEAR(near(mean(last, checked_sub(moved, U256(5)).value())), 1.0, 1e-9);
    EXPECT_EQ(mean(U256(3), U256(3)), U256());
}

std::vector<Reply> pool_replies(std::int64_t tick, std::uint64_t liquidity) {
    const U256 moved = mul_div(U256(1'800), U256::pow2(128), U256(liquidity), model::Rounding::down).value();
    evm::AbiWriter ticks;
    ticks.i256(I256(0)).i256(I256(tick * 1'800));
    evm::AbiWriter liquidities;
    liquidities.u256(U256()).u256(moved);
    return {bytes_reply(evm::AbiWriter().array(2, ticks).array(2, liquidities).encoded()), word_reply(U256(0xa)), word_reply(U256(0xb))};
}

config::Feed pool_feed(unsigned char base) {
    config::TwapFeed source;
    source.base_token.bytes[19] = static_cast<std::byte>(base);
    source.min_liquidity = 1'000;
    return eth_feed(source);
}

TEST(Twap, prices_either_token_in_the_other) {
    // Reference: in a pool of USDC (6) and WETH (18), tick 196300 makes WETH worth 1e12 / 1.0001^196300 = 2986.93 USDC.
    const auto seen = read(pool_feed(0xb), {}, {pool_replies(196'300, 5'000), {word_reply(U256(18)), word_reply(U256(6))}});
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->price.grade, PriceGrade::fresh);
    EXPECT_EQ(seen->price.decimals, 18);
    EXPECT_NEAR(seen->price.raw.to_double() / 1e18, 2986.93, 0.005);
    EXPECT_EQ(seen->price.updated_at, now);
    const auto inverse = read(pool_feed(0xa), {}, {pool_replies(196'300, 5'000), {word_reply(U256(6)), word_reply(U256(18))}});
    EXPECT_NEAR(inverse->price.raw.to_double() / 1e18, 1 / 2986.93, 1e-9);
    // 1.0001 of the other token at tick 1, both with 18 decimals, as OracleLibrary rounds it: 1.0001 * (1 + a little).
    const auto one = read(pool_feed(0xa), {}, {pool_replies(1, 5'000), {word_reply(U256(18)), word_reply(U256(18))}});
    EXPECT_EQ(one->price.raw.to_decimal(), "1000100000000000000");
}

TEST(Twap, is_unknown_without_history_or_liquidity_and_fails_on_another_pool) {
    auto old = pool_replies(1, 5'000);
    old[0] = model::fail(ErrorCode::reverted, "OLD");
    const auto young = read(pool_feed(0xa), {}, {old, {word_reply(U256(18)), word_reply(U256(18))}});
    EXPECT_EQ(young->price.grade, PriceGrade::refused);
    EXPECT_NE(young->price.reason.find("OLD"), std::string::npos);
    const auto thin = read(pool_feed(0xa), {}, {pool_replies(1, 900), {word_reply(U256(18)), word_reply(U256(18))}});
    EXPECT_EQ(thin->price.grade, PriceGrade::refused);
    EXPECT_NE(thin->price.reason.find("liquidity"), std::string::npos);
    EXPECT_EQ(read(pool_feed(0xc), {}, {pool_replies(1, 5'000)}).error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace margind::adapters::oracles
