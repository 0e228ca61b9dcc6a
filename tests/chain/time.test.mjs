// Block times, snapshots, reorganisations, and the life of the server process.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startServer } from "./harness.mjs";

let chain;
let waited;

before(async () => {
  const started = Date.now();
  chain = await startServer();
  waited = Date.now() - started;
});
after(() => chain.stop());

/** Whether the process runs (a zombie that nobody reaped does not). */
function isAlive(pid) {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, "utf8"));
}

async function gone(pid) {
  for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await sleep(20);
  return !isAlive(pid);
}

test("is ready within 10 s", (context) => {
  context.diagnostic(`ready after ${waited} ms`);
  assert.ok(waited < 10_000);
});

test("stands 7200 s after genesis when ready", async () => {
  assert.deepEqual(chain.ready.block, await chain.block());
  assert.equal(chain.ready.block.timestamp, 1767225600 + 7200);
});

test("mines at the time asked for, the parent's own time included", async () => {
  const { timestamp } = await chain.block();
  assert.equal((await chain.verb("mine", { at: timestamp })).block.timestamp, timestamp);
  assert.equal((await chain.verb("mine", { at: timestamp + 500 })).block.timestamp, timestamp + 500);
  assert.equal((await chain.verb("mine", { blocks: 3 })).block.timestamp, timestamp + 503);
  const early = await chain.post("mine", { at: timestamp });
  assert.equal(early.status, 400);
  assert.match(early.body.error, new RegExp(`mine: at: ${timestamp} is before the head's time ${timestamp + 503}`));
});

test("gives a transaction sent past the control endpoint the next second", async () => {
  const { timestamp } = await chain.verb("warp", { seconds: 1000 }).then((reply) => reply.block);
  await chain.evm.send({ from: chain.ready.accounts[0], to: chain.ready.accounts[1], data: "0x", label: "payment" });
  assert.equal((await chain.block()).timestamp, timestamp + 1);
});

test("warp with refresh leaves every feed fresh", async () => {
  const { block } = await chain.verb("warp", { seconds: 5000, refresh: true });
  for (const name of Object.keys(chain.ready.addresses.feeds)) {
    const data = await chain.rpc.call("eth_call", [{ to: chain.feedAddress(name), data: "0x8205bf6a" }, "latest"]);
    assert.equal(Number(data), block.timestamp, name);
  }
  assert.equal(await chain.priceFeed("ETH").read("getLastValidTimestamp"), BigInt(block.timestamp));
});

test("goes back to a snapshot as often as wanted", async () => {
  const taken = await chain.verb("snapshot");
  const user = chain.ready.accounts[2];
  let { id } = taken;
  for (let round = 0; round < 2; round += 1) {
    await chain.verb("aave_supply", { user, asset: "WETH", amount: "1" });
    assert.equal((await chain.reserve("WETH", user)).currentATokenBalance, 10n ** 18n);
    const back = await chain.verb("revert", { id });
    assert.deepEqual(back.block, taken.block);
    assert.equal((await chain.reserve("WETH", user)).currentATokenBalance, 0n);
    id = back.id;
  }
  assert.equal((await chain.verb("mine")).block.timestamp, taken.block.timestamp + 1);
});

test("a reorganisation keeps the height, changes the hashes and drops the transactions", async () => {
  const user = chain.ready.accounts[3];
  const parent = await chain.block();
  await chain.verb("set_price", { asset: "ETH", price: "3100" });
  await chain.verb("aave_supply", { user, asset: "WETH", amount: "2" });
  const old = [await chain.block("0x" + (parent.number + 1).toString(16)), await chain.block()];
  const { block, replaced } = await chain.verb("reorg", { depth: 2 });
  assert.deepEqual(replaced, old[1]);
  assert.equal(block.number, parent.number + 2);
  const renewed = [await chain.block("0x" + (parent.number + 1).toString(16)), await chain.block()];
  assert.notEqual(renewed[0].hash, old[0].hash);
  assert.notEqual(renewed[1].hash, old[1].hash);
  assert.equal((await chain.block("0x" + parent.number.toString(16))).hash, parent.hash);
  assert.equal(await chain.oracle.read("getAssetPrice", chain.token("WETH")), 3000n * 10n ** 8n);
  assert.equal((await chain.reserve("WETH", user)).currentATokenBalance, 0n);
  await chain.verb("aave_supply", { user, asset: "WETH", amount: "2" });
  assert.equal((await chain.reserve("WETH", user)).currentATokenBalance, 2n * 10n ** 18n);
});

test("a reorganisation of empty blocks changes their hashes too", async () => {
  const { block: old } = await chain.verb("mine", { blocks: 2 });
  const { block } = await chain.verb("reorg", { depth: 2 });
  assert.equal(block.number, old.number);
  assert.notEqual(block.hash, old.hash);
});

test("refuses what it does not know in one sentence", async () => {
  const cases = [
    ["mien", {}, /mien: no verb mien; there are describe, warp, mine/],
    ["warp", { second: 5 }, /warp: unknown field second; warp takes seconds, refresh/],
    ["warp", { seconds: "5" }, /warp: seconds: "5" is no whole number of seconds/],
    ["reorg", { depth: 0 }, /reorg: depth: 0 is no number from 1/],
    ["revert", { id: "0xfff" }, /revert: .*0xfff/],
    ["aave_supply", { user: "0x12", asset: "WETH", amount: "1" }, /user: "0x12" is no address/],
    ["aave_supply", { user: 0, asset: "DOGE", amount: "1" }, /asset: "DOGE" is none of WETH, WBTC, USDC, DAI/],
    ["aave_supply", { user: 0, asset: "USDC", amount: "1.0000001" }, /amount: 1.0000001 has more than 6 digits/],
    ["aave_supply", { user: 0, asset: "USDC", amount: 1 }, /amount: 1 is not a decimal string/],
    ["aave_supply", { user: 0, asset: "USDC" }, /give either amount or amount_raw/],
    ["set_price", { asset: "ETH" }, /give either price or answer/],
    ["perp_open", { user: 0, market: "SOL", side: "long", base: "1" }, /market: "SOL" is none of ETH, BTC/],
  ];
  const before = await chain.block();
  for (const [verb, args, message] of cases) {
    const { status, body } = await chain.post(verb, args);
    assert.equal(status, 400, verb);
    assert.match(body.error, message);
  }
  assert.deepEqual(await chain.block(), before);
});

test("a killed node comes back with the same chain", async () => {
  const user = chain.ready.accounts[5];
  await chain.verb("aave_supply", { user, asset: "WETH", amount: "1" });
  const { block } = await chain.verb("node_down");
  await assert.rejects(chain.block());
  const refused = await chain.post("mine");
  assert.match(refused.body.error, /mine: the node is down; node_up brings it back/);
  assert.deepEqual((await chain.verb("node_up")).block, block);
  assert.deepEqual(await chain.block(), block);
  const call = { to: chain.pool.address, data: chain.pool.encode("getUserAccountData", user) };
  const pinned = await chain.rpc.call("eth_call", [call, { blockHash: block.hash }]);
  assert.equal(pinned, await chain.rpc.call("eth_call", [call, "latest"]));
  assert.equal((await chain.accountData(user)).totalCollateralBase, 3000n * 10n ** 8n);
  await chain.evm.send({ from: chain.ready.accounts[0], to: chain.ready.accounts[1], data: "0x", label: "payment" });
  assert.equal((await chain.block()).timestamp, block.timestamp + 1);
  await chain.evm.send({ from: chain.ready.accounts[0], to: chain.ready.accounts[1], data: "0x", label: "payment" });
  assert.equal((await chain.block()).timestamp, block.timestamp + 2);
});

test("a hanging node accepts connections and answers nothing until it is back", async () => {
  const { block } = await chain.verb("node_down", { hang: true });
  const answer = chain.block();
  assert.equal(await Promise.race([answer, sleep(300, "silence")]), "silence");
  await chain.verb("node_up");
  assert.deepEqual(await answer, block);
});

test("follows the wall clock when asked to", async () => {
  const now = Math.floor(Date.now() / 1000);
  const paced = await startServer("--head", String(now), "--block-time", "1");
  try {
    assert.equal(paced.ready.block.timestamp, now);
    for (let tries = 0; tries < 200 && (await paced.block()).number < paced.ready.block.number + 2; tries += 1) await sleep(25);
    const head = await paced.block();
    assert.ok(head.number >= paced.ready.block.number + 2, "blocks come by themselves");
    assert.ok(Math.abs(head.timestamp - Date.now() / 1000) < 10, "near the wall clock");
  } finally {
    await paced.stop();
  }
});

test("ends with its parent's stdin and takes Anvil along", async () => {
  const other = await startServer();
  assert.ok(isAlive(other.ready.anvil_pid));
  assert.deepEqual(await other.stop(), { code: 0, signal: null });
  assert.ok(await gone(other.ready.anvil_pid));
});

test("leaves no Anvil behind when it is killed", async () => {
  const other = await startServer();
  other.child.kill("SIGKILL");
  await other.exited;
  other.rpc.close();
  assert.ok(await gone(other.ready.anvil_pid));
});

test("ends when Anvil ends", async () => {
  const other = await startServer();
  process.kill(other.ready.anvil_pid, "SIGKILL");
  assert.equal((await other.exited).code, 1);
  other.rpc.close();
});
