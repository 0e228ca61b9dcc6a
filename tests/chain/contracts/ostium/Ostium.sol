// SPDX-License-Identifier: MIT
// Hand-written doubles: Ostium's contracts are in no npm package. They keep the functions, widths, units and the liquidation test of
// smart-contracts-public (2025-06), with the divisions in its order. They do not prove what the deployed contracts answer: one contract is
// all of them but the registry, rollover and funding grow evenly with time at four blocks a second, funding is not made from open interest,
// there are no orders, spreads, market hours or signed prices, and anyone may write and liquidate.
pragma solidity ^0.8.26;

struct Trade {
    uint256 collateral;
    uint192 openPrice;
    uint192 tp;
    uint192 sl;
    address trader;
    uint32 leverage;
    uint16 pairIndex;
    uint8 index;
    bool buy;
}
struct TradeInfo {
    uint256 tradeId;
    uint256 oiNotional;
    uint32 initialLeverage;
    uint32 tpLastUpdated;
    uint32 slLastUpdated;
    uint32 createdAt;
    bool beingMarketClosed;
}
struct Pair {
    bytes32 from;
    bytes32 to;
    bytes32 feed;
    uint64 tradeSizeRef;
    uint32 overnightMaxLeverage;
    uint32 maxLeverage;
    uint8 groupIndex;
    uint8 feeIndex;
    string oracle;
}

contract Registry {
    address private immutable all;

    constructor(address ostium) { all = ostium; }
    function getContractAddress(bytes32 name) external view returns (address) {
        require(name == "pairInfos" || name == "pairsStorage" || name == "openPnl" || name == "tradingStorage", "not registered");
        return all;
    }
}

contract Ostium {
    struct Accrual {
        uint256 rolloverPerBlock;
        int256 fundingPerBlock;
        uint256 rollover;
        int256 funding;
        uint256 since;
    }

    Registry public registry;
    uint8 public maxTradesPerPair = 3;
    uint8 public liqMarginThresholdP = 25;
    uint16 public pairsCount;
    mapping(uint16 => Pair) public pairs;
    mapping(uint16 => int256) public lastTradePrice;
    mapping(address => mapping(uint16 => uint32)) public openTradesCount;
    mapping(address => mapping(uint16 => mapping(uint8 => Trade))) private trades;
    mapping(address => mapping(uint16 => mapping(uint8 => uint256))) private rolloverAtOpen;
    mapping(address => mapping(uint16 => mapping(uint8 => int256))) private fundingAtOpen;
    mapping(uint16 => Accrual) private accruals;
    uint256 private extraWords;

    event LimitCloseExecuted(uint256 orderId, uint256 tradeId, uint8 orderType, uint256 price, uint256 impact, int256 profit, uint256 sent);

    constructor() { registry = new Registry(address(this)); }

    function pairMaxLeverage(uint16 pair) public view returns (uint32) { return pairs[pair].maxLeverage; }
    function pairOvernightMaxLeverage(uint16 pair) external view returns (uint32) { return pairs[pair].overnightMaxLeverage; }
    function getRolloverFeePerBlock(uint16 pair) external view returns (uint256) { return accruals[pair].rolloverPerBlock; }

    function getOpenTrade(address trader, uint16 pair, uint8 index) external view returns (Trade memory) {
        Trade memory trade = trades[trader][pair][index];
        if (extraWords == 0) return trade;
        // Another layout: as many words more behind it.
        bytes memory wide = abi.encodePacked(abi.encode(trade), new bytes(32 * extraWords));
        assembly { return(add(wide, 32), mload(wide)) }
    }
    function getOpenTradeInfo(address trader, uint16 pair, uint8 index) external view returns (TradeInfo memory info) {
        info.initialLeverage = trades[trader][pair][index].leverage;
    }

    function pending(uint16 pair) private view returns (uint256 rollover, int256 funding) {
        Accrual memory a = accruals[pair];
        uint256 blocks = (block.timestamp - a.since) * 4;
        return (a.rollover + a.rolloverPerBlock * blocks, a.funding + a.fundingPerBlock * int256(blocks));
    }
    function getPendingAccFundingFees(uint16 pair) external view returns (int256, int256, int64, int256) {
        (, int256 funding) = pending(pair);
        return (funding, -funding, int64(accruals[pair].fundingPerBlock), 0);
    }
    function getTradeRolloverFee(address trader, uint16 pair, uint8 index, uint256 collateral, uint32 leverage) public view returns (uint256) {
        (uint256 rollover,) = pending(pair);
        uint256 fee = (rollover - rolloverAtOpen[trader][pair][index]) * collateral * leverage / 1e18 / 100;
        return fee > 0 ? fee : 1;
    }
    function getTradeFundingFee(address trader, uint16 pair, uint8 index, bool long, uint256 collateral, uint32 leverage)
        public view returns (int256, int256)
    {
        (, int256 funding) = pending(pair);
        int256 since = funding - fundingAtOpen[trader][pair][index];
        if (!long) since = -since;
        int256 fee = since * int256(collateral * leverage) / 1e18 / 100;
        return (fee != 0 ? fee : since > 0 ? int256(1) : int256(0), 0);
    }
    function getTradeLiquidationMargin(uint256 collateral, uint32 leverage, uint32 maxLeverage) public view returns (uint256) {
        uint256 adjusted = uint256(liqMarginThresholdP) * leverage * 1e6 / maxLeverage;
        return collateral * adjusted / 1e8;
    }
    function getTradeLiquidationPrice(
        address trader, uint16 pair, uint8 index, uint256 openPrice, bool long, uint256 collateral, uint32 leverage, uint32 maxLeverage
    ) external view returns (uint256) {
        int256 target = int256(collateral) - int256(getTradeLiquidationMargin(collateral, leverage, maxLeverage));
        target -= int256(getTradeRolloverFee(trader, pair, index, collateral, leverage));
        (int256 funding,) = getTradeFundingFee(trader, pair, index, long, collateral, leverage);
        int256 distance = int256(openPrice) * (target - funding) / int256(collateral) * 100 / int256(uint256(leverage));
        int256 price = long ? int256(openPrice) - distance : int256(openPrice) + distance;
        return price > 0 ? uint256(price) : 0;
    }

    /// The keeper's order at that price: the trade is gone, or nothing happens and the call reverts.
    function executeLiquidation(address trader, uint16 pair, uint8 index, uint256 price) external {
        Trade memory t = trades[trader][pair][index];
        require(t.leverage > 0, "no trade");
        int256 open = int256(uint256(t.openPrice));
        int256 collateral = int256(t.collateral);
        int256 percent = (t.buy ? int256(price) - open : open - int256(price)) * 1e6 * int256(uint256(t.leverage)) / open;
        if (percent > 900e6) percent = 900e6;
        (int256 funding,) = getTradeFundingFee(trader, pair, index, t.buy, t.collateral, t.leverage);
        int256 value = collateral + collateral * percent / 1e6 / 100
            - int256(getTradeRolloverFee(trader, pair, index, t.collateral, t.leverage)) - funding;
        require(value <= int256(getTradeLiquidationMargin(t.collateral, t.leverage, pairs[pair].maxLeverage)), "not hit");
        delete trades[trader][pair][index];
        openTradesCount[trader][pair]--;
        emit LimitCloseExecuted(0, 0, 2, price, 0, percent, 0);
    }

    // What the tests write.
    function addPair(bytes32 from, bytes32 to, uint32 maxLeverage, uint32 overnight) external {
        pairs[pairsCount++] = Pair(from, to, 0, 0, overnight, maxLeverage, 0, 0, "oracle");
    }
    function setRates(uint16 pair, uint256 rollover, int256 funding) external {
        Accrual storage a = accruals[pair];
        (a.rollover, a.funding) = pending(pair);
        a.rolloverPerBlock = rollover;
        a.fundingPerBlock = funding;
        a.since = block.timestamp;
    }
    function setLastTradePrice(uint16 pair, int256 price) external { lastTradePrice[pair] = price; }
    function setExtraWords(uint256 count) external { extraWords = count; }
    function open(address trader, uint16 pair, uint8 index, bool long, uint256 collateral, uint32 leverage, uint192 price) external {
        trades[trader][pair][index] = Trade(collateral, price, 0, 0, trader, leverage, pair, index, long);
        (rolloverAtOpen[trader][pair][index], fundingAtOpen[trader][pair][index]) = pending(pair);
        openTradesCount[trader][pair]++;
    }
}
