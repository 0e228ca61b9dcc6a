// The calibration as a file: JSON with exactly the fields of Market.
#pragma once

#include "risk/model/market.hpp"
#include "risk/model/result.hpp"

#include <string_view>

namespace margind::risk {

/// Strict: unknown, missing and repeated keys, text for numbers, and figures outside what they can be (a sigma or range
/// that is negative, not finite or above 10, a residual or days below 0) are errors that name the path and the value.
model::Result<model::Market> parse_market(std::string_view text);

}  // namespace margind::risk
