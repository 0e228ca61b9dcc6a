// Doubles of HyperCore's read precompiles, at their addresses. See contracts/hyperliquid for what they do not prove.
import { getAddress } from "ethers";

import { compiled } from "./artifacts.mjs";
import { Refused } from "./chain_error.mjs";

/** Where the precompiles' double looks for the core. */
const coreAddress = "0x000000000000000000000000000000000C0DE999";
const numbers = [0x800, 0x801, 0x803, 0x806, 0x807, 0x808, 0x809, 0x80a, 0x80b, 0x80c, 0x80f, 0x810, 0x813];

const dollars = (price, szDecimals) => BigInt(Math.round(price * 10 ** (6 - szDecimals)));

/** By dex; prices in USD. Tables below 50 have one tier, whose leverage is their number. */
const universe = {
  0: [
    { coin: "BTC", marginTable: 56, szDecimals: 5, maxLeverage: 40, price: 60_000 },
    { coin: "ETH", marginTable: 25, szDecimals: 4, maxLeverage: 25, price: 3000 },
    { coin: "SOL", marginTable: 20, szDecimals: 2, maxLeverage: 20, price: 150 },
    { coin: "OLD", marginTable: 3, szDecimals: 0, maxLeverage: 3, price: 0.02, onlyIsolated: true },
  ],
  1: [
    { coin: "XYZ100", marginTable: 20, szDecimals: 4, maxLeverage: 20, price: 20_000 },
    { coin: "TSLA", marginTable: 10, szDecimals: 3, maxLeverage: 10, price: 400 },
    { coin: "NVDA", marginTable: 10, szDecimals: 3, maxLeverage: 10, price: 180 },
  ],
};
const tiers = [[56, 0, 40], [56, 150_000_000, 20]];
const hype = { token: 150, pair: 107, price: 40_000_000, name: "HYPE", szDecimals: 2, weiDecimals: 8 };

/** Returns {core}. */
export async function deploy({ evm, roles: { owner } }) {
  const runtime = (name) => compiled("hyperliquid", name).deployedBytecode;
  const address = (number) => getAddress("0x" + number.toString(16).padStart(40, "0"));
  await evm.rpc.call("anvil_setCode", [coreAddress, runtime("HyperCore")]);
  for (const number of numbers) await evm.rpc.call("anvil_setCode", [address(number), runtime("Precompile")]);
  const core = evm.contract(coreAddress, compiled("hyperliquid", "HyperCore"));
  for (const [dex, perps] of Object.entries(universe)) {
    for (const { coin, marginTable, szDecimals, maxLeverage, onlyIsolated = false, price } of perps) {
      await core.send(owner, "list", dex, [coin, marginTable, szDecimals, maxLeverage, onlyIsolated], dollars(price, szDecimals));
    }
  }
  for (const tier of tiers) await core.send(owner, "addTier", ...tier);
  const { token, pair, price, name, szDecimals, weiDecimals } = hype;
  await core.send(owner, "setToken", token, [name, [pair], 0, owner, owner, szDecimals, weiDecimals, 0], pair, price);
  return { core };
}

export const describe = ({ core }) => ({ core: core.address });

/** Calls of the core, all in one block: {"calls": [{"method": "setPrices", "args": [1, "300000", "300000"]}]}. */
async function send(world, { calls, at }) {
  const { core } = world.optional.hyperliquid;
  const transactions = calls.map(({ method, args = [], mayFail = false }) => {
    if (core.interface.getFunction(String(method)) === null) throw new Refused(`method: there is no ${JSON.stringify(method)}`);
    return { ...core.tx(world.roles.owner, method, ...args), mayFail };
  });
  const { head, receipts } = await world.evm.block(transactions, { at });
  return { block: head, refused: receipts.map(({ refusal }) => refusal ?? null) };
}

export const verbs = { hyperliquid_send: { fields: ["calls", "at"], run: send } };
