// Morpho Blue on the local chain, and what `serve --with` adds: the real contract's own words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { compiled } from "./artifacts.mjs";
import { startServer } from "./harness.mjs";

const defaultHash = "0x99260acf7966a557c55d352db474fb023663bc86198aeefe4ff6dc2ea0a04909";

test("a chain without the option keeps its block hashes, and knows no verb of another protocol", async () => {
  const chain = await startServer();
  try {
    assert.equal(chain.ready.block.hash, defaultHash);
    assert.equal(chain.ready.addresses.morpho, undefined);
    assert.match((await chain.post("morpho_accrue", { market: "WETH/USDC" })).body.error, /no verb morpho_accrue/);
  } finally {
    await chain.stop();
  }
});

test("an unknown protocol is refused", async () => {
  await assert.rejects(startServer("--with", "nothing"), /no protocol nothing; there are/);
});

test("a position is lent, accrues, falls and is liquidated", async () => {
  const chain = await startServer("--with", "morpho");
  try {
    const { morpho: address, markets } = chain.ready.addresses.morpho;
    const morpho = chain.evm.contract(address, compiled("morpho", "Morpho"));
    const [user] = chain.ready.accounts;
    const market = "WETH/USDC";
    await chain.verb("morpho_supply_collateral", { user: 0, market, amount: "10" });
    const { error } = (await chain.post("morpho_borrow", { user: 0, market, amount: "25801" })).body;
    assert.match(error, /insufficient collateral/);
    await chain.verb("morpho_borrow", { user: 0, market, amount: "25000" });
    const before = await morpho.read("market", markets[market].id);
    await chain.verb("warp", { seconds: 86_400 });
    await chain.verb("morpho_accrue", { market });
    const after = await morpho.read("market", markets[market].id);
    assert.ok(after.totalBorrowAssets > before.totalBorrowAssets);
    assert.match((await chain.post("morpho_liquidate", { user: 0, market, seized_raw: "1" })).body.error, /position is healthy/);
    await chain.verb("set_price", { asset: "ETH", price: "2500" });
    // All of the collateral goes, and what it does not pay for is the lenders' loss.
    const { bad_debt_raw: lost } = await chain.verb("morpho_liquidate", { user: 0, market, seized_raw: (10n ** 19n).toString() });
    assert.ok(BigInt(lost) > 0n);
    assert.deepEqual([...(await morpho.read("position", markets[market].id, user))], [0n, 0n, 0n]);
  } finally {
    await chain.stop();
  }
});

test("a pre-liquidation contract that the user authorised acts before the market's limit", async () => {
  const chain = await startServer("--with", "morpho");
  try {
    const market = "WETH/USDC";
    await chain.verb("morpho_supply_collateral", { user: 1, market, amount: "10" });
    await chain.verb("morpho_borrow", { user: 1, market, amount: "24900" });
    const refused = await chain.post("morpho_pre_liquidate", { user: 1, market, seized_raw: (10n ** 18n).toString() });
    assert.match(refused.body.error, /unauthorized/);
    await chain.verb("morpho_authorize", { user: 1, market });
    await chain.verb("morpho_pre_liquidate", { user: 1, market, seized_raw: (10n ** 18n).toString() });
  } finally {
    await chain.stop();
  }
});
