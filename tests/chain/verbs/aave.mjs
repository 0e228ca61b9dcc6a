// What a user, or a liquidator, does on Aave. Each verb is one block, minting included.
import { MaxUint256 } from "ethers";

import { Refused } from "../chain_error.mjs";
import { eventsOf } from "../evm.mjs";
import { amountOf, flagOf, tokenOf, userOf } from "./fields.mjs";

const variableRate = 2;

/** Mints and approves `amount` for `spender`; the caller's transaction follows in the same block. */
export function provide(token, owner, spender, amount) {
  return [token.tx(owner, "mint(address,uint256)", owner, amount), token.tx(owner, "approve", spender, amount)];
}

async function supply(world, market, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args, "asset", market.tokens)];
  const amount = amountOf(args, token.decimals);
  const { pool } = market;
  const { head } = await world.evm.block(
    [...provide(token.contract, user, pool.address, amount), pool.tx(user, "supply", token.contract.address, amount, user, 0)],
    { at: args.at },
  );
  return { block: head, user, amount_raw: amount.toString() };
}

async function withdraw(world, market, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args, "asset", market.tokens)];
  const amount = amountOf(args, token.decimals, { max: MaxUint256 });
  const transaction = market.pool.tx(user, "withdraw", token.contract.address, amount, user);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function borrow(world, market, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args, "asset", market.tokens)];
  const amount = amountOf(args, token.decimals);
  const transaction = market.pool.tx(user, "borrow", token.contract.address, amount, variableRate, 0, user);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

/** Repays; "max" repays all, for which the debt and a hundredth more are minted. */
async function repay(world, market, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args, "asset", market.tokens)];
  const amount = amountOf(args, token.decimals, { max: MaxUint256 });
  const { pool, dataProvider } = market;
  const data = await dataProvider.read("getUserReserveData", token.contract.address, user);
  const budget = amount === MaxUint256 ? (data.currentVariableDebt * 101n) / 100n + 1n : amount;
  const { head } = await world.evm.block(
    [...provide(token.contract, user, pool.address, budget), pool.tx(user, "repay", token.contract.address, amount, variableRate, user)],
    { at: args.at },
  );
  return { block: head, user, amount_raw: amount.toString() };
}

async function setCollateral(world, market, args) {
  const [user, token] = [userOf(world, args), tokenOf(world, args, "asset", market.tokens)];
  const enabled = flagOf(args, "enabled");
  const transaction = market.pool.tx(user, "setUserUseReserveAsCollateral", token.contract.address, enabled);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user };
}

async function setEmode(world, market, args) {
  const user = userOf(world, args);
  if (!Number.isSafeInteger(args.category) || args.category < 0 || args.category > 255) {
    throw new Refused(`category: ${JSON.stringify(args.category)} is no number from 0 to 255`);
  }
  const transaction = market.pool.tx(user, "setUserEMode", args.category);
  const { head } = await world.evm.block([transaction], { at: args.at });
  return { block: head, user };
}

/** The liquidator pays `amount` of `debt` and takes `collateral`; "max" pays what the pool allows. */
async function liquidate(world, market, args) {
  const user = userOf(world, args);
  const [collateral, debt] = [tokenOf(world, args, "collateral", market.tokens), tokenOf(world, args, "debt", market.tokens)];
  const { liquidator } = world.roles;
  const { pool, dataProvider } = market;
  const amount = amountOf(args, debt.decimals, { max: MaxUint256 });
  const data = await dataProvider.read("getUserReserveData", debt.contract.address, user);
  const budget = amount === MaxUint256 ? (data.currentVariableDebt * 101n) / 100n + 1n : amount;
  const call = pool.tx(liquidator, "liquidationCall", collateral.contract.address, debt.contract.address, user, amount, false);
  const { head, receipts } = await world.evm.block([...provide(debt.contract, liquidator, pool.address, budget), call], { at: args.at });
  const [event] = eventsOf(pool, receipts[2], "LiquidationCall");
  return {
    block: head,
    user,
    debt_covered_raw: event.debtToCover.toString(),
    collateral_seized_raw: event.liquidatedCollateralAmount.toString(),
  };
}

const amounts = ["amount", "amount_raw", "at"];

const actions = {
  supply: { fields: ["user", "asset", ...amounts], run: supply },
  withdraw: { fields: ["user", "asset", ...amounts], run: withdraw },
  borrow: { fields: ["user", "asset", ...amounts], run: borrow },
  repay: { fields: ["user", "asset", ...amounts], run: repay },
  set_collateral: { fields: ["user", "asset", "enabled", "at"], run: setCollateral },
  emode: { fields: ["user", "category", "at"], run: setEmode },
  liquidate: { fields: ["user", "collateral", "debt", ...amounts], run: liquidate },
};

/** The verbs of one deployment, which `marketOf(world)` gives: {pool, dataProvider, tokens}, tokens being those of its own. */
export const aaveVerbsOf = (prefix, marketOf) =>
  Object.fromEntries(
    Object.entries(actions).map(([name, { fields, run }]) => [
      `${prefix}_${name}`, { fields, run: (world, args) => run(world, marketOf(world), args) },
    ]),
  );

export const aaveVerbs = aaveVerbsOf("aave", (world) => world.aave);
