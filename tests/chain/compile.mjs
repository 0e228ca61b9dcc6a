// Compiles the units of sources.mjs, each once: the result is kept under a hash of all that went in.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { folderOf, pins } from "./pins.mjs";
import { units } from "./sources.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const ownFolder = "contracts";

/** A compiler takes some hundred MB. */
const maxWorkers = 4;

const isOwn = (folder) => folder === ownFolder || folder.startsWith(ownFolder + "/");

/** Where a source's file is; undefined when no folder of the unit holds its name. */
function fileOf(unit, name, modules) {
  const prefixes = Object.keys(unit.paths).filter((prefix) => name.startsWith(prefix));
  const [longest] = prefixes.sort((a, b) => b.length - a.length);
  if (longest === undefined) return undefined;
  const folder = unit.paths[longest];
  return path.join(isOwn(folder) ? here : modules, folder, name.slice(longest.length));
}

const importOf = /^[ \t]*import\b[^"';]*["']([^"']+)["']/gm;

/** The entries and everything that they import, by name. */
function readSources(unit, modules) {
  const sources = {};
  const pending = unit.entries.map((name) => ({ name, by: "sources.mjs" }));
  while (pending.length > 0) {
    const { name, by } = pending.pop();
    if (sources[name] !== undefined) continue;
    const file = fileOf(unit, name, modules);
    if (file === undefined || !existsSync(file)) throw new Error(`${by} imports ${name}: no path of its unit holds that`);
    const content = readFileSync(file, "utf8");
    sources[name] = { content };
    for (const [, imported] of content.matchAll(importOf)) {
      const relative = imported.startsWith("./") || imported.startsWith("../");
      pending.push({ name: relative ? path.posix.join(path.posix.dirname(name), imported) : imported, by: name });
    }
  }
  return sources;
}

function inputOf(unit, modules) {
  const outputs = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences", "evm.deployedBytecode.object"];
  const outputSelection = { "*": Object.fromEntries(unit.contracts.map((contract) => [contract, outputs])) };
  return JSON.stringify({ language: "Solidity", sources: readSources(unit, modules), settings: { ...unit.settings, outputSelection } });
}

/** What stands for a folder's content: the pinned package's hash, or our own files themselves. */
function contentOf(folder) {
  if (!isOwn(folder)) {
    const pin = pins.find((one) => folder === folderOf(one) || folder.startsWith(folderOf(one) + "/"));
    if (pin === undefined) throw new Error(`sources.mjs: no pin is installed in ${folder}`);
    return pin.integrity;
  }
  const own = path.join(here, folder);
  const files = readdirSync(own, { withFileTypes: true }).filter((one) => one.name.endsWith(".sol"));
  return files.map(({ name }) => [name, readFileSync(path.join(own, name), "utf8")]).sort();
}

function placeOf(name, cache) {
  const unit = units[name];
  if (unit === undefined) throw new Error(`sources.mjs has no unit ${name}`);
  const content = [unit, contentOf(unit.solc), Object.values(unit.paths).map(contentOf)];
  const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
  return path.join(cache, `${name}-${hash}.json`);
}

function runCompiler(compiler, input) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./compile_worker.mjs", import.meta.url), { workerData: { compiler, input } });
    worker.on("message", resolve).on("error", reject).on("exit", (code) => reject(new Error(`the compiler ended with ${code}`)));
  });
}

/** The kept contracts as {name: {abi, bytecode, deployedBytecode, linkReferences}}. */
function contractsOf(unit, output) {
  const failed = (output.errors ?? []).filter((error) => error.severity === "error");
  if (failed.length > 0) throw new Error(failed[0].formattedMessage);
  const found = {};
  for (const contracts of Object.values(output.contracts)) {
    for (const [name, { abi, evm }] of Object.entries(contracts)) {
      if (!unit.contracts.includes(name)) continue;
      if (found[name] !== undefined) throw new Error(`two sources have a contract ${name}`);
      const { bytecode, deployedBytecode } = evm;
      found[name] = {
        abi, bytecode: "0x" + bytecode.object, deployedBytecode: "0x" + deployedBytecode.object, linkReferences: bytecode.linkReferences,
      };
    }
  }
  const absent = unit.contracts.find((name) => found[name] === undefined);
  if (absent !== undefined) throw new Error(`no source has a contract ${absent}`);
  return found;
}

async function compileUnit(name, { modules, cache, log }) {
  const started = Date.now();
  const unit = units[name];
  try {
    const output = await runCompiler(path.join(modules, unit.solc, "soljson.js"), inputOf(unit, modules));
    const contracts = contractsOf(unit, JSON.parse(output));
    const place = placeOf(name, cache);
    const partial = `${place}.${process.pid}`;
    writeFileSync(partial, JSON.stringify(contracts));
    renameSync(partial, place);
  } catch (error) {
    throw new Error(`compiling ${name} with ${unit.solc}: ${error.message}`);
  }
  log(`compiled ${name} with ${unit.solc} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Compiles every unit whose result is not kept. */
export async function compileMissing({ modules, cache, log }) {
  const missing = Object.keys(units).filter((name) => !existsSync(placeOf(name, cache)));
  if (missing.length === 0) return;
  log(`compiling ${missing.join(", ")}`);
  mkdirSync(cache, { recursive: true });
  const work = async () => {
    while (missing.length > 0) await compileUnit(missing.shift(), { modules, cache, log });
  };
  const workers = Math.min(cpus().length, maxWorkers, missing.length);
  await Promise.all(Array.from({ length: workers }, work));
}

/** The contracts of a unit: {name: {abi, bytecode, deployedBytecode, linkReferences}}. */
export const compiledUnit = (name, { cache }) => JSON.parse(readFileSync(placeOf(name, cache), "utf8"));
