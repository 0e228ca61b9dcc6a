// Doubles of Ostium with three pairs. See contracts/ostium for what they do not prove.
import { encodeBytes32String } from "ethers";

import { compiled } from "./artifacts.mjs";
import { Refused } from "./chain_error.mjs";

/** From, to, maximum leverage, that overnight: in hundredths. NVDA has no feed on this chain. */
const listed = [["BTC", "USD", 10_000, 0], ["ETH", "USD", 10_000, 0], ["NVDA", "USD", 10_000, 5_000]];

/** Returns {ostium}. */
export async function deploy({ evm, roles: { owner } }) {
  const ostium = await evm.deploy(owner, compiled("ostium_doubles", "Ostium"), []);
  for (const [from, to, most, overnight] of listed) await ostium.send(owner, "addPair", encodeBytes32String(from), encodeBytes32String(to), most, overnight);
  return { ostium };
}

export const describe = ({ ostium }) => ({
  trading_storage: ostium.address,
  pairs: Object.fromEntries(listed.map(([from, to], number) => [`${from}/${to}`, number])),
});

/** Calls of the double, all in one block: {"calls": [{"method": "open", "args": [user, 1, 0, true, collateral, leverage, price]}]}. */
async function send(world, { calls, at }) {
  const { ostium } = world.optional.ostium;
  const transactions = calls.map(({ method, args = [], mayFail = false }) => {
    if (ostium.interface.getFunction(String(method)) === null) throw new Refused(`method: there is no ${JSON.stringify(method)}`);
    return { ...ostium.tx(world.roles.owner, method, ...args), mayFail };
  });
  const { head, receipts } = await world.evm.block(transactions, { at });
  return { block: head, refused: receipts.map(({ refusal }) => refusal ?? null) };
}

export const verbs = { ostium_send: { fields: ["calls", "at"], run: send } };
