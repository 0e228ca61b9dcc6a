// SPDX-License-Identifier: MIT
// Hand-written doubles: Derive's SubAccounts, Matching, assets and auction are in no npm package. They keep what margind reads, with the
// views and events of its sources, and let anyone write. They do not prove how balances come about.
pragma solidity ^0.8.26;

import "contracts/derive/Feeds.sol";

contract SubAccounts {
    struct AssetBalance {
        address asset;
        uint256 subId;
        int256 balance;
    }
    uint256 public lastAccountId;
    mapping(uint256 => address) private owners;
    mapping(uint256 => address) public manager;
    mapping(uint256 => AssetBalance[]) private balances;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event AccountCreated(address indexed owner, uint256 indexed accountId, address indexed manager);
    event BalanceAdjusted(
        uint256 indexed accountId, address indexed manager, bytes32 indexed assetAndSubId, int256 amount, int256 preBalance, int256 postBalance, uint256 tradeId
    );

    function create(address owner, address risk) external {
        uint256 id = ++lastAccountId;
        owners[id] = owner;
        manager[id] = risk;
        emit Transfer(address(0), owner, id);
        emit AccountCreated(owner, id, risk);
    }

    function transfer(uint256 id, address to) external {
        emit Transfer(owners[id], to, id);
        owners[id] = to;
    }

    function ownerOf(uint256 id) external view returns (address) {
        require(owners[id] != address(0), "ERC721NonexistentToken");
        return owners[id];
    }

    function adjust(uint256 id, address asset, uint256 subId, int256 amount) external {
        AssetBalance[] storage held = balances[id];
        uint256 i = 0;
        while (i < held.length && !(held[i].asset == asset && held[i].subId == subId)) i++;
        if (i == held.length) held.push(AssetBalance(asset, subId, 0));
        int256 before = held[i].balance;
        held[i].balance = before + amount;
        emit BalanceAdjusted(id, manager[id], bytes32((uint256(uint160(asset)) << 96) | subId), amount, before, before + amount, 0);
        if (held[i].balance == 0) {
            held[i] = held[held.length - 1];
            held.pop();
        }
    }

    function getAccountBalances(uint256 id) external view returns (AssetBalance[] memory) {
        return balances[id];
    }

    function getBalance(uint256 id, address asset, uint256 subId) external view returns (int256) {
        for (uint256 i = 0; i < balances[id].length; i++)
            if (balances[id][i].asset == asset && balances[id][i].subId == subId) return balances[id][i].balance;
        return 0;
    }
}

contract Matching {
    SubAccounts public subAccounts;
    mapping(uint256 => address) public subAccountToOwner;

    event DepositedSubAccount(uint256 indexed accountId, address indexed owner);
    event WithdrewSubAccount(uint256 indexed accountId);

    constructor(SubAccounts accounts) {
        subAccounts = accounts;
    }

    function deposit(uint256 id) external {
        address owner = subAccounts.ownerOf(id);
        subAccountToOwner[id] = owner;
        subAccounts.transfer(id, address(this));
        emit DepositedSubAccount(id, owner);
    }

    function withdraw(uint256 id) external {
        subAccounts.transfer(id, subAccountToOwner[id]);
        delete subAccountToOwner[id];
        emit WithdrewSubAccount(id);
    }
}

/// Cash, options and tokens are told apart by their addresses alone; only cash has a view.
contract CashAsset {
    SubAccounts public subAccounts;
    mapping(uint256 => int256) private interest;

    constructor(SubAccounts accounts) {
        subAccounts = accounts;
    }

    function setInterest(uint256 id, int256 amount) external {
        interest[id] = amount;
    }

    function calculateBalanceWithInterest(uint256 id) external view returns (int256) {
        return subAccounts.getBalance(id, address(this), 0) + interest[id];
    }
}

contract PlainAsset {}

contract PerpAsset {
    SubAccounts public subAccounts;
    SpotDiffFeed public perpFeed;
    int256 public aggregatedFunding;
    int256 public rate;
    struct Position {
        uint256 lastMarkPrice;
        int256 funding;
        int256 pnl;
        int256 lastAggregatedFunding;
        uint256 lastFundingPaid;
    }
    mapping(uint256 => Position) public positions;

    constructor(SubAccounts accounts, SpotDiffFeed feed) {
        subAccounts = accounts;
        perpFeed = feed;
    }

    function setPosition(uint256 id, uint256 mark, int256 funding, int256 pnl, int256 lastFunding) external {
        positions[id] = Position(mark, funding, pnl, lastFunding, block.timestamp);
    }

    function setFunding(int256 aggregated, int256 hourly) external {
        aggregatedFunding = aggregated;
        rate = hourly;
    }

    function getFundingRate() external view returns (int256) {
        return rate;
    }

    function getPerpPrice() public view returns (uint256, uint256) {
        return perpFeed.getResult();
    }

    function getUnsettledAndUnrealizedCash(uint256 id) external view returns (int256) {
        (uint256 price,) = getPerpPrice();
        int256 size = subAccounts.getBalance(id, address(this), 0);
        Position memory at = positions[id];
        int256 gain = (int256(price) - int256(at.lastMarkPrice)) * size / 1e18;
        return -(size * (aggregatedFunding - at.lastAggregatedFunding) / 1e18) + gain + at.funding + at.pnl;
    }
}

contract DutchAuction {
    mapping(uint256 => bool) public isAuctionLive;

    function setLive(uint256 id, bool live) external {
        isAuctionLive[id] = live;
    }

    function getAuctionParams() external pure returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        return (1e18, 0.8e18, 600, 7200, 600, 0.05e18, 0.15e18);
    }
}
