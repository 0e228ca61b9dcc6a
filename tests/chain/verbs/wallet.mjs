// What holders of tokens do. Each verb is one block.
import { Refused } from "../chain_error.mjs";
import { provide } from "./aave.mjs";
import { amountOf, tokenOf, userOf } from "./fields.mjs";

function vaultOf(world, part, { vault }) {
  if (vault !== "vUSDC" && vault !== "vWETH") throw new Refused(`vault: ${JSON.stringify(vault)} is neither vUSDC nor vWETH`);
  const symbol = vault.slice(1);
  return { contract: part[vault], asset: world.tokens[symbol], decimals: symbol === "USDC" ? 6 : 18 };
}

async function mint(world, part, args) {
  const user = userOf(world, args);
  const wsteth = args.asset === "wstETH";
  const token = wsteth ? { contract: part.wstETH, decimals: 18 } : tokenOf(world, args);
  const amount = amountOf(args, token.decimals);
  const call = wsteth ? token.contract.tx(user, "mint", user, amount) : token.contract.tx(user, "mint(address,uint256)", user, amount);
  const { head } = await world.evm.block([call], { at: args.at });
  return { block: head, user, amount_raw: amount.toString() };
}

async function deposit(world, part, args) {
  const user = userOf(world, args);
  const { contract, asset, decimals } = vaultOf(world, part, args);
  const amount = amountOf(args, decimals);
  const { head } = await world.evm.block(
    [...provide(asset, user, contract.address, amount), contract.tx(user, "deposit", amount, user)], { at: args.at },
  );
  return { block: head, user, amount_raw: amount.toString() };
}

/** Somebody gives the vault tokens: every share is worth more. */
async function give(world, part, args) {
  const { contract, asset, decimals } = vaultOf(world, part, args);
  const amount = amountOf(args, decimals);
  const { head } = await world.evm.block([asset.tx(world.roles.owner, "mint(address,uint256)", contract.address, amount)], { at: args.at });
  return { block: head, amount_raw: amount.toString() };
}

async function rate(world, part, args) {
  const { head } = await world.evm.block([part.wstETH.tx(world.roles.owner, "setRate", amountOf(args, 18, { field: "rate" }))], { at: args.at });
  return { block: head };
}

const amounts = ["amount", "amount_raw", "at"];

export const walletVerbs = (partOf) => {
  const on = (run) => (world, args) => run(world, partOf(world), args);
  return {
    wallet_mint: { fields: ["user", "asset", ...amounts], run: on(mint) },
    wallet_deposit: { fields: ["user", "vault", ...amounts], run: on(deposit) },
    wallet_give: { fields: ["vault", ...amounts], run: on(give) },
    wallet_rate: { fields: ["rate", "rate_raw", "at"], run: on(rate) },
  };
};
