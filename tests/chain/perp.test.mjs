// The Perp V2 verbs and the market moves against the protocol's own views.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { near, startServer } from "./harness.mjs";

let chain;
before(async () => (chain = await startServer()));
after(() => chain.stop());

const ether = 10n ** 18n;

/** The averages are of whole ticks, rounded down: a mark may stand 0.01 % below the pool's price. */
const nearTick = (actual, expected) => near(actual, expected, expected / 10_000n);

const base = (market) => chain.ready.addresses.perp.base_tokens[market];

test("the marks stand at the oracles' prices", async () => {
  nearTick(await chain.accountBalance.read("getMarkPrice", base("ETH")), 3000n * ether);
  nearTick(await chain.accountBalance.read("getMarkPrice", base("BTC")), 60000n * ether);
  assert.equal(await chain.base("ETH").read("getIndexPrice", 900), 3000n * ether);
});

test("deposits, opens, reduces, closes and withdraws", async () => {
  const user = chain.ready.accounts[0];
  await chain.verb("perp_deposit", { user: 0, asset: "USDC", amount: "10000" });
  await chain.verb("perp_deposit", { user: 0, asset: "WETH", amount: "1" });
  assert.equal(await chain.vault.read("getBalanceByToken", user, chain.token("USDC")), 10_000_000_000n);
  assert.equal(await chain.vault.read("getBalanceByToken", user, chain.token("WETH")), ether);
  const short = await chain.verb("perp_open", { user: 0, market: "ETH", side: "short", base: "3" });
  assert.equal(short.size_raw, (-3n * ether).toString());
  const long = await chain.verb("perp_open", { user: 0, market: "BTC", side: "long", quote: "6000" });
  near(BigInt(long.size_raw), ether / 10n, ether / 1000n);
  const reduced = await chain.verb("perp_reduce", { user: 0, market: "ETH", fraction: "0.5" });
  assert.equal(reduced.size_raw, (-15n * 10n ** 17n).toString());
  assert.equal((await chain.verb("perp_reduce", { user: 0, market: "ETH", base: "0.5" })).size_raw, (-ether).toString());
  assert.equal((await chain.verb("perp_close", { user: 0, market: "ETH" })).size_raw, "0");
  assert.equal((await chain.verb("perp_close", { user: 0, market: "BTC" })).size_raw, "0");
  assert.equal(await chain.position("ETH", user), 0n);
  await chain.verb("perp_withdraw", { user: 0, asset: "WETH", amount: "max" });
  assert.equal(await chain.vault.read("getBalanceByToken", user, chain.token("WETH")), 0n);
});

test("executes at the parent's timestamp, so that promised values can be met exactly", async () => {
  await chain.verb("perp_deposit", { user: 1, asset: "USDC", amount: "1000" });
  const { block } = await chain.verb("perp_open", { user: 1, market: "ETH", side: "long", base: "1" });
  const again = await chain.verb("perp_deposit", { user: 1, asset: "USDC", amount: "100", at: block.timestamp });
  assert.equal(again.block.timestamp, block.timestamp);
  assert.equal(again.block.number, block.number + 1);
});

test("makes and removes liquidity", async () => {
  const user = chain.ready.accounts[2];
  await chain.verb("perp_deposit", { user, asset: "USDC", amount: "100000" });
  const order = { user, market: "ETH", base: "10", quote: "30000" };
  const { lower_tick: lower, upper_tick: upper } = await chain.verb("perp_add_liquidity", { ...order, lower_price: "2700", upper_price: "3300" });
  assert.equal(lower % 60, 0);
  const { liquidity } = await chain.orderBook.read("getOpenOrder", user, base("ETH"), lower, upper);
  assert.ok(liquidity > 0n);
  await chain.verb("perp_remove_liquidity", { user, market: "ETH", fraction: "0.25" });
  const left = await chain.orderBook.read("getOpenOrder", user, base("ETH"), lower, upper);
  near(left.liquidity, (liquidity * 3n) / 4n, 1n);
  await chain.verb("perp_remove_liquidity", { user, market: "ETH" });
  assert.equal(await chain.accountBalance.read("hasOrder", user), false);
});

test("names the protocol's refusal", async () => {
  const { status, body } = await chain.post("perp_open", { user: 3, market: "ETH", side: "long", base: "1" });
  assert.equal(status, 400);
  assert.equal(body.error, "perp_open: openPosition reverted: CH_NEFCI");
  const close = await chain.post("perp_close", { user: 3, market: "ETH" });
  assert.equal(close.body.error, "perp_close: closePosition reverted: CH_PSZ");
});

test("the keeper takes a price over in the same block, and leaves it when told to", async () => {
  const feed = chain.priceFeed("ETH");
  const moved = await chain.verb("set_price", { asset: "ETH", price: "3010" });
  assert.ok(moved.feed_updated);
  assert.equal(await feed.read("getLastValidPrice"), 3010n * 10n ** 8n);
  assert.equal(await feed.read("getLastValidTimestamp"), BigInt(moved.block.timestamp));
  const silent = await chain.verb("set_price", { asset: "ETH", price: "3000", keeper: false });
  assert.equal(silent.feed_updated, false);
  assert.equal(await feed.read("getLastValidPrice"), 3010n * 10n ** 8n);
  assert.equal(await chain.oracle.read("getAssetPrice", chain.token("WETH")), 3000n * 10n ** 8n);
  assert.ok((await chain.verb("set_price", { asset: "ETH", price: "3000" })).feed_updated);
  const broken = await chain.post("set_price", { asset: "ETH", answer: "-5" });
  assert.equal(broken.body.feed_updated, false);
  await chain.verb("set_price", { asset: "ETH", price: "3000" });
});

test("a market moves 25 % up and 40 % down with every average, and a position follows it to liquidation", async () => {
  const user = chain.ready.accounts[4];
  await chain.verb("perp_deposit", { user, asset: "USDC", amount: "10000" });
  await chain.verb("perp_open", { user, market: "ETH", side: "short", base: "10" });
  const early = await chain.post("perp_liquidate", { user, market: "ETH" });
  assert.equal(early.body.error, "perp_liquidate: liquidate(address,address) reverted: CH_EAV");
  const up = await chain.verb("move_market", { asset: "ETH", price: "3750" });
  assert.ok(up.pool_blocks >= 3);
  nearTick(await chain.accountBalance.read("getMarkPrice", base("ETH")), 3750n * ether);
  const value = await chain.clearingHouse.read("getAccountValue", user);
  near(value, 2400n * ether, 150n * ether);
  await chain.verb("move_market", { asset: "ETH", price: "3850" });
  const { size_raw: left } = await chain.verb("perp_liquidate", { user, market: "ETH" });
  near(BigInt(left), -5n * ether, 5n * ether);
  assert.ok(BigInt(left) > -10n * ether);
  await chain.verb("move_market", { asset: "ETH", price: "2310" });
  nearTick(await chain.accountBalance.read("getMarkPrice", base("ETH")), 2310n * ether);
  await chain.verb("move_market", { asset: "ETH", price: "3000" });
});

test("collateral is sold at a discount while the trader owes too much, and not before", async () => {
  const user = chain.ready.accounts[9];
  await chain.verb("perp_deposit", { user, asset: "WETH", amount: "20" });
  await chain.verb("perp_open", { user, market: "BTC", side: "short", base: "1" });
  const sale = { user, asset: "WETH" };
  const early = await chain.post("perp_liquidate_collateral", { ...sale, amount: "1" });
  assert.equal(early.body.error, "perp_liquidate_collateral: liquidateCollateral reverted: V_NL");
  await chain.verb("move_market", { asset: "BTC", price: "78000" });
  assert.ok(await chain.vault.read("isLiquidatable", user));
  const owed = -(await chain.vault.read("getBalance", user));
  const one = await chain.verb("perp_liquidate_collateral", { ...sale, amount: "1" });
  // A tenth off 3000; 3 % of it to the insurance fund.
  assert.equal(one.collateral_sold_raw, ether.toString());
  assert.equal(BigInt(one.debt_repaid_raw) + BigInt(one.fund_fee_raw), 2700_000_000n);
  assert.equal(one.fund_fee_raw, "81000000");
  assert.equal(await chain.vault.read("getBalance", user), 2619_000_000n - owed);
  const paid = await chain.verb("perp_liquidate_collateral", { ...sale, usdc: "540" });
  assert.equal(paid.collateral_sold_raw, (ether / 5n).toString());
  const [most, sold] = await chain.vault.read("getMaxRepaidSettlementAndLiquidatableCollateral", user, chain.token("WETH"));
  const rest = await chain.verb("perp_liquidate_collateral", { ...sale, amount: "max" });
  assert.equal(rest.collateral_sold_raw, sold.toString());
  assert.equal(BigInt(rest.debt_repaid_raw) + BigInt(rest.fund_fee_raw), most);
  const greedy = await chain.post("perp_liquidate_collateral", { ...sale, amount: "19" });
  assert.match(greedy.body.error, /V_NL|V_MCAE/);
  await chain.verb("move_market", { asset: "BTC", price: "60000" });
});

test("the vault takes what its cap leaves", async () => {
  const { id } = await chain.verb("snapshot");
  for (const [asset, refusal] of [["USDC", "V_GTSTBC"], ["WETH", "V_GTDC"]]) {
    await chain.verb("perp_deposit_cap", { asset, amount: "5" });
    const { body } = await chain.post("perp_deposit", { user: 10, asset, amount: "5.000001" });
    assert.equal(body.error, `perp_deposit: deposit reverted: ${refusal}`);
    await chain.verb("perp_deposit", { user: 10, asset, amount: "5" });
  }
  await chain.verb("revert", { id });
});

test("random accounts cover the states that matter", async () => {
  const { accounts, refused } = await chain.verb("random_perp", { seed: 5, count: 51, shock: "0.85" });
  assert.equal(accounts.length, 51);
  const seen = { unseen: 0, long: 0, short: 0, maker: 0, weth: 0, both: 0, negative: 0, liquidatable: 0 };
  for (const { user, kind } of accounts) {
    const sizes = [await chain.position("ETH", user), await chain.position("BTC", user)];
    const value = await chain.clearingHouse.read("getAccountValue", user);
    if (kind === "unseen" && value === 0n) seen.unseen += 1;
    if (sizes.some((size) => size > 0n)) seen.long += 1;
    if (sizes.some((size) => size < 0n)) seen.short += 1;
    if (sizes.every((size) => size !== 0n)) seen.both += 1;
    if (await chain.accountBalance.read("hasOrder", user)) seen.maker += 1;
    if ((await chain.vault.read("getBalanceByToken", user, chain.token("WETH"))) > 0n) seen.weth += 1;
    if (value < 0n) seen.negative += 1;
    if (value < (await chain.accountBalance.read("getMarginRequirementForLiquidation", user))) seen.liquidatable += 1;
  }
  for (const [state, count] of Object.entries(seen)) assert.ok(count > 0, `${state}: ${JSON.stringify(seen)}`);
  assert.ok(refused < 10, `${refused} refused`);
});

test("without the keeper a long-standing price makes the views of one market revert", async () => {
  const [inEth, inBtc] = chain.ready.accounts.slice(6, 8);
  for (const [user, market] of [[inEth, "ETH"], [inBtc, "BTC"]]) {
    await chain.verb("perp_deposit", { user, asset: "USDC", amount: "5000" });
    await chain.verb("perp_open", { user, market, side: "long", quote: "4000" });
  }
  const { id } = await chain.verb("snapshot");
  await chain.verb("set_price", { asset: "ETH", price: "900", keeper: false });
  await chain.verb("warp", { seconds: 3000 });
  await assert.rejects(chain.clearingHouse.read("getAccountValue", inEth), /SafeMath: subtraction overflow/);
  near(await chain.clearingHouse.read("getAccountValue", inBtc), 5000n * ether, 100n * ether);
  await chain.verb("revert", { id });
  near(await chain.clearingHouse.read("getAccountValue", inEth), 5000n * ether, 100n * ether);
});

test("the owner pauses and closes a market", async () => {
  await chain.verb("perp_market", { market: "BTC", action: "pause" });
  assert.ok(await chain.base("BTC").read("isPaused"));
  const { body } = await chain.post("perp_open", { user: 0, market: "BTC", side: "long", base: "1" });
  assert.equal(body.error, "perp_open: openPosition reverted: CH_MNO");
  await chain.verb("perp_market", { market: "BTC", action: "close", price: "50000" });
  assert.equal(await chain.base("BTC").read("getClosedPrice"), 50000n * ether);
});
