// Two comets of Compound III (our double of it: no package has the real one): USDC against the common feeds, and WETH, whose prices
// are in ETH, against feeds of its own.
import { compiled } from "./artifacts.mjs";
import { tokenSpecs } from "./deploy_common.mjs";
import { compoundVerbs } from "./verbs/compound.mjs";
import { randomCompoundVerbs } from "./verbs/random_compound.mjs";

const wad = (percent) => BigInt(Math.round(percent * 1000)) * 10n ** 13n;
const unitsOf = (symbol) => 10n ** BigInt(tokenSpecs[symbol].decimals);

/** Factors in per cent (borrow, liquidate, liquidation), caps and amounts in whole tokens; `prices` in 1e-8 ETH: feeds of its own. */
const specs = {
  USDC: {
    assets: { WETH: [82.5, 89.5, 95], WBTC: [70, 77, 90], DAI: [85, 90, 97] },
    caps: { WETH: 500_000n, WBTC: 20_000n, DAI: 500_000_000n },
    borrowMin: 100n, supplied: 100_000_000n, lent: 60_000_000n, against: "WETH", posted: 60_000n,
  },
  WETH: {
    assets: { WBTC: [78, 84, 93], USDC: [80, 85, 95] },
    caps: { WBTC: 20_000n, USDC: 500_000_000n },
    prices: { WETH: 10n ** 8n, WBTC: 20n * 10n ** 8n, USDC: 10n ** 8n / 3000n },
    borrowMin: 0n, supplied: 50_000n, lent: 20_000n, against: "WBTC", posted: 3_000n,
  },
};

async function feedsOf(evm, owner, feeds, spec, symbols) {
  const own = {};
  for (const symbol of symbols) {
    own[symbol] = spec.prices === undefined
      ? feeds[tokenSpecs[symbol].feed]
      : await evm.deploy(owner, compiled("aggregator", "MockV3Aggregator"), [8, spec.prices[symbol]]);
  }
  return own;
}

async function fund(world, comet, user, symbol, whole) {
  const [token, amount] = [world.tokens[symbol], whole * unitsOf(symbol)];
  await token.send(user, "mint(address,uint256)", user, amount);
  await token.send(user, "approve", comet.address, amount);
  await comet.send(user, "supply", token.address, amount);
}

/** Returns {comets: {base: {comet, feeds, assets}}}. */
export async function deploy(world) {
  const { evm, tokens } = world;
  const { owner, lender, maker } = world.roles;
  const comets = {};
  for (const [base, spec] of Object.entries(specs)) {
    const feeds = await feedsOf(evm, owner, world.feeds, spec, [base, ...Object.keys(spec.assets)]);
    const assets = Object.entries(spec.assets).map(([symbol, factors]) => [
      tokens[symbol].address, feeds[symbol].address, unitsOf(symbol), ...factors.map(wad), spec.caps[symbol] * unitsOf(symbol),
    ]);
    const comet = await evm.deploy(owner, compiled("compound_double", "CometDouble"), [
      tokens[base].address, feeds[base].address, unitsOf(base), spec.borrowMin * unitsOf(base), wad(1.5), wad(5), assets,
    ]);
    comets[base] = { comet, feeds, assets: Object.keys(spec.assets) };
    await fund(world, comet, lender, base, spec.supplied);
    await fund(world, comet, maker, spec.against, spec.posted);
    await comet.send(maker, "withdraw", tokens[base].address, spec.lent * unitsOf(base));
  }
  return { comets };
}

export function describe({ comets }) {
  return Object.fromEntries(
    Object.entries(comets).map(([base, { comet, feeds, assets }]) => [
      base, { comet: comet.address, assets, feeds: Object.fromEntries(Object.entries(feeds).map(([symbol, feed]) => [symbol, feed.address])) },
    ]),
  );
}

export const verbs = { ...compoundVerbs, ...randomCompoundVerbs };
