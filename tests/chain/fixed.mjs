// Exact conversions between decimal text, integers and Uniswap's square-root prices.
import { Refused } from "./chain_error.mjs";

/** Parses "1234.5" with at most `decimals` digits after the point. `name` is told in the error. */
export function parseDecimal(text, decimals, name) {
  const match = typeof text === "string" ? /^(\d{1,60})(?:\.(\d+))?$/.exec(text) : null;
  if (match === null) throw new Refused(`${name}: ${JSON.stringify(text)} is not a decimal string`);
  const fraction = match[2] ?? "";
  if (fraction.length > decimals) throw new Refused(`${name}: ${text} has more than ${decimals} digits after the point`);
  return BigInt(match[1] + fraction.padEnd(decimals, "0"));
}

/** Parses an integer string, e.g. "-5". */
export function parseInteger(text, name) {
  if (typeof text !== "string" || !/^-?\d{1,78}$/.test(text)) {
    throw new Refused(`${name}: ${JSON.stringify(text)} is not an integer string`);
  }
  return BigInt(text);
}

export function formatDecimal(raw, decimals) {
  const digits = (raw < 0n ? -raw : raw).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return (raw < 0n ? "-" : "") + whole + (fraction === "" ? "" : "." + fraction);
}

export function squareRoot(value) {
  if (value < 2n) return value;
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** sqrtPriceX96 of a price with 18 decimals; both pool tokens have 18. */
export const sqrtPriceX96 = (price18) => squareRoot((price18 << 192n) / 10n ** 18n);

/** The price with 18 decimals of a sqrtPriceX96. */
export const priceOfSqrt = (sqrt) => (((sqrt * sqrt) >> 96n) * 10n ** 18n) >> 96n;

const tickLog = Math.log(1.0001);

/** The nearest tick of a price that is a multiple of `spacing`. */
export function tickOfPrice(price18, spacing) {
  return Math.round(Math.log(Number(price18) / 1e18) / tickLog / spacing) * spacing;
}

/** A square-root price moved by `ticks`. */
export function shiftSqrt(sqrt, ticks) {
  const factor = BigInt(Math.round(Math.exp((ticks * tickLog) / 2) * 1e15));
  return (sqrt * factor) / 10n ** 15n;
}
