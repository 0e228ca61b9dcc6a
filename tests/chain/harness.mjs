// Runs `chain.mjs serve` as other programs do, and reads the contracts' own views.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

import { artifact } from "./artifacts.mjs";
import { Evm } from "./evm.mjs";
import { Rpc } from "./rpc.mjs";
import { here } from "./setup.mjs";

/** Fails unless `actual` is within `tolerance` of `expected`. */
export function near(actual, expected, tolerance) {
  const gap = actual > expected ? actual - expected : expected - actual;
  assert.ok(gap <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

/** Starts a server; resolves when it has printed its ready line. */
export async function startServer(...options) {
  const child = spawn(process.execPath, [path.join(here, "chain.mjs"), "serve", "--parent-stdin", ...options], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let progress = "";
  child.stderr.on("data", (chunk) => (progress += chunk));
  const exited = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    exited.then(({ code }) => reject(new Error(`serve ended with ${code}: ${progress}`)));
  });
  return new Server(child, exited, JSON.parse(line));
}

class Server {
  constructor(child, exited, ready) {
    this.child = child;
    this.exited = exited;
    this.ready = ready;
    this.rpc = new Rpc(ready.rpc_url);
    this.evm = new Evm(this.rpc);
    const { aave, perp, feeds, tokens } = ready.addresses;
    const at = (address, family, name) => this.evm.contract(address, artifact(family, name));
    this.pool = at(aave.pool, "aave", "protocol/pool/Pool");
    this.dataProvider = at(aave.data_provider, "aave", "misc/AaveProtocolDataProvider");
    this.oracle = at(aave.oracle, "aave", "misc/AaveOracle");
    this.vault = at(perp.vault, "perp", "Vault");
    this.clearingHouse = at(perp.clearing_house, "perp", "ClearingHouse");
    this.accountBalance = at(perp.account_balance, "perp", "AccountBalance");
    this.orderBook = at(perp.order_book, "perp", "OrderBook");
    this.base = (market) => at(perp.base_tokens[market], "perp", "BaseToken");
    this.priceFeed = (market) => at(perp.price_feeds[market], "perpOracle", "ChainlinkPriceFeedV3");
    this.token = (symbol) => tokens[symbol].address;
    this.feedAddress = (name) => feeds[name];
  }

  /** Posts a verb; {status, body}. */
  async post(verb, args = {}) {
    const response = await fetch(`${this.ready.control_url}/${verb}`, { method: "POST", body: JSON.stringify(args) });
    return { status: response.status, body: await response.json() };
  }

  /** Posts a verb that must succeed; its reply. */
  async verb(verb, args) {
    const { status, body } = await this.post(verb, args);
    if (status !== 200) throw new Error(body.error);
    return body;
  }

  async block(tag = "latest") {
    const block = await this.rpc.call("eth_getBlockByNumber", [tag, false]);
    return { number: Number(block.number), timestamp: Number(block.timestamp), hash: block.hash };
  }

  accountData(user) {
    return this.pool.read("getUserAccountData", user);
  }

  reserve(symbol, user) {
    return this.dataProvider.read("getUserReserveData", this.token(symbol), user);
  }

  position(market, user) {
    return this.accountBalance.read("getTakerPositionSize", user, this.ready.addresses.perp.base_tokens[market]);
  }

  async stop() {
    this.rpc.close();
    this.child.stdin.end();
    return this.exited;
  }
}
