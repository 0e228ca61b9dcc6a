// Compiles Chainlink's MockV3Aggregator with the pinned solc and keeps the result by content hash.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const contract = "src/v0.8/tests/MockV3Aggregator.sol";

/** The source and everything it imports, by path inside the package. */
function readSources(root) {
  const sources = {};
  const pending = [contract];
  while (pending.length > 0) {
    const name = pending.pop();
    if (sources[name] !== undefined) continue;
    const content = readFileSync(path.join(root, name), "utf8");
    sources[name] = { content };
    for (const [, imported] of content.matchAll(/import\s+(?:\{[^}]*\}\s+from\s+)?"([^"]+)"/g)) {
      pending.push(path.posix.join(path.posix.dirname(name), imported));
    }
  }
  return sources;
}

function inputOf(modules) {
  return JSON.stringify({
    language: "Solidity",
    sources: readSources(path.join(modules, "@chainlink/contracts")),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { "*": { MockV3Aggregator: ["abi", "evm.bytecode.object"] } },
    },
  });
}

function artifactPath(cache, modules, input) {
  const solc = JSON.parse(readFileSync(path.join(modules, "solc/package.json"), "utf8")).version;
  const hash = createHash("sha256").update(solc).update(input).digest("hex").slice(0, 16);
  return path.join(cache, `MockV3Aggregator-${hash}.json`);
}

/** Loads the compiler without the process-wide handler for rejections that its runtime installs. */
function loadCompiler(modules) {
  const before = process.listeners("unhandledRejection");
  const soljson = createRequire(import.meta.url)(path.join(modules, "solc/soljson.js"));
  for (const added of process.listeners("unhandledRejection")) {
    if (!before.includes(added)) process.off("unhandledRejection", added);
  }
  return soljson;
}

/** Compiles the aggregator unless this exact input was compiled before. */
export async function compileAggregator({ modules, cache, log }) {
  const input = inputOf(modules);
  const file = artifactPath(cache, modules, input);
  if (existsSync(file)) return;
  log("compiling MockV3Aggregator with solc 0.8.26");
  const compile = loadCompiler(modules).cwrap("solidity_compile", "string", ["string", "number", "number"]);
  const output = JSON.parse(compile(input, 0, 0));
  const failed = (output.errors ?? []).filter((error) => error.severity === "error");
  if (failed.length > 0) throw new Error(`solc: ${failed[0].formattedMessage}`);
  const { abi, evm } = output.contracts[contract].MockV3Aggregator;
  mkdirSync(cache, { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, JSON.stringify({ abi, bytecode: "0x" + evm.bytecode.object, linkReferences: {} }));
  renameSync(partial, file);
}

/** The compiled aggregator, as {abi, bytecode}. */
export function aggregatorArtifact({ modules, cache }) {
  return JSON.parse(readFileSync(artifactPath(cache, modules, inputOf(modules)), "utf8"));
}
