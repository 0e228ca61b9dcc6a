// A TOML document as plain values with the lines they stand on. Keeps toml++ out of everything else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace margind::config {

struct Value;
using Array = std::vector<Value>;
/// In the order of the keys' names.
using Table = std::vector<std::pair<std::string, Value>>;

/// A date or a time, which no setting takes.
struct Date {};

struct Value {
    // An implicit one makes clang instantiate the variant before this is complete.
    Value();
    std::variant<bool, std::int64_t, double, std::string, Date, Array, Table> data;
    std::size_t line = 0;
};

/// "a text", "a whole number", … for messages.
const char* kind_name(const Value& value);

struct SyntaxError {
    std::size_t line = 0;
    std::string text;
};

/// At most `max_document_bytes`; nesting is bounded by the parser.
inline constexpr std::size_t max_document_bytes = std::size_t{4} << 20;
std::variant<Table, SyntaxError> read_toml(std::string_view text);

}  // namespace margind::config
