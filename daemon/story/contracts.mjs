// The contracts' own word at one block, by another client and codec than margind's.
import { artifact } from "../../tests/chain/artifacts.mjs";
import { Evm } from "../../tests/chain/evm.mjs";
import { Rpc } from "../../tests/chain/rpc.mjs";

/** Storage slot of MockV3Aggregator.latestAnswer. */
const answerSlot = "0x" + "1".padStart(64, "0");
const word = (value) => "0x" + BigInt(value).toString(16).padStart(64, "0");

export class Contracts {
  constructor(ready) {
    this.rpc = new Rpc(ready.rpc_url);
    const evm = new Evm(this.rpc);
    const { aave, perp, lyra } = ready.addresses;
    const at = (address, family, name) => evm.contract(address, artifact(family, name));
    this.addresses = ready.addresses;
    this.pool = at(aave.pool, "aave", "protocol/pool/Pool");
    this.vault = at(perp.vault, "perp", "Vault");
    this.clearingHouse = at(perp.clearing_house, "perp", "ClearingHouse");
    this.accountBalance = at(perp.account_balance, "perp", "AccountBalance");
    this.blackScholes = at(lyra.test_black_scholes, "lyra", "test-helpers/TestBlackScholes");
    this.synthetix = at(lyra.synthetix_adapter, "lyra", "SynthetixAdapter");
    const { option_market: market, option_token: token, greek_cache: cache } = lyra.markets.ETH;
    this.optionMarket = at(market, "lyra", "OptionMarket");
    this.optionToken = at(token, "lyra", "OptionToken");
    this.greekCache = at(cache, "lyra", "OptionGreekCache");
  }

  async head() {
    const block = await this.rpc.call("eth_getBlockByNumber", ["latest", false]);
    return { number: Number(block.number), time: Number(block.timestamp), hash: block.hash };
  }

  /** A view at a block hash; `override` as eth_call takes it. */
  async view(contract, block, method, args, override) {
    const call = { to: contract.address, data: contract.encode(method, ...args) };
    const params = [call, { blockHash: block.hash }];
    if (override !== undefined) params.push(override);
    return contract.interface.decodeFunctionResult(method, await this.rpc.call("eth_call", params));
  }

  /** The six values of getUserAccountData, by name, as decimal strings. */
  async aave(user, block, override) {
    const values = await this.view(this.pool, block, "getUserAccountData", [user], override);
    return Object.fromEntries(Object.entries(values.toObject()).map(([name, value]) => [name, value.toString()]));
  }

  /** The health factor as it would be at that block with another oracle answer. */
  async healthFactorAt(user, block, feed, answer) {
    const override = { [this.addresses.feeds[feed]]: { stateDiff: { [answerSlot]: word(answer) } } };
    return BigInt((await this.aave(user, block, override)).healthFactor);
  }

  /** By the names under which margind gives them. */
  async perp(user, block) {
    const one = async (contract, method) => (await this.view(contract, block, method, [user]))[0];
    const [vaultValue, houseValue, requirement, free] = await Promise.all([
      one(this.vault, "getAccountValue"),
      one(this.clearingHouse, "getAccountValue"),
      one(this.accountBalance, "getMarginRequirementForLiquidation"),
      one(this.vault, "getFreeCollateral"),
    ]);
    return {
      "Vault.getAccountValue": vaultValue.toString(),
      "ClearingHouse.getAccountValue": houseValue.toString(),
      "AccountBalance.getMarginRequirementForLiquidation": requirement.toString(),
      "Vault.getFreeCollateral": free.toString(),
      "ClearingHouse.isLiquidatable": houseValue < requirement ? "1" : "0",
      "Vault.isLiquidatable": (await one(this.vault, "isLiquidatable")) ? "1" : "0",
    };
  }

  /** The user's only ETH option, a long put: its views by the names under which margind gives them, and its value. */
  async put(user, block) {
    const one = async (contract, method, ...args) => (await this.view(contract, block, method, args))[0];
    const [position] = await one(this.optionToken, "getOwnerPositions", user);
    const [strike, board] = await this.view(this.optionMarket, block, "getStrikeAndBoard", [position.strikeId]);
    const terms = await one(this.greekCache, "getGreekCacheParams");
    const [spot, iv, skew] = await Promise.all([
      one(this.synthetix, "getSpotPriceForMarket", this.optionMarket.address),
      one(this.greekCache, "getIvGWAV", board.id, terms.optionValueIvGWAVPeriod),
      one(this.greekCache, "getSkewGWAV", strike.id, terms.optionValueSkewGWAVPeriod),
    ]);
    const unit = 10n ** 18n;
    const inputs = [board.expiry - BigInt(block.time), (iv * skew) / unit, spot, strike.strikePrice, terms.rateAndCarry];
    const { putPrice } = await one(this.blackScholes, "pricesDeltaStdVega_pub", inputs);
    const liquidatable = await one(this.optionToken, "canLiquidate", position.toArray(), board.expiry, strike.strikePrice, spot);
    const views = { amount: position.amount, collateral: position.collateral, canLiquidate: liquidatable ? 1n : 0n, getSpotPrice: spot };
    return {
      views: Object.fromEntries(Object.entries(views).map(([name, value]) => [name, value.toString()])),
      value: (putPrice * position.amount) / unit,
    };
  }

  async mark(market, block) {
    return (await this.view(this.accountBalance, block, "getMarkPrice", [this.addresses.perp.base_tokens[market]]))[0];
  }

  async size(user, market, block) {
    return (await this.view(this.accountBalance, block, "getTotalPositionSize", [user, this.addresses.perp.base_tokens[market]]))[0];
  }

  close() {
    this.rpc.close();
  }
}
