// Verbs that take the node away and bring it back, on the same port and with the same chain.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

import { startAnvil } from "../anvil.mjs";
import { Refused } from "../chain_error.mjs";
import { cache } from "../setup.mjs";
import { flagOf } from "./fields.mjs";

/** Whether every thread of the process has obeyed SIGSTOP: they do so one by one. */
function isStopped(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")));
}

/** Kills the node, or with `hang` stops it: connections are then accepted and nothing answers. */
async function nodeDown(world, args) {
  const hang = flagOf(args, "hang", false);
  const block = await world.evm.head();
  if (hang) {
    process.kill(world.anvil.pid, "SIGSTOP");
    while (!isStopped(world.anvil.pid)) await sleep(1);
    world.down = { hang };
    return { block };
  }
  const state = await world.evm.rpc.call("anvil_dumpState");
  world.down = { hang, state, genesis: Number((await world.evm.rpc.call("eth_getBlockByNumber", ["0x0", false])).timestamp) };
  await world.anvil.stop();
  return { block };
}

/** Brings the node back: same head, same hashes; a killed one has forgotten the states of older blocks. */
async function nodeUp(world) {
  const { down } = world;
  if (down === undefined) throw new Refused("the node is up");
  if (down.hang) {
    process.kill(world.anvil.pid, "SIGCONT");
  } else {
    const file = path.join(cache, `state-${process.pid}.json`);
    mkdirSync(cache, { recursive: true });
    writeFileSync(file, gunzipSync(Buffer.from(down.state.slice(2), "hex")));
    try {
      const port = Number(new URL(world.anvil.url).port);
      world.anvil = await startAnvil({ port, chainId: world.chainId, genesis: down.genesis, state: file, onLost: world.onLost });
    } finally {
      rmSync(file);
    }
    world.evm.rpc = world.anvil.rpc;
    await world.evm.keepClock();
  }
  world.down = undefined;
  return { block: await world.evm.head() };
}

export const nodeVerbs = {
  node_down: { fields: ["hang"], run: nodeDown },
  node_up: { fields: [], run: nodeUp, whileDown: true },
};
