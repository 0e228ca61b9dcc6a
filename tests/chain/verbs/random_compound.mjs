// Makes random accounts of a comet in states that a reader of accounts must get right.
import { tokenSpecs } from "../deploy_common.mjs";
import { provide } from "./aave.mjs";
import { cometOf } from "./compound.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

const kinds = ["borrower", "near_limit", "unseen", "supplier", "idle_collateral", "several", "repaid", "near_limit", "withdrawn"];
const chunk = 25;

const borrows = (kind) => ["borrower", "near_limit", "several", "repaid"].includes(kind);

/** Raw units worth `value` in the comet's unit (1e-8), at least one. */
function worth(prices, symbol, value) {
  const amount = (value * 10n ** BigInt(tokenSpecs[symbol].decimals)) / prices[symbol];
  return amount > 0n ? amount : 1n;
}

function supply(world, comet, account, symbol, amount) {
  const token = world.tokens[symbol];
  const call = comet.tx(account.user, "supply", token.address, amount);
  return { account, transactions: [...provide(token, account.user, comet.address, amount), call], note: `supply ${amount} ${symbol}` };
}

async function randomCompound(world, args) {
  const { comet, feeds, assets } = cometOf(world, args);
  const base = args.comet;
  const { random, accounts } = planAccounts(`compound/${base}`, args, kinds);
  const prices = {};
  for (const [symbol, feed] of Object.entries(feeds)) prices[symbol] = await feed.read("latestAnswer");
  const factors = {};
  for (const symbol of assets) {
    factors[symbol] = (await comet.read("getAssetInfoByAddress", world.tokens[symbol].address)).borrowCollateralFactor;
  }
  // 10 to 100,000 whole base tokens of a stable one, 1/3000 of that where the unit is ETH.
  const scale = prices[base] === 10n ** 8n && base !== "USDC" ? 3000n : 1n;
  const size = () => random.magnitude(10, 13) / scale;
  for (const group of chunksOf(accounts, chunk)) {
    const active = group.filter((account) => account.kind !== "unseen");
    const openings = active.flatMap((account) => {
      if (account.kind === "supplier") return [supply(world, comet, account, base, worth(prices, base, size()))];
      account.assets = random.some(assets, account.kind === "several" ? assets.length : 1);
      account.limit = 0n;
      return account.assets.map((symbol) => {
        const value = size();
        account.posted = { ...account.posted, [symbol]: worth(prices, symbol, value) };
        account.limit += (value * factors[symbol]) / 10n ** 18n;
        return supply(world, comet, account, symbol, account.posted[symbol]);
      });
    });
    await carryOut(world, openings, random.integer(1, 7200));
    const loans = active.filter(({ kind }) => borrows(kind)).map((account) => {
      const share = account.kind === "near_limit" ? random.big(980n, 998n) : random.big(100n, 950n);
      const amount = worth(prices, base, (account.limit * share) / 1000n);
      account.owed = amount;
      const call = comet.tx(account.user, "withdraw", world.tokens[base].address, amount);
      return { account, transactions: [call], note: `borrow ${amount} ${base}` };
    });
    await carryOut(world, loans, random.integer(1, 86_400));
    const leaving = active.flatMap((account) => {
      if (account.kind === "repaid") return [supply(world, comet, account, base, (account.owed * 102n) / 100n)];
      if (account.kind !== "withdrawn") return [];
      return account.assets.map((symbol) => ({
        account, transactions: [comet.tx(account.user, "withdraw", world.tokens[symbol].address, account.posted[symbol])], note: `withdraw ${symbol}`,
      }));
    });
    await carryOut(world, leaving, random.integer(1, 7200));
  }
  return answer(await world.evm.head(), accounts.map(({ user, kind, did, refused }) => ({ user, kind, did, refused })));
}

export const randomCompoundVerbs = { random_compound: { fields: ["seed", "count", "comet"], run: randomCompound } };
