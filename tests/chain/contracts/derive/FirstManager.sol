// SPDX-License-Identifier: MIT
// Hand-written double: the first version of Derive's portfolio manager and its library in one, for cash, one token, a perp, and options
// without volatility. It computes the margin by itself in the order of roundings of Derive's sources, with discounts that do not depend
// on time. It does not prove the margin of priced options, nor that deployed managers have this form.
pragma solidity ^0.8.26;

import "contracts/derive/Managers.sol";

contract PortfolioManager1 {
    using Wad for int256;

    SubAccounts public subAccounts;
    address public cashAsset;
    address public option;
    PerpAsset public perp;
    address public baseAsset;
    SpotFeed public spotFeed;
    SpotFeed public stableFeed;
    ForwardFeed public forwardFeed;
    VolFeed public volFeed;
    RateFeed public interestRateFeed;
    /// The base discount of longs, 0.95, times exp(0), which in Derive's library is one unit below one.
    int256 private constant LONG_DISCOUNT = 949999999999999999;

    struct Scenario {
        uint256 spotShock;
        uint8 volShock;
    }
    /// What one computation goes by.
    struct Sums {
        int256 spot;
        int256 stable;
        int256 confidence;
        int256 mark;
        int256 size;
        int256 base;
        int256 baseValue;
        int256 mtm;
        int256 basis;
        int256 fixedLoss;
        int256 lacking;
        int256 worst;
    }

    constructor(SubAccounts accounts, address cash, address option_, PerpAsset perp_, address[5] memory feeds, address token) {
        (subAccounts, cashAsset, option, perp, baseAsset) = (accounts, cash, option_, perp_, token);
        (spotFeed, stableFeed, forwardFeed) = (SpotFeed(feeds[0]), SpotFeed(feeds[1]), ForwardFeed(feeds[2]));
        (volFeed, interestRateFeed) = (VolFeed(feeds[3]), RateFeed(feeds[4]));
    }

    function lib() external view returns (address) {
        return address(this);
    }

    function getScenarios() public pure returns (Scenario[] memory list) {
        list = new Scenario[](4);
        list[0] = Scenario(1.2e18, 1);
        list[1] = Scenario(1e18, 0);
        list[2] = Scenario(0.8e18, 1);
        list[3] = Scenario(0.95e18, 2);
    }

    /// Factor of the initial margin, then of the discount: multiplied by the rate, added, and what it is without time.
    function getStaticDiscountParams() external pure returns (uint256, uint256, uint256, uint256) {
        return (1.25e18, 0, 0, 0.95e18);
    }

    function getBasisContingencyParams() external pure returns (uint256, uint256, uint256, uint256) {
        return (1.05e18, 0.95e18, 0.25e18, 1.5e18);
    }

    function getOtherContingencyParams() external pure returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        return (0.98e18, 2e18, 0.55e18, 0.5e18, 0.02e18, 0.03e18, 0.01e18);
    }

    function getVolShockParams() external pure returns (uint256, uint256, uint256, uint256, uint256) {
        return (0.45e18, 0.3e18, 0.3e18, 0.13e18, 86400);
    }

    function getMargin(uint256 id, bool initial) external view returns (int256 margin) {
        (margin,) = getMarginAndMarkToMarket(id, initial, 0);
    }

    function getMarginAndMarkToMarket(uint256 id, bool initial, uint256) public view returns (int256 margin, int256) {
        SubAccounts.AssetBalance[] memory held = subAccounts.getAccountBalances(id);
        Sums memory sums = priced(id, held);
        for (uint256 i = 0; i < held.length; i++) if (held[i].asset == option && first(held, i)) addExpiry(held, i, sums);
        sums.worst = sums.basis;
        Scenario[] memory list = getScenarios();
        for (uint256 i = 0; i < list.length; i++) sums.worst = Wad.min(sums.worst, change(held, int256(list[i].spotShock), sums));
        margin = sums.worst - sums.fixedLoss;
        if (!initial) return (margin + sums.mtm, sums.mtm);
        int256 factor = 1.25e18;
        if (sums.stable < 0.98e18) factor += (0.98e18 - sums.stable).mul(2e18);
        return (margin.mul(factor) - sums.lacking + sums.mtm, sums.mtm);
    }

    /// Everything but options.
    function priced(uint256 id, SubAccounts.AssetBalance[] memory held) private view returns (Sums memory sums) {
        (uint256 spot, uint256 confidence) = spotFeed.getSpot();
        (uint256 stable,) = stableFeed.getSpot();
        (sums.spot, sums.stable, sums.confidence) = (int256(spot), int256(stable), int256(confidence));
        for (uint256 i = 0; i < held.length; i++) {
            if (held[i].asset == cashAsset) sums.mtm += held[i].balance;
            if (held[i].asset == baseAsset) sums.base = held[i].balance;
            if (held[i].asset == address(perp)) sums.size = held[i].balance;
        }
        if (sums.size != 0) {
            (uint256 mark, uint256 trust) = perp.getPerpPrice();
            sums.mark = int256(mark);
            sums.confidence = Wad.min(sums.confidence, int256(trust));
            sums.mtm += perp.getUnsettledAndUnrealizedCash(id);
        }
        sums.baseValue = valueOfBase(sums, 1e18);
        sums.mtm += sums.baseValue;
        int256 size = Wad.abs(sums.size);
        sums.fixedLoss = (size.mul(0.03e18) + sums.base.mul(0.02e18)).mul(sums.spot);
        sums.lacking = lack(sums.confidence).mul(size + sums.base).mul(sums.spot);
    }

    function valueOfBase(Sums memory sums, int256 shock) private pure returns (int256) {
        return sums.base.mul(sums.spot).mul(shock).div(sums.stable);
    }

    function lack(int256 confidence) private pure returns (int256) {
        return confidence < 0.55e18 ? (1e18 - confidence).mul(0.5e18) : int256(0);
    }

    function sameExpiry(SubAccounts.AssetBalance memory a, SubAccounts.AssetBalance memory b) private view returns (bool) {
        return a.asset == b.asset && a.asset == option && a.subId & 0xffffffff == b.subId & 0xffffffff;
    }

    function first(SubAccounts.AssetBalance[] memory held, uint256 at) private view returns (bool) {
        for (uint256 i = 0; i < at; i++) if (sameExpiry(held[i], held[at])) return false;
        return true;
    }

    function addExpiry(SubAccounts.AssetBalance[] memory held, uint256 at, Sums memory sums) private view {
        (uint64 expiry,,) = SureOption.terms(held[at].subId);
        int256 worth = worthAt(held, at, 1e18);
        sums.mtm += worth;
        int256 loss = Wad.min(Wad.min(worthAt(held, at, 1.05e18) - worth, worthAt(held, at, 0.95e18) - worth), 0);
        int256 afterNow = int256(uint256(expiry)) - int256(block.timestamp);
        sums.basis += loss.mul(0.25e18 + int256(1.5e18).mul(afterNow * 1e18 / 31_536_000));
        sums.fixedLoss += nakedShorts(held, at).mul(0.01e18).mul(sums.spot);
        int256 amounts = 0;
        for (uint256 i = at; i < held.length; i++) if (sameExpiry(held[i], held[at])) amounts += Wad.abs(held[i].balance);
        sums.lacking += lack(Wad.min(sums.confidence, trustIn(expiry))).mul(amounts).mul(sums.spot);
    }

    function trustIn(uint64 expiry) private view returns (int256) {
        (,, uint256 forward) = forwardFeed.getForwardPricePortions(expiry);
        (, uint256 rate) = interestRateFeed.getInterestRate(expiry);
        return Wad.min(Wad.min(int256(forward), int256(rate)), int256(volFeed.getExpiryMinConfidence(expiry)));
    }

    /// Of the options of one expiry, with the part of the forward that moves multiplied by `shock`.
    function worthAt(SubAccounts.AssetBalance[] memory held, uint256 at, int256 shock) private view returns (int256 sum) {
        (uint64 expiry,,) = SureOption.terms(held[at].subId);
        (uint256 fixedPart, uint256 variablePart,) = forwardFeed.getForwardPricePortions(expiry);
        int256 forward = int256(variablePart).mul(shock) + int256(fixedPart);
        for (uint256 i = at; i < held.length; i++) {
            if (!sameExpiry(held[i], held[at])) continue;
            (, int256 strike, bool isCall) = SureOption.terms(held[i].subId);
            (uint256 vol,) = volFeed.getVol(uint128(uint256(strike)), expiry);
            require(vol == 0, "this double prices no volatility");
            sum += SureOption.price(forward, strike, isCall).mul(held[i].balance);
        }
    }

    /// By strike, what no long option of that strike covers; at most two balances have one.
    function nakedShorts(SubAccounts.AssetBalance[] memory held, uint256 at) private view returns (int256 sum) {
        for (uint256 i = at; i < held.length; i++) {
            if (!sameExpiry(held[i], held[at])) continue;
            (, int256 strike,) = SureOption.terms(held[i].subId);
            int256 net = 0;
            bool seen = false;
            for (uint256 j = at; j < held.length; j++) {
                if (!sameExpiry(held[j], held[at])) continue;
                (, int256 other,) = SureOption.terms(held[j].subId);
                if (other != strike) continue;
                seen = seen || j < i;
                net += held[j].balance;
            }
            if (!seen && net < 0) sum -= net;
        }
    }

    function change(SubAccounts.AssetBalance[] memory held, int256 shock, Sums memory sums) private view returns (int256 sum) {
        sum = sums.size.mul((shock - 1e18).mul(sums.mark));
        for (uint256 i = 0; i < held.length; i++) {
            if (held[i].asset != option || !first(held, i)) continue;
            int256 shocked = worthAt(held, i, shock);
            sum += (shocked < 0 ? shocked : shocked.mul(LONG_DISCOUNT)) - worthAt(held, i, 1e18);
        }
        sum += valueOfBase(sums, shock) - sums.baseValue;
    }
}
