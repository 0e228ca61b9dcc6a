// SPDX-License-Identifier: MIT
// A hand-written double: Morpho's own oracle over Chainlink feeds (morpho-blue-oracles) is in no npm package. It has the same
// arithmetic for one base and one quote feed without vaults, and refuses a negative answer with the same words. It does not prove
// that a deployed oracle has that form: margind reads nothing of an oracle but price().
pragma solidity ^0.8.19;

interface IFeed {
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

contract FeedOracle {
    IFeed public immutable BASE_FEED;
    IFeed public immutable QUOTE_FEED;
    uint256 public immutable SCALE_FACTOR;

    /// Both feeds have the same number of decimals.
    constructor(address base, address quote, uint8 baseTokenDecimals, uint8 quoteTokenDecimals) {
        BASE_FEED = IFeed(base);
        QUOTE_FEED = IFeed(quote);
        SCALE_FACTOR = 10 ** (36 + quoteTokenDecimals - baseTokenDecimals);
    }

    function answerOf(IFeed feed) private view returns (uint256) {
        (, int256 answer,,,) = feed.latestRoundData();
        require(answer >= 0, "negative answer");
        return uint256(answer);
    }

    /// The price of one unit of the base token in the quote token, scaled by 1e36.
    function price() external view returns (uint256) {
        return SCALE_FACTOR * answerOf(BASE_FEED) / answerOf(QUOTE_FEED);
    }
}
