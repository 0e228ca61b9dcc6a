// Compiled contracts of the pinned packages, linked where they use libraries.
import { readFileSync } from "node:fs";
import path from "node:path";

import { compiledUnit } from "./compile.mjs";
import { cache, modules } from "./setup.mjs";

const folders = {
  aave: "@aave/core-v3/artifacts/contracts",
  perp: "@perp/curie-contract/artifacts/contracts",
  perpOracle: "@perp/perp-oracle-contract/artifacts/contracts",
  uniswap: "@uniswap/v3-core/artifacts/contracts",
  lyra: "@lyrafinance/protocol/dist/artifacts/contracts",
};

/** Loads e.g. ("aave", "protocol/pool/Pool"). */
export function artifact(family, name) {
  const base = path.basename(name);
  return JSON.parse(readFileSync(path.join(modules, folders[family], `${name}.sol`, `${base}.json`), "utf8"));
}

/** Fills in library addresses: {SupplyLogic: "0x…"}. */
export function link(compiled, libraries) {
  let code = compiled.bytecode;
  for (const file of Object.values(compiled.linkReferences)) {
    for (const [library, places] of Object.entries(file)) {
      const address = libraries[library];
      if (address === undefined) throw new Error(`${compiled.contractName} needs the library ${library}`);
      for (const { start, length } of places) {
        const from = 2 + start * 2;
        code = code.slice(0, from) + address.slice(2).toLowerCase() + code.slice(from + length * 2);
      }
    }
  }
  return { ...compiled, bytecode: code };
}

/** Contracts by name from Synthetix's deployment on Optimism's test net: {contractName, abi, bytecode}, one library at most to link. */
export function synthetixSources() {
  const file = path.join(modules, "synthetix/publish/deployed/sepolia-ovm/deployment.json");
  return JSON.parse(readFileSync(file, "utf8")).sources;
}

const units = new Map();

/** A contract of a unit of sources.mjs, e.g. ("morpho", "Morpho"). */
export function compiled(unit, name) {
  if (!units.has(unit)) units.set(unit, compiledUnit(unit, { cache }));
  return { contractName: name, ...units.get(unit)[name] };
}

export async function multicall3CreationCode() {
  const constants = await import(path.join(modules, "viem/_esm/constants/contracts.js"));
  return constants.multicall3Bytecode;
}
