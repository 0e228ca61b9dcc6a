// Aave V3.0.2, deployed from the bytecode of @aave/core-v3 in the order that its contracts demand.
import { ZeroAddress } from "ethers";

import { artifact, link } from "./artifacts.mjs";
import { tokenSpecs } from "./deploy_common.mjs";

const ray = (text) => BigInt(Math.round(Number(text) * 1e6)) * 10n ** 21n;

/** Reserve parameters in basis points; `slope2` and `optimal` feed the interest rate strategy. */
export const reserves = {
  WETH: { ltv: 8000, threshold: 8250, bonus: 10500, optimal: "0.8", slope1: "0.033", slope2: "0.8" },
  WBTC: { ltv: 7300, threshold: 7800, bonus: 10600, optimal: "0.45", slope1: "0.04", slope2: "3" },
  USDC: { ltv: 7700, threshold: 8000, bonus: 10450, optimal: "0.9", slope1: "0.04", slope2: "0.6", emode: 1 },
  DAI: { ltv: 6300, threshold: 7700, bonus: 10500, optimal: "0.9", slope1: "0.045", slope2: "0.75", emode: 1 },
};

export const stablecoins = { category: 1, ltv: 9700, threshold: 9750, bonus: 10100, label: "Stablecoins" };

async function deployLibraries(evm, owner) {
  const logic = (name) => artifact("aave", `protocol/libraries/logic/${name}`);
  const libraries = {};
  const names = ["SupplyLogic", "BorrowLogic", "LiquidationLogic", "EModeLogic", "BridgeLogic", "ConfiguratorLogic", "PoolLogic"];
  for (const name of [...names, "FlashLoanLogic"]) {
    libraries[name] = (await evm.deploy(owner, link(logic(name), libraries))).address;
  }
  return libraries;
}

async function deployAccessControl(evm, owner, provider) {
  await provider.send(owner, "setACLAdmin", owner);
  const acl = await evm.deploy(owner, artifact("aave", "protocol/configuration/ACLManager"), [provider.address]);
  await provider.send(owner, "setACLManager", acl.address);
  for (const role of ["addPoolAdmin", "addEmergencyAdmin", "addRiskAdmin", "addAssetListingAdmin"]) {
    await acl.send(owner, role, owner);
  }
  return acl;
}

async function deployTokenImplementations(evm, owner, pool) {
  const deploy = (name) => evm.deploy(owner, artifact("aave", `protocol/tokenization/${name}`), [pool]);
  const aToken = await deploy("AToken");
  await aToken.send(owner, "initialize", pool, ZeroAddress, ZeroAddress, ZeroAddress, 0, "ATOKEN_IMPL", "ATOKEN_IMPL", "0x00");
  const debts = {};
  for (const name of ["StableDebtToken", "VariableDebtToken"]) {
    debts[name] = await deploy(name);
    await debts[name].send(owner, "initialize", pool, ZeroAddress, ZeroAddress, 0, `${name}_IMPL`, `${name}_IMPL`, "0x00");
  }
  return { aToken, stableDebt: debts.StableDebtToken, variableDebt: debts.VariableDebtToken };
}

async function listReserves(evm, owner, { provider, configurator, pool, tokens, treasury }) {
  const implementations = await deployTokenImplementations(evm, owner, pool.address);
  const strategyArtifact = artifact("aave", "protocol/pool/DefaultReserveInterestRateStrategy");
  const inputs = [];
  for (const [symbol, { optimal, slope1, slope2 }] of Object.entries(reserves)) {
    const rates = [optimal, "0", slope1, slope2, "0.005", "0.75", "0.01", "0.08", "0.2"].map(ray);
    const strategy = await evm.deploy(owner, strategyArtifact, [provider.address, ...rates]);
    inputs.push([
      implementations.aToken.address, implementations.stableDebt.address, implementations.variableDebt.address,
      tokenSpecs[symbol].decimals, strategy.address, tokens[symbol].address, treasury, ZeroAddress,
      `Aave ${symbol}`, `a${symbol}`, `Aave variable debt ${symbol}`, `variableDebt${symbol}`,
      `Aave stable debt ${symbol}`, `stableDebt${symbol}`, "0x",
    ]);
  }
  await configurator.send(owner, "initReserves", inputs);
}

async function configureReserves(owner, configurator, tokens) {
  const { category, ltv, threshold, bonus, label } = stablecoins;
  await configurator.send(owner, "setEModeCategory", category, ltv, threshold, bonus, ZeroAddress, label);
  for (const [symbol, reserve] of Object.entries(reserves)) {
    const asset = tokens[symbol].address;
    await configurator.send(owner, "setReserveBorrowing", asset, true);
    await configurator.send(owner, "configureReserveAsCollateral", asset, reserve.ltv, reserve.threshold, reserve.bonus);
    await configurator.send(owner, "setReserveFactor", asset, 1000);
    await configurator.send(owner, "setReserveFlashLoaning", asset, true);
    if (reserve.emode !== undefined) await configurator.send(owner, "setAssetEModeCategory", asset, reserve.emode);
  }
}

/** Returns {provider, pool, configurator, oracle, dataProvider, acl} as contracts. */
export async function deployAave(evm, { owner, treasury, tokens, feeds }) {
  const registry = await evm.deploy(owner, artifact("aave", "protocol/configuration/PoolAddressesProviderRegistry"), [owner]);
  const libraries = await deployLibraries(evm, owner);
  const provider = await evm.deploy(owner, artifact("aave", "protocol/configuration/PoolAddressesProvider"), ["Local Market", owner]);
  await registry.send(owner, "registerAddressesProvider", provider.address, 1);
  const dataProvider = await evm.deploy(owner, artifact("aave", "misc/AaveProtocolDataProvider"), [provider.address]);
  await provider.send(owner, "setPoolDataProvider", dataProvider.address);

  const poolArtifact = link(artifact("aave", "protocol/pool/Pool"), libraries);
  const poolCode = await evm.deploy(owner, poolArtifact, [provider.address]);
  await poolCode.send(owner, "initialize", provider.address);
  const configuratorArtifact = link(artifact("aave", "protocol/pool/PoolConfigurator"), libraries);
  const configuratorCode = await evm.deploy(owner, configuratorArtifact);
  await configuratorCode.send(owner, "initialize", provider.address);
  const acl = await deployAccessControl(evm, owner, provider);

  const assets = Object.keys(reserves).map((symbol) => tokens[symbol].address);
  const sources = Object.keys(reserves).map((symbol) => feeds[tokenSpecs[symbol].feed].address);
  const oracleArguments = [provider.address, assets, sources, ZeroAddress, ZeroAddress, 10n ** 8n];
  const oracle = await evm.deploy(owner, artifact("aave", "misc/AaveOracle"), oracleArguments);
  await provider.send(owner, "setPriceOracle", oracle.address);

  await provider.send(owner, "setPoolImpl", poolCode.address);
  await provider.send(owner, "setPoolConfiguratorImpl", configuratorCode.address);
  const pool = evm.contract(await provider.read("getPool"), poolArtifact);
  const configurator = evm.contract(await provider.read("getPoolConfigurator"), configuratorArtifact);
  await configurator.send(owner, "updateFlashloanPremiumTotal", 9);
  await configurator.send(owner, "updateFlashloanPremiumToProtocol", 0);

  await listReserves(evm, owner, { provider, configurator, pool, tokens, treasury });
  await configureReserves(owner, configurator, tokens);
  return { provider, pool, configurator, oracle, dataProvider, acl };
}

/** One account supplies and borrows (raw amounts by symbol): something to borrow, and interest on it. */
export async function supplyLiquidity({ pool }, tokens, lender, supplied, borrowed) {
  for (const [symbol, amount] of Object.entries(supplied)) {
    const token = tokens[symbol];
    await token.send(lender, "mint(address,uint256)", lender, amount);
    await token.send(lender, "approve", pool.address, amount);
    await pool.send(lender, "supply", token.address, amount, lender, 0);
  }
  for (const [symbol, amount] of Object.entries(borrowed)) {
    await pool.send(lender, "borrow", tokens[symbol].address, amount, 2, 0, lender);
  }
}
