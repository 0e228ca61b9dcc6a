// Installs viem, whole, below tests/bench/node_modules, for viem_monitor.mjs: pinned and checked as the chain's packages are.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { installPins } from "../chain/setup.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const pins = JSON.parse(readFileSync(path.join(here, "viem_pins.json"), "utf8"));
const log = (line) => process.stderr.write(`viem setup: ${line}\n`);

await installPins({ pins, modules: path.join(here, "node_modules"), cache: path.join(here, "../chain/.cache") }, log);
