// Doubles of GMX V2: data store, Reader and price provider with four markets. See contracts/gmx_v2 for what they do not prove.
import { getAddress } from "ethers";

import { compiled } from "./artifacts.mjs";
import { Refused } from "./chain_error.mjs";
import { tokenSpecs } from "./deploy_common.mjs";

const one = 10n ** 30n;
/** Index tokens without code, as GMX has them: of a feed, and of none. */
const synthetic = {
  BTC: { address: getAddress("0x47904963fc8b2340414262125af798b9655e58cd"), decimals: 8, feed: "BTC" },
  SOL: { address: getAddress("0x2bcc6d6cdbbdc0a4071e48bb3b969b06b3330c07"), decimals: 9 },
};
const heartbeat = 90_000n;

const marketToken = (number) => getAddress("0x" + (0x70d95587d40a2caf56bd97485ab3eec1000000n + BigInt(number)).toString(16).padStart(40, "0"));

/** Returns {store, reader, provider, markets}. */
export async function deploy({ evm, roles: { owner }, tokens, feeds }) {
  const make = (name, ...args) => evm.deploy(owner, compiled("gmx_v2", name), args);
  const store = await make("DataStore");
  const reader = await make("Reader");
  const provider = await make("ChainlinkPriceFeedProvider", store.address);
  for (const symbol of ["WETH", "WBTC", "USDC"]) {
    const { decimals, feed } = tokenSpecs[symbol];
    await store.send(owner, "setFeed", tokens[symbol].address, feeds[feed].address, decimals, heartbeat);
  }
  await store.send(owner, "setFeed", synthetic.BTC.address, feeds.BTC.address, synthetic.BTC.decimals, heartbeat);
  await store.send(owner, "setLeast", one);
  const at = (symbol) => tokens[symbol].address;
  const pairs = {
    ETH: [at("WETH"), at("WETH"), at("USDC")],
    BTC: [synthetic.BTC.address, at("WBTC"), at("USDC")],
    "ETH single": [at("WETH"), at("WETH"), at("WETH")],
    SOL: [synthetic.SOL.address, at("WETH"), at("USDC")],
  };
  const markets = {};
  for (const [number, [name, [index, long, short]]] of Object.entries(pairs).entries()) {
    const market = marketToken(number);
    markets[name] = market;
    await store.send(owner, "addMarket", [market, index, long, short]);
    await store.send(owner, "set", "MIN_COLLATERAL_FACTOR", market, one / 100n);
    await store.send(owner, "set", "MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", market, one / 100n);
    await store.send(owner, "set", "LIQUIDATION_FEE_FACTOR", market, one / 500n);
    await store.send(owner, "setPool", market, long, 10_000n * 10n ** BigInt(name === "BTC" ? 8 : 18));
    if (short !== long) await store.send(owner, "setPool", market, short, 30_000_000n * 10n ** 6n);
    for (const side of [true, false]) await store.send(owner, "setMaxPnl", market, side, (one * 9n) / 10n);
  }
  return { store, reader, provider, markets };
}

export const describe = ({ store, reader, provider, markets }) => ({
  data_store: store.address, reader: reader.address, price_provider: provider.address, markets, synthetic: { BTC: synthetic.BTC.address, SOL: synthetic.SOL.address },
});

/** Calls of the doubles, all in one block: {"calls": [{"contract": "store", "method": "set", "args": ["POSITION_FEE…", …]}]}. */
async function send(world, { calls, at }) {
  const { store, reader } = world.optional.gmx_v2;
  const contracts = { store, reader };
  const transactions = calls.map(({ contract, method, args = [], mayFail = false }) => {
    if (!Object.hasOwn(contracts, contract)) throw new Refused(`contract: there is no ${JSON.stringify(contract)}`);
    if (contracts[contract].interface.getFunction(String(method)) === null) throw new Refused(`method: there is no ${JSON.stringify(method)}`);
    return { ...contracts[contract].tx(world.roles.owner, method, ...args), mayFail };
  });
  const { head, receipts } = await world.evm.block(transactions, { at });
  return { block: head, refused: receipts.map(({ refusal }) => refusal ?? null) };
}

export const verbs = { gmx_send: { fields: ["calls", "at"], run: send } };
