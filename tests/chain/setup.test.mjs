// Pins, exact arithmetic, and that the same requests make the same chain.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { formatDecimal, parseDecimal, priceOfSqrt, sqrtPriceX96, squareRoot } from "./fixed.mjs";
import { checkIntegrity, here } from "./setup.mjs";
import { startServer } from "./harness.mjs";

test("a package that is not the pinned one is refused", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "chain-pin-"));
  try {
    const file = path.join(folder, "package.tgz");
    writeFileSync(file, "abc");
    // SHA-512 of "abc" from FIPS 180-2, appendix C.1.
    const digest =
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    const integrity = "sha512-" + Buffer.from(digest, "hex").toString("base64");
    checkIntegrity({ name: "abc", version: "1.0.0", integrity }, file);
    writeFileSync(file, "abd");
    assert.throws(() => checkIntegrity({ name: "abc", version: "1.0.0", integrity }, file), /abc@1\.0\.0: integrity is sha512-/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every pin has a version and a sha512, and no file names a registry", () => {
  const text = readFileSync(path.join(here, "pins.json"), "utf8");
  assert.doesNotMatch(text, /https?:/);
  for (const { name, version, integrity } of JSON.parse(text)) {
    assert.match(version, /^\d+\.\d+\.\d+/, name);
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, name);
  }
});

test("decimals are exact both ways", () => {
  assert.equal(parseDecimal("1234.5", 6, "amount"), 1234500000n);
  assert.equal(parseDecimal("0.000001", 6, "amount"), 1n);
  for (const bad of ["", "-1", "1e3", "1.", ".5", "1.0000001", "0x1", 5]) {
    assert.throws(() => parseDecimal(bad, 6, "amount"), /^Error: amount: /, String(bad));
  }
  assert.equal(formatDecimal(1234500000n, 6), "1234.5");
  assert.equal(formatDecimal(-1n, 6), "-0.000001");
});

test("square roots and pool prices round down", () => {
  for (const value of [0n, 1n, 2n, 15n, 16n, 17n, 10n ** 40n - 1n]) {
    const root = squareRoot(value);
    assert.ok(root * root <= value && (root + 1n) * (root + 1n) > value, String(value));
  }
  // floor(sqrt(3000 * 2^192)), by Python's math.isqrt.
  assert.equal(sqrtPriceX96(3000n * 10n ** 18n), 4339505179874779489431521786241n);
  assert.equal(priceOfSqrt(1n << 96n), 10n ** 18n);
});

test("the same requests on two servers give the same block hash", async () => {
  const hashes = [];
  for (let run = 0; run < 2; run += 1) {
    const chain = await startServer("--genesis", "1700000000");
    try {
      await chain.verb("random_aave", { seed: 7, count: 22 });
      await chain.verb("random_perp", { seed: 7, count: 17 });
      await chain.verb("move_market", { asset: "BTC", price: "55000" });
      hashes.push((await chain.verb("reorg", { depth: 1 })).block.hash);
    } finally {
      await chain.stop();
    }
  }
  assert.equal(hashes[0], hashes[1]);
});
