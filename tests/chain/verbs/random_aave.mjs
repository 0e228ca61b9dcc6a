// Makes random Aave accounts in states that a reader of accounts must get right.
import { MaxUint256 } from "ethers";

import { feedDecimals, tokenSpecs } from "../deploy_common.mjs";
import { formatDecimal } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

const kinds = [
  "borrower", "unseen", "supplier", "near_limit", "several", "dust", "emode", "collateral_disabled", "repaid", "withdrawn", "liquidated",
];
/** Of 3.6 alone: under a debt ceiling, with a debt that stands alone, in e-modes by bitmaps. */
const kinds36 = ["isolated", "siloed", "emode_eth", "emode_btc"];
const emodes = { emode: 1, emode_eth: 2, emode_btc: 7 };
const volatile = ["WETH", "WBTC"];
const stable = ["USDC", "DAI"];
const symbols = [...volatile, ...stable];
const chunk = 25;

/** How far ETH and BTC fall while the accounts of kind "liquidated" are liquidated. */
const [dipNumerator, dipDenominator] = [90n, 100n];

const specOf = (market, symbol) => market.tokens?.[symbol] ?? tokenSpecs[symbol];
const contractOf = (world, market, symbol) => market.tokens?.[symbol].contract ?? world.tokens[symbol];

/** Raw units of `symbol`, at least one, worth `value`, which counts in 1e-8 USD as the feeds do. */
function worth(market, prices, symbol, value) {
  const { decimals, feed } = specOf(market, symbol);
  const amount = (value * 10n ** BigInt(decimals)) / prices[feed];
  return amount > 0n ? amount : 1n;
}

/** A collateral's value in 1e-8 USD: 10 to 100,000 USD; for dust less than a cent to 1 USD. */
const valueFor = (random, kind) => (kind === "dust" ? random.magnitude(2, 8) : random.magnitude(9, 13));

function assetsFor(random, kind) {
  if (kind === "emode") return random.some(stable, random.integer(1, 2));
  if (kind === "isolated") return ["ISOL"];
  if (kind === "emode_eth") return ["WETH"];
  if (kind === "siloed" || kind === "emode_btc") return random.some(volatile, random.integer(1, 2));
  if (kind === "near_limit" || kind === "liquidated") return random.some(volatile, random.integer(1, 2));
  if (kind === "collateral_disabled") return random.some(symbols, 2);
  return random.some(symbols, kind === "several" ? random.integer(2, 4) : random.integer(1, 2));
}

function supplies(world, market, random, prices, account) {
  account.assets = assetsFor(random, account.kind);
  return account.assets.map((symbol) => {
    const amount = worth(market, prices, symbol, valueFor(random, account.kind));
    const token = contractOf(world, market, symbol);
    const { pool } = market;
    const call = pool.tx(account.user, "supply", token.address, amount, account.user, 0);
    return { account, transactions: [...provide(token, account.user, pool.address, amount), call], note: `supply ${amount} ${symbol}` };
  });
}

function settings(world, market, random, account) {
  const { pool } = market;
  const emode = emodes[account.kind];
  if (emode !== undefined) return [{ account, transactions: [pool.tx(account.user, "setUserEMode", emode)], note: `emode ${emode}` }];
  if (account.kind === "isolated") {
    const call = pool.tx(account.user, "setUserUseReserveAsCollateral", contractOf(world, market, "ISOL").address, true);
    return [{ account, transactions: [call], note: "enable ISOL" }];
  }
  if (account.kind !== "collateral_disabled") return [];
  const symbol = random.pick(account.assets);
  const call = pool.tx(account.user, "setUserUseReserveAsCollateral", contractOf(world, market, symbol).address, false);
  return [{ account, transactions: [call], note: `disable ${symbol}` }];
}

const borrows = (kind) => !["unseen", "supplier", "withdrawn"].includes(kind);

/** What accounts of a kind may borrow, or would. */
function debtsFor(kind) {
  if (kind === "siloed") return ["SILO"];
  if (kind === "emode_btc") return ["DAI", "WETH"];
  return ["near_limit", "liquidated", "emode", "isolated", "emode_eth"].includes(kind) ? stable : symbols;
}

/** Borrows a share of what the account may: nearly all of it for some kinds. */
async function borrowings(world, market, random, prices, account) {
  const { pool } = market;
  const { availableBorrowsBase } = await pool.read("getUserAccountData", account.user);
  const limit = ["near_limit", "liquidated"].includes(account.kind);
  const share = limit ? random.big(985n, 999n) : random.big(20n, 950n);
  const value = (availableBorrowsBase * share) / 1000n;
  const among = debtsFor(account.kind);
  account.debts = limit || account.kind === "dust" ? [random.pick(among)] : random.some(among, random.integer(1, Math.min(3, among.length)));
  return account.debts.map((symbol) => {
    const amount = worth(market, prices, symbol, value / BigInt(account.debts.length));
    const call = pool.tx(account.user, "borrow", contractOf(world, market, symbol).address, amount, 2, 0, account.user);
    return { account, transactions: [call], note: `borrow ${amount} ${symbol}` };
  });
}

function repayAll(world, market, account) {
  const { pool } = market;
  return account.debts.map((symbol) => {
    const token = contractOf(world, market, symbol);
    const call = pool.tx(account.user, "repay", token.address, MaxUint256, 2, account.user);
    const enough = 10n ** BigInt(specOf(market, symbol).decimals + 6);
    return { account, transactions: [...provide(token, account.user, pool.address, enough), call], note: `repay ${symbol}` };
  });
}

function withdrawAll(world, market, account) {
  return account.assets.map((symbol) => {
    const call = market.pool.tx(account.user, "withdraw", contractOf(world, market, symbol).address, MaxUint256, account.user);
    return { account, transactions: [call], note: `withdraw ${symbol}` };
  });
}

function liquidation(world, market, random, prices, account) {
  const { pool } = market;
  const { liquidator } = world.roles;
  const debt = contractOf(world, market, account.debts[0]);
  const [seized] = account.assets;
  const enough = 10n ** BigInt(specOf(market, account.debts[0]).decimals + 6);
  const covered = random.chance(50) ? MaxUint256 : worth(market, prices, account.debts[0], random.magnitude(8, 11));
  const call = pool.tx(liquidator, "liquidationCall", contractOf(world, market, seized).address, debt.address, account.user, covered, false);
  const note = `liquidated: ${account.debts[0]} debt, ${seized} seized`;
  return { account, transactions: [...provide(debt, liquidator, pool.address, enough), call], note };
}

/** Lets ETH and BTC dip while the planned accounts are liquidated, then puts the prices back. */
async function liquidations(world, market, random, prices, accounts) {
  const post = (feed, price) => ({
    account: { did: [], refused: [] },
    transactions: [world.feeds[feed].tx(world.roles.keeper, "updateAnswer", price)],
    note: `${feed} ${formatDecimal(price, feedDecimals)}`,
  });
  const dip = (feed) => post(feed, (prices[feed] * dipNumerator) / dipDenominator);
  const planned = accounts.filter((account) => account.kind === "liquidated" && account.debts.length > 0);
  await carryOut(world, [dip("ETH"), dip("BTC"), ...planned.map((account) => liquidation(world, market, random, prices, account))], 1);
  return carryOut(world, [post("ETH", prices.ETH), post("BTC", prices.BTC)], 1);
}

async function randomAave(world, market, args) {
  const { random, accounts } = planAccounts("aave", args, market.tokens === undefined ? kinds : [...kinds, ...kinds36]);
  const prices = {};
  for (const [name, feed] of Object.entries(world.feeds)) prices[name] = await feed.read("latestAnswer");
  for (const group of chunksOf(accounts, chunk)) {
    const active = group.filter((account) => account.kind !== "unseen");
    await carryOut(world, active.flatMap((account) => supplies(world, market, random, prices, account)), random.integer(1, 7200));
    await carryOut(world, active.flatMap((account) => settings(world, market, random, account)), 1);
    const loans = [];
    for (const account of active.filter(({ kind }) => borrows(kind))) loans.push(...(await borrowings(world, market, random, prices, account)));
    await carryOut(world, loans, random.integer(1, 7200));
    const leaving = active.flatMap((account) => {
      if (account.kind === "repaid") return repayAll(world, market, account);
      return account.kind === "withdrawn" ? withdrawAll(world, market, account) : [];
    });
    await carryOut(world, leaving, random.integer(1, 86_400));
  }
  const head = await liquidations(world, market, random, prices, accounts);
  return answer(head, accounts.map(({ user, kind, did, refused }) => ({ user, kind, did, refused })));
}

/** Makes accounts in the deployment that `marketOf(world)` gives. */
export const randomAaveOf = (name, marketOf) => ({
  [name]: { fields: ["seed", "count"], run: (world, args) => randomAave(world, marketOf(world), args) },
});

export const randomAaveVerbs = randomAaveOf("random_aave", (world) => world.aave);
