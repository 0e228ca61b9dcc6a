// SPDX-License-Identifier: MIT
// Hand-written doubles: HyperCore is no contract and its precompiles are part of HyperEVM's nodes. They keep the addresses, call data
// without selectors, widths and units, burn all gas on a bad index as the nodes do, and liquidate by the published rule of cross and
// isolated margin with tiers. They do not prove that nodes answer so, what the real summary counts, how HyperCore rounds, or when it
// liquidates; anyone may write, and there is no funding, order book or backstop.
pragma solidity ^0.8.26;

contract HyperCore {
    struct Perp {
        string coin;
        uint32 marginTable;
        uint8 szDecimals;
        uint8 maxLeverage;
        bool onlyIsolated;
    }
    struct Token {
        string name;
        uint64[] spots;
        uint64 deployerTradingFeeShare;
        address deployer;
        address evmContract;
        uint8 szDecimals;
        uint8 weiDecimals;
        int8 evmExtraWeiDecimals;
    }
    struct SpotPair {
        string name;
        uint64[2] tokens;
    }
    struct Held {
        int64 szi;
        uint64 entryNtl;
        int64 isolatedRawUsd;
        uint32 leverage;
        bool isIsolated;
    }
    struct Tier {
        uint64 aboveUsd;
        uint64 maxLeverage;
    }

    mapping(uint32 => Perp) private perps;
    mapping(uint32 => uint64) private marks;
    mapping(uint32 => uint64) private oracles;
    mapping(uint32 => uint32) private counts;
    mapping(uint32 => Tier[]) private tiers;
    mapping(uint64 => Token) private tokens;
    mapping(uint64 => uint64) private spotPrices;
    mapping(uint64 => uint64) private bases;
    mapping(address => mapping(uint32 => Held)) private held;
    mapping(uint32 => mapping(address => int64)) private cash;
    mapping(address => mapping(uint64 => uint64)) private spot;
    mapping(address => bool) private known;
    mapping(address => bool) private unified;
    bool private restless;
    bool private total;

    // What anyone may set.

    function list(uint32 dex, Perp calldata perp, uint64 price) external {
        uint32 index = dex * 10000 + counts[dex]++;
        perps[index] = perp;
        marks[index] = oracles[index] = price;
    }
    function addTier(uint32 table, uint64 aboveUsd, uint64 maxLeverage) external { tiers[table].push(Tier(aboveUsd, maxLeverage)); }
    function setPrices(uint32 perp, uint64 mark, uint64 oracle) external { (marks[perp], oracles[perp]) = (mark, oracle); }
    function setToken(uint64 token, Token calldata info, uint64 pair, uint64 price) external {
        (tokens[token], spotPrices[pair], bases[pair]) = (info, price, token);
    }
    function setCash(uint32 dex, address user, int64 amount) external { (cash[dex][user], known[user]) = (amount, true); }
    function setSpot(address user, uint64 token, uint64 amount) external { (spot[user][token], known[user]) = (amount, true); }
    function setUnified(address user, bool on) external { unified[user] = on; }
    /// HyperCore's block moves within a call, as it may between two reads of a live node.
    function setRestless(bool on) external { restless = on; }
    /// Whether the summary counts isolated positions too.
    function setTotal(bool on) external { total = on; }

    /// A cross position bought or sold at the mark.
    function trade(address user, uint32 perp, int64 size, uint32 leverage) external {
        Held storage h = held[user][perp];
        require(!h.isIsolated && h.szi == 0 && !perps[perp].onlyIsolated, "holds something else");
        int64 value = size * int64(marks[perp]);
        cash[perp / 10000][user] -= value;
        held[user][perp] = Held(size, value < 0 ? uint64(-value) : uint64(value), 0, leverage, false);
        known[user] = true;
    }
    /// An isolated one, with that margin behind it.
    function tradeIsolated(address user, uint32 perp, int64 size, uint32 leverage, int64 margin) external {
        int64 value = size * int64(marks[perp]);
        held[user][perp] = Held(size, value < 0 ? uint64(-value) : uint64(value), margin - value, leverage, true);
        known[user] = true;
    }

    /// Closes everything at the marks where the rule says so.
    function liquidate(address user, uint32 dex) external {
        (int256 value, , uint256 required) = sums(user, dex, false);
        require((int256(cash[dex][user]) + value) * 1e6 < int256(required), "not liquidatable");
        for (uint32 i = 0; i < counts[dex]; ++i) {
            Held storage h = held[user][dex * 10000 + i];
            if (h.isIsolated) continue;
            cash[dex][user] += h.szi * int64(marks[dex * 10000 + i]);
            delete held[user][dex * 10000 + i];
        }
    }
    function liquidateIsolated(address user, uint32 perp) external {
        Held storage h = held[user][perp];
        int256 value = int256(h.szi) * int256(uint256(marks[perp]));
        require(h.isIsolated && (h.isolatedRawUsd + value) * 1e6 < int256(maintenance(perp, value < 0 ? uint256(-value) : uint256(value))), "not liquidatable");
        delete held[user][perp];
    }

    // The rule: 10^12 of a dollar, so that nothing is lost that 10^6 shows.

    function maintenance(uint32 perp, uint256 notional) private view returns (uint256 required) {
        uint32 table = perps[perp].marginTable;
        Tier[] storage rows = tiers[table];
        if (rows.length == 0) return notional * 1e6 / (2 * uint256(table));
        uint256 rate;
        uint256 deduction;
        for (uint256 i = 0; i < rows.length; ++i) {
            uint256 above = uint256(rows[i].aboveUsd) * 1e6;
            if (i > 0 && notional <= above) break;
            uint256 next = 1e12 / (2 * uint256(rows[i].maxLeverage));
            deduction += above * (next - rate) / 1e6;
            rate = next;
        }
        return notional * rate / 1e6 - deduction;
    }

    function sums(address user, uint32 dex, bool isolated) private view returns (int256 value, uint256 notional, uint256 required) {
        for (uint32 i = 0; i < counts[dex]; ++i) {
            uint32 perp = dex * 10000 + i;
            Held storage h = held[user][perp];
            if (h.isIsolated != isolated || h.szi == 0) continue;
            int256 one = int256(h.szi) * int256(uint256(marks[perp]));
            value += one + (isolated ? int256(h.isolatedRawUsd) : int256(0));
            uint256 size = one < 0 ? uint256(-one) : uint256(one);
            notional += size;
            required += maintenance(perp, size);
        }
    }

    function summary(address user, uint32 dex) private view returns (bytes memory) {
        if (unified[user]) return abi.encode(int64(0), uint64(0), uint64(0), int64(0));
        (int256 value, uint256 notional, ) = sums(user, dex, false);
        int256 raw = cash[dex][user];
        if (total) {
            (int256 alone, uint256 size, ) = sums(user, dex, true);
            (value, notional) = (value + alone, notional + size);
            for (uint32 i = 0; i < counts[dex]; ++i) raw += held[user][dex * 10000 + i].isolatedRawUsd;
            return abi.encode(int64(int256(cash[dex][user]) + value), uint64(0), uint64(notional), int64(raw));
        }
        return abi.encode(int64(raw + value), uint64(0), uint64(notional), int64(raw));
    }

    function listed(uint256 perp) private view returns (uint32 index) {
        index = uint32(perp);
        require(perp < 320000 && index % 10000 < counts[index / 10000], "no such perp");
    }

    /// What the precompile of that number answers; reverts where a node burns all gas.
    function answer(uint16 number, bytes calldata input) external view returns (bytes memory) {
        if (number == 0x0809) {
            require(input.length == 0);
            return abi.encode(uint64(block.number * 12 + (restless ? gasleft() % 1000 : 0)));
        }
        if (number == 0x0806 || number == 0x0807 || number == 0x080a) {
            uint32 perp = listed(abi.decode(input, (uint256)));
            if (number == 0x080a) return abi.encode(perps[perp]);
            return abi.encode(number == 0x0806 ? marks[perp] : oracles[perp]);
        }
        if (number == 0x0808 || number == 0x080b) {
            uint64 pair = uint64(abi.decode(input, (uint256)));
            require(bases[pair] != 0, "no such pair");
            if (number == 0x0808) return abi.encode(spotPrices[pair]);
            return abi.encode(SpotPair(tokens[bases[pair]].name, [bases[pair], 0]));
        }
        if (number == 0x080c) {
            Token memory token = tokens[uint64(abi.decode(input, (uint256)))];
            require(bytes(token.name).length > 0, "no such token");
            return abi.encode(token);
        }
        if (number == 0x0803) return abi.encode(uint64(0));
        if (number == 0x0810) return abi.encode(known[abi.decode(input, (address))]);
        if (number == 0x0800 || number == 0x0813) {
            (address user, uint256 perp) = abi.decode(input, (address, uint256));
            return abi.encode(held[user][listed(perp)]);
        }
        if (number == 0x0801) {
            (address user, uint256 token) = abi.decode(input, (address, uint256));
            return abi.encode(spot[user][uint64(token)], uint64(0), uint64(0));
        }
        if (number == 0x080f) {
            (uint256 dex, address user) = abi.decode(input, (uint256, address));
            require(counts[uint32(dex)] > 0, "no such dex");
            return summary(user, uint32(dex));
        }
        revert("no such precompile");
    }
}

/// Stands at the address of each precompile and asks the core for what that one answers.
contract Precompile {
    HyperCore private constant core = HyperCore(0x000000000000000000000000000000000C0DE999);

    fallback(bytes calldata input) external returns (bytes memory) {
        try core.answer(uint16(uint160(address(this))), input) returns (bytes memory output) {
            return output;
        } catch {
            assembly {
                invalid()
            }
        }
    }
}
