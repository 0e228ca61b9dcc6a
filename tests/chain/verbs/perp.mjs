// What a trader, a maker, a liquidator or the owner does on Perp V2. Each verb is one block.
import { noDeadline, tickSpacing } from "../deploy_perp.mjs";
import { Refused } from "../chain_error.mjs";
import { eventsOf } from "../evm.mjs";
import { parseDecimal, tickOfPrice } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { amountOf, marketOf, tokenOf, userOf } from "./fields.mjs";

const noReferral = "0x" + "00".repeat(32);
const million = 1_000_000n;

async function deposit(world, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args)];
  const amount = amountOf(args, token.decimals);
  const { vault } = world.perp;
  const transactions = provide(token.contract, user, vault.address, amount);
  transactions.push(vault.tx(user, "deposit", token.contract.address, amount));
  const { head } = await world.evm.block(transactions, { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function withdraw(world, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args)];
  const { vault } = world.perp;
  const all = args.amount === "max";
  const amount = all ? await vault.read("getFreeCollateralByToken", user, token.contract.address) : amountOf(args, token.decimals);
  const { head } = await world.evm.block([vault.tx(user, "withdraw", token.contract.address, amount)], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

/** A trade of exactly `amount` base or quote (18 decimals). */
export function trade(world, user, base, { short, inBase, amount }) {
  const exactInput = short === inBase;
  const order = [base.address, short, exactInput, amount, 0, noDeadline, 0, noReferral];
  return world.perp.clearingHouse.tx(user, "openPosition", order);
}

/** The traded amount: exactly one of base, base_raw, quote, quote_raw, all with 18 decimals. */
function tradedAmount(args) {
  const inBase = args.base !== undefined || args.base_raw !== undefined;
  if (inBase && (args.quote !== undefined || args.quote_raw !== undefined)) throw new Refused("give either base or quote");
  return { inBase, amount: amountOf(args, 18, { field: inBase ? "base" : "quote" }) };
}

async function position(world, user, base) {
  return world.perp.accountBalance.read("getTakerPositionSize", user, base.address);
}

async function open(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  if (args.side !== "long" && args.side !== "short") throw new Refused(`side: ${JSON.stringify(args.side)} is neither long nor short`);
  const transaction = trade(world, user, base, { short: args.side === "short", ...tradedAmount(args) });
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user, size_raw: (await position(world, user, base)).toString() };
}

/** Trades against the position: by base or quote, or by `fraction` ("0.25") of its size. */
async function reduce(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  const size = await position(world, user, base);
  if (size === 0n) throw new Refused(`user: ${user} holds no ${args.market} position to reduce`);
  const held = size < 0n ? -size : size;
  const byFraction = args.fraction !== undefined;
  const { inBase, amount } = byFraction
    ? { inBase: true, amount: (held * parseDecimal(args.fraction, 6, "fraction")) / million }
    : tradedAmount(args);
  if (inBase && amount > held) throw new Refused(`base: ${amount} exceeds the position of ${held}`);
  const transaction = trade(world, user, base, { short: size > 0n, inBase, amount });
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user, size_raw: (await position(world, user, base)).toString() };
}

/** Closes all; the protocol closes only a part when the price would move too far (see size_raw). */
async function close(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  const order = [base.address, 0, 0, noDeadline, noReferral];
  const { head } = await world.evm.block([world.perp.clearingHouse.tx(user, "closePosition", order)], { at: args.at });
  return { block: head, user, size_raw: (await position(world, user, base)).toString() };
}

function tickField(args, side) {
  const [tick, price] = [args[`${side}_tick`], args[`${side}_price`]];
  if ((tick === undefined) === (price === undefined)) throw new Refused(`give either ${side}_tick or ${side}_price`);
  if (price !== undefined) return tickOfPrice(parseDecimal(price, 18, `${side}_price`), tickSpacing);
  if (!Number.isSafeInteger(tick) || tick % tickSpacing !== 0) throw new Refused(`${side}_tick: ${tick} is no multiple of ${tickSpacing}`);
  return tick;
}

const optionalAmount = (args, field) =>
  args[field] === undefined && args[`${field}_raw`] === undefined ? 0n : amountOf(args, 18, { field });

async function addLiquidity(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  const [lower, upper] = [tickField(args, "lower"), tickField(args, "upper")];
  const amounts = [optionalAmount(args, "base"), optionalAmount(args, "quote")];
  const order = [base.address, ...amounts, lower, upper, 0, 0, false, noDeadline];
  const { head } = await world.evm.block([world.perp.clearingHouse.tx(user, "addLiquidity", order)], { at: args.at });
  return { block: head, user, lower_tick: lower, upper_tick: upper };
}

/** Removes `fraction` (default all) of every order that the user has in the market. */
async function removeLiquidity(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  const { orderBook, clearingHouse } = world.perp;
  const fraction = parseDecimal(args.fraction ?? "1", 6, "fraction");
  const transactions = [];
  for (const id of await orderBook.read("getOpenOrderIds", user, base.address)) {
    const { liquidity, lowerTick, upperTick } = await orderBook.read("getOpenOrderById", id);
    const order = [base.address, lowerTick, upperTick, (liquidity * fraction) / million, 0, 0, noDeadline];
    transactions.push(clearingHouse.tx(user, "removeLiquidity", order));
  }
  if (transactions.length === 0) throw new Refused(`user: ${user} has no ${args.market} orders`);
  const { head } = await world.evm.block(transactions, { at: args.at });
  return { block: head, user, orders: transactions.length };
}

/** Cancels the account's orders in every market, then liquidates its position in this one. */
async function liquidate(world, args) {
  const [user, { base }] = [userOf(world, args), marketOf(world, args)];
  const { accountBalance, orderBook, clearingHouse } = world.perp;
  const { liquidator } = world.roles;
  const transactions = [];
  for (const token of await accountBalance.read("getBaseTokens", user)) {
    const orders = await orderBook.read("getOpenOrderIds", user, token);
    if (orders.length > 0) transactions.push(clearingHouse.tx(liquidator, "cancelAllExcessOrders", user, token));
  }
  transactions.push(clearingHouse.tx(liquidator, "liquidate(address,address)", user, base.address));
  const { head } = await world.evm.block(transactions, { at: args.at });
  return { block: head, user, size_raw: (await position(world, user, base)).toString() };
}

/**
 * Sells a trader's collateral to the liquidator: an amount of it, what an amount of USDC pays for, or "max". The contract
 * takes no more than its own view tells, so "max" is carried out at the time of the head, which that view stands on.
 */
async function liquidateCollateral(world, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args)];
  const { vault } = world.perp;
  const { USDC } = world.tokens;
  const { liquidator } = world.roles;
  const all = args.amount === "max";
  const inUsdc = args.usdc !== undefined || args.usdc_raw !== undefined;
  if (inUsdc && (args.amount !== undefined || args.amount_raw !== undefined)) throw new Refused("give either amount or usdc");
  const [repaid, sold] = await vault.read("getMaxRepaidSettlementAndLiquidatableCollateral", user, token.contract.address);
  const amount = all ? sold : inUsdc ? amountOf(args, 6, { field: "usdc" }) : amountOf(args, token.decimals);
  const budget = inUsdc && amount > repaid ? amount : repaid;
  const sale = vault.tx(liquidator, "liquidateCollateral", user, token.contract.address, amount, inUsdc);
  const at = args.at ?? (all ? (await world.evm.head()).timestamp : undefined);
  const { head, receipts } = await world.evm.block([...provide(USDC, liquidator, vault.address, budget), sale], { at });
  const [event] = eventsOf(vault, receipts[2], "CollateralLiquidated");
  return {
    block: head,
    user,
    collateral_sold_raw: event.collateral.toString(),
    debt_repaid_raw: event.repaidSettlementWithoutInsuranceFundFeeX10_S.toString(),
    fund_fee_raw: event.insuranceFundFeeX10_S.toString(),
  };
}

/** The owner pauses a market, or closes a paused one at `price`. */
async function market(world, args) {
  const { base } = marketOf(world, args);
  const { owner } = world.roles;
  const steps = {
    pause: () => base.tx(owner, "pause"),
    close: () => base.tx(owner, "close(uint256)", parseDecimal(args.price, 18, "price")),
  };
  if (!Object.hasOwn(steps, args.action)) throw new Refused(`action: ${JSON.stringify(args.action)} is neither pause nor close`);
  const { head } = await world.evm.block([steps[args.action]()], { at: args.at });
  return { block: head };
}

/** The owner sets a token's cap so that the vault takes `amount` more of it. */
async function depositCap(world, args) {
  const token = tokenOf(world, args);
  const { vault, config, collateralManager } = world.perp;
  const { owner } = world.roles;
  const cap = (await token.contract.read("balanceOf", vault.address)) + amountOf(args, token.decimals);
  const transaction = token.symbol === "USDC"
    ? config.tx(owner, "setSettlementTokenBalanceCap", cap)
    : collateralManager.tx(owner, "setDepositCap", token.contract.address, cap);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, cap_raw: cap.toString() };
}

const amounts = ["amount", "amount_raw", "at"];
const traded = ["base", "base_raw", "quote", "quote_raw", "at"];
const ticks = ["lower_tick", "upper_tick", "lower_price", "upper_price"];

export const perpVerbs = {
  perp_deposit: { fields: ["user", "asset", ...amounts], run: deposit },
  perp_withdraw: { fields: ["user", "asset", ...amounts], run: withdraw },
  perp_open: { fields: ["user", "market", "side", ...traded], run: open },
  perp_reduce: { fields: ["user", "market", "fraction", ...traded], run: reduce },
  perp_close: { fields: ["user", "market", "at"], run: close },
  perp_add_liquidity: { fields: ["user", "market", ...ticks, ...traded], run: addLiquidity },
  perp_remove_liquidity: { fields: ["user", "market", "fraction", "at"], run: removeLiquidity },
  perp_liquidate: { fields: ["user", "market", "at"], run: liquidate },
  perp_liquidate_collateral: { fields: ["user", "asset", "usdc", "usdc_raw", ...amounts], run: liquidateCollateral },
  perp_deposit_cap: { fields: ["asset", ...amounts], run: depositCap },
  perp_market: { fields: ["market", "action", "price", "at"], run: market },
};
