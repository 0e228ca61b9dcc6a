// Our double of a comet: the ABI that it shares with the real one, and that supplying, borrowing and absorbing do what they say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { Interface } from "ethers";

import { compiled } from "./artifacts.mjs";
import { startServer } from "./harness.mjs";
import { modules } from "./setup.mjs";

const published = JSON.parse(readFileSync(path.join(modules, "@compound-finance/compound-js/dist/nodejs/comet-artifacts/comet-constants.json"), "utf8")).abi;
const double = compiled("compound_double", "CometDouble");

/** Of the double alone. */
const own = ["pauseAbsorb"];

test("every function, event and error of the double is the published comet's", () => {
  const real = new Interface(published);
  const ours = new Interface(double.abi);
  const outputs = (fragment) => fragment.outputs.map((output) => output.format("sighash")).join();
  let compared = 0;
  ours.forEachFunction((fragment) => {
    if (own.includes(fragment.name)) return;
    const other = real.getFunction(fragment.format("sighash"));
    assert.ok(other, fragment.format("sighash"));
    assert.equal(outputs(fragment), outputs(other), fragment.name);
    compared += 1;
  });
  ours.forEachEvent((fragment) => {
    const other = real.getEvent(fragment.format("sighash"));
    assert.ok(other, fragment.format("sighash"));
    assert.deepEqual(fragment.inputs.map(({ indexed }) => indexed), other.inputs.map(({ indexed }) => indexed), fragment.name);
    compared += 1;
  });
  assert.ok(compared > 30, `${compared} compared`);
});

test("an account borrows, falls and is absorbed", async () => {
  const chain = await startServer("--with", "compound");
  try {
    const comet = chain.evm.contract(chain.ready.addresses.compound.USDC.comet, double);
    const [user] = chain.ready.accounts;
    await chain.verb("compound_supply", { user: 0, comet: "USDC", asset: "WETH", amount: "10" });
    assert.match((await chain.post("compound_withdraw", { user: 0, comet: "USDC", asset: "USDC", amount: "24751" })).body.error, /reverted/);
    await chain.verb("compound_withdraw", { user: 0, comet: "USDC", asset: "USDC", amount: "24700" });
    assert.equal(await comet.read("isLiquidatable", user), false);
    await chain.verb("set_price", { asset: "ETH", price: "2700" });
    assert.equal(await comet.read("isLiquidatable", user), true);
    await chain.verb("compound_absorb", { user: 0, comet: "USDC" });
    assert.equal(await comet.read("borrowBalanceOf", user), 0n);
    // 10 x 2700 x 95 % is credited: some 950 more than was owed.
    const left = await comet.read("balanceOf", user);
    assert.ok(left > 940_000_000n && left < 950_100_000n, String(left));
  } finally {
    await chain.stop();
  }
});
