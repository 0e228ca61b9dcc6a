// Benchmark books, frozen each day at 00:00 UTC, and what they lose by the next.
#pragma once

#include "risk/backtest/result.hpp"
#include "risk/backtest/walk.hpp"

#include "risk/model/policy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace margind::risk::backtest {

/// Dollars of one thing, as a share of the book's larger side.
struct Leg {
    enum class Kind : std::uint8_t { spot, perp, staked, option };
    Kind kind = Kind::spot;
    std::string venue = "paper";
    std::string underlying;
    double share = 0;
    /// Of an option on that many dollars of the underlying: call or put, its strike over the spot, 30 days.
    model::OptionKind option = model::OptionKind::call;
    double strike = 1;
};

struct BookSpec {
    std::string name;
    std::string about;
    std::vector<Leg> legs;
    /// What the mean margin may be at most, of the 99.5 % loss (empty: no aim); and whether the floor counts where it is the larger.
    std::optional<double> most_margin = 1.6;
    bool floor_counts = false;
};

/// Long, short, pairs, basis trades, a staking loop, seeded random books of `assets`, and options.
std::vector<BookSpec> benchmark_books(const std::vector<model::AssetId>& assets);

struct BookSources {
    const calibration::Archive& archive;
    const Walk& walk;
    /// stETH in ETH by the hour, and the 30-day vol of BTC in percent by the end of the day. Empty: those books are left out.
    const calibration::Series& staking;
    const calibration::Series& vols;
};

/// Every margin is what unify() gives for the book on paper accounts. Days on which an asset has no calibration or no prices are left out, and
/// so is a book without days. Fails where a margin cannot be had.
model::Result<std::vector<BookResult>> backtest_books(const BookSources& sources, const std::vector<BookSpec>& specs, const model::Policy& policy,
                                                      unsigned threads, const Progress& progress);

}  // namespace margind::risk::backtest
