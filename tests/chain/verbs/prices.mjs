// Verbs that move oracle prices and the perp pools.
import { Refused } from "../chain_error.mjs";
import { feedDecimals } from "../deploy_common.mjs";
import { maxTicksPerBlock, noDeadline } from "../deploy_perp.mjs";
import { formatDecimal, parseDecimal, parseInteger, priceOfSqrt, shiftSqrt, sqrtPriceX96 } from "../fixed.mjs";
import { refreshFeeds } from "../world.mjs";
import { feedOf, flagOf, secondsOf } from "./fields.mjs";

/** The exchange compares a swap's tick with the one of at least 15 s ago. */
const tickWindow = 15;
const ticksPerPush = maxTicksPerBlock - 10;
const unlimited = 10n ** 30n;

function answerOf(args) {
  if ((args.price === undefined) === (args.answer === undefined)) throw new Refused("give either price or answer");
  return args.answer === undefined ? parseDecimal(args.price, feedDecimals, "price") : parseInteger(args.answer, "answer");
}

/**
 * Sets the aggregator and lets Perp's feed take the answer over, both in one block. The feed refuses an
 * update in the second of the last one (CPF_NU); anything else that it refuses is an error.
 */
export async function setPrice(world, args) {
  const name = feedOf(world, args);
  const answer = answerOf(args);
  const transactions = [world.feeds[name].tx(world.roles.keeper, "updateAnswer", answer)];
  const market = world.perp.markets[name];
  const keeper = flagOf(args, "keeper", true) && market !== undefined;
  if (keeper) transactions.push({ ...market.priceFeed.tx(world.roles.keeper, "update"), mayFail: true });
  const { head, receipts } = await world.evm.block(transactions, { at: args.at });
  const refusal = receipts[1]?.refusal;
  if (refusal !== undefined && !refusal.endsWith("CPF_NU")) throw new Refused(refusal);
  const reply = { block: head, answer: answer.toString(), feed_updated: keeper && refusal === undefined };
  if (!flagOf(args, "pool", false)) return reply;
  if (market === undefined) throw new Refused(`pool: there is no perp market for ${name}`);
  return { ...reply, ...(await pushPool(world, name, answer)) };
}

async function poolSqrt(market) {
  return (await market.pool.read("slot0")).sqrtPriceX96;
}

/** Swaps of the whale, at most 990 ticks in a block, until the pool stands at the answer. */
async function pushPool(world, name, answer) {
  const market = world.perp.markets[name];
  const target = sqrtPriceX96(answer * 10n ** BigInt(18 - feedDecimals));
  let current = await poolSqrt(market);
  let blocks = 0;
  let head = await world.evm.head();
  while (current !== target) {
    const down = target < current;
    const reach = shiftSqrt(current, down ? -ticksPerPush : ticksPerPush);
    const limit = down ? (reach > target ? reach : target) : reach < target ? reach : target;
    const order = [market.base.address, down, true, unlimited, 0, noDeadline, limit, "0x" + "00".repeat(32)];
    const swap = world.perp.clearingHouse.tx(world.roles.whale, "openPosition", order);
    ({ head } = await world.evm.block([swap], { at: head.timestamp + tickWindow }));
    const moved = await poolSqrt(market);
    if (moved !== limit) throw new Refused(`the ${name} pool stops at ${formatDecimal(priceOfSqrt(moved), 18)}: no liquidity beyond`);
    current = moved;
    blocks += 1;
  }
  return { block: head, pool_price: formatDecimal(priceOfSqrt(current), 18), pool_blocks: blocks };
}

/** Pushes a perp pool alone; the exchange refuses to leave the oracle by more than 10 % (EX_OPB). */
async function movePool(world, args) {
  const name = feedOf(world, args);
  if (world.perp.markets[name] === undefined) throw new Refused(`asset: there is no perp market for ${name}`);
  return pushPool(world, name, answerOf(args));
}

/** Oracle, keeper, pool, then time until every average has arrived; the feeds are fresh at the end. */
export async function moveMarket(world, args) {
  const seconds = args.warp === undefined ? 1860 : secondsOf(args, "warp");
  const moved = await setPrice(world, { asset: args.asset, price: args.price, answer: args.answer, pool: true });
  const { head } = await world.evm.block(await refreshFeeds(world), { at: moved.block.timestamp + Math.max(seconds, 1) });
  return { ...moved, block: head };
}

export const priceVerbs = {
  set_price: { fields: ["asset", "price", "answer", "keeper", "pool", "at"], run: setPrice },
  move_pool: { fields: ["asset", "price", "answer"], run: movePool },
  move_market: { fields: ["asset", "price", "answer", "warp"], run: moveMarket },
};
