// SPDX-License-Identifier: MIT
// A hand-written double: no npm package has Comet's sources or bytecode. It was written after the public source of
// github.com/compound-finance/comet (contracts/Comet.sol): the same views, storage of principals, indices, roundings, two-step use of
// the stored index, events and errors for supplying, withdrawing, transferring and absorbing. It has no rewards, permissions, reserves
// to sell, supply of more than 16 assets, nor the upgrade by proxy. It does not prove that a deployed comet computes as that source
// says, nor anything of what was left out; its ABI is held against the published one by a test.
pragma solidity 0.8.26;

interface IFeed {
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

interface IToken {
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

contract CometDouble {
    struct AssetConfig {
        address asset;
        address priceFeed;
        uint64 scale;
        uint64 borrowCollateralFactor;
        uint64 liquidateCollateralFactor;
        uint64 liquidationFactor;
        uint128 supplyCap;
    }

    struct AssetInfo {
        uint8 offset;
        address asset;
        address priceFeed;
        uint64 scale;
        uint64 borrowCollateralFactor;
        uint64 liquidateCollateralFactor;
        uint64 liquidationFactor;
        uint128 supplyCap;
    }

    struct TotalsBasic {
        uint64 baseSupplyIndex;
        uint64 baseBorrowIndex;
        uint64 trackingSupplyIndex;
        uint64 trackingBorrowIndex;
        uint104 totalSupplyBase;
        uint104 totalBorrowBase;
        uint40 lastAccrualTime;
        uint8 pauseFlags;
    }

    struct UserBasic {
        int104 principal;
        uint64 baseTrackingIndex;
        uint64 baseTrackingAccrued;
        uint16 assetsIn;
        uint8 _reserved;
    }

    struct UserCollateral {
        uint128 balance;
        uint128 _reserved;
    }

    struct TotalsCollateral {
        uint128 totalSupplyAsset;
        uint128 _reserved;
    }

    error BadAsset();
    error BadPrice();
    error BorrowTooSmall();
    error NotCollateralized();
    error NotLiquidatable();
    error Paused();
    error SupplyCapExceeded();

    event Supply(address indexed from, address indexed dst, uint256 amount);
    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Withdraw(address indexed src, address indexed to, uint256 amount);
    event SupplyCollateral(address indexed from, address indexed dst, address indexed asset, uint256 amount);
    event TransferCollateral(address indexed from, address indexed to, address indexed asset, uint256 amount);
    event WithdrawCollateral(address indexed src, address indexed to, address indexed asset, uint256 amount);
    event AbsorbDebt(address indexed absorber, address indexed borrower, uint256 basePaidOut, uint256 usdValue);
    event AbsorbCollateral(
        address indexed absorber, address indexed borrower, address indexed asset, uint256 collateralAbsorbed, uint256 usdValue
    );

    uint64 private constant INDEX_SCALE = 1e15;
    uint64 private constant FACTOR_SCALE = 1e18;
    uint8 private constant ABSORB_PAUSED = 8;

    address public immutable baseToken;
    address public immutable baseTokenPriceFeed;
    uint256 public immutable baseScale;
    uint256 public immutable baseBorrowMin;
    /// Rates of a second: at no utilization, and what full utilization adds.
    uint256 private immutable rateBase;
    uint256 private immutable rateSlope;

    AssetConfig[] private assets_;
    TotalsBasic private totals_;
    mapping(address => UserBasic) public userBasic;
    mapping(address => mapping(address => UserCollateral)) public userCollateral;
    mapping(address => TotalsCollateral) public totalsCollateral;

    constructor(address base, address feed, uint256 scale, uint256 borrowMin, uint256 yearlyBase, uint256 yearlySlope, AssetConfig[] memory assets) {
        baseToken = base;
        baseTokenPriceFeed = feed;
        baseScale = scale;
        baseBorrowMin = borrowMin;
        rateBase = yearlyBase / 365 days;
        rateSlope = yearlySlope / 365 days;
        for (uint256 i = 0; i < assets.length; i++) assets_.push(assets[i]);
        totals_.baseSupplyIndex = INDEX_SCALE;
        totals_.baseBorrowIndex = INDEX_SCALE;
        totals_.lastAccrualTime = uint40(block.timestamp);
    }

    function numAssets() external view returns (uint8) {
        return uint8(assets_.length);
    }

    function getAssetInfo(uint8 i) public view returns (AssetInfo memory) {
        if (i >= assets_.length) revert BadAsset();
        AssetConfig memory a = assets_[i];
        return AssetInfo(
            i, a.asset, a.priceFeed, a.scale, a.borrowCollateralFactor, a.liquidateCollateralFactor, a.liquidationFactor, a.supplyCap
        );
    }

    function getAssetInfoByAddress(address asset) public view returns (AssetInfo memory) {
        for (uint8 i = 0; i < assets_.length; i++) if (assets_[i].asset == asset) return getAssetInfo(i);
        revert BadAsset();
    }

    function totalsBasic() external view returns (TotalsBasic memory) {
        return totals_;
    }

    function isAbsorbPaused() public view returns (bool) {
        return totals_.pauseFlags & ABSORB_PAUSED != 0;
    }

    /// The real one takes five flags, of its governor alone.
    function pauseAbsorb(bool paused) external {
        totals_.pauseFlags = paused ? ABSORB_PAUSED : 0;
    }

    function getPrice(address feed) public view returns (uint256) {
        (, int256 price,,,) = IFeed(feed).latestRoundData();
        if (price <= 0) revert BadPrice();
        return uint256(price);
    }

    function getUtilization() public view returns (uint256) {
        uint256 supplied = present(totals_.totalSupplyBase, totals_.baseSupplyIndex);
        return supplied == 0 ? 0 : present(totals_.totalBorrowBase, totals_.baseBorrowIndex) * FACTOR_SCALE / supplied;
    }

    function getBorrowRate(uint256 utilization) public view returns (uint64) {
        return uint64(rateBase + mulFactor(rateSlope, utilization));
    }

    function getSupplyRate(uint256 utilization) public view returns (uint64) {
        return uint64(mulFactor(getBorrowRate(utilization), utilization) * 9 / 10);
    }

    function balanceOf(address account) external view returns (uint256) {
        (uint64 index,) = accruedIndices();
        int104 principal = userBasic[account].principal;
        return principal > 0 ? present(uint104(principal), index) : 0;
    }

    function borrowBalanceOf(address account) external view returns (uint256) {
        (, uint64 index) = accruedIndices();
        int104 principal = userBasic[account].principal;
        return principal < 0 ? present(uint104(-principal), index) : 0;
    }

    function collateralBalanceOf(address account, address asset) external view returns (uint128) {
        return userCollateral[account][asset].balance;
    }

    function isBorrowCollateralized(address account) public view returns (bool) {
        return userBasic[account].principal >= 0 || liquidity(account, false) >= 0;
    }

    function isLiquidatable(address account) public view returns (bool) {
        return userBasic[account].principal < 0 && liquidity(account, true) < 0;
    }

    /// At the stored index; prices are asked for only until the sum is not negative.
    function liquidity(address account, bool liquidating) private view returns (int256 sum) {
        UserBasic memory user = userBasic[account];
        sum = signedPresent(user.principal) * int256(getPrice(baseTokenPriceFeed)) / int256(baseScale);
        for (uint8 i = 0; i < assets_.length; i++) {
            if (user.assetsIn & (uint16(1) << i) == 0) continue;
            if (sum >= 0) return sum;
            AssetConfig memory a = assets_[i];
            uint256 value = uint256(userCollateral[account][a.asset].balance) * getPrice(a.priceFeed) / a.scale;
            sum += int256(mulFactor(value, liquidating ? a.liquidateCollateralFactor : a.borrowCollateralFactor));
        }
    }

    function accrueAccount(address) external {
        accrue();
    }

    function supply(address asset, uint256 amount) external {
        require(IToken(asset).transferFrom(msg.sender, address(this), amount), "transfer in");
        if (asset != baseToken) return supplyCollateral(asset, uint128(amount));
        accrue();
        moveBase(msg.sender, int104(uint104(amount)));
        emit Supply(msg.sender, msg.sender, amount);
        emit Transfer(address(0), msg.sender, amount);
    }

    function withdraw(address asset, uint256 amount) external {
        if (asset == baseToken) {
            accrue();
            moveBase(msg.sender, -int104(uint104(amount)));
            checkBorrow(msg.sender);
            emit Withdraw(msg.sender, msg.sender, amount);
            emit Transfer(msg.sender, address(0), amount);
        } else {
            setCollateral(msg.sender, asset, userCollateral[msg.sender][asset].balance - uint128(amount));
            totalsCollateral[asset].totalSupplyAsset -= uint128(amount);
            if (!isBorrowCollateralized(msg.sender)) revert NotCollateralized();
            emit WithdrawCollateral(msg.sender, msg.sender, asset, amount);
        }
        require(IToken(asset).transfer(msg.sender, amount), "transfer out");
    }

    function transferAsset(address dst, address asset, uint256 amount) external {
        if (asset == baseToken) {
            accrue();
            moveBase(msg.sender, -int104(uint104(amount)));
            moveBase(dst, int104(uint104(amount)));
            checkBorrow(msg.sender);
            emit Transfer(msg.sender, dst, amount);
        } else {
            setCollateral(msg.sender, asset, userCollateral[msg.sender][asset].balance - uint128(amount));
            setCollateral(dst, asset, userCollateral[dst][asset].balance + uint128(amount));
            if (!isBorrowCollateralized(msg.sender)) revert NotCollateralized();
            emit TransferCollateral(msg.sender, dst, asset, amount);
        }
    }

    function absorb(address absorber, address[] calldata accounts) external {
        if (isAbsorbPaused()) revert Paused();
        accrue();
        for (uint256 i = 0; i < accounts.length; i++) absorbOne(absorber, accounts[i]);
    }

    function absorbOne(address absorber, address account) private {
        if (!isLiquidatable(account)) revert NotLiquidatable();
        int256 before = signedPresent(userBasic[account].principal);
        uint256 basePrice = getPrice(baseTokenPriceFeed);
        uint256 credited;
        for (uint8 i = 0; i < assets_.length; i++) {
            if (userBasic[account].assetsIn & (uint16(1) << i) == 0) continue;
            AssetConfig memory a = assets_[i];
            uint128 seized = userCollateral[account][a.asset].balance;
            setCollateral(account, a.asset, 0);
            totalsCollateral[a.asset].totalSupplyAsset -= seized;
            uint256 value = uint256(seized) * getPrice(a.priceFeed) / a.scale;
            credited += mulFactor(value, a.liquidationFactor);
            emit AbsorbCollateral(absorber, account, a.asset, seized, value);
        }
        int256 left = before + int256(credited * baseScale / basePrice);
        if (left < 0) left = 0;
        moveBase(account, int104(left - before));
        uint256 paid = uint256(left - before);
        emit AbsorbDebt(absorber, account, paid, paid * basePrice / baseScale);
        if (left > 0) emit Transfer(address(0), account, uint256(left));
    }

    function supplyCollateral(address asset, uint128 amount) private {
        AssetInfo memory info = getAssetInfoByAddress(asset);
        totalsCollateral[asset].totalSupplyAsset += amount;
        if (totalsCollateral[asset].totalSupplyAsset > info.supplyCap) revert SupplyCapExceeded();
        setCollateral(msg.sender, asset, userCollateral[msg.sender][asset].balance + amount);
        emit SupplyCollateral(msg.sender, msg.sender, asset, amount);
    }

    function setCollateral(address account, address asset, uint128 balance) private {
        uint16 bit = uint16(1) << getAssetInfoByAddress(asset).offset;
        userCollateral[account][asset].balance = balance;
        if (balance == 0) userBasic[account].assetsIn &= ~bit;
        else userBasic[account].assetsIn |= bit;
    }

    /// Adds to an account's base balance and to the totals, all in principal at the present index.
    function moveBase(address account, int104 amount) private {
        int256 before = signedPresent(userBasic[account].principal);
        int256 afterwards = before + amount;
        uint256 supplied = present(totals_.totalSupplyBase, totals_.baseSupplyIndex);
        uint256 borrowed = present(totals_.totalBorrowBase, totals_.baseBorrowIndex);
        supplied = supplied + positive(afterwards) - least(positive(before), supplied + positive(afterwards));
        borrowed = borrowed + positive(-afterwards) - least(positive(-before), borrowed + positive(-afterwards));
        totals_.totalSupplyBase = uint104(supplied * INDEX_SCALE / totals_.baseSupplyIndex);
        totals_.totalBorrowBase = uint104(debtPrincipal(borrowed));
        userBasic[account].principal = afterwards >= 0
            ? int104(int256(uint256(afterwards) * INDEX_SCALE / totals_.baseSupplyIndex))
            : -int104(int256(debtPrincipal(uint256(-afterwards))));
    }

    function checkBorrow(address account) private view {
        int256 balance = signedPresent(userBasic[account].principal);
        if (balance >= 0) return;
        if (uint256(-balance) < baseBorrowMin) revert BorrowTooSmall();
        if (!isBorrowCollateralized(account)) revert NotCollateralized();
    }

    function accruedIndices() private view returns (uint64 supplyIndex, uint64 borrowIndex) {
        (supplyIndex, borrowIndex) = (totals_.baseSupplyIndex, totals_.baseBorrowIndex);
        uint256 elapsed = block.timestamp - totals_.lastAccrualTime;
        if (elapsed == 0) return (supplyIndex, borrowIndex);
        uint256 utilization = getUtilization();
        supplyIndex += uint64(mulFactor(supplyIndex, getSupplyRate(utilization) * elapsed));
        borrowIndex += uint64(mulFactor(borrowIndex, getBorrowRate(utilization) * elapsed));
    }

    function accrue() private {
        (totals_.baseSupplyIndex, totals_.baseBorrowIndex) = accruedIndices();
        totals_.lastAccrualTime = uint40(block.timestamp);
    }

    function signedPresent(int104 principal) private view returns (int256) {
        return principal >= 0
            ? int256(present(uint104(principal), totals_.baseSupplyIndex))
            : -int256(present(uint104(-principal), totals_.baseBorrowIndex));
    }

    function present(uint104 principal, uint64 index) private pure returns (uint256) {
        return uint256(principal) * index / INDEX_SCALE;
    }

    /// Rounded up.
    function debtPrincipal(uint256 balance) private view returns (uint256) {
        return (balance * INDEX_SCALE + totals_.baseBorrowIndex - 1) / totals_.baseBorrowIndex;
    }

    function mulFactor(uint256 n, uint256 factor) private pure returns (uint256) {
        return n * factor / FACTOR_SCALE;
    }

    function positive(int256 value) private pure returns (uint256) {
        return value > 0 ? uint256(value) : 0;
    }

    function least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
