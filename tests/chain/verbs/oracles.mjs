// Verbs of `--with oracles`: rounds as no honest aggregator gives them, phases, the sequencer, Pyth.
import { compiled } from "../artifacts.mjs";
import { Refused } from "../chain_error.mjs";
import { feedDecimals } from "../deploy_common.mjs";
import { pythUpdate } from "../deploy_oracles.mjs";
import { parseInteger } from "../fixed.mjs";
import { feedOf, flagOf } from "./fields.mjs";

function timeOf(args, field, otherwise) {
  const value = args[field] ?? otherwise;
  if (!Number.isSafeInteger(value) || value < 0) throw new Refused(`${field}: ${JSON.stringify(value)} is no UNIX time`);
  return value;
}

const nextTime = async (world, args) => args.at ?? (await world.evm.head()).timestamp + 1;

/** The aggregator behind the proxy takes the round as it is given. */
async function round(world, args) {
  const aggregator = world.optional.oracles.phases.at(-1);
  const time = timeOf(args, "updated_at", await nextTime(world, args));
  const number = args.round === undefined ? (await aggregator.read("latestRound")) + 1n : parseInteger(args.round, "round");
  const transaction = aggregator.tx(world.roles.keeper, "updateRoundData", number, parseInteger(args.answer, "answer"), time, time);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, round: number.toString() };
}

/** Another aggregator behind the proxy: with the given answer, or without any round yet; with `bounds` one that tells of its own. */
async function phase(world, args) {
  const { proxy, phases } = world.optional.oracles;
  const { owner, keeper } = world.roles;
  const empty = flagOf(args, "empty", false);
  const answer = empty ? 1n : parseInteger(args.answer, "answer");
  if (args.bounds !== undefined && !(Array.isArray(args.bounds) && args.bounds.length === 2)) throw new Refused("bounds: expected the least and the most answer");
  const bounds = args.bounds?.map((bound) => parseInteger(bound, "bounds"));
  const next = bounds
    ? await world.evm.deploy(owner, compiled("oracle_doubles", "BoundedAggregator"), [feedDecimals, answer, ...bounds])
    : await world.evm.deploy(owner, compiled("aggregator", "MockV3Aggregator"), [feedDecimals, answer]);
  if (empty) await next.send(keeper, "updateRoundData", 0, 0, 0, 0);
  await proxy.send(owner, "proposeAggregator", next.address);
  phases.push(next);
  const { head } = await world.evm.block([proxy.tx(owner, "confirmAggregator", next.address)], { at: args.at });
  return { block: head, phase: phases.length, aggregator: next.address };
}

/** What the reporter on Ethereum says of the sequencer; `since` is the block's own time when not given. */
async function sequencer(world, args) {
  const { uptime, uptimeReporter } = world.optional.oracles;
  const since = timeOf(args, "since", await nextTime(world, args));
  const { head } = await world.evm.block([uptime.tx(uptimeReporter, "updateStatus", flagOf(args, "down"), since)], { at: args.at });
  return { block: head, since };
}

async function pyth(world, args) {
  const price = parseInteger(args.price, "price");
  const update = {
    asset: feedOf(world, args), price, confidence: parseInteger(args.confidence ?? "0", "confidence"), exponent: args.exponent ?? -feedDecimals,
    time: timeOf(args, "published_at", await nextTime(world, args)),
  };
  const { head } = await world.evm.block([await pythUpdate(world.optional.oracles, world.roles.keeper, update)], { at: args.at });
  return { block: head };
}

export const oracleVerbs = {
  oracle_round: { fields: ["round", "answer", "updated_at", "at"], run: round },
  oracle_phase: { fields: ["empty", "answer", "bounds", "at"], run: phase },
  sequencer_status: { fields: ["down", "since", "at"], run: sequencer },
  pyth_update: { fields: ["asset", "price", "confidence", "exponent", "published_at", "at"], run: pyth },
};
