// The Aave verbs against Aave's own views.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { near, startServer } from "./harness.mjs";

let chain;
before(async () => (chain = await startServer()));
after(() => chain.stop());

const usd = (units) => BigInt(units) * 10n ** 8n;

/** A second's interest on the sums used here is less than a hundredth of a cent each. */
const interest = 10n ** 6n;

test("the reserves are configured as published", async () => {
  const expected = { WETH: [18n, 8000n, 8250n, 10500n], WBTC: [8n, 7300n, 7800n, 10600n], USDC: [6n, 7700n, 8000n, 10450n] };
  for (const [symbol, values] of Object.entries(expected)) {
    const config = await chain.dataProvider.read("getReserveConfigurationData", chain.token(symbol));
    assert.deepEqual([config.decimals, config.ltv, config.liquidationThreshold, config.liquidationBonus], values, symbol);
    assert.ok(config.borrowingEnabled);
  }
  assert.equal(await chain.pool.read("POOL_REVISION"), 1n);
});

test("supplies, borrows, repays and withdraws", async () => {
  const user = chain.ready.accounts[0];
  await chain.verb("aave_supply", { user: 0, asset: "WETH", amount: "10" });
  await chain.verb("aave_supply", { user: 0, asset: "WBTC", amount_raw: "50000000" });
  const { block } = await chain.verb("aave_borrow", { user: 0, asset: "USDC", amount: "20000" });
  const data = await chain.accountData(user);
  near(data.totalCollateralBase, usd(60_000), interest);
  near(data.totalDebtBase, usd(20_000), interest);
  // (30,000 * 82.5 % + 30,000 * 78 %) / 20,000.
  near(data.healthFactor, 2407500000000000000n, 10n ** 14n);
  const repaid = await chain.verb("aave_repay", { user: 0, asset: "USDC", amount: "max", at: block.timestamp });
  assert.equal(repaid.block.timestamp, block.timestamp);
  assert.equal((await chain.accountData(user)).totalDebtBase, 0n);
  await chain.verb("aave_withdraw", { user: 0, asset: "WETH", amount: "max" });
  near((await chain.accountData(user)).totalCollateralBase, usd(30_000), interest);
});

test("names the user's refusal", async () => {
  const { status, body } = await chain.post("aave_borrow", { user: 1, asset: "USDC", amount: "1" });
  assert.equal(status, 400);
  assert.equal(body.error, "aave_borrow: borrow reverted: 34");
});

test("serves addresses that nobody prepared", async () => {
  const user = "0x00000000000000000000000000000000DeaDBeef";
  await chain.verb("aave_supply", { user, asset: "DAI", amount: "5" });
  assert.equal((await chain.accountData(user)).totalCollateralBase, usd(5));
});

test("switches collateral and e-mode", async () => {
  const user = chain.ready.accounts[2];
  await chain.verb("aave_supply", { user, asset: "DAI", amount: "100" });
  await chain.verb("aave_set_collateral", { user, asset: "DAI", enabled: false });
  assert.equal((await chain.accountData(user)).totalCollateralBase, 0n);
  await chain.verb("aave_set_collateral", { user, asset: "DAI", enabled: true });
  assert.equal((await chain.accountData(user)).currentLiquidationThreshold, 7700n);
  await chain.verb("aave_emode", { user, category: 1 });
  assert.equal((await chain.accountData(user)).currentLiquidationThreshold, 9750n);
});

test("interest accrues", async () => {
  const user = chain.ready.accounts[3];
  await chain.verb("aave_supply", { user, asset: "WETH", amount: "10" });
  await chain.verb("aave_borrow", { user, asset: "USDC", amount: "1000" });
  await chain.verb("warp", { seconds: 30 * 86_400, refresh: true });
  const { currentVariableDebt } = await chain.reserve("USDC", user);
  assert.ok(currentVariableDebt > 1_001_000_000n && currentVariableDebt < 1_010_000_000n, String(currentVariableDebt));
});

test("sets a price at an exact time and liquidates on the right side of it", async () => {
  const user = chain.ready.accounts[4];
  await chain.verb("aave_supply", { user, asset: "WETH", amount: "1" });
  const { block } = await chain.verb("aave_borrow", { user, asset: "DAI", amount: "2000" });
  const at = block.timestamp + 100;
  // Above 2000 DAI / 82.5 % = 2424.24 the account is safe.
  const safe = await chain.verb("set_price", { asset: "WETH", answer: "242500000000", at });
  assert.equal(safe.block.timestamp, at);
  assert.ok((await chain.accountData(user)).healthFactor >= 10n ** 18n);
  const early = await chain.post("aave_liquidate", { user, collateral: "WETH", debt: "DAI", amount: "max" });
  assert.equal(early.body.error, "aave_liquidate: liquidationCall reverted: 45");
  await chain.verb("set_price", { asset: "WETH", price: "2424" });
  const taken = await chain.verb("aave_liquidate", { user, collateral: "WETH", debt: "DAI", amount: "500" });
  assert.equal(taken.debt_covered_raw, (500n * 10n ** 18n).toString());
  // 500 / 2424 WETH and 5 % more.
  assert.equal(taken.collateral_seized_raw.slice(0, 6), "216584");
  await chain.verb("set_price", { asset: "WETH", price: "3000" });
});

test("a price of zero makes the views of that asset's holders revert, and no others", async () => {
  const [holder, other] = chain.ready.accounts.slice(5, 7);
  await chain.verb("aave_supply", { user: holder, asset: "DAI", amount: "1" });
  await chain.verb("aave_supply", { user: other, asset: "WETH", amount: "1" });
  await chain.verb("set_price", { asset: "DAI", answer: "0" });
  await assert.rejects(chain.accountData(holder), /execution reverted/);
  await assert.rejects(chain.oracle.read("getAssetsPrices", [chain.token("DAI"), chain.token("WETH")]), /execution reverted/);
  near((await chain.accountData(other)).totalCollateralBase, usd(3000), interest);
  await chain.verb("set_price", { asset: "DAI", price: "1" });
  near((await chain.accountData(holder)).totalCollateralBase, usd(1), interest);
});

test("random accounts cover the states that matter", async () => {
  const { accounts, refused } = await chain.verb("random_aave", { seed: 3, count: 44 });
  assert.equal(accounts.length, 44);
  assert.equal(new Set(accounts.map((one) => one.user)).size, 44);
  assert.equal(refused, accounts.reduce((sum, one) => sum + one.refused.length, 0));
  const seen = { unseen: 0, debtFree: 0, indebted: 0, disabled: 0, emode: 0, near: 0, liquidated: 0 };
  for (const { user, kind, did } of accounts) {
    const data = await chain.accountData(user);
    if (data.totalCollateralBase === 0n && data.totalDebtBase === 0n && kind === "unseen") seen.unseen += 1;
    if (data.totalCollateralBase > 0n && data.totalDebtBase === 0n) seen.debtFree += 1;
    if (data.totalDebtBase > 0n) seen.indebted += 1;
    if ((await chain.pool.read("getUserEMode", user)) === 1n) seen.emode += 1;
    if (did.some((note) => note.startsWith("disable"))) seen.disabled += 1;
    if (kind === "near_limit" && data.healthFactor < 12n * 10n ** 17n) seen.near += 1;
    if (did.some((note) => note.startsWith("liquidated"))) seen.liquidated += 1;
  }
  for (const [state, count] of Object.entries(seen)) assert.ok(count > 0, `${state}: ${JSON.stringify(seen)}`);
  assert.ok(refused < 10, `${refused} refused`);
});
