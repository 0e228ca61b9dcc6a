// JSON text from outside: bounds first, then a document; and documents back to text.
#pragma once

#include "risk/model/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace margind::model {

/// `values` counts scalars, arrays and objects; `number_chars` the characters of one number.
struct JsonLimits {
    std::size_t bytes = std::size_t{64} << 20;
    std::size_t depth = 64;
    std::size_t values = 262'144;
    std::size_t number_chars = 80;
};

/// Strict RFC 8259. Nothing beyond a limit is ever built. Refused besides malformed text: a key given twice in one
/// object, and an integer outside [-2^63, 2^64 - 1], which would lose digits as a double. Errors name the place.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// One line, or indented by `indent` spaces. Bytes that are not UTF-8 become U+FFFD.
std::string print_json(const nlohmann::json& document, int indent = -1);

}  // namespace margind::model
