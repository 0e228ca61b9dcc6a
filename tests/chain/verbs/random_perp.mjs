// Makes random Perp V2 accounts: takers, makers, both, several collaterals, losses, funding.
import { Refused } from "../chain_error.mjs";
import { noDeadline, tickSpacing } from "../deploy_perp.mjs";
import { formatDecimal, parseDecimal } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { trade } from "./perp.mjs";
import { moveMarket, setPrice } from "./prices.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

const kinds = [
  "long", "short", "unseen", "maker", "long_and_short", "weth_collateral", "partly_closed", "closed", "maker_and_taker",
  "high_leverage", "deposit_only", "out_of_range_maker", "flipped", "withdrawn", "maker_partly_removed", "weth_only", "dust",
];
const markets = ["ETH", "BTC"];
const chunk = 8;
const makerKinds = ["maker", "maker_and_taker", "out_of_range_maker", "maker_partly_removed"];
const idleKinds = ["unseen", "deposit_only", "withdrawn"];

/** Collateral of 1,000 to 1,000,000 USD, for dust less than a cent to 10 USD; `margin` keeps it with 18 decimals. */
function deposits(world, random, account) {
  const { vault } = world.perp;
  const deposit = (symbol, amount) => {
    const token = world.tokens[symbol];
    const call = vault.tx(account.user, "deposit", token.address, amount);
    const transactions = [...provide(token, account.user, vault.address, amount), call];
    return { account, transactions, note: `deposit ${amount} ${symbol}` };
  };
  const dollars = account.kind === "dust" ? random.magnitude(2, 7) : random.magnitude(9, 12);
  account.margin = dollars * 10n ** 12n;
  const wei = account.margin / 3000n;
  if (account.kind === "weth_only") return [deposit("WETH", wei * 2n)];
  if (account.kind === "weth_collateral") return [deposit("USDC", dollars / 2n), deposit("WETH", wei)];
  return [deposit("USDC", dollars)];
}

/** A taker's trade worth `tenths` tenths of the margin. */
function opening(world, random, account, market, short, tenths) {
  const { base } = world.perp.markets[market];
  const amount = (account.margin * BigInt(tenths)) / 10n;
  const transactions = [trade(world, account.user, base, { short, inBase: false, amount })];
  return { account, transactions, note: `${short ? "short" : "long"} ${formatDecimal(amount, 18)} USD of ${market}` };
}

async function order(world, random, account, market) {
  const { base, pool } = world.perp.markets[market];
  const { tick } = await pool.read("slot0");
  const middle = Math.floor(Number(tick) / tickSpacing) * tickSpacing;
  const width = tickSpacing * random.integer(2, 60);
  const away = account.kind === "out_of_range_maker";
  const below = away && random.chance(50);
  const shift = away ? (below ? -2 * width : 2 * width) : 0;
  const [lower, upper] = [middle - width + shift, middle + width + shift];
  const quote = (account.margin * random.big(5n, 30n)) / 10n;
  const baseAmount = quote / (market === "ETH" ? 3000n : 60000n);
  const amounts = away ? (below ? [0n, quote] : [baseAmount, 0n]) : [baseAmount, quote];
  const params = [base.address, ...amounts, lower, upper, 0, 0, false, noDeadline];
  const transactions = [world.perp.clearingHouse.tx(account.user, "addLiquidity", params)];
  return { account, transactions, note: `liquidity in ${market} from tick ${lower} to ${upper}` };
}

async function openings(world, random, account) {
  const { kind } = account;
  if (idleKinds.includes(kind)) return [];
  account.market = random.pick(markets);
  account.short = kind === "short" || (kind !== "long" && random.chance(50));
  if (kind === "long_and_short") {
    return markets.map((market, index) => opening(world, random, account, market, (index === 0) === account.short, random.integer(5, 40)));
  }
  const steps = [];
  if (makerKinds.includes(kind)) {
    steps.push(await order(world, random, account, account.market));
    if (random.chance(40)) steps.push(await order(world, random, account, account.market === "ETH" ? "BTC" : "ETH"));
  }
  const takes = !makerKinds.includes(kind) || kind === "maker_and_taker";
  const tenths = kind === "high_leverage" ? random.integer(85, 97) : random.integer(3, 40);
  if (takes) steps.push(opening(world, random, account, account.market, account.short, tenths));
  return steps;
}

async function removal(world, random, account) {
  const { orderBook, clearingHouse, markets: all } = world.perp;
  const base = all[account.market].base.address;
  const [id] = await orderBook.read("getOpenOrderIds", account.user, base);
  if (id === undefined) return [];
  const { liquidity, lowerTick, upperTick } = await orderBook.read("getOpenOrderById", id);
  const percent = random.big(10n, 90n);
  const params = [base, lowerTick, upperTick, (liquidity * percent) / 100n, 0, 0, noDeadline];
  return [{ account, transactions: [clearingHouse.tx(account.user, "removeLiquidity", params)], note: `remove ${percent} % of the order` }];
}

/** What comes later: partial and full closes, flips, withdrawals, removed liquidity. */
async function sequels(world, random, account) {
  const { clearingHouse, vault, accountBalance, markets: all } = world.perp;
  const { kind, user } = account;
  if (kind === "maker_partly_removed") return removal(world, random, account);
  if (kind === "withdrawn") {
    const amount = await vault.read("getFreeCollateralByToken", user, world.tokens.USDC.address);
    const part = random.chance(50) ? amount : amount / 3n;
    return [{ account, transactions: [vault.tx(user, "withdraw", world.tokens.USDC.address, part)], note: `withdraw ${part} USDC` }];
  }
  if (!["closed", "partly_closed", "flipped"].includes(kind)) return [];
  const { base } = all[account.market];
  if (kind === "closed") {
    const params = [base.address, 0, 0, noDeadline, "0x" + "00".repeat(32)];
    return [{ account, transactions: [clearingHouse.tx(user, "closePosition", params)], note: `close ${account.market}` }];
  }
  const size = await accountBalance.read("getTakerPositionSize", user, base.address);
  if (size === 0n) return [];
  const percent = kind === "flipped" ? random.big(110n, 180n) : random.big(5n, 95n);
  const amount = ((size < 0n ? -size : size) * percent) / 100n;
  const transactions = [trade(world, user, base, { short: size > 0n, inBase: true, amount })];
  return [{ account, transactions, note: `trade back ${percent} % of ${account.market}` }];
}

/** Posts prices up to 2 % away from `home`, so that pools and oracles differ and funding accrues. */
async function wiggle(world, random, home) {
  for (const market of markets) {
    const answerRaw = (home[market] * random.big(980n, 1020n)) / 1000n;
    await setPrice(world, { asset: market, answer: answerRaw.toString() });
  }
}

async function randomPerp(world, args) {
  const { random, accounts } = planAccounts("perp", args, kinds);
  const shock = args.shock === undefined ? undefined : parseDecimal(args.shock, 4, "shock");
  if (shock === 0n) throw new Refused("shock: 0 leaves no price");
  const home = {};
  for (const market of markets) home[market] = await world.feeds[market].read("latestAnswer");
  for (const group of chunksOf(accounts, chunk)) {
    const active = group.filter((account) => account.kind !== "unseen");
    await carryOut(world, active.flatMap((account) => deposits(world, random, account)), random.integer(1, 600));
    await wiggle(world, random, home);
    const opened = [];
    for (const account of active) opened.push(...(await openings(world, random, account)));
    await carryOut(world, opened, random.integer(15, 1800));
    const later = [];
    for (const account of active) later.push(...(await sequels(world, random, account)));
    await carryOut(world, later, random.integer(15, 7200));
  }
  let head;
  for (const market of markets) {
    const price = shock === undefined ? home[market] : (home[market] * shock) / 10_000n;
    const move = shock === undefined ? setPrice : moveMarket;
    head = (await move(world, { asset: market, answer: price.toString() })).block;
  }
  return answer(head, accounts.map(({ user, kind, did, refused }) => ({ user, kind, did, refused })));
}

export const randomPerpVerbs = { random_perp: { fields: ["seed", "count", "shock"], run: randomPerp } };
