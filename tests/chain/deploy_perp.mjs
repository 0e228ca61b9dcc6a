// Perpetual Protocol V2 with its Uniswap v3 pools, from published bytecode. No proxies: the
// implementations have plain initializers.
import { MaxUint256, getCreateAddress } from "ethers";

import { artifact } from "./artifacts.mjs";
import { openingPrices, tokenSpecs } from "./deploy_common.mjs";
import { sqrtPriceX96, tickOfPrice } from "./fixed.mjs";

export const poolFee = 3000;
export const tickSpacing = 60;
export const maxTicksPerBlock = 1000;
export const noDeadline = MaxUint256;

const bases = { ETH: ["Virtual ETH", "vETH"], BTC: ["Virtual BTC", "vBTC"] };
const feedTimeout = 2400;
const twapInterval = 900;

/** The pools answer the 30-minute TWAP of the mark price only once they are older than that. */
export const warmUpSeconds = 1860;

/** MarketRegistry wants the quote token above every base token: skip nonces until CREATE gives a high address. */
async function deployQuoteToken(evm, owner) {
  let nonce = Number(await evm.rpc.call("eth_getTransactionCount", [owner, "latest"]));
  while (Number(getCreateAddress({ from: owner, nonce }).slice(0, 4)) < 0xfe) nonce += 1;
  await evm.rpc.call("anvil_setNonce", [owner, "0x" + nonce.toString(16)]);
  const quote = await evm.deploy(owner, artifact("perp", "QuoteToken"));
  await quote.send(owner, "initialize", "Virtual USD", "vUSD");
  return quote;
}

async function deployCore(evm, owner, settlement) {
  const deploy = (name) => evm.deploy(owner, artifact("perp", name));
  const factory = await evm.deploy(owner, artifact("uniswap", "UniswapV3Factory"));
  const quote = await deployQuoteToken(evm, owner);
  const config = await deploy("ClearingHouseConfig");
  await config.send(owner, "initialize");
  const registry = await deploy("MarketRegistry");
  await registry.send(owner, "initialize", factory.address, quote.address);
  const orderBook = await deploy("OrderBook");
  await orderBook.send(owner, "initialize", registry.address);
  const accountBalance = await deploy("AccountBalance");
  const exchange = await deploy("Exchange");
  await exchange.send(owner, "initialize", registry.address, orderBook.address, config.address);
  await accountBalance.send(owner, "initialize", config.address, orderBook.address);
  await orderBook.send(owner, "setExchange", exchange.address);
  await exchange.send(owner, "setAccountBalance", accountBalance.address);
  const insuranceFund = await deploy("InsuranceFund");
  await insuranceFund.send(owner, "initialize", settlement.address);
  const vault = await deploy("Vault");
  await vault.send(owner, "initialize", insuranceFund.address, config.address, accountBalance.address, exchange.address);
  return { factory, quote, config, registry, orderBook, accountBalance, exchange, insuranceFund, vault };
}

async function deployCollateralManager(evm, owner, { config, vault, insuranceFund, accountBalance }) {
  const manager = await evm.deploy(owner, artifact("perp", "CollateralManager"));
  const [maxTokens, debtRatio, liquidationRatio, buffer, fundFee] = [5, 750000, 500000, 2000, 30000];
  const limits = [maxTokens, debtRatio, liquidationRatio, buffer, fundFee, 10_000n * 10n ** 6n, 500n * 10n ** 6n];
  await manager.send(owner, "initialize", config.address, vault.address, ...limits);
  await vault.send(owner, "setCollateralManager", manager.address);
  await insuranceFund.send(owner, "setVault", vault.address);
  await accountBalance.send(owner, "setVault", vault.address);
  return manager;
}

async function deployClearingHouse(evm, owner, core) {
  const house = await evm.deploy(owner, artifact("perp", "ClearingHouse"));
  const parts = ["config", "vault", "quote", "factory", "exchange", "accountBalance", "insuranceFund"];
  await house.send(owner, "initialize", ...parts.map((part) => core[part].address));
  await core.config.send(owner, "setSettlementTokenBalanceCap", MaxUint256);
  await core.quote.send(owner, "mintMaximumTo", house.address);
  await core.quote.send(owner, "addWhitelist", house.address);
  for (const part of ["registry", "orderBook", "exchange", "accountBalance", "vault"]) {
    await core[part].send(owner, "setClearingHouse", house.address);
  }
  return house;
}

async function openMarket(evm, owner, core, name, feed) {
  const { factory, quote, registry, exchange, clearingHouse } = core;
  const priceFeed = await evm.deploy(owner, artifact("perpOracle", "ChainlinkPriceFeedV3"), [feed.address, feedTimeout, twapInterval]);
  const dispatcher = await evm.deploy(owner, artifact("perpOracle", "PriceFeedDispatcher"), [priceFeed.address]);
  const base = await evm.deploy(owner, artifact("perp", "BaseToken"));
  await base.send(owner, "initialize", ...bases[name], dispatcher.address);
  await factory.send(owner, "createPool", base.address, quote.address, poolFee);
  const poolAddress = await factory.read("getPool", base.address, quote.address, poolFee);
  const pool = evm.contract(poolAddress, artifact("uniswap", "UniswapV3Pool"));
  await pool.send(owner, "initialize", sqrtPriceX96(openingPrices[name] * 10n ** 18n));
  await pool.send(owner, "increaseObservationCardinalityNext", 500);
  await base.send(owner, "addWhitelist", pool.address);
  await quote.send(owner, "addWhitelist", pool.address);
  await base.send(owner, "mintMaximumTo", clearingHouse.address);
  await base.send(owner, "addWhitelist", clearingHouse.address);
  await registry.send(owner, "addPool", base.address, poolFee);
  await registry.send(owner, "setFeeRatio", base.address, 1000);
  await registry.send(owner, "setInsuranceFundFeeRatio", base.address, 100000);
  await exchange.send(owner, "setMaxTickCrossedWithinBlock", base.address, maxTicksPerBlock);
  await priceFeed.send(owner, "update");
  return { base, pool, priceFeed, dispatcher };
}

/** Returns the core contracts by name and `markets`: {ETH: {base, pool, priceFeed, dispatcher}, BTC: …}. */
export async function deployPerp(evm, { owner, tokens, feeds }) {
  const core = await deployCore(evm, owner, tokens.USDC);
  core.collateralManager = await deployCollateralManager(evm, owner, core);
  core.clearingHouse = await deployClearingHouse(evm, owner, core);
  const markets = {};
  for (const name of Object.keys(bases)) markets[name] = await openMarket(evm, owner, core, name, feeds[name]);
  const collateral = [markets.ETH.dispatcher.address, 700000, 100000, 10n ** 9n * 10n ** BigInt(tokenSpecs.WETH.decimals)];
  await core.collateralManager.send(owner, "addCollateral", tokens.WETH.address, collateral);
  return { ...core, markets };
}

/** Deposits settlement tokens (whole units) for `trader`. */
export async function fundTrader({ vault }, usdc, trader, units) {
  const amount = units * 10n ** 6n;
  await usdc.send(trader, "mint(address,uint256)", trader, amount);
  await usdc.send(trader, "approve", vault.address, amount);
  await vault.send(trader, "deposit", usdc.address, amount);
}

/** One wide order per market, from an eighth to eight times the opening price. */
export async function makeMarkets({ clearingHouse, markets }, maker, quoteUnits) {
  for (const [name, { base }] of Object.entries(markets)) {
    const price = openingPrices[name] * 10n ** 18n;
    const lower = tickOfPrice(price / 8n, tickSpacing);
    const upper = tickOfPrice(price * 8n, tickSpacing);
    const quoteAmount = quoteUnits * 10n ** 18n;
    const baseAmount = quoteAmount / openingPrices[name];
    const order = [base.address, baseAmount, quoteAmount, lower, upper, 0, 0, false, noDeadline];
    await clearingHouse.send(maker, "addLiquidity", order);
  }
}
