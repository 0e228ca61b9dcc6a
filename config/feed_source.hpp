// The kinds of sources that a reference price may come from, and what each needs to be told.
#pragma once

#include "config/secret.hpp"
#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace margind::config {

/// An aggregator, or a proxy in front of them; anything that answers latestRoundData.
struct ChainlinkFeed {};

struct PythFeed {
    model::Bytes32 price_id;
    /// A confidence interval wider than this share of the price, in ppm, is no price.
    std::uint32_t max_interval_ppm = 10'000;
};

struct TwapFeed {
    /// The token of the pool that is priced, in units of the other one.
    model::Address base_token;
    /// What the other token is: USD, or an asset whose price on the same chain turns it into USD.
    std::string quote = "USD";
    std::int64_t window_s = 1800;
    /// Harmonic mean over the window; below it anybody can move the price.
    model::U256 min_liquidity = 1;
};

struct RedstoneFeed {
    /// "ETH".
    std::string data_feed;
    /// The gateway's packages as JSON, or a payload in hex.
    Secret url;
    std::vector<model::Address> signers;
    /// Distinct signers that it takes, 1 to their number.
    std::uint32_t threshold = 1;
    std::uint8_t decimals = 8;
    std::chrono::milliseconds poll_interval{10'000};
};

/// Made of a chain's settings, never a row of its own.
struct SequencerFeed {
    std::int64_t grace_s = 3600;
};

using FeedSource = std::variant<ChainlinkFeed, PythFeed, TwapFeed, RedstoneFeed, SequencerFeed>;

/// "chainlink", "pyth", "uniswap_v3_twap", "redstone", "sequencer".
std::string_view kind_of(const FeedSource& source);

}  // namespace margind::config
