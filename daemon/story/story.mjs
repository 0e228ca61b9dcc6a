// The demo's story: a hedged trader with a protective put, a rally, the action that helps, a fall, a reorganisation. Each step is shown with
// margind's own output and checked against the contracts.
//
//   node story.mjs MARGIND [--once]
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Checks } from "./checks.mjs";
import { Contracts } from "./contracts.mjs";
import { Chain, Daemon, Receiver } from "./processes.mjs";

/** The story's moves take this long in the chain's time, so it begins so far in the past. */
const storySeconds = 14_400;
/** Bought against a fall: a tenth of the ETH that stands at Aave. */
const puts = "4";
const now = () => Math.floor(Date.now() / 1000);

const bold = (text) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const say = (text) => process.stdout.write(`${text}\n`);
const indent = (text) => text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
const dollars = (value) => `$${Math.round(value).toLocaleString("en-US")}`;

class Story {
  /** Starts everything; `margind` is the daemon's program. */
  static async start(margind) {
    const story = new Story();
    story.folder = mkdtempSync(path.join(os.tmpdir(), "margind-demo-"));
    story.logFile = path.join(story.folder, "log");
    const log = openSync(story.logFile, "a");
    story.chain = await Chain.start(log, now() - storySeconds);
    story.trader = story.chain.ready.accounts[story.chain.ready.accounts.length - 1];
    story.contracts = new Contracts(story.chain.ready);
    story.checks = new Checks(story.contracts);
    story.receiver = await Receiver.start();
    story.margind = margind;
    story.log = log;
    return story;
  }

  async startDaemon() {
    const { folder, log, chain, trader, receiver } = this;
    this.daemon = await Daemon.start({ program: this.margind, folder, log, chain: chain.ready, trader, webHook: receiver.url });
  }

  title(number, text) {
    say(`\n${bold(`${number}. ${text}`)}`);
  }

  /** Waits for the daemon to stand on the head, checks all it says there; {block, portfolio, accounts}. */
  async settle(step) {
    const block = await this.contracts.head();
    const portfolio = await this.daemon.at(block);
    const accounts = await this.daemon.get("/v1/portfolios/demo/accounts");
    await this.checks.state(step, this.trader, block, portfolio, accounts);
    return { block, portfolio, accounts };
  }

  /** What margind prints for the trader at the head. */
  async show(lines) {
    const { text, code } = await this.daemon.check(this.trader);
    say(indent(text.split("\n").slice(0, lines).join("\n")));
    say(`    (exit code ${code})`);
  }

  /** The web-hook's bodies that arrived since the last call, once `wanted` is among them. */
  async incidents(what, wanted) {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const bodies = this.receiver.bodies.slice(this.told ?? 0);
      if (bodies.some(wanted)) {
        this.told = this.receiver.bodies.length;
        for (const body of bodies) this.tell(body);
        return bodies;
      }
      if (Date.now() > deadline) throw new Error(`the web-hook did not receive ${what}; since the last step it received ${JSON.stringify(bodies.map(({ type, level, rule }) => [type, level, rule]))}`);
      await sleep(50);
    }
  }

  tell(body) {
    const where = body.venue ?? "the book";
    const z = body.z === null ? "" : `, z ${Number(body.z).toFixed(2)}`;
    say(`    web-hook: ${body.rule} incident ${body.id.slice(0, 10)} #${body.sequence} ${body.type}: ${body.from} -> ${body.level} at ${where}${z}`);
    const action = body.actions[0];
    if (action && ["opened", "escalated"].includes(body.type)) say(`              would help: ${action.verb} ${action.amount} ${action.label}`);
  }

  async stop() {
    clearInterval(this.beating);
    await this.daemon?.stop();
    this.receiver?.stop();
    this.contracts?.close();
    await this.chain?.stop();
  }
}

const isPerp = (body) => body.venue?.startsWith("perp_v2");
const isAave = (body) => body.venue?.startsWith("aave_v3");

async function hedge(story) {
  story.title(1, "A trader supplies WETH and WBTC to Aave, borrows USDC, shorts ETH on Perp V2 against it, and buys puts at Lyra");
  const { chain, trader } = story;
  await chain.verb("aave_supply", { user: trader, asset: "WETH", amount: "40" });
  await chain.verb("aave_supply", { user: trader, asset: "WBTC", amount: "1" });
  await chain.verb("aave_borrow", { user: trader, asset: "USDC", amount: "118000" });
  await chain.verb("perp_deposit", { user: trader, asset: "USDC", amount: "40000" });
  await chain.verb("perp_open", { user: trader, market: "ETH", side: "short", base: "40" });
  const { strike } = story.chain.ready.addresses.lyra.markets.ETH.protective;
  await chain.verb("lyra_open", { user: trader, market: "ETH", strike, type: "long_put", amount: puts });
  await chain.verb("warp", { seconds: 1860, refresh: true });
  await story.startDaemon();
  const { portfolio, accounts } = await story.settle("1");
  await story.show(26);
  const eth = portfolio.unified.exposures.find(({ asset }) => asset === "ETH");
  say(`  The legs offset: ${eth.gross_delta.toFixed(1)} ETH gross, ${eth.net_delta.toFixed(2)} ETH net. Together they need ` +
    `${dollars(portfolio.unified.netting_usd)} less margin than apart, but no chain knows that:`);
  for (const { key, candidates, positions } of accounts.accounts) {
    const [binding] = candidates;
    const { option } = positions[0];
    if (option) say(`    lyra     cannot be liquidated: ${puts} ${option.kind}s at ${option.strike.amount}, ${(Number(option.vol.amount) * 100).toFixed(1)} % vol, delta ${Number(option.delta.amount).toFixed(3)}`);
    if (binding === undefined) continue;
    say(`    ${key.split(":")[0].padEnd(8)} is ${(binding.room * 100).toFixed(1)} % and ${binding.z.toFixed(1)} sigma from its liquidation (${binding.asset} ${binding.direction})`);
  }
  const put = accounts.accounts.find(({ key }) => key.startsWith("lyra_avalon"));
  const putDelta = Number(put?.positions[0].option.delta.amount) * Number(puts);
  story.checks.holds("1: the legs do not offset but for the puts", Math.abs(eth.net_delta - putDelta) < 0.5 && eth.gross_delta > 79);
  story.checks.holds("1: netting is not positive", portfolio.unified.netting_usd > 0);
}

async function rally(story) {
  story.title(2, "ETH rises 25 %: the book hardly moves, the short nears its liquidation");
  const before = await story.settle("2 before");
  for (const price of ["3300", "3540", "3750"]) {
    await story.chain.verb("move_market", { asset: "ETH", price });
    await story.settle(`2 at ${price}`);
  }
  const { portfolio } = await story.settle("2");
  await story.show(8);
  const bodies = await story.incidents("an escalation to critical on Perp", (body) => isPerp(body) && body.level === "critical");
  say(`  Equity of the book: ${dollars(before.portfolio.unified.equity_usd)} before, ${dollars(portfolio.unified.equity_usd)} now. ` +
    `The headline follows the account that binds: ${portfolio.headline.level}.`);
  story.checks.holds("2: no incident opened on Perp", bodies.some((body) => isPerp(body) && body.type === "opened"));
  story.checks.holds("2: no incident escalated on Perp", bodies.some((body) => isPerp(body) && body.type === "escalated"));
  story.checks.holds("2: the headline does not bind at Perp", portfolio.headline.binding.startsWith("perp_v2"));
  return bodies.filter((body) => isPerp(body) && body.rule === "distance").at(-1);
}

async function act(story, incident) {
  story.title(3, "The trader does what the incident says");
  const { chain, contracts, trader, checks } = story;
  const action = incident.actions.find(({ verb, label }) => verb === "deposit" && label === "USDC");
  if (action === undefined) throw new Error(`the incident offers no deposit of USDC: ${JSON.stringify(incident.actions)}`);
  const { time } = await contracts.head();
  await chain.verb("perp_deposit", { user: trader, asset: "USDC", amount_raw: action.amount_raw, at: time });
  const { block } = await story.settle("3");
  const views = await contracts.perp(trader, block);
  // The house floors the account value to the settlement token's 6 decimals; the promise carries 18.
  const floored = (BigInt(action.n_after.raw) / 10n ** 12n).toString();
  checks.equal("3: promised account value, floored to 6 decimals", floored, views["Vault.getAccountValue"]);
  checks.equal("3: promised maintenance requirement", action.m_after.raw, views["AccountBalance.getMarginRequirementForLiquidation"]);
  say(`  Deposited ${action.amount} USDC in a block of the same second. Promised: value ${action.n_after.amount}, requirement ${action.m_after.amount}.`);
  say(`  The contracts say:        value ${Number(views["Vault.getAccountValue"]) / 1e6} (floored to 6 decimals), requirement ${views["AccountBalance.getMarginRequirementForLiquidation"]} / 1e18.`);
  await chain.verb("warp", { seconds: 61, refresh: true });
  await story.settle("3 later");
  await story.show(4);
}

async function fall(story) {
  story.title(4, "ETH falls 40 %: now Aave binds");
  for (const price of ["3300", "2700", "2250"]) {
    await story.chain.verb("move_market", { asset: "ETH", price });
    await story.settle(`4 at ${price}`);
  }
  await story.chain.verb("warp", { seconds: 61, refresh: true });
  const { portfolio } = await story.settle("4");
  const bodies = await story.incidents("an incident on Aave", (body) => isAave(body) && body.type === "opened");
  await story.show(8);
  story.checks.holds("4: the headline does not bind at Aave", portfolio.headline.binding.startsWith("aave_v3"));
  const perp = story.receiver.bodies.filter((body) => isPerp(body) && body.rule === "distance");
  story.checks.equal("4: the incident on Perp has ended", perp.at(-1)?.type, "cleared");
  return bodies.filter((body) => isAave(body) && body.rule === "distance").at(-1);
}

async function reorganise(story, incident) {
  story.title(5, "Two blocks with an oracle update are reorganised away");
  const { chain, trader, checks } = story;
  const action = incident.actions.find(({ verb, label }) => verb === "repay" && label === "USDC");
  if (action === undefined) throw new Error(`the incident offers no repayment of USDC: ${JSON.stringify(incident.actions)}`);
  await chain.verb("aave_repay", { user: trader, asset: "USDC", amount_raw: action.amount_raw });
  await story.settle("5 repaid");
  await chain.verb("warp", { seconds: 61, refresh: true });
  await story.settle("5 a minute later");
  await story.incidents("the end of the incident on Aave", (body) => isAave(body) && body.type === "cleared");
  const before = await story.settle("5 before");
  say(`  After the repayment: block ${before.block.number} ${before.block.hash.slice(0, 10)}, headline ${before.portfolio.headline.level}.`);
  await chain.verb("set_price", { asset: "ETH", price: "2000" });
  await chain.verb("mine");
  const during = await story.settle("5 during");
  const isNew = (body) => isAave(body) && body.rule === "distance" && body.type === "opened";
  const opened = (await story.incidents("a new incident on Aave", isNew)).filter(isNew).at(-1);
  say(`  ETH at 2000: block ${during.block.number} ${during.block.hash.slice(0, 10)}, headline ${during.portfolio.headline.level}.`);
  await chain.verb("reorg", { depth: 2 });
  const after = await story.settle("5 after");
  const retracted = await story.incidents("the retraction", (body) => body.type === "retracted");
  say(`  Reorganised: block ${after.block.number} ${after.block.hash.slice(0, 10)}, headline ${after.portfolio.headline.level}.`);
  checks.holds("5: another block than the one it stands on", after.block.hash !== during.block.hash && after.block.number === during.block.number);
  checks.holds("5: the incident that rested on the orphaned blocks is not the one retracted", retracted.some(({ id }) => id === opened.id));
  checks.equal("5: headline after", after.portfolio.headline.level, before.portfolio.headline.level);
}

/** Brings the chain to the wall clock and keeps it there: a block every few seconds, its feeds fresh. */
async function keepUp(story) {
  const beat = async () => {
    const { time } = await story.contracts.head();
    await story.chain.verb("warp", { seconds: Math.max(1, now() - time), refresh: true });
  };
  await beat();
  story.beating = setInterval(() => beat().catch((error) => say(`  the local chain: ${error.message}`)), 5_000);
}

async function stay(story) {
  await keepUp(story);
  const { url } = story.daemon;
  say(`\n${bold("margind serves this until Ctrl-C")}: ${url}/v1/portfolios`);
  for (const place of ["/v1/portfolios/demo", "/v1/portfolios/demo/accounts", "/v1/portfolios/demo/scenarios", "/v1/incidents?after=0", "/readyz", "/metrics"])
    say(`  curl -s '${url}${place}'`);
  say(`  ${story.margind} check ${story.trader} --config ${story.daemon.config}`);
  say(`  log: ${story.logFile}; the local chain: ${story.chain.ready.rpc_url}, its verbs: ${story.chain.ready.control_url}`);
}

/** The five steps; resolves with whether all numbers were equal. */
async function tell(story) {
  await hedge(story);
  const incident = await rally(story);
  await act(story, incident);
  await reorganise(story, await fall(story));
  const { count, failures } = story.checks;
  say(`\n${bold(`${count} numbers compared with the contracts, ${failures.length} differ`)}`);
  for (const failure of failures) say(`  ${failure}`);
  return failures.length === 0;
}

async function main([margind, ...options]) {
  const interrupted = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve("interrupted"));
  });
  const story = await Story.start(margind);
  let good = false;
  try {
    const outcome = await Promise.race([tell(story), interrupted]);
    good = outcome === true;
    if (outcome !== "interrupted" && !options.includes("--once")) {
      await stay(story);
      await interrupted;
    }
  } catch (error) {
    say(`\nThe story broke: ${error.message}`);
    say(indent(readFileSync(story.logFile, "utf8").split("\n").slice(-15).join("\n")));
  } finally {
    await story.stop();
    rmSync(story.folder, { recursive: true, force: true });
  }
  process.exit(good ? 0 : 1);
}

await main(process.argv.slice(2));
