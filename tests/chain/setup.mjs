// Installs the pinned npm packages by `npm pack` and tar, each checked against its sha512, and compiles
// what sources.mjs names. Idempotent: a second call only reads marker files and looks for the results.
//
// `npm install` is not used: on Debian 12's Node 18 it skips the Anvil binary (an optional package that
// asks for Node 20 although the binary needs no Node), and two of the packages have unreachable dependencies.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { compileMissing } from "./compile.mjs";
import { folderOf, pins } from "./pins.mjs";

const run = promisify(execFile);
export const here = path.dirname(fileURLToPath(import.meta.url));
export const modules = path.join(here, "node_modules");
export const cache = path.join(here, ".cache");

/** The pins that this machine needs: those of another processor are left out. */
function wanted() {
  if (process.platform !== "linux" || !pins.some((pin) => pin.cpu === process.arch)) {
    throw new Error(`no pinned Anvil for ${process.platform}/${process.arch}; pins.json has linux/x64`);
  }
  return pins.filter((pin) => pin.cpu === undefined || pin.cpu === process.arch);
}

const markOf = (pin) => JSON.stringify([pin.integrity, pin.only ?? "all"]);

function isInstalled(pin, into) {
  const marker = path.join(into, folderOf(pin), ".margind-pin");
  return existsSync(marker) && readFileSync(marker, "utf8") === markOf(pin);
}

/** Throws unless the file is the pinned one. */
export function checkIntegrity(pin, file) {
  const found = "sha512-" + createHash("sha512").update(readFileSync(file)).digest("base64");
  if (found !== pin.integrity) {
    throw new Error(`${pin.name}@${pin.version}: integrity is ${found}, pinned ${pin.integrity}`);
  }
}

async function unpack(pin, tarball, scratch, into) {
  const target = path.join(scratch, "unpacked-" + folderOf(pin).replaceAll("/", "-"));
  mkdirSync(target);
  const members = (pin.only ?? []).map((member) => "package/" + member);
  await run("tar", ["xzf", tarball, "-C", target, "--no-same-owner", ...members]);
  const [top] = readdirSync(target);
  writeFileSync(path.join(target, top, ".margind-pin"), markOf(pin));
  if (isInstalled(pin, into)) return;
  const place = path.join(into, folderOf(pin));
  mkdirSync(path.dirname(place), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  try {
    renameSync(path.join(target, top), place);
  } catch (error) {
    // Another process installed the same pin in between; anything else is an error.
    if (!isInstalled(pin, into)) throw error;
  }
}

async function fetchPins(missing, into, scratchBelow, log) {
  mkdirSync(scratchBelow, { recursive: true });
  const scratch = mkdtempSync(path.join(scratchBelow, "fetch-"));
  try {
    log(`fetching ${missing.length} pinned npm packages`);
    const specs = missing.map((pin) => `${pin.name}@${pin.version}`);
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", ...specs], {
      cwd: scratch,
      maxBuffer: 64 << 20,
    });
    const packed = JSON.parse(stdout);
    for (const [index, pin] of missing.entries()) {
      const entry = packed.find((one) => one.name === pin.name && one.version === pin.version);
      if (entry === undefined) throw new Error(`npm pack did not deliver ${pin.name}@${pin.version}`);
      // npm 9 prints "@scope/name-1.0.0.tgz" although the file is "scope-name-1.0.0.tgz".
      const tarball = path.join(scratch, entry.filename.replace(/^@/, "").replaceAll("/", "-"));
      checkIntegrity(pin, tarball);
      await unpack(pin, tarball, scratch, into);
      log(`[${index + 1}/${missing.length}] ${pin.name} ${pin.version}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Makes sure that `all` are in `into`; their archives pass through `scratchBelow`. */
async function installMissing(all, into, scratchBelow, log) {
  const missing = all.filter((pin) => !isInstalled(pin, into));
  if (missing.length > 0) await fetchPins(missing, into, scratchBelow, log);
}

/** The same for another list of pins: {pins, modules, cache}. */
export const installPins = (of, log) => installMissing(of.pins, of.modules, of.cache, log);

/** Makes sure that everything pinned is on disk. `log` receives progress lines. */
export async function install(log = (line) => process.stderr.write(`chain setup: ${line}\n`)) {
  await installMissing(wanted(), modules, cache, log);
  await compileMissing({ modules, cache, log });
}

/** The native Anvil: its npm wrapper would leave the node running when the wrapper dies. */
export function anvilBinary() {
  const pin = wanted().find((one) => one.cpu !== undefined);
  return path.join(modules, folderOf(pin), "bin", "anvil");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const started = Date.now();
  try {
    await install();
    process.stderr.write(`chain setup: ready in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    process.stderr.write(`chain setup: ${error.message}\n`);
    process.exit(1);
  }
}
