// Reads the fields of a verb's JSON body; each refusal names the field and its value.
import { getAddress, isAddress } from "ethers";

import { Refused } from "../chain_error.mjs";
import { tokenSpecs } from "../deploy_common.mjs";
import { parseDecimal, parseInteger } from "../fixed.mjs";

const listed = (names) => names.join(", ");

/** An address, the name of a role, or the index of a prepared account. */
export function userOf(world, { user }) {
  if (typeof user === "string" && isAddress(user)) return getAddress(user);
  if (Number.isSafeInteger(user) && world.users[user] !== undefined) return world.users[user];
  if (typeof user === "string" && world.roles[user] !== undefined) return world.roles[user];
  throw new Refused(`user: ${JSON.stringify(user)} is no address, no account index and none of ${listed(Object.keys(world.roles))}`);
}

/** The token of field `field`: {symbol, contract, decimals}. `further` tokens by symbol are known as well. */
export function tokenOf(world, args, field = "asset", further = {}) {
  const symbol = args[field];
  if (typeof symbol === "string" && Object.hasOwn(further, symbol)) return { symbol, ...further[symbol] };
  if (typeof symbol !== "string" || !Object.hasOwn(tokenSpecs, symbol)) {
    throw new Refused(`${field}: ${JSON.stringify(symbol)} is none of ${listed([...Object.keys(tokenSpecs), ...Object.keys(further)])}`);
  }
  return { symbol, contract: world.tokens[symbol], decimals: tokenSpecs[symbol].decimals };
}

/** The name of the price feed of `asset`, which may be a feed ("ETH") or a token ("WETH"). */
export function feedOf(world, { asset }) {
  const name = Object.hasOwn(tokenSpecs, asset) ? tokenSpecs[asset].feed : asset;
  if (typeof name !== "string" || !Object.hasOwn(world.feeds, name)) {
    throw new Refused(`asset: ${JSON.stringify(asset)} has no price feed; feeds are ${listed(Object.keys(world.feeds))}`);
  }
  return name;
}

export function marketOf(world, { market }) {
  if (typeof market !== "string" || !Object.hasOwn(world.perp.markets, market)) {
    throw new Refused(`market: ${JSON.stringify(market)} is none of ${listed(Object.keys(world.perp.markets))}`);
  }
  return { name: market, ...world.perp.markets[market] };
}

/** A raw amount from `field` (decimal text, or "max" where `max` is given) or `field_raw` (integer text). */
export function amountOf(args, decimals, { field = "amount", max } = {}) {
  const [text, raw] = [args[field], args[`${field}_raw`]];
  if ((text === undefined) === (raw === undefined)) throw new Refused(`give either ${field} or ${field}_raw`);
  if (raw !== undefined) return parseInteger(raw, `${field}_raw`);
  if (text === "max" && max !== undefined) return max;
  return parseDecimal(text, decimals, field);
}

export function secondsOf(args, field) {
  const value = args[field];
  if (!Number.isSafeInteger(value) || value < 0) throw new Refused(`${field}: ${JSON.stringify(value)} is no whole number of seconds`);
  return value;
}

/** A boolean field with the value it has when it is not given. */
export function flagOf(args, field, otherwise) {
  const value = args[field] ?? otherwise;
  if (typeof value !== "boolean") throw new Refused(`${field}: ${JSON.stringify(value)} is neither true nor false`);
  return value;
}
