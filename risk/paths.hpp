// How the prices of a book's underlyings moved together in the past, as they would move from here.
#pragma once

#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace margind::risk {

struct Paths {
    /// By underlying, in the order of the set: log returns over 24 h, `count` of each, and the relative moves of the price.
    std::vector<std::vector<double>> logs;
    std::vector<std::vector<double>> moves;
    std::size_t count = 0;
    /// Ends of the first and the last 24 h, unix seconds.
    std::int64_t from = 0;
    std::int64_t to = 0;
    /// What no file covers and is taken otherwise, in a sentence each.
    std::vector<std::string> filled;
};

/// The windows in which every underlying has a past, each log return times its sigma now over its sigma then; one date is one
/// vector, so what moved together moves together. A pegged asset's returns are taken as they were, and as 0 where no file
/// covers it. Fails with "unknown(history): ..." on fewer than es_paths_least.
model::Result<Paths> filtered_paths(const std::set<model::AssetId>& underlyings, const model::Market& market, const model::Policy& policy);

/// The stressed days as they were; where an asset has none, beta times the market factor's move.
model::Result<Paths> stressed_paths(const std::set<model::AssetId>& underlyings, const model::Market& market, const model::Policy& policy);

}  // namespace margind::risk
