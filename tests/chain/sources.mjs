// What is compiled at set-up. A unit is one run of one pinned compiler.
//
// paths: which folder a source's name begins in, the longest prefix first: of a package (its folder in node_modules), or
//   "contracts/…" for our own doubles. Names are as the sources import them, so no further remapping is needed.
// entries: the names that the compilation begins with; what they import comes along.
// contracts: what is kept of the output.
//
// A folder of contracts/ that no unit names is a unit by itself, of that folder's name: all its files, all its contracts.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const optimizer = { enabled: true, runs: 200 };

const named = {
  aggregator: {
    solc: "solc-0.8.26",
    paths: { "": "@chainlink/contracts" },
    entries: ["src/v0.8/tests/MockV3Aggregator.sol"],
    contracts: ["MockV3Aggregator"],
    settings: { optimizer },
  },
  // The proxy that stands in front of Chainlink's feeds on Ethereum.
  oracle_proxy: {
    solc: "solc-0.6.6",
    paths: { "": "@chainlink/contracts-0.8.0" },
    entries: ["src/v0.6/EACAggregatorProxy.sol"],
    contracts: ["EACAggregatorProxy"],
    settings: { optimizer },
  },
  oracle_contracts: {
    solc: "solc-0.8.26",
    paths: { "": "@chainlink/contracts" },
    entries: ["src/v0.8/l2ep/dev/arbitrum/ArbitrumSequencerUptimeFeed.sol", "src/v0.8/l2ep/dev/Flags.sol"],
    contracts: ["ArbitrumSequencerUptimeFeed", "Flags", "SimpleReadAccessController"],
    settings: { optimizer },
  },
  oracle_doubles: {
    solc: "solc-0.8.26",
    paths: { "contracts/oracles/": "contracts/oracles", "": "@chainlink/contracts" },
    entries: ["contracts/oracles/BoundedAggregator.sol"],
    contracts: ["BoundedAggregator"],
    settings: { optimizer },
  },
  pyth: {
    solc: "solc-0.8.26",
    paths: { "": "@pythnetwork/pyth-sdk-solidity" },
    entries: ["MockPyth.sol"],
    contracts: ["MockPyth"],
    settings: { optimizer },
  },
  // Morpho Blue itself, and the plain rate model and oracle that its package tests with.
  morpho: {
    solc: "solc-0.8.19",
    paths: { "": "@morpho-org/morpho-blue" },
    entries: ["src/Morpho.sol", "src/mocks/IrmMock.sol", "src/mocks/OracleMock.sol"],
    contracts: ["Morpho", "EventsLib", "IrmMock", "OracleMock"],
    settings: { optimizer },
  },
  morpho_doubles: {
    solc: "solc-0.8.26",
    paths: { "contracts/morpho/": "contracts/morpho", "@morpho-org/morpho-blue/": "@morpho-org/morpho-blue" },
    entries: ["contracts/morpho/FeedOracle.sol", "contracts/morpho/PreLiquidation.sol"],
    contracts: ["FeedOracle", "PreLiquidation", "PreLiquidationFactory"],
    settings: { optimizer },
  },
  // Aave V3.6 whole, and of its mocks the sequencer's feed.
  aave_v36: {
    solc: "solc-0.8.27",
    paths: { "": "@aave-dao/aave-v3-origin/src/contracts", "openzeppelin-contracts/contracts/": "@openzeppelin/contracts" },
    entries: [
      "protocol/configuration/PoolAddressesProvider.sol", "protocol/configuration/ACLManager.sol", "misc/AaveOracle.sol",
      "misc/PriceOracleSentinel.sol", "misc/DefaultReserveInterestRateStrategyV2.sol", "helpers/AaveProtocolDataProvider.sol",
      "instances/PoolInstance.sol", "instances/PoolConfiguratorInstance.sol", "instances/ATokenInstance.sol",
      "instances/VariableDebtTokenInstance.sol", "mocks/oracle/SequencerOracle.sol",
    ],
    contracts: [
      "PoolAddressesProvider", "ACLManager", "AaveOracle", "PriceOracleSentinel", "SequencerOracle",
      "DefaultReserveInterestRateStrategyV2", "AaveProtocolDataProvider", "PoolInstance", "PoolConfiguratorInstance", "ATokenInstance",
      "VariableDebtTokenInstance", "BorrowLogic", "FlashLoanLogic", "LiquidationLogic", "PoolLogic", "SupplyLogic", "ConfiguratorLogic",
    ],
    settings: { optimizer, evmVersion: "cancun" },
  },
  compound_double: {
    solc: "solc-0.8.26",
    paths: { "contracts/compound/": "contracts/compound" },
    entries: ["contracts/compound/CometDouble.sol"],
    contracts: ["CometDouble"],
    settings: { optimizer },
  },
  ostium_doubles: {
    solc: "solc-0.8.26",
    paths: { "contracts/ostium/": "contracts/ostium" },
    entries: ["contracts/ostium/Ostium.sol"],
    contracts: ["Ostium"],
    settings: { optimizer },
  },
  gtrade_doubles: {
    solc: "solc-0.8.26",
    paths: { "contracts/gtrade/": "contracts/gtrade" },
    entries: ["contracts/gtrade/Diamond.sol"],
    contracts: ["Diamond"],
    settings: { optimizer },
  },
  derive_doubles: {
    solc: "solc-0.8.26",
    paths: { "contracts/derive/": "contracts/derive" },
    entries: ["contracts/derive/FirstManager.sol"],
    contracts: [
      "SpotFeed", "SpotDiffFeed", "VolFeed", "ForwardFeed", "RateFeed", "SubAccounts", "Matching", "CashAsset", "PlainAsset", "PerpAsset",
      "DutchAuction", "StandardManager", "PortfolioManager2", "PortfolioManager1",
    ],
    settings: { optimizer, viaIR: true },
  },
  // OpenZeppelin's vault under a name, and a double of wstETH.
  wallet: {
    solc: "solc-0.8.26",
    paths: { "@openzeppelin/contracts/": "@openzeppelin/contracts", "contracts/wallet/": "contracts/wallet" },
    entries: ["contracts/wallet/Vault.sol", "contracts/wallet/WstEth.sol"],
    contracts: ["Vault", "WstEth"],
    settings: { optimizer },
  },
};

const here = path.dirname(fileURLToPath(import.meta.url));

function unitOfFolder(name) {
  const folder = `contracts/${name}`;
  const files = readdirSync(path.join(here, folder)).filter((file) => file.endsWith(".sol")).sort();
  const contracts = files.flatMap((file) => [...readFileSync(path.join(here, folder, file), "utf8").matchAll(/^contract\s+(\w+)/gm)].map(([, one]) => one));
  return {
    solc: "solc-0.8.26", paths: { [`${folder}/`]: folder }, entries: files.map((file) => `${folder}/${file}`), contracts,
    settings: { optimizer, viaIR: true, evmVersion: "cancun" },
  };
}

const claimed = new Set(Object.values(named).flatMap(({ paths }) => Object.values(paths)));
const folders = readdirSync(path.join(here, "contracts")).filter((name) => !claimed.has(`contracts/${name}`)).sort();

export const units = { ...named, ...Object.fromEntries(folders.map((name) => [name, unitOfFolder(name)])) };
