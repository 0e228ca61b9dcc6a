// Starts the native Anvil and makes sure that it never outlives this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Refused } from "./chain_error.mjs";
import { Rpc } from "./rpc.mjs";
import { anvilBinary } from "./setup.mjs";

export const defaultChainId = 31337;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Waits until the node answers; the process must still be alive then, else another node owns the port. */
async function waitUntilReady(child, rpc, port, fresh) {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Refused(`Anvil did not start on port ${port}: ${child.lastWords.trim() || "exit " + child.exitCode}`);
    }
    try {
      const number = await rpc.call("eth_blockNumber");
      if (fresh && number !== "0x0") throw new Refused(`port ${port} already serves another chain`);
      return;
    } catch (error) {
      if (error.code !== "ECONNREFUSED" && error.code !== "ECONNRESET") throw error;
      await sleep(10);
    }
  }
  throw new Refused(`Anvil did not answer on port ${port} within 10 s`);
}

/**
 * Starts an empty chain, or the one in the file `state`. `genesis` is the UNIX time of block 0; `port` 0
 * takes a free one; `ipc` is the path of a Unix socket to serve too; `onLost` is called when the node ends without being stopped.
 * The kernel kills the node when this process ends in whatever way (setpriv --pdeathsig).
 */
export async function startAnvil({ port = 0, chainId = defaultChainId, genesis, state, ipc, onLost = () => undefined }) {
  const chosen = port === 0 ? await freePort() : port;
  // States of older blocks go to disk, megabytes for each node; a killed node leaves them, in the home directory when not told where.
  const states = mkdtempSync(path.join(tmpdir(), "margind-anvil-"));
  const forget = () => rmSync(states, { recursive: true, force: true });
  process.once("exit", forget);
  const options = [
    "--cache-path", states,
    "--host", "127.0.0.1", "--port", String(chosen), "--chain-id", String(chainId), "--timestamp", String(genesis),
    "--accounts", "20", "--order", "fifo", "--auto-impersonate", "--no-request-size-limit", "--quiet",
  ];
  if (state !== undefined) options.push("--load-state", state);
  if (ipc !== undefined) options.push("--ipc", ipc);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", anvilBinary(), ...options], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.lastWords = "";
  child.stderr.on("data", (chunk) => (child.lastWords = (child.lastWords + chunk).slice(-2000)));
  const failed = new Promise((_, reject) => child.on("error", reject));
  const url = `http://127.0.0.1:${chosen}`;
  const rpc = new Rpc(url);
  try {
    await Promise.race([waitUntilReady(child, rpc, chosen, state === undefined), failed]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  let stopping = false;
  const exited = new Promise((resolve) => child.on("exit", resolve));
  exited.then(() => stopping || onLost());
  const stop = async () => {
    stopping = true;
    rpc.close();
    child.kill("SIGKILL");
    await exited;
    forget();
    process.off("exit", forget);
  };
  return { url, rpc, pid: child.pid, stop };
}
