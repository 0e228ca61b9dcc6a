// SPDX-License-Identifier: MIT
// Hand-written doubles: Derive's feeds are in no npm package. Views, errors, events and places in storage are those of its sources;
// signatures are not checked, and a volatility curve is flat (only `a` counts). They do not prove that deployed feeds are laid out so.
pragma solidity ^0.8.26;

/// Slots 0 to 5 of a signed feed.
abstract contract SignedFeed {
    bytes32 private nameFallback;
    bytes32 private versionFallback;
    address private ownerSlot;
    address private pendingOwnerSlot;
    mapping(address => bool) public isSigner;
    uint8 public requiredSigners = 2;
    uint64 public heartbeat;

    error BLF_DataTooOld();

    function checkFresh(uint64 timestamp) internal view {
        if (timestamp + heartbeat < block.timestamp) revert BLF_DataTooOld();
    }

    function setHeartbeat(uint64 value) external {
        heartbeat = value;
    }
}

contract SpotFeed is SignedFeed {
    struct Detail {
        uint96 price;
        uint64 confidence;
        uint64 timestamp;
    }
    Detail private detail;

    event SpotPriceUpdated(uint96 spot, uint96 confidence, uint64 timestamp);

    constructor(uint64 beat) {
        heartbeat = beat;
    }

    function set(uint96 price, uint64 confidence) external {
        detail = Detail(price, confidence, uint64(block.timestamp));
        emit SpotPriceUpdated(price, confidence, uint64(block.timestamp));
    }

    function getSpot() external view returns (uint256, uint256) {
        checkFresh(detail.timestamp);
        return (detail.price, detail.confidence);
    }
}

contract SpotDiffFeed is SignedFeed {
    SpotFeed public spotFeed;
    int256 public spotDiffCap;
    struct Detail {
        int96 spotDiff;
        uint64 confidence;
        uint64 timestamp;
    }
    Detail public spotDiffDetails;

    constructor(uint64 beat, SpotFeed spot, int256 cap) {
        heartbeat = beat;
        spotFeed = spot;
        spotDiffCap = cap;
    }

    function set(int96 difference, uint64 confidence) external {
        spotDiffDetails = Detail(difference, confidence, uint64(block.timestamp));
    }

    function getResult() external view returns (uint256, uint256) {
        (uint256 spot, uint256 spotConfidence) = spotFeed.getSpot();
        checkFresh(spotDiffDetails.timestamp);
        int256 most = int256(spot) * spotDiffCap / 1e18;
        int256 difference = spotDiffDetails.spotDiff;
        if (difference > most) difference = most;
        if (difference < -most) difference = -most;
        uint256 confidence = spotDiffDetails.confidence < spotConfidence ? spotDiffDetails.confidence : spotConfidence;
        return (uint256(int256(spot) + difference), confidence);
    }
}

contract VolFeed is SignedFeed {
    struct Details {
        int256 a;
        uint256 b;
        int256 rho;
        int256 m;
        uint256 sigma;
        uint256 fwd;
        uint64 refTau;
        uint64 confidence;
        uint64 timestamp;
    }
    mapping(uint64 => Details) private details;

    error LVF_MissingExpiryData();

    constructor(uint64 beat) {
        heartbeat = beat;
    }

    function set(uint64 expiry, int256 a, uint64 confidence) external {
        details[expiry] = Details(a, 0, 0, 0, 0, 1e18, 1e18, confidence, uint64(block.timestamp));
    }

    function getVol(uint128, uint64 expiry) external view returns (uint256, uint256) {
        Details memory at = read(expiry);
        return (root(uint256(at.a) * 1e18), at.confidence);
    }

    function getExpiryMinConfidence(uint64 expiry) external view returns (uint256) {
        return read(expiry).confidence;
    }

    function read(uint64 expiry) private view returns (Details memory at) {
        at = details[expiry];
        if (at.timestamp == 0) revert LVF_MissingExpiryData();
        checkFresh(at.timestamp);
    }

    function root(uint256 x) private pure returns (uint256 r) {
        if (x == 0) return 0;
        r = x;
        for (uint256 next = (x + 1) / 2; next < r; next = (r + x / r) / 2) r = next;
    }
}

contract ForwardFeed is SignedFeed {
    SpotFeed public spotFeed;
    uint64 public maxExpiry = 400 days;
    uint64 public settlementHeartbeat = 3 minutes;
    struct Forward {
        int96 fwdSpotDifference;
        uint64 confidence;
        uint64 timestamp;
    }
    struct Settlement {
        uint256 start;
        uint256 current;
    }
    mapping(uint64 => Forward) private forwards;
    mapping(uint64 => Settlement) private settlements;

    error LFF_MissingExpiryData();
    error LFF_SettlementDataTooOld();

    constructor(uint64 beat, SpotFeed spot) {
        heartbeat = beat;
        spotFeed = spot;
    }

    function set(uint64 expiry, int96 difference, uint64 confidence, uint64 timestamp, uint256 start, uint256 current) external {
        forwards[expiry] = Forward(difference, confidence, timestamp);
        settlements[expiry] = Settlement(start, current);
    }

    function getForwardPricePortions(uint64 expiry) public view returns (uint256 fixedPart, uint256 variablePart, uint256 confidence) {
        (uint256 spot, uint256 spotConfidence) = spotFeed.getSpot();
        Forward memory at = forwards[expiry];
        if (at.timestamp == 0) revert LFF_MissingExpiryData();
        if (at.timestamp != expiry) {
            checkFresh(at.timestamp);
            if (block.timestamp > expiry - 1800 && at.timestamp + settlementHeartbeat < block.timestamp) revert LFF_SettlementDataTooOld();
        }
        variablePart = uint256(int256(spot) + at.fwdSpotDifference);
        if (expiry - at.timestamp < 1800) {
            fixedPart = (settlements[expiry].current - settlements[expiry].start) / 1800;
            variablePart = variablePart * (expiry - at.timestamp) / 1800;
        }
        confidence = at.confidence < spotConfidence ? at.confidence : spotConfidence;
    }

    function getForwardPrice(uint64 expiry) external view returns (uint256, uint256) {
        (uint256 fixedPart, uint256 variablePart, uint256 confidence) = getForwardPricePortions(expiry);
        return (fixedPart + variablePart, confidence);
    }

    function getSettlementPrice(uint64 expiry) external view returns (bool, uint256) {
        if (forwards[expiry].timestamp != expiry) return (false, 0);
        return (true, (settlements[expiry].current - settlements[expiry].start) / 1800);
    }
}

contract RateFeed is SignedFeed {
    struct Detail {
        int96 rate;
        uint64 confidence;
        uint64 timestamp;
    }
    mapping(uint64 => Detail) private details;

    constructor(uint64 beat) {
        heartbeat = beat;
    }

    function set(uint64 expiry, int96 rate, uint64 confidence) external {
        details[expiry] = Detail(rate, confidence, uint64(block.timestamp));
    }

    function getInterestRate(uint64 expiry) external view returns (int256, uint256) {
        checkFresh(details[expiry].timestamp);
        return (details[expiry].rate, details[expiry].confidence);
    }
}
