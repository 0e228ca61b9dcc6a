// Oracles beside the common aggregators: Chainlink's own proxy and phases in front of ETH's, its uptime feed of a sequencer
// (Arbitrum's), and Pyth's mock.
import { ZeroAddress, getAddress, id } from "ethers";

import { compiled } from "./artifacts.mjs";
import { feedDecimals, openingPrices } from "./deploy_common.mjs";
import { oracleVerbs } from "./verbs/oracles.mjs";

/** What Arbitrum adds to the address of a sender on Ethereum. */
const aliasOffset = 0x1111000000000000000000000000000000001111n;
const sequencerReporter = "0x00000000000000000000000000000000c0ffee01";

export const aliasOf = (address) => getAddress("0x" + ((BigInt(address) + aliasOffset) % 2n ** 160n).toString(16).padStart(40, "0"));

/** Pyth's ids are opaque; these are of this chain alone. */
const pythIds = Object.fromEntries(Object.keys(openingPrices).map((name) => [name, id(`${name}/USD`)]));
const pythFee = 1n;
const pythConfidencePpm = 500n;

/** A transaction that pushes a price; `price` and `confidence` are integers with `exponent`. */
export async function pythUpdate({ pyth, pythIds: ids }, from, { asset, price, confidence, exponent, time }) {
  const data = await pyth.read("createPriceFeedUpdateData", ids[asset], price, confidence, exponent, price, confidence, time, time);
  return { ...pyth.tx(from, "updatePriceFeeds", [data]), value: pythFee };
}

async function deployUptimeFeed(evm, owner) {
  const access = await evm.deploy(owner, compiled("oracle_contracts", "SimpleReadAccessController"));
  const flags = await evm.deploy(owner, compiled("oracle_contracts", "Flags"), [access.address, access.address]);
  const uptime = await evm.deploy(owner, compiled("oracle_contracts", "ArbitrumSequencerUptimeFeed"), [flags.address, sequencerReporter]);
  await access.send(owner, "addAccess", uptime.address);
  await flags.send(owner, "addAccess", uptime.address);
  await uptime.send(owner, "initialize");
  await uptime.send(owner, "disableAccessCheck");
  return uptime;
}

/** Returns {proxy, uptime, uptimeReporter, pyth, pythIds, phases: [aggregators of the proxy, the present one last]}. */
export async function deploy(world) {
  const { evm, feeds } = world;
  const { owner, keeper } = world.roles;
  const proxy = await evm.deploy(owner, compiled("oracle_proxy", "EACAggregatorProxy"), [feeds.ETH.address, ZeroAddress]);
  const uptime = await deployUptimeFeed(evm, owner);
  const pyth = await evm.deploy(owner, compiled("pyth", "MockPyth"), [60, pythFee]);
  const part = { proxy, uptime, uptimeReporter: aliasOf(sequencerReporter), pyth, pythIds, phases: [feeds.ETH] };
  const { timestamp } = await evm.head();
  const updates = [];
  for (const [asset, whole] of Object.entries(openingPrices)) {
    const price = whole * 10n ** BigInt(feedDecimals);
    const confidence = (price * pythConfidencePpm) / 1_000_000n;
    updates.push(await pythUpdate(part, keeper, { asset, price, confidence, exponent: -feedDecimals, time: timestamp }));
  }
  await evm.block(updates);
  return part;
}

export const describe = ({ proxy, uptime, pyth, pythIds: ids }) => ({
  eth_proxy: proxy.address, sequencer_uptime: uptime.address, pyth: pyth.address, pyth_ids: ids,
});

export const verbs = oracleVerbs;
