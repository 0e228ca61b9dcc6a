// Makes random Aave accounts in states that a reader of accounts must get right.
import { MaxUint256 } from "ethers";

import { feedDecimals, tokenSpecs } from "../deploy_common.mjs";
import { formatDecimal } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

const kinds = [
  "borrower", "unseen", "supplier", "near_limit", "several", "dust", "emode", "collateral_disabled", "repaid", "withdrawn", "liquidated",
];
const volatile = ["WETH", "WBTC"];
const stable = ["USDC", "DAI"];
const symbols = [...volatile, ...stable];
const chunk = 25;

/** How far ETH and BTC fall while the accounts of kind "liquidated" are liquidated. */
const [dipNumerator, dipDenominator] = [90n, 100n];

/** Raw units of `symbol`, at least one, worth `value`, which counts in 1e-8 USD as the feeds do. */
function worth(prices, symbol, value) {
  const { decimals, feed } = tokenSpecs[symbol];
  const amount = (value * 10n ** BigInt(decimals)) / prices[feed];
  return amount > 0n ? amount : 1n;
}

/** A collateral's value in 1e-8 USD: 10 to 100,000 USD; for dust less than a cent to 1 USD. */
const valueFor = (random, kind) => (kind === "dust" ? random.magnitude(2, 8) : random.magnitude(9, 13));

function assetsFor(random, kind) {
  if (kind === "emode") return random.some(stable, random.integer(1, 2));
  if (kind === "near_limit" || kind === "liquidated") return random.some(volatile, random.integer(1, 2));
  if (kind === "collateral_disabled") return random.some(symbols, 2);
  return random.some(symbols, kind === "several" ? random.integer(2, 4) : random.integer(1, 2));
}

function supplies(world, random, prices, account) {
  account.assets = assetsFor(random, account.kind);
  return account.assets.map((symbol) => {
    const amount = worth(prices, symbol, valueFor(random, account.kind));
    const token = world.tokens[symbol];
    const { pool } = world.aave;
    const call = pool.tx(account.user, "supply", token.address, amount, account.user, 0);
    return { account, transactions: [...provide(token, account.user, pool.address, amount), call], note: `supply ${amount} ${symbol}` };
  });
}

function settings(world, random, account) {
  const { pool } = world.aave;
  if (account.kind === "emode") {
    return [{ account, transactions: [pool.tx(account.user, "setUserEMode", 1)], note: "emode 1" }];
  }
  if (account.kind !== "collateral_disabled") return [];
  const symbol = random.pick(account.assets);
  const call = pool.tx(account.user, "setUserUseReserveAsCollateral", world.tokens[symbol].address, false);
  return [{ account, transactions: [call], note: `disable ${symbol}` }];
}

const borrows = (kind) => !["unseen", "supplier", "withdrawn"].includes(kind);

/** Borrows a share of what the account may: nearly all of it for some kinds. */
async function borrowings(world, random, prices, account) {
  const { pool } = world.aave;
  const { availableBorrowsBase } = await pool.read("getUserAccountData", account.user);
  const limit = ["near_limit", "liquidated"].includes(account.kind);
  const share = limit ? random.big(985n, 999n) : random.big(20n, 950n);
  const value = (availableBorrowsBase * share) / 1000n;
  const among = limit || account.kind === "emode" ? stable : symbols;
  account.debts = limit || account.kind === "dust" ? [random.pick(among)] : random.some(among, random.integer(1, Math.min(3, among.length)));
  return account.debts.map((symbol) => {
    const amount = worth(prices, symbol, value / BigInt(account.debts.length));
    const call = pool.tx(account.user, "borrow", world.tokens[symbol].address, amount, 2, 0, account.user);
    return { account, transactions: [call], note: `borrow ${amount} ${symbol}` };
  });
}

function repayAll(world, account) {
  const { pool } = world.aave;
  return account.debts.map((symbol) => {
    const token = world.tokens[symbol];
    const call = pool.tx(account.user, "repay", token.address, MaxUint256, 2, account.user);
    const enough = 10n ** BigInt(tokenSpecs[symbol].decimals + 6);
    return { account, transactions: [...provide(token, account.user, pool.address, enough), call], note: `repay ${symbol}` };
  });
}

function withdrawAll(world, account) {
  return account.assets.map((symbol) => {
    const call = world.aave.pool.tx(account.user, "withdraw", world.tokens[symbol].address, MaxUint256, account.user);
    return { account, transactions: [call], note: `withdraw ${symbol}` };
  });
}

function liquidation(world, random, prices, account) {
  const { pool } = world.aave;
  const { liquidator } = world.roles;
  const debt = world.tokens[account.debts[0]];
  const [seized] = account.assets;
  const enough = 10n ** BigInt(tokenSpecs[account.debts[0]].decimals + 6);
  const covered = random.chance(50) ? MaxUint256 : worth(prices, account.debts[0], random.magnitude(8, 11));
  const call = pool.tx(liquidator, "liquidationCall", world.tokens[seized].address, debt.address, account.user, covered, false);
  const note = `liquidated: ${account.debts[0]} debt, ${seized} seized`;
  return { account, transactions: [...provide(debt, liquidator, pool.address, enough), call], note };
}

/** Lets ETH and BTC dip while the planned accounts are liquidated, then puts the prices back. */
async function liquidations(world, random, prices, accounts) {
  const post = (feed, price) => ({
    account: { did: [], refused: [] },
    transactions: [world.feeds[feed].tx(world.roles.keeper, "updateAnswer", price)],
    note: `${feed} ${formatDecimal(price, feedDecimals)}`,
  });
  const dip = (feed) => post(feed, (prices[feed] * dipNumerator) / dipDenominator);
  const planned = accounts.filter((account) => account.kind === "liquidated" && account.debts.length > 0);
  await carryOut(world, [dip("ETH"), dip("BTC"), ...planned.map((account) => liquidation(world, random, prices, account))], 1);
  return carryOut(world, [post("ETH", prices.ETH), post("BTC", prices.BTC)], 1);
}

async function randomAave(world, args) {
  const { random, accounts } = planAccounts("aave", args, kinds);
  const prices = {};
  for (const [name, feed] of Object.entries(world.feeds)) prices[name] = await feed.read("latestAnswer");
  for (const group of chunksOf(accounts, chunk)) {
    const active = group.filter((account) => account.kind !== "unseen");
    await carryOut(world, active.flatMap((account) => supplies(world, random, prices, account)), random.integer(1, 7200));
    await carryOut(world, active.flatMap((account) => settings(world, random, account)), 1);
    const loans = [];
    for (const account of active.filter(({ kind }) => borrows(kind))) loans.push(...(await borrowings(world, random, prices, account)));
    await carryOut(world, loans, random.integer(1, 7200));
    const leaving = active.flatMap((account) => {
      if (account.kind === "repaid") return repayAll(world, account);
      return account.kind === "withdrawn" ? withdrawAll(world, account) : [];
    });
    await carryOut(world, leaving, random.integer(1, 86_400));
  }
  const head = await liquidations(world, random, prices, accounts);
  return answer(head, accounts.map(({ user, kind, did, refused }) => ({ user, kind, did, refused })));
}

export const randomAaveVerbs = { random_aave: { fields: ["seed", "count"], run: randomAave } };
