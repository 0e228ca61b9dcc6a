// SPDX-License-Identifier: MIT
// A hand-written double: Morpho's pre-liquidation contracts are in no npm package. It was written after the public source of
// github.com/morpho-org/pre-liquidation (src/PreLiquidation.sol and PreLiquidationFactory.sol): the same interface, errors, events
// and formulas, without the callback of the liquidator and the factory's checks and fixed addresses. Everything that it asks of Morpho
// is asked of the real contract. It does not prove that a deployed contract is as that source says.
pragma solidity 0.8.26;

import {Id, IMorpho, Market, MarketParams, Position} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {IERC20} from "@morpho-org/morpho-blue/src/interfaces/IERC20.sol";
import {IOracle} from "@morpho-org/morpho-blue/src/interfaces/IOracle.sol";
import {MathLib} from "@morpho-org/morpho-blue/src/libraries/MathLib.sol";
import {SharesMathLib} from "@morpho-org/morpho-blue/src/libraries/SharesMathLib.sol";

interface IToken {
    function approve(address spender, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

struct PreLiquidationParams {
    uint256 preLltv;
    uint256 preLCF1;
    uint256 preLCF2;
    uint256 preLIF1;
    uint256 preLIF2;
    address preLiquidationOracle;
}

contract PreLiquidation {
    using MathLib for uint256;
    using SharesMathLib for uint256;

    error InconsistentInput();
    error LiquidatablePosition();
    error NotPreLiquidatablePosition();
    error PreLiquidationTooLarge(uint256 repaidShares, uint256 repayableShares);
    error NotMorpho();

    event PreLiquidate(
        Id indexed id, address indexed liquidator, address indexed borrower, uint256 repaidAssets, uint256 repaidShares, uint256 seizedAssets
    );

    uint256 private constant PRICE_SCALE = 1e36;

    IMorpho public immutable MORPHO;
    Id public immutable ID;
    MarketParams private market_;
    PreLiquidationParams private params_;

    constructor(IMorpho morpho, Id id, PreLiquidationParams memory params) {
        MORPHO = morpho;
        ID = id;
        market_ = morpho.idToMarketParams(id);
        params_ = params;
        IToken(market_.loanToken).approve(address(morpho), type(uint256).max);
    }

    function marketParams() external view returns (MarketParams memory) {
        return market_;
    }

    function preLiquidationParams() external view returns (PreLiquidationParams memory) {
        return params_;
    }

    function preLiquidate(address borrower, uint256 seizedAssets, uint256 repaidShares, bytes calldata)
        external
        returns (uint256, uint256)
    {
        if ((seizedAssets == 0) == (repaidShares == 0)) revert InconsistentInput();
        MORPHO.accrueInterest(market_);
        uint256 price = IOracle(params_.preLiquidationOracle).price();
        uint256 way = progress(borrower, price);
        (seizedAssets, repaidShares) = exchanged(seizedAssets, repaidShares, price, between(way, params_.preLIF1, params_.preLIF2));
        uint256 repayable = uint256(MORPHO.position(ID, borrower).borrowShares).wMulDown(between(way, params_.preLCF1, params_.preLCF2));
        if (repaidShares > repayable) revert PreLiquidationTooLarge(repaidShares, repayable);

        return (seizedAssets, repay(borrower, seizedAssets, repaidShares));
    }

    function repay(address borrower, uint256 seizedAssets, uint256 repaidShares) private returns (uint256 repaidAssets) {
        (repaidAssets,) = MORPHO.repay(market_, 0, repaidShares, borrower, abi.encode(seizedAssets, borrower, msg.sender));
        emit PreLiquidate(ID, msg.sender, borrower, repaidAssets, repaidShares, seizedAssets);
    }

    /// How far the loan-to-value is from this contract's limit (0) to the market's (1e18).
    function progress(address borrower, uint256 price) private view returns (uint256) {
        Market memory market = MORPHO.market(ID);
        Position memory position = MORPHO.position(ID, borrower);
        uint256 quoted = uint256(position.collateral).mulDivDown(price, PRICE_SCALE);
        uint256 borrowed = uint256(position.borrowShares).toAssetsUp(market.totalBorrowAssets, market.totalBorrowShares);
        if (borrowed > quoted.wMulDown(market_.lltv)) revert LiquidatablePosition();
        if (borrowed <= quoted.wMulDown(params_.preLltv)) revert NotPreLiquidatablePosition();
        return (borrowed.wDivUp(quoted) - params_.preLltv).wDivDown(market_.lltv - params_.preLltv);
    }

    function between(uint256 way, uint256 from, uint256 to) private pure returns (uint256) {
        return way.wMulDown(to - from) + from;
    }

    /// The one that is 0 from the other.
    function exchanged(uint256 seizedAssets, uint256 repaidShares, uint256 price, uint256 incentive)
        private
        view
        returns (uint256, uint256)
    {
        if (seizedAssets > 0) return (seizedAssets, sharesFor(seizedAssets.mulDivUp(price, PRICE_SCALE).wDivUp(incentive)));
        return (assetsOf(repaidShares).wMulDown(incentive).mulDivDown(PRICE_SCALE, price), repaidShares);
    }

    function sharesFor(uint256 assets) private view returns (uint256) {
        Market memory market = MORPHO.market(ID);
        return assets.toSharesUp(market.totalBorrowAssets, market.totalBorrowShares);
    }

    function assetsOf(uint256 shares) private view returns (uint256) {
        Market memory market = MORPHO.market(ID);
        return shares.toAssetsDown(market.totalBorrowAssets, market.totalBorrowShares);
    }

    /// Morpho calls this within repay(): the collateral leaves before the debt is paid.
    function onMorphoRepay(uint256 repaidAssets, bytes calldata data) external {
        if (msg.sender != address(MORPHO)) revert NotMorpho();
        (uint256 seizedAssets, address borrower, address liquidator) = abi.decode(data, (uint256, address, address));
        MORPHO.withdrawCollateral(market_, seizedAssets, borrower, liquidator);
        require(IToken(market_.loanToken).transferFrom(liquidator, address(this), repaidAssets), "transferFrom failed");
    }
}

contract PreLiquidationFactory {
    event CreatePreLiquidation(address indexed preLiquidation, Id id, PreLiquidationParams preLiquidationParams);

    IMorpho public immutable MORPHO;

    constructor(IMorpho morpho) {
        MORPHO = morpho;
    }

    function createPreLiquidation(Id id, PreLiquidationParams calldata params) external returns (PreLiquidation made) {
        made = new PreLiquidation(MORPHO, id, params);
        emit CreatePreLiquidation(address(made), id, params);
    }
}
