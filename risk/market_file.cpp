// Reading and checking a calibration.
#include "risk/market_file.hpp"

#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/market_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <tuple>

namespace margind::risk {

using namespace model;

namespace {

constexpr double largest = 10;

Result<void> check(const std::string& path, double value, double lowest) {
    if (std::isfinite(value) && value >= lowest && value <= largest) return {};
    return fail(ErrorCode::out_of_range, fmt::format("market: {}: {} is outside {} to {}", path, value, lowest, largest));
}

Result<void> check(const AssetId& asset, const AssetCalibration& row) {
    const std::string path = "assets." + asset.symbol + '.';
    if (asset.symbol.empty() || asset.symbol == "market")
        return fail(ErrorCode::bad_input, "market: assets: \"" + asset.symbol + "\" is no name of an asset");
    for (const auto& [name, value, lowest] : {std::tuple("sigma_24h", row.sigma_24h, 0.0), std::tuple("beta", row.beta, -largest),
                                              std::tuple("residual_24h", row.residual_24h, 0.0), std::tuple("range", row.range, 0.0)})
        if (Result<void> right = check(path + name, value, lowest); !right) return right;
    if (row.days < 0) return fail(ErrorCode::out_of_range, fmt::format("market: {}days: {} is below 0", path, row.days));
    return {};
}

}  // namespace

Result<Market> parse_market(std::string_view text) {
    const Result<nlohmann::json> document = parse_json(text);
    if (!document) return fail(document.error().code, "market: " + document.error().message);
    Result<Market> market = from_json<Market>(*document);
    if (!market) return fail(market.error().code, "market: " + market.error().message);
    if (market->version.empty()) return fail(ErrorCode::bad_input, "market: version: \"\" names no calibration");
    if (Result<void> right = check("market_sigma_24h", market->market_sigma_24h, 0); !right) return fail(right.error());
    if (Result<void> right = check("market_range", market->market_range, 0); !right) return fail(right.error());
    for (const auto& [asset, row] : market->assets)
        if (Result<void> right = check(asset, row); !right) return fail(right.error());
    return market;
}

}  // namespace margind::risk
