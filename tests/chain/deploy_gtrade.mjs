// A double of gTrade's diamond with three pairs and two collaterals. See contracts/gtrade for what it does not prove.
import { compiled } from "./artifacts.mjs";
import { Refused } from "./chain_error.mjs";

/** Returns {diamond}. DOGE has no feed on this chain. */
export async function deploy({ evm, roles: { owner }, tokens }) {
  return { diamond: await evm.deploy(owner, compiled("gtrade_doubles", "Diamond"), [tokens.USDC.address, tokens.WETH.address]) };
}

export const describe = ({ diamond }) => ({ diamond: diamond.address, pairs: { "BTC/USD": 0, "ETH/USD": 1, "DOGE/USD": 2 }, collaterals: { USDC: 1, WETH: 2 } });

/** Calls of the double, all in one block: {"calls": [{"method": "store", "args": [[user, 0, 1, …], 2, [100, …]]}]}. */
async function send(world, { calls, at }) {
  const { diamond } = world.optional.gtrade;
  const transactions = calls.map(({ method, args = [], mayFail = false }) => {
    if (diamond.interface.getFunction(String(method)) === null) throw new Refused(`method: there is no ${JSON.stringify(method)}`);
    return { ...diamond.tx(world.roles.owner, method, ...args), mayFail };
  });
  const { head, receipts } = await world.evm.block(transactions, { at });
  return { block: head, refused: receipts.map(({ refusal }) => refusal ?? null) };
}

export const verbs = { gtrade_send: { fields: ["calls", "at"], run: send } };
