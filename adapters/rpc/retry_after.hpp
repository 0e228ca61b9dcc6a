// The Retry-After header: seconds, or a date.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace margind::adapters::rpc {

/// RFC 9110: a count of seconds, or an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), of which the time from `now` on is given; at
/// least zero. Empty for anything else, the obsolete forms of dates too.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace margind::adapters::rpc
