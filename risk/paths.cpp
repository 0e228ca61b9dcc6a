// Past moves, filtered.
#include "risk/paths.hpp"

#include "risk/path.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

constexpr double unit = 1e-5;
constexpr std::int64_t hour_s = 3600;

struct Row {
    AssetId asset;
    AssetCalibration calibration;
    const PastSeries* series = nullptr;
};

/// Where an asset's past is kept: under what it is a claim on.
AssetId past_of(const AssetId& asset, const AssetCalibration& row) { return row.claim.empty() ? asset : AssetId{row.claim}; }

bool covered(const Row& row, std::size_t i) {
    return row.calibration.pegged || (row.series->returns[i] && (row.series->sigmas.empty() || row.series->sigmas[i]));
}

double filtered_log(const Row& row, std::size_t i) {
    const LogMove& move = row.series->returns[i];
    if (!move) return 0;
    if (row.series->sigmas.empty()) return *move * unit;
    return *move * unit * (row.calibration.sigma_24h / (*row.series->sigmas[i] * unit));
}

void add_moves(Paths& paths, std::vector<double> logs) {
    std::vector<double>& moves = paths.moves.emplace_back();
    moves.reserve(logs.size());
    for (const double log : logs) moves.push_back(std::expm1(log));
    paths.logs.push_back(std::move(logs));
}

tl::unexpected<Error> too_short(const std::string& what, const Policy& policy) {
    return fail(ErrorCode::missing,
                fmt::format("unknown(history): {} of the {} paths that an expected shortfall takes", what, policy.es_paths_least));
}

}  // namespace

Result<Paths> filtered_paths(const std::set<AssetId>& underlyings, const Market& market, const Policy& policy) {
    const PastMoves& past = market.past.moves();
    const std::size_t windows = past.end_hours.size();
    const auto least = static_cast<std::size_t>(policy.es_paths_least);
    if (windows < least) return too_short(fmt::format("the calibration has {}", windows), policy);
    std::vector<Row> rows;
    for (const AssetId& asset : underlyings) {
        Row row{asset, calibration_of(asset, market, policy), nullptr};
        const auto found = past.assets.find(past_of(asset, row.calibration));
        if (found == past.assets.end()) return too_short(asset.symbol + " has none", policy);
        row.series = &found->second;
        std::size_t known = 0;
        for (std::size_t i = 0; i < windows; ++i) known += std::size_t{covered(row, i)};
        if (known < least) return too_short(fmt::format("{} has {}", asset.symbol, known), policy);
        rows.push_back(std::move(row));
    }
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < windows; ++i) {
        bool all = true;
        for (const Row& row : rows) all = all && covered(row, i);
        if (all) kept.push_back(i);
    }
    if (kept.size() < least) return too_short(fmt::format("all assets together have {}", kept.size()), policy);

    Paths paths;
    paths.count = kept.size();
    paths.from = past.end_hours[kept.front()] * hour_s;
    paths.to = past.end_hours[kept.back()] * hour_s;
    for (const Row& row : rows) {
        std::size_t held = 0;
        std::vector<double> logs;
        logs.reserve(kept.size());
        for (const std::size_t i : kept) {
            held += std::size_t{!row.series->returns[i]};
            logs.push_back(filtered_log(row, i));
        }
        add_moves(paths, std::move(logs));
        if (held > 0) paths.filled.push_back(fmt::format("{}: held on {} of {} paths that no file covers", row.asset.symbol, held, kept.size()));
    }
    return paths;
}

Result<Paths> stressed_paths(const std::set<AssetId>& underlyings, const Market& market, const Policy& policy) {
    const PastMoves& past = market.past.moves();
    if (past.stressed_end_hours.empty()) return fail(ErrorCode::missing, "unknown(history): the calibration has no stressed days");
    Paths paths;
    paths.count = past.stressed_end_hours.size();
    paths.from = past.stressed_end_hours.front() * hour_s;
    paths.to = past.stressed_end_hours.back() * hour_s;
    for (const AssetId& asset : underlyings) {
        const AssetCalibration row = calibration_of(asset, market, policy);
        const auto found = past.stressed.find(past_of(asset, row));
        std::vector<double> logs;
        std::size_t filled = 0;
        for (std::size_t i = 0; i < paths.count; ++i) {
            const LogMove own = found == past.stressed.end() ? std::nullopt : found->second[i];
            filled += std::size_t{!own};
            logs.push_back((own ? *own : row.beta * past.stressed_factor[i]) * unit);
        }
        add_moves(paths, std::move(logs));
        if (filled > 0)
            paths.filled.push_back(fmt::format("{}: beta x factor on {} of {} stressed days that no file covers", asset.symbol, filled, paths.count));
    }
    return paths;
}

}  // namespace margind::risk
