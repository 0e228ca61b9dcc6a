// Aave V3.6, compiled from the sources of @aave-dao/aave-v3-origin: the reserves of the 3.0.2 market and two of its own, on the same
// tokens and feeds.
import { AbiCoder, ZeroAddress } from "ethers";

import { artifact, compiled, link } from "./artifacts.mjs";
import { reserves, stablecoins, supplyLiquidity } from "./deploy_aave.mjs";
import { tokenSpecs } from "./deploy_common.mjs";
import { aaveVerbsOf } from "./verbs/aave.mjs";
import { aaveAdminVerbs } from "./verbs/aave_v36.mjs";
import { randomAaveOf } from "./verbs/random_aave.mjs";

const unit = "aave_v36";

/** Tokens that only this market lists: a collateral in isolation, and a debt that stands alone and is no collateral. */
const ownTokens = {
  ISOL: { name: "Isolated", decimals: 8, feed: "ETH" },
  SILO: { name: "Siloed", decimals: 6, feed: "USDC" },
};

const ownReserves = {
  ISOL: { ltv: 5000, threshold: 6500, bonus: 11000, optimal: "0.45", slope1: "0.07", slope2: "3" },
  SILO: { ltv: 0, threshold: 0, bonus: 0, optimal: "0.8", slope1: "0.04", slope2: "0.75" },
};

/** In dollars and cents. */
const debtCeiling = 1_000_000_00n;

/** Besides the stablecoins: a category by bitmaps over volatile collateral, and one whose number leaves a gap. */
const categories = [
  { ...stablecoins, collateral: ["USDC", "DAI"], borrowable: ["USDC", "DAI"] },
  { category: 2, ltv: 9000, threshold: 9300, bonus: 10200, label: "ETH against dollars", collateral: ["WETH"], borrowable: ["USDC", "DAI", "SILO"] },
  { category: 7, ltv: 8500, threshold: 8800, bonus: 10300, label: "BTC", collateral: ["WBTC", "WETH"], borrowable: ["DAI", "WETH"] },
];

/** Of the bonus, to the treasury. */
const protocolFee = { WETH: 1000, WBTC: 1200 };

const lenderSupply = {
  WETH: 20_000n * 10n ** 18n, WBTC: 1_000n * 10n ** 8n, USDC: 60_000_000n * 10n ** 6n, DAI: 60_000_000n * 10n ** 18n,
  ISOL: 1_000n * 10n ** 8n, SILO: 10_000_000n * 10n ** 6n,
};
const lenderDebt = {
  WETH: 10_000n * 10n ** 18n, WBTC: 300n * 10n ** 8n, USDC: 40_000_000n * 10n ** 6n, DAI: 40_000_000n * 10n ** 18n, ISOL: 300n * 10n ** 8n,
};

const bps = (text) => Math.round(Number(text) * 10_000);

async function deployPool(evm, owner, provider) {
  const libraries = {};
  for (const name of ["BorrowLogic", "LiquidationLogic", "PoolLogic", "SupplyLogic", "ConfiguratorLogic", "FlashLoanLogic"]) {
    libraries[name] = (await evm.deploy(owner, link(compiled(unit, name), libraries))).address;
  }
  const strategy = await evm.deploy(owner, compiled(unit, "DefaultReserveInterestRateStrategyV2"), [provider.address]);
  const poolArtifact = link(compiled(unit, "PoolInstance"), libraries);
  const configuratorArtifact = link(compiled(unit, "PoolConfiguratorInstance"), libraries);
  const poolCode = await evm.deploy(owner, poolArtifact, [provider.address, strategy.address]);
  const configuratorCode = await evm.deploy(owner, configuratorArtifact);
  return { poolArtifact, configuratorArtifact, poolCode, configuratorCode };
}

async function deployOracle(evm, owner, provider, tokens, feeds) {
  const assets = Object.values(tokens).map(({ contract }) => contract.address);
  const sources = Object.values(tokens).map(({ feed }) => feeds[feed].address);
  const oracle = await evm.deploy(owner, compiled(unit, "AaveOracle"), [provider.address, assets, sources, ZeroAddress, ZeroAddress, 10n ** 8n]);
  await provider.send(owner, "setPriceOracle", oracle.address);
  return oracle;
}

async function listReserves(evm, owner, { configurator, pool, tokens, treasury, specs }) {
  const aToken = await evm.deploy(owner, compiled(unit, "ATokenInstance"), [pool.address, ZeroAddress, treasury]);
  const variableDebt = await evm.deploy(owner, compiled(unit, "VariableDebtTokenInstance"), [pool.address, ZeroAddress]);
  const coder = AbiCoder.defaultAbiCoder();
  const inputs = Object.entries(specs).map(([symbol, { optimal, slope1, slope2 }]) => [
    aToken.address, variableDebt.address, tokens[symbol].contract.address,
    `Aave ${symbol}`, `a${symbol}`, `Aave variable debt ${symbol}`, `variableDebt${symbol}`, "0x",
    coder.encode(["uint16", "uint32", "uint32", "uint32"], [optimal, "0", slope1, slope2].map(bps)),
  ]);
  await configurator.send(owner, "initReserves", inputs);
}

async function configureReserves(owner, configurator, tokens, specs) {
  const address = (symbol) => tokens[symbol].contract.address;
  for (const [symbol, { ltv, threshold, bonus }] of Object.entries(specs)) {
    await configurator.send(owner, "setReserveBorrowing", address(symbol), true);
    await configurator.send(owner, "setReserveFactor", address(symbol), 1000);
    // A debt ceiling must be there before the threshold.
    if (symbol === "ISOL") await configurator.send(owner, "setDebtCeiling", address(symbol), debtCeiling);
    await configurator.send(owner, "configureReserveAsCollateral", address(symbol), ltv, threshold, bonus);
    if (protocolFee[symbol] !== undefined) await configurator.send(owner, "setLiquidationProtocolFee", address(symbol), protocolFee[symbol]);
  }
  await configurator.send(owner, "setSiloedBorrowing", address("SILO"), true);
  for (const symbol of ["USDC", "DAI"]) await configurator.send(owner, "setBorrowableInIsolation", address(symbol), true);
  for (const { category, ltv, threshold, bonus, label, collateral, borrowable } of categories) {
    await configurator.send(owner, "setEModeCategory", category, ltv, threshold, bonus, label);
    for (const symbol of collateral) await configurator.send(owner, "setAssetCollateralInEMode", address(symbol), category, true);
    for (const symbol of borrowable) await configurator.send(owner, "setAssetBorrowableInEMode", address(symbol), category, true);
  }
}

/** Returns {provider, pool, configurator, oracle, dataProvider, acl, tokens}; tokens are {contract, decimals, feed} by symbol. */
export async function deploy(world) {
  const { evm, feeds } = world;
  const { owner, treasury, lender } = world.roles;
  const tokens = {};
  for (const [symbol, spec] of Object.entries(tokenSpecs)) tokens[symbol] = { contract: world.tokens[symbol], ...spec };
  for (const [symbol, spec] of Object.entries(ownTokens)) {
    const contract = await evm.deploy(owner, artifact("aave", "mocks/tokens/MintableERC20"), [spec.name, symbol, spec.decimals]);
    tokens[symbol] = { contract, ...spec };
  }
  const specs = { ...reserves, ...ownReserves };

  const provider = await evm.deploy(owner, compiled(unit, "PoolAddressesProvider"), ["Local Market 3.6", owner]);
  await provider.send(owner, "setACLAdmin", owner);
  const acl = await evm.deploy(owner, compiled(unit, "ACLManager"), [provider.address]);
  await provider.send(owner, "setACLManager", acl.address);
  for (const role of ["addPoolAdmin", "addEmergencyAdmin", "addRiskAdmin", "addAssetListingAdmin"]) await acl.send(owner, role, owner);
  const oracle = await deployOracle(evm, owner, provider, tokens, feeds);
  const { poolArtifact, configuratorArtifact, poolCode, configuratorCode } = await deployPool(evm, owner, provider);
  await provider.send(owner, "setPoolImpl", poolCode.address);
  await provider.send(owner, "setPoolConfiguratorImpl", configuratorCode.address);
  const pool = evm.contract(await provider.read("getPool"), poolArtifact);
  const configurator = evm.contract(await provider.read("getPoolConfigurator"), configuratorArtifact);
  // It asks the provider for the pool.
  const dataProvider = await evm.deploy(owner, compiled(unit, "AaveProtocolDataProvider"), [provider.address]);
  await provider.send(owner, "setPoolDataProvider", dataProvider.address);

  await listReserves(evm, owner, { configurator, pool, tokens, treasury, specs });
  await configureReserves(owner, configurator, tokens, specs);
  const contracts = Object.fromEntries(Object.entries(tokens).map(([symbol, { contract }]) => [symbol, contract]));
  await supplyLiquidity({ pool }, contracts, lender, lenderSupply, lenderDebt);
  return { provider, pool, configurator, oracle, dataProvider, acl, tokens };
}

export const describe = (part) => ({
  addresses_provider: part.provider.address,
  pool: part.pool.address,
  pool_configurator: part.configurator.address,
  oracle: part.oracle.address,
  data_provider: part.dataProvider.address,
  acl_manager: part.acl.address,
  // Those of its own; the others are the chain's.
  tokens: Object.fromEntries(
    Object.entries(ownTokens).map(([symbol, { decimals, feed }]) => [symbol, { address: part.tokens[symbol].contract.address, decimals, feed }]),
  ),
});

const marketOf = (world) => world.optional[unit];

export const verbs = {
  ...aaveVerbsOf("aave36", marketOf),
  ...randomAaveOf("random_aave36", marketOf),
  ...aaveAdminVerbs(marketOf),
};
