// SPDX-License-Identifier: MIT
// Hand-written doubles: GMX V2's contracts are in no npm package that has their code. They keep the keys, functions, widths, units, errors
// and the liquidation test of gmx-synthetics (release v2.2c), each term computed here by itself. They do not prove what the deployed
// Reader answers: rates are set by hand, borrowing and funding grow evenly with time, the impact of a close is a share of its size, there
// are no referrals, discounts or signed prices, and anyone may write and liquidate.
pragma solidity ^0.8.26;

interface Feed {
    function decimals() external view returns (uint8);
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

struct Price {
    uint256 min;
    uint256 max;
}
struct MarketPrices {
    Price index;
    Price long;
    Price short;
}
struct Market {
    address marketToken;
    address indexToken;
    address longToken;
    address shortToken;
}
struct Position {
    address account;
    address market;
    address collateralToken;
    uint256 sizeInUsd;
    uint256 sizeInTokens;
    uint256 collateralAmount;
    int256 pendingImpactAmount;
    uint256 borrowingFactor;
    uint256 fundingFeeAmountPerSize;
    uint256 longTokenClaimable;
    uint256 shortTokenClaimable;
    uint256 increasedAtTime;
    uint256 decreasedAtTime;
    bool isLong;
}

library Keys {
    function hashed(string memory name) internal pure returns (bytes32) { return keccak256(abi.encode(name)); }
    function hashed(string memory name, address a) internal pure returns (bytes32) { return keccak256(abi.encode(hashed(name), a)); }
    function hashed(string memory name, address a, bool side) internal pure returns (bytes32) { return keccak256(abi.encode(hashed(name), a, side)); }
    function hashed(string memory name, address a, address b, bool side) internal pure returns (bytes32) { return keccak256(abi.encode(hashed(name), a, b, side)); }
    function pool(address market, address token) internal pure returns (bytes32) { return keccak256(abi.encode(hashed("POOL_AMOUNT"), market, token)); }
    function maxPnl(address market, bool side) internal pure returns (bytes32) {
        return keccak256(abi.encode(hashed("MAX_PNL_FACTOR"), hashed("MAX_PNL_FACTOR_FOR_TRADERS"), market, side));
    }
}

contract DataStore {
    mapping(bytes32 => uint256) public getUint;
    mapping(bytes32 => address) public getAddress;
    mapping(bytes32 => bytes32[]) private sets;
    mapping(bytes32 => Position) private held;
    Market[] private all;

    function setUint(bytes32 key, uint256 value) external { getUint[key] = value; }
    function setAddress(bytes32 key, address value) external { getAddress[key] = value; }
    function set(string calldata name, address market, uint256 value) external { getUint[Keys.hashed(name, market)] = value; }
    function setSide(string calldata name, address market, bool side, uint256 value) external { getUint[Keys.hashed(name, market, side)] = value; }
    function setMaxPnl(address market, bool side, uint256 value) external { getUint[Keys.maxPnl(market, side)] = value; }
    function setPool(address market, address token, uint256 value) external { getUint[Keys.pool(market, token)] = value; }
    function setLeast(uint256 value) external { getUint[Keys.hashed("MIN_COLLATERAL_USD")] = value; }
    function setFeed(address token, address feed, uint256 tokenDecimals, uint256 heartbeat) external {
        getAddress[Keys.hashed("PRICE_FEED", token)] = feed;
        getUint[Keys.hashed("PRICE_FEED_MULTIPLIER", token)] = 10 ** (60 - Feed(feed).decimals() - tokenDecimals);
        getUint[Keys.hashed("PRICE_FEED_HEARTBEAT_DURATION", token)] = heartbeat;
    }
    function addMarket(Market calldata market) external { all.push(market); }
    function setImpactAmount(bytes32 key, int256 amount) external { held[key].pendingImpactAmount = amount; }

    function getBytes32Count(bytes32 key) external view returns (uint256) { return sets[key].length; }
    function getBytes32ValuesAt(bytes32 key, uint256 start, uint256 end) public view returns (bytes32[] memory values) {
        if (end > sets[key].length) end = sets[key].length;
        values = new bytes32[](end - start);
        for (uint256 i = start; i < end; ++i) values[i - start] = sets[key][i];
    }
    function getAddressCount(bytes32 key) external view returns (uint256) { return key == Keys.hashed("MARKET_LIST") ? all.length : 0; }
    function position(bytes32 key) external view returns (Position memory) { return held[key]; }
    function marketAt(uint256 i) external view returns (Market memory) { return all[i]; }

    function keyOf(address account, address market, address collateral, bool isLong) public pure returns (bytes32) {
        return keccak256(abi.encode(account, market, collateral, isLong));
    }
    /// At a price of the index token; the open interest grows with it.
    function open(address account, address market, address collateral, bool isLong, uint256 size, uint256 amount, uint256 price) external {
        bytes32 key = keyOf(account, market, collateral, isLong);
        uint256 tokens = isLong ? size / price : (size + price - 1) / price;
        held[key] = Position(account, market, collateral, size, tokens, amount, 0, getUint[Keys.hashed("CUMULATIVE_BORROWING_FACTOR", market, isLong)],
                             0, 0, 0, block.timestamp, 0, isLong);
        sets[Keys.hashed("POSITION_LIST")].push(key);
        sets[Keys.hashed("ACCOUNT_POSITION_LIST", account)].push(key);
        getUint[Keys.hashed("OPEN_INTEREST", market, collateral, isLong)] += size;
        getUint[Keys.hashed("OPEN_INTEREST_IN_TOKENS", market, collateral, isLong)] += tokens;
    }
    function close(bytes32 key) external {
        Position memory gone = held[key];
        remove(sets[Keys.hashed("POSITION_LIST")], key);
        remove(sets[Keys.hashed("ACCOUNT_POSITION_LIST", gone.account)], key);
        getUint[Keys.hashed("OPEN_INTEREST", gone.market, gone.collateralToken, gone.isLong)] -= gone.sizeInUsd;
        getUint[Keys.hashed("OPEN_INTEREST_IN_TOKENS", gone.market, gone.collateralToken, gone.isLong)] -= gone.sizeInTokens;
        delete held[key];
    }
    function remove(bytes32[] storage list, bytes32 key) private {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != key) continue;
            list[i] = list[list.length - 1];
            list.pop();
            return;
        }
    }
}

contract ChainlinkPriceFeedProvider {
    DataStore private immutable store;

    error EmptyChainlinkPriceFeed(address token);
    error InvalidFeedPrice(address token, int256 price);
    error ChainlinkPriceFeedNotUpdated(address token, uint256 timestamp, uint256 heartbeat);

    constructor(DataStore dataStore) { store = dataStore; }

    function getOraclePrice(address token, bytes calldata) external view returns (address, uint256, uint256, uint256, address) {
        address feed = store.getAddress(Keys.hashed("PRICE_FEED", token));
        if (feed == address(0)) revert EmptyChainlinkPriceFeed(token);
        (, int256 answer, , uint256 updatedAt, ) = Feed(feed).latestRoundData();
        if (answer <= 0) revert InvalidFeedPrice(token, answer);
        uint256 heartbeat = store.getUint(Keys.hashed("PRICE_FEED_HEARTBEAT_DURATION", token));
        if (block.timestamp > updatedAt && block.timestamp - updatedAt > heartbeat) revert ChainlinkPriceFeedNotUpdated(token, updatedAt, heartbeat);
        uint256 price = uint256(answer) * store.getUint(Keys.hashed("PRICE_FEED_MULTIPLIER", token)) / 1e30;
        uint256 stable = store.getUint(Keys.hashed("STABLE_PRICE", token));
        if (stable == 0) stable = price;
        return (token, price < stable ? price : stable, price > stable ? price : stable, block.timestamp, address(this));
    }
}

contract Reader {
    /// Words of PositionInfo: 67 in v2.2c, 66 before; others to be refused.
    uint256 public words = 67;

    error EmptyPosition();
    error UnableToGetBorrowingFactorEmptyPoolUsd();

    function setWords(uint256 count) external { words = count; }

    function getMarkets(DataStore store, uint256 start, uint256 end) external view returns (Market[] memory list) {
        uint256 count = store.getAddressCount(Keys.hashed("MARKET_LIST"));
        if (end > count) end = count;
        list = new Market[](end - start);
        for (uint256 i = start; i < end; ++i) list[i - start] = store.marketAt(i);
    }
    function getPosition(DataStore store, bytes32 key) external view returns (Position memory) { return store.position(key); }
    function getAccountPositions(DataStore store, address account, uint256 start, uint256 end) public view returns (Position[] memory list) {
        bytes32[] memory keys = store.getBytes32ValuesAt(Keys.hashed("ACCOUNT_POSITION_LIST", account), start, end);
        list = new Position[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) list[i] = store.position(keys[i]);
    }

    function getPositionInfoList(DataStore store, address, bytes32[] calldata keys, MarketPrices[] calldata prices, address) external view {
        bytes memory output;
        for (uint256 i = 0; i < keys.length; ++i) output = bytes.concat(output, info(store, keys[i], prices[i]));
        give(keys.length, output);
    }
    function give(uint256 count, bytes memory output) private pure {
        bytes memory reply = bytes.concat(bytes32(uint256(32)), bytes32(count), output);
        assembly {
            return(add(reply, 32), mload(reply))
        }
    }

    /// Somebody is on a side whose pool is empty.
    function requirePools(DataStore store, Market memory market) private view {
        for (uint256 i = 0; i < 2; ++i) {
            address token = i == 0 ? market.longToken : market.shortToken;
            if (both(store, "OPEN_INTEREST", market, i == 0) > 0 && store.getUint(Keys.pool(market.marketToken, token)) == 0)
                revert UnableToGetBorrowingFactorEmptyPoolUsd();
        }
    }

    function getMarketInfo(DataStore store, MarketPrices calldata, address market) external view returns (bytes32[29] memory out) {
        requirePools(store, marketOf(store, market));
        out[0] = bytes32(uint256(uint160(market)));
        out[4] = bytes32(store.getUint(Keys.hashed("BORROWING_PER_SECOND", market, true)));
        out[5] = bytes32(store.getUint(Keys.hashed("BORROWING_PER_SECOND", market, false)));
        out[14] = bytes32(store.getUint(Keys.hashed("LONGS_PAY_SHORTS", market)));
        out[15] = bytes32(store.getUint(Keys.hashed("FUNDING_PER_SECOND", market)));
        out[28] = bytes32(store.getUint(Keys.hashed("IS_MARKET_DISABLED", market)));
    }

    /// With stored fees, as the real one: nothing of what accrued since.
    function isPositionLiquidatable(DataStore store, address, bytes32 key, Market calldata, MarketPrices calldata prices, bool checkLeast, bool)
        external view returns (bool, string memory, int256, int256, int256)
    {
        (bool yes, int256 remaining, uint256 byLeverage) = test(store, key, prices, false, checkLeast);
        return (yes, yes ? "min collateral" : "", remaining, int256(store.getUint(Keys.hashed("MIN_COLLATERAL_USD"))), int256(byLeverage));
    }

    /// What a keeper's transaction does at prices that it brings: with all that accrued.
    function executeLiquidation(DataStore store, bytes32 key, MarketPrices calldata prices) external {
        (bool yes, , ) = test(store, key, prices, true, true);
        require(yes, "PositionShouldNotBeLiquidated");
        store.close(key);
    }

    function test(DataStore store, bytes32 key, MarketPrices calldata prices, bool pending, bool checkLeast)
        private view returns (bool, int256 remaining, uint256 byLeverage)
    {
        Position memory p = store.position(key);
        if (p.account == address(0)) revert EmptyPosition();
        Price memory collateral = priceOf(store, p, prices);
        (int256 pnl, ) = pnlOf(store, p, prices);
        int256 impact = closeImpact(store, p) + pendingImpact(p, prices);
        int256 cap = -int256(p.sizeInUsd * store.getUint(Keys.hashed("MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS", p.market)) / 1e30);
        if (impact > 0) impact = 0;
        if (impact < cap) impact = cap;
        uint256 cost = positionFee(store, p) / collateral.min;
        if (pending) cost += borrowing(store, p) / collateral.min + funding(store, p, collateral);
        remaining = int256(p.collateralAmount * collateral.min) + pnl + impact - int256(cost * collateral.min);
        byLeverage = p.sizeInUsd * store.getUint(Keys.hashed("MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", p.market)) / 1e30;
        bool least = checkLeast && remaining < int256(store.getUint(Keys.hashed("MIN_COLLATERAL_USD")));
        return (least || remaining <= 0 || remaining < int256(byLeverage), remaining, byLeverage);
    }

    function marketOf(DataStore store, address token) private view returns (Market memory market) {
        for (uint256 i = 0; ; ++i) {
            market = store.marketAt(i);
            if (market.marketToken == token) return market;
        }
    }
    function priceOf(DataStore store, Position memory p, MarketPrices calldata prices) private view returns (Price memory) {
        return marketOf(store, p.market).longToken == p.collateralToken ? prices.long : prices.short;
    }
    /// Both tokens of a market that has one: its key counts once.
    function both(DataStore store, string memory name, Market memory market, bool isLong) private view returns (uint256 sum) {
        sum = store.getUint(Keys.hashed(name, market.marketToken, market.longToken, isLong));
        if (market.shortToken != market.longToken) sum += store.getUint(Keys.hashed(name, market.marketToken, market.shortToken, isLong));
    }
    function pnlOf(DataStore store, Position memory p, MarketPrices calldata prices) private view returns (int256 pnl, int256 uncapped) {
        Market memory market = marketOf(store, p.market);
        int256 value = int256(p.sizeInTokens * (p.isLong ? prices.index.min : prices.index.max));
        uncapped = p.isLong ? value - int256(p.sizeInUsd) : int256(p.sizeInUsd) - value;
        pnl = uncapped;
        if (pnl <= 0) return (pnl, uncapped);
        int256 open = int256(both(store, "OPEN_INTEREST", market, p.isLong));
        int256 tokens = int256(both(store, "OPEN_INTEREST_IN_TOKENS", market, p.isLong) * (p.isLong ? prices.index.max : prices.index.min));
        int256 poolPnl = p.isLong ? tokens - open : open - tokens;
        uint256 pool = store.getUint(Keys.pool(p.market, p.isLong ? market.longToken : market.shortToken)) / (market.longToken == market.shortToken ? 2 : 1);
        int256 most = int256(pool * (p.isLong ? prices.long.min : prices.short.min) * store.getUint(Keys.maxPnl(p.market, p.isLong)) / 1e30);
        if (poolPnl > most && most > 0) pnl = pnl * most / poolPnl;
    }
    function closeImpact(DataStore store, Position memory p) private view returns (int256) {
        return -int256(p.sizeInUsd * store.getUint(Keys.hashed("CLOSE_IMPACT", p.market)) / 1e30);
    }
    function pendingImpact(Position memory p, MarketPrices calldata prices) private pure returns (int256) {
        return p.pendingImpactAmount * int256(p.pendingImpactAmount > 0 ? prices.index.min : prices.index.max);
    }
    function positionFee(DataStore store, Position memory p) private view returns (uint256) {
        return p.sizeInUsd * store.getUint(Keys.hashed("POSITION_FEE_FACTOR", p.market, false)) / 1e30;
    }
    function borrowing(DataStore store, Position memory p) private view returns (uint256) {
        uint256 rate = store.getUint(Keys.hashed("BORROWING_PER_SECOND", p.market, p.isLong));
        return p.sizeInUsd * rate * (block.timestamp - p.increasedAtTime) / 1e30;
    }
    function funding(DataStore store, Position memory p, Price memory collateral) private view returns (uint256) {
        if ((store.getUint(Keys.hashed("LONGS_PAY_SHORTS", p.market)) == 1) != p.isLong) return 0;
        if (both(store, "OPEN_INTEREST", marketOf(store, p.market), !p.isLong) == 0) return 0;
        uint256 usd = p.sizeInUsd * store.getUint(Keys.hashed("FUNDING_PER_SECOND", p.market)) * (block.timestamp - p.increasedAtTime) / 1e30;
        return (usd + collateral.max - 1) / collateral.max;
    }

    function info(DataStore store, bytes32 key, MarketPrices calldata prices) private view returns (bytes memory) {
        Position memory p = store.position(key);
        if (p.account == address(0)) revert EmptyPosition();
        requirePools(store, marketOf(store, p.market));
        Price memory collateral = priceOf(store, p, prices);
        uint256[] memory out = new uint256[](words);
        out[28] = funding(store, p, collateral);
        out[34] = borrowing(store, p);
        out[35] = out[34] / collateral.min;
        (out[45], out[46]) = (collateral.min, collateral.max);
        out[53] = positionFee(store, p) / collateral.min;
        out[54] = out[53] + out[35];
        out[55] = out[54] + out[28];
        out[57] = uint256(closeImpact(store, p));
        out[60] = uint256(pendingImpact(p, prices));
        out[61] = uint256(int256(out[57]) + int256(out[60]));
        (int256 pnl, int256 uncapped) = pnlOf(store, p, prices);
        (out[63], out[64]) = (uint256(pnl), uint256(uncapped));
        out[65] = uint256(pnl + int256(out[61]));
        bytes memory head = abi.encode(key, p);
        assembly {
            mcopy(add(out, 32), add(head, 32), mload(head))
        }
        return abi.encodePacked(out);
    }
}
