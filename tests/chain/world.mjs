// The whole local chain: node, tokens, feeds, Aave V3 and Perp V2 with liquidity, at a known block time.
import { getAddress } from "ethers";

import { startAnvil } from "./anvil.mjs";
import { deployAave, supplyLiquidity } from "./deploy_aave.mjs";
import { deployCommon, tokenSpecs, feedDecimals } from "./deploy_common.mjs";
import { deployPerp, fundTrader, makeMarkets, warmUpSeconds } from "./deploy_perp.mjs";
import { Evm } from "./evm.mjs";
import { deployOptional, describeOptional } from "./optional.mjs";

/** The set-up ends in a block exactly this many seconds after genesis. */
export const setupSeconds = 7200;

/** Accounts with a task of their own; the other prepared accounts are for users. */
const serviceRoles = ["owner", "treasury", "keeper", "lender", "maker", "whale", "liquidator"];

const lenderSupply = {
  WETH: 20_000n * 10n ** 18n,
  WBTC: 1_000n * 10n ** 8n,
  USDC: 60_000_000n * 10n ** 6n,
  DAI: 60_000_000n * 10n ** 18n,
};

/** Half and more of the supply is lent out, so that interest accrues at rates of some per cent. */
const lenderDebt = {
  WETH: 10_000n * 10n ** 18n,
  WBTC: 300n * 10n ** 8n,
  USDC: 40_000_000n * 10n ** 6n,
  DAI: 40_000_000n * 10n ** 18n,
};

const makerMargin = 10_000_000_000n;
const makerQuotePerMarket = 500_000_000n;
const whaleMargin = 1_000_000_000_000n;
const liquidatorMargin = 1_000_000_000n;
const insurance = 100_000_000n;

/** Transactions that post every feed's present answer again and let Perp's feeds take it over. */
export async function refreshFeeds(world) {
  const { keeper } = world.roles;
  const posts = [];
  for (const feed of Object.values(world.feeds)) {
    posts.push(feed.tx(keeper, "updateAnswer", await feed.read("latestAnswer")));
  }
  const updates = Object.values(world.perp.markets).map(({ priceFeed }) => priceFeed.tx(keeper, "update"));
  return [...posts, ...updates];
}

/**
 * Starts and deploys. `genesis` is the time of block 0; the head is then at genesis + setupSeconds.
 * `optional` names protocols of optional.mjs to deploy as well.
 * `onLost` is called when the node ends by itself.
 */
export async function createWorld({ port, chainId, genesis, ipc, optional, log, onLost }) {
  const anvil = await startAnvil({ port, chainId, genesis, ipc, onLost });
  try {
    const evm = new Evm(anvil.rpc);
    await evm.keepClock();
    const accounts = (await evm.rpc.call("eth_accounts")).map(getAddress);
    const roles = Object.fromEntries(serviceRoles.map((role, index) => [role, accounts[index]]));
    const { owner, treasury } = roles;
    const { multicall3, tokens, feeds } = await deployCommon(evm, owner);
    log("Multicall3, tokens and price feeds deployed");
    const aave = await deployAave(evm, { owner, treasury, tokens, feeds });
    await supplyLiquidity(aave, tokens, roles.lender, lenderSupply, lenderDebt);
    log("Aave V3 deployed");
    const perp = await deployPerp(evm, { owner, tokens, feeds });
    const users = accounts.slice(serviceRoles.length);
    const world = { anvil, chainId, onLost, evm, roles, users, multicall3, tokens, feeds, aave, perp };
    await evm.block([], { at: genesis + warmUpSeconds + 600 });
    await fundTrader(perp, tokens.USDC, roles.maker, makerMargin);
    await fundTrader(perp, tokens.USDC, roles.whale, whaleMargin);
    await fundTrader(perp, tokens.USDC, roles.liquidator, liquidatorMargin);
    await tokens.USDC.send(owner, "mint(address,uint256)", perp.insuranceFund.address, insurance * 10n ** 6n);
    await makeMarkets(perp, roles.maker, makerQuotePerMarket);
    log("Perp V2 deployed, markets made");
    await deployOptional(world, optional, log);
    await evm.block(await refreshFeeds(world), { at: genesis + setupSeconds });
    return world;
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

const addresses = (contracts) => Object.fromEntries(Object.entries(contracts).map(([name, one]) => [name, one.address]));

/** What a client needs to know, as plain JSON. */
export async function describe(world) {
  const { aave, perp, tokens, feeds } = world;
  const markets = (part) => Object.fromEntries(Object.entries(perp.markets).map(([name, one]) => [name, one[part].address]));
  const head = await world.evm.head();
  return {
    rpc_url: world.anvil.url,
    chain_id: world.chainId,
    anvil_pid: world.anvil.pid,
    block: { number: head.number, hash: head.hash, timestamp: head.timestamp },
    addresses: {
      multicall3: world.multicall3,
      aave: {
        addresses_provider: aave.provider.address,
        pool: aave.pool.address,
        pool_configurator: aave.configurator.address,
        oracle: aave.oracle.address,
        data_provider: aave.dataProvider.address,
        acl_manager: aave.acl.address,
      },
      perp: {
        account_balance: perp.accountBalance.address,
        clearing_house: perp.clearingHouse.address,
        vault: perp.vault.address,
        exchange: perp.exchange.address,
        order_book: perp.orderBook.address,
        config: perp.config.address,
        market_registry: perp.registry.address,
        collateral_manager: perp.collateralManager.address,
        insurance_fund: perp.insuranceFund.address,
        quote_token: perp.quote.address,
        uniswap_factory: perp.factory.address,
        base_tokens: markets("base"),
        pools: markets("pool"),
        price_feeds: markets("priceFeed"),
        dispatchers: markets("dispatcher"),
      },
      ...describeOptional(world),
      tokens: Object.fromEntries(
        Object.entries(tokens).map(([symbol, token]) => [
          symbol,
          { address: token.address, decimals: tokenSpecs[symbol].decimals, feed: tokenSpecs[symbol].feed },
        ]),
      ),
      feeds: addresses(feeds),
      feed_decimals: feedDecimals,
    },
    roles: world.roles,
    accounts: world.users,
  };
}
