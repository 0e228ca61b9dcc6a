// Blocks, transactions and contracts on the local node. One verb is one block: all its transactions are
// mined together, at a timestamp that the caller chooses.
import { AbiCoder, Interface, getAddress } from "ethers";

import { Refused } from "./chain_error.mjs";

const blockGasLimit = 30_000_000n;
const transactionGas = 10_000_000n;
const hex = (value) => "0x" + BigInt(value).toString(16);

/** A contract's address with the interface to talk to it. */
export class Contract {
  constructor(evm, address, abi) {
    this.evm = evm;
    this.address = getAddress(address);
    this.interface = abi instanceof Interface ? abi : new Interface(abi);
  }

  encode(method, ...args) {
    return this.interface.encodeFunctionData(method, args);
  }

  /** A transaction for Evm.block() or Evm.send(). */
  tx(from, method, ...args) {
    return { from, to: this.address, data: this.encode(method, ...args), label: method };
  }

  /** Sends one transaction in a block of its own. */
  send(from, method, ...args) {
    return this.evm.send(this.tx(from, method, ...args));
  }

  /** Reads; one return value comes bare, several as an ethers Result. */
  async read(method, ...args) {
    const data = await this.evm.rpc.call("eth_call", [{ to: this.address, data: this.encode(method, ...args) }, "latest"]);
    const values = this.interface.decodeFunctionResult(method, data);
    return values.length === 1 ? values[0] : values;
  }
}

/** The arguments of `name`'s events that `contract` emitted in a transaction. */
export function eventsOf(contract, receipt, name) {
  const { topicHash } = contract.interface.getEvent(name);
  const own = receipt.logs.filter((log) => getAddress(log.address) === contract.address && log.topics[0] === topicHash);
  return own.map((log) => contract.interface.parseLog(log).args);
}

/** The sentence in revert data: Error(string), Panic(uint256), or the raw bytes. */
export function revertReason(data) {
  if (typeof data !== "string" || data === "0x") return "no reason given";
  const body = "0x" + data.slice(10);
  const coder = AbiCoder.defaultAbiCoder();
  if (data.startsWith("0x08c379a0")) return coder.decode(["string"], body)[0];
  if (data.startsWith("0x4e487b71")) return `panic ${hex(coder.decode(["uint256"], body)[0])}`;
  return data;
}

export class Evm {
  constructor(rpc) {
    this.rpc = rpc;
  }

  contract(address, artifact) {
    return new Contract(this, address, artifact.abi);
  }

  /** Lets block times follow the head by a second each instead of the wall clock. */
  async keepClock() {
    await this.rpc.call("anvil_setBlockTimestampInterval", [1]);
    await this.#setTime();
  }

  async head() {
    const block = await this.rpc.call("eth_getBlockByNumber", ["latest", false]);
    return { number: Number(block.number), timestamp: Number(block.timestamp), hash: block.hash };
  }

  /** Deploys and waits; `artifact` is {abi, bytecode} with nothing left to link. */
  async deploy(from, artifact, args = []) {
    const iface = new Interface(artifact.abi);
    const data = artifact.bytecode + iface.encodeDeploy(args).slice(2);
    const receipt = await this.send({ from, data, label: `deployment of ${artifact.contractName ?? "a contract"}` });
    return new Contract(this, receipt.contractAddress, iface);
  }

  /** One transaction, mined at once (the node's automine); its receipt, or Refused when it reverted. */
  async send(transaction) {
    const receipt = await this.rpc.call("eth_sendTransactionSync", [this.#request(transaction, blockGasLimit)]);
    if (receipt.status !== "0x1") throw new Refused(await this.#explain(transaction));
    return receipt;
  }

  /**
   * Mines the transactions, in their order, in one block and returns {head, receipts}.
   * `at` is the block's timestamp: equal to the parent's is accepted, earlier is not; default parent + 1.
   * Refused when one of them reverts (the block stays on the chain); where it is marked `mayFail`, its
   * receipt gets the reason as `refusal` instead.
   */
  async block(transactions, { at } = {}) {
    const requests = await this.#numbered(transactions);
    await this.#setTime(at);
    await this.rpc.call("evm_setAutomine", [false]);
    let hashes;
    try {
      hashes = await this.#submit(requests);
      await this.rpc.call("evm_mine");
    } finally {
      await this.rpc.call("evm_setAutomine", [true]);
    }
    const receipts = await this.#receipts(hashes, transactions);
    for (const [index, receipt] of receipts.entries()) {
      if (receipt.status === "0x1") continue;
      receipt.refusal = await this.#explain(transactions[index]);
      if (!transactions[index].mayFail) throw new Refused(receipt.refusal);
    }
    return { head: await this.head(), receipts };
  }

  /** Runs `body` with a block gas limit that holds any number of transactions. */
  async withRoom(gas, body) {
    await this.rpc.call("evm_setBlockGasLimit", [hex(gas)]);
    try {
      return await body();
    } finally {
      await this.rpc.call("evm_setBlockGasLimit", [hex(blockGasLimit)]);
    }
  }

  async #setTime(at) {
    const { timestamp } = await this.head();
    const next = at ?? timestamp + 1;
    if (!Number.isSafeInteger(next)) throw new Refused(`at: ${JSON.stringify(at)} is not a UNIX time`);
    if (next < timestamp) throw new Refused(`at: ${next} is before the head's time ${timestamp}`);
    await this.rpc.call("evm_setNextBlockTimestamp", [next]);
  }

  #request({ from, to, data, value, gas, nonce }, defaultGas) {
    const request = { from, data, gas: hex(gas ?? defaultGas) };
    if (to !== undefined) request.to = to;
    if (value !== undefined) request.value = hex(value);
    if (nonce !== undefined) request.nonce = hex(nonce);
    return request;
  }

  /** The node's requests, with nonces in order and a sender that can pay. */
  async #numbered(transactions) {
    const senders = [...new Set(transactions.map((one) => one.from))];
    const counts = await this.rpc.batch(senders.map((sender) => ["eth_getTransactionCount", [sender, "latest"]]));
    const funded = await this.rpc.batch(senders.map((sender) => ["anvil_setBalance", [sender, hex(10n ** 24n)]]));
    for (const reply of [...counts, ...funded]) if (reply.error) throw reply.error;
    const nonces = new Map(senders.map((sender, index) => [sender, Number(counts[index].result)]));
    return transactions.map((one) => {
      const nonce = nonces.get(one.from);
      nonces.set(one.from, nonce + 1);
      return this.#request({ ...one, nonce }, transactionGas);
    });
  }

  async #submit(requests) {
    const hashes = [];
    for (const request of requests) hashes.push(await this.rpc.call("eth_sendTransaction", [request]));
    return hashes;
  }

  async #receipts(hashes, transactions) {
    const replies = await this.rpc.batch(hashes.map((hash) => ["eth_getTransactionReceipt", [hash]]));
    return replies.map((reply, index) => {
      if (reply.error) throw reply.error;
      if (reply.result === null) throw new Error(`${transactions[index].label} was not mined: the block is full`);
      return reply.result;
    });
  }

  async #explain({ from, to, data, label }) {
    const replies = await this.rpc.batch([["eth_call", [{ from, to, data }, "latest"]]]);
    const error = replies[0].error;
    return `${label} reverted: ${error === undefined ? "no reason found" : revertReason(error.data)}`;
  }
}
