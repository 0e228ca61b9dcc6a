// Makes random Lyra positions in states that a reader of accounts must get right.
import { formatDecimal } from "../fixed.mjs";
import { baseCollateral, isShort, lyraMarketOf, optionTypes, order, plenty, provideForTrade, refreshed } from "./lyra.mjs";
import { answer, carryOut, chunksOf, planAccounts } from "./random.mjs";

/** Longs, shorts near their least collateral, well covered ones and dust; several positions of one owner; closed in part or whole. */
const kinds = ["long", "near_limit", "covered", "several", "near_limit", "reduced", "dust", "closed", "moved"];
const marketNames = ["ETH", "BTC"];
const chunk = 18;
const unit = 10n ** 18n;

/** Options of a market: an ETH option counts 1, a BTC option a twentieth. */
const sizeOf = (random, name, kind) => {
  const amount = kind === "dust" ? random.magnitude(0, 15) : random.magnitude(17, 19);
  return name === "BTC" ? amount / 20n + 1n : amount;
};

async function strikesOf(part) {
  const boards = [];
  for (const board of await part.market.read("getLiveBoards")) {
    const { expiry, strikeIds } = await part.market.read("getOptionBoard", board);
    boards.push(...strikeIds.map((strike) => ({ strike, expiry })));
  }
  return boards;
}

/** The least collateral of a short, at the present spot. */
async function leastOf(world, part, { type, strike, expiry, amount }) {
  const { strikePrice } = await part.market.read("getStrikeAndExpiry", strike);
  const spot = await world.optional.lyra.adapter.read("getSpotPriceForMarket", part.market.address);
  return part.cache.read("getMinCollateral", optionTypes.indexOf(type), strikePrice, expiry, spot, amount);
}

/** Of its least collateral: just enough, or up to three times. */
function cover(random, kind, least) {
  if (kind === "near_limit" || kind === "dust") return (least * random.big(1001n, 1050n)) / 1000n + 1n;
  return (least * random.big(1050n, 3000n)) / 1000n + 1n;
}

async function opening(world, random, account, kind) {
  const name = random.pick(marketNames);
  const part = lyraMarketOf(world, { market: name });
  const { strike, expiry } = random.pick(await strikesOf(part));
  const type = kind === "long" ? random.pick(optionTypes.slice(0, 2)) : random.pick(kind === "several" ? optionTypes : optionTypes.slice(2));
  const amount = sizeOf(random, name, kind);
  const collateral = isShort(type) ? cover(random, kind, await leastOf(world, part, { type, strike, expiry, amount })) : 0n;
  const call = part.market.tx(account.user, "openPosition", order(strike, 0, type, amount, collateral));
  const note = `open ${formatDecimal(amount, 18)} ${type} ${name} ${strike}`;
  return { account, transactions: [...provideForTrade(world, part, account.user, type, collateral, plenty), call], note };
}

async function openings(world, random, accounts) {
  const steps = [];
  for (const account of accounts) {
    const count = account.kind === "several" ? random.integer(2, 4) : 1;
    for (let index = 0; index < count; index += 1) steps.push(await opening(world, random, account, account.kind));
  }
  return steps;
}

/** Closes a part or all of what an account holds, or moves it to another owner. */
async function followUps(world, random, accounts) {
  const steps = [];
  for (const account of accounts.filter(({ kind }) => ["reduced", "closed", "moved"].includes(kind))) {
    for (const name of marketNames) {
      const part = lyraMarketOf(world, { market: name });
      for (const held of await part.token.read("getOwnerPositions", account.user)) {
        const type = optionTypes[Number(held.optionType)];
        if (account.kind === "moved") {
          const to = random.address();
          const call = part.token.tx(account.user, "transferFrom", account.user, to, held.positionId);
          steps.push({ account, transactions: [call], note: `move ${held.positionId} to ${to}` });
          account.moved_to = to;
          continue;
        }
        const amount = account.kind === "closed" ? held.amount : (held.amount * random.big(100n, 900n)) / 1000n;
        const collateral = account.kind === "closed" ? 0n : held.collateral;
        const call = part.market.tx(account.user, "closePosition", order(held.strikeId, held.positionId, type, amount, collateral));
        const provided = provideForTrade(world, part, account.user, type, baseCollateral(type) ? 0n : unit, plenty);
        steps.push({ account, transactions: [...provided, call], note: `close ${formatDecimal(amount, 18)} of ${held.positionId}` });
      }
    }
  }
  return steps;
}

async function refreshAll(world) {
  const account = { did: [], refused: [] };
  const steps = [];
  for (const market of marketNames) {
    for (const call of await refreshed(world, lyraMarketOf(world, { market }))) steps.push({ account, transactions: [call], note: "refresh" });
  }
  return steps;
}

async function randomLyra(world, args) {
  const { random, accounts } = planAccounts("lyra", args, kinds);
  let head = await world.evm.head();
  for (const group of chunksOf(accounts, chunk)) {
    head = await carryOut(world, [...(await refreshAll(world)), ...(await openings(world, random, group))], random.integer(1, 600));
    head = await carryOut(world, await followUps(world, random, group), random.integer(1, 600));
  }
  return answer(head, accounts.map(({ user, kind, did, refused, moved_to }) => ({ user, kind, did, refused, moved_to })));
}

export const randomLyraVerbs = { random_lyra: { fields: ["seed", "count"], run: randomLyra } };
