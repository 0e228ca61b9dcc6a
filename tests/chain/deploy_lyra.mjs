// Lyra Avalon from the bytecode of @lyrafinance/protocol, with Synthetix's own ExchangeRates over the common feeds. The exchange of
// synths that the pool hedges with is the package's own mock.
import { ZeroAddress, encodeBytes32String, parseEther } from "ethers";

import { artifact, link, synthetixSources } from "./artifacts.mjs";
import { lyraVerbs } from "./verbs/lyra.mjs";
import { randomLyraVerbs } from "./verbs/random_lyra.mjs";

const hour = 3600;
const day = 24 * hour;
const week = 7 * day;
const month = 28 * day;

/** How old a feed's answer may be before Synthetix calls a rate invalid. */
export const rateStalePeriod = 25 * hour;

const securityModule = "0xefeefeefeefeefeefeefeefeefeefeefeefeefee";

const baseQuoteFee = parseEther("0.0075");
const quoteBaseFee = parseEther("0.005");

/** Strikes and skews of the boards that the set-up creates; iv is that of the shortest board, the others are a tenth lower each. */
export const marketSpecs = {
  ETH: {
    base: "sETH", name: "Synthetic Ether", standardSize: "100",
    strikes: ["2400", "2700", "3000", "3300", "3600"], skews: ["1.1", "1.05", "1", "1.05", "1.1"], iv: "0.9",
  },
  BTC: {
    base: "sBTC", name: "Synthetic Bitcoin", standardSize: "5",
    strikes: ["51000", "57000", "60000", "63000", "69000"], skews: ["1.08", "1.02", "1", "1.02", "1.08"], iv: "0.85",
  },
};
const boardLives = [2 * week, month, 2 * month];

const poolDeposit = parseEther("300000000");

/** The values of the package's dist/test/utils/defaultParams.js; the standard size is larger, so that many trades leave vols in bounds. */
const parameters = (standardSize) => ({
  market: { maxBoardExpiry: 12 * month, securityModule, feePortionReserved: parseEther("0.1"), staticBaseSettlementFee: baseQuoteFee },
  pool: {
    minDepositWithdraw: parseEther("1"), depositDelay: week, withdrawalDelay: week, withdrawalFee: parseEther("0.01"),
    liquidityCBThreshold: parseEther("0.01"), liquidityCBTimeout: 3 * day, ivVarianceCBThreshold: parseEther("0.1"),
    skewVarianceCBThreshold: parseEther("0.35"), ivVarianceCBTimeout: 12 * hour, skewVarianceCBTimeout: 12 * hour,
    guardianMultisig: ZeroAddress, guardianDelay: 2 * week, boardSettlementCBTimeout: 6 * hour, maxFeePaid: parseEther("0.01"),
  },
  hedger: { interactionDelay: day, hedgeCap: 2n ** 256n - 1n },
  cache: {
    maxStrikesPerBoard: 30, acceptableSpotPricePercentMove: parseEther("0.05"), staleUpdateDuration: 3 * hour, varianceIvGWAVPeriod: day,
    varianceSkewGWAVPeriod: 3 * day, optionValueIvGWAVPeriod: day, optionValueSkewGWAVPeriod: 3 * day, gwavSkewFloor: parseEther("0.5"),
    gwavSkewCap: parseEther("2"), rateAndCarry: parseEther("0.05"),
  },
  collateral: {
    minStaticQuoteCollateral: parseEther("200"), minStaticBaseCollateral: parseEther("0.2"), shockVolA: parseEther("2.5"),
    shockVolPointA: 2 * week, shockVolB: parseEther("1.8"), shockVolPointB: 8 * week, callSpotPriceShock: parseEther("1.2"),
    putSpotPriceShock: parseEther("0.8"),
  },
  forceClose: {
    ivGWAVPeriod: 12 * hour, skewGWAVPeriod: day, shortVolShock: parseEther("1.2"), shortPostCutoffVolShock: parseEther("1.4"),
    longVolShock: parseEther("0.8"), longPostCutoffVolShock: parseEther("0.5"), liquidateVolShock: parseEther("1.3"),
    liquidatePostCutoffVolShock: parseEther("1.6"), shortSpotMin: parseEther("0.01"), liquidateSpotMin: parseEther("0.02"),
  },
  pricing: {
    optionPriceFeeCoefficient: parseEther("0.01"), optionPriceFee1xPoint: 6 * week, optionPriceFee2xPoint: 16 * week,
    spotPriceFeeCoefficient: parseEther("0.01"), spotPriceFee1xPoint: 6 * week, spotPriceFee2xPoint: 12 * week,
    vegaFeeCoefficient: parseEther("100"), standardSize: parseEther(standardSize), skewAdjustmentFactor: parseEther("0.75"),
  },
  limits: {
    minDelta: parseEther("0.15"), minForceCloseDelta: parseEther("0.25"), tradingCutoff: day / 2, minBaseIV: parseEther("0.35"),
    maxBaseIV: parseEther("2"), minSkew: parseEther("0.5"), maxSkew: parseEther("1.5"), minVol: parseEther("0.55"), maxVol: parseEther("3"),
    absMinSkew: parseEther("0.15"), absMaxSkew: parseEther("5"), capSkewsToAbs: false,
  },
  variance: {
    defaultVarianceFeeCoefficient: parseEther("0.25"), forceCloseVarianceFeeCoefficient: parseEther("0.25"),
    skewAdjustmentCoefficient: parseEther("3"), referenceSkew: parseEther("1"), minimumStaticSkewAdjustment: parseEther("1"),
    vegaCoefficient: parseEther("0.01"), minimumStaticVega: 0, ivVarianceCoefficient: parseEther("1.5"), minimumStaticIvVariance: parseEther("1"),
  },
  penalty: {
    penaltyRatio: parseEther("0.2"), liquidatorFeeRatio: parseEther("0.4"), smFeeRatio: parseEther("0.3"), minLiquidationFee: parseEther("15"),
  },
});

/** Real ExchangeRates with what they stand on; only their presence is asked of the rest. */
async function deployRates(evm, owner, feeds) {
  const sources = synthetixSources();
  const deploy = (name, args, library) => {
    const { abi, bytecode } = sources[name];
    const linked = library === undefined ? bytecode : bytecode.replaceAll(/__\$[0-9a-f]{34}\$__/g, library.address.slice(2).toLowerCase());
    return evm.deploy(owner, { contractName: name, abi: args === undefined ? [] : abi, bytecode: linked }, args);
  };
  const math = await deploy("SafeDecimalMath");
  const settingsLibrary = await deploy("SystemSettingsLib", undefined, math);
  const resolver = await deploy("AddressResolver", [owner]);
  const parts = {
    SystemStatus: await deploy("SystemStatus", [owner]),
    FlexibleStorage: await deploy("FlexibleStorage", [resolver.address]),
    SystemSettings: await deploy("SystemSettings", [owner, resolver.address], settingsLibrary),
    CircuitBreaker: await deploy("CircuitBreaker", [owner, resolver.address]),
    ExchangeRates: await deploy("ExchangeRates", [owner, resolver.address], math),
  };
  const names = new Set(Object.keys(parts));
  for (const part of [parts.SystemSettings, parts.CircuitBreaker, parts.ExchangeRates]) {
    for (const name of await part.read("resolverAddressesRequired")) names.add(Buffer.from(name.slice(2), "hex").toString().replaceAll("\0", ""));
  }
  const all = [...names];
  await resolver.send(owner, "importAddresses", all.map(encodeBytes32String), all.map((name) => parts[name]?.address ?? owner));
  for (const part of [parts.SystemSettings, parts.CircuitBreaker, parts.ExchangeRates]) await part.send(owner, "rebuildCache");
  await parts.SystemSettings.send(owner, "setRateStalePeriod", rateStalePeriod);
  await parts.SystemSettings.send(owner, "setPriceDeviationThresholdFactor", parseEther("1000"));
  for (const [name, { base }] of Object.entries(marketSpecs)) {
    await parts.ExchangeRates.send(owner, "addAggregator", encodeBytes32String(base), feeds[name].address);
  }
  return parts.ExchangeRates;
}

/** The package's mocks of Synthetix that the pool's hedger and the sale of base collateral work with. */
async function deployMocks(evm, owner, adapter, rates) {
  const deploy = (name, args) => evm.deploy(owner, artifact("lyra", `test-helpers/${name}`), args);
  const quote = await deploy("TestERC20Fail", ["Synthetic USD", "sUSD"]);
  const mocks = {
    quote,
    exchanger: await deploy("TestExchanger"),
    synthetix: await deploy("TestSynthetixReturnZero"),
    approvals: await deploy("TestDelegateApprovals"),
    shorts: await deploy("TestCollateralShort"),
    resolver: await deploy("TestAddressResolver"),
  };
  await mocks.synthetix.send(owner, "init", adapter.address, quote.address, mocks.resolver.address);
  await mocks.shorts.send(owner, "init", adapter.address, quote.address);
  const entries = {
    ProxySynthetix: mocks.synthetix, Exchanger: mocks.exchanger, ExchangeRates: rates, CollateralShort: mocks.shorts,
    DelegateApprovals: mocks.approvals,
  };
  const places = Object.values(entries).map((one) => one.address);
  await mocks.resolver.send(owner, "setAddresses", Object.keys(entries).map(encodeBytes32String), places);
  for (const minter of [mocks.synthetix, mocks.shorts]) await quote.send(owner, "permitMint", minter.address, true);
  await adapter.send(owner, "setAddressResolver", mocks.resolver.address);
  await adapter.send(owner, "updateSynthetixAddresses");
  return mocks;
}

async function deployMarket(evm, owner, { spec, adapter, mocks, viewer, libraries }) {
  const deploy = (name, args) => evm.deploy(owner, link(artifact("lyra", name), libraries), args);
  const base = await evm.deploy(owner, artifact("lyra", "test-helpers/TestERC20Fail"), [spec.name, spec.base]);
  const parts = {
    market: await deploy("OptionMarket"),
    pricer: await deploy("OptionMarketPricer"),
    cache: await deploy("OptionGreekCache"),
    pool: await deploy("LiquidityPool"),
    poolToken: await deploy("LiquidityToken", [`sUSD/${spec.base} Pool Tokens`, `Lyra${spec.base}LPT`]),
    token: await deploy("OptionToken", [`sUSD/${spec.base} Option Tokens`, `Lyra${spec.base}OT`]),
    collateral: await deploy("ShortCollateral"),
    hedger: await deploy("ShortPoolHedger"),
  };
  const key = encodeBytes32String(spec.base);
  for (const mock of [mocks.synthetix, mocks.shorts]) {
    await mock.send(owner, "addBaseAsset", key, base.address, parts.market.address);
    await base.send(owner, "permitMint", mock.address, true);
  }
  const [a, market, pool, cache] = [adapter.address, parts.market.address, parts.pool.address, parts.cache.address];
  const [quote, own] = [mocks.quote.address, base.address];
  const values = parameters(spec.standardSize);
  await parts.market.send(owner, "init", a, pool, parts.pricer.address, cache, parts.collateral.address, parts.token.address, quote, own);
  await parts.market.send(owner, "setOptionMarketParams", values.market);
  await parts.pricer.send(owner, "init", market, cache);
  await parts.cache.send(owner, "init", a, market, parts.pricer.address);
  await parts.pool.send(owner, "init", a, market, parts.poolToken.address, cache, parts.hedger.address, parts.collateral.address, quote, own);
  await parts.poolToken.send(owner, "init", pool);
  await parts.hedger.send(owner, "init", a, market, cache, pool, quote, own);
  await parts.collateral.send(owner, "init", market, pool, parts.token.address, a, quote, own);
  await parts.token.send(owner, "init", market, cache, parts.collateral.address, a);
  await adapter.send(owner, "setGlobalsForContract", market, encodeBytes32String("sUSD"), key, securityModule, encodeBytes32String(""));
  await viewer.send(owner, "addMarket", {
    liquidityPool: pool, liquidityToken: parts.poolToken.address, greekCache: cache, optionMarket: market,
    optionMarketPricer: parts.pricer.address, optionToken: parts.token.address, shortCollateral: parts.collateral.address,
    poolHedger: parts.hedger.address, quoteAsset: quote, baseAsset: own,
  });
  await parts.pool.send(owner, "setLiquidityPoolParameters", values.pool);
  await parts.hedger.send(owner, "setPoolHedgerParams", values.hedger);
  await parts.hedger.send(owner, "setShortBuffer", parseEther("2"));
  await parts.cache.send(owner, "setGreekCacheParameters", values.cache);
  await parts.cache.send(owner, "setMinCollateralParameters", values.collateral);
  await parts.cache.send(owner, "setForceCloseParameters", values.forceClose);
  await parts.pricer.send(owner, "setPricingParams", values.pricing);
  await parts.pricer.send(owner, "setTradeLimitParams", values.limits);
  await parts.pricer.send(owner, "setVarianceFeeParams", values.variance);
  await parts.token.send(owner, "setPartialCollateralParams", values.penalty);
  await mocks.exchanger.send(owner, "setFeeRateForExchange", key, encodeBytes32String("sUSD"), baseQuoteFee);
  await mocks.exchanger.send(owner, "setFeeRateForExchange", encodeBytes32String("sUSD"), key, quoteBaseFee);
  return { ...parts, base, key };
}

async function fundPool(mocks, { pool, hedger }, owner, lender) {
  await mocks.quote.send(owner, "mint", lender, poolDeposit);
  await mocks.quote.send(lender, "approve", pool.address, poolDeposit);
  await pool.send(lender, "initiateDeposit", lender, poolDeposit);
  await hedger.send(owner, "openShortAccount");
}

async function createBoards(evm, owner, { market }, spec) {
  const { timestamp } = await evm.head();
  for (const [index, life] of boardLives.entries()) {
    const iv = (parseEther(spec.iv) * BigInt(100 - 10 * index)) / 100n;
    await market.send(owner, "createOptionBoard", timestamp + life, iv, spec.strikes.map(parseEther), spec.skews.map(parseEther), false);
  }
}

/** The strike one below the spot on the board of a month, as who protects a holding would take. */
async function protectiveStrike({ market }) {
  const boards = await market.read("getLiveBoards");
  const strikes = await market.read("getBoardStrikes", boards[1]);
  return Number(strikes[1]);
}

/** Returns {adapter, viewer, rates, blackScholes, quote, markets: {ETH, BTC}} as contracts. */
export async function deploy(world) {
  const { evm, feeds } = world;
  const { owner, lender } = world.roles;
  const libraryOf = async (name) => (await evm.deploy(owner, artifact("lyra", `libraries/${name}`))).address;
  const libraries = { GWAV: await libraryOf("GWAV"), BlackScholes: await libraryOf("BlackScholes") };
  const rates = await deployRates(evm, owner, feeds);
  const adapter = await evm.deploy(owner, artifact("lyra", "SynthetixAdapter"));
  await adapter.send(owner, "initialize");
  const mocks = await deployMocks(evm, owner, adapter, rates);
  const viewer = await evm.deploy(owner, artifact("lyra", "periphery/OptionMarketViewer"));
  await viewer.send(owner, "init", adapter.address);
  const blackScholes = await evm.deploy(owner, link(artifact("lyra", "test-helpers/TestBlackScholes"), libraries));
  const markets = {};
  for (const [name, spec] of Object.entries(marketSpecs)) {
    markets[name] = await deployMarket(evm, owner, { spec, adapter, mocks, viewer, libraries });
    await fundPool(mocks, markets[name], owner, lender);
    await createBoards(evm, owner, markets[name], spec);
    markets[name].protective = { strike: await protectiveStrike(markets[name]) };
  }
  return { adapter, viewer, rates, blackScholes, quote: mocks.quote, markets };
}

export function describe({ adapter, viewer, rates, blackScholes, quote, markets }) {
  const byName = Object.entries(markets).map(([name, one]) => [
    name, {
      option_market: one.market.address, option_token: one.token.address, greek_cache: one.cache.address, pricer: one.pricer.address,
      liquidity_pool: one.pool.address, short_collateral: one.collateral.address, base: one.base.address, protective: one.protective,
    },
  ]);
  return {
    option_market_viewer: viewer.address, synthetix_adapter: adapter.address, exchange_rates: rates.address,
    test_black_scholes: blackScholes.address, quote: quote.address, markets: Object.fromEntries(byName),
  };
}

export const verbs = { ...lyraVerbs, ...randomLyraVerbs };
