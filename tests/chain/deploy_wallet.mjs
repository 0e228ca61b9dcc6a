// Tokens that grow against their base: an ERC-4626 vault over USDC, one over WETH, and a double of wstETH.
import { compiled } from "./artifacts.mjs";
import { walletVerbs } from "./verbs/wallet.mjs";

const unit = "wallet";

/** The vaults begin with a million, or a thousand, of their lender's, so that a share is not bent by a small gift. */
const first = { USDC: 1_000_000n * 10n ** 6n, WETH: 1_000n * 10n ** 18n };

async function deployVault(world, symbol) {
  const { evm, roles, tokens } = world;
  const asset = tokens[symbol];
  const vault = await evm.deploy(roles.owner, compiled(unit, "Vault"), [asset.address, `Vault of ${symbol}`, `v${symbol}`]);
  await asset.send(roles.lender, "mint(address,uint256)", roles.lender, first[symbol]);
  await asset.send(roles.lender, "approve", vault.address, first[symbol]);
  await vault.send(roles.lender, "deposit", first[symbol], roles.lender);
  return vault;
}

/** Returns {vUSDC, vWETH, wstETH} as contracts. */
export async function deploy(world) {
  const vUSDC = await deployVault(world, "USDC");
  const vWETH = await deployVault(world, "WETH");
  const wstETH = await world.evm.deploy(world.roles.owner, compiled(unit, "WstEth"));
  return { vUSDC, vWETH, wstETH };
}

export const describe = (part) => ({
  vUSDC: { address: part.vUSDC.address, decimals: 6, asset: "USDC" },
  vWETH: { address: part.vWETH.address, decimals: 18, asset: "WETH" },
  wstETH: { address: part.wstETH.address, decimals: 18 },
});

export const verbs = walletVerbs((world) => world.optional[unit]);
