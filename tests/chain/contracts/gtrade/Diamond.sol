// SPDX-License-Identifier: MIT
// A hand-written double: gTrade's diamond is in no npm package. It keeps the functions, widths, units and the price of liquidation of version
// 10, with the divisions in the order of the published sources. It does not prove what the deployed facets answer: rates are set by hand and
// grow evenly with time, funding is not made from open interest, collaterals have a fixed price, there are no fee tiers, orders, signed prices
// or market hours, and anyone may write and liquidate.
pragma solidity ^0.8.26;

struct Trade {
    address user;
    uint32 index;
    uint16 pairIndex;
    uint24 leverage;
    bool long;
    bool isOpen;
    uint8 collateralIndex;
    uint8 tradeType;
    uint120 collateralAmount;
    uint64 openPrice;
    uint64 tp;
    uint64 sl;
    bool isCounterTrade;
    uint160 positionSizeToken;
    uint24 placeholder;
}
struct TradeInfo {
    uint32 createdBlock;
    uint32 tpLastUpdatedBlock;
    uint32 slLastUpdatedBlock;
    uint16 maxSlippageP;
    uint48 lastOiUpdateTs;
    uint48 collateralPriceUsd;
    uint8 contractsVersion;
    uint32 lastPosIncreaseBlock;
    uint8 placeholder;
}
struct LiquidationParams {
    uint40 maxLiqSpreadP;
    uint40 startLiqThresholdP;
    uint40 endLiqThresholdP;
    uint24 startLeverage;
    uint24 endLeverage;
}
struct LiqPriceInput {
    uint8 collateralIndex;
    address trader;
    uint16 pairIndex;
    uint32 index;
    uint64 openPrice;
    bool long;
    uint256 collateral;
    uint256 leverage;
    int256 additionalFee;
    LiquidationParams params;
    uint64 currentPairPrice;
    bool isCounterTrade;
    uint256 partialCloseMultiplier;
    bool beforeOpened;
}
struct FeesData {
    uint128 realizedTradingFees;
    int128 realizedPnl;
    uint128 manuallyRealized;
    uint128 alreadyTransferred;
    uint128 virtualAvailable;
    uint128 placeholder;
    int128 initialFunding;
    uint128 initialBorrowing;
}
struct HoldingFees {
    int256 funding;
    uint256 borrowing;
    uint256 borrowingBefore;
    int256 total;
}
struct Collateral {
    address collateral;
    bool isActive;
    uint88 placeholder;
    uint128 precision;
    uint128 precisionDelta;
}
struct Feed {
    address feed1;
    address feed2;
    uint8 calculation;
    uint256 maxDeviation;
}
struct Pair {
    string from;
    string to;
    Feed feed;
    uint256 spreadP;
    uint256 groupIndex;
    uint256 feeIndex;
}
struct BorrowingParams {
    uint24 rate;
    uint232 placeholder;
}
struct FundingData {
    int128 accLong;
    int128 accShort;
    int56 rate;
    uint32 updatedAt;
    uint168 placeholder;
}

contract Diamond {
    struct Rates {
        uint24 borrowing;
        int56 funding;
        uint32 since;
    }

    uint256 public constant pairsCount = 3;
    uint8 public getTradingActivated;
    mapping(address => uint32) private count;
    mapping(address => mapping(uint32 => Trade)) private trades;
    mapping(address => mapping(uint32 => LiquidationParams)) private params;
    mapping(address => mapping(uint32 => FeesData)) private fees;
    mapping(address => mapping(uint32 => uint8)) private versions;
    mapping(uint16 => Rates) private rates;
    mapping(uint256 => uint256) private spreads;
    Collateral[] private collaterals;
    uint256 private extraWords;

    constructor(address usdc, address weth) {
        collaterals.push(Collateral(usdc, true, 0, 1e6, 1e12));
        collaterals.push(Collateral(weth, true, 0, 1e18, 1));
    }

    function getCollaterals() external view returns (Collateral[] memory) { return collaterals; }
    function getCollateralPriceUsd(uint8 index) public pure returns (uint256) { return index == 1 ? 1e8 : 3_000e8; }
    function pairs(uint256 index) external view returns (Pair memory pair) {
        pair.from = index == 0 ? "BTC" : index == 1 ? "ETH" : "DOGE";
        pair.to = "USD";
        pair.spreadP = spreads[index];
    }
    function pairSpreadP(address, uint256 pair) public view returns (uint256) { return spreads[pair]; }
    /// 0.06 %.
    function pairTotalPositionSizeFeeP(uint256) public pure returns (uint256) { return 6e8; }
    function pairMinPositionSizeUsd(uint256) public pure returns (uint256) { return 1_000e18; }
    function pairMaxLeverage(uint256) external pure returns (uint256) { return 150_000; }
    function getPairCounterTradeFeeRateMultiplier(uint16) public pure returns (uint16) { return 500; }

    function getTrade(address user, uint32 index) external view returns (Trade memory) { return trades[user][index]; }
    function getTradeInfo(address user, uint32 index) external view returns (TradeInfo memory) { return info(user, index); }
    function getTradeLiquidationParams(address user, uint32 index) external view returns (LiquidationParams memory) { return params[user][index]; }
    function info(address user, uint32 index) private view returns (TradeInfo memory one) { one.contractsVersion = versions[user][index]; }

    function open_(address user) private view returns (uint32[] memory indices) {
        uint32 n;
        for (uint32 i; i < count[user]; ++i) if (trades[user][i].isOpen) ++n;
        indices = new uint32[](n);
        for (uint32 i = count[user]; i > 0; --i) if (trades[user][i - 1].isOpen) indices[--n] = i - 1;
    }
    function getTrades(address user) external view returns (Trade[] memory all) {
        uint32[] memory indices = open_(user);
        all = new Trade[](indices.length);
        for (uint256 i; i < all.length; ++i) all[i] = trades[user][indices[i]];
        if (extraWords == 0) return all;
        // Another layout: as many words more behind it.
        bytes memory wide = abi.encodePacked(abi.encode(all), new bytes(32 * extraWords));
        assembly { return(add(wide, 32), mload(wide)) }
    }
    function getTradeInfos(address user) external view returns (TradeInfo[] memory all) {
        uint32[] memory indices = open_(user);
        all = new TradeInfo[](indices.length);
        for (uint256 i; i < all.length; ++i) all[i] = info(user, indices[i]);
    }
    function getTradesLiquidationParams(address user) external view returns (LiquidationParams[] memory all) {
        uint32[] memory indices = open_(user);
        all = new LiquidationParams[](indices.length);
        for (uint256 i; i < all.length; ++i) all[i] = params[user][indices[i]];
    }
    function getTradeFeesDataArray(address[] calldata users, uint32[] calldata indices) external view returns (FeesData[] memory all) {
        all = new FeesData[](users.length);
        for (uint256 i; i < all.length; ++i) all[i] = fees[users[i]][indices[i]];
    }
    function getPairBorrowingFeeParams(uint8[] calldata, uint16[] calldata pair) external view returns (BorrowingParams[] memory all) {
        all = new BorrowingParams[](pair.length);
        for (uint256 i; i < all.length; ++i) all[i].rate = rates[pair[i]].borrowing;
    }
    function getPairFundingFeeData(uint8[] calldata, uint16[] calldata pair) external view returns (FundingData[] memory all) {
        all = new FundingData[](pair.length);
        for (uint256 i; i < all.length; ++i) (all[i].rate, all[i].updatedAt) = (rates[pair[i]].funding, rates[pair[i]].since);
    }

    /// As if every trade had been opened when the rates were set.
    function getTradePendingHoldingFeesCollateral(address user, uint32 index, uint64 price) public view returns (HoldingFees memory h) {
        Trade memory t = trades[user][index];
        Rates memory r = rates[t.pairIndex];
        uint256 size = uint256(t.collateralAmount) * t.leverage / 1e3;
        uint256 time = block.timestamp - r.since;
        h.borrowing = size * (uint256(r.borrowing) * time * price) / t.openPrice / 1e10 / 100;
        if (versions[user][index] >= 2) {
            int256 acc = int256(r.funding) * int256(time) * int256(uint256(price)) / 1e8;
            h.funding = int256(size) * (t.long ? acc : -acc) / int256(uint256(t.openPrice)) / 1e10 / 100;
        }
        h.total = h.funding + int256(h.borrowing);
    }

    function threshold(LiquidationParams memory p, uint256 leverage) private pure returns (uint256) {
        if (p.maxLiqSpreadP == 0) return 90e10;
        if (leverage <= p.startLeverage) return p.startLiqThresholdP;
        if (leverage >= p.endLeverage) return p.endLiqThresholdP;
        return p.startLiqThresholdP - (leverage - p.startLeverage) * (p.startLiqThresholdP - p.endLiqThresholdP) / (p.endLeverage - p.startLeverage);
    }
    function closingFee(LiqPriceInput memory input, uint256 delta) private pure returns (uint256) {
        uint256 counted = input.collateral * input.leverage / 1e3 * (input.isCounterTrade ? getPairCounterTradeFeeRateMultiplier(0) : 1e3);
        uint256 least = pairMinPositionSizeUsd(0) * 1e8 / getCollateralPriceUsd(input.collateralIndex) / delta * 1e3;
        return (counted > least ? counted : least) * pairTotalPositionSizeFeeP(0) / 1e10 / 100 / 1e3;
    }
    function getTradeLiquidationPrice(LiqPriceInput memory input) public view returns (uint256) {
        int256 delta = int256(uint256(collaterals[input.collateralIndex - 1].precisionDelta));
        int256 cost = int256(closingFee(input, uint256(delta))) + input.additionalFee;
        if (!input.beforeOpened) {
            FeesData memory f = fees[input.trader][input.index];
            int256 held = getTradePendingHoldingFeesCollateral(input.trader, input.index, input.currentPairPrice).total;
            cost += (held - (int256(f.realizedPnl) - int256(uint256(f.realizedTradingFees)))) * int256(input.partialCloseMultiplier) / 1e18;
        }
        int256 loss = int256(input.collateral * threshold(input.params, input.leverage) * uint256(delta) * 1e3 / 100 / 1e10);
        int256 open = int256(uint256(input.openPrice));
        int256 distance = open * (loss - cost * delta * 1e3) / int256(input.collateral) / int256(input.leverage) / delta;
        if (versions[input.trader][input.index] >= 1) {
            uint256 spread = pairSpreadP(input.trader, input.pairIndex) / 2;
            if (spread > input.params.maxLiqSpreadP) spread = input.params.maxLiqSpreadP;
            distance -= open * int256(spread) / 1e10 / 100;
        }
        int256 price = input.long ? open - distance : open + distance;
        return price > 0 ? uint256(price) : 0;
    }

    /// The bot's order at that price: the trade is gone, or the call reverts.
    function executeLiquidation(address user, uint32 index, uint64 price) external {
        Trade memory t = trades[user][index];
        require(t.isOpen && t.tradeType == 0, "no trade");
        LiqPriceInput memory input;
        (input.collateralIndex, input.trader, input.pairIndex, input.index) = (t.collateralIndex, user, t.pairIndex, index);
        (input.openPrice, input.long, input.collateral, input.leverage) = (t.openPrice, t.long, t.collateralAmount, t.leverage);
        (input.params, input.currentPairPrice, input.isCounterTrade, input.partialCloseMultiplier) = (params[user][index], price, t.isCounterTrade, 1e18);
        uint256 at = getTradeLiquidationPrice(input);
        require(t.long ? price <= at : price >= at, "not hit");
        delete trades[user][index];
    }

    // What the tests write.
    function setTradingActivated(uint8 value) external { getTradingActivated = value; }
    function setSpread(uint256 pair, uint256 spread) external { spreads[pair] = spread; }
    function setRates(uint16 pair, uint24 borrowing, int56 funding) external { rates[pair] = Rates(borrowing, funding, uint32(block.timestamp)); }
    function setFees(address user, uint32 index, uint128 paid, int128 pnl) external {
        (fees[user][index].realizedTradingFees, fees[user][index].realizedPnl) = (paid, pnl);
    }
    function setExtraWords(uint256 words) external { extraWords = words; }
    function store(Trade calldata trade, uint8 version, LiquidationParams calldata liquidation) external {
        trades[trade.user][trade.index] = trade;
        versions[trade.user][trade.index] = version;
        params[trade.user][trade.index] = liquidation;
        if (trade.index >= count[trade.user]) count[trade.user] = trade.index + 1;
    }
}
