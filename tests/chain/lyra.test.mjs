// The Lyra verbs against the option tokens' own lists, and the same chain for the same requests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { artifact } from "./artifacts.mjs";
import { startServer } from "./harness.mjs";

const ether = 10n ** 18n;

let chain;
let lyra;
before(async () => {
  chain = await startServer("--with", "lyra");
  lyra = chain.ready.addresses.lyra;
});
after(() => chain.stop());

const contract = (address, name) => chain.evm.contract(address, artifact("lyra", name));
const token = (market) => contract(lyra.markets[market].option_token, "OptionToken");
const held = async (user, market = "ETH") => (await token(market).read("getOwnerPositions", user)).map((one) => one.toObject());
const open = (fields) => chain.verb("lyra_open", { user: 0, market: "ETH", strike: 3, amount: "1", ...fields });

test("spot is Synthetix's rate over the common feeds", async () => {
  const adapter = contract(lyra.synthetix_adapter, "SynthetixAdapter");
  const spot = (market) => adapter.read("getSpotPriceForMarket", lyra.markets[market].option_market);
  assert.equal(await spot("ETH"), 3000n * ether);
  assert.equal(await spot("BTC"), 60000n * ether);
  await chain.verb("set_price", { asset: "ETH", price: "3100.5" });
  assert.equal(await spot("ETH"), 31005n * 10n ** 17n);
  await chain.verb("set_price", { asset: "ETH", price: "3000" });
});

test("opens all five types, adds, splits, merges, moves and closes", async () => {
  const user = chain.ready.accounts[0];
  const types = [["long_call"], ["long_put"], ["short_call_base", "0.9"], ["short_call_quote", "2900"], ["short_put_quote", "2950"]];
  for (const [type, collateral] of types) await open({ type, ...(collateral && { collateral }) });
  assert.deepEqual((await held(user)).map(({ optionType }) => Number(optionType)), [0, 1, 2, 3, 4]);
  await chain.verb("lyra_add_collateral", { user: 0, market: "ETH", position: 3, amount: "0.1" });
  assert.equal((await held(user))[2].collateral, ether);
  const { position } = await chain.verb("lyra_split", { user: 0, market: "ETH", position: 5, amount: "0.4", collateral: "1200" });
  assert.equal((await held(user)).length, 6);
  await chain.verb("lyra_merge", { user: 0, market: "ETH", positions: [5, position] });
  await chain.verb("lyra_transfer", { user: 0, market: "ETH", position: 1, to: 1 });
  assert.equal((await held(chain.ready.accounts[1])).length, 1);
  await chain.verb("lyra_close", { user: 0, market: "ETH", position: 2, amount: "max" });
  assert.deepEqual((await held(user)).map(({ positionId }) => Number(positionId)).sort(), [3, 4, 5]);
});

test("liquidates a short that has too little, and no other", async () => {
  await open({ user: 2, type: "short_call_quote", collateral: "1500" });
  const [{ positionId }] = await held(chain.ready.accounts[2]);
  const refused = await chain.post("lyra_liquidate", { market: "ETH", position: Number(positionId) });
  assert.equal(refused.status, 400);
  await chain.verb("set_price", { asset: "ETH", price: "4200" });
  const { liquidator_fee_raw: fee } = await chain.verb("lyra_liquidate", { market: "ETH", position: Number(positionId) });
  assert.ok(BigInt(fee) > 0n);
  assert.equal((await held(chain.ready.accounts[2])).length, 0);
  await chain.verb("set_price", { asset: "ETH", price: "3000" });
});

test("boards are created, expire, are settled and pay", async () => {
  const { board, strikes } = await chain.verb("lyra_board", { market: "BTC", expires_in: 86_400 * 2, iv: "0.9", strikes: ["60000"] });
  const { position } = await open({ user: 3, market: "BTC", strike: strikes[0], type: "long_call", amount: "0.5" });
  await chain.verb("warp", { seconds: 86_400 * 2, refresh: true });
  await chain.verb("set_price", { asset: "BTC", price: "61000" });
  await chain.verb("lyra_settle_board", { market: "BTC", board });
  const { amount_raw: paid } = await chain.verb("lyra_settle", { market: "BTC", position });
  assert.equal(paid, (500n * ether).toString());
});

test("refuses what it does not know", async () => {
  for (const fields of [{ type: "short" }, { type: "long_call", market: "DOGE" }, { type: "long_call", strike: 0 }]) {
    const { status, body } = await chain.post("lyra_open", { user: 0, market: "ETH", strike: 3, amount: "1", ...fields });
    assert.equal(status, 400, JSON.stringify(body));
  }
});

test("the same requests give the same chain", async () => {
  const heads = [];
  for (let run = 0; run < 2; run += 1) {
    const other = await startServer("--with", "lyra");
    try {
      heads.push((await other.verb("random_lyra", { seed: 9, count: 18 })).block.hash);
    } finally {
      await other.stop();
    }
  }
  assert.equal(heads[0], heads[1]);
});
