// Every number that the story tells, against the contracts' own word at the same block.
const whole = 10n ** 18n;
const floorDiv = (a, b) => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);

export class Checks {
  count = 0;
  failures = [];

  constructor(contracts) {
    this.contracts = contracts;
  }

  equal(what, ours, theirs) {
    this.count += 1;
    if (ours !== theirs) this.failures.push(`${what}: margind ${ours}, contracts ${theirs}`);
  }

  near(what, ours, theirs) {
    this.count += 1;
    if (!(Math.abs(ours - theirs) <= 1e-9 * Math.max(1, Math.abs(theirs)))) this.failures.push(`${what}: margind ${ours}, contracts ${theirs}`);
  }

  holds(what, condition) {
    this.count += 1;
    if (!condition) this.failures.push(what);
  }

  /** Native figures, equity of the book, and what the contracts say at the reported liquidation prices. */
  async state(step, trader, block, portfolio, accounts) {
    this.equal(`${step}: block of the report`, portfolio.as_of[0].hash, block.hash);
    this.equal(`${step}: block of the accounts`, accounts.as_of[0].hash, block.hash);
    let equity = 0;
    for (const account of accounts.accounts) {
      const protocol = account.key.split(":")[0];
      const put = protocol === "lyra_avalon" ? await this.contracts.put(trader, block) : undefined;
      const views = put ? put.views : await this.contracts[protocol === "aave_v3" ? "aave" : "perp"](trader, block);
      this.equal(`${step}: ${protocol} grade`, account.grade.kind, "verified");
      const native = Object.fromEntries(account.native.map(({ name, value }) => [name, value]));
      for (const [name, value] of Object.entries(views)) this.equal(`${step}: ${protocol} ${name}`, native[name], value);
      if (put) {
        equity += Number(put.value) / 1e18;
        this.equal(`${step}: what the put is worth`, account.standing.equity.raw, put.value.toString());
        this.equal(`${step}: prices that liquidate the put`, account.candidates.length, 0);
      } else if (protocol === "aave_v3") {
        equity += Number(BigInt(views.totalCollateralBase) - BigInt(views.totalDebtBase)) / 1e8;
        await this.aavePrice(step, trader, block, account);
      } else {
        equity += Number(BigInt(views["ClearingHouse.getAccountValue"]) / 10n ** 12n) / 1e6;
        await this.perpMark(step, trader, block, account);
      }
    }
    if (portfolio.unified === null) this.failures.push(`${step}: no unified figures: ${portfolio.unified_reason}`);
    else this.near(`${step}: equity of the book, rounded to a millionth`, Math.round(portfolio.unified.equity_usd * 1e6) / 1e6, Math.round(equity * 1e6) / 1e6);
  }

  /** Aave at the reported ETH price is liquidatable, one unit nearer to the present price it is not. */
  async aavePrice(step, trader, block, account) {
    for (const found of account.candidates.filter(({ asset }) => asset === "ETH")) {
      const price = BigInt(found.liquidation_price);
      if (price === BigInt(found.price)) continue;
      const nearer = price + (found.direction === "down" ? 1n : -1n);
      this.holds(`${step}: Aave's health factor is not below 1 at ETH ${price}`, (await this.contracts.healthFactorAt(trader, block, "ETH", price)) < whole);
      this.holds(`${step}: Aave's health factor is below 1 at ETH ${nearer}`, (await this.contracts.healthFactorAt(trader, block, "ETH", nearer)) >= whole);
    }
  }

  /** Perp's value and requirement recomputed from its position at the reported mark and at one unit nearer. */
  async perpMark(step, trader, block, account) {
    const [mark, size, views] = await Promise.all([
      this.contracts.mark("ETH", block),
      this.contracts.size(trader, "ETH", block),
      this.contracts.perp(trader, block),
    ]);
    // The house's value is floored to 6 decimals: two units of that are the bound of this recomputation.
    const tolerance = 2n * 10n ** 12n;
    const excess = (at) => {
      const value = BigInt(views["ClearingHouse.getAccountValue"]) + floorDiv(size * (at - mark), whole);
      const absolute = size < 0n ? -size : size;
      return value - (((absolute * at) / whole) * 62_500n) / 1_000_000n;
    };
    for (const found of account.candidates.filter(({ asset }) => asset === "ETH")) {
      const at = BigInt(found.liquidation_price);
      this.equal(`${step}: Perp's mark`, found.price, mark.toString());
      this.holds(`${step}: Perp would not be liquidatable at ${at}`, excess(at) <= tolerance);
      this.holds(`${step}: Perp would be liquidatable before ${at}`, at === mark || excess(at) >= -tolerance);
    }
  }
}
