// What several sources of one chain say together.
#include "adapters/oracles/settle.hpp"

#include "adapters/oracles/grade.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::adapters::oracles {
namespace {

using model::I256;
using model::PriceGrade;

constexpr std::int64_t now = 1'706'560'000;

Seen source(config::FeedSource kind, const std::string& asset, std::int64_t raw, std::int64_t age = 0, std::uint32_t deviation = 5'000, unsigned char place = 1) {
    Seen one;
    one.feed.chain = model::ChainId{10};
    one.feed.asset = {asset};
    one.feed.address.bytes[19] = static_cast<std::byte>(place);
    one.feed.heartbeat_s = 3'600;
    one.feed.deviation_ppm = deviation;
    one.feed.source = std::move(kind);
    Answer answer;
    answer.raw = raw;
    answer.decimals = 8;
    answer.updated_at = now - age;
    one.price = observe(one.feed, answer, refusal(answer, now), std::nullopt, now).price;
    return one;
}

Seen sequencer(PriceGrade grade) {
    Seen one = source(config::SequencerFeed{}, "sequencer", 1);
    one.price.grade = grade;
    one.price.reason = grade == PriceGrade::fresh ? "" : "the sequencer is down";
    return one;
}

config::RedstoneFeed packages() { return {"ETH", config::Secret("http://localhost", "test"), {}, 3}; }

TEST(Settle, disputes_two_sources_that_differ_by_more_than_both_deviations) {
    // 2000 and 2020: 10,000 ppm of the lower one, which is what both deviations allow.
    const auto grades = [](std::int64_t a, std::int64_t b) {
        const auto prices = settle({source(config::ChainlinkFeed{}, "ETH", a), source(config::PythFeed{}, "ETH", b)}, now);
        return std::pair(prices[0].grade, prices[1].grade);
    };
    EXPECT_EQ(grades(200'000'000'000, 202'000'000'000), std::pair(PriceGrade::fresh, PriceGrade::fresh));
    EXPECT_EQ(grades(202'000'000'000, 200'000'000'000), std::pair(PriceGrade::fresh, PriceGrade::fresh));
    EXPECT_EQ(grades(200'000'000'000, 202'000'000'001), std::pair(PriceGrade::disputed, PriceGrade::disputed));
    EXPECT_EQ(grades(202'000'000'001, 200'000'000'000), std::pair(PriceGrade::disputed, PriceGrade::disputed));
    const auto prices = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(packages(), "ETH", 200), source(config::ChainlinkFeed{}, "BTC", 7)}, now);
    EXPECT_EQ(prices[0].confidence_ppm, 500'000U);
    EXPECT_NE(prices[0].reason.find("redstone:10:ETH is 1000000 ppm apart"), std::string::npos) << prices[0].reason;
    EXPECT_EQ(prices[2].grade, PriceGrade::fresh);
}

TEST(Settle, gives_a_stale_or_refused_price_no_say) {
    const auto stale = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(config::PythFeed{}, "ETH", 200, 5'000)}, now);
    EXPECT_EQ(stale[0].grade, PriceGrade::fresh);
    EXPECT_EQ(stale[1].grade, PriceGrade::stale);
    const auto refused = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(config::PythFeed{}, "ETH", 0)}, now);
    EXPECT_EQ(refused[0].grade, PriceGrade::fresh);
    EXPECT_EQ(refused[1].grade, PriceGrade::refused);
    const auto late = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(config::PythFeed{}, "ETH", 200, 4'080)}, now);
    EXPECT_EQ(late[1].grade, PriceGrade::disputed);
    EXPECT_EQ(late[1].confidence_ppm, 250'000U);
}

TEST(Settle, marks_what_comes_from_the_chain_while_the_sequencer_is_not_relied_on) {
    const auto down = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(config::ChainlinkFeed{}, "BTC", 7, 5'000), source(packages(), "ETH", 100),
                              sequencer(PriceGrade::sequencer_grace)},
                             now);
    ASSERT_EQ(down.size(), 3U);
    EXPECT_EQ(down[0].grade, PriceGrade::sequencer_grace);
    EXPECT_EQ(down[0].reason, "the sequencer is down");
    EXPECT_EQ(down[1].grade, PriceGrade::stale);
    EXPECT_EQ(down[2].grade, PriceGrade::fresh);
    const auto up = settle({source(config::ChainlinkFeed{}, "ETH", 100), sequencer(PriceGrade::fresh)}, now);
    EXPECT_EQ(up[0].grade, PriceGrade::fresh);
    Seen contradicted = sequencer(PriceGrade::fresh);
    contradicted.contradiction = "operators contradict each other";
    EXPECT_EQ(settle({source(config::ChainlinkFeed{}, "ETH", 100), contradicted}, now)[0].grade, PriceGrade::sequencer_grace);
    // Apart as well: the worse of the two.
    const auto both = settle({source(config::ChainlinkFeed{}, "ETH", 100), source(packages(), "ETH", 200), sequencer(PriceGrade::sequencer_grace)}, now);
    EXPECT_EQ(both[0].grade, PriceGrade::disputed);
}

TEST(Settle, turns_a_pools_price_into_dollars) {
    config::TwapFeed pool;
    pool.quote = "USDC";
    const auto with = [&](std::int64_t usdc, std::int64_t age) {
        return settle({source(pool, "ETH", 200'000'000'000, 0, 20'000), source(config::ChainlinkFeed{}, "USDC", usdc, age, 2'500)}, now)[0];
    };
    const model::ReferencePrice price = with(99'000'000, 0);
    EXPECT_EQ(price.raw, I256(198'000'000'000));
    EXPECT_EQ(price.deviation_ppm, 22'500U);
    EXPECT_EQ(price.grade, PriceGrade::fresh);
    EXPECT_EQ(with(99'000'000, 5'000).grade, PriceGrade::stale);
    EXPECT_EQ(with(0, 0).grade, PriceGrade::refused);
    EXPECT_EQ(settle({source(pool, "ETH", 200'000'000'000)}, now)[0].grade, PriceGrade::refused);
}

TEST(Settle, lets_an_operators_word_dispute_its_own_source_alone) {
    Seen said = source(config::ChainlinkFeed{}, "ETH", 100);
    said.contradiction = "operators contradict each other";
    const auto prices = settle({said, source(config::PythFeed{}, "ETH", 100)}, now);
    EXPECT_EQ(prices[0].grade, PriceGrade::disputed);
    EXPECT_EQ(prices[1].grade, PriceGrade::fresh);
}

}  // namespace
}  // namespace margind::adapters::oracles
