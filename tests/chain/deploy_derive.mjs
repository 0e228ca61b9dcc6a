// Doubles of Derive: a Standard Manager with two markets, a PMRM 2 of ETH, a PMRM of BTC, and their feeds. See contracts/derive for what they do not prove.
import { compiled } from "./artifacts.mjs";
import { Refused } from "./chain_error.mjs";

const wad = 10n ** 18n;
const beats = { spot: 180, forward: 3600, vol: 1200, perp: 900, rate: 43_200, stable: 3600 };

async function deployMarket(evm, owner, subaccounts, price) {
  const make = (name, ...args) => evm.deploy(owner, compiled("derive_doubles", name), args);
  const spot = await make("SpotFeed", beats.spot);
  await spot.send(owner, "set", price * wad, wad);
  const perp_feed = await make("SpotDiffFeed", beats.perp, spot.address, wad / 10n);
  await perp_feed.send(owner, "set", 2n * wad, wad);
  const forward = await make("ForwardFeed", beats.forward, spot.address);
  const vol = await make("VolFeed", beats.vol);
  const rate = await make("RateFeed", beats.rate);
  const perp = await make("PerpAsset", subaccounts.address, perp_feed.address);
  const [option, base] = [await make("PlainAsset"), await make("PlainAsset")];
  return { spot, perp_feed, forward, vol, rate, perp, option, base };
}

/** Returns {subaccounts, matching, cash, auction, stable, standard, portfolio, first_portfolio, ETH: {spot, …}, BTC: {…}}. */
export async function deploy({ evm, roles: { owner } }) {
  const make = (name, ...args) => evm.deploy(owner, compiled("derive_doubles", name), args);
  const subaccounts = await make("SubAccounts");
  const matching = await make("Matching", subaccounts.address);
  const cash = await make("CashAsset", subaccounts.address);
  const auction = await make("DutchAuction");
  const stable = await make("SpotFeed", beats.stable);
  await stable.send(owner, "set", wad, wad);
  const standard = await make("StandardManager", subaccounts.address, cash.address, auction.address, stable.address);
  const markets = { ETH: await deployMarket(evm, owner, subaccounts, 3000n), BTC: await deployMarket(evm, owner, subaccounts, 60000n) };
  for (const { option, perp, base, spot, forward, vol } of Object.values(markets)) {
    await standard.send(owner, "addMarket", option.address, perp.address, base.address, spot.address, forward.address, vol.address);
  }
  const makePortfolio = (name, { spot, forward, vol, rate, option, perp, base }) => {
    const feeds = [spot, stable, forward, vol, rate].map((feed) => feed.address);
    return make(name, subaccounts.address, cash.address, option.address, perp.address, feeds, base.address);
  };
  const portfolio = await makePortfolio("PortfolioManager2", markets.ETH);
  const first_portfolio = await makePortfolio("PortfolioManager1", markets.BTC);
  return { subaccounts, matching, cash, auction, stable, standard, portfolio, first_portfolio, ...markets };
}

const addressesOf = (part) =>
  Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value.address ?? addressesOf(value)]));

export const describe = addressesOf;

/** Calls of the doubles, all in one block: {"calls": [{"contract": "ETH.spot", "method": "set", "args": ["3100…", "1000…"]}]}. */
async function send(world, { calls, at }) {
  const transactions = calls.map(({ contract, method, args = [] }) => {
    const found = String(contract).split(".").reduce((part, name) => part?.[name], world.optional.derive);
    if (found?.interface === undefined) throw new Refused(`contract: there is no ${JSON.stringify(contract)}`);
    return found.tx(world.roles.owner, method, ...args);
  });
  const { head } = await world.evm.block(transactions, { at });
  return { block: head };
}

export const verbs = { derive_send: { fields: ["calls", "at"], run: send } };
