#!/usr/bin/env python3
"""Writes config/market.json from a folder of price histories. Python 3 standard library alone.

    risk/calibration/calibrate.py DATA_FOLDER > config/market.json

Method and the list of files: risk/README.md, "Calibration". No clock and no randomness: the same files give the same bytes.
"""

import csv
import datetime
import gzip
import hashlib
import io
import json
import math
import os
import statistics
import sys

LAMBDA = 0.97
DAY = 86_400
#: EWMA needs a start: the mean of the first squared returns, which are then left out of the median.
WARM_UP_DAYS = 60
#: Days of the least squares behind a beta: long enough for a stable estimate, short enough for the present regime.
BETA_DAYS = 730
#: By asset: histories in order, later ones go on where earlier ones end ("file" of hours, "file:BASE" of days), and R.
ASSETS = {
    "AAVE": (["binance_spot_daily_multi:AAVE"], 0.35),
    "ARB": (["binance_spot_daily_multi:ARB"], 0.35),
    "ATOM": (["coinbase_daily_multi:ATOM"], 0.35),
    "AVAX": (["binance_spot_AVAXUSDT_1h"], 0.24),
    "BNB": (["binance_spot_daily_multi:BNB"], 0.24),
    "BTC": (["binance_spot_BTCUSDT_1h"], 0.18),
    "DAI": (["coinbase_daily_multi:DAI"], 0.05),
    "DOGE": (["binance_spot_daily_multi:DOGE"], 0.24),
    "ENS": (["coinbase_daily_multi:ENS"], 0.35),
    "ETH": (["binance_spot_ETHUSDT_1h"], 0.18),
    "KNC": (["coinbase_daily_multi:KNC"], 0.50),
    "LDO": (["coinbase_daily_multi:LDO"], 0.35),
    "LINK": (["binance_spot_LINKUSDT_1h"], 0.24),
    "MKR": (["coinbase_daily_multi:MKR"], 0.35),
    "OP": (["binance_spot_OPUSDT_1h", "binance_perp_OPUSDT_1h"], 0.35),
    "SOL": (["binance_spot_SOLUSDT_1h"], 0.24),
    "UNI": (["binance_spot_daily_multi:UNI"], 0.35),
    "USDC": (["binance_spot_USDCUSDT_1h", "bybit_spot_USDCUSDT_1h"], 0.05),
}
#: Held to the dollar: beta 0, and their sigma is never below that of the whole history, because the quiet between two
#: breaks of a peg says nothing of the next one.
PEGGED = ("DAI", "USDC")
#: No history of their own at hand: the row of what they are a claim on.
PROXIES = {
    "USDC": ["FRAX", "GHO", "LUSD", "PYUSD", "RLUSD", "USDG", "USDS", "USDT", "USDe", "USDtb", "crvUSD", "sDAI", "sUSDe",
             "syrupUSDC", "syrupUSDT"],
    "ETH": ["ETHx", "cbETH", "ezETH", "osETH", "rETH", "rsETH", "tETH", "weETH", "wrsETH", "wstETH"],
    "BTC": ["LBTC", "eBTC"],
}
MARKET = ("BTC", "ETH")
MARKET_RANGE = 0.18


def read_rows(folder, name):
    with open(os.path.join(folder, name + ".csv.gz"), "rb") as handle:
        packed = handle.read()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode("ascii"))))
    return rows, hashlib.sha256(packed).hexdigest()


def day_number(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def daily_closes(rows, base):
    """Last price of each day (UTC), by days since 1970; of hours only where the day's last one is there."""
    if base:
        return {day_number(row["date"]): float(row["close"]) for row in rows if row["base"] == base}
    hours = ((int(row["ts"]), float(row["close"])) for row in rows)
    return {opened // DAY: close for opened, close in hours if (opened + 3600) % DAY == 0}


def log_returns(closes):
    """By day; a gap of days gives no return."""
    return {day: math.log(closes[day] / closes[day - 1]) for day in closes if day - 1 in closes}


def ewma_sigmas(returns):
    """Sigma after each day once the recursion has warmed up."""
    days = sorted(returns)
    if len(days) <= WARM_UP_DAYS:
        raise SystemExit("too short a history: %d daily returns" % len(days))
    variance = statistics.fmean(returns[day] ** 2 for day in days[:WARM_UP_DAYS])
    sigmas = []
    for day in days[WARM_UP_DAYS:]:
        variance = LAMBDA * variance + (1 - LAMBDA) * returns[day] ** 2
        sigmas.append(math.sqrt(variance))
    return sigmas


def floored_sigma(returns):
    """The present one, and no less than the median of its own history."""
    sigmas = ewma_sigmas(returns)
    return max(sigmas[-1], statistics.median(sigmas))


def beta_of(returns, factor):
    """Least squares through the origin over the last BETA_DAYS that both have."""
    days = sorted(set(returns) & set(factor))[-BETA_DAYS:]
    return sum(returns[d] * factor[d] for d in days) / sum(factor[d] ** 2 for d in days)


def rounded(value):
    """Six significant digits: what the estimate is good for, and short text."""
    return float("%.6g" % value)


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: calibrate.py DATA_FOLDER > config/market.json")
    folder = sys.argv[1]
    files = {}
    series = {}
    for asset, (sources, _) in ASSETS.items():
        merged = {}
        for source in sources:
            name, _, base = source.partition(":")
            if name not in files:
                files[name] = read_rows(folder, name)
            end = max(merged, default=-1)
            # Each return comes from one file alone: no jump from one venue's price to another's.
            returns = log_returns(daily_closes(files[name][0], base))
            merged.update({day: value for day, value in returns.items() if day > end})
        series[asset] = merged

    shared = sorted(set(series[MARKET[0]]) & set(series[MARKET[1]]))
    factor = {day: statistics.fmean(series[asset][day] for asset in MARKET) for day in shared}

    rows = {}
    for asset, (_, table) in ASSETS.items():
        returns = series[asset]
        beta = 0.0 if asset in PEGGED else beta_of(returns, factor)
        residual = {day: returns[day] - beta * factor[day] for day in returns if day in factor}
        long_run = math.sqrt(statistics.fmean(value ** 2 for value in returns.values())) if asset in PEGGED else 0.0
        rows[asset] = {
            "sigma_24h": rounded(max(floored_sigma(returns), long_run)),
            "beta": rounded(beta),
            "residual_24h": rounded(max(floored_sigma(residual), long_run)),
            "range": table,
            "days": len(returns),
        }
    for twin, claims in PROXIES.items():
        for asset in claims:
            rows[asset] = dict(rows[twin], days=0)

    def date(day):
        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()

    first = min(min(returns) for returns in series.values())
    last = max(max(returns) for returns in series.values())
    listed = ", ".join("%s.csv.gz (sha256 %s)" % (name, content[1][:16]) for name, content in sorted(files.items()))
    document = {
        "version": "daily-ewma/" + date(last),
        "provenance": (
            "Daily closes (UTC) %s to %s of Binance spot, OP from mid-2025 Binance perpetual, USDC from 2025 Bybit spot "
            "(both against USDT), ATOM, DAI, ENS, KNC, LDO, MKR Coinbase spot. Sigma: EWMA of squared log returns, lambda "
            "%.2f, floored at the median of its own history; DAI and USDC also at their whole history's. Market factor: "
            "mean of BTC and ETH. Beta: least squares over the last %d days; pegged 0. Residual: sigma of return - beta x "
            "factor. Ranges: policy table. Rows with days = 0 are proxies: %s. Written by risk/calibration/calibrate.py "
            "from %s"
            % (date(first), date(last), LAMBDA, BETA_DAYS,
               "; ".join("%s take %s" % (", ".join(claims), twin) for twin, claims in PROXIES.items()), listed)
        ),
        "market_sigma_24h": rounded(floored_sigma(factor)),
        "market_range": MARKET_RANGE,
        "assets": rows,
    }
    json.dump(document, sys.stdout, indent=2, sort_keys=True)
    print()


main()
