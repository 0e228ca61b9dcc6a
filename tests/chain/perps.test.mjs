// Our doubles of HyperCore, GMX V2, Ostium and gTrade: the shapes of what they answer, and that they liquidate where the published rules say.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AbiCoder, keccak256, toBeHex } from "ethers";

import { compiled } from "./artifacts.mjs";
import { startServer } from "./harness.mjs";

const coder = AbiCoder.defaultAbiCoder();
const usd = (dollars) => BigInt(dollars) * 10n ** 30n;

test("precompiles answer without selectors, in whole words, and burn the gas of a bad index", async () => {
  const chain = await startServer("--with", "hyperliquid");
  try {
    const [user] = chain.ready.accounts;
    const ask = (number, types, values, gas) =>
      chain.rpc.call("eth_call", [{ to: toBeHex(number, 20), data: coder.encode(types, values), ...(gas && { gas }) }, "latest"]);
    const send = (...calls) => chain.verb("hyperliquid_send", { calls });
    await send({ method: "setCash", args: [0, user, "10000000000"] }, { method: "trade", args: [user, 1, 200000, 5] });
    const position = await ask(0x800, ["address", "uint16"], [user, 1]);
    assert.deepEqual([...coder.decode(["int64", "uint64", "int64", "uint32", "bool"], position)], [200000n, 60000000000n, 0n, 5n, false]);
    assert.equal(position.length, 2 + 2 * 160);
    const info = await ask(0x80a, ["uint32"], [10002]);
    const [fields] = coder.decode(["tuple(string,uint32,uint8,uint8,bool)"], info);
    assert.deepEqual([...fields], ["NVDA", 10n, 3n, 10n, false]);
    const summary = coder.decode(["int64", "uint64", "uint64", "int64"], await ask(0x80f, ["uint32", "address"], [0, user]));
    assert.deepEqual([...summary], [10000000000n, 0n, 60000000000n, -50000000000n]);
    await assert.rejects(ask(0x80a, ["uint32"], [99], "0x186a0"));
    const [refused] = (await send({ method: "liquidate", args: [user, 0], mayFail: true })).refused;
    assert.match(refused, /not liquidatable/);
  } finally {
    await chain.stop();
  }
});

test("a position of GMX reads as 66 or 67 words and is liquidated below its least collateral", async () => {
  const chain = await startServer("--with", "gmx_v2");
  try {
    const { data_store, reader: at, markets, price_provider } = chain.ready.addresses.gmx_v2;
    const [user] = chain.ready.accounts;
    const [weth, usdc] = [chain.token("WETH"), chain.token("USDC")];
    const reader = chain.evm.contract(at, compiled("gmx_v2", "Reader"));
    const provider = chain.evm.contract(price_provider, compiled("gmx_v2", "ChainlinkPriceFeedProvider"));
    const send = (...calls) => chain.verb("gmx_send", { calls });
    const price = 3000n * 10n ** 12n;
    const [, low, high] = await provider.read("getOraclePrice", weth, "0x");
    assert.deepEqual([low, high], [price, price]);
    await send({ contract: "store", method: "open", args: [user, markets.ETH, usdc, true, String(usd(100000)), "10000000000", String(price)] });
    const prices = (eth) => [[eth, eth], [eth, eth], [10n ** 24n, 10n ** 24n]];
    const text = (eth) => prices(eth).map((pair) => pair.map(String));
    const key = coder.encode(["address", "address", "address", "bool"], [user, markets.ETH, usdc, true]);
    for (const words of [66, 67]) {
      await send({ contract: "reader", method: "setWords", args: [words] });
      const data = reader.encode("getPositionInfoList", data_store, user, [keccak256(key)], [prices(price)], user);
      const reply = await chain.rpc.call("eth_call", [{ to: at, data }, "latest"]);
      assert.equal(reply.length, 2 + 64 * (2 + words));
      assert.equal(BigInt("0x" + reply.slice(2 + 64 * (2 + 4), 2 + 64 * (2 + 5))), usd(100000));
    }
    const [yes] = await reader.read("isPositionLiquidatable", data_store, user, keccak256(key), [markets.ETH, weth, weth, usdc], prices(price), true, true);
    assert.equal(yes, false);
    const liquidate = async (eth) => (await send({ contract: "reader", method: "executeLiquidation", args: [data_store, keccak256(key), text(eth)], mayFail: true })).refused[0];
    // 10,000 + 33.33 P - 100,000 < 1,000 below 2,730 and a hair, since the tokens were rounded down.
    assert.match(await liquidate(2731n * 10n ** 12n), /PositionShouldNotBeLiquidated/);
    assert.equal(await liquidate(2729n * 10n ** 12n), null);
  } finally {
    await chain.stop();
  }
});

test("a trade of Ostium reads as 9 words and is liquidated where its value is the margin", async () => {
  const chain = await startServer("--with", "ostium");
  try {
    const { trading_storage: at, pairs } = chain.ready.addresses.ostium;
    const [user] = chain.ready.accounts;
    const ostium = chain.evm.contract(at, compiled("ostium_doubles", "Ostium"));
    const send = (...calls) => chain.verb("ostium_send", { calls });
    const price = (dollars) => BigInt(dollars) * 10n ** 18n;
    const eth = pairs["ETH/USD"];
    await send({ method: "open", args: [user, eth, 2, true, "1000000000", 2000, String(price(3000))] });
    const reply = await chain.rpc.call("eth_call", [{ to: at, data: ostium.encode("getOpenTrade", user, eth, 2) }, "latest"]);
    assert.equal(reply.length, 2 + 64 * 9);
    // 3,000 - 3,000 x (1 - 25 % x 20 / 100) / 20, and a millionth of rollover.
    const at_price = await ostium.read("getTradeLiquidationPrice", user, eth, 2, price(3000), true, 1_000_000_000n, 2000, 10_000);
    assert.equal(at_price, 2857500000150000000000n);
    const order = (value) => ({ method: "executeLiquidation", args: [user, eth, 2, String(value)], mayFail: true });
    assert.match((await send(order(price(2858)))).refused[0], /not hit/);
    assert.deepEqual((await send(order(price(2857)))).refused, [null]);
    assert.equal(await ostium.read("openTradesCount", user, eth), 0n);
  } finally {
    await chain.stop();
  }
});

test("a trade of gTrade reads as 15 words and is liquidated at its price of liquidation", async () => {
  const chain = await startServer("--with", "gtrade");
  try {
    const { diamond: at, pairs, collaterals } = chain.ready.addresses.gtrade;
    const [user] = chain.ready.accounts;
    const diamond = chain.evm.contract(at, compiled("gtrade_doubles", "Diamond"));
    const send = (...calls) => chain.verb("gtrade_send", { calls });
    const price = (dollars) => BigInt(dollars) * 10n ** 10n;
    const params = ["500000000", "900000000000", "800000000000", 50000, 150000];
    const trade = [user, 0, pairs["ETH/USD"], 10000, true, true, collaterals.USDC, 0, "10000000000", String(price(3000)), 0, 0, false, 0, 0];
    await send({ method: "store", args: [trade, 2, params] });
    const reply = await chain.rpc.call("eth_call", [{ to: at, data: diamond.encode("getTrades", user) }, "latest"]);
    assert.equal(reply.length, 2 + 64 * (2 + 15));
    // 3,000 - 3,000 x (9,000 - 60) / 10,000 / 10, the closing fee being 0.06 % of 100,000.
    const input = [1, user, 1, 0, price(3000), true, 10_000_000_000n, 10_000n, 0n, params, price(3000), false, 10n ** 18n, false];
    assert.equal(await diamond.read("getTradeLiquidationPrice", input), 27318000000000n);
    const order = (value) => ({ method: "executeLiquidation", args: [user, 0, String(value)], mayFail: true });
    assert.match((await send(order(27318000000001n))).refused[0], /not hit/);
    assert.deepEqual((await send(order(27318000000000n))).refused, [null]);
  } finally {
    await chain.stop();
  }
});
