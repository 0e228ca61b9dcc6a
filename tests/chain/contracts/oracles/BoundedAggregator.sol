// SPDX-License-Identifier: MIT
// Hand-written double: the OffchainAggregator of old Chainlink feeds is in no npm package. It is the package's settable aggregator with
// the two immutables that its users can read. It does not prove how oracles cut their reports off at these bounds.
pragma solidity ^0.8.0;

import "src/v0.8/tests/MockV3Aggregator.sol";

contract BoundedAggregator is MockV3Aggregator {
    int192 public immutable minAnswer;
    int192 public immutable maxAnswer;

    constructor(uint8 decimals_, int256 answer, int192 lowest, int192 highest) MockV3Aggregator(decimals_, answer) {
        minAnswer = lowest;
        maxAnswer = highest;
    }
}
