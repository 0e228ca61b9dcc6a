// SPDX-License-Identifier: MIT
// A double of Lido's wstETH, of which npm has no contract: an ERC-20 whose rate in stETH anybody sets. It proves that the rate is asked
// for and multiplied; it proves nothing of how Lido forms it.
pragma solidity ^0.8.20;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

contract WstEth is ERC20 {
    uint256 public stEthPerToken = 1.2e18;

    constructor() ERC20("Wrapped liquid staked Ether 2.0", "wstETH") {}

    function setRate(uint256 rate) external {
        stEthPerToken = rate;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
