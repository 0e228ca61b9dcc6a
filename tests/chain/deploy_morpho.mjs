// Morpho Blue, compiled from the sources of @morpho-org/morpho-blue, with markets of many decimals over the common feeds.
import { AbiCoder, ZeroAddress, keccak256 } from "ethers";

import { compiled } from "./artifacts.mjs";
import { tokenSpecs } from "./deploy_common.mjs";
import { eventsOf } from "./evm.mjs";
import { morphoVerbs } from "./verbs/morpho.mjs";
import { randomMorphoVerbs } from "./verbs/random_morpho.mjs";

const wad = (percent) => BigInt(Math.round(percent * 1000)) * 10n ** 13n;

/**
 * Collateral and loan tokens and the limit in per cent. `rated: false` is a market without a rate model; `fixed` one whose oracle
 * is the package's settable one.
 */
const specs = {
  "WETH/USDC": { collateral: "WETH", loan: "USDC", lltv: 86 },
  "WBTC/USDC": { collateral: "WBTC", loan: "USDC", lltv: 86 },
  "WBTC/WETH": { collateral: "WBTC", loan: "WETH", lltv: 91.5 },
  "USDC/DAI": { collateral: "USDC", loan: "DAI", lltv: 94.5 },
  "DAI/WBTC": { collateral: "DAI", loan: "WBTC", lltv: 77 },
  "USDC/WETH": { collateral: "USDC", loan: "WETH", lltv: 62.5, rated: false },
  "WETH/DAI": { collateral: "WETH", loan: "DAI", lltv: 38.5, fixed: 3000n },
};

/** Pre-liquidation contracts by market, in per cent; `oracle: "own"` is one of the same feeds at another address. */
const preLiquidations = {
  "WETH/USDC": { limit: 80, closeFactors: [20, 50], incentives: [101, 104] },
  "WBTC/USDC": { limit: 70, closeFactors: [5, 150], incentives: [100.5, 104.3] },
  "WBTC/WETH": { limit: 85, closeFactors: [30, 30], incentives: [102, 102], oracle: "own" },
};

/** In whole tokens; half of it is lent to the maker, so that interest accrues. */
const supplied = { WETH: 20_000n, WBTC: 1_000n, USDC: 60_000_000n, DAI: 60_000_000n };

const coder = AbiCoder.defaultAbiCoder();
const unitsOf = (symbol) => 10n ** BigInt(tokenSpecs[symbol].decimals);

/** solc 0.8.19 leaves the events that a library declares out of the ABI of the contract that emits them. */
export function morphoArtifact() {
  const artifact = compiled("morpho", "Morpho");
  return { ...artifact, abi: [...artifact.abi, ...compiled("morpho", "EventsLib").abi] };
}

/** A market's id: the hash of its five parameters. */
export const idOf = (params) => keccak256(coder.encode(["address", "address", "address", "address", "uint256"], params));

async function deployOracle(evm, owner, feeds, { collateral, loan, fixed }) {
  const [from, to] = [tokenSpecs[collateral], tokenSpecs[loan]];
  if (fixed === undefined) {
    const oracle = compiled("morpho_doubles", "FeedOracle");
    return evm.deploy(owner, oracle, [feeds[from.feed].address, feeds[to.feed].address, from.decimals, to.decimals]);
  }
  const oracle = await evm.deploy(owner, compiled("morpho", "OracleMock"));
  await oracle.send(owner, "setPrice", fixed * 10n ** BigInt(36 + to.decimals - from.decimals));
  return oracle;
}

async function supply(world, morpho, { params, loan }) {
  const { lender } = world.roles;
  const amount = supplied[loan] * unitsOf(loan);
  const token = world.tokens[loan];
  await token.send(lender, "mint(address,uint256)", lender, amount);
  await token.send(lender, "approve", morpho.address, amount);
  await morpho.send(lender, "supply", params, amount, 0, lender, "0x");
}

/** Half of a market's loan token is borrowed by the maker, against three times the collateral that its oracle asks for. */
async function lendOut(world, morpho, { params, oracle, collateral, loan, lltv }) {
  const { maker } = world.roles;
  const debt = (supplied[loan] * unitsOf(loan)) / 2n;
  const posted = (debt * 3n * 10n ** 54n) / (await oracle.read("price")) / lltv;
  const token = world.tokens[collateral];
  await token.send(maker, "mint(address,uint256)", maker, posted);
  await token.send(maker, "approve", morpho.address, posted);
  await morpho.send(maker, "supplyCollateral", params, posted, maker, "0x");
  await morpho.send(maker, "borrow", params, debt, 0, maker, maker);
}

async function createPreLiquidation(evm, owner, factory, feeds, market, { limit, closeFactors, incentives, oracle }) {
  const priced = oracle === "own" ? await deployOracle(evm, owner, feeds, market) : market.oracle;
  const params = [wad(limit), ...closeFactors.map(wad), ...incentives.map(wad), priced.address];
  const [event] = eventsOf(factory, await factory.send(owner, "createPreLiquidation", market.id, params), "CreatePreLiquidation");
  return { contract: evm.contract(event.preLiquidation, compiled("morpho_doubles", "PreLiquidation")), oracle: priced, params };
}

/**
 * Returns {morpho, irm, factory, markets: {name: {id, params, oracle, collateral, loan, lltv}}, preLiquidations: {market:
 * {contract, oracle, params}}}.
 */
export async function deploy(world) {
  const { evm, tokens, feeds } = world;
  const { owner } = world.roles;
  const morpho = await evm.deploy(owner, morphoArtifact(), [owner]);
  const irm = await evm.deploy(owner, compiled("morpho", "IrmMock"));
  await morpho.send(owner, "enableIrm", irm.address);
  await morpho.send(owner, "enableIrm", ZeroAddress);
  const markets = {};
  for (const [name, spec] of Object.entries(specs)) {
    const lltv = wad(spec.lltv);
    const oracle = await deployOracle(evm, owner, feeds, spec);
    const params = [
      tokens[spec.loan].address, tokens[spec.collateral].address, oracle.address, spec.rated === false ? ZeroAddress : irm.address, lltv,
    ];
    if (!(await morpho.read("isLltvEnabled", lltv))) await morpho.send(owner, "enableLltv", lltv);
    await morpho.send(owner, "createMarket", params);
    markets[name] = { id: idOf(params), params, oracle, ...spec, lltv };
    await supply(world, morpho, markets[name]);
    await lendOut(world, morpho, markets[name]);
  }
  const factory = await evm.deploy(owner, compiled("morpho_doubles", "PreLiquidationFactory"), [morpho.address]);
  const early = {};
  for (const [name, spec] of Object.entries(preLiquidations)) {
    early[name] = await createPreLiquidation(evm, owner, factory, feeds, markets[name], spec);
  }
  return { morpho, irm, factory, markets, preLiquidations: early };
}

export function describe({ morpho, irm, factory, markets, preLiquidations: early }) {
  const byName = Object.entries(markets).map(([name, { id, oracle, collateral, loan, lltv }]) => [
    name, { id, oracle: oracle.address, collateral, loan, lltv: lltv.toString() },
  ]);
  return {
    morpho: morpho.address,
    irm: irm.address,
    pre_liquidation_factory: factory.address,
    markets: Object.fromEntries(byName),
    pre_liquidations: Object.fromEntries(Object.entries(early).map(([name, one]) => [name, one.contract.address])),
  };
}

export const verbs = { ...morphoVerbs, ...randomMorphoVerbs };
