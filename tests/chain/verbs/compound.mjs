// What a user, or a liquidator, does on a comet. Each verb is one block, minting included.
import { Refused } from "../chain_error.mjs";
import { eventsOf } from "../evm.mjs";
import { parseInteger } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { amountOf, flagOf, tokenOf, userOf } from "./fields.mjs";

/** {comet, feeds, assets} of the field `comet`, the symbol of its base token. */
export function cometOf(world, { comet }) {
  const { comets } = world.optional.compound;
  if (typeof comet !== "string" || !Object.hasOwn(comets, comet)) {
    throw new Refused(`comet: ${JSON.stringify(comet)} is none of ${Object.keys(comets).join(", ")}`);
  }
  return comets[comet];
}

/** Supplies collateral or base tokens; base tokens repay first. */
async function supply(world, args) {
  const [user, token, { comet }] = [userOf(world, args), tokenOf(world, args), cometOf(world, args)];
  const amount = amountOf(args, token.decimals);
  const call = comet.tx(user, "supply", token.contract.address, amount);
  const { head } = await world.evm.block([...provide(token.contract, user, comet.address, amount), call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

/** Withdraws collateral or base tokens; base tokens that the user has not are borrowed. */
async function withdraw(world, args) {
  const [user, token, { comet }] = [userOf(world, args), tokenOf(world, args), cometOf(world, args)];
  const amount = amountOf(args, token.decimals);
  const { head } = await world.evm.block([comet.tx(user, "withdraw", token.contract.address, amount)], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function transfer(world, args) {
  const [user, token, { comet }] = [userOf(world, args), tokenOf(world, args), cometOf(world, args)];
  const amount = amountOf(args, token.decimals);
  const to = userOf(world, { user: args.to });
  const { head } = await world.evm.block([comet.tx(user, "transferAsset", to, token.contract.address, amount)], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function accrue(world, args) {
  const { comet } = cometOf(world, args);
  const { keeper } = world.roles;
  const { head } = await world.evm.block([comet.tx(keeper, "accrueAccount", keeper)], { at: args.at });
  return { block: head };
}

async function absorb(world, args) {
  const [user, { comet }] = [userOf(world, args), cometOf(world, args)];
  const { liquidator } = world.roles;
  const { head, receipts } = await world.evm.block([comet.tx(liquidator, "absorb", liquidator, [user])], { at: args.at });
  const [event] = eventsOf(comet, receipts[0], "AbsorbDebt");
  return { block: head, user, base_paid_raw: event.basePaidOut.toString() };
}

async function pauseAbsorb(world, args) {
  const { comet } = cometOf(world, args);
  const { head } = await world.evm.block([comet.tx(world.roles.owner, "pauseAbsorb", flagOf(args, "enabled"))], { at: args.at });
  return { block: head };
}

/** An answer of one of the comet's feeds, with 8 decimals in the comet's own unit. */
async function setPrice(world, args) {
  const [token, { feeds }] = [tokenOf(world, args), cometOf(world, args)];
  if (feeds[token.symbol] === undefined) throw new Refused(`asset: the comet has no feed for ${token.symbol}`);
  const answer = parseInteger(args.answer, "answer");
  const { head } = await world.evm.block([feeds[token.symbol].tx(world.roles.keeper, "updateAnswer", answer)], { at: args.at });
  return { block: head, answer: answer.toString() };
}

const amounts = ["user", "comet", "asset", "amount", "amount_raw", "at"];

export const compoundVerbs = {
  compound_supply: { fields: amounts, run: supply },
  compound_withdraw: { fields: amounts, run: withdraw },
  compound_transfer: { fields: ["to", ...amounts], run: transfer },
  compound_accrue: { fields: ["comet", "at"], run: accrue },
  compound_absorb: { fields: ["user", "comet", "at"], run: absorb },
  compound_pause_absorb: { fields: ["comet", "enabled", "at"], run: pauseAbsorb },
  compound_set_price: { fields: ["comet", "asset", "answer", "at"], run: setPrice },
};
