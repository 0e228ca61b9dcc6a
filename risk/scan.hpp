// Where along a path something breaks: geometric steps, then exact integer bisection; and how far away that is.
#pragma once

#include "risk/model/report.hpp"
#include "risk/model/result.hpp"
#include "risk/path.hpp"

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace margind::risk {

/// Whether it is broken when the followed price is `p`.
using Probe = std::function<model::Result<bool>(const model::U256& p)>;

/// What the probe answers at every followed price between two, both inclusive. mixed: it may differ, and less of it may not.
/// unknown: look at each.
enum class Certainty : std::uint8_t { unknown, mixed, sound, broken };
using Proof = std::function<Certainty(const model::U256& from, const model::U256& to)>;

/// The followed prices of the scan on one side, outwards, each once: `scan_steps` steps of equal ln(factor) from
/// 1 - scan_down to 1 + scan_up, so that about 125 of 200 lie below. `cut_short`: a price was 0 or did not fit.
struct Grid {
    std::vector<model::U256> prices;
    bool cut_short = false;
};
Grid scan_grid(const Path& path, const std::vector<Mover>& movers, const model::Policy& policy, model::Direction side);

/// A price for people, to six significant digits: "1723.45", "0.991700"; exact ones are in the fields.
std::string price_text(const model::U256& price, std::uint8_t decimals);

/// A part of a side that could not be scanned.
struct Gap {
    /// "ETH up beyond 5230.12: <why>".
    std::string text;
    /// Of where it begins.
    double z = 0;
};

/// The nearest change of the probe on each side of a path, as candidates with every figure but feed_deviation, and
/// what could not be scanned. `broken_now` is the probe at the present price.
///
/// Not broken now: liquidation_price is the first integer price that is broken, the next one nearer is not.
/// Broken now: the last one that is broken before a cure; the side of the cure gives the direction (a cure above: a
/// downward trigger), z = 0, room = 0, p_touch = 1, h = min(1, ratio of the prices).
///
/// Each side ends with the first step at or beyond `within_z`. `proof` spares probes and changes no result.
struct PathScan {
    std::vector<model::Candidate> candidates;
    std::vector<Gap> gaps;
};
PathScan scan_path(const Path& path, const std::vector<Mover>& movers, const model::Policy& policy, bool broken_now,
                   const Probe& probe, const Proof& proof = {}, double within_z = std::numeric_limits<double>::infinity());

/// |ln(factor)| / sigma of a candidate's price, also for one that is broken now; orders candidates of equal z.
double sigmas_away(const Path& path, const model::U256& origin, const model::U256& price);

/// Probability that a geometric Brownian motion without drift of the price, at sigma per sqrt(day), touches
/// exp(log_barrier) times its start within `days`. 0 for sigma 0 and log_barrier != 0.
double first_touch(double log_barrier, double sigma_24h, double days);

}  // namespace margind::risk
