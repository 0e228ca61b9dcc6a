// Our double of HyperCore: the shapes of what it answers, and that it liquidates where the published rule says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AbiCoder, toBeHex } from "ethers";

import { startServer } from "./harness.mjs";

const coder = AbiCoder.defaultAbiCoder();

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
