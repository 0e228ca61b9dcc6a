// Verbs that move time, and those that rewrite history.
import { Refused } from "../chain_error.mjs";
import { refreshFeeds } from "../world.mjs";
import { flagOf, secondsOf } from "./fields.mjs";

/** One block `seconds` later; `refresh` posts every feed's present answer in it, so that none looks stale. */
async function warp(world, args) {
  const seconds = secondsOf(args, "seconds");
  const { timestamp } = await world.evm.head();
  const transactions = flagOf(args, "refresh", false) ? await refreshFeeds(world) : [];
  const { head } = await world.evm.block(transactions, { at: timestamp + seconds });
  return { block: head };
}

/** Empty blocks; `at` is the timestamp of the first, the others follow a second apart. */
async function mine(world, args) {
  const blocks = args.blocks ?? 1;
  if (!Number.isSafeInteger(blocks) || blocks < 1 || blocks > 10_000) {
    throw new Refused(`blocks: ${JSON.stringify(blocks)} is no number from 1 to 10000`);
  }
  let { head } = await world.evm.block([], { at: args.at });
  for (let mined = 1; mined < blocks; mined += 1) ({ head } = await world.evm.block([]));
  return { block: head };
}

async function snapshot(world) {
  return { id: await world.evm.rpc.call("evm_snapshot"), block: await world.evm.head() };
}

/** Goes back to a snapshot and takes it again: `id` in the reply serves the next revert. */
async function revert(world, { id }) {
  if (typeof id !== "string") throw new Refused(`id: ${JSON.stringify(id)} is no snapshot id`);
  if (!(await world.evm.rpc.call("evm_revert", [id]))) throw new Refused(`id: no snapshot ${id}`);
  return snapshot(world);
}

/**
 * Replaces the last `depth` blocks by as many others without their transactions, at the same height. A
 * payment to nobody in the first of them makes sure that its hash differs from the block it replaces.
 */
async function reorg(world, { depth }) {
  const before = await world.evm.head();
  if (!Number.isSafeInteger(depth) || depth < 1 || depth >= before.number) {
    throw new Refused(`depth: ${JSON.stringify(depth)} is no number from 1 to ${before.number - 1}`);
  }
  const from = world.roles.keeper;
  const payment = { from, to: "0x00000000000000000000000000000000000f0124", value: "0x1", gas: "0x5208" };
  await world.evm.rpc.call("anvil_reorg", [depth, [[payment, 0]]]);
  return { block: await world.evm.head(), replaced: before };
}

export const timeVerbs = {
  warp: { fields: ["seconds", "refresh"], run: warp },
  mine: { fields: ["blocks", "at"], run: mine },
  snapshot: { fields: [], run: snapshot },
  revert: { fields: ["id"], run: revert },
  reorg: { fields: ["depth"], run: reorg },
};
