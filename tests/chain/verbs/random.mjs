// Seeded randomness for the account makers: the same seed gives the same accounts on every machine.
import { createHash } from "node:crypto";

import { getAddress } from "ethers";

import { Refused } from "../chain_error.mjs";

export class Random {
  #seed;
  #drawn = 0;

  constructor(seed) {
    this.#seed = seed;
  }

  /** 256 fresh bits. */
  #bits() {
    this.#drawn += 1;
    return BigInt("0x" + createHash("sha256").update(`${this.#seed}/${this.#drawn}`).digest("hex"));
  }

  /** A BigInt from `low` to `high`, both included. */
  big(low, high) {
    return low + (this.#bits() % (high - low + 1n));
  }

  integer(low, high) {
    return Number(this.big(BigInt(low), BigInt(high)));
  }

  chance(percent) {
    return this.integer(0, 99) < percent;
  }

  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** `count` different members. */
  some(list, count) {
    const left = [...list];
    return Array.from({ length: count }, () => left.splice(this.integer(0, left.length - 1), 1)[0]);
  }

  /** An amount with all its digits random whose magnitude is uniform between two powers of ten. */
  magnitude(lowPower, highPower) {
    const power = this.integer(lowPower, highPower - 1);
    return this.big(10n ** BigInt(power), 10n ** BigInt(power + 1));
  }

  address() {
    return getAddress("0x" + this.#bits().toString(16).padStart(64, "0").slice(24));
  }
}

/** The accounts to make: {random, accounts: [{user, kind, did, refused}]}, the kinds in turn. */
export function planAccounts(name, { seed, count }, kinds) {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Refused(`seed: ${JSON.stringify(seed)} is no whole number`);
  if (!Number.isSafeInteger(count) || count < 1 || count > 5000) {
    throw new Refused(`count: ${JSON.stringify(count)} is no number from 1 to 5000`);
  }
  const random = new Random(`${name}/${seed}`);
  const accounts = Array.from({ length: count }, (_, index) => ({
    user: random.address(),
    kind: kinds[index % kinds.length],
    did: [],
    refused: [],
  }));
  return { random, accounts };
}

export function chunksOf(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}

/**
 * Mines the steps [{account, transactions, note}] in one block `gap` seconds after the head. A step whose last
 * transaction reverts is noted in account.refused, else in account.did.
 */
export async function carryOut(world, steps, gap) {
  const { timestamp } = await world.evm.head();
  const transactions = steps.flatMap((step) => step.transactions.map((one) => ({ ...one, mayFail: true })));
  const { head, receipts } = await world.evm.withRoom(10n ** 11n, () => world.evm.block(transactions, { at: timestamp + gap }));
  let end = 0;
  for (const { account, transactions: own, note } of steps) {
    end += own.length;
    const { refusal } = receipts[end - 1];
    if (refusal === undefined) account.did.push(note);
    else account.refused.push(`${note}: ${refusal}`);
  }
  return head;
}

/** The verb's answer. */
export function answer(head, accounts) {
  return { block: head, refused: accounts.reduce((sum, one) => sum + one.refused.length, 0), accounts };
}
