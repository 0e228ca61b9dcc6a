// What every protocol stands on: Multicall3, the test tokens and the price aggregators.
import { artifact, compiled, multicall3CreationCode } from "./artifacts.mjs";

export const multicall3Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Tokens by symbol. All are Aave's MintableERC20: anyone may mint. */
export const tokenSpecs = {
  WETH: { name: "Wrapped Ether", decimals: 18, feed: "ETH" },
  WBTC: { name: "Wrapped BTC", decimals: 8, feed: "BTC" },
  USDC: { name: "USD Coin", decimals: 6, feed: "USDC" },
  DAI: { name: "Dai Stablecoin", decimals: 18, feed: "DAI" },
};

export const feedDecimals = 8;

/** Opening prices in USD by feed. */
export const openingPrices = { ETH: 3000n, BTC: 60000n, USDC: 1n, DAI: 1n };

async function deployMulticall3(evm, owner) {
  const deployed = await evm.deploy(owner, { abi: [], bytecode: await multicall3CreationCode(), contractName: "Multicall3" });
  const code = await evm.rpc.call("eth_getCode", [deployed.address, "latest"]);
  await evm.rpc.call("anvil_setCode", [multicall3Address, code]);
}

/** Returns {multicall3, tokens, feeds}: tokens and feeds are contracts by name. */
export async function deployCommon(evm, owner) {
  await deployMulticall3(evm, owner);
  const erc20 = artifact("aave", "mocks/tokens/MintableERC20");
  const tokens = {};
  for (const [symbol, { name, decimals }] of Object.entries(tokenSpecs)) {
    tokens[symbol] = await evm.deploy(owner, erc20, [name, symbol, decimals]);
  }
  const aggregator = compiled("aggregator", "MockV3Aggregator");
  const feeds = {};
  for (const [name, price] of Object.entries(openingPrices)) {
    feeds[name] = await evm.deploy(owner, aggregator, [feedDecimals, price * 10n ** BigInt(feedDecimals)]);
  }
  return { multicall3: multicall3Address, tokens, feeds };
}
