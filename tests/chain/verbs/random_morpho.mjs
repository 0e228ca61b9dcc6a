// Makes random Morpho positions in states that a reader of accounts must get right.
import { provide } from "./aave.mjs";
import { morphoMarketOf, plenty } from "./morpho.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

const kinds = [
  "borrower", "near_limit", "unseen", "lender", "pre_liquidation", "idle_collateral", "several", "dust", "repaid", "near_limit", "liquidated",
];
const chunk = 25;
const wad = 10n ** 18n;
const priceScale = 10n ** 36n;

/** How far ETH and BTC fall, and the settable price, while the accounts of kind "liquidated" are liquidated. */
const [dipNumerator, dipDenominator] = [85n, 100n];

const borrows = (kind) => !["unseen", "lender", "idle_collateral"].includes(kind);
const toTheLimit = (kind) => ["near_limit", "liquidated", "pre_liquidation"].includes(kind);

function marketsFor(world, random, kind) {
  const names = Object.keys(world.optional.morpho.markets);
  if (kind === "pre_liquidation") return [random.pick(Object.keys(world.optional.morpho.preLiquidations))];
  if (kind === "liquidated") return [random.pick(["WETH/USDC", "WBTC/USDC"])];
  return random.some(names, kind === "several" ? random.integer(2, 4) : 1);
}

/** Loan units worth 10 to 100,000 USD at the opening prices; for dust one unit to a cent. */
function valueFor(random, kind, symbol) {
  const unit = { WETH: [14, 18], WBTC: [5, 8], USDC: [7, 11], DAI: [19, 23] }[symbol];
  return kind === "dust" ? random.magnitude(0, unit[0] - 3) : random.magnitude(unit[0], unit[1]);
}

function openings(world, random, prices, account) {
  const { morpho, preLiquidations } = world.optional.morpho;
  account.markets = marketsFor(world, random, account.kind);
  return account.markets.flatMap((name) => {
    const market = morphoMarketOf(world, { market: name });
    const value = valueFor(random, account.kind, market.loan);
    const steps = [];
    if (account.kind === "lender" || random.chance(15)) {
      const call = morpho.tx(account.user, "supply", market.params, value, 0, account.user, "0x");
      const funds = provide(market.loanToken, account.user, morpho.address, value);
      steps.push({ account, transactions: [...funds, call], note: `supply ${value} ${market.loan}` });
    }
    if (account.kind === "lender") return steps;
    const amount = (value * priceScale) / prices[name] + 1n;
    const call = morpho.tx(account.user, "supplyCollateral", market.params, amount, account.user, "0x");
    const funds = provide(market.collateralToken, account.user, morpho.address, amount);
    steps.push({ account, transactions: [...funds, call], note: `collateral ${amount} ${market.collateral}` });
    account.posted = { ...account.posted, [name]: amount };
    if (account.kind === "pre_liquidation" || (preLiquidations[name] !== undefined && random.chance(30))) {
      const authorized = morpho.tx(account.user, "setAuthorization", preLiquidations[name].contract.address, true);
      steps.push({ account, transactions: [authorized], note: `authorize ${name}` });
    }
    return steps;
  });
}

/** Borrows a share of what the position allows: nearly all of it for some kinds. */
function borrowings(world, random, prices, account) {
  const { morpho } = world.optional.morpho;
  return account.markets.map((name) => {
    const market = morphoMarketOf(world, { market: name });
    const most = (((account.posted[name] * prices[name]) / priceScale) * market.lltv) / wad;
    const share = toTheLimit(account.kind) ? random.big(9_900n, 10_000n) : random.big(200n, 9_500n);
    const amount = (most * share) / 10_000n;
    const call = morpho.tx(account.user, "borrow", market.params, amount > 0n ? amount : 1n, 0, account.user, account.user);
    return { account, transactions: [call], note: `borrow ${amount} ${market.loan}` };
  });
}

async function repayAll(world, account) {
  const { morpho } = world.optional.morpho;
  const steps = [];
  for (const name of account.markets) {
    const market = morphoMarketOf(world, { market: name });
    const { borrowShares } = await morpho.read("position", market.id, account.user);
    const call = morpho.tx(account.user, "repay", market.params, 0, borrowShares, account.user, "0x");
    const funds = provide(market.loanToken, account.user, morpho.address, plenty(market.loan));
    steps.push({ account, transactions: [...funds, call], note: `repay ${market.loan}` });
  }
  return steps;
}

/** A part of the collateral is taken, or all of it: then the rest of the debt is the lenders' loss. */
async function liquidation(world, random, account) {
  const { morpho } = world.optional.morpho;
  const { liquidator } = world.roles;
  const market = morphoMarketOf(world, { market: account.markets[0] });
  const { collateral } = await morpho.read("position", market.id, account.user);
  const seized = random.chance(30) ? collateral : random.big(1n, collateral > 1n ? collateral - 1n : 1n);
  const call = morpho.tx(liquidator, "liquidate", market.params, account.user, seized, 0, "0x");
  const funds = provide(market.loanToken, liquidator, morpho.address, plenty(market.loan));
  return { account, transactions: [...funds, call], note: `liquidated: ${seized} ${market.collateral} seized` };
}

/** Lets prices dip while the planned accounts are liquidated, then puts them back. */
async function liquidations(world, random, accounts) {
  const settable = Object.values(world.optional.morpho.markets).filter(({ fixed }) => fixed !== undefined);
  const before = {};
  for (const feed of ["ETH", "BTC"]) before[feed] = await world.feeds[feed].read("latestAnswer");
  const fixed = [];
  for (const { oracle } of settable) fixed.push({ oracle, price: await oracle.read("price") });
  const post = (change) => [
    ...Object.entries(before).map(([feed, price]) => world.feeds[feed].tx(world.roles.keeper, "updateAnswer", change(price))),
    ...fixed.map(({ oracle, price }) => oracle.tx(world.roles.owner, "setPrice", change(price))),
  ];
  const step = (transactions) => ({ account: { did: [], refused: [] }, transactions, note: "prices" });
  const planned = [];
  for (const account of accounts) if (account.kind === "liquidated") planned.push(await liquidation(world, random, account));
  await carryOut(world, [step(post((price) => (price * dipNumerator) / dipDenominator)), ...planned], 1);
  return carryOut(world, [step(post((price) => price))], 1);
}

async function randomMorpho(world, args) {
  const { random, accounts } = planAccounts("morpho", args, kinds);
  const prices = {};
  for (const [name, { oracle }] of Object.entries(world.optional.morpho.markets)) prices[name] = await oracle.read("price");
  for (const group of chunksOf(accounts, chunk)) {
    const active = group.filter((account) => account.kind !== "unseen");
    await carryOut(world, active.flatMap((account) => openings(world, random, prices, account)), random.integer(1, 7200));
    const owing = active.filter(({ kind }) => borrows(kind));
    await carryOut(world, owing.flatMap((account) => borrowings(world, random, prices, account)), random.integer(1, 600));
    const leaving = [];
    for (const account of active.filter(({ kind }) => kind === "repaid")) leaving.push(...(await repayAll(world, account)));
    await carryOut(world, leaving, random.integer(1, 7200));
  }
  const head = await liquidations(world, random, accounts);
  return answer(head, accounts.map(({ user, kind, did, refused }) => ({ user, kind, did, refused })));
}

export const randomMorphoVerbs = { random_morpho: { fields: ["seed", "count"], run: randomMorpho } };
