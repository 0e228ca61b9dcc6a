// Bounds of a JSON text while it arrives, before any of it is built.
#pragma once

#include "risk/model/json_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace margind::adapters::rpc {

/// A reply over any road: 16 MiB, depth 64, 262,144 values, numbers of 80 characters.
constexpr model::JsonLimits reply_limits{.bytes = std::size_t{16} << 20, .depth = 64, .values = 262'144, .number_chars = 80};

enum class JsonBreach : std::uint8_t { none, bytes, depth, values, number, shape };

/// Fed with a text piece by piece, however it is cut. Counts as model::parse_json does, given number_chars of 20 at least: what that
/// takes breaks no bound here, and what it refuses for a limit does. Of the syntax it sees only what the counting needs.
class JsonBounds {
public:
    explicit JsonBounds(const model::JsonLimits& limits = reply_limits) : limits_(limits) {}

    /// Takes `piece` up to the end of the text or to the first breach, and says how many bytes that was.
    std::size_t take(std::string_view piece);
    JsonBreach breach() const { return breach_; }
    /// The outermost object, array or string is closed. Numbers and words end where the input does.
    bool complete() const { return complete_; }
    /// Nothing but blanks was seen.
    bool empty() const { return values_ == 0 && breach_ == JsonBreach::none; }

private:
    std::size_t take_string(std::string_view piece, std::size_t at);
    void take_structure(char c);
    void count_value();

    model::JsonLimits limits_;
    /// '{' or '[' of each open container.
    std::string open_;
    std::size_t bytes_ = 0;
    std::size_t values_ = 0;
    std::size_t word_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool key_next_ = false;
    bool complete_ = false;
    JsonBreach breach_ = JsonBreach::none;
};

/// The breach in words: "nested deeper than 64".
std::string to_text(JsonBreach breach, const model::JsonLimits& limits);
/// The same as an error without its place: what is too long or too much is `limit` (ask for less), what no honest server sends
/// is `upstream` (ask another).
model::Error to_error(JsonBreach breach, const model::JsonLimits& limits);

}  // namespace margind::adapters::rpc
