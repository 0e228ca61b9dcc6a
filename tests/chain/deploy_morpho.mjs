// Morpho Blue, compiled from the sources of @morpho-org/morpho-blue, with markets of many decimals over the common feeds.
import { AbiCoder, ZeroAddress, keccak256 } from "ethers";

import { compiled } from "./artifacts.mjs";
import { tokenSpecs } from "./deploy_common.mjs";

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

/** In whole tokens; half of it is lent to the maker, so that interest accrues. */
const supplied = { WETH: 20_000n, WBTC: 1_000n, USDC: 60_000_000n, DAI: 60_000_000n };

const coder = AbiCoder.defaultAbiCoder();
const unitsOf = (symbol) => 10n ** BigInt(tokenSpecs[symbol].decimals);

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

/** Returns {morpho, irm, markets: {name: {id, params, oracle, collateral, loan, lltv}}}. */
export async function deploy(world) {
  const { evm, tokens, feeds } = world;
  const { owner } = world.roles;
  const morpho = await evm.deploy(owner, compiled("morpho", "Morpho"), [owner]);
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
    markets[name] = { id: idOf(params), params, oracle, collateral: spec.collateral, loan: spec.loan, lltv };
    await supply(world, morpho, markets[name]);
    await lendOut(world, morpho, markets[name]);
  }
  return { morpho, irm, markets };
}

export function describe({ morpho, irm, markets }) {
  const byName = Object.entries(markets).map(([name, { id, oracle, collateral, loan, lltv }]) => [
    name, { id, oracle: oracle.address, collateral, loan, lltv: lltv.toString() },
  ]);
  return { morpho: morpho.address, irm: irm.address, markets: Object.fromEntries(byName) };
}

export const verbs = {};
