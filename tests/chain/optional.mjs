// Protocols that `serve --with` adds to the chain. Each is one module:
//   deploy(world)          deploys and returns its contracts, kept as world.optional.<name>; at a second a block, without moving
//                          the time, and reading nothing of other optional protocols
//   describe(part, world)  what a client needs to know: plain JSON, below addresses.<name> of the ready line
//   verbs                  its verbs by name, as in verbs/*.mjs
import { Refused } from "./chain_error.mjs";

/** In the order in which they are deployed, whatever the order of the option. */
const modules = {
  morpho: () => import("./deploy_morpho.mjs"),
  aave_v36: () => import("./deploy_aave_v36.mjs"),
  lyra: () => import("./deploy_lyra.mjs"),
  compound: () => import("./deploy_compound.mjs"),
  derive: () => import("./deploy_derive.mjs"),
  hyperliquid: () => import("./deploy_hyperliquid.mjs"),
  gmx_v2: () => import("./deploy_gmx_v2.mjs"),
  ostium: () => import("./deploy_ostium.mjs"),
  oracles: () => import("./deploy_oracles.mjs"),
  wallet: () => import("./deploy_wallet.mjs"),
};

/** The protocols that `--with` names: a list with commas, or "all". */
export function optionalNames(text = "") {
  const known = Object.keys(modules);
  if (text === "all") return known;
  const asked = text.split(",").filter((name) => name !== "");
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Refused(`--with: no protocol ${unknown}; there are ${known.join(", ")}`);
  return known.filter((name) => asked.includes(name));
}

/** Deploys the named ones; fills world.optional and world.optionalVerbs. */
export async function deployOptional(world, names, log) {
  world.optional = {};
  world.optionalVerbs = {};
  world.optionalModules = {};
  for (const name of names) {
    const module = await modules[name]();
    world.optional[name] = await module.deploy(world);
    world.optionalModules[name] = module;
    Object.assign(world.optionalVerbs, module.verbs);
    log(`${name} deployed`);
  }
}

export const describeOptional = (world) =>
  Object.fromEntries(Object.entries(world.optionalModules).map(([name, module]) => [name, module.describe(world.optional[name], world)]));
