// What governance does on Aave V3.6. Each verb is one block.
import { compiled } from "../artifacts.mjs";
import { Refused } from "../chain_error.mjs";
import { flagOf, secondsOf, tokenOf } from "./fields.mjs";

const actions = {
  active: (asset, args) => ["setReserveActive", asset, flagOf(args, "on")],
  frozen: (asset, args) => ["setReserveFreeze", asset, flagOf(args, "on")],
  ltvzero: (asset, args) => ["setReserveLtvzero", asset, flagOf(args, "on")],
  // With a grace period for borrowers when it is lifted.
  paused: (asset, args) =>
    args.grace === undefined
      ? ["setReservePause(address,bool)", asset, flagOf(args, "on")]
      : ["setReservePause(address,bool,uint40)", asset, flagOf(args, "on"), secondsOf(args, "grace")],
};

async function reserve(world, market, args) {
  const token = tokenOf(world, args, "asset", market.tokens);
  if (!Object.hasOwn(actions, args.set)) throw new Refused(`set: ${JSON.stringify(args.set)} is none of ${Object.keys(actions).join(", ")}`);
  const call = actions[args.set](token.contract.address, args);
  const { head } = await world.evm.block([market.configurator.tx(world.roles.owner, ...call)], { at: args.at });
  return { block: head };
}

/** The reserve loses its loan-to-value inside an e-mode category, or gets it back. */
async function emodeLtvzero(world, market, args) {
  const token = tokenOf(world, args, "asset", market.tokens);
  const call = market.configurator.tx(world.roles.owner, "setAssetLtvzeroInEMode", token.contract.address, args.category, flagOf(args, "on"));
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head };
}

/** A sentinel over a sequencer that is up or down, from this block on. */
async function sequencer(world, market, args) {
  const { evm } = world;
  const { owner } = world.roles;
  if (market.sequencer === undefined) {
    market.sequencer = await evm.deploy(owner, compiled("aave_v36", "SequencerOracle"), [owner]);
    const sentinel = await evm.deploy(owner, compiled("aave_v36", "PriceOracleSentinel"), [
      market.provider.address, market.sequencer.address, secondsOf(args, "grace"),
    ]);
    await market.provider.send(owner, "setPriceOracleSentinel", sentinel.address);
  }
  const { timestamp } = await evm.head();
  const { head } = await evm.block([market.sequencer.tx(owner, "setAnswer", flagOf(args, "down"), timestamp)], { at: args.at });
  return { block: head };
}

export const aaveAdminVerbs = (marketOf) => {
  const on = (run) => (world, args) => run(world, marketOf(world), args);
  return {
    aave36_reserve: { fields: ["asset", "set", "on", "grace", "at"], run: on(reserve) },
    aave36_emode_ltvzero: { fields: ["asset", "category", "on", "at"], run: on(emodeLtvzero) },
    aave36_sequencer: { fields: ["down", "grace", "at"], run: on(sequencer) },
  };
};
