// The parts that the story plays with: the local chain, the daemon on it, a receiver for its web-hook.
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const chainProgram = new URL("../../tests/chain/chain.mjs", import.meta.url).pathname;

/** Starts a program whose stderr goes to a file; `exited` resolves with its code. */
function start(program, args, options) {
  const child = spawn(program, args, options);
  child.done = new Promise((resolve) => {
    child.on("exit", (code, signal) => resolve(code ?? signal));
    child.on("error", (error) => resolve(error.message));
  });
  return child;
}

export class Chain {
  /** `head`: the time of its newest block when it is ready. */
  static async start(log, head) {
    const args = [chainProgram, "serve", "--head", String(head), "--with", "lyra", "--parent-stdin"];
    const child = start(process.execPath, args, { stdio: ["pipe", "pipe", log] });
    const line = new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
    const ended = child.done.then((code) => Promise.reject(new Error(`the local chain ended with ${code}`)));
    const chain = new Chain();
    chain.child = child;
    chain.ready = JSON.parse(await Promise.race([line, ended]));
    ended.catch(() => {});
    return chain;
  }

  /** A verb of the chain; its reply. */
  async verb(name, args = {}) {
    const response = await fetch(`${this.ready.control_url}/${name}`, { method: "POST", body: JSON.stringify(args) });
    const body = await response.json();
    if (!response.ok) throw new Error(body.error);
    return body;
  }

  async stop() {
    this.child.stdin.end();
    await this.child.done;
  }
}

/** Receives incidents as a keeper bot would. */
export class Receiver {
  bodies = [];

  static async start() {
    const receiver = new Receiver();
    receiver.server = http.createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      request.on("end", () => {
        receiver.bodies.push(JSON.parse(text));
        response.writeHead(204).end();
      });
    });
    await new Promise((resolve) => receiver.server.listen(0, "127.0.0.1", resolve));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/incidents`;
    return receiver;
  }

  stop() {
    this.server.closeAllConnections?.();
    this.server.close();
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = http.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** The configuration of the daemon for the local chain: its venues, assets, feeds and one portfolio. */
export function configuration({ chain, trader, port, webHook, storage }) {
  const { tokens, feeds, aave, perp, lyra } = chain.addresses;
  const id = chain.chain_id;
  const asset = (token, underlying, label) => `[[asset]]\nchain = ${id}\ntoken = "${token}"\nunderlying = "${underlying}"\nlabel = "${label}"\n`;
  const feed = ([name, address]) =>
    `[[feed]]\nchain = ${id}\nasset = "${name}"\naddress = "${address}"\nheartbeat_s = 3600\ndeviation_ppm = 5000\ndescription = "v0.8/tests/MockV3Aggregator.sol"\n`;
  return [
    `[storage]\npath = "${storage}"\n`,
    `[http]\nport = ${port}\n`,
    `[[portfolio]]\nname = "demo"\nowners = ["${trader}"]\n`,
    `[[chain]]\nid = ${id}\nname = "local"\nblock_time_s = 1\npoll_interval_s = 0.1\nquiet_chain = true\n`,
    `[[endpoint]]\nchain = ${id}\noperator = "local"\nurl = "${chain.rpc_url}"\n`,
    `[[venue]]\nid = "aave_v3:${id}"\naddresses = { addresses_provider = "${aave.addresses_provider}" }\n`,
    `[[venue]]\nid = "perp_v2:${id}"\naddresses = { clearing_house = "${perp.clearing_house}" }\nlists = { base_tokens = [${Object.values(perp.base_tokens).map((a) => `"${a}"`).join(", ")}], collateral_tokens = ["${tokens.WETH.address}"] }\n`,
    `[[venue]]\nid = "lyra_avalon:${id}"\naddresses = { option_market_viewer = "${lyra.option_market_viewer}" }\n`,
    asset(lyra.quote, "USD", "sUSD"),
    ...Object.entries(lyra.markets).map(([name, { base }]) => asset(base, name, `s${name}`)),
    ...Object.entries(tokens).map(([label, token]) => asset(token.address, token.feed, label)),
    ...Object.entries(perp.base_tokens).map(([name, address]) => asset(address, name, `v${name}`)),
    ...Object.entries(feeds).map(feed),
    `[[sinks.web_hook]]\nname = "keeper"\nurl = "${webHook}"\ndeadline_s = 5\n`,
  ].join("\n");
}

export class Daemon {
  static async start({ program, folder, log, chain, trader, webHook }) {
    const daemon = new Daemon();
    const port = await freePort();
    daemon.program = program;
    daemon.url = `http://127.0.0.1:${port}`;
    daemon.config = path.join(folder, "margind.toml");
    writeFileSync(daemon.config, configuration({ chain, trader, port, webHook, storage: path.join(folder, "margind.sqlite") }));
    daemon.child = start(program, ["run", "--config", daemon.config], { stdio: ["ignore", log, log] });
    return daemon;
  }

  async get(place) {
    const response = await fetch(this.url + place);
    if (!response.ok) throw new Error(`GET ${place}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Waits until the daemon's answer stands on `block`; the portfolio's answer. */
  async at(block) {
    const deadline = Date.now() + 20_000;
    let last = "no answer";
    while (Date.now() < deadline) {
      const ended = await Promise.race([this.child.done, sleep(50)]);
      if (ended !== undefined) throw new Error(`margind ended with ${ended}`);
      try {
        const answer = await this.get("/v1/portfolios/demo");
        if (answer.as_of[0].hash === block.hash) return answer;
        last = `block ${answer.as_of[0].number} ${answer.as_of[0].hash}`;
      } catch (error) {
        last = error.message;
      }
    }
    throw new Error(`margind does not come to block ${block.number} ${block.hash}: ${last}`);
  }

  /** What `margind check` prints for the same owner, and its exit code. */
  check(trader) {
    return new Promise((resolve) => {
      // An endpoint in the user's environment would come before the configuration's.
      const { MARGIND_RPC: _, ...env } = process.env;
      execFile(this.program, ["check", trader, "--config", this.config], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, text: stdout + stderr });
      });
    });
  }

  async stop() {
    this.child.kill("SIGTERM");
    return this.child.done;
  }
}
