// The command line of the local chain: `serve` runs it, any other word is a verb for a running one.
import http from "node:http";
import { parseArgs } from "node:util";

import { Refused } from "./chain_error.mjs";

const usage = `usage:
  node chain.mjs serve [--port P] [--control-port C] [--chain-id N] [--genesis UNIX | --head UNIX|now]
                       [--block-time SECONDS] [--ipc PATH] [--parent-stdin] [--with PROTOCOL,…|all]
  node chain.mjs VERB --control URL ['{"field": "value"}']`;

/** Block 0 of a chain that need not be near the wall clock: 2026-01-01T00:00:00Z. */
const defaultGenesis = 1767225600;

const say = (line) => process.stderr.write(`chain: ${line}\n`);

function numberOption(values, name, otherwise) {
  if (values[name] === undefined) return otherwise;
  if (!/^\d{1,12}$/.test(values[name])) throw new Refused(`--${name}: ${values[name]} is no whole number`);
  return Number(values[name]);
}

function genesisOf(values, setupSeconds) {
  if (values.head === undefined) return numberOption(values, "genesis", defaultGenesis);
  if (values.genesis !== undefined) throw new Refused("give either --genesis or --head");
  const head = values.head === "now" ? Math.floor(Date.now() / 1000) : numberOption(values, "head");
  return head - setupSeconds;
}

/** Mines an empty block every `seconds`, its timestamp as far from the start's as the wall clock says. */
function keepBlocksComing(world, control, seconds, start) {
  const since = Date.now();
  return setInterval(() => {
    const beat = async () => {
      if (world.down !== undefined) return;
      const { timestamp } = await world.evm.head();
      const due = start + Math.floor((Date.now() - since) / 1000);
      await world.evm.block([], { at: Math.max(timestamp + 1, due) });
    };
    control.enqueue(beat).catch((error) => say(`no block: ${error.message}`));
  }, seconds * 1000);
}

async function serve(values) {
  const { install } = await import("./setup.mjs");
  await install(say);
  const { defaultChainId } = await import("./anvil.mjs");
  const { createWorld, describe, setupSeconds } = await import("./world.mjs");
  const { optionalNames } = await import("./optional.mjs");
  const { serveControl } = await import("./control.mjs");
  const port = numberOption(values, "port", 0);
  const chainId = numberOption(values, "chain-id", defaultChainId);
  const genesis = genesisOf(values, setupSeconds);
  const controlPort = numberOption(values, "control-port", 0);
  const blockTime = numberOption(values, "block-time", 0);
  const optional = optionalNames(values.with);

  let world;
  const stop = async (reason, code) => {
    say(`stopping: ${reason}`);
    await world?.anvil.stop();
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop(signal, 0));
  if (values["parent-stdin"]) {
    process.stdin.on("end", () => stop("stdin closed", 0)).on("error", () => stop("stdin broke", 0)).resume();
  }

  const started = Date.now();
  world = await createWorld({ port, chainId, genesis, ipc: values.ipc, optional, log: say, onLost: () => stop("Anvil ended", 1) });
  const control = await serveControl(world, controlPort);
  const ready = { ...(await describe(world)), control_url: control.url, pid: process.pid };
  if (blockTime > 0) keepBlocksComing(world, control, blockTime, ready.block.timestamp);
  say(`ready in ${((Date.now() - started) / 1000).toFixed(2)} s`);
  process.stdout.write(JSON.stringify(ready) + "\n");
}

function post(url, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, text: text.trimEnd() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function sendVerb(verb, values, body) {
  if (values.control === undefined) throw new Refused(`${verb} needs --control URL\n${usage}`);
  const { status, text } = await post(new URL(`/${verb}`, values.control), body);
  if (status !== 200) throw new Refused(JSON.parse(text).error);
  process.stdout.write(text + "\n");
}

async function main() {
  const string = { type: "string" };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: string, "control-port": string, "chain-id": string, genesis: string, head: string, "block-time": string, control: string, ipc: string, with: string,
      "parent-stdin": { type: "boolean" }, help: { type: "boolean" },
    },
  });
  const [word, body = "{}"] = positionals;
  if (values.help || word === undefined) {
    process.stdout.write(usage + "\n");
    process.exitCode = values.help ? 0 : 2;
  } else if (word === "serve") {
    await serve(values);
  } else {
    await sendVerb(word, values, body);
  }
}

main().catch((error) => {
  const told = error instanceof Refused || String(error.code).startsWith("ERR_PARSE_ARGS");
  say(told ? error.message : error.stack);
  process.exit(1);
});
