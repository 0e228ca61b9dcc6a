// Protocols that `serve --with` adds to the chain. Each is one module:
//   deploy(world)          deploys and returns its contracts, kept as world.optional.<name>; at a second a block, without moving
//                          the time, and reading nothing of other optional protocols
//   describe(part, world)  what a client needs to know: plain JSON, below addresses.<name> of the ready line
//   verbs                  its verbs by name, as in verbs/*.mjs
// Every deploy_<name>.mjs is one, but for those of world.mjs.
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Refused } from "./chain_error.mjs";

const always = ["common", "aave", "perp"];
/** Deployed before the others, which follow by name. */
const first = ["morpho", "aave_v36", "lyra", "compound", "derive", "hyperliquid", "gmx_v2", "ostium", "oracles", "wallet"];

/** In the order in which they are deployed, whatever the order of the option. */
function knownNames() {
  const files = readdirSync(path.dirname(fileURLToPath(import.meta.url))).sort();
  const found = files.map((file) => /^deploy_(\w+)\.mjs$/.exec(file)?.[1]).filter((name) => name !== undefined && !always.includes(name));
  return [...first, ...found.filter((name) => !first.includes(name))];
}

/** The protocols that `--with` names: a list with commas, or "all". */
export function optionalNames(text = "") {
  const known = knownNames();
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
    const module = await import(`./deploy_${name}.mjs`);
    world.optional[name] = await module.deploy(world);
    world.optionalModules[name] = module;
    Object.assign(world.optionalVerbs, module.verbs);
    log(`${name} deployed`);
  }
}

export const describeOptional = (world) =>
  Object.fromEntries(Object.entries(world.optionalModules).map(([name, module]) => [name, module.describe(world.optional[name], world)]));
