// What a user, or a liquidator, does on Morpho Blue. Each verb is one block, minting included.
import { MaxUint256 } from "ethers";

import { Refused } from "../chain_error.mjs";
import { tokenSpecs } from "../deploy_common.mjs";
import { eventsOf } from "../evm.mjs";
import { parseInteger } from "../fixed.mjs";
import { provide } from "./aave.mjs";
import { amountOf, flagOf, userOf } from "./fields.mjs";

/** {name, id, params, oracle, loanToken, collateralToken, …} of the field `market`, "WETH/USDC". */
export function morphoMarketOf(world, { market }) {
  const { markets } = world.optional.morpho;
  if (typeof market !== "string" || !Object.hasOwn(markets, market)) {
    throw new Refused(`market: ${JSON.stringify(market)} is none of ${Object.keys(markets).join(", ")}`);
  }
  const found = markets[market];
  return { name: market, ...found, loanToken: world.tokens[found.loan], collateralToken: world.tokens[found.collateral] };
}

export const decimalsOf = (symbol) => tokenSpecs[symbol].decimals;

/** More than any debt in `symbol` that users of the local chain have. */
export const plenty = (symbol) => 10n ** BigInt(decimalsOf(symbol) + 9);

async function supply(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const amount = amountOf(args, decimalsOf(market.loan));
  const { morpho } = world.optional.morpho;
  const call = morpho.tx(user, "supply", market.params, amount, 0, user, "0x");
  const { head } = await world.evm.block([...provide(market.loanToken, user, morpho.address, amount), call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function supplyCollateral(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const amount = amountOf(args, decimalsOf(market.collateral));
  const { morpho } = world.optional.morpho;
  const call = morpho.tx(user, "supplyCollateral", market.params, amount, user, "0x");
  const { head } = await world.evm.block([...provide(market.collateralToken, user, morpho.address, amount), call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function withdrawCollateral(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const amount = amountOf(args, decimalsOf(market.collateral));
  const call = world.optional.morpho.morpho.tx(user, "withdrawCollateral", market.params, amount, user, user);
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function borrow(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const amount = amountOf(args, decimalsOf(market.loan));
  const call = world.optional.morpho.morpho.tx(user, "borrow", market.params, amount, 0, user, user);
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

/** Repays; "max" repays all shares. */
async function repay(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const { morpho } = world.optional.morpho;
  const amount = amountOf(args, decimalsOf(market.loan), { max: MaxUint256 });
  const all = amount === MaxUint256;
  const { borrowShares } = await morpho.read("position", market.id, user);
  const call = morpho.tx(user, "repay", market.params, all ? 0 : amount, all ? borrowShares : 0, user, "0x");
  const budget = all ? plenty(market.loan) : amount;
  const { head } = await world.evm.block([...provide(market.loanToken, user, morpho.address, budget), call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

/** Lets the market's pre-liquidation contract act for the user, or no longer. */
async function authorize(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const early = world.optional.morpho.preLiquidations[market.name];
  if (early === undefined) throw new Refused(`market: ${market.name} has no pre-liquidation contract`);
  const call = world.optional.morpho.morpho.tx(user, "setAuthorization", early.contract.address, flagOf(args, "enabled", true));
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head, user, contract: early.contract.address };
}

/** The liquidator repays `repaid_shares`, or takes `seized_raw`; without both it repays all shares. */
async function liquidate(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const { morpho } = world.optional.morpho;
  const { liquidator } = world.roles;
  const seized = args.seized_raw === undefined ? 0n : parseInteger(args.seized_raw, "seized_raw");
  const { borrowShares } = await morpho.read("position", market.id, user);
  const given = args.repaid_shares === undefined ? borrowShares : parseInteger(args.repaid_shares, "repaid_shares");
  const call = morpho.tx(liquidator, "liquidate", market.params, user, seized, seized === 0n ? given : 0n, "0x");
  const funds = provide(market.loanToken, liquidator, morpho.address, plenty(market.loan));
  const { head, receipts } = await world.evm.block([...funds, call], { at: args.at });
  const [event] = eventsOf(morpho, receipts[2], "Liquidate");
  return {
    block: head,
    user,
    repaid_raw: event.repaidAssets.toString(),
    seized_raw: event.seizedAssets.toString(),
    bad_debt_raw: event.badDebtAssets.toString(),
  };
}

/** The liquidator takes `seized_raw` of the collateral by the market's pre-liquidation contract. */
async function preLiquidate(world, args) {
  const [user, market] = [userOf(world, args), morphoMarketOf(world, args)];
  const early = world.optional.morpho.preLiquidations[market.name];
  if (early === undefined) throw new Refused(`market: ${market.name} has no pre-liquidation contract`);
  const { liquidator } = world.roles;
  const call = early.contract.tx(liquidator, "preLiquidate", user, parseInteger(args.seized_raw ?? "0", "seized_raw"), 0, "0x");
  const funds = provide(market.loanToken, liquidator, early.contract.address, plenty(market.loan));
  const { head, receipts } = await world.evm.block([...funds, call], { at: args.at });
  const [event] = eventsOf(early.contract, receipts[2], "PreLiquidate");
  return { block: head, user, repaid_raw: event.repaidAssets.toString(), seized_raw: event.seizedAssets.toString() };
}

/** Sets the price of a market whose oracle is the package's settable one, as an integer of the oracle's own scale. */
async function setOracle(world, args) {
  const market = morphoMarketOf(world, args);
  if (market.fixed === undefined) throw new Refused(`market: the oracle of ${market.name} follows the feeds: set_price`);
  const price = parseInteger(args.price_raw, "price_raw");
  const { head } = await world.evm.block([market.oracle.tx(world.roles.owner, "setPrice", price)], { at: args.at });
  return { block: head, price_raw: price.toString() };
}

async function accrue(world, args) {
  const market = morphoMarketOf(world, args);
  const { head } = await world.evm.block([world.optional.morpho.morpho.tx(world.roles.keeper, "accrueInterest", market.params)], { at: args.at });
  return { block: head };
}

/** The owner's share of the interest, 18 decimals; the fee recipient is the treasury. */
async function setFee(world, args) {
  const market = morphoMarketOf(world, args);
  const { morpho } = world.optional.morpho;
  const { owner, treasury } = world.roles;
  const transactions = [morpho.tx(owner, "setFee", market.params, parseInteger(args.fee_raw, "fee_raw"))];
  if ((await morpho.read("feeRecipient")) !== treasury) transactions.unshift(morpho.tx(owner, "setFeeRecipient", treasury));
  const { head } = await world.evm.block(transactions, { at: args.at });
  return { block: head };
}

/** A market of the tokens, the oracle and the rate model of `market` under another of the limits; verbs know it by `name` from then on. */
async function createMarket(world, args) {
  const { morpho, markets } = world.optional.morpho;
  const { collateral, loan, oracle, params, fixed } = morphoMarketOf(world, args);
  if (typeof args.name !== "string" || args.name === "") throw new Refused("name: expected a text");
  const lltv = parseInteger(args.lltv_raw, "lltv_raw");
  const own = [...params.slice(0, 4), lltv];
  const { head, receipts } = await world.evm.block([morpho.tx(world.roles.owner, "createMarket", own)], { at: args.at });
  const [{ id }] = eventsOf(morpho, receipts[0], "CreateMarket");
  markets[args.name] = { id, params: own, oracle, collateral, loan, lltv, fixed };
  return { block: head, id };
}

const amounts = ["user", "market", "amount", "amount_raw", "at"];

export const morphoVerbs = {
  morpho_supply: { fields: amounts, run: supply },
  morpho_supply_collateral: { fields: amounts, run: supplyCollateral },
  morpho_withdraw_collateral: { fields: amounts, run: withdrawCollateral },
  morpho_borrow: { fields: amounts, run: borrow },
  morpho_repay: { fields: amounts, run: repay },
  morpho_authorize: { fields: ["user", "market", "enabled", "at"], run: authorize },
  morpho_liquidate: { fields: ["user", "market", "repaid_shares", "seized_raw", "at"], run: liquidate },
  morpho_pre_liquidate: { fields: ["user", "market", "seized_raw", "at"], run: preLiquidate },
  morpho_set_oracle: { fields: ["market", "price_raw", "at"], run: setOracle },
  morpho_accrue: { fields: ["market", "at"], run: accrue },
  morpho_create_market: { fields: ["market", "name", "lltv_raw", "at"], run: createMarket },
  morpho_set_fee: { fields: ["market", "fee_raw", "at"], run: setFee },
};
