// Runs every command of the README, in its order, as a user would: on the local chain, from the root of the project.
//
// What differs: `daemon/demo` runs with --once, `tests/run` is left out, the endpoint is the local chain's, and the
// configuration holds the local chain's rows (the story's), where the README says to put in one's own.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Chain, configuration } from "../../daemon/story/processes.mjs";

const root = path.resolve(new URL("../..", import.meta.url).pathname);
const readme = readFileSync(path.join(root, "README.md"), "utf8");
const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => block.trim().split("\n"));
const [, shown] = readme.match(/```text\n(.*?)```/s);
const address = /0x[0-9a-fA-F]{40}/g;

/** The text without addresses and indentation. */
const without = (text) => text.replace(/0x[0-9a-f]{4}…[0-9a-f]{4}/gi, "0x…").replace(/^ +/gm, "");

let home;
let chain;
let trader;
let background;
const environment = () => ({ ...process.env, HOME: home, MARGIND_RPC: chain.ready.rpc_url });

before(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), "margind-readme-"));
  chain = await Chain.start("ignore", "now");
  trader = chain.ready.accounts.at(-1);
  await chain.verb("aave_supply", { user: trader, asset: "WETH", amount: "10" });
  await chain.verb("aave_borrow", { user: trader, asset: "USDC", amount: "10000" });
});

after(async () => {
  background?.kill("SIGTERM");
  await chain.stop();
  rmSync(home, { recursive: true, force: true });
});

function writeConfiguration() {
  const text = configuration({ chain: chain.ready, trader, port: 8480, webHook: "http://127.0.0.1:9/", storage: path.join(home, "margind.sqlite") });
  writeFileSync(path.join(home, "margind.toml"), text.replace('name = "demo"', 'name = "desk"'));
}

/** The command as it is run here. */
function adapted(command) {
  if (command === "daemon/demo") return "daemon/demo --once";
  if (command.includes(" check 0x")) return `${command.replace(address, trader)} --config "$HOME/local.toml"`;
  return command.replace("/v1/accounts/1/", `/v1/accounts/${chain.ready.chain_id}/`).replace(address, chain.ready.accounts[0]);
}

async function startInBackground(command) {
  const log = openSync(path.join(home, "log"), "a");
  background = spawn("bash", ["-c", `exec ${command}`], { cwd: root, env: environment(), stdio: ["ignore", log, log] });
  for (let i = 0; i < 200; i += 1) {
    const answer = await fetch("http://127.0.0.1:8480/readyz").catch(() => null);
    if (answer?.status === 200) return;
    await sleep(50);
  }
  assert.fail(`margind run is not ready: ${readFileSync(path.join(home, "log"), "utf8")}`);
}

test("the README has its commands", () => {
  assert.ok(commands.length > 20, `only ${commands.length}`);
  assert.deepEqual(commands.slice(0, 2), ["daemon/demo", "tests/run"]);
});

for (const command of commands.filter((line) => line !== "tests/run" && !line.startsWith("export "))) {
  test(command, { timeout: 1_500_000 }, async () => {
    if (command.includes(" run --config")) return startInBackground(command);
    if (command.includes(" check 0x")) {
      writeConfiguration();
      const text = readFileSync(path.join(home, "margind.toml"), "utf8");
      writeFileSync(path.join(home, "local.toml"), text.replace(/\[\[portfolio\]\]\n.*\n.*\n/, ""));
    }
    const done = spawnSync("bash", ["-c", adapted(command)], { cwd: root, env: environment(), encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
    if (command === "daemon/demo") assert.ok(without(done.stdout).includes(without(shown)), `the README shows what the demo does not print:\n${done.stdout}`);
    if (command.startsWith("cp ")) writeConfiguration();
    if (command.startsWith("curl ") && !command.includes(">")) {
      assert.ok(done.stdout.length > 1, "an empty answer");
      assert.doesNotMatch(done.stdout, /"status": ?[45]\d\d/, done.stdout);
    }
  });
}
