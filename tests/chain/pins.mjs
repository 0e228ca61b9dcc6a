// What pins.json names: packages by version and content hash.
import { readFileSync } from "node:fs";

export const pins = JSON.parse(readFileSync(new URL("./pins.json", import.meta.url), "utf8"));

/** Below node_modules: the package's name, unless one package is pinned in several versions. */
export const folderOf = (pin) => pin.folder ?? pin.name;
