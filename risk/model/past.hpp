// Joint moves of the past, from which losses are simulated. Held once and shared, since it is large and never changes.
#pragma once

#include "risk/model/ids.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace margind::model {

/// 1e-5 of a logarithm; null where no file covers it.
using LogMove = std::optional<std::int32_t>;

/// One asset's 24 h log returns and the sigma of ln(price) over 24 h that it had when each began.
struct PastSeries {
    std::vector<LogMove> returns;
    /// As many; empty: the returns are taken as they were.
    std::vector<LogMove> sigmas{};
    friend bool operator==(const PastSeries&, const PastSeries&) = default;
};

struct PastMoves {
    /// When each 24 h ended, in hours since 1970, rising.
    std::vector<std::int64_t> end_hours{};
    std::map<AssetId, PastSeries> assets{};
    /// The days of the largest absolute move of the market factor, likewise, and that move.
    std::vector<std::int64_t> stressed_end_hours{};
    std::vector<std::int32_t> stressed_factor{};
    std::map<AssetId, std::vector<LogMove>> stressed{};
    friend bool operator==(const PastMoves&, const PastMoves&) = default;
};

/// A value: copies share what they hold, and equal contents are equal.
class Past {
public:
    Past();
    explicit Past(PastMoves moves);
    const PastMoves& moves() const { return *moves_; }
    /// Of the content.
    const Bytes32& hash() const { return hash_; }
    friend bool operator==(const Past& a, const Past& b) { return a.hash_ == b.hash_; }

private:
    std::shared_ptr<const PastMoves> moves_;
    Bytes32 hash_;
};

}  // namespace margind::model
