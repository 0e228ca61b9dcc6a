// SPDX-License-Identifier: MIT
// Hand-written doubles: Derive's managers are in no npm package. Each computes its margin by itself, in the order of roundings of Derive's
// sources, for cash, tokens, perps, and options without volatility, whose price needs neither logarithm nor normal distribution. They do
// not prove the margin of priced options, which published test cases do, nor that deployed managers have this form.
pragma solidity ^0.8.26;

import "contracts/derive/Accounts.sol";

library Wad {
    function mul(int256 a, int256 b) internal pure returns (int256) {
        return a * b / 1e18;
    }

    function div(int256 a, int256 b) internal pure returns (int256) {
        return a * 1e18 / b;
    }

    function min(int256 a, int256 b) internal pure returns (int256) {
        return a < b ? a : b;
    }

    function max(int256 a, int256 b) internal pure returns (int256) {
        return a > b ? a : b;
    }

    function abs(int256 a) internal pure returns (int256) {
        return a < 0 ? -a : a;
    }
}

/// Prices of one option without volatility; terms out of the id.
library SureOption {
    using Wad for int256;

    function terms(uint256 subId) internal pure returns (uint64 expiry, int256 strike, bool isCall) {
        return (uint64(subId & 0xffffffff), int256(((subId >> 32) & ((1 << 63) - 1)) * 1e10), (subId >> 95) & 1 == 1);
    }

    function price(int256 forward, int256 strike, bool isCall) internal pure returns (int256) {
        int256 moneyness = strike.div(forward);
        int256 call = Wad.max(1e18 - moneyness, 0);
        return (isCall ? call : Wad.max(call + moneyness - 1e18, 0)).mul(forward);
    }
}

contract StandardManager {
    using Wad for int256;

    SubAccounts public subAccounts;
    address public cashAsset;
    address public liquidation;
    SpotFeed public stableFeed;
    uint256 public lastMarketId;
    struct Feeds {
        SpotFeed spot;
        ForwardFeed forward;
        VolFeed vol;
    }
    mapping(uint256 => mapping(uint8 => address)) public assetMap;
    mapping(uint256 => Feeds) public getMarketFeeds;

    constructor(SubAccounts accounts, address cash, address auction, SpotFeed stable) {
        subAccounts = accounts;
        cashAsset = cash;
        liquidation = auction;
        stableFeed = stable;
    }

    function addMarket(address option, address perp, address base, SpotFeed spot, ForwardFeed forward, VolFeed vol) external {
        uint256 id = ++lastMarketId;
        assetMap[id][1] = option;
        assetMap[id][2] = perp;
        assetMap[id][3] = base;
        getMarketFeeds[id] = Feeds(spot, forward, vol);
    }

    function depegParams() external pure returns (uint256, uint256) {
        return (0.99e18, 2e18);
    }

    function perpMarginRequirements(uint256) external pure returns (uint256, uint256) {
        return (0.065e18, 0.1e18);
    }

    function optionMarginParams(uint256) external pure returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        return (0.15e18, 0.13e18, 0.09e18, 0.09e18, 0.09e18, 1.2e18, 1.1e18, 1.05e18);
    }

    function baseMarginParams(uint256) external pure returns (uint256, uint256) {
        return (0.8e18, 0.9375e18);
    }

    function oracleContingencyParams(uint256) external pure returns (uint256, uint256, uint256, uint256) {
        return (0.55e18, 0.55e18, 0.55e18, 1e18);
    }

    function getMargin(uint256 id, bool initial) external view returns (int256 margin) {
        (margin,) = getMarginAndMarkToMarket(id, initial, 0);
    }

    function getMarginAndMarkToMarket(uint256 id, bool initial, uint256) public view returns (int256 margin, int256 mtm) {
        SubAccounts.AssetBalance[] memory held = subAccounts.getAccountBalances(id);
        (uint256 stable,) = stableFeed.getSpot();
        for (uint256 i = 0; i < held.length; i++)
            if (held[i].asset == cashAsset) (margin, mtm) = (held[i].balance, held[i].balance);
        for (uint256 market = 1; market <= lastMarketId; market++) {
            (int256 add, int256 worth) = marketMargin(id, held, market, initial, int256(stable));
            (margin, mtm) = (margin + add, mtm + worth);
        }
    }

    function marketMargin(uint256 id, SubAccounts.AssetBalance[] memory held, uint256 market, bool initial, int256 stable)
        private
        view
        returns (int256 margin, int256 mtm)
    {
        bool any = false;
        int256 penalised = 0;
        for (uint256 i = 0; i < held.length; i++) any = any || typeOf(held[i].asset, market) != 0;
        if (!any) return (0, 0);
        (uint256 price, uint256 confidence) = getMarketFeeds[market].spot.getSpot();
        int256 spot = int256(price);
        for (uint256 i = 0; i < held.length; i++) {
            uint8 kind = typeOf(held[i].asset, market);
            int256 amount = held[i].balance;
            if (kind == 2) {
                (uint256 mark, uint256 markConfidence) = PerpAsset(held[i].asset).getPerpPrice();
                int256 unsettled = PerpAsset(held[i].asset).getUnsettledAndUnrealizedCash(id);
                margin += unsettled - Wad.abs(amount).mul(int256(mark)).mul(initial ? int256(0.1e18) : int256(0.065e18));
                if (initial) margin -= lack(markConfidence < confidence ? markConfidence : confidence).mul(spot).mul(Wad.abs(amount));
                mtm += unsettled;
                penalised += Wad.abs(amount);
            } else if (kind == 3) {
                int256 notional = amount.mul(spot);
                int256 counted = notional.mul(0.8e18);
                if (initial) counted = counted.mul(0.9375e18) - lack(confidence).mul(notional);
                margin += counted;
                mtm += notional.div(stable);
            } else if (kind == 1 && first(held, i, market)) {
                (int256 add, int256 worth, int256 shorts) = expiryMargin(held, i, market, initial, spot, confidence);
                (margin, mtm, penalised) = (margin + add, mtm + worth, penalised + shorts);
            }
        }
        if (initial && stable < 0.99e18) margin -= penalised.mul((0.99e18 - stable).mul(2e18)).mul(spot);
    }

    /// What an initial margin loses for a confidence below the threshold.
    function lack(uint256 confidence) private pure returns (int256) {
        return confidence < 0.55e18 ? int256(1e18 - confidence) : int256(0);
    }

    function typeOf(address asset, uint256 market) private view returns (uint8) {
        for (uint8 kind = 1; kind <= 3; kind++) if (assetMap[market][kind] == asset) return kind;
        return 0;
    }

    function sameExpiry(SubAccounts.AssetBalance memory a, SubAccounts.AssetBalance memory b, uint256 market) private view returns (bool) {
        return a.asset == b.asset && a.asset == assetMap[market][1] && a.subId & 0xffffffff == b.subId & 0xffffffff;
    }

    /// Whether no earlier balance is of the same expiry.
    function first(SubAccounts.AssetBalance[] memory held, uint256 at, uint256 market) private view returns (bool) {
        for (uint256 i = 0; i < at; i++) if (sameExpiry(held[i], held[at], market)) return false;
        return true;
    }

    struct Sums {
        int256 forward;
        int256 isolated;
        int256 worst;
        int256 netCalls;
        uint256 confidence;
    }

    function expiryMargin(SubAccounts.AssetBalance[] memory held, uint256 at, uint256 market, bool initial, int256 spot, uint256 confidence)
        private
        view
        returns (int256 margin, int256 mtm, int256 shorts)
    {
        (uint64 expiry,,) = SureOption.terms(held[at].subId);
        Sums memory sums;
        {
            (uint256 price, uint256 trust) = getMarketFeeds[market].forward.getForwardPrice(expiry);
            sums.forward = int256(price);
            uint256 volTrust = getMarketFeeds[market].vol.getExpiryMinConfidence(expiry);
            sums.confidence = trust < confidence ? trust : confidence;
            if (volTrust < sums.confidence) sums.confidence = volTrust;
        }
        sums.worst = lossAt(held, at, market, 0);
        for (uint256 i = at; i < held.length; i++) {
            if (!sameExpiry(held[i], held[at], market)) continue;
            (, int256 strike, bool isCall) = SureOption.terms(held[i].subId);
            int256 amount = held[i].balance;
            (uint256 vol,) = getMarketFeeds[market].vol.getVol(uint128(uint256(strike)), expiry);
            require(vol == 0, "this double prices no volatility");
            int256 worth = SureOption.price(sums.forward, strike, isCall).mul(amount);
            mtm += worth;
            if (amount < 0) {
                sums.isolated += isolated(isCall, strike, amount, worth, spot, initial);
                shorts -= amount;
            }
            if (isCall) sums.netCalls += amount;
            sums.worst = Wad.min(sums.worst, lossAt(held, at, market, strike));
        }
        if (sums.netCalls < 0) sums.worst += (initial ? int256(1.2e18) : int256(1.1e18)).mul(sums.forward).mul(sums.netCalls);
        margin = Wad.max(sums.isolated, sums.worst);
        if (initial) margin -= lack(sums.confidence).mul(spot).mul(shorts);
    }

    function isolated(bool isCall, int256 strike, int256 amount, int256 worth, int256 spot, bool initial) private pure returns (int256) {
        int256 away = isCall ? strike - spot : spot - strike;
        int256 share = Wad.max(0.15e18 - (away > 0 ? away.div(spot) : int256(0)), 0.13e18);
        int256 asked = share.mul(spot).mul(amount) + worth;
        if (isCall) return initial ? asked : worth + int256(0.09e18).mul(spot).mul(amount);
        int256 maintenance = Wad.min(int256(0.09e18).mul(spot).mul(amount), int256(0.09e18).mul(worth)) + worth;
        return initial ? Wad.min(asked, maintenance.mul(1.05e18)) : maintenance;
    }

    function lossAt(SubAccounts.AssetBalance[] memory held, uint256 at, uint256 market, int256 price) private view returns (int256 sum) {
        for (uint256 i = at; i < held.length; i++) {
            if (!sameExpiry(held[i], held[at], market)) continue;
            (, int256 strike, bool isCall) = SureOption.terms(held[i].subId);
            int256 gain = isCall ? price - strike : strike - price;
            if (gain > 0) sum += gain.mul(held[i].balance);
        }
        return Wad.min(sum, 0);
    }
}

/// PMRM 2 and its library in one, for cash, tokens that move with spot, and a perp.
contract PortfolioManager2 {
    using Wad for int256;

    SubAccounts public subAccounts;
    address public cashAsset;
    address public option;
    PerpAsset public perp;
    SpotFeed public spotFeed;
    SpotFeed public stableFeed;
    ForwardFeed public forwardFeed;
    VolFeed public volFeed;
    RateFeed public interestRateFeed;
    mapping(address => SpotFeed) public collateralSpotFeeds;
    struct Scenario {
        uint256 spotShock;
        uint8 volShock;
        uint256 dampeningFactor;
    }

    constructor(SubAccounts accounts, address cash, address option_, PerpAsset perp_, address[5] memory feeds, address token) {
        (subAccounts, cashAsset, option, perp) = (accounts, cash, option_, perp_);
        (spotFeed, stableFeed, forwardFeed) = (SpotFeed(feeds[0]), SpotFeed(feeds[1]), ForwardFeed(feeds[2]));
        (volFeed, interestRateFeed) = (VolFeed(feeds[3]), RateFeed(feeds[4]));
        collateralSpotFeeds[token] = spotFeed;
    }

    function lib() external view returns (address) {
        return address(this);
    }

    function getScenarios() public pure returns (Scenario[] memory list) {
        list = new Scenario[](5);
        list[0] = Scenario(1.18e18, 1, 1e18);
        list[1] = Scenario(1e18, 0, 1e18);
        list[2] = Scenario(0.82e18, 1, 1e18);
        list[3] = Scenario(0.34e18, 1, 0.054e18);
        list[4] = Scenario(4e18, 2, 0.012e18);
    }

    function getMarginParams() external pure returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        return (1e18, 0.8e18, 0.5e18, 1e18, 0.08e18, 0.08e18, 1.04e18, 0.95e18);
    }

    function getBasisContingencyParams() external pure returns (uint256, uint256, uint256, uint256) {
        return (1.045e18, 0.955e18, 0.5e18, 2e18);
    }

    function getOtherContingencyParams() external pure returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        return (0.98e18, 2e18, 0.55e18, 1e18, 0.015e18, 0.005e18, 0.003e18, 0.002e18);
    }

    function getVolShockParams() external pure returns (uint256, uint256, int256, int256, uint256, uint256) {
        return (0.5e18, 0.275e18, 0.3e18, 0.13e18, 86400, 0.45e18);
    }

    function getSkewShockParams() external pure returns (uint256, uint256, int256, int256, int256, int256, int256, int256) {
        return (0.15e18, 0.15e18, -0.05e18, -0.05e18, 0.01e18, 4e18, 0.6e18, -0.1e18);
    }

    function getCollateralParameters(address) external pure returns (bool, bool, uint256, uint256) {
        return (true, true, 0.03e18, 0.01e18);
    }

    function getMargin(uint256 id, bool initial) external view returns (int256 margin) {
        (margin,,) = getMarginAndMtM(id, initial);
    }

    function getMarginAndMarkToMarket(uint256 id, bool initial, uint256) external view returns (int256 margin, int256 mtm) {
        (margin, mtm,) = getMarginAndMtM(id, initial);
    }

    function getMarginAndMtM(uint256 id, bool initial) public view returns (int256 margin, int256 mtm, uint256 worst) {
        (uint256 spot, uint256 confidence) = spotFeed.getSpot();
        (uint256 stable,) = stableFeed.getSpot();
        int256 value = subAccounts.getBalance(id, tokenOf(id), 0) * int256(spot) / int256(stable);
        int256 size = subAccounts.getBalance(id, address(perp), 0);
        uint256 mark = 0;
        int256 contingency = value.mul(0.03e18);
        if (initial) contingency += value.mul(0.01e18) + lack(confidence).mul(value);
        mtm = value + subAccounts.getBalance(id, cashAsset, 0);
        if (size != 0) {
            uint256 trust;
            (mark, trust) = perp.getPerpPrice();
            int256 notional = Wad.abs(size).mul(int256(spot));
            contingency += notional.mul(0.015e18);
            if (initial) contingency += notional.mul(0.005e18) + lack(trust < confidence ? trust : confidence).mul(notional);
            mtm += perp.getUnsettledAndUnrealizedCash(id);
        }
        int256 loss = 0;
        (loss, worst) = worstOf(size, int256(mark), value);
        int256 factor = initial ? int256(1e18) : int256(0.8e18);
        if (initial && stable < 0.98e18) factor += int256(0.98e18 - stable).mul(2e18);
        margin = loss.mul(factor) - contingency + mtm;
    }

    function worstOf(int256 size, int256 mark, int256 value) private pure returns (int256 loss, uint256 worst) {
        Scenario[] memory list = getScenarios();
        worst = list.length;
        for (uint256 i = 0; i < list.length; i++) {
            int256 move = int256(list[i].spotShock) - 1e18;
            int256 damp = int256(list[i].dampeningFactor);
            int256 change = size.mul(move.mul(mark)).mul(damp) + value.mul(move).mul(damp);
            if (change < loss) (loss, worst) = (change, i);
        }
    }

    function lack(uint256 confidence) private pure returns (int256) {
        return confidence < 0.55e18 ? int256(1e18 - confidence) : int256(0);
    }

    /// The one token that has a feed.
    function tokenOf(uint256 id) private view returns (address) {
        SubAccounts.AssetBalance[] memory held = subAccounts.getAccountBalances(id);
        for (uint256 i = 0; i < held.length; i++) if (address(collateralSpotFeeds[held[i].asset]) != address(0)) return held[i].asset;
        return address(0);
    }
}
