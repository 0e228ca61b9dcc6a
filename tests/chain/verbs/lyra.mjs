// What a trader, a liquidator, a keeper or the owner does on Lyra Avalon. Each verb is one block.
import { MaxUint256 } from "ethers";

import { compiled } from "../artifacts.mjs";
import { Refused } from "../chain_error.mjs";
import { eventsOf } from "../evm.mjs";
import { parseDecimal, parseInteger } from "../fixed.mjs";
import { amountOf, flagOf, secondsOf, userOf } from "./fields.mjs";

/** In the order of OptionMarket.OptionType. */
export const optionTypes = ["long_call", "long_put", "short_call_base", "short_call_quote", "short_put_quote"];

export const baseCollateral = (type) => type === "short_call_base";
export const isShort = (type) => type.startsWith("short_");

export function lyraMarketOf(world, { market }) {
  const { markets } = world.optional.lyra;
  if (typeof market !== "string" || !Object.hasOwn(markets, market)) {
    throw new Refused(`market: ${JSON.stringify(market)} is none of ${Object.keys(markets).join(", ")}`);
  }
  return markets[market];
}

function typeOf({ type }) {
  if (!optionTypes.includes(type)) throw new Refused(`type: ${JSON.stringify(type)} is none of ${optionTypes.join(", ")}`);
  return type;
}

function numberOf(args, field) {
  const value = args[field];
  if (!Number.isSafeInteger(value) || value < 1) throw new Refused(`${field}: ${JSON.stringify(value)} is no number above 0`);
  return value;
}

/** Whoever trades or liquidates first brings the cached greeks up to date, as keepers do. */
export async function refreshed(world, part) {
  const { keeper } = world.roles;
  const { timestamp } = await world.evm.head();
  const transactions = [];
  for (const board of await part.market.read("getLiveBoards")) {
    const { expiry } = await part.market.read("getOptionBoard", board);
    if (expiry > BigInt(timestamp)) transactions.push({ ...part.cache.tx(keeper, "updateBoardCachedGreeks", board), mayFail: true });
  }
  return transactions;
}

/** Mints what a trade may take: collateral of its kind, and quote for premiums. */
export function provideForTrade(world, part, user, type, collateral, quoteBudget) {
  const { owner } = world.roles;
  const { quote } = world.optional.lyra;
  const transactions = [];
  const base = baseCollateral(type) ? collateral : 0n;
  const budget = quoteBudget + (baseCollateral(type) ? 0n : collateral);
  if (base > 0n) transactions.push(part.base.tx(owner, "mint", user, base), part.base.tx(user, "approve", part.market.address, MaxUint256));
  if (budget > 0n) transactions.push(quote.tx(owner, "mint", user, budget), quote.tx(user, "approve", part.market.address, MaxUint256));
  return transactions;
}

/** TradeInputParameters. */
export const order = (strike, position, type, amount, collateral) => [
  strike, position, 1, optionTypes.indexOf(type), amount, collateral, 0, MaxUint256,
];

/** Quote that no single trade of a test exceeds. */
export const plenty = 10n ** 25n;

async function positionOf(part, id) {
  const position = await part.token.read("getOptionPosition", id);
  if (position.positionId === 0n) throw new Refused(`position: there is no ${id}`);
  return { ...position.toObject(), type: optionTypes[Number(position.optionType)] };
}

const collateralField = (args) => (args.collateral === undefined && args.collateral_raw === undefined ? 0n : amountOf(args, 18, { field: "collateral" }));

/** Opens a position, or adds to `position`; `collateral` is what it holds afterwards. */
async function open(world, args) {
  const [user, part, type] = [userOf(world, args), lyraMarketOf(world, args), typeOf(args)];
  const [strike, amount, collateral] = [numberOf(args, "strike"), amountOf(args, 18), collateralField(args)];
  const held = args.position === undefined ? 0 : numberOf(args, "position");
  const trade = part.market.tx(user, "openPosition", order(strike, held, type, amount, collateral));
  const before = [...(await refreshed(world, part)), ...provideForTrade(world, part, user, type, collateral, plenty)];
  const { head, receipts } = await world.evm.block([...before, trade], { at: args.at });
  const [event] = eventsOf(part.market, receipts[before.length], "Trade");
  return { block: head, user, position: Number(event.positionId), cost_raw: event.trade.totalCost.toString() };
}

/** Closes `amount` (or "max") of a position; `collateral` is what it holds afterwards. `force` beyond the limits of delta and time. */
async function close(world, args) {
  const [user, part, id] = [userOf(world, args), lyraMarketOf(world, args), numberOf(args, "position")];
  const held = await positionOf(part, id);
  const amount = amountOf(args, 18, { max: held.amount });
  const method = flagOf(args, "force", false) ? "forceClosePosition" : "closePosition";
  const trade = part.market.tx(user, method, order(held.strikeId, id, held.type, amount, collateralField(args)));
  const before = [...(await refreshed(world, part)), ...provideForTrade(world, part, user, held.type, 0n, plenty)];
  const { head, receipts } = await world.evm.block([...before, trade], { at: args.at });
  const [event] = eventsOf(part.market, receipts[before.length], "Trade");
  return { block: head, user, cost_raw: event.trade.totalCost.toString() };
}

async function addCollateral(world, args) {
  const [user, part, id] = [userOf(world, args), lyraMarketOf(world, args), numberOf(args, "position")];
  const { type } = await positionOf(part, id);
  const amount = amountOf(args, 18);
  const transactions = provideForTrade(world, part, user, type, amount, 0n);
  const { head } = await world.evm.block([...transactions, part.market.tx(user, "addCollateral", id, amount)], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function liquidate(world, args) {
  const [part, id] = [lyraMarketOf(world, args), numberOf(args, "position")];
  const { liquidator } = world.roles;
  const { head, receipts } = await world.evm.block([part.market.tx(liquidator, "liquidatePosition", id, liquidator)], { at: args.at });
  const [{ trade, liquidation }] = eventsOf(part.market, receipts[0], "Trade");
  return {
    block: head, cost_raw: trade.totalCost.toString(), returned_raw: liquidation.returnCollateral.toString(),
    liquidator_fee_raw: liquidation.liquidatorFee.toString(), insolvent_raw: liquidation.insolventAmount.toString(),
  };
}

async function transfer(world, args) {
  const [user, part, id] = [userOf(world, args), lyraMarketOf(world, args), numberOf(args, "position")];
  const to = userOf(world, { user: args.to });
  const { head } = await world.evm.block([part.token.tx(user, "transferFrom", user, to, id)], { at: args.at });
  return { block: head, user, to };
}

async function split(world, args) {
  const [user, part, id] = [userOf(world, args), lyraMarketOf(world, args), numberOf(args, "position")];
  const { head, receipts } = await world.evm.block(
    [part.token.tx(user, "split", id, amountOf(args, 18), collateralField(args), user)], { at: args.at },
  );
  const made = eventsOf(part.token, receipts[0], "PositionUpdated").map(({ positionId }) => Number(positionId));
  return { block: head, user, position: made.find((one) => one !== id) };
}

async function merge(world, args) {
  const [user, part] = [userOf(world, args), lyraMarketOf(world, args)];
  if (!Array.isArray(args.positions)) throw new Refused(`positions: ${JSON.stringify(args.positions)} is no list`);
  const { head } = await world.evm.block([part.token.tx(user, "merge", args.positions)], { at: args.at });
  return { block: head, user };
}

/** Settles an expired board at the present spot, or a frozen one with `force`. */
async function settleBoard(world, args) {
  const part = lyraMarketOf(world, args);
  const method = flagOf(args, "force", false) ? "forceSettleBoard" : "settleExpiredBoard";
  const { head } = await world.evm.block([part.market.tx(world.roles.owner, method, numberOf(args, "board"))], { at: args.at });
  return { block: head };
}

/** Pays a settled position out to its owner. */
async function settle(world, args) {
  const [part, id] = [lyraMarketOf(world, args), numberOf(args, "position")];
  const { head, receipts } = await world.evm.block([part.collateral.tx(world.roles.keeper, "settleOptions", [id])], { at: args.at });
  const [event] = eventsOf(part.collateral, receipts[0], "PositionSettled");
  return { block: head, amount_raw: event.settlementAmount.toString(), insolvent_raw: event.insolventAmount.toString() };
}

async function board(world, args) {
  const part = lyraMarketOf(world, args);
  const listOf = (field) => {
    if (!Array.isArray(args[field])) throw new Refused(`${field}: ${JSON.stringify(args[field])} is no list`);
    return args[field].map((text) => parseDecimal(text, 18, field));
  };
  const { timestamp } = await world.evm.head();
  const expiry = (args.at ?? timestamp + 1) + secondsOf(args, "expires_in");
  const strikes = listOf("strikes");
  const skews = args.skews === undefined ? strikes.map(() => 10n ** 18n) : listOf("skews");
  const creation = part.market.tx(world.roles.owner, "createOptionBoard", expiry, parseDecimal(args.iv, 18, "iv"), strikes, skews, false);
  const { head } = await world.evm.block([creation], { at: args.at });
  const boards = await part.market.read("getLiveBoards");
  const created = boards.reduce((a, b) => (a > b ? a : b));
  const ids = await part.market.read("getBoardStrikes", created);
  return { block: head, board: Number(created), expiry, strikes: ids.map(Number) };
}

async function freeze(world, args) {
  const part = lyraMarketOf(world, args);
  const { head } = await world.evm.block(
    [part.market.tx(world.roles.owner, "setBoardFrozen", numberOf(args, "board"), flagOf(args, "frozen", true))], { at: args.at },
  );
  return { block: head };
}

/** Pauses one market, or without `market` all. */
async function pause(world, args) {
  const { adapter } = world.optional.lyra;
  const paused = flagOf(args, "paused", true);
  const call = args.market === undefined
    ? adapter.tx(world.roles.owner, "setGlobalPaused", paused)
    : adapter.tx(world.roles.owner, "setMarketPaused", lyraMarketOf(world, args).market.address, paused);
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head };
}

async function updateCache(world, args) {
  const { head } = await world.evm.block(await refreshed(world, lyraMarketOf(world, args)), { at: args.at });
  return { block: head };
}

/** Any of MinCollateralParameters; the rest stay. */
async function collateralParameters(world, args) {
  const part = lyraMarketOf(world, args);
  const held = (await part.cache.read("getMinCollatParams")).toObject();
  for (const [name, text] of Object.entries(args.set ?? {})) {
    if (!Object.hasOwn(held, name)) throw new Refused(`set: ${name} is none of ${Object.keys(held).join(", ")}`);
    held[name] = parseInteger(text, name);
  }
  const { head } = await world.evm.block([part.cache.tx(world.roles.owner, "setMinCollateralParameters", held)], { at: args.at });
  return { block: head };
}

/** A spot to the last of its 18 decimals: the rate comes from a feed of its own from then on, of which set_price knows nothing. */
async function spot(world, args) {
  const { evm, optional: { lyra } } = world;
  const { owner, keeper } = world.roles;
  const part = lyraMarketOf(world, args);
  const answer = parseInteger(args.price_raw, "price_raw");
  if (part.exactFeed === undefined || (await lyra.rates.read("aggregators", part.key)) !== part.exactFeed.address) {
    part.exactFeed = await evm.deploy(owner, compiled("aggregator", "MockV3Aggregator"), [18, answer]);
    await lyra.rates.send(owner, "addAggregator", part.key, part.exactFeed.address);
  }
  const { head } = await evm.block([part.exactFeed.tx(keeper, "updateAnswer", answer)], { at: args.at });
  return { block: head };
}

const amounts = ["amount", "amount_raw", "collateral", "collateral_raw", "at"];

export const lyraVerbs = {
  lyra_open: { fields: ["user", "market", "strike", "type", "position", ...amounts], run: open },
  lyra_close: { fields: ["user", "market", "position", "force", ...amounts], run: close },
  lyra_add_collateral: { fields: ["user", "market", "position", "amount", "amount_raw", "at"], run: addCollateral },
  lyra_liquidate: { fields: ["market", "position", "at"], run: liquidate },
  lyra_transfer: { fields: ["user", "market", "position", "to", "at"], run: transfer },
  lyra_split: { fields: ["user", "market", "position", ...amounts], run: split },
  lyra_merge: { fields: ["user", "market", "positions", "at"], run: merge },
  lyra_settle_board: { fields: ["market", "board", "force", "at"], run: settleBoard },
  lyra_settle: { fields: ["market", "position", "at"], run: settle },
  lyra_board: { fields: ["market", "expires_in", "iv", "strikes", "skews", "at"], run: board },
  lyra_freeze: { fields: ["market", "board", "frozen", "at"], run: freeze },
  lyra_pause: { fields: ["market", "paused", "at"], run: pause },
  lyra_update_cache: { fields: ["market", "at"], run: updateCache },
  lyra_spot: { fields: ["market", "price_raw", "at"], run: spot },
  lyra_collateral_parameters: { fields: ["market", "set", "at"], run: collateralParameters },
};
